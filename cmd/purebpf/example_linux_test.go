package main

import (
	"fmt"
	"log"
	"net"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// Example counts the datagrams that a socket gets, by their length.
func Example() {
	counts, err := maps.New[uint32, uint64](asm.MapSpec{Name: "counts", Type: asm.MapArray, MaxEntries: 2048}, nil)
	check(err)
	defer counts.Close()

	// Write: counts[skb->len]++, and let the datagram pass.
	b := asm.NewBuilder("count_by_length", asm.SocketFilter)
	key := b.Stack("key", 4)
	b.Store(key.U32(0), b.Load(b.Context().Field(asm.SkBuffLen)))
	count := b.Call(asm.FnMapLookupElem, b.DeclareMap(counts.Spec()), key)
	b.If(count.NotEq(0), func() {
		b.AtomicAdd(count.U64(0), b.Copy(1))
	})
	b.Return(0xffff) // the number of bytes to keep
	program, err := b.Program()
	check(err) // names the line above that is wrong

	// Link: put the map's descriptor where the program names the map. Load: hand the program to the kernel.
	linked, err := reloc.Link(program, reloc.Symbols{"counts": reloc.Map(counts.FD(), counts.Spec())})
	check(err)
	loaded, err := loader.Load(linked, nil)
	check(err) // shows the verifier's log
	defer loaded.Close()

	// Attach: to any socket of package net.
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	defer conn.Close()
	check(loader.AttachSocketFilter(conn, loaded))

	for _, text := range []string{"one", "two", "three"} {
		_, err := conn.WriteTo([]byte(text), conn.LocalAddr())
		check(err)
	}
	n, err := counts.Lookup(8 + 3) // the filter sees the UDP header, too
	check(err)
	fmt.Println(n, "datagrams of 3 bytes")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
