package vm_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// Three sockets share an address, and a program selects among them by the first byte of the datagram.
func ExampleNetwork_group() {
	b := asm.NewBuilder("by_first_byte", asm.SkReuseport)
	sockets := b.DeclareMap(asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 1, ValueSize: 8, MaxEntries: 3})
	ctx, key := b.Context(), b.Stack("key", 1)
	const payload = 8 // behind the UDP header
	b.If(b.Call(asm.FnSKBLoadBytes, ctx, payload, key, 1).Eq(0), func() {
		b.Call(asm.FnSkSelectReuseport, ctx, sockets, key, 0)
	})
	b.Return(asm.SkPass)
	program, err := b.Program()
	check(err)
	m, err := vm.New(program, nil)
	check(err)

	net := vm.NewNetwork()
	address := netip.MustParseAddrPort("127.0.0.1:4433")
	for i := range 3 {
		s, err := net.ListenUDP(address, nil)
		check(err)
		check(m.Map("sockets").UpdateSocket([]byte{byte('a' + i)}, s, asm.UpdateNoExist))
		check(s.Group.Attach(m))
	}

	client := netip.MustParseAddrPort("127.0.0.1:50000")
	for _, d := range []vm.Datagram{
		{Payload: []byte("apple")},
		{Payload: []byte("cherry"), Zerocopy: true}, // the payload is not linear
		{Payload: []byte("damson")},
	} {
		d.From, d.To = client, address
		arrival, err := net.Send(d)
		check(err)
		fmt.Printf("%s: by %v", d.Payload, arrival.By)
		if arrival.By == vm.ByProgram {
			fmt.Printf(", to the socket with cookie %d", arrival.Socket.Cookie)
		}
		fmt.Println()
	}
	// Output:
	// apple: by program, to the socket with cookie 1
	// cherry: by program, to the socket with cookie 3
	// damson: by hash
}

// A program is told of connections of a cgroup and puts them into a map; another one, attached to the map, redirects what
// they send to the other end.
func ExampleNetwork_cgroup() {
	spec := asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	ops := asm.NewBuilder("record", asm.SockOps)
	ctx, key := ops.Context(), ops.Stack("key", 4)
	sockets := ops.DeclareMap(spec)
	ops.Store(key.U32(0), ops.Load(ctx.Field(asm.SockOpsLocalPort)))
	ops.Call(asm.FnSockHashUpdate, ctx, sockets, key, asm.UpdateAny) // fails unless it is established
	ops.Return(1)
	record, err := ops.Program()
	check(err)

	msg := asm.NewBuilder("redirect", asm.SkMsg)
	ctx, key = msg.Context(), msg.Stack("key", 4)
	sockets = msg.DeclareMap(spec)
	port := msg.Load(ctx.Field(asm.SkMsgMdRemotePort))
	msg.BE(port, 32) // it is loaded as htonl(port)
	msg.Store(key.U32(0), port)
	msg.Return(msg.Call(asm.FnMsgRedirectHash, ctx, sockets, key, asm.FIngress))
	redirect, err := msg.Program()
	check(err)

	recorder, err := vm.New(record, nil)
	check(err)
	redirector, err := vm.New(redirect, &vm.Options{Maps: map[string]*vm.Map{"sockets": recorder.Map("sockets")}})
	check(err)
	var cgroup vm.Cgroup
	check(cgroup.Attach(recorder))
	check(recorder.Map("sockets").AttachMsg(redirector))

	net := vm.NewNetwork()
	listener, err := net.ListenTCP(netip.MustParseAddrPort("127.0.0.1:80"), &vm.SocketOptions{Cgroup: &cgroup})
	check(err)
	client, err := net.Dial(listener.Local, &vm.DialOptions{Cgroup: &cgroup})
	check(err)
	server := listener.Accept()
	sent, err := client.Send([]byte("hello"))
	check(err)
	data, _ := server.Receive()
	fmt.Printf("%s, redirected: %v, TCP segments with data: %d\n", data, sent[0].Redirected, client.TCP.DataSegsOut)
	// Output:
	// hello, redirected: true, TCP segments with data: 0
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
