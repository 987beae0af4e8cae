package corpus

import (
	"slices"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// coverageMap counts how often each block of a program ran.
const coverageMap = "coverage"

// instrument returns the program with a counter at the beginning of every block, and the slots where the blocks begin.
// A counter takes two registers that hold nothing that is needed there.
func instrument(t *testing.T, p *asm.Program) (*asm.Program, []int) {
	t.Helper()
	spec := p.Spec()
	starts, live := blockStarts(p), liveRegisters(p)
	begins := make([]int, p.Len()+1) // where what stands for an instruction begins, in slots
	moved := make([]int, p.Len())    // where the instruction itself is, in slots
	index := make([]int, p.Len())    // and as an index
	var blocks, slot int
	var slots []int
	spec.Instructions, spec.References = nil, nil
	emit := func(code ...asm.Instruction) {
		for _, i := range code {
			spec.Instructions = append(spec.Instructions, i)
			slot += i.Slots()
		}
	}
	for i, ins := range p.All() {
		begins[i] = slot
		if starts[i] {
			at, one, ok := free(live[i])
			if !ok {
				t.Fatalf("no two registers are free at %d of\n%v", i, p)
			}
			spec.References = append(spec.References, asm.Reference{Index: len(spec.Instructions), Kind: asm.RefMapValue, Symbol: coverageMap})
			emit(
				asm.Instruction{Op: asm.OpLdImm64, Dst: at, Src: asm.Imm64MapValue},
				asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU64, asm.OpMov, asm.K), Dst: one, Imm: 1},
				asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeAtomic, asm.DW), Dst: at, Src: one, Off: int16(8 * blocks), Imm: int64(asm.AtomicAdd)},
			)
			blocks++
			slots = append(slots, p.Slot(i))
		}
		moved[i], index[i] = slot, len(spec.Instructions)
		emit(ins)
	}
	for i := range p.Len() {
		if to, ok := target(p, i); ok {
			spec.Instructions[index[i]].Off = int16(begins[to] - moved[i] - 1)
		}
	}
	for _, r := range p.References() {
		r.Index = index[r.Index]
		spec.References = append(spec.References, r)
	}
	slices.SortFunc(spec.References, func(x, y asm.Reference) int { return x.Index - y.Index })
	spec.Labels, spec.Positions = nil, nil
	spec.Maps = append(spec.Maps, asm.MapSpec{Name: coverageMap, Type: asm.MapArray, KeySize: 4, ValueSize: uint32(8 * blocks), MaxEntries: 1})
	measured, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return measured, slots
}

// target returns the instruction that i jumps to.
func target(p *asm.Program, i int) (int, bool) {
	ins := p.At(i)
	if c := ins.Op.Class(); c != asm.ClassJMP && c != asm.ClassJMP32 {
		return 0, false
	}
	if op := ins.Op.JumpOp(); op == asm.OpCall || op == asm.OpExit {
		return 0, false
	}
	return p.Index(p.Slot(i) + 1 + int(ins.Off))
}

// falls reports whether control may come from i to what follows it.
func falls(i asm.Instruction) bool {
	return i.Op != asm.JumpOpcode(asm.ClassJMP, asm.OpJA, asm.K) && i.Op != asm.JumpOpcode(asm.ClassJMP, asm.OpExit, asm.K)
}

func blockStarts(p *asm.Program) []bool {
	starts := make([]bool, p.Len()+1)
	starts[0] = true
	for i, ins := range p.All() {
		if to, ok := target(p, i); ok {
			starts[to], starts[i+1] = true, true
		}
		if !falls(ins) {
			starts[i+1] = true
		}
	}
	return starts
}

// registers is a set of the machine's registers.
type registers uint16

func set(r ...asm.Register) (s registers) {
	for _, r := range r {
		s |= 1 << r
	}
	return s
}

// liveRegisters returns the registers whose values are still needed before each instruction.
func liveRegisters(p *asm.Program) []registers {
	live := make([]registers, p.Len()+1)
	for again := true; again; {
		again = false
		for i := p.Len() - 1; i >= 0; i-- {
			var out registers
			if falls(p.At(i)) {
				out = live[i+1]
			}
			if to, ok := target(p, i); ok {
				out |= live[to]
			}
			reads, writes := effects(p.At(i))
			if in := reads | out&^writes; in != live[i] {
				live[i], again = in, true
			}
		}
	}
	return live
}

func effects(i asm.Instruction) (reads, writes registers) {
	switch i.Op.Class() {
	case asm.ClassLD:
		return 0, set(i.Dst)
	case asm.ClassLDX:
		return set(i.Src), set(i.Dst)
	case asm.ClassST:
		return set(i.Dst), 0
	case asm.ClassSTX:
		return set(i.Dst, i.Src), 0
	case asm.ClassALU, asm.ClassALU64:
		if i.Op.Source() == asm.X && i.Op.ALUOp() != asm.OpEnd {
			reads = set(i.Src)
		}
		if i.Op.ALUOp() != asm.OpMov {
			reads |= set(i.Dst)
		}
		return reads, set(i.Dst)
	}
	switch i.Op.JumpOp() {
	case asm.OpCall:
		for a := range asm.Helper(i.Imm).NumArgs() {
			reads |= set(asm.R1 + asm.Register(a))
		}
		return reads, set(asm.R0, asm.R1, asm.R2, asm.R3, asm.R4, asm.R5)
	case asm.OpExit:
		return set(asm.R0), 0
	case asm.OpJA:
		return 0, 0
	}
	reads = set(i.Dst)
	if i.Op.Source() == asm.X {
		reads |= set(i.Src)
	}
	return reads, 0
}

// free returns two registers that are not needed.
func free(live registers) (a, b asm.Register, ok bool) {
	a = asm.R10
	for r := asm.R0; r < asm.R10; r++ {
		switch {
		case live&set(r) != 0:
		case a == asm.R10:
			a = r
		default:
			return a, r, true
		}
	}
	return 0, 0, false
}
