package vm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// errno returns the number of an error of the kernel's or the simulator's, 0 for nil.
func errno(err error) vm.Errno {
	var k syscall.Errno
	var s vm.Errno
	switch {
	case errors.As(err, &k):
		return vm.Errno(k)
	case errors.As(err, &s):
		return s
	}
	return 0
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func littleMap(t testing.TB, spec asm.MapSpec) *vm.Map {
	t.Helper()
	m, err := vm.NewMap(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What a specification is refused for. The errnos are held against the kernel in TestMapCreateAsKernel.
func TestNewMapRefuses(t *testing.T) {
	for _, c := range []struct {
		spec asm.MapSpec
		want string
	}{
		{asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 8}, "map m of type hash: no entries: EINVAL"},
		{asm.MapSpec{Type: asm.MapHash, ValueSize: 8, MaxEntries: 1}, "map m of type hash: keys of 0 bytes: EINVAL"},
		{asm.MapSpec{Type: asm.MapArray, KeySize: 8, ValueSize: 8, MaxEntries: 1}, "map m of type array: keys of 8 bytes, want 4: EINVAL"},
		{asm.MapSpec{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1}, "map m of type lpm_trie: preallocated: EINVAL"},
		{asm.MapSpec{Type: asm.MapSockHash, KeySize: 8, ValueSize: 16, MaxEntries: 1}, "map m of type sockhash: values of 16 bytes, want 4 or 8: EINVAL"},
		{asm.MapSpec{Type: asm.MapRingBuf, MaxEntries: 5000}, "map m of type ringbuf: 5000 bytes, want a power of 2 of at least 4096: EINVAL"},
		{asm.MapSpec{Type: asm.MapSkStorage, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: asm.MapNoPrealloc}, "map m of type sk_storage: 1 entries, want 0: EINVAL"},
		{asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: asm.MapNoPrealloc}, "map m of type array: flags 0x1: EINVAL"},
		{asm.MapSpec{Type: asm.MapDevMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, "map m of type devmap: this type is not simulated: ENOTSUPP"},
		{asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 1 << 20, MaxEntries: 1 << 20}, "map m of type array: 1048576 entries of 1048580 bytes: E2BIG"},
	} {
		c.spec.Name = "m"
		if _, err := vm.NewMap(c.spec, nil); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestMapErrors(t *testing.T) {
	hash := littleMap(t, asm.MapSpec{Name: "flows", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	update := func(k uint32, flags asm.UpdateFlags) error { return hash.Update(u32(k), u64(uint64(k)), flags) }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"replace what is not there", update(1, asm.UpdateExist), "map flows: update: ENOENT"},
		{"insert", update(1, asm.UpdateNoExist), ""},
		{"insert again", update(1, asm.UpdateNoExist), "map flows: update: EEXIST"},
		{"replace", update(1, asm.UpdateExist), ""},
		{"second", update(2, asm.UpdateAny), ""},
		{"full", update(3, asm.UpdateAny), "map flows: update: E2BIG"},
		{"unknown flag", update(1, 3), "map flows: update: EINVAL"},
		{"delete", hash.Delete(u32(2)), ""},
		{"delete again", hash.Delete(u32(2)), "map flows: delete: ENOENT"},
		{"room again", update(3, asm.UpdateAny), ""},
		{"key size", hash.Update(u64(1), u64(1), 0), "map flows: update: key of 8 bytes, want 4: EINVAL"},
		{"value size", hash.Update(u32(1), u32(1), 0), "map flows: update: value of 4 bytes, want 8: EINVAL"},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := hash.Lookup(u32(9)); !errors.Is(err, vm.ENOENT) {
		t.Errorf("%v", err)
	}
}

// A program sees the value of its CPU, user space all of them.
func TestPerCPU(t *testing.T) {
	env := &vm.Env{}
	counter := asm.MapSpec{Name: "counter", Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	m := machine(t, &vm.Options{Env: env}, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(counter)
		b.St(asm.FP.U32(-4), 1)
		b.LdMap(asm.R1, "counter")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
		b.Mov(asm.R1, 1)
		b.AtomicAdd(asm.R0.U32(0), asm.R1)
		b.LdMap(asm.R1, "counter")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.Mov(asm.R3, 2)
		b.CallHelper(asm.FnMapLookupPerCPUElem)
		b.Ldx(asm.R0, asm.R0.U32(0))
		b.Exit()
	})
	for i, cpu := range []int{2, 0, 2, 7} {
		env.CPU = cpu
		want(t, m, nil, []uint64{1, 1, 2, 2}[i])
	}
	value, err := m.Map("counter").Lookup(u32(1))
	if diff := cmp.Diff(bytes.Join([][]byte{u64(1), u64(0), u64(2), u64(0), u64(0), u64(0), u64(0), u64(1)}, nil), value); diff != "" || err != nil {
		t.Error(err, diff)
	}
	env.CPU = vm.CPUs
	if _, err := m.Run(nil); err == nil || !strings.Contains(err.Error(), "CPU 8, want 0 to 7") {
		t.Errorf("%v", err)
	}
}

// The element that was not used for longest goes.
func TestLRU(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "recent", Type: asm.MapLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 3})
		b.St(asm.FP.U32(-4), 1)
		b.LdMap(asm.R1, "recent")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
		b.Ldx(asm.R0, asm.R0.U64(0))
		b.Exit()
	})
	recent := m.Map("recent")
	put := func(keys ...uint32) {
		for _, k := range keys {
			if err := recent.Update(u32(k), u64(uint64(10*k)), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(1, 2, 3)
	want(t, m, nil, 10) // uses 1
	put(3, 4)           // 2 goes
	put(5)              // 1 goes
	got := make(map[uint32]uint64)
	for k, v := range recent.All() {
		got[binary.LittleEndian.Uint32(k)] = binary.LittleEndian.Uint64(v)
	}
	if diff := cmp.Diff(map[uint32]uint64{3: 30, 4: 40, 5: 50}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLPMTrie(t *testing.T) {
	trie := littleMap(t, asm.MapSpec{Name: "routes", Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 4, Flags: asm.MapNoPrealloc})
	key := func(prefix string) []byte {
		p := netip.MustParsePrefix(prefix)
		a := p.Addr().As4()
		return append(u32(uint32(p.Bits())), a[:]...)
	}
	for i, p := range []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32"} {
		if err := trie.Update(key(p), u64(uint64(i)), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := trie.Update(key("10.2.0.0/16"), u64(9), 0); !errors.Is(err, vm.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	for prefix, want := range map[string]uint64{"192.0.2.1/32": 0, "10.9.9.9/32": 1, "10.1.9.9/32": 2, "10.1.2.3/32": 3, "10.1.2.3/24": 2, "10.0.0.0/7": 0} {
		if v, err := trie.Lookup(key(prefix)); err != nil || binary.LittleEndian.Uint64(v) != want {
			t.Errorf("%s: % x (error %v), want %d", prefix, v, err, want)
		}
	}
	if err := trie.Delete(key("10.0.0.0/9")); !errors.Is(err, vm.ENOENT) {
		t.Errorf("%v", err)
	}
	if err := trie.Update(append(u32(33), 10, 0, 0, 0), u64(0), 0); !errors.Is(err, vm.EINVAL) {
		t.Errorf("%v", err)
	}
}

// A queue from both sides: push, peek and pop by the program, the same by user space with a nil key.
func TestQueue(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "jobs", Type: asm.MapQueue, ValueSize: 8, MaxEntries: 2})
		b.St(asm.FP.U64(-8), 7)
		b.LdMap(asm.R1, "jobs")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -8)
		b.Mov(asm.R3, 0)
		b.CallHelper(asm.FnMapPushElem)
		b.Mov(asm.R6, asm.R0)
		b.LdMap(asm.R1, "jobs")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -8)
		b.CallHelper(asm.FnMapPeekElem)
		b.Ldx(asm.R0, asm.FP.U64(-8))
		b.Mul(asm.R0, 1000)
		b.Sub(asm.R0, asm.R6)
		b.Exit()
	})
	jobs := m.Map("jobs")
	if err := jobs.Update(nil, u64(5), 0); err != nil {
		t.Fatal(err)
	}
	want(t, m, nil, 5000)
	want(t, m, nil, 5000+uint64(vm.E2BIG)) // full
	if err := jobs.Update(nil, u64(6), asm.UpdateExist); err != nil {
		t.Fatal(err) // takes the place of the oldest
	}
	for _, n := range []uint64{7, 6} {
		if v, err := jobs.LookupAndDelete(nil); err != nil || binary.LittleEndian.Uint64(v) != n {
			t.Errorf("% x, %v, want %d", v, err, n)
		}
	}
	if _, err := jobs.LookupAndDelete(nil); !errors.Is(err, vm.ENOENT) {
		t.Errorf("%v", err)
	}
}

func TestRingBuf(t *testing.T) {
	events := littleMap(t, asm.MapSpec{Name: "events", Type: asm.MapRingBuf, MaxEntries: 4096})
	opts := &vm.Options{Maps: map[string]*vm.Map{"events": events}}
	output := func(size int, flags int) *vm.Machine {
		return machine(t, opts, asm.XDP, func(b *asm.Builder) {
			b.St(asm.FP.U64(-8), 0x1234)
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, asm.FP)
			b.Sub(asm.R2, size)
			b.Mov(asm.R3, size)
			b.Mov(asm.R4, flags)
			b.CallHelper(asm.FnRingBufOutput)
			b.Exit()
		})
	}
	reserve := func(end asm.Helper) *vm.Machine {
		return machine(t, opts, asm.XDP, func(b *asm.Builder) {
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, 12)
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnRingBufReserve)
			b.Mov(asm.R6, asm.R0)
			b.St(asm.R6.U64(0), 0x5678)
			b.St(asm.R6.U32(8), 9)
			b.Mov(asm.R1, asm.R6)
			b.Mov(asm.R2, 0)
			b.CallHelper(end)
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, asm.RBAvailData)
			b.CallHelper(asm.FnRingBufQuery)
			b.Exit()
		})
	}
	want(t, output(8, 0), nil, 0)
	want(t, reserve(asm.FnRingBufDiscard), nil, 16+24)
	want(t, reserve(asm.FnRingBufSubmit), nil, 16+24+24)
	want(t, output(8, 4), nil, vm.EINVAL.Result())
	for _, w := range [][]byte{u64(0x1234), append(u64(0x5678), 9, 0, 0, 0)} {
		if b, ok := events.ReadRecord(); !ok || !bytes.Equal(b, w) {
			t.Errorf("record % x, %v, want % x", b, ok, w)
		}
	}
	if b, ok := events.ReadRecord(); ok {
		t.Errorf("a record too many: % x", b)
	}
	// A record of 256 bytes takes 264: 15 of them fit 4096 bytes.
	long := output(256, 0)
	for range 15 {
		want(t, long, nil, 0)
	}
	want(t, long, nil, vm.EAGAIN.Result())
	if _, ok := events.ReadRecord(); !ok {
		t.Error("no record")
	}
	want(t, long, nil, 0)
}

// udp returns a socket that is bound.
func udp(cookie uint64, group *vm.Group) *vm.Socket {
	return &vm.Socket{Cookie: cookie, Family: asm.AFInet, Type: asm.SockDgram, Protocol: asm.IPProtoUDP, State: asm.TCPClose,
		Local: netip.MustParseAddrPort("127.0.0.1:4433"), Group: group}
}

// The rules of socket maps that facts of the kernel tell.
func TestSocketMaps(t *testing.T) {
	array := littleMap(t, asm.MapSpec{Name: "array", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 3})
	other := littleMap(t, asm.MapSpec{Name: "other", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 3})
	hash := littleMap(t, asm.MapSpec{Name: "hash", Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 2})
	small := littleMap(t, asm.MapSpec{Name: "small", Type: asm.MapSockHash, KeySize: 8, ValueSize: 4, MaxEntries: 2})
	sockmap := littleMap(t, asm.MapSpec{Name: "sockmap", Type: asm.MapSockMap, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	group := &vm.Group{}
	a, b := udp(1, group), udp(2, group)
	unbound := udp(3, group)
	unbound.Local = netip.AddrPort{}
	alone := udp(4, nil)
	connecting := tcp4()
	connecting.State = asm.TCPSYNSent
	for _, c := range []struct {
		name string
		err  error
		want vm.Errno
	}{
		{"into an array", array.UpdateSocket(u32(0), a, 0), 0},
		{"into the same slot again", array.UpdateSocket(u32(0), a, 0), vm.EBUSY},
		{"into another slot", array.UpdateSocket(u32(1), a, 0), vm.EBUSY},
		{"into a second array", other.UpdateSocket(u32(0), a, 0), vm.EBUSY},
		{"of an array into a hash", hash.UpdateSocket(u64(1), a, 0), vm.EBUSY},
		{"index outside", array.UpdateSocket(u32(3), b, 0), vm.E2BIG},
		{"slot taken", array.UpdateSocket(u32(0), b, asm.UpdateNoExist), vm.EEXIST},
		{"slot empty", array.UpdateSocket(u32(1), b, asm.UpdateExist), vm.ENOENT},
		{"unbound into an array", array.UpdateSocket(u32(1), unbound, 0), vm.EINVAL},
		{"without a group into an array", array.UpdateSocket(u32(1), alone, 0), vm.EINVAL},
		{"into a hash", hash.UpdateSocket(u64(2), b, 0), 0},
		{"under another key", hash.UpdateSocket(u64(3), b, 0), 0},
		{"full", hash.UpdateSocket(u64(4), b, 0), vm.E2BIG},
		{"into another hash", small.UpdateSocket(u64(2), b, 0), 0},
		{"into a map", sockmap.UpdateSocket(u32(0), b, 0), 0},
		{"index outside a map", sockmap.UpdateSocket(u32(2), b, 0), vm.E2BIG},
		{"of a hash into an array", array.UpdateSocket(u32(1), b, 0), vm.EBUSY},
		{"unbound into a hash", small.UpdateSocket(u64(5), unbound, 0), vm.EOPNOTSUPP},
		{"connecting into a hash", small.UpdateSocket(u64(5), connecting, 0), vm.EOPNOTSUPP},
		{"flags", small.UpdateSocket(u64(5), b, 3), vm.EINVAL},
		{"delete what is not there, hash", hash.Delete(u64(9)), vm.ENOENT},
		{"delete what is not there, map", sockmap.Delete(u32(1)), vm.EINVAL},
		{"delete what is not there, array", array.Delete(u32(1)), vm.ENOENT},
		{"delete outside an array", array.Delete(u32(3)), vm.E2BIG},
		{"bytes are no socket", hash.Update(u64(2), u64(2), 0), vm.EINVAL},
	} {
		var got vm.Errno
		if errors.As(c.err, &got); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
	if v, err := hash.Lookup(u64(2)); err != nil || !bytes.Equal(v, u64(2)) {
		t.Errorf("cookie % x, %v", v, err)
	}
	if _, err := small.Lookup(u64(2)); !errors.Is(err, vm.ENOSPC) {
		t.Errorf("values of 4 bytes: %v", err)
	}
	if err := array.Delete(u32(0)); err != nil {
		t.Error(err)
	}
	if err := other.UpdateSocket(u32(2), a, 0); err != nil {
		t.Errorf("after its deletion: %v", err)
	}
	if hash.LookupSocket(u64(3)) != b || other.LookupSocket(u32(2)) != a {
		t.Error("the sockets are not there")
	}
}

func TestSkStorage(t *testing.T) {
	s := tcp4()
	m := machine(t, nil, asm.SkMsg, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "missed", Type: asm.MapSkStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc})
		b.Ldx(asm.R2, asm.R1.Field(asm.SkMsgMdSk))
		b.LdMap(asm.R1, "missed")
		b.Mov(asm.R3, 0)
		b.Mov(asm.R4, asm.SkStorageGetFCreate)
		b.CallHelper(asm.FnSkStorageGet)
		b.Mov(asm.R1, asm.R0)
		b.Ldx(asm.R0, asm.R1.U64(0))
		b.Mov(asm.R2, 1)
		b.AtomicAdd(asm.R1.U64(0), asm.R2)
		b.Exit()
	})
	want(t, m, &vm.MsgContext{Socket: s}, 0)
	want(t, m, &vm.MsgContext{Socket: s}, 1)
	want(t, m, &vm.MsgContext{Socket: tcp6()}, 0)
	missed := m.Map("missed")
	if err := missed.UpdateStorage(s, u64(10), asm.UpdateExist); err != nil {
		t.Fatal(err)
	}
	want(t, m, &vm.MsgContext{Socket: s}, 10)
	if got := missed.Storage(s); !bytes.Equal(got, u64(11)) {
		t.Errorf("% x", got)
	}
	if err := missed.UpdateStorage(s, u64(10), asm.UpdateNoExist); !errors.Is(err, vm.EEXIST) {
		t.Errorf("%v", err)
	}
	_, err := m.Run(&vm.MsgContext{}) // no socket: null is not there to be read
	if !errors.Is(err, vm.ErrPointer) {
		t.Errorf("%v", err)
	}
}

// Contents of a map are there before the program runs; a map of read-only data takes no writes of programs.
func TestContents(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "config", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Contents: "\x01\x02\x03\x04\x05\x06\x07\x08"})
		b.LdMapValue(asm.R1, "config", 2)
		b.Ldx(asm.R0, asm.R1.U16(0))
		b.Exit()
	})
	want(t, m, nil, 0x0403)
}
