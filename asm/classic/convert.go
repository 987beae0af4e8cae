package classic

import (
	"errors"
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// ErrConvert is wrapped by the errors of Convert about extensions that no eBPF program can ask for.
var ErrConvert = errors.New("has no counterpart in eBPF")

// Convert returns the program as an eBPF program of type socket_filter that returns the same for every packet. It is
// what the kernel makes of a classic program itself (bpf_convert_filter in net/core/filter.c) as far as a program given
// to the kernel may contain that: A is r0, X is r7, the scratch words are at the end of the stack, loads from the packet
// are the legacy ones (r0 = *(u16 *)skb[12]), extensions are fields of struct __sk_buff or calls of helpers.
// Instructions that no path reaches are left out, because the verifier refuses them. Name and positions carry over; a
// program without name becomes "classic".
//
// The error joins one for every instruction that asks for an extension without counterpart, each wrapping ErrConvert:
// hatype, nla, nlan and poff.
func Convert(p *Program) (*asm.Program, error) {
	c := converter{program: p, starts: make([]int, p.Len())}
	c.prologue()
	reached := reachable(p.raw)
	for i, ins := range p.raw {
		c.starts[i] = len(c.out)
		if reached[i] {
			c.convert(i, ins)
		}
		c.position(i)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.resolve()
	name := p.Name()
	if name == "" {
		name = "classic" // the text form needs one
	}
	return asm.NewProgram(asm.ProgramSpec{
		Name:         name,
		Type:         asm.SocketFilter,
		Instructions: c.out,
		Labels:       c.labels(),
		Positions:    c.positions,
	})
}

// The registers of converted programs, those of the kernel. Calls and packet loads leave context and X alone.
const (
	regA       = asm.R0
	regX       = asm.R7
	regContext = asm.R6
	regTemp    = asm.R2
)

// converter is one run of Convert.
type converter struct {
	program   *Program
	out       []asm.Instruction
	starts    []int // of what each classic instruction became
	jumps     []jump
	positions []asm.Position
	errs      []error
}

// jump is an instruction whose distance is not known yet.
type jump struct {
	from int // index of the instruction
	to   int // index of the classic instruction
}

func (c *converter) emit(ins ...asm.Instruction) { c.out = append(c.out, ins...) }

// jumpTo emits a jump to a classic instruction.
func (c *converter) jumpTo(ins asm.Instruction, to int) {
	c.jumps = append(c.jumps, jump{len(c.out), to})
	c.emit(ins)
}

// position notes where the instructions of classic instruction i come from.
func (c *converter) position(i int) {
	if len(c.program.positions) == 0 {
		return
	}
	for len(c.positions) < len(c.out) {
		c.positions = append(c.positions, c.program.positions[i])
	}
}

// resolve fills in the distances. They fit: of one instruction at most 7 come, of the longest program 28,675.
func (c *converter) resolve() {
	for _, j := range c.jumps {
		c.out[j.from].Off = int16(c.starts[j.to] - j.from - 1)
	}
}

// labels returns a label for every target of a jump, named as in Program.String.
func (c *converter) labels() []asm.Label {
	target := make([]bool, len(c.starts))
	for _, j := range c.jumps {
		target[j.to] = true
	}
	var labels []asm.Label
	for i, start := range c.starts {
		if target[i] {
			labels = append(labels, asm.Label{Name: fmt.Sprintf("l%d", i), Index: start})
		}
	}
	return labels
}
