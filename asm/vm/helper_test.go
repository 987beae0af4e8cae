package vm_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// Every error of bpf_sk_select_reuseport that facts of the kernel tell: sk_select_reuseport of net/core/filter.c.
func TestSelectReuseport(t *testing.T) {
	group := &vm.Group{}
	own := udp(1, group)
	tcp, inet6 := tcp4(), udp(5, &vm.Group{})
	tcp.Group, inet6.Family = &vm.Group{}, asm.AFInet6
	left := udp(7, group)
	for _, c := range []struct {
		name     string
		selected *vm.Socket
		before   func()
		typ      asm.MapType
		want     vm.Errno
	}{
		{"member", udp(2, group), nil, asm.MapSockHash, 0},
		{"member by index", udp(2, group), nil, asm.MapReuseportSockArray, 0},
		{"nothing there", nil, nil, asm.MapSockHash, vm.ENOENT},
		{"nothing at the index", nil, nil, asm.MapReuseportSockArray, vm.ENOENT},
		{"another group", udp(3, &vm.Group{}), nil, asm.MapSockHash, vm.EBADFD},
		{"another protocol", tcp, nil, asm.MapSockHash, vm.EPROTOTYPE},
		{"another family", inet6, nil, asm.MapSockHash, vm.EAFNOSUPPORT},
		{"in no group", udp(4, nil), nil, asm.MapSockHash, vm.EINVAL},
		{"left its group", left, func() { left.Group = nil }, asm.MapSockMap, vm.EINVAL},
	} {
		sockets := littleMap(t, asm.MapSpec{Name: "sockets", Type: c.typ, KeySize: 4, ValueSize: 8, MaxEntries: 4})
		if c.selected != nil {
			if err := sockets.UpdateSocket(u32(1), c.selected, 0); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if c.before != nil {
			c.before()
		}
		m := machine(t, &vm.Options{Maps: map[string]*vm.Map{"sockets": sockets}}, asm.SkReuseport, func(b *asm.Builder) {
			b.St(asm.FP.U32(-4), 1)
			b.LdMap(asm.R2, "sockets")
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -4)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnSkSelectReuseport)
			b.Exit()
		})
		ctx := &vm.ReuseportContext{Data: make([]byte, 20), Socket: own}
		want(t, m, ctx, c.want.Result())
		if (ctx.Selected == c.selected) != (c.want == 0 || c.selected == nil) {
			t.Errorf("%s: selected %+v", c.name, ctx.Selected)
		}
	}
}

func TestMsgRedirect(t *testing.T) {
	hash := littleMap(t, asm.MapSpec{Name: "peers", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	peer, listener := tcp4(), tcp4()
	listener.State = asm.TCPListen
	for i, s := range []*vm.Socket{peer, listener} {
		if err := hash.UpdateSocket(u32(uint32(i)), s, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name       string
		key, flags int
		want       uint64
		to         *vm.Socket
	}{
		{"found", 0, asm.FIngress, asm.SkPass, peer},
		{"found, to its sending side", 0, 0, asm.SkPass, peer},
		{"listener", 1, asm.FIngress, asm.SkDrop, nil},
		{"not found", 2, asm.FIngress, asm.SkDrop, nil},
		{"other flags", 0, 2, asm.SkDrop, nil},
	} {
		m := machine(t, &vm.Options{Maps: map[string]*vm.Map{"peers": hash}}, asm.SkMsg, func(b *asm.Builder) {
			b.St(asm.FP.U32(-4), c.key)
			b.LdMap(asm.R2, "peers")
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -4)
			b.Mov(asm.R4, c.flags)
			b.CallHelper(asm.FnMsgRedirectHash)
			b.Exit()
		})
		ctx := &vm.MsgContext{Socket: tcp4()}
		want(t, m, ctx, c.want)
		if ctx.Redirect != c.to || c.to != nil && ctx.RedirectFlags != uint64(c.flags) {
			t.Errorf("%s: %+v", c.name, ctx)
		}
	}
}

// A program of type sock_ops records its socket in two callbacks and when it listens, and nowhere else.
func TestSockHashUpdate(t *testing.T) {
	for op, errno := range map[uint32]vm.Errno{
		asm.SockOpsActiveEstablishedCB: 0, asm.SockOpsPassiveEstablishedCB: 0, asm.SockOpsTCPListenCB: 0,
		asm.SockOpsTCPConnectCB: vm.EOPNOTSUPP, asm.SockOpsStateCB: vm.EOPNOTSUPP,
	} {
		m := machine(t, nil, asm.SockOps, func(b *asm.Builder) {
			b.DeclareMap(asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
			b.St(asm.FP.U32(-4), 3)
			b.LdMap(asm.R2, "sockets")
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -4)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnSockHashUpdate)
			b.Exit()
		})
		s := tcp4()
		want(t, m, &vm.SockOpsContext{Op: op, Socket: s}, errno.Result())
		if got := m.Map("sockets").LookupSocket(u32(3)); (got == s) != (errno == 0) {
			t.Errorf("op %d: %v", op, got)
		}
	}
}

func TestSkAssign(t *testing.T) {
	established, inet6, other := udp(2, nil), udp(3, nil), tcp4()
	established.State, inet6.Family, other.State = asm.TCPEstablished, asm.AFInet6, asm.TCPListen
	for _, c := range []struct {
		name   string
		socket *vm.Socket
		flags  int
		times  int
		want   vm.Errno
	}{
		{"bound", udp(1, nil), 0, 1, 0},
		{"without a choice of the group", udp(1, nil), asm.SkLookupFNoReuseport, 1, 0},
		{"again", udp(1, nil), 0, 2, vm.EEXIST},
		{"replaced", udp(1, nil), asm.SkLookupFReplace, 2, 0},
		{"connected", established, 0, 1, vm.ESOCKTNOSUPPORT},
		{"another protocol", other, 0, 1, vm.EPROTOTYPE},
		{"both families", inet6, 0, 1, 0},
		{"unknown flag", udp(1, nil), 4, 1, vm.EINVAL},
	} {
		sockets := littleMap(t, asm.MapSpec{Name: "sockets", Type: asm.MapSockMap, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		if err := sockets.UpdateSocket(u32(0), c.socket, 0); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		m := machine(t, &vm.Options{Maps: map[string]*vm.Map{"sockets": sockets}}, asm.SkLookup, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.St(asm.FP.U32(-4), 0)
			b.LdMap(asm.R1, "sockets")
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, -4)
			b.CallHelper(asm.FnMapLookupElem)
			b.Mov(asm.R7, asm.R0)
			for range c.times {
				b.Mov(asm.R1, asm.R6)
				b.Mov(asm.R2, asm.R7)
				b.Mov(asm.R3, c.flags)
				b.CallHelper(asm.FnSkAssign)
			}
			b.Mov(asm.R8, asm.R0)
			b.Mov(asm.R1, asm.R7)
			b.CallHelper(asm.FnSkRelease)
			b.Mov(asm.R0, asm.R8)
			b.Exit()
		})
		ctx := &vm.LookupContext{Family: asm.AFInet, Protocol: asm.IPProtoUDP}
		want(t, m, ctx, c.want.Result())
		if c.want == 0 && (ctx.Selected != c.socket || ctx.NoReuseport != (c.flags == asm.SkLookupFNoReuseport)) {
			t.Errorf("%s: %+v", c.name, ctx)
		}
	}
}

// Small helpers, each in a program that returns its result.
func TestHelpers(t *testing.T) {
	env := func() *vm.Env {
		return &vm.Env{Now: 12345, CPU: 3, NUMANode: 1, PIDTGID: 7<<32 | 8, UIDGID: 9<<32 | 10, Comm: "nginx", CgroupID: 11, NetnsCookie: 12, Random: rand.NewPCG(5, 6)}
	}
	first := uint64(uint32(rand.NewPCG(5, 6).Uint64()))
	call := func(h asm.Helper) func(b *asm.Builder) { return func(b *asm.Builder) { b.CallHelper(h) } }
	call1 := func(h asm.Helper, arg int) func(b *asm.Builder) {
		return func(b *asm.Builder) { b.Mov(asm.R2, arg); b.CallHelper(h) }
	}
	for _, c := range []struct {
		name    string
		typ     asm.ProgramType
		ctx     vm.Context
		program func(b *asm.Builder)
		want    uint64
	}{
		{"time", asm.XDP, nil, call(asm.FnKtimeGetNS), 12345},
		{"random", asm.XDP, nil, call(asm.FnGetPrandomU32), first},
		{"cpu", asm.XDP, nil, call(asm.FnGetSMPProcessorID), 3},
		{"node", asm.XDP, nil, call(asm.FnGetNUMANodeID), 1},
		{"process", asm.XDP, nil, call(asm.FnGetCurrentPIDTGID), 7<<32 | 8},
		{"user", asm.XDP, nil, call(asm.FnGetCurrentUIDGID), 9<<32 | 10},
		{"cgroup", asm.XDP, nil, call(asm.FnGetCurrentCgroupID), 11},
		{"command", asm.XDP, nil, func(b *asm.Builder) {
			b.Mov(asm.R1, asm.FP)
			b.Add(asm.R1, -8)
			b.Mov(asm.R2, 4)
			b.CallHelper(asm.FnGetCurrentComm)
			b.Ldx(asm.R0, asm.FP.U32(-8))
		}, 'n' | 'g'<<8 | 'i'<<16},
		{"namespace of the socket", asm.SkMsg, &vm.MsgContext{Socket: tcp4()}, call(asm.FnGetNetnsCookie), 4242},
		{"namespace of nothing", asm.SkMsg, &vm.MsgContext{Socket: tcp4()}, func(b *asm.Builder) { b.Mov(asm.R1, 0); b.CallHelper(asm.FnGetNetnsCookie) }, 12},
		{"cookie", asm.SockOps, &vm.SockOpsContext{Socket: tcp4()}, call(asm.FnGetSocketCookie), 0x1122334455667788},
		{"cookie of a packet without socket", asm.SchedCLS, &vm.SKBContext{}, call(asm.FnGetSocketCookie), 0},
		{"hash", asm.SchedCLS, &vm.SKBContext{Hash: 77}, call(asm.FnGetHashRecalc), 77},
		{"redirect", asm.SchedCLS, &vm.SKBContext{}, func(b *asm.Builder) { b.Mov(asm.R1, 5); b.Mov(asm.R2, 1); b.CallHelper(asm.FnRedirect) }, asm.TCActRedirect},
		{"redirect, flags", asm.SchedCLS, &vm.SKBContext{}, func(b *asm.Builder) { b.Mov(asm.R1, 5); b.Mov(asm.R2, 2); b.CallHelper(asm.FnRedirect) }, asm.TCActShot},
		{"redirect, xdp", asm.XDP, &vm.XDPContext{}, func(b *asm.Builder) { b.Mov(asm.R1, 5); b.Mov(asm.R2, 0); b.CallHelper(asm.FnRedirect) }, asm.XDPRedirect},
		{"redirect, xdp, flags", asm.XDP, &vm.XDPContext{}, func(b *asm.Builder) { b.Mov(asm.R1, 5); b.Mov(asm.R2, 1); b.CallHelper(asm.FnRedirect) }, asm.XDPAborted},
		{"callback flags", asm.SockOps, &vm.SockOpsContext{Socket: tcp4()}, call1(asm.FnSockOpsCBFlagsSet, 0x184), 0x180},
		{"callback flags of a request", asm.SockOps, &vm.SockOpsContext{Request: true}, call1(asm.FnSockOpsCBFlagsSet, 4), vm.EINVAL.Result()},
		{"apply bytes", asm.SkMsg, &vm.MsgContext{}, call1(asm.FnMsgApplyBytes, 100), 0},
		{"cork bytes", asm.SkMsg, &vm.MsgContext{}, call1(asm.FnMsgCorkBytes, 100), 0},
		{"pull data", asm.SkMsg, &vm.MsgContext{Data: []byte{1, 2, 3, 4, 5}, Paged: 5}, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.Mov(asm.R2, 1)
			b.Mov(asm.R3, 4)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnMsgPullData)
			b.Ldx(asm.R1, asm.R6.Field(asm.SkMsgMdData))
			b.Ldx(asm.R0, asm.R6.Field(asm.SkMsgMdDataEnd))
			b.Sub(asm.R0, asm.R1)
			b.Ldx(asm.R1, asm.R1.U8(0))
			b.Lsh(asm.R1, 8)
			b.Or(asm.R0, asm.R1)
		}, 0x203},
		{"pull data outside", asm.SkMsg, &vm.MsgContext{Data: make([]byte, 5)}, func(b *asm.Builder) {
			b.Mov(asm.R2, 1)
			b.Mov(asm.R3, 6)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnMsgPullData)
		}, vm.EINVAL.Result()},
		{"load bytes before the packet", asm.SkReuseport, &vm.ReuseportContext{Data: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, Network: 2, Start: 6}, func(b *asm.Builder) {
			b.Mov(asm.R2, 1)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -8)
			b.Mov(asm.R4, 4)
			b.Mov(asm.R5, asm.HdrStartNet)
			b.CallHelper(asm.FnSKBLoadBytesRelative)
			b.Ldx(asm.R1, asm.FP.U32(-8))
			b.Or(asm.R0, asm.R1)
		}, 0x06050403},
		{"load bytes of a link layer that is not there", asm.SkReuseport, &vm.ReuseportContext{Data: make([]byte, 30), NoLink: true}, func(b *asm.Builder) {
			b.Mov(asm.R2, 1)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -8)
			b.Mov(asm.R4, 4)
			b.Mov(asm.R5, asm.HdrStartMAC)
			b.CallHelper(asm.FnSKBLoadBytesRelative)
		}, vm.EFAULT.Result()},
		{"legacy load from the IP header", asm.SocketFilter, &vm.SKBContext{Data: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, Network: 2, Start: 6}, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.LdAbs(asm.H, -0x100000+1)
		}, 0x0304},
		{"legacy load outside", asm.SocketFilter, &vm.SKBContext{Data: make([]byte, 10)}, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.LdAbs(asm.W, 7)
			b.Mov(asm.R0, 9)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := machine(t, &vm.Options{Env: env()}, c.typ, func(b *asm.Builder) { c.program(b); b.Exit() })
			want(t, m, c.ctx, c.want)
		})
	}
}

func TestTracePrintk(t *testing.T) {
	for _, c := range []struct {
		format string
		want   string // of the log, or nothing
		r0     uint64
	}{
		{"plain", "plain\n", 5},
		{"line\n", "line\n", 5},
		{"%d %u %x", "-5 4294967291 fffffffb\n", 22},
		{"%lld %lu %llX", "-5 18446744073709551611 FFFFFFFFFFFFFFFB\n", 40},
		{"%5d|%-5d|%05d", "   -5|-5   |-0005\n", 17},
		{"%c%%%c", "\xfb%\xfb\n", 3},
		{"%s", "text\n", 4},
		{"%d %d %d %d", "", vm.EINVAL.Result()}, // four verbs
		{"%+d %03x", "-5 fffffffb\n", 11},
		{"%#x", "", vm.EINVAL.Result()},
		{"%llld", "", vm.EINVAL.Result()},
		{"%z", "", vm.EINVAL.Result()},
		{"%", "", vm.EINVAL.Result()},
		{"\x80", "", vm.EINVAL.Result()},
	} {
		var log bytes.Buffer
		m := machine(t, &vm.Options{Env: &vm.Env{Log: &log}}, asm.XDP, func(b *asm.Builder) {
			text := append([]byte(c.format), 0)
			text = append(text, make([]byte, 32-len(text))...)
			for i, x := range text {
				b.St(asm.FP.U8(-32+i), int(x))
			}
			for i, x := range []byte("text\x00") {
				b.St(asm.FP.U8(-40+i), int(x))
			}
			b.Mov(asm.R1, asm.FP)
			b.Add(asm.R1, -32)
			b.Mov(asm.R2, len(c.format)+1)
			b.Mov(asm.R3, -5)
			if strings.Contains(c.format, "%s") {
				b.Mov(asm.R3, asm.FP)
				b.Add(asm.R3, -40)
			}
			b.Mov(asm.R4, -5)
			b.Mov(asm.R5, -5)
			b.CallHelper(asm.FnTracePrintk)
			b.Exit()
		})
		want(t, m, nil, c.r0)
		if diff := cmp.Diff(c.want, log.String()); diff != "" {
			t.Errorf("%q: %s", c.format, diff)
		}
	}
}

// What the types of programs may not do with socket maps: check_map_func_compatibility and may_update_sockmap of
// kernel/bpf/verifier.c.
func TestSocketMapUse(t *testing.T) {
	program := func(h asm.Helper) func(b *asm.Builder) {
		return func(b *asm.Builder) {
			b.DeclareMap(asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
			b.St(asm.FP.U32(-4), 3)
			b.LdMap(asm.R1, "sockets")
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, -4)
			b.CallHelper(h)
			b.Exit()
		}
	}
	for _, c := range []struct {
		typ  asm.ProgramType
		h    asm.Helper
		want string
	}{
		{asm.SkMsg, asm.FnMapLookupElem, "map sockets of type sockhash is of no use to a lookup in sk_msg programs, which have no bpf_sk_release for the socket"},
		{asm.SkMsg, asm.FnMapDeleteElem, "map sockets of type sockhash cannot be changed by sk_msg programs"},
		{asm.SockOps, asm.FnMapUpdateElem, "map sockets of type sockhash takes bpf_sock_map_update and bpf_sock_hash_update in sock_ops programs"},
		{asm.SockOps, asm.FnMapDeleteElem, ""},
		{asm.SkLookup, asm.FnMapLookupElem, ""},
	} {
		_, err := machine(t, nil, c.typ, program(c.h)).Run(nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%v, %v: %v, want %q", c.typ, c.h, err, c.want)
		}
	}
}
