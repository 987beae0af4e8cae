//go:build linux

package maps

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestMapElements(t *testing.T) {
	m := newHash(t, 2)
	check(t, m.Update(1, 10, asm.UpdateNoExist))
	if got, err := m.Lookup(1); got != 10 || err != nil {
		t.Errorf("lookup: %d, %v", got, err)
	}
	check(t, m.Update(1, 11, asm.UpdateExist))
	key, value := uint32(2), uint64(20)
	check(t, m.UpdateFrom(&key, &value, asm.UpdateAny))
	value = 0
	if err := m.LookupInto(&key, &value, 0); value != 20 || err != nil {
		t.Errorf("lookup: %d, %v", value, err)
	}
	if got, err := m.LookupAndDelete(1); errors.Is(err, errors.ErrUnsupported) {
		t.Log("hashes have no lookup and delete before Linux 5.14")
		check(t, m.Delete(1))
	} else if got != 11 || err != nil {
		t.Errorf("lookup and delete: %d, %v", got, err)
	}
	if _, err := m.Lookup(1); !errors.Is(err, ErrKeyNotExist) {
		t.Errorf("lookup of a deleted key: %v", err)
	}
	check(t, m.Delete(2))
}

func TestElementErrors(t *testing.T) {
	m := newHash(t, 1)
	check(t, m.Update(1, 10, 0))
	array, err := New[uint32, uint64](asm.MapSpec{Name: "array", Type: asm.MapArray, MaxEntries: 1}, nil)
	must(t, array, err)
	_, errLookup := m.Lookup(2)
	_, errIndex := array.Lookup(1)
	_, errArrayTake := array.LookupAndDelete(0)
	for _, test := range []struct {
		name     string
		err      error
		sentinel error
		errno    error
		want     string
	}{
		{"lookup", errLookup, ErrKeyNotExist, unix.ENOENT, `look up key in map "hash" (hash): key does not exist`},
		{"delete", m.Delete(2), ErrKeyNotExist, unix.ENOENT, `delete key in map "hash" (hash): key does not exist`},
		{"must exist", m.Update(2, 1, asm.UpdateExist), ErrKeyNotExist, unix.ENOENT, `update key in map "hash" (hash): key does not exist`},
		{"must not exist", m.Update(1, 1, asm.UpdateNoExist), ErrKeyExist, unix.EEXIST, `update key in map "hash" (hash): key exists`},
		{"full", m.Update(2, 1, 0), ErrFull, unix.E2BIG, `update key in map "hash" (hash): map is full`},
		{"bad flags", m.Update(1, 1, 99), nil, unix.EINVAL, `update key in map "hash" (hash): invalid argument`},
		{"no spin lock", m.Update(1, 1, asm.UpdateLock), nil, unix.EINVAL, `update key in map "hash" (hash): invalid argument`},
		{"index", errIndex, ErrKeyNotExist, unix.ENOENT, `look up key in map "array" (array): key does not exist`},
		{"update index", array.Update(1, 1, 0), ErrKeyNotExist, unix.E2BIG, `update key in map "array" (array): key does not exist`},
		{"delete index", array.Delete(0), nil, unix.EINVAL, `delete key in map "array" (array): invalid argument`},
		{"take index", errArrayTake, errors.ErrUnsupported, unix.Errno(524), `look up and delete key in map "array" (array): unsupported operation`},
		{"short key", m.Raw.Delete(make([]byte, 3)), nil, unix.EINVAL, `delete key in map "hash" (hash): key of 3 bytes given, the map's has 4: invalid argument`},
		{"nil key", m.Raw.Lookup(nil, make([]byte, 8), 0), nil, unix.EINVAL, `key of 0 bytes given, the map's has 4`},
		{"long value", m.Raw.Update(make([]byte, 4), make([]byte, 9), 0), nil, unix.EINVAL, `value of 9 bytes given, the map's has 8`},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, test.err, test.want)
		}
		if !errors.Is(test.err, test.errno) || test.sentinel != nil && !errors.Is(test.err, test.sentinel) {
			t.Errorf("%s: %v is not both %v and %v", test.name, test.err, test.sentinel, test.errno)
		}
		var e *Error
		if !errors.As(test.err, &e) || e.Type != asm.MapHash && e.Type != asm.MapArray {
			t.Errorf("%s: %#v is no *Error", test.name, test.err)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	m := newHash(t, 8)
	percpu, err := NewPerCPU[uint32, uint32](asm.MapSpec{Name: "percpu", Type: asm.MapPerCPUHash, MaxEntries: 8}, nil)
	must(t, percpu, err)
	wide, err := NewPerCPU[uint32, uint64](asm.MapSpec{Name: "wide", Type: asm.MapPerCPUHash, MaxEntries: 8}, nil)
	must(t, wide, err)
	queue, err := NewQueue[uint64](asm.MapSpec{Name: "queue", Type: asm.MapQueue, MaxEntries: 8}, nil)
	must(t, queue, err)
	cpus, err := PossibleCPUs()
	check(t, err)
	narrowValues, wideValues := make([]uint32, cpus), make([]uint64, cpus)
	keys, values := []uint32{1, 2, 3}, []uint64{1, 2, 3}
	rawKey, rawValue := make([]byte, 4), make([]byte, 8)
	i := uint32(0)
	for _, test := range []struct {
		name string
		f    func()
	}{
		{"update", func() { i++; m.Update(i%8, uint64(i), 0) }},
		{"lookup", func() { i++; m.Lookup(i % 8) }},
		{"lookup into", func() { m.LookupInto(&keys[0], &values[0], 0) }},
		{"delete and put back", func() { i++; m.Delete(i % 8); m.Update(i%8, 1, 0) }},
		{"lookup and delete", func() { i++; m.LookupAndDelete(i % 8) }},
		{"lookup of a missing key", func() { m.Lookup(1000) }},
		{"delete of a missing key", func() { m.Delete(1000) }},
		{"update of a missing key", func() { m.Update(1000, 1, asm.UpdateExist) }},
		{"update of a key that exists", func() { m.Update(1, 1, 0); m.Update(1, 1, asm.UpdateNoExist) }},
		{"raw", func() { m.Raw.Update(rawKey, rawValue, 0); m.Raw.Lookup(rawKey, rawValue, 0); m.Raw.Delete(rawKey) }},
		{"next key", func() { m.NextKey(nil, rawKey) }},
		{"update batch", func() { m.UpdateBatch(keys, values, 0) }},
		{"delete batch", func() { m.UpdateBatch(keys, values, 0); m.DeleteBatch(keys) }},
		{"per-CPU", func() { percpu.Update(1, narrowValues, 0); percpu.LookupInto(&keys[0], narrowValues) }},
		{"per-CPU of 8 bytes", func() { wide.Update(1, wideValues, 0); wide.LookupInto(&keys[0], wideValues) }},
		{"queue", func() { queue.Push(1, 0); queue.Peek(); queue.Pop(); queue.Pop() }},
	} {
		if raceDetector && test.name == "per-CPU" {
			continue
		}
		if n := testing.AllocsPerRun(200, test.f); n != 0 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
	}
}

func TestClose(t *testing.T) {
	m := newHash(t, 1)
	for range 2 {
		check(t, m.Close())
	}
	if m.FD() != -1 {
		t.Errorf("descriptor %d after Close", m.FD())
	}
	_, errLookup := m.Lookup(1)
	_, errBatch := m.DeleteBatch([]uint32{1})
	_, errNext := m.NextKey(nil, make([]byte, 4))
	_, errInfo := m.Info()
	_, errFile := m.File()
	_, errInherit := m.Inherit()
	keys := m.Iterate()
	for range keys.Keys() {
		t.Error("a closed map has a key")
	}
	for i, err := range []error{errLookup, errBatch, errNext, errInfo, errFile, errInherit, m.Update(1, 1, 0), m.Delete(1),
		m.Freeze(), m.Pin("/sys/fs/bpf/nowhere"), keys.Err()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%d: %v, want os.ErrClosed", i, err)
		}
	}
}

func TestFreezeAndInfo(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	m, err := New[uint32, uint64](asm.MapSpec{Name: "frozen-by-and-by", Type: asm.MapArray, MaxEntries: 3, Flags: asm.MapReadOnlyProg}, nil)
	must(t, m, err)
	check(t, m.Update(0, 5, 0))
	info, err := m.Info()
	check(t, err)
	want := Info{
		Spec: asm.MapSpec{Name: "frozen_by_and_b", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 3, Flags: asm.MapReadOnlyProg},
		ID:   info.ID, Memory: info.Memory,
	}
	if diff := cmp.Diff(want, info); diff != "" || info.ID == 0 || info.Memory < 3*8 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	check(t, m.Freeze())
	if info, err := m.Info(); err != nil || !info.Frozen {
		t.Errorf("after Freeze: %+v, %v", info, err)
	}
	if got, err := m.Lookup(0); got != 5 || err != nil {
		t.Errorf("lookup in a frozen map: %d, %v", got, err)
	}
	err = m.Update(0, 6, 0)
	if err == nil || !strings.Contains(err.Error(), "operation not permitted (the map is frozen") || !errors.Is(err, unix.EPERM) {
		t.Errorf("update of a frozen map: %v", err)
	}
}

func TestLPMTrie(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	type prefix struct {
		Bits uint32
		Addr [4]byte
	}
	m, err := New[prefix, uint32](asm.MapSpec{Name: "routes", Type: asm.MapLPMTrie, MaxEntries: 8, Flags: asm.MapNoPrealloc}, nil)
	must(t, m, err)
	check(t, m.Update(prefix{8, [4]byte{10}}, 1, 0))
	check(t, m.Update(prefix{16, [4]byte{10, 1}}, 2, 0))
	if got, err := m.Lookup(prefix{32, [4]byte{10, 1, 2, 3}}); got != 2 || err != nil {
		t.Errorf("10.1.2.3: %d, %v", got, err)
	}
	if got, err := m.Lookup(prefix{32, [4]byte{10, 9, 2, 3}}); got != 1 || err != nil {
		t.Errorf("10.9.2.3: %d, %v", got, err)
	}
	all := m.Iterate()
	var found []uint32
	for _, v := range all.All() {
		found = append(found, v)
	}
	slices.Sort(found)
	if diff := cmp.Diff([]uint32{1, 2}, found); diff != "" || all.Err() != nil {
		t.Errorf("iteration: %v (-want +got):\n%s", all.Err(), diff)
	}
}

func TestQueueAndStack(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	for _, test := range []struct {
		typ  asm.MapType
		want []uint64
	}{
		{asm.MapQueue, []uint64{1, 2, 3}},
		{asm.MapStack, []uint64{3, 2, 1}},
	} {
		q, err := NewQueue[uint64](asm.MapSpec{Name: "line", Type: test.typ, MaxEntries: 3}, nil)
		must(t, q, err)
		for i := range uint64(3) {
			check(t, q.Push(i+1, 0))
		}
		if err := q.Push(4, 0); !errors.Is(err, ErrFull) || !errors.Is(err, unix.E2BIG) {
			t.Errorf("%v: push to a full one: %v", test.typ, err)
		}
		if head, err := q.Peek(); head != test.want[0] || err != nil {
			t.Errorf("%v: peek: %d, %v", test.typ, head, err)
		}
		var got []uint64
		for range 3 {
			v, err := q.Pop()
			check(t, err)
			got = append(got, v)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.typ, diff)
		}
		_, errPop := q.Pop()
		_, errPeek := q.Peek()
		for _, err := range []error{errPop, errPeek} {
			if !errors.Is(err, ErrEmpty) || !errors.Is(err, unix.ENOENT) || !strings.HasSuffix(err.Error(), ": nothing in it") {
				t.Errorf("%v: empty: %v", test.typ, err)
			}
		}
	}
}

func TestQueueDropsTheOldest(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	q, err := NewQueue[uint32](asm.MapSpec{Name: "ring", Type: asm.MapQueue, MaxEntries: 2}, nil)
	must(t, q, err)
	for i := range uint32(3) {
		check(t, q.Push(i, asm.UpdateExist))
	}
	if v, err := q.Pop(); v != 1 || err != nil {
		t.Errorf("pop: %d, %v, want 1", v, err)
	}
}

func TestBloomFilter(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	b, err := NewQueue[uint64](asm.MapSpec{Name: "bloom", Type: asm.MapBloomFilter, MaxEntries: 1000, Extra: 5}, nil)
	if errors.Is(err, unix.EINVAL) {
		t.Log("the kernel has no bloom filters: they came with Linux 5.16")
		return
	}
	must(t, b, err)
	check(t, b.Push(42, 0))
	if in, err := b.Contains(42); !in || err != nil {
		t.Errorf("42: %v, %v", in, err)
	}
	if in, err := b.Contains(43); in || err != nil {
		t.Errorf("43: %v, %v", in, err)
	}
	if _, err := b.Pop(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("pop: %v", err)
	}
}

func TestSkStorage(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(fd)
	m, err := New[int32, [3]uint16](asm.MapSpec{Name: "storage", Type: asm.MapSkStorage, Flags: asm.MapNoPrealloc}, nil)
	must(t, m, err)
	check(t, m.Update(int32(fd), [3]uint16{1, 2, 3}, asm.UpdateNoExist))
	if got, err := m.Lookup(int32(fd)); got != [3]uint16{1, 2, 3} || err != nil {
		t.Errorf("lookup: %v, %v", got, err)
	}
	check(t, m.Delete(int32(fd)))
	if _, err := m.Lookup(int32(fd)); !errors.Is(err, ErrKeyNotExist) {
		t.Errorf("after delete: %v", err)
	}
}

func TestObjects(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	inner := asm.MapSpec{Name: "inner", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	outer, err := NewObjects[uint32](asm.MapSpec{Name: "outer", Type: asm.MapArrayOfMaps, MaxEntries: 3, Inner: &inner}, nil)
	must(t, outer, err)
	member, err := New[uint32, uint64](inner, nil)
	must(t, member, err)
	check(t, outer.Update(1, member, 0))
	info, err := member.Info()
	check(t, err)
	all := outer.Iterate()
	got := map[uint32]uint32{}
	for k, id := range all.All() {
		got[k] = id
	}
	if diff := cmp.Diff(map[uint32]uint32{1: info.ID}, got); diff != "" || all.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", all.Err(), diff)
	}
	id, err := outer.ID(1)
	check(t, err)
	again, err := OpenID(id, ReadWrite)
	must(t, again, err)
	check(t, again.Match(inner))

	other := newHashOfBytes(t)
	if err := outer.Update(2, other, 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("an inner map of another size: %v, want EINVAL", err)
	}
	check(t, outer.Delete(1))
	if _, err := outer.ID(1); !errors.Is(err, ErrKeyNotExist) {
		t.Errorf("after delete: %v", err)
	}
}

type descriptor int

func (d descriptor) FD() int { return int(d) }

func TestProgramsAndCgroups(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	calls, err := NewObjects[uint32](asm.MapSpec{Name: "calls", Type: asm.MapProgArray, MaxEntries: 2}, nil)
	must(t, calls, err)
	prog := loadProgram(t)
	check(t, calls.Update(1, descriptor(prog.Int()), 0))
	var info sys.ProgInfo
	check(t, sys.ObjGetInfo(prog.Int(), &info))
	if id, err := calls.ID(1); id != info.ID || err != nil {
		t.Errorf("program %d, %v, want %d", id, err, info.ID)
	}
	if err := calls.Update(0, calls, 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a map among programs: %v, want EINVAL", err)
	}
	check(t, calls.Delete(1))

	cgroups, err := NewObjects[uint32](asm.MapSpec{Name: "cgroups", Type: asm.MapCgroupArray, MaxEntries: 1}, nil)
	must(t, cgroups, err)
	dir, err := os.Open(kerneltest.Cgroup(t))
	check(t, err)
	defer dir.Close()
	check(t, cgroups.Update(0, descriptor(dir.Fd()), 0))
	if _, err := cgroups.ID(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("lookup in a cgroup array: %v", err)
	}
}

func newHashOfBytes(t *testing.T) *Map[[2]byte, [6]byte] {
	t.Helper()
	m, err := New[[2]byte, [6]byte](asm.MapSpec{Name: "bytes", Type: asm.MapHash, MaxEntries: 1}, nil)
	return must(t, m, err)
}
