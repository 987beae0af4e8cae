package reloc_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// TestLinkSome: what is linked in two steps is what is linked in one.
func TestLinkSome(t *testing.T) {
	o := object(t, library(t), build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		b.LdMap(asm.R6, "ports")
		b.CallSubprogram("double")
		b.LdMapValue(asm.R7, "config", 8)
		b.Exit()
	}))
	want, err := o.Link(reloc.Symbols{"ports": reloc.MapFD(3), "config": reloc.MapFD(4), "workers": reloc.MapFD(5)})
	if err != nil {
		t.Fatal(err)
	}
	some, err := o.LinkSome(reloc.Symbols{"config": reloc.MapFD(4)})
	if err != nil {
		t.Fatal(err)
	}
	if len(some) != 1 {
		t.Fatalf("%d programs, want main alone", len(some))
	}
	// main is instructions 0 to 3, the first of double is 4.
	left := []asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: "ports"}, {Index: 4, Kind: asm.RefMap, Symbol: "workers"}}
	if diff := cmp.Diff(left, some[0].References()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	got, err := reloc.Link(some[0], reloc.Symbols{"ports": reloc.MapFD(3), "workers": reloc.MapFD(5)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[0].Spec(), got.Spec(), cmp.Comparer(asm.MapSpec.Equal)); diff != "" {
		t.Errorf("in two steps (-in one +got):\n%s", diff)
	}
	if _, err := o.LinkSome(reloc.Symbols{"nosuch": reloc.MapFD(4)}); !errors.Is(err, reloc.ErrUnknownSymbol) {
		t.Errorf("with a map that nothing refers to: %v, want %v", err, reloc.ErrUnknownSymbol)
	}
}

func TestLinkSomeOfFunctionsOnly(t *testing.T) {
	some, err := object(t, library(t)).LinkSome(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(some) != 1 || some[0].Name() != "add" || some[0].Type() != asm.UnspecProgram {
		t.Errorf("got %v, want the functions as they are", some)
	}
}

// TestLinkManyFunctions: time grows with the number of functions, not with its square.
func TestLinkManyFunctions(t *testing.T) {
	const n = 20_000
	exit := asm.Instruction{Op: 0x95}
	spec := asm.ProgramSpec{Name: "functions"}
	main := asm.ProgramSpec{Name: "main", Type: asm.SocketFilter}
	for i := range n {
		name := fmt.Sprintf("f%d", i)
		spec.Functions = append(spec.Functions, asm.Label{Name: name, Index: 2 * i})
		spec.Instructions = append(spec.Instructions, asm.Instruction{Op: 0xb7, Imm: int64(i)}, exit)
		main.References = append(main.References, asm.Reference{Index: i, Kind: asm.RefCall, Symbol: name})
		main.Instructions = append(main.Instructions, asm.Instruction{Op: 0x85, Src: asm.CallSubprogram, Imm: -1})
	}
	main.Instructions = append(main.Instructions, exit)
	var programs []*asm.Program
	for _, s := range []asm.ProgramSpec{spec, main} {
		p, err := asm.NewProgram(s)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	linked, err := object(t, programs...).Link(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := linked[0].Len(), n+1+2*n; got != want {
		t.Errorf("%d instructions, want %d", got, want)
	}
}
