package bytemod_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/purebpf/purebpf/programs/bytemod"
)

// Four workers share a port; the second byte of a datagram says which of them it is for.
func Example() {
	group, err := bytemod.ListenPacket(context.Background(), "udp", "127.0.0.1:0", &bytemod.Options{Workers: 4, Offset: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Close()

	client, err := net.Dial("udp", group.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for b := byte(8); b < 12; b++ {
		client.Write([]byte{'#', b, '!'})
	}

	for i, conn := range group.Sockets() {
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		buf := make([]byte, 100)
		n, err := conn.Read(buf)
		fmt.Println("worker", i, buf[:n], err)
	}
	// Output:
	// worker 0 [35 8 33] <nil>
	// worker 1 [35 9 33] <nil>
	// worker 2 [35 10 33] <nil>
	// worker 3 [35 11 33] <nil>
}

// The filter in the syntax of the kernel's bpf_asm.
func ExampleProgram() {
	program, err := bytemod.Program(1, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program)
	// Output:
	// l0:	ld #len
	// l1:	jgt #0x1, l2, l5
	// l2:	ldb [1]
	// l3:	mod #4
	// l4:	ret a
	// l5:	ret #0xffffffff
}
