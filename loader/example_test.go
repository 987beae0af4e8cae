//go:build linux

package loader_test

import (
	"fmt"
	"log"
	"net"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// A socket that drops datagrams with less than four bytes, and counts them. TestExample runs it, with privileges.
func Example() {
	b := asm.NewBuilder("drop_short", asm.SocketFilter)
	b.DeclareMap(asm.MapSpec{Name: "dropped", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffLen)) // of UDP header and payload; returned, it keeps all of the datagram
	b.JumpIf(asm.R0.Ge(8+4), "keep")
	b.LdMapValue(asm.R1, "dropped", 0)
	b.Mov(asm.R2, 1)
	b.AtomicAdd(asm.R1.U64(0), asm.R2)
	b.Mov(asm.R0, 0)
	b.Label("keep")
	b.Exit()
	program, err := b.Program()
	if err != nil {
		log.Fatal(err)
	}
	object, err := reloc.NewObject(program)
	if err != nil {
		log.Fatal(err)
	}
	loaded, err := loader.LoadObject(object, nil)
	if err != nil {
		log.Fatalf("%+v", err)
	}
	defer loaded.Close()

	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	dropShort, _ := loaded.Program("drop_short")
	if err := loader.AttachSocketFilter(conn, dropShort); err != nil {
		log.Fatal(err)
	}

	for _, payload := range []string{"a", "abc", "abcd"} {
		if _, err := conn.WriteTo([]byte(payload), conn.LocalAddr()); err != nil {
			log.Fatal(err)
		}
	}
	buf := make([]byte, 16)
	n, err := conn.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	raw, _ := loaded.Map("dropped")
	dropped, err := maps.View[uint32, uint64](raw)
	if err != nil {
		log.Fatal(err)
	}
	count, err := dropped.Lookup(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("received %s, %d dropped\n", buf[:n], count)
	// Prints: received abcd, 2 dropped
}
