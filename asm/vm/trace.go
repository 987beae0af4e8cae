package vm

import (
	"fmt"
	"io"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// Tracer writes a line for each instruction that a machine runs: the Go line that asked for it, its index, what it is, and
// what it did. Addresses show as the memory that they are in.
//
//	t := vm.NewTracer(os.Stdout)
//	m, err := vm.New(program, &vm.Options{Trace: t.Step})
//	...
//	t.End(m.Run(ctx))
//
// writes, for example,
//
//	program.go:114      4: call bpf_skb_load_bytes          r0 = 0
//	program.go:115      5: if r0 != 0 goto +19              not taken
//	program.go:116      6: r1 = *(u8 *)(r10 - 21)           r1 = 0x43
type Tracer struct {
	w    io.Writer
	last Step // not written yet, for what it does shows in the next one
	any  bool
	refs map[*asm.Program]map[int]string
}

// NewTracer makes a tracer that writes to w. Errors of w are ignored.
func NewTracer(w io.Writer) *Tracer {
	return &Tracer{w: w, refs: make(map[*asm.Program]map[int]string)}
}

// Step is for Options.Trace.
func (t *Tracer) Step(s *Step) {
	switch {
	case t.any && s.Frame == 0 && s.Index == 0: // the run before ended there, and End was not called
		t.line("")
	case t.any:
		t.line(t.effects(s))
	}
	t.last, t.any = *s, true
	if s.Frame == 0 && s.Instruction.Op == asm.JumpOpcode(asm.ClassJMP, asm.OpExit, asm.K) {
		t.End(s.Registers[0], nil)
	}
}

// End writes the last instruction of a run, with what Machine.Run returned. Only runs that end before an exit need it.
func (t *Tracer) End(r0 uint64, err error) {
	if !t.any {
		return
	}
	t.any = false
	if err != nil {
		t.line(err.Error())
		return
	}
	t.line("returns " + t.last.Value(r0))
}

func (t *Tracer) line(effect string) {
	s := &t.last
	text := s.Instruction.String()
	if symbol, ok := t.symbols(s.Program)[s.Index]; ok {
		text = symbol
	}
	fmt.Fprintf(t.w, "%-18s %4d: %-40s %s\n", s.Program.Position(s.Index), s.Index, strings.Repeat("  ", s.Frame)+text, effect)
}

// symbols returns the texts of instructions that name something.
func (t *Tracer) symbols(p *asm.Program) map[int]string {
	texts := t.refs[p]
	if texts == nil {
		texts = make(map[int]string)
		for i, ins := range p.All() {
			if isHelperCall(ins) {
				texts[i] = "call " + asm.Helper(uint32(ins.Imm)).String()
			}
		}
		for _, r := range p.References() {
			texts[r.Index] = fmt.Sprintf("%v = %v %s", p.At(r.Index).Dst, r.Kind, r.Symbol)
			if r.Kind == asm.RefCall {
				texts[r.Index] = "call " + r.Symbol
			}
		}
		t.refs[p] = texts
	}
	return texts
}

func isHelperCall(ins asm.Instruction) bool {
	return ins.Op == asm.JumpOpcode(asm.ClassJMP, asm.OpCall, asm.K) && ins.Src == asm.CallHelper
}

// effects says what the last instruction did, when now is the state after it.
func (t *Tracer) effects(now *Step) string {
	s := &t.last
	ins := s.Instruction
	switch class := ins.Op.Class(); class {
	case asm.ClassST:
		return t.stored(uint64(ins.Imm))
	case asm.ClassSTX:
		if ins.Op.Mode() == asm.ModeMem {
			return t.stored(s.Registers[ins.Src])
		}
	case asm.ClassJMP, asm.ClassJMP32:
		switch ins.Op.JumpOp() {
		case asm.OpCall, asm.OpExit:
		case asm.OpJA:
			return ""
		default:
			if now.Index == s.Index+1 && ins.Off != 0 {
				return "not taken"
			}
			return "taken"
		}
	}
	var changed []string
	for i, v := range now.Registers {
		written := asm.Register(i) == ins.Dst && writesDst(ins)
		if (v != s.Registers[i] || written) && v != clobbered {
			changed = append(changed, fmt.Sprintf("%v = %s", asm.Register(i), now.Value(v)))
		}
	}
	if isHelperCall(ins) && now.Registers[0] == s.Registers[0] {
		changed = append([]string{"r0 = " + now.Value(now.Registers[0])}, changed...)
	}
	return strings.Join(changed, ", ")
}

func writesDst(ins asm.Instruction) bool {
	switch ins.Op.Class() {
	case asm.ClassALU, asm.ClassALU64, asm.ClassLDX:
		return true
	}
	return ins.Op == asm.OpLdImm64
}

// stored describes a store.
func (t *Tracer) stored(v uint64) string {
	s := &t.last
	ins := s.Instruction
	if width := ins.Op.Size().Bytes(); width < 8 {
		v &= 1<<(8*width) - 1
	}
	return fmt.Sprintf("[%s] = %s", s.Value(s.Registers[ins.Dst]+uint64(int64(ins.Off))), s.Value(v))
}

// Value returns a register's value as text: an address as its memory and the offset in it, such as stack frame 0 + 488, a
// number in hexadecimal, one of a single digit in decimal.
func (s *Step) Value(v uint64) string {
	if id, offset := split(v); s.m != nil && v >= 1<<offsetBits && id < uint64(len(s.m.regions)) && s.m.regions[id].kind != regionNone {
		name := strings.TrimPrefix(strings.TrimPrefix(s.m.name(id), "the "), "a ")
		switch {
		case offset > 0:
			return fmt.Sprintf("%s + %d", name, offset)
		case offset < 0:
			return fmt.Sprintf("%s - %d", name, -offset)
		}
		return name
	}
	switch signed := int64(v); {
	case -4096 < signed && signed < 10: // also error numbers
		return fmt.Sprint(signed)
	}
	return fmt.Sprintf("%#x", v)
}
