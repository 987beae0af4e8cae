package asm

import (
	"errors"
	"fmt"
	"strings"
)

// Reasons for which Builder.Program refuses a program as a whole.
var (
	ErrLabel   = errors.New("undefined label")
	ErrTooFar  = errors.New("jump too far")
	ErrFallOff = errors.New("falls off the end")
)

// Program assembles what the builder was told, without changing the builder. The error joins everything that is wrong,
// in the order of the program; each part is an *Error.
func (b *Builder) Program() (*Program, error) {
	a := assembly{b: b, errs: append([]error(nil), b.errs...), next: max(b.next, firstVirtual)}
	if len(b.nodes) == 0 {
		a.fail(b.from, -1, "", errors.New("no instructions; a program ends with Return or Exit"))
	} else {
		a.ends()
		a.link()
	}
	if len(a.errs) == 0 {
		if b.passes != nil {
			b.passes(&a)
		} else {
			a.copy()
		}
	}
	if len(a.errs) == 0 {
		a.layout()
	}
	if len(a.errs) > 0 {
		return nil, errors.Join(a.errs...)
	}
	return NewProgram(a.emit())
}

// copy takes the nodes as they are.
func (a *assembly) copy() {
	a.nodes = a.b.nodes
	a.starts = append([]Label(nil), a.b.spec.Functions...)
	for _, l := range a.b.spec.Labels {
		if l.Index < len(a.nodes) { // one behind the last instruction names nothing
			a.labels = append(a.labels, l)
		}
	}
}

// insertError inserts e behind the errors about the same and about earlier instructions; those about none come first. It
// leaves out what stands there already, such as the same end that several ways of one If fall off.
func insertError(errs []error, e *Error) []error {
	at := len(errs)
	for at > 0 && errs[at-1].(*Error).Index > e.Index {
		at--
	}
	if at > 0 && errs[at-1].Error() == e.Error() {
		return errs
	}
	errs = append(errs, e)
	copy(errs[at+1:], errs[at:])
	errs[at] = e
	return errs
}

// assembly is one run of Builder.Program: the builder's nodes to functions of blocks, the passes over them, and back to
// nodes; then nodes to sizes, sizes to distances.
type assembly struct {
	b       *Builder
	fns     []*fn
	errs    []error
	next    Register // the next virtual register
	nodes   []node
	starts  []Label // functions behind the main one
	labels  []Label
	targets []int  // the node that each node leads to, -1 for none
	long    []bool // the node's jump takes a gotol
	index   []int  // the instruction that each node begins at; one more entry has their number
	slot    []int  // the same in slots
}

func (a *assembly) fail(from origin, index int, text string, err error) {
	a.errs = insertError(a.errs, &Error{Position: from.position(), Program: a.b.spec.Name, Index: index, Text: text, Err: err})
}

// failAt records what is wrong with node i, whose instruction has the same index.
func (a *assembly) failAt(i int, n *node, err error) { a.fail(n.from, i, n.text(), err) }

// link finds the node that each jump and each call inside the program leads to.
func (a *assembly) link() {
	nodes := a.b.nodes
	a.targets = make([]int, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		a.targets[i] = -1
		switch {
		case n.target != "":
			l, ok := a.b.labels[n.target]
			switch {
			case !ok:
				a.failAt(i, n, fmt.Errorf("%w %s", ErrLabel, n.target))
			case l.function:
				a.failAt(i, n, fmt.Errorf("%s is a subprogram; call it", n.target))
			case n.target[0] == '#' && functionEnd(a.b.spec.Functions, i, len(nodes)) == l.index:
				a.fail(n.from, -1, "", fmt.Errorf("the function %w on one of the ways through this: end it with Return", ErrFallOff))
			case l.index == len(nodes):
				a.failAt(i, n, fmt.Errorf("no instruction follows label %s", n.target))
			case functionOf(a.b.spec.Functions, i) != functionOf(a.b.spec.Functions, l.index):
				a.failAt(i, n, fmt.Errorf("label %s is in another function", n.target))
			default:
				a.targets[i] = l.index
			}
		case n.kind == RefCall || n.kind == RefFunc:
			l, ok := a.b.labels[n.symbol]
			switch {
			case ok && !l.function:
				a.failAt(i, n, fmt.Errorf("%s is a label, not a subprogram", n.symbol))
			case ok:
				a.targets[i] = l.index
				if args, known := a.b.arity[n.symbol]; known && n.kind == RefCall && n.args >= 0 && n.args != args {
					a.failAt(i, n, fmt.Errorf("%w: %d arguments instead of the %d that it has at %v", ErrOperand, n.args, args, l.from.position()))
				}
			}
		}
	}
}

// text returns the node's instruction as the author wrote it.
func (n *node) text() string {
	p := printer{}
	switch {
	case n.kind != 0:
		p.jumpTo(n.ins, Reference{Kind: n.kind, Symbol: n.symbol}.text(n.ins))
	case strings.HasPrefix(n.target, "#"): // the author knows no such label
		p.jumpTo(n.ins, "")
		return strings.TrimSuffix(strings.TrimSpace(string(p.b)), " goto")
	case n.target != "":
		p.jumpTo(n.ins, n.target)
	case kinds[n.ins.Op] == kindCall && n.ins.Src == CallHelper && Helper(n.ins.Imm).Valid():
		p.str("call ", Helper(n.ins.Imm).Name())
	default:
		p.instruction(n.ins)
	}
	if n.object != nil { // it has no place yet
		return strings.Replace(string(p.b), "r10", n.object.name, 1)
	}
	return string(p.b)
}

// ends checks that no function runs on into what follows it. The kernel says "last insn is not an exit or jmp".
func (a *assembly) ends() {
	name, begin := a.b.spec.Name, 0
	check := func(end int) {
		if end == begin {
			if end > 0 { // the main function's emptiness is reported where the first subprogram begins
				a.fail(a.b.labels[name].from, -1, "subprogram "+name, errors.New("no instructions; end it with Return or Exit"))
			}
			return
		}
		n := &a.b.nodes[end-1]
		switch kind := kinds[n.ins.Op]; {
		case kind == kindExit, kind == kindJAL, kind == kindJA && n.ins.Op.JumpOp() == OpJA:
		default:
			a.failAt(end-1, n, fmt.Errorf("function %s %w: its last instruction is neither exit nor goto; end it with Return or Exit", name, ErrFallOff))
		}
	}
	for _, f := range a.b.spec.Functions {
		check(f.Index)
		name, begin = f.Name, f.Index
	}
	check(len(a.b.nodes))
}

// layout gives every node its place. Jumps that do not reach become long ones, which may push others out of reach, so
// it repeats until nothing changes; jumps only ever grow.
func (a *assembly) layout() {
	nodes := a.nodes
	a.long = make([]bool, len(nodes))
	a.index = make([]int, len(nodes)+1)
	a.slot = make([]int, len(nodes)+1)
	for again := true; again; {
		again = false
		for i := range nodes {
			ins, extra := nodes[i].ins, 0
			if a.long[i] {
				extra = longForm(ins) - 1
			}
			a.index[i+1] = a.index[i] + 1 + extra
			a.slot[i+1] = a.slot[i] + ins.Slots() + extra
		}
		for i := range nodes {
			n := &nodes[i]
			if a.targets[i] < 0 || n.target == "" || a.long[i] || n.ins.Op.Class() == ClassJMP32 && n.ins.Op.JumpOp() == OpJA {
				continue
			}
			if fitsInt16(a.slot[a.targets[i]] - a.slot[i] - 1) {
				continue
			}
			if a.b.cpu < V4 {
				a.failAt(i, n, fmt.Errorf("%w: %s is %d slots away and an offset has 16 bits; Builder.Target(asm.V4) allows gotol",
					ErrTooFar, n.target, a.slot[a.targets[i]]-a.slot[i]-1))
				continue
			}
			a.long[i], again = true, true
		}
	}
}

// longForm returns the number of instructions that jump i takes with a gotol.
func longForm(i Instruction) int {
	switch {
	case i.Op.JumpOp() == OpJA:
		return 1
	case i.Op.JumpOp() == OpJSet || i.Op.JumpOp() == OpJCond:
		return 3 // they have no inverse
	}
	return 2
}

// emit makes the program's parts with all distances filled in.
func (a *assembly) emit() ProgramSpec {
	spec := a.b.spec.clone()
	spec.Instructions = make([]Instruction, 0, a.index[len(a.nodes)])
	if !a.b.noLines {
		spec.Positions = make([]Position, 0, cap(spec.Instructions))
	}
	lines := lines{comments: a.b.comments}
	for i := range a.nodes {
		n := &a.nodes[i]
		if n.kind != 0 && a.targets[i] < 0 {
			spec.References = append(spec.References, Reference{Index: a.index[i], Kind: n.kind, Symbol: n.symbol})
		}
		spec.Instructions = a.resolve(spec.Instructions, i)
		if a.b.noLines {
			continue
		}
		position, comment := lines.of(n.from)
		for i := len(spec.Positions); i < len(spec.Instructions); i++ {
			spec.Positions = append(spec.Positions, position)
			if comment != "" {
				spec.Comments = append(spec.Comments, Comment{Index: i, Text: comment})
			}
		}
	}
	spec.Labels = a.labels
	for i := range spec.Labels {
		spec.Labels[i].Index = a.index[spec.Labels[i].Index]
	}
	spec.Functions = a.starts
	for i := range spec.Functions {
		spec.Functions[i].Index = a.index[spec.Functions[i].Index]
	}
	spec.Functions = append([]Label{{Name: spec.Name}}, spec.Functions...)
	return spec
}

// resolve appends the instructions of node i.
func (a *assembly) resolve(insns []Instruction, i int) []Instruction {
	n := &a.nodes[i]
	ins := n.ins
	if a.targets[i] < 0 {
		return append(insns, ins)
	}
	distance := a.slot[a.targets[i]] - a.slot[i] - 1
	switch {
	case n.kind == RefFunc:
		ins.Imm = int64(uint32(int32(distance)))
		return append(insns, ins)
	case n.kind == RefCall, ins.Op.Class() == ClassJMP32 && ins.Op.JumpOp() == OpJA:
		ins.Imm = int64(distance)
		return append(insns, ins)
	case !a.long[i]:
		ins.Off = int16(distance)
		return append(insns, ins)
	}
	length := longForm(ins)
	gotol := Instruction{Op: JumpOpcode(ClassJMP32, OpJA, K), Imm: int64(distance - length + 1)}
	switch length {
	case 1:
		return append(insns, gotol)
	case 2:
		ins.Op = ins.Op&^0xf0 | Opcode(inverse[ins.Op.JumpOp()>>4])
		ins.Off = 1
		return append(insns, ins, gotol)
	}
	ins.Off = 1
	return append(insns, ins, Instruction{Op: JumpOpcode(ClassJMP, OpJA, K), Off: 1}, gotol)
}

// functionEnd returns where the function that node i is in ends.
func functionEnd(functions []Label, i, nodes int) int {
	for _, f := range functions {
		if f.Index > i {
			return f.Index
		}
	}
	return nodes
}
