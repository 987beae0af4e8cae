package classic_test

import (
	"fmt"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// A filter for SO_ATTACH_REUSEPORT_CBPF: the payload's third byte modulo 4 is the index of the socket. A payload
// that has no third byte gets 4, which is the index of no socket, so that the kernel's hash decides; without the
// guard the load would end the program with 0 and send all of them to the first socket.
func Example() {
	const (
		offset  = 2
		sockets = 4
	)
	b := classic.NewBuilder("byte_modulo")
	b.LoadLen()
	b.JumpIf(classic.Le(offset), "short")
	b.LoadByte(offset)
	b.Mod(sockets)
	b.ReturnA()
	b.Label("short")
	b.Return(sockets)
	program, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program)

	vm, err := bpf.NewVM(program.Instructions())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, payload := range []string{"", "ab", "abc", "abcd"} {
		socket, err := vm.Run([]byte(payload))
		fmt.Printf("%q: %d %v\n", payload, socket, err)
	}
	// Output:
	// l0:	ld #len
	// l1:	jgt #0x2, l2, l5
	// l2:	ldb [2]
	// l3:	mod #4
	// l4:	ret a
	// l5:	ret #0x4
	// "": 4 <nil>
	// "ab": 4 <nil>
	// "abc": 3 <nil>
	// "abcd": 3 <nil>
}

// A filter from tcpdump, made elsewhere, becomes a program that has been checked.
func ExampleParseCArray() {
	program, err := classic.ParseCArray("arp.c", []byte(`
		/* tcpdump -dd -y EN10MB arp */
		{ 0x28, 0, 0, 0x0000000c },
		{ 0x15, 0, 1, 0x00000806 },
		{ 0x6, 0, 0, 0x00040000 },
		{ 0x6, 0, 0, 0x00000000 },`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program.Tcpdump())
	fmt.Println(program.OneLine())
	// Output:
	// (000) ldh      [12]
	// (001) jeq      #0x806           jt 2	jf 3
	// (002) ret      #262144
	// (003) ret      #0
	// 4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0
}

// A filter that somebody wrote down, for bpf_asm.
func ExampleParseText() {
	program, err := classic.ParseText("udp.bpf", []byte(`
		      ldh [12]
		      jne #0x800, drop  ; not IPv4
		      ldb [23]
		      jne #17, drop     ; not UDP
		      ret #-1
		drop: ret #0`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program.Tcpdump())
	fmt.Println("the last instruction is from", program.Position(program.Len()-1))

	_, err = classic.ParseText("mistaken.bpf", []byte("ldh [12\njeq #0x100000800, drop\nret a"))
	fmt.Println(err)
	// Output:
	// (000) ldh      [12]
	// (001) jeq      #0x800           jt 2	jf 5
	// (002) ldb      [23]
	// (003) jeq      #0x11            jt 4	jf 5
	// (004) ret      #-1
	// (005) ret      #0
	// the last instruction is from udp.bpf:7
	// mistaken.bpf:1:8: expected ], found the end of the line
	// mistaken.bpf:2:6: 0x100000800 does not fit 32 bits
}

// Mistakes come out together, each at the line that made it.
func ExampleBuilder_Program() {
	b := classic.NewBuilder("mistaken")
	b.LoadByte(classic.NetOff + 9)
	b.Div(0)
	b.JumpIf(classic.Eq(17), "udp")
	b.Return(0)
	_, err := b.Program()
	fmt.Println(err)
	// Output:
	// example_test.go:112: mistaken: instruction 1: div #0: division by the constant zero
	// example_test.go:113: mistaken: instruction 2: jeq #0x11: label udp is not defined
}
