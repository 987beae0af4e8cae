package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/graph"
)

// describe writes a graph in a few words: blocks with their instructions and what holds for them, edges, loops, calls.
func describe(g *graph.Graph) string {
	var s strings.Builder
	blocks := g.Blocks()
	name := func(b int) string {
		if b < 0 {
			return "none"
		}
		return blocks[b].Name
	}
	for i, f := range g.Functions() {
		if i > 0 {
			fmt.Fprintf(&s, "function %s %s\n", f.Name, name(f.First))
		}
		for _, b := range blocks[f.First:f.End] {
			fmt.Fprintf(&s, "%s %d-%d dom %s", b.Name, b.First, b.End-1, name(b.Dominator))
			if b.Unreachable {
				s.WriteString(" unreachable")
			}
			if b.Open {
				s.WriteString(" open")
			}
			s.WriteByte('\n')
		}
	}
	for _, e := range g.Edges() {
		back := ""
		if e.Back {
			back = " back"
		}
		fmt.Fprintf(&s, "%s -> %s %v%s\n", name(e.From), name(e.To), e.Kind, back)
	}
	loops := g.Loops()
	for i, l := range loops {
		outer, entries := "", ""
		if l.Outer >= 0 {
			outer = " in " + name(loops[l.Outer].Header)
		}
		if l.Entries {
			entries = " entries"
		}
		fmt.Fprintf(&s, "loop %s%s depth %d%s:", name(l.Header), outer, l.Depth, entries)
		n := 0
		for _, b := range blocks {
			for in := b.Loop; in >= 0; in = loops[in].Outer {
				if in == i {
					s.WriteString(" " + b.Name)
					n++
				}
			}
		}
		if n != l.Blocks {
			fmt.Fprintf(&s, " but Blocks is %d", l.Blocks)
		}
		s.WriteByte('\n')
	}
	for _, c := range g.Calls() {
		to := "elsewhere"
		if c.Function >= 0 {
			to = g.Functions()[c.Function].Name
		}
		fmt.Fprintf(&s, "%d in %s: %v %s %s\n", c.Instruction, name(c.Block), c.Kind, c.Name, to)
	}
	return s.String()
}

func TestGraph(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(b *asm.Builder)
		want  string
	}{
		{"one instruction", func(b *asm.Builder) {
			b.Exit()
		}, `
f 0-0 dom none
`},
		{"a call does not end a block", func(b *asm.Builder) {
			b.CallHelper(asm.FnKtimeGetNS)
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-2 dom none
`},
		{"if and else", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.JumpIf(asm.R1.Eq(0), "else")
			b.LdImm64(asm.R0, int64(1)<<40) // two slots
			b.Jump("end")
			b.Label("else")
			b.Mov(asm.R0, 1)
			b.Label("end")
			b.Exit()
		}, `
f 0-1 dom none
L2 2-3 dom f
else 4-4 dom f
end 5-5 dom f
f -> else taken
f -> L2 not taken
L2 -> end jump
else -> end next
`},
		{"a jump to the next instruction", func(b *asm.Builder) {
			b.JumpIf(asm.R1.Eq(0), "next")
			b.Label("next")
			b.Exit()
		}, `
f 0-0 dom none
next 1-1 dom f
f -> next taken
f -> next not taken
`},
		{"slots in names, not instructions", func(b *asm.Builder) {
			b.LdImm64(asm.R0, int64(1)<<40)
			b.JumpIf(asm.R1.Eq(0), "end")
			b.Mov(asm.R0, 1)
			b.Label("end")
			b.Exit()
		}, `
f 0-1 dom none
L3 2-2 dom f
end 3-3 dom f
f -> end taken
f -> L3 not taken
L3 -> end next
`},
		{"a chain like a switch", func(b *asm.Builder) {
			b.JumpIf(asm.R1.Eq(1), "one")
			b.JumpIf(asm.R1.Eq(2), "two")
			b.Jump("end")
			b.Label("one")
			b.Mov(asm.R0, 1)
			b.Jump("end")
			b.Label("two")
			b.Mov(asm.R0, 2)
			b.Label("end")
			b.Exit()
		}, `
f 0-0 dom none
L1 1-1 dom f
L2 2-2 dom L1
one 3-4 dom f
two 5-5 dom L1
end 6-6 dom f
f -> one taken
f -> L1 not taken
L1 -> two taken
L1 -> L2 not taken
L2 -> end jump
one -> end jump
two -> end next
`},
		{"loops in each other", func(b *asm.Builder) {
			b.Mov(asm.R1, 8)
			b.Label("outer")
			b.Mov(asm.R2, 8)
			b.Label("inner")
			b.Sub(asm.R2, 1)
			b.JumpIf(asm.R2.NotEq(0), "inner")
			b.Sub(asm.R1, 1)
			b.JumpIf(asm.R1.NotEq(0), "outer")
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-0 dom none
outer 1-1 dom f
inner 2-3 dom outer
L4 4-5 dom inner
L6 6-7 dom L4
f -> outer next
outer -> inner next
inner -> inner taken back
inner -> L4 not taken
L4 -> outer taken back
L4 -> L6 not taken
loop outer depth 1: outer inner L4
loop inner in outer depth 2: inner
`},
		{"a loop with two ways back", func(b *asm.Builder) {
			b.Mov(asm.R1, 8)
			b.Label("head")
			b.Sub(asm.R1, 1)
			b.JumpIf(asm.R1.Eq(3), "head")
			b.JumpIf(asm.R1.NotEq(0), "head")
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-0 dom none
head 1-2 dom f
L3 3-3 dom head
L4 4-5 dom L3
f -> head next
head -> head taken back
head -> L3 not taken
L3 -> head taken back
L3 -> L4 not taken
loop head depth 1: head L3
`},
		{"a loop whose header is the entry", func(b *asm.Builder) {
			b.Label("again")
			b.MayGoto("out")
			b.Jump("again")
			b.Label("out")
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-0 dom none
L1 1-1 dom f
out 2-3 dom f
f -> out taken
f -> L1 not taken
L1 -> f jump back
loop f depth 1: f L1
`},
		{"a long jump back", func(b *asm.Builder) {
			b.Mov(asm.R1, 8)
			b.Label("again")
			b.Sub(asm.R1, 1)
			b.JumpIf(asm.R1.Eq(0), "out")
			b.JumpLong("again")
			b.Label("out")
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-0 dom none
again 1-2 dom f
L3 3-3 dom again
out 4-5 dom again
f -> again next
again -> out taken
again -> L3 not taken
L3 -> again jump back
loop again depth 1: again L3
`},
		{"a loop with two entries", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.JumpIf(asm.R1.Eq(0), "second")
			b.Label("first")
			b.Add(asm.R0, 1)
			b.Label("second")
			b.Add(asm.R0, 2)
			b.JumpIf(asm.R0.Lt(100), "first")
			b.Exit()
		}, `
f 0-1 dom none
first 2-2 dom f
second 3-4 dom f
L5 5-5 dom second
f -> second taken
f -> first not taken
first -> second next
second -> first taken back
second -> L5 not taken
loop first depth 1 entries: first second
`},
		{"subprograms and a callback", func(b *asm.Builder) {
			b.CallSubprogram("sub")
			b.LdFunc(asm.R2, "callback")
			b.CallSubprogram("elsewhere")
			b.Exit()
			b.Subprogram("sub")
			b.JumpIf(asm.R1.Eq(0), "out")
			b.CallSubprogram("sub2")
			b.Label("out")
			b.Exit()
			b.Subprogram("sub2")
			b.Mov(asm.R0, 0)
			b.Exit()
			b.Subprogram("callback")
			b.Mov(asm.R0, 0)
			b.Exit()
		}, `
f 0-3 dom none
function sub sub
sub 4-4 dom none
L6 5-5 dom sub
out 6-6 dom sub
function sub2 sub2
sub2 7-8 dom none
function callback callback
callback 9-10 dom none
sub -> out taken
sub -> L6 not taken
L6 -> out next
0 in f: subprogram sub sub
1 in f: function callback callback
2 in f: subprogram elsewhere elsewhere
5 in L6: subprogram sub2 sub2
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := asm.NewBuilder("f", asm.SocketFilter)
			test.write(b)
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), describe(graph.New(p))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A Builder refuses these, but a Program may come from elsewhere.
func TestGraphOfWhatIsWrong(t *testing.T) {
	mov := asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU64, asm.OpMov, asm.K)}
	exit := asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpExit, asm.K)}
	jump := func(off int16) asm.Instruction {
		return asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpJA, asm.K), Off: off}
	}
	jeq := func(off int16) asm.Instruction {
		return asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpJEq, asm.K), Off: off}
	}
	for _, test := range []struct {
		name string
		spec asm.ProgramSpec
		want string
	}{
		{"runs out", asm.ProgramSpec{Instructions: []asm.Instruction{mov}}, `
f 0-0 dom none open
`},
		{"may run out", asm.ProgramSpec{Instructions: []asm.Instruction{mov, jeq(-2)}}, `
f 0-1 dom none open
f -> f taken back
loop f depth 1: f
`},
		{"runs into the next function", asm.ProgramSpec{
			Instructions: []asm.Instruction{mov, exit},
			Functions:    []asm.Label{{Name: "f"}, {Name: "g", Index: 1}},
		}, `
f 0-0 dom none open
function g g
g 1-1 dom none
`},
		{"unreachable", asm.ProgramSpec{Instructions: []asm.Instruction{jump(1), mov, exit}}, `
f 0-0 dom none
L1 1-1 dom none unreachable
L2 2-2 dom f
f -> L2 jump
L1 -> L2 next
`},
		{"unreachable loop that leads into another", asm.ProgramSpec{Instructions: []asm.Instruction{jump(2), mov, jeq(-2), mov, jump(-2)}}, `
f 0-0 dom none
L1 1-2 dom none unreachable
L3 3-4 dom f
f -> L3 jump
L1 -> L1 taken back
L1 -> L3 not taken
L3 -> L3 jump back
loop L1 depth 1: L1
loop L3 depth 1: L3
`},
		{"for ever", asm.ProgramSpec{Instructions: []asm.Instruction{jump(-1)}}, `
f 0-0 dom none
f -> f jump back
loop f depth 1: f
`},
		{"labels with the names of others", asm.ProgramSpec{
			Instructions: []asm.Instruction{jeq(0), jeq(0), exit},
			Labels:       []asm.Label{{Name: "L1", Index: 2}},
		}, `
f 0-0 dom none
_L1 1-1 dom f
L1 2-2 dom _L1
f -> _L1 taken
f -> _L1 not taken
_L1 -> L1 taken
_L1 -> L1 not taken
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.spec.Name = "f"
			p, err := asm.NewProgram(test.spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), describe(graph.New(p))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClassic(t *testing.T) {
	p, err := classic.Decode([]bpf.RawInstruction{
		{Op: 0x28, K: 12},
		{Op: 0x15, Jt: 1, Jf: 3, K: 0x800},
		{Op: 0x06, K: 1},
		{Op: 0x15, K: 1},
		{Op: 0x05},
		{Op: 0x06},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `classic 0-1 dom none
l2 2-2 dom none unreachable
l3 3-3 dom classic
l4 4-4 dom l3
l5 5-5 dom classic
classic -> l3 taken
classic -> l5 not taken
l3 -> l4 taken
l3 -> l4 not taken
l4 -> l5 jump
`
	if diff := cmp.Diff(want, describe(graph.NewClassic(p))); diff != "" {
		t.Error(diff)
	}
}

func TestBlockOf(t *testing.T) {
	b := asm.NewBuilder("f", asm.SocketFilter)
	b.Mov(asm.R0, 0)
	b.JumpIf(asm.R1.Eq(0), "end")
	b.Mov(asm.R0, 1)
	b.Label("end")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New(p)
	for i, want := range []int{0, 0, 1, 2} {
		if got := g.BlockOf(i); got != want {
			t.Errorf("instruction %d: block %d, want %d", i, got, want)
		}
	}
	for _, i := range []int{-1, 4} {
		if got := g.BlockOf(i); got != -1 {
			t.Errorf("instruction %d: block %d, want -1", i, got)
		}
	}
}

// What the methods hand out is a copy.
func TestCopies(t *testing.T) {
	b := asm.NewBuilder("f", asm.SocketFilter)
	b.Label("again")
	b.CallSubprogram("sub")
	b.JumpIf(asm.R0.Eq(0), "again")
	b.Exit()
	b.Subprogram("sub")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New(p)
	before := describe(g)
	g.Functions()[0], g.Blocks()[0], g.Edges()[0], g.Loops()[0], g.Calls()[0] = graph.Function{}, graph.Block{}, graph.Edge{}, graph.Loop{}, graph.Call{}
	if diff := cmp.Diff(before, describe(g)); diff != "" {
		t.Error(diff)
	}
}
