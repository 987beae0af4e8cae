package graph_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/graph"
)

const (
	opJeq = 0x15
	opJa  = 0x05
)

// shapes are the programs of n instructions that are hard to show.
var shapes = []struct {
	name string
	jump func(r *rand.Rand, i, n int) (op asm.Opcode, to int) // 0 for an instruction that does not jump
}{
	{"no jumps", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return 0, 0 }},
	{"all to the end", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return opJeq, n - 1 }},
	{"all to the next", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return opJeq, i + 1 }},
	{"all to the begin", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return opJeq, 0 }},
	{"in each other", func(_ *rand.Rand, i, n int) (asm.Opcode, int) {
		if i < n/2 {
			return opJeq, n - 1 - i
		}
		return 0, 0
	}},
	{"loops in each other", func(_ *rand.Rand, i, n int) (asm.Opcode, int) {
		if i > n/2 {
			return opJeq, n - 1 - i
		}
		return 0, 0
	}},
	{"crossing", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return opJeq, min(i+n/2, n-1) }},
	{"tree", func(_ *rand.Rand, i, n int) (asm.Opcode, int) {
		if 2*i+3 < n {
			return opJeq, i + (n-i)/2
		}
		return 0x95, 0
	}},
	{"switch", func(_ *rand.Rand, i, n int) (asm.Opcode, int) {
		switch {
		case i < n/3:
			return opJeq, n/3 + 2*i
		case (i-n/3)%2 == 1:
			return opJa, n - 1
		}
		return 0, 0
	}},
	{"anywhere", func(r *rand.Rand, i, n int) (asm.Opcode, int) {
		return [...]asm.Opcode{0, opJeq, opJeq, opJa}[r.IntN(4)], r.IntN(n)
	}},
	{"unreachable", func(_ *rand.Rand, i, n int) (asm.Opcode, int) { return 0x95, 0 }},
}

func shaped(t testing.TB, shape, n int) *asm.Program {
	t.Helper()
	r := rand.New(rand.NewPCG(13, 14))
	spec := asm.ProgramSpec{Name: "large"}
	for i := range n {
		ins := asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU64, asm.OpAdd, asm.K), Dst: asm.R1, Imm: int64(i)}
		if i == n-1 {
			ins = asm.Instruction{Op: 0x95}
		} else if op, to := shapes[shape].jump(r, i, n); op != 0 {
			ins = asm.Instruction{Op: op}
			if op != 0x95 {
				ins.Off = int16(to - i - 1)
			}
		}
		spec.Instructions = append(spec.Instructions, ins)
		spec.Positions = append(spec.Positions, asm.Position{File: "/x/large.go", Line: 10 + i/4})
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The largest programs that an unprivileged author may load are shown in about the time of a blink. The bound is far above
// that, for slow machines: what grows with the square comes to minutes.
func TestLarge(t *testing.T) {
	for i, shape := range shapes {
		p := shaped(t, i, 4096)
		begin := time.Now()
		g := graph.New(p)
		built := time.Now()
		text := g.AppendText(nil, nil)
		printed := time.Now()
		dot := g.AppendDOT(nil, nil)
		svg := g.AppendSVG(nil, nil)
		drawn := time.Now()
		t.Logf("%-20s graph %4d ms, text %4d ms %6d KB, DOT %d KB, both pictures %5d ms, SVG %6d KB", shape.name, built.Sub(begin).Milliseconds(),
			printed.Sub(built).Milliseconds(), len(text)>>10, len(dot)>>10, drawn.Sub(printed).Milliseconds(), len(svg)>>10)
		if took := drawn.Sub(begin); took > 20*time.Second {
			t.Errorf("%s: %v", shape.name, took)
		}
	}
}

// A graph of a middle size of each shape is drawn right.
func TestShapes(t *testing.T) {
	for i := range shapes {
		g := graph.New(shaped(t, i, 60))
		checkSVG(t, g, g.AppendSVG(nil, nil))
	}
}

func BenchmarkGraph(b *testing.B) {
	p := shaped(b, 9, 4096)
	g := graph.New(p)
	var out []byte
	b.Run("New", func(b *testing.B) {
		for b.Loop() {
			graph.New(p)
		}
	})
	b.Run("AppendText", func(b *testing.B) {
		for b.Loop() {
			out = g.AppendText(out[:0], nil)
		}
	})
	b.Run("AppendSVG", func(b *testing.B) {
		for b.Loop() {
			out = g.AppendSVG(out[:0], nil)
		}
	})
}
