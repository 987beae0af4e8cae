package elf_test

import (
	"fmt"
	"log"
	"os"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// An object in nginx's way: the name of the section does not say what the program is, and the map is a symbol that the
// server gives a value.
func ExampleRead() {
	file, err := os.ReadFile("testdata/clang/reuseport.v4.o")
	check(err)
	object, err := elf.Read("reuseport.o", file)
	check(err)
	spec := object.Programs()[0].Spec()
	fmt.Println(spec.Name, "is of type", spec.Type, "and refers to", spec.References[0].Symbol)

	spec.Type = asm.SkReuseport
	program, err := asm.NewProgram(spec)
	check(err)
	linked, err := reloc.Link(program, reloc.Symbols{"quic_sockmap": reloc.MapFD(7)}) // a sockhash of the server's
	check(err)
	for i := range 4 {
		fmt.Printf("%v // %v: %s\n", linked.At(i), linked.Position(i), linked.Comment(i))
	}
	// Output:
	// select_by_dcid is of type unspec and refers to quic_sockmap
	// r6 = r1 // reuseport.c:19: int select_by_dcid(struct sk_reuseport_md *ctx)
	// r3 = r10 // reuseport.c:19: int select_by_dcid(struct sk_reuseport_md *ctx)
	// r3 += -1 // reuseport.c:19: int select_by_dcid(struct sk_reuseport_md *ctx)
	// w2 = 8 // reuseport.c:25: if (bpf_skb_load_bytes(ctx, at - 1, &first, 1))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
