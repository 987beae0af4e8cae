package vm_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// orders are the byte orders of simulated machines.
var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// openGroup opens n UDP sockets at an address.
func openGroup(t testing.TB, net *vm.Network, n int, addr string) []*vm.Socket {
	t.Helper()
	sockets := make([]*vm.Socket, n)
	for i := range sockets {
		var err error
		if sockets[i], err = net.ListenUDP(at(addr), nil); err != nil {
			t.Fatal(err)
		}
	}
	return sockets
}

// byCookie attaches a program that selects the socket whose cookie is the first payload byte, and returns its map.
func byCookie(t testing.TB, sockets []*vm.Socket, opts *vm.Options) *vm.Map {
	t.Helper()
	spec := asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 1, ValueSize: 8, MaxEntries: 16}
	m := machine(t, opts, asm.SkReuseport, func(b *asm.Builder) {
		ctx, key := b.Context(), b.Stack("key", 1)
		m := b.DeclareMap(spec)
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 8, key, 1).NotEq(0), func() { b.Return(asm.SkDrop) })
		b.Call(asm.FnSkSelectReuseport, ctx, m, key, 0)
		b.Return(asm.SkPass)
	})
	for _, s := range sockets {
		if err := m.Map("sockets").UpdateSocket([]byte{byte(s.Cookie)}, s, asm.UpdateNoExist); err != nil {
			t.Fatal(err)
		}
	}
	if err := sockets[0].Group.Attach(m); err != nil {
		t.Fatal(err)
	}
	return m.Map("sockets")
}

// classicOf assembles a classic program.
func classicOf(t testing.TB, f func(b *classic.Builder)) *vm.Classic {
	t.Helper()
	b := classic.NewBuilder("test")
	f(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return vm.NewClassic(p, nil)
}

func send(t testing.TB, net *vm.Network, d vm.Datagram) vm.Arrival {
	t.Helper()
	a, err := net.Send(d)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What a program sees and decides, over both IP versions, plain and not.
func TestGroupProgram(t *testing.T) {
	for _, tt := range []struct{ name, listen, to, from string }{
		{"IPv4", "127.0.0.1:443", "127.0.0.1:443", "127.0.0.1:5000"},
		{"IPv4 to any", "0.0.0.0:443", "127.0.0.1:443", "127.0.0.1:5000"},
		{"IPv6", "[::1]:443", "[::1]:443", "[::1]:5000"},
		{"IPv4 to dual stack", "[::]:443", "127.0.0.1:443", "127.0.0.1:5000"},
		{"mapped IPv4 to dual stack", "[::]:443", "[::ffff:127.0.0.1]:443", "[::ffff:127.0.0.1]:5000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			net := vm.NewNetwork()
			sockets := openGroup(t, net, 3, tt.listen)
			byCookie(t, sockets, nil)
			for i, want := range sockets {
				for _, d := range []vm.Datagram{{}, {Segment: 100}, {Segment: 2}, {Zerocopy: true}} {
					d.From, d.To, d.Payload = at(tt.from), at(tt.to), []byte{byte(want.Cookie), 1, 2}
					got := send(t, net, d)
					if got.Socket != want || got.By != vm.ByProgram || got.Result != asm.SkPass {
						t.Errorf("datagram %+v for socket %d: %+v", d, i, got)
					}
				}
			}
			var arrived [][]byte
			for {
				d, ok := sockets[2].Receive()
				if !ok {
					break
				}
				arrived = append(arrived, d)
			}
			if diff := cmp.Diff([][]byte{{3, 1, 2}, {3, 1, 2}, {3, 1}, {2}, {3, 1, 2}}, arrived); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			if got := send(t, net, vm.Datagram{From: at(tt.from), To: at(tt.to)}); got != (vm.Arrival{}) {
				t.Errorf("a datagram without payload, which the program drops: %+v", got)
			}
			if got := send(t, net, vm.Datagram{From: at(tt.from), To: at(tt.to), Payload: []byte{99}}); got.By != vm.ByHash {
				t.Errorf("a datagram for no one: %+v", got)
			}
		})
	}
}

// The context of a group's program: the packet from its transport header on, and where the network header is.
func TestGroupContext(t *testing.T) {
	for _, tt := range []struct {
		listen, to, from string
		zerocopy         bool
		want             []uint32
	}{
		{"127.0.0.1:443", "127.0.0.1:443", "127.0.0.2:5000", false, []uint32{13, 13, 0x0800, 17, 0, 0x7f000002, 443}},
		{"0.0.0.0:443", "127.0.0.1:443", "127.0.0.2:5000", true, []uint32{13, 8, 0x0800, 17, 1, 0x7f000002, 443}},
		{"[::]:443", "127.0.0.1:443", "127.0.0.2:5000", true, []uint32{13, 8, 0x0800, 17, 1, 0x7f000002, 443}},
		{"[::1]:443", "[::1]:443", "[::1]:5000", true, []uint32{13, 8, 0x86dd, 17, 0, 0, 443}},
	} {
		for _, order := range orders {
			t.Run(fmt.Sprint(tt.listen, tt.zerocopy, order), func(t *testing.T) {
				net := vm.NewNetwork()
				sockets := openGroup(t, net, 1, tt.listen)
				spec := asm.MapSpec{Name: "seen", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 7}
				m := machine(t, &vm.Options{Order: order}, asm.SkReuseport, func(b *asm.Builder) {
					ctx, key, seen := b.Context(), b.Stack("key", 4), b.DeclareMap(spec)
					i := 0
					put := func(v asm.Operand) {
						value := b.Stack(fmt.Sprint("value", i), 4)
						b.Store(value.U32(0), v)
						b.Store(key.U32(0), i)
						b.Call(asm.FnMapUpdateElem, seen, key, value, 0)
						i++
					}
					size := b.Copy(b.Load(ctx.Field(asm.SkReuseportMdDataEnd)))
					b.Sub(size, b.Load(ctx.Field(asm.SkReuseportMdData)))
					put(b.Load(ctx.Field(asm.SkReuseportMdLen)))
					put(size)
					proto := b.Load(ctx.Field(asm.SkReuseportMdEthProtocol))
					b.BE(proto, 16)
					put(proto)
					put(b.Load(ctx.Field(asm.SkReuseportMdIPProtocol)))
					put(b.Load(ctx.Field(asm.SkReuseportMdBindInany)))
					word := b.Stack("word", 4)
					b.Call(asm.FnSKBLoadBytesRelative, ctx, 12, word, 4, asm.HdrStartNet)
					source := b.Load(word.U32(0))
					b.BE(source, 32)
					put(source)
					b.Call(asm.FnSKBLoadBytes, ctx, 2, word, 2)
					port := b.Load(word.U16(0))
					b.BE(port, 16)
					put(port)
					b.Return(asm.SkPass)
				})
				if err := sockets[0].Group.Attach(m); err != nil {
					t.Fatal(err)
				}
				send(t, net, vm.Datagram{From: at(tt.from), To: at(tt.to), Payload: []byte("hello"), Zerocopy: tt.zerocopy})
				var got []uint32
				for i := range tt.want {
					key := make([]byte, 4)
					order.PutUint32(key, uint32(i))
					value, err := m.Map("seen").Lookup(key)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, order.Uint32(value))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("len, data_end - data, EtherType, protocol, bind_inany, source, port (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Classic programs see what is behind the transport header, whether it is linear or not, and choose by index.
func TestGroupClassic(t *testing.T) {
	net := vm.NewNetwork()
	sockets := openGroup(t, net, 4, "127.0.0.1:443")
	group := sockets[0].Group
	group.AttachClassic(classicOf(t, func(b *classic.Builder) {
		b.LoadByte(0)
		b.ReturnA()
	}))
	from, to := at("127.0.0.1:5000"), at("127.0.0.1:443")
	choose := func(payload ...byte) vm.Arrival {
		plain := send(t, net, vm.Datagram{From: from, To: to, Payload: payload})
		for _, d := range []vm.Datagram{{Zerocopy: true}, {Segment: 1200}} {
			d.From, d.To, d.Payload = from, to, payload
			if got := send(t, net, d); got != plain {
				t.Errorf("%v: plain %+v, %+v", payload, plain, got)
			}
		}
		return plain
	}
	for i, s := range sockets {
		if got := choose(byte(i)); got != (vm.Arrival{Socket: s, By: vm.ByProgram, Result: uint32(i)}) {
			t.Errorf("index %d: %+v", i, got)
		}
	}
	// Beyond the group, the hash decides; a load beyond the packet returns 0.
	if got := choose(4); got.By != vm.ByHash {
		t.Errorf("index 4: %+v", got)
	}
	if got := choose(); got.Socket != sockets[0] || got.By != vm.ByProgram {
		t.Errorf("no payload: %+v", got)
	}
	// The last one takes the index of one that leaves.
	if err := sockets[1].Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{1, 4, 3}, cookies(group.Sockets())); diff != "" {
		t.Errorf("cookies after socket 2 was closed (-want +got):\n%s", diff)
	}
	if got := choose(1); got.Socket != sockets[3] {
		t.Errorf("index 1 afterwards: %+v", got)
	}
	if got := choose(3); got.By != vm.ByHash {
		t.Errorf("index 3 afterwards: %+v", got)
	}
	// What joins is the last one.
	joined := openGroup(t, net, 1, "127.0.0.1:443")[0]
	if got := choose(3); got.Socket != joined || joined.Group != group {
		t.Errorf("index 3 of the one that joined: %+v", got)
	}
	// A network header offset reads the destination address: 127.0.0.1.
	group.AttachClassic(classicOf(t, func(b *classic.Builder) {
		b.LoadByte(classic.NetOff + 19)
		b.ReturnA()
	}))
	if got := choose(9); got.Socket != group.Sockets()[1] {
		t.Errorf("by the last byte of the address: %+v", got)
	}
	steps := 0
	group.Trace = func(vm.ClassicStep) { steps++ }
	if send(t, net, vm.Datagram{From: from, To: to}); steps != 2 {
		t.Errorf("traced %d steps, want 2", steps)
	}
	group.Detach()
	if got := choose(1); got.By != vm.ByHash || got.Result != 0 {
		t.Errorf("without a program: %+v", got)
	}
}

func cookies(sockets []*vm.Socket) (c []uint64) {
	for _, s := range sockets {
		c = append(c, s.Cookie)
	}
	return c
}

// Without a program, a flow keeps its socket, and flows spread evenly.
func TestGroupHash(t *testing.T) {
	net := vm.NewNetwork()
	sockets := openGroup(t, net, 4, "127.0.0.1:443")
	got := make(map[*vm.Socket]int)
	for port := range 4000 {
		d := vm.Datagram{From: netip.AddrPortFrom(at("127.0.0.1:0").Addr(), uint16(20000+port)), To: at("127.0.0.1:443"), Payload: []byte{byte(port)}}
		first := send(t, net, d)
		d.Payload, d.Zerocopy = nil, true
		if again := send(t, net, d); again != first {
			t.Fatalf("port %d: %+v, then %+v", port, first, again)
		}
		got[first.Socket]++
	}
	for i, s := range sockets {
		if n := got[s]; n < 900 || n > 1100 {
			t.Errorf("socket %d has %d of 4000 flows", i, n)
		}
	}
}

// A socket that is closed, or connected, is out of the group, and out of the maps as far as the kernel takes it out.
func TestGroupLeave(t *testing.T) {
	net := vm.NewNetwork()
	sockets := openGroup(t, net, 3, "127.0.0.1:443")
	m := byCookie(t, sockets, nil)
	from, to := at("127.0.0.1:5000"), at("127.0.0.1:443")
	if err := sockets[0].Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Lookup([]byte{1}); !errors.Is(err, vm.ENOENT) {
		t.Errorf("the map still has it: %x, %v", got, err)
	}
	if got := send(t, net, vm.Datagram{From: from, To: to, Payload: []byte{1}}); got.By != vm.ByHash || got.Socket == sockets[0] {
		t.Errorf("for the closed socket: %+v", got)
	}
	if err := sockets[1].Connect(from); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Lookup([]byte{2}); err != nil {
		t.Errorf("the connected socket in the map: %v", err)
	}
	other := at("127.0.0.1:5001")
	if got := send(t, net, vm.Datagram{From: from, To: to, Payload: []byte{3}}); got != (vm.Arrival{Socket: sockets[1], By: vm.ByAddress}) {
		t.Errorf("from the peer of the connected socket: %+v", got)
	}
	if got := send(t, net, vm.Datagram{From: other, To: to, Payload: []byte{2}}); got.Socket != sockets[2] || got.By != vm.ByHash {
		t.Errorf("for the connected socket from someone else: %+v", got)
	}
	if err := sockets[2].Close(); err != nil {
		t.Fatal(err)
	}
	if got := send(t, net, vm.Datagram{From: other, To: to, Payload: []byte{3}}); got != (vm.Arrival{}) {
		t.Errorf("when nobody listens any more: %+v", got)
	}
}

// A REUSEPORT_SOCKARRAY loses a member that is connected.
func TestConnectLeavesSockArray(t *testing.T) {
	net := vm.NewNetwork()
	s := openGroup(t, net, 1, "127.0.0.1:443")[0]
	m, err := vm.NewMap(asm.MapSpec{Name: "array", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.UpdateSocket(make([]byte, 4), s, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(at("127.0.0.1:9")); err != nil {
		t.Fatal(err)
	}
	if got := m.LookupSocket(make([]byte, 4)); got != nil {
		t.Errorf("still there: %v", got.Local)
	}
}

func TestSendRefuses(t *testing.T) {
	net := vm.NewNetwork()
	tests := []struct {
		name string
		d    vm.Datagram
		want string
		is   error
	}{
		{"two families", vm.Datagram{From: at("[::1]:1"), To: at("127.0.0.1:1")}, "send from [::1]:1 to 127.0.0.1:1: EINVAL", vm.EINVAL},
		{"no sender", vm.Datagram{To: at("127.0.0.1:1")}, "to 127.0.0.1:1: EINVAL", vm.EINVAL},
		{"too long", vm.Datagram{From: at("127.0.0.1:2"), To: at("127.0.0.1:1"), Payload: make([]byte, 65508)}, "send 65508 bytes: EMSGSIZE", vm.EMSGSIZE},
		{"too many segments", vm.Datagram{From: at("127.0.0.1:2"), To: at("127.0.0.1:1"), Payload: make([]byte, 129), Segment: 1},
			"send 129 bytes in segments of 1: EINVAL", vm.EINVAL},
	}
	for _, tt := range tests {
		_, err := net.Send(tt.d)
		if !errors.Is(err, tt.is) || !contains(err, tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	d := vm.Datagram{From: at("[::1]:2"), To: at("[::1]:1"), Payload: make([]byte, 65527)}
	if got, err := net.Send(d); err != nil || got != (vm.Arrival{}) {
		t.Errorf("the longest over IPv6: %+v, %v", got, err)
	}
}

func TestAttachRefuses(t *testing.T) {
	net := vm.NewNetwork()
	group := openGroup(t, net, 1, "127.0.0.1:1")[0].Group
	ops := machine(t, nil, asm.SockOps, func(b *asm.Builder) { b.Return(1) })
	sockets, err := vm.NewMap(asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	array, err := vm.NewMap(asm.MapSpec{Name: "array", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	msg := machine(t, nil, asm.SkMsg, func(b *asm.Builder) { b.Return(1) })
	if err := sockets.AttachMsg(msg); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"to a group", group.Attach(ops), "attach program test of type sock_ops to a reuseport group: EINVAL"},
		{"to a cgroup", new(vm.Cgroup).Attach(msg), "attach program test of type sk_msg to a cgroup: EINVAL"},
		{"to an array", array.AttachMsg(msg), "attach program test of type sk_msg to map array of type array: EINVAL"},
		{"of another type to a socket map", sockets.AttachMsg(ops), "attach program test of type sock_ops to map sockets of type sockhash: EINVAL"},
		{"a second one to a socket map", sockets.AttachMsg(msg), "attach program test to map sockets: EBUSY"},
	}
	for _, tt := range tests {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, tt.err, tt.want)
		}
	}
}
