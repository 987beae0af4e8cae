package reloc_test

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

func ExampleLink() {
	b := asm.NewBuilder("first_worker", asm.SkReuseport)
	b.St(asm.FP.U32(-4), 0)
	b.LdMap(asm.R2, "workers")
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, -4)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnSkSelectReuseport)
	b.Mov(asm.R0, asm.SkPass)
	b.Exit()
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}

	// In earnest the descriptor is a map's: maps.Map.FD.
	linked, err := reloc.Link(p, reloc.Symbols{"workers": reloc.MapFD(12)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("before:", p.At(1), p.References())
	fmt.Println("after: ", linked.At(1), linked.References())

	_, err = reloc.Link(p, reloc.Symbols{"worker": reloc.MapFD(12)})
	fmt.Println(err)
	// Output:
	// before: ld_pseudo r2, 1, 0 [{1 map workers}]
	// after:  ld_pseudo r2, 1, 12 []
	// link: unknown symbol worker: no program refers to it
	// example_test.go:13: program first_worker: instruction 1: unresolved symbol workers
}
