package asm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purebpf/purebpf/asm"
)

// randomText makes programs of random instructions, which do nothing of use, to be printed and parsed.
type randomText struct {
	r     *rand.Rand
	calls []asm.Instruction // one for every encoding
}

func newRandomText(t testing.TB, seed uint64) *randomText {
	g := &randomText{r: rand.New(rand.NewPCG(seed, 5))}
	seen := make(map[string]bool)
	for _, group := range encodings() {
		for _, c := range group.calls {
			b := newBuilder()
			b.Label("back")
			c.call(b)
			b.Label("next")
			b.Exit()
			b.Subprogram("sub")
			b.Exit()
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			// The call's instruction is the first.
			i := p.At(0)
			code, err := i.AppendTo(nil, binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			seen[encodingOf(code)] = true
			g.calls = append(g.calls, i)
		}
	}
	if len(seen) != 180 {
		t.Fatalf("%d encodings, want 180", len(seen))
	}
	return g
}

func (g *randomText) reg() asm.Register { return asm.Register(g.r.IntN(11)) }

// number returns numbers of all lengths and those at the ends of the ranges.
func (g *randomText) number() int64 {
	switch g.r.IntN(8) {
	case 0:
		return []int64{0, 1, -1, 1<<31 - 1, -1 << 31, 127, -128, 255, 1<<16 - 1}[g.r.IntN(9)]
	default:
		return int64(int32(g.r.Uint64() >> g.r.IntN(64)))
	}
}

// instruction returns a random instruction of any encoding but for where jumps and references lead.
func (g *randomText) instruction() asm.Instruction {
	i := g.calls[g.r.IntN(len(g.calls))]
	// Every field that may differ is tried; what Check refuses stays.
	try := func(change func(*asm.Instruction)) {
		n := i
		change(&n)
		if n.Check() == nil {
			i = n
		}
	}
	op, src, off := i.Op, i.Src, i.Off
	try(func(n *asm.Instruction) { n.Dst = g.reg() })
	switch {
	case op == 0x85:
		if src == asm.CallSubprogram {
			return i
		}
		try(func(n *asm.Instruction) { n.Imm = g.number() })
		if src == asm.CallKfunc {
			try(func(n *asm.Instruction) { n.Off = int16(g.r.IntN(1 << 15)) })
		}
	case op == asm.OpLdImm64:
		switch src {
		case asm.Imm64Func:
			return i
		case asm.Imm64MapFD, asm.Imm64MapIndex:
			i.Imm = int64(uint32(g.number()))
		default:
			i.Imm = int64(g.r.Uint64()) >> g.r.IntN(64)
		}
	case op.Class() == asm.ClassSTX && op.Mode() == asm.ModeAtomic:
		try(func(n *asm.Instruction) { n.Src = g.reg() })
		try(func(n *asm.Instruction) { n.Off = int16(g.number()) })
	case op.Class() == asm.ClassLDX, op.Class() == asm.ClassSTX, op.Class() == asm.ClassST:
		try(func(n *asm.Instruction) { n.Src = g.reg() })
		try(func(n *asm.Instruction) { n.Off = int16(g.number()) })
		try(func(n *asm.Instruction) { n.Imm = g.number() })
	case op.Class() == asm.ClassALU || op.Class() == asm.ClassALU64, op.Class() == asm.ClassLD:
		try(func(n *asm.Instruction) { n.Src = g.reg() })
		if off != 1 && op.ALUOp() != asm.OpEnd {
			try(func(n *asm.Instruction) { n.Imm = g.number() })
		}
	default: // jumps
		try(func(n *asm.Instruction) { n.Src = g.reg() })
		if op != 0x06 {
			try(func(n *asm.Instruction) { n.Imm = g.number() })
		}
	}
	return i
}

// program returns a random program with jumps, calls, labels and references.
func (g *randomText) program(name string) asm.ProgramSpec {
	n := 2 + g.r.IntN(60)
	s := asm.ProgramSpec{Name: name, Type: asm.ProgramType(g.r.IntN(34)), License: "GPL"}
	for range n {
		s.Instructions = append(s.Instructions, g.instruction())
	}
	// Functions and labels.
	slots := make([]int, n+1)
	for i, ins := range s.Instructions {
		slots[i+1] = slots[i] + ins.Slots()
	}
	s.Functions = []asm.Label{{Name: name}}
	for i := 1; i < n; i++ {
		if g.r.IntN(12) == 0 {
			s.Functions = append(s.Functions, asm.Label{Name: fmt.Sprintf("f%d", i), Index: i})
		}
	}
	for i := range n {
		for k := range g.r.IntN(8) - 5 {
			s.Labels = append(s.Labels, asm.Label{Name: fmt.Sprintf("label%d.%d", i, k), Index: i})
		}
	}
	for i := range s.Instructions {
		ins := &s.Instructions[i]
		f := len(s.Functions) - 1
		for s.Functions[f].Index > i {
			f--
		}
		first, last := s.Functions[f].Index, n
		if f+1 < len(s.Functions) {
			last = s.Functions[f+1].Index
		}
		to := slots[first+g.r.IntN(last-first)] - slots[i] - 1
		callee := slots[s.Functions[g.r.IntN(len(s.Functions))].Index] - slots[i] - 1
		external := g.r.IntN(3) == 0
		symbol := func(kind asm.ReferenceKind, names ...string) {
			s.References = append(s.References, asm.Reference{Index: i, Kind: kind, Symbol: names[g.r.IntN(len(names))]})
		}
		switch op := ins.Op; {
		case op == 0x85 && ins.Src == asm.CallSubprogram:
			ins.Imm = int64(callee)
			if external {
				ins.Imm = -1
				symbol(asm.RefCall, "elsewhere", "bpf_ktime_get_ns", "far")
			}
		case op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
			ins.Imm = int64(uint32(callee))
			if external {
				ins.Imm = 1<<32 - 1
				symbol(asm.RefFunc, "elsewhere", "callback")
			}
		case op == asm.OpLdImm64 && ins.Src == asm.Imm64MapFD && external:
			ins.Imm = 0
			symbol(asm.RefMap, "workers", "sock.map$1", ".rodata")
		case op == asm.OpLdImm64 && ins.Src == asm.Imm64MapValue && external:
			ins.Imm = ins.Imm >> 32 << 32
			symbol(asm.RefMapValue, ".bss", "workers")
		case op == 0x85, op == 0x95:
		case op == 0x06:
			ins.Imm = int64(to)
		case op.Class() == asm.ClassJMP, op.Class() == asm.ClassJMP32:
			ins.Off = int16(to)
		}
	}
	return s
}

// randomPrograms returns the programs of the round trips.
func randomPrograms(t testing.TB, n int) []*asm.Program {
	g := newRandomText(t, 1)
	programs := make([]*asm.Program, n)
	for k := range programs {
		p, err := asm.NewProgram(g.program("random"))
		if err != nil {
			t.Fatal(err)
		}
		programs[k] = p
	}
	return programs
}

const randomCount = 10_000

// What AppendText prints of random programs parses back to the same bytes, in both syntaxes.
func TestParseRandomPrograms(t *testing.T) {
	lines := 0
	for k, p := range randomPrograms(t, randomCount) {
		lines += p.Len()
		for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
			text := string(p.AppendText(nil, syntax))
			got := parseOne(t, text)
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				if !bytes.Equal(p.AppendTo(nil, order), got.AppendTo(nil, order)) {
					t.Fatalf("program %d: bytes differ after parsing\n%s\nprinted again:\n%s", k, text, got.AppendText(nil, syntax))
				}
			}
			if diff := cmp.Diff(p.References(), got.References()); diff != "" {
				t.Fatalf("program %d: references (-want +got):\n%s\nof\n%s", k, diff, text)
			}
		}
	}
	t.Logf("%d programs of %d instructions in both syntaxes", randomCount, lines)
}

// equalSpecs compares all of what programs consist of and returns how they differ.
func equalSpecs(want, got []*asm.Program) string {
	if slices.EqualFunc(want, got, func(a, b *asm.Program) bool { return sameSpec(a.Spec(), b.Spec()) }) {
		return ""
	}
	specs := func(programs []*asm.Program) (s []asm.ProgramSpec) {
		for _, p := range programs {
			s = append(s, p.Spec())
		}
		return s
	}
	return cmp.Diff(specs(want), specs(got), cmpopts.EquateEmpty())
}

// sameSpec is true for equal specs, and fast.
func sameSpec(a, b asm.ProgramSpec) bool {
	return a.Name == b.Name && a.Type == b.Type && a.AttachType == b.AttachType && a.AttachTo == b.AttachTo &&
		a.Flags == b.Flags && a.License == b.License && slices.Equal(a.Instructions, b.Instructions) &&
		slices.Equal(a.References, b.References) && slices.Equal(a.Functions, b.Functions) &&
		slices.Equal(a.Labels, b.Labels) && slices.EqualFunc(a.Maps, b.Maps, asm.MapSpec.Equal) &&
		slices.Equal(a.Positions, b.Positions) && slices.Equal(a.Comments, b.Comments) && slices.Equal(a.Resolved, b.Resolved)
}

// What AppendSource writes of random programs parses back to equal programs, several from one text.
func TestSourceRandomPrograms(t *testing.T) {
	programs := randomPrograms(t, randomCount)
	for batch := range slices.Chunk(programs, 7) {
		text := asm.AppendSource(nil, batch...)
		got, err := asm.ParseText("random.s", text)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		if diff := equalSpecs(batch, got); diff != "" {
			t.Fatalf("(-want +got):\n%s\nof\n%s", diff, text)
		}
	}
}
