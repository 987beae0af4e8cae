package vm

import (
	"slices"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// ClassicStep is the state of a classic program before an instruction.
type ClassicStep struct {
	Index       int
	Instruction bpf.RawInstruction
	A, X        uint32
}

// Trace does what Run does, and calls step before each instruction.
//
// Classic programs have no loops: every instruction runs once at the most. So the state before one is what the program
// returns when it is made to end there, and Trace finds out all it has to by running such programs.
func (c *Classic) Trace(skb *SKBContext, step func(ClassicStep)) uint32 {
	random := &replay{from: c.opts.Env}
	probe := &Classic{program: c.program, code: append(slices.Clone(c.code), classicInsn{}), opts: c.opts}
	env := *c.opts.Env
	env.Random = random
	probe.opts.Env = &env
	// ending returns what the program returns with other instructions from index at on.
	ending := func(at int, with ...classicInsn) uint32 {
		kept := slices.Clone(probe.code[at : at+len(with)])
		copy(probe.code[at:], with)
		defer copy(probe.code[at:], kept)
		random.next = 0
		return probe.Run(skb)
	}
	reaches := func(at int) bool {
		return ending(at, classicInsn{op: classicReturn, k: 1}) == 1 && ending(at, classicInsn{op: classicReturn, k: 2}) == 2
	}
	for at := 0; at >= 0; {
		a := ending(at, classicInsn{op: classicReturnA})
		x := ending(at, classicInsn{op: classicTxa}, classicInsn{op: classicReturnA})
		s := ClassicStep{Index: at, A: a, X: x}
		if at < c.program.Len() { // all but the zero Program's only instruction
			s.Instruction = c.program.At(at)
		}
		step(s)
		at = -1
		for _, next := range successors(s.Index, s.Instruction) {
			if at < 0 && next < len(c.code) && reaches(next) {
				at = next
			}
		}
	}
	random.next = 0
	return probe.Run(skb)
}

// successors returns the instructions that may follow one.
func successors(at int, ins bpf.RawInstruction) []int {
	const classMask, classJump, classReturn = 0x07, 0x05, 0x06 // BPF_CLASS, BPF_JMP, BPF_RET of linux/bpf_common.h
	switch {
	case ins.Op&classMask == classReturn:
		return nil
	case classic.Opcode(ins.Op) == classic.OpJa:
		return []int{at + 1 + int(ins.K)}
	case ins.Op&classMask == classJump:
		return []int{at + 1 + int(ins.Jt), at + 1 + int(ins.Jf)}
	}
	return []int{at + 1}
}

// replay hands out the same random numbers again.
type replay struct {
	from  *Env
	drawn []uint32
	next  int
}

func (r *replay) Uint64() uint64 {
	if r.next == len(r.drawn) {
		r.drawn = append(r.drawn, r.from.random())
	}
	r.next++
	return uint64(r.drawn[r.next-1])
}
