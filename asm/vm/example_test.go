package vm_test

import (
	"fmt"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// selector makes a program that selects the socket whose index is the first byte behind the UDP header.
func selector() (*asm.Program, error) {
	b := asm.NewBuilder("select_by_byte", asm.SkReuseport)
	workers := b.DeclareMap(asm.MapSpec{Name: "workers", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	ctx := b.Context()
	key := b.Stack("key", 4)
	b.Store(key.U32(0), 0)
	missing := b.Call(asm.FnSKBLoadBytes, ctx, 8, key.U8(0), 1)
	b.If(missing.Eq(0), func() {
		b.Call(asm.FnSkSelectReuseport, ctx, workers, key.U32(0), 0)
	})
	b.Return(asm.SkPass)
	return b.Program()
}

// A selector of sockets, run on two datagrams.
func ExampleMachine() {
	program, err := selector()
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := vm.New(program, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	group := &vm.Group{}
	open := func(cookie uint64) *vm.Socket {
		return &vm.Socket{
			Cookie: cookie, Family: asm.AFInet, Type: asm.SockDgram, Protocol: asm.IPProtoUDP,
			Local: netip.MustParseAddrPort("127.0.0.1:4433"), Group: group,
		}
	}
	listener, worker := open(1), open(2)
	if err := m.Map("workers").UpdateSocket([]byte{1, 0, 0, 0}, worker, asm.UpdateAny); err != nil {
		fmt.Println(err)
		return
	}

	for _, first := range []byte{1, 3} {
		datagram := &vm.ReuseportContext{Data: []byte{0x12, 0x34, 0x11, 0x51, 0, 12, 0, 0, first, 'h', 'i', '!'}, Socket: listener}
		verdict, err := m.Run(datagram)
		fmt.Println(verdict == asm.SkPass, datagram.Selected == worker, err)
	}
	// Output:
	// true true <nil>
	// true false <nil>
}

// A program that looks beyond the packet ends with a Fault that names the line and the place.
func ExampleFault() {
	b := asm.NewBuilder("careless", asm.XDP)
	data := b.Load(b.Context().Field(asm.XDPMdData))
	b.Return(b.Load(data.U32(14)))
	program, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := vm.New(program, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = m.Run(&vm.XDPContext{Data: make([]byte, 16)})
	fmt.Println(err)
	// Output:
	// example_test.go:66: careless: instruction 1: r0 = *(u32 *)(r0 + 14): read of 4 bytes at offset 14 of the packet (16 bytes): outside the memory
}
