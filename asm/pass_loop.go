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

// cycle is a loop: a jump back, the block it leads to, and all that lies between.
type cycle struct {
	head   *block
	blocks []*block
}

// cycles finds the loops by the jumps that lead back in the order of the code.
func (f *fn) cycles() (found []cycle) {
	f.number()
	preds := f.predecessors()
	for _, head := range f.blocks {
		for _, tail := range preds[head.index] {
			if tail.index < head.index {
				continue
			}
			in := newBitset(len(f.blocks))
			in.add(head.index)
			for todo := []*block{tail}; len(todo) > 0; {
				b := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				if !in.has(b.index) {
					in.add(b.index)
					todo = append(todo, preds[b.index]...)
				}
			}
			if in.has(0) && head.index != 0 {
				continue // entered not only at its head
			}
			c := cycle{head: head}
			in.each(func(i int) { c.blocks = append(c.blocks, f.blocks[i]) })
			found = append(found, c)
		}
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

// endless reports a loop all of whose rounds are the same: no jump in it depends on what a round changes.
func (c *cycle) endless(live liveness) error {
	left := false
	for _, b := range c.blocks {
		successors := b.successors()
		if len(successors) > 1 && c.changes(b.last(), live) {
			return nil
		}
		for _, s := range successors {
			left = left || !slices.Contains(c.blocks, s)
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
