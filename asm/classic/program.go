package classic

import (
	"errors"
	"iter"
	"math"
	"slices"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
)

// Program is a classic program that the kernel accepts. It never changes: its methods hand out copies.
type Program struct {
	name      string
	raw       []bpf.RawInstruction
	positions []asm.Position // one for each instruction, or none
}

// Decode takes instructions as they are, from a kernel or a file, and refuses what the kernel's bpf_check_classic
// refuses: unknown opcodes and extensions, jumps out of the program, a division by the constant zero, shifts of 32
// and more, scratch words that do not exist or are read before they are written, a last instruction that is no
// return, and any length but 1 to MaxInstructions. The error joins one for each mistake, such as
//
//	instruction 3: div #0: division by the constant zero
//
// Like the kernel it accepts unreachable instructions and ignores fields that an instruction does not use; they
// are kept.
//
// Attaching can still fail for what the kernel makes of the instructions, up to 21 of eBPF each: ENOMEM when the
// socket may not have the memory (sysctl net.core.optmem_max), EINVAL when a jump leads over more than 32767 of
// them. Programs of up to 120 instructions are safe from both, and up to 780 where the sysctl is 131072, the
// default of newer kernels.
func Decode(program []bpf.RawInstruction) (*Program, error) {
	if problems, _ := check(program, math.MaxInt); len(problems) > 0 {
		errs := make([]error, len(problems))
		for i, p := range problems {
			errs[i] = p
		}
		return nil, errors.Join(errs...)
	}
	return &Program{raw: slices.Clone(program)}, nil
}

// Name returns the name given to NewBuilder. A decoded or parsed program has none.
func (p *Program) Name() string { return p.name }

// Len returns the number of instructions, 1 to MaxInstructions.
func (p *Program) Len() int { return len(p.raw) }

// At returns instruction i.
func (p *Program) At(i int) bpf.RawInstruction { return p.raw[i] }

// All iterates over the instructions and their indices.
func (p *Program) All() iter.Seq2[int, bpf.RawInstruction] { return slices.All(p.raw) }

// Raw returns a copy of the instructions.
func (p *Program) Raw() []bpf.RawInstruction { return slices.Clone(p.raw) }

// Instructions returns the instructions as the types of golang.org/x/net/bpf. One for which that package has no
// type that assembles to the same bytes, such as `ldx #len`, stays a bpf.RawInstruction.
func (p *Program) Instructions() []bpf.Instruction {
	instructions := make([]bpf.Instruction, len(p.raw))
	for i, ins := range p.raw {
		instructions[i] = ins.Disassemble()
		if back, err := instructions[i].Assemble(); err != nil || back != ins {
			instructions[i] = ins
		}
	}
	return instructions
}

// Position returns where instruction i was asked for. The zero Position stands for unknown.
func (p *Program) Position(i int) asm.Position {
	if len(p.positions) == 0 {
		return asm.Position{}
	}
	return p.positions[i]
}
