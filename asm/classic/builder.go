package classic

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
)

// Builder writes a program, one instruction with every call. Nothing is returned and nothing panics on the way:
// Program returns all errors, each an *asm.Error that names the line of the call. A Builder is for one goroutine
// and comes from NewBuilder.
type Builder struct {
	name   string
	calls  []call
	labels map[string]label
	errs   []*asm.Error
	pos    asm.Position // of NewBuilder
}

// call is an instruction that was asked for.
type call struct {
	raw bpf.RawInstruction
	pos asm.Position
	// Labels of the targets: jumpTrue of an unconditional jump too. Empty is the next instruction.
	jumpTrue, jumpFalse string
	labelled            bool // a jump to labels
	bad                 bool // has its error already
}

type label struct {
	index int // of the instruction that follows
	pos   asm.Position
}

// NewBuilder begins a program. The name serves messages; the kernel has none for a classic program.
func NewBuilder(name string) *Builder {
	return &Builder{name: name, labels: make(map[string]label), pos: caller()}
}

// Label names the next instruction as the target of jumps before it. A name serves once.
func (b *Builder) Label(name string) {
	pos := caller()
	if old, ok := b.labels[name]; ok {
		b.fail(-1, pos, "label "+name, fmt.Errorf("defined before at %v", old.pos))
		return
	}
	if name == "" {
		b.fail(-1, pos, "label", errors.New("without a name"))
		return
	}
	b.labels[name] = label{index: len(b.calls), pos: pos}
}

// Jump goes on at the label, however far it is. All jumps lead forward.
func (b *Builder) Jump(label string) {
	c := call{raw: raw(OpJa, 0), labelled: true, jumpTrue: label}
	if label == "" {
		b.addBad(c, errNoLabel)
		return
	}
	b.add(c)
}

// JumpIf goes on at the label when the condition holds, else with the next instruction. The label may be up to
// MaxSkip instructions behind the next one; a Jump in between carries farther.
func (b *Builder) JumpIf(cond Cond, label string) {
	b.jumpIf(cond, label, "")
}

// JumpIfElse goes on at one label when the condition holds and at the other when it does not. Both may be up to
// MaxSkip instructions behind the next one.
func (b *Builder) JumpIfElse(cond Cond, then, otherwise string) {
	if otherwise == "" {
		b.addBad(call{raw: raw(cond.op, cond.k)}, errNoLabel)
		return
	}
	b.jumpIf(cond, then, otherwise)
}

var errNoLabel = errors.New("jump without a label")

// jumpIf takes an empty otherwise for the next instruction.
func (b *Builder) jumpIf(cond Cond, then, otherwise string) {
	c := call{raw: raw(cond.op, cond.k), labelled: true, jumpTrue: then, jumpFalse: otherwise}
	if cond.negate {
		c.jumpTrue, c.jumpFalse = otherwise, then
	}
	switch {
	case !cond.op.conditional():
		b.addBad(c, errors.New("jump on the zero Cond"))
	case then == "":
		b.addBad(c, errNoLabel)
	default:
		b.add(c)
	}
}

// Emit adds any instruction of golang.org/x/net/bpf. The numbers of jumps count instructions emitted after it.
func (b *Builder) Emit(ins bpf.Instruction) {
	if ins == nil {
		b.addBad(call{}, errors.New("nil instruction"))
		return
	}
	raw, err := ins.Assemble()
	if err != nil {
		b.addBad(call{raw: raw}, err)
		return
	}
	b.add(call{raw: raw})
}

func (b *Builder) emit(op Opcode, k uint32) { b.add(call{raw: raw(op, k)}) }

func (b *Builder) add(c call) {
	c.pos = caller()
	b.calls = append(b.calls, c)
}

// addBad adds an instruction that could not be made, to keep the count.
func (b *Builder) addBad(c call, err error) {
	c.bad = true
	b.add(c)
	b.fail(len(b.calls)-1, b.calls[len(b.calls)-1].pos, "", err)
}

func (b *Builder) fail(index int, pos asm.Position, text string, err error) {
	b.errs = append(b.errs, &asm.Error{Position: pos, Program: b.name, Index: index, Text: text, Err: err})
}

// Program returns the program, or an error that joins an *asm.Error for each mistake: what Decode refuses, labels
// that are undefined, defined twice, behind the jump or too far, and instructions that no path reaches. The
// builder stays as it is and can go on.
func (b *Builder) Program() (*Program, error) {
	errs := slices.Clone(b.errs)
	report := func(p problem) {
		pos := b.pos
		if p.index >= 0 {
			pos = b.calls[p.index].pos
		}
		errs = append(errs, p.at(b.name, pos))
	}
	program, problems := b.resolve()
	for _, p := range problems {
		report(p)
	}
	if len(errs) == 0 {
		problems, _ := check(program, math.MaxInt)
		for _, p := range problems {
			report(p)
		}
	} else {
		// The flow is not known, but each instruction can be judged by itself.
		for i, ins := range program {
			if reason := checkInstruction(ins, len(program)+MaxSkip); reason != "" && !b.calls[i].bad {
				report(problemf(i, ins, "%s", reason))
			}
		}
	}
	if len(errs) == 0 {
		for _, i := range unreachable(program) {
			report(problemf(i, program[i], "no path leads here"))
		}
	}
	if len(errs) > 0 {
		return nil, joined(errs)
	}
	p := &Program{name: b.name, raw: program, positions: make([]asm.Position, len(program))}
	for i, c := range b.calls {
		p.positions[i] = c.pos
	}
	return p, nil
}

// joined joins the errors: those about labels and the whole first, then in the order of the instructions.
func joined(errs []*asm.Error) error {
	slices.SortStableFunc(errs, func(a, b *asm.Error) int { return a.Index - b.Index })
	list := make([]error, len(errs))
	for i, err := range errs {
		list[i] = err
	}
	return errors.Join(list...)
}

// resolve returns the instructions with labels made distances.
func (b *Builder) resolve() (program []bpf.RawInstruction, problems []problem) {
	program = make([]bpf.RawInstruction, len(b.calls))
	for i, c := range b.calls {
		program[i] = c.raw
		if !c.labelled || c.bad {
			continue
		}
		skip := func(name string) uint32 {
			n, reason := b.skip(i, name, c.raw)
			if reason != "" {
				problems = append(problems, problemf(i, c.raw, "%s", reason))
			}
			return n
		}
		if Opcode(c.raw.Op) == OpJa {
			program[i].K = skip(c.jumpTrue)
			continue
		}
		if c.jumpTrue != "" {
			program[i].Jt = uint8(skip(c.jumpTrue))
		}
		if c.jumpFalse != "" {
			program[i].Jf = uint8(skip(c.jumpFalse))
		}
	}
	return program, problems
}

// skip returns how many instructions are between instruction i and the label, or the reason why it cannot jump
// there.
func (b *Builder) skip(i int, name string, jump bpf.RawInstruction) (n uint32, reason string) {
	l, ok := b.labels[name]
	distance := l.index - i - 1
	switch {
	case !ok:
		return 0, fmt.Sprintf("label %s is not defined", name)
	case distance < 0:
		return 0, fmt.Sprintf("label %s (%v) is not ahead: classic programs jump forward only", name, l.pos)
	case l.index == len(b.calls):
		return 0, fmt.Sprintf("no instruction follows label %s (%v)", name, l.pos)
	case Opcode(jump.Op) != OpJa && distance > MaxSkip:
		return 0, fmt.Sprintf("label %s (%v) is %d instructions away, a conditional jump skips at most %d:"+
			" lead it to a Jump on the way", name, l.pos, distance, MaxSkip)
	}
	return uint32(distance), ""
}
