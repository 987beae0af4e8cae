package asm

import (
	"fmt"
	"slices"
)

// checkLoops reports loops that cannot end: those that nothing leads out of, and those that are left on conditions which
// no round changes. The verifier refuses a program that may not end.
func (f *fn) checkLoops(a *assembly, live liveness) {
	for _, c := range f.cycles() {
		if err := c.endless(live); err != nil {
			a.fail(c.from(), -1, "", err)
		}
	}
}

// cycle is a loop: a block that is entered from before and from within, and the blocks between.
type cycle struct {
	head   *block
	blocks []*block
}

// cycles finds the loops, by the jumps that lead back in the order of the code. Those of one head are one.
func (f *fn) cycles() (found []cycle) {
	f.number()
	preds := f.predecessors()
	for _, head := range f.blocks {
		in := newBitset(len(f.blocks))
		in.add(head.index)
		var todo []*block
		for _, p := range preds[head.index] {
			if p.index >= head.index && !in.has(p.index) {
				in.add(p.index)
				todo = append(todo, p)
			}
		}
		itself := slices.Contains(preds[head.index], head)
		if len(todo) == 0 && !itself {
			continue
		}
		for len(todo) > 0 {
			b := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, p := range preds[b.index] {
				if !in.has(p.index) {
					in.add(p.index)
					todo = append(todo, p)
				}
			}
		}
		if in.has(0) && head.index != 0 {
			continue // entered not only at its head
		}
		c := cycle{head: head}
		in.each(func(i int) { c.blocks = append(c.blocks, f.blocks[i]) })
		found = append(found, c)
	}
	return found
}

// from is the line that an error about the loop names: that of its first instruction.
func (c *cycle) from() origin {
	for _, b := range c.blocks {
		if len(b.insts) > 0 {
			return b.insts[0].from
		}
	}
	return origin{}
}

func (c *cycle) endless(live liveness) error {
	left := false
	for _, b := range c.blocks {
		for _, s := range b.successors() {
			if slices.Contains(c.blocks, s) {
				continue
			}
			left = true
			if c.changes(b.last(), live) {
				return nil
			}
		}
	}
	if left {
		return fmt.Errorf("%w: no round changes what it is left on; count in a register that the condition compares, or use For", ErrNoBound)
	}
	return fmt.Errorf("%w: nothing leads out of it; Break, compare a counter with a constant, or use Forever, which the kernel bounds", ErrNoBound)
}

// changes reports whether the outcome of a jump may differ from round to round.
func (c *cycle) changes(jump *inst, live liveness) bool {
	if jump == nil || kinds[jump.ins.Op] == kindJA {
		return true // may_goto counts by itself
	}
	r := jump.registers()
	for _, u := range r.uses[:r.nuses] {
		if c.writes(u, live.in[c.head.index].has(dense(u))) {
			return true
		}
	}
	return false
}

// writes reports whether a round may give a register another value. A constant counts only when the register comes into
// the loop with a value.
func (c *cycle) writes(reg Register, comesIn bool) bool {
	for _, b := range c.blocks {
		for k := range b.insts {
			i := &b.insts[k]
			r := i.registers()
			if r.clobbers && reg >= R1 && reg <= R5 {
				return true
			}
			if slices.Contains(r.defs[:r.ndefs], reg) && (comesIn || !i.isConstant()) {
				return true
			}
		}
	}
	return false
}

// isConstant reports whether i sets a register to a number and does nothing else.
func (i *inst) isConstant() bool {
	switch i.ins.Op {
	case ALUOpcode(ClassALU64, OpMov, K), ALUOpcode(ClassALU, OpMov, K):
		return true
	case OpLdImm64:
		return i.ins.Src == Imm64Value
	}
	return false
}
