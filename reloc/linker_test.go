package reloc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// library has three functions; double calls add, and nobody calls unused.
func library(t testing.TB) *asm.Program {
	return build(t, "add", asm.UnspecProgram, func(b *asm.Builder) {
		b.Mov(asm.R0, asm.R1)
		b.Add(asm.R0, asm.R2)
		b.Exit()

		b.Subprogram("double")
		b.LdMap(asm.R3, "workers")
		b.Mov(asm.R2, asm.R1)
		b.CallSubprogram("add")
		b.JumpIf(asm.R0.Eq(0), "out")
		b.Mov(asm.R4, 1)
		b.Label("out")
		b.Exit()

		b.Subprogram("unused")
		b.LdMap(asm.R3, "never")
		b.Exit()
	})
}

func TestLinkCopiesTheFunctionsThatAreCalled(t *testing.T) {
	p := build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		b.Label("out")
		b.Mov(asm.R1, 21)
		b.CallSubprogram("double")
		b.CallSubprogram("double")
		b.CallSubprogram("local")
		b.Exit()
		b.Subprogram("local")
		b.LdFunc(asm.R2, "double")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	// Only a function that nobody calls refers to "never": its value may be left out.
	linked, err := object(t, library(t), p).Link(reloc.Symbols{"workers": reloc.MapFD(5)})
	if err != nil {
		t.Fatal(err)
	}
	if len(linked) != 1 || linked[0].Name() != "main" {
		t.Fatalf("linked %d programs, want main alone", len(linked))
	}
	want := `main:
out:
	r1 = 21
	call double
	call double
	call local
	exit
local:
	r2 = double ll
	r0 = 0
	exit
double:
	ld_pseudo r3, 1, 5
	r2 = r1
	call add
	if r0 == 0 goto add.out
	r4 = 1
add.out:
	exit
add:
	r0 = r1
	r0 += r2
	exit
`
	if diff := cmp.Diff(want, linked[0].String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Distances are counted in slots from the next one, by hand: main is 0-4, local 5-8, double 9-15, add 16-18.
	for i, imm := range map[int]int64{1: 9 - 2, 2: 9 - 3, 3: 5 - 4, 5: 9 - 6, 10: 16 - 13} {
		if got := int64(int32(linked[0].At(i).Imm)); got != imm {
			t.Errorf("instruction %d, %v: distance %d, want %d", i, linked[0].At(i), got, imm)
		}
	}
	if got := linked[0].Position(8).String(); !strings.HasPrefix(got, "linker_test.go:") {
		t.Errorf("the copied function's position is %s", got)
	}
}

// TestLinkPlacesFunctionsDepthFirst: bpf_object__reloc_code of libbpf appends a function and goes on inside it before it
// returns to the caller. Breadth first it would be main, a, d, b, c.
func TestLinkPlacesFunctionsDepthFirst(t *testing.T) {
	function := func(name string, kind asm.ProgramType, callees ...string) *asm.Program {
		return build(t, name, kind, func(b *asm.Builder) {
			for i, callee := range callees {
				if i%2 == 0 {
					b.CallSubprogram(callee)
				} else {
					b.LdFunc(asm.R2, callee)
				}
			}
			b.LdMap(asm.R1, "map_"+name)
			b.Exit()
		})
	}
	o := object(t,
		function("c", asm.UnspecProgram),
		function("main", asm.SocketFilter, "a", "d", "a"),
		function("a", asm.UnspecProgram, "b", "c"),
		function("b", asm.UnspecProgram, "d", "b"),
		function("d", asm.UnspecProgram),
	)
	linked, err := o.Link(reloc.Symbols{"map_main": reloc.MapFD(10), "map_a": reloc.MapFD(11), "map_b": reloc.MapFD(12),
		"map_c": reloc.MapFD(13), "map_d": reloc.MapFD(14)})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, f := range linked[0].Functions() {
		order = append(order, f.Name)
	}
	if diff := cmp.Diff([]string{"main", "a", "b", "d", "c"}, order); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	// main is slots 0-6, a 7-12, b 13-18, d 19-21, c 22-24; a distance counts from the slot behind the first of the instruction.
	want := []string{
		"call 6", "func 17", "call 3", "map 10", "exit",
		"call 5", "func 13", "map 11", "exit",
		"call 5", "func -2", "map 12", "exit",
		"map 14", "exit",
		"map 13", "exit",
	}
	var got []string
	for _, ins := range linked[0].All() {
		switch {
		case ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
			got = append(got, fmt.Sprintf("func %d", int32(ins.Imm)))
		case ins.Op == asm.OpLdImm64:
			got = append(got, fmt.Sprintf("map %d", ins.Imm))
		case ins.Src == asm.CallSubprogram:
			got = append(got, fmt.Sprintf("call %d", ins.Imm))
		default:
			got = append(got, ins.String())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("instructions (-want +got):\n%s", diff)
	}
	var resolved []int
	for _, r := range linked[0].Spec().Resolved {
		resolved = append(resolved, r.Index)
	}
	if diff := cmp.Diff([]int{3, 7, 11, 13, 15}, resolved); diff != "" {
		t.Errorf("resolved references are not in the order of the instructions (-want +got):\n%s", diff)
	}
}

func TestLinkFunctionsRefuses(t *testing.T) {
	call := func(name string) *asm.Program {
		return build(t, "main", asm.SocketFilter, func(b *asm.Builder) { b.CallSubprogram(name); b.Exit() })
	}
	load := func(name string) *asm.Program {
		return build(t, "main", asm.SocketFilter, func(b *asm.Builder) { b.LdMap(asm.R1, name); b.Exit() })
	}
	function := func(program string, typ asm.ProgramType, name string) *asm.Program {
		return build(t, program, typ, func(b *asm.Builder) { b.Exit(); b.Subprogram(name); b.Exit() })
	}
	tests := []struct {
		name     string
		programs []*asm.Program
		symbols  reloc.Symbols
		is       error
		want     string
	}{
		{"nowhere", []*asm.Program{call("f")}, nil, reloc.ErrUnresolved, "unresolved symbol f"},
		{"twice", []*asm.Program{call("f"), function("a", asm.UnspecProgram, "f"), function("b", asm.UnspecProgram, "f")}, nil,
			reloc.ErrDuplicate, "programs a and b both have a subprogram f"},
		{"of another type", []*asm.Program{call("f"), function("a", asm.XDP, "f")}, nil, reloc.ErrWrongKind,
			"f is a function of a xdp program, called in a socket_filter program"},
		{"map called", []*asm.Program{call("f")}, reloc.Symbols{"f": reloc.MapFD(3)}, reloc.ErrWrongKind, "f is a map, not a subprogram"},
		{"function loaded as a map", []*asm.Program{load("f"), function("a", asm.UnspecProgram, "f")}, nil, reloc.ErrWrongKind,
			"f is a function of the object, the program needs a map"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := object(t, tt.programs...).Link(tt.symbols)
			if !errors.Is(err, tt.is) || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant ... %s", err, tt.want)
			}
		})
	}
}

// An object without a program is not linked to nothing without a word.
func TestLinkRefusesFunctionsOnly(t *testing.T) {
	_, err := object(t, library(t)).Link(reloc.Symbols{"workers": reloc.MapFD(5), "never": reloc.MapFD(6)})
	want := "link: symbol of a wrong kind: no program of the object has a type, and those of type unspec are functions of others (add is the first)"
	if !errors.Is(err, reloc.ErrWrongKind) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRecursionLinks(t *testing.T) {
	// The verifier bounds recursion, not the linker: it must end all the same.
	a := build(t, "a", asm.UnspecProgram, func(b *asm.Builder) { b.CallSubprogram("b"); b.Exit() })
	bb := build(t, "b", asm.UnspecProgram, func(b *asm.Builder) { b.CallSubprogram("a"); b.Exit() })
	p := build(t, "main", asm.XDP, func(b *asm.Builder) { b.CallSubprogram("a"); b.Exit() })
	linked, err := object(t, p, a, bb).Link(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := linked[0].Len(), 6; got != want {
		t.Errorf("%d instructions, want %d", got, want)
	}
}

func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, "workers", 3)
	f.Add([]byte{4, 5, 0, 0, 1, 3, 2}, "f1", -1)
	f.Fuzz(func(t *testing.T, script []byte, symbol string, fd int) {
		// Every byte appends something to one of three programs that refer to each other.
		builders := []*asm.Builder{asm.NewBuilder("f0", asm.XDP), asm.NewBuilder("f1", asm.UnspecProgram), asm.NewBuilder("f2", asm.SkMsg)}
		names := []string{"f0", "f1", "f2", "sub", "workers", symbol}
		for n, c := range script {
			b, name := builders[int(c)%3], names[int(c>>2)%len(names)]
			switch n % 5 {
			case 0:
				b.LdMap(asm.R1, name)
			case 1:
				b.CallSubprogram(name)
			case 2:
				b.LdFunc(asm.R2, name)
			case 3:
				b.LdMapValue(asm.R2, name, uint32(c))
			case 4:
				b.Exit()
				b.Subprogram(name)
			}
		}
		var programs []*asm.Program
		for _, b := range builders {
			b.Exit()
			if p, err := b.Program(); err == nil {
				programs = append(programs, p)
			}
		}
		o, err := reloc.NewObject(programs...)
		if err != nil {
			return
		}
		linked, err := o.Link(reloc.Symbols{symbol: reloc.MapFD(fd), "workers": reloc.MapFD(3)})
		if err != nil {
			return
		}
		for _, p := range linked {
			if !p.Linked() {
				t.Errorf("linked without error, and yet references are left:\n%v", p)
			}
		}
	})
}
