package asm

import "slices"

// thread straightens control flow: jumps to jumps, jumps over jumps, jumps to what follows anyway.
func (f *fn) thread() {
	for f.shorten() {
	}
	f.number()
	preds := f.predecessors()
	shared := func(b *block) bool { return b.next == nil && len(preds[b.index]) > 1 }
	for _, b := range f.blocks {
		// Go on with what goes on, and jump to where several ways end.
		if b.invertible() && shared(b.next) && !shared(b.last().to) {
			b.invert()
		}
	}
	f.order()
	for k, b := range f.blocks {
		// if c goto A; goto B; A: becomes if not c goto B.
		if b.invertible() && k+1 < len(f.blocks) && f.blocks[k+1] == b.last().to {
			b.invert()
		}
	}
}

// shorten makes every jump lead to where control ends up and reports whether one changed.
func (f *fn) shorten() bool {
	changed := false
	for _, b := range f.blocks {
		// A goto becomes the edge to what follows; the layout of the blocks decides whether it costs an instruction.
		if l := b.last(); l != nil && l.to != nil && l.ins.Op == JumpOpcode(ClassJMP, OpJA, K) {
			b.next = l.to
			b.insts = b.insts[:len(b.insts)-1]
			changed = true
		}
		if to := b.next.final(); to != b.next {
			b.next = to
			changed = true
		}
		l := b.last()
		if l == nil || l.to == nil {
			continue
		}
		if to := l.to.final(); to != l.to {
			l.to = to
			changed = true
		}
		if l.to == b.next && kinds[l.ins.Op] != kindJA {
			b.insts = b.insts[:len(b.insts)-1] // both ways lead there
			changed = true
		}
	}
	f.sweep()
	return changed
}

// invertible reports whether b ends in a condition of which both ways can change places.
func (b *block) invertible() bool {
	l := b.last()
	if l == nil || l.to == nil || b.next == nil || l.to == b.next {
		return false
	}
	kind := kinds[l.ins.Op]
	return (kind == kindJumpK || kind == kindJumpX) && l.ins.Op.JumpOp() != OpJSet
}

func (b *block) invert() {
	l := b.last()
	l.ins.Op = l.ins.Op&^0xf0 | Opcode(inverse[l.ins.Op.JumpOp()>>4])
	l.to, b.next = b.next, l.to
}

// final follows blocks that do nothing but lead on.
func (b *block) final() *block {
	for range 64 { // an empty endless loop has no end
		if b == nil || len(b.insts) > 0 || b.next == nil {
			break
		}
		b = b.next
	}
	return b
}

// sweep removes the blocks that nothing leads to any more. Their labels move on to what they led to.
func (f *fn) sweep() {
	f.number()
	used := make([]bool, len(f.blocks))
	var visit func(b *block)
	visit = func(b *block) {
		if used[b.index] {
			return
		}
		used[b.index] = true
		for _, s := range b.successors() {
			visit(s)
		}
	}
	visit(f.blocks[0])
	kept := make([]*block, 0, len(f.blocks))
	for i, b := range f.blocks {
		if used[i] {
			kept = append(kept, b)
			continue
		}
		if to := b.final(); to != nil && to != b && used[to.index] {
			to.labels = append(b.labels, to.labels...)
		}
	}
	f.blocks = kept
}

// order places the blocks so that as many as possible fall through to the next: each is followed by its successor as
// long as that has no place yet. What does not end in such a chain keeps the author's order, and an end that several ways
// share comes behind the last of them.
func (f *fn) order() {
	f.number()
	placed := make([]bool, len(f.blocks))
	order := make([]*block, 0, len(f.blocks))
	left := make([]int, len(f.blocks)) // predecessors without a place
	for i, p := range f.predecessors() {
		left[i] = len(p)
	}
	for n, b := range f.blocks {
		if n > 0 && b.next == nil && left[b.index] > 0 {
			continue // its turn comes with the last of its predecessors
		}
		for b != nil && !placed[b.index] {
			if b.next == nil && left[b.index] > 1 && b.index > 0 {
				break
			}
			for _, s := range b.successors() {
				left[s.index]--
			}
			placed[b.index] = true
			order = append(order, b)
			b = b.next
		}
	}
	for _, b := range f.blocks {
		if !placed[b.index] {
			order = append(order, b)
		}
	}
	f.blocks = order
}

// merge makes one block of those that do the same: first equal blocks, then equal ends of blocks that leave the
// function. The last one in the order stays, so that jumps lead forward.
func (f *fn) merge() {
	for {
		f.number()
		if !f.mergeBlocks() && !f.mergeEnds() {
			return
		}
		f.thread()
	}
}

func (f *fn) mergeBlocks() bool {
	for i := len(f.blocks) - 1; i > 0; i-- {
		for k := range i {
			keep, drop := f.blocks[i], f.blocks[k]
			if k == 0 || keep.next != drop.next || len(keep.insts) == 0 || common(keep.insts, drop.insts) < len(keep.insts) || len(keep.insts) != len(drop.insts) {
				continue
			}
			keep.labels = append(drop.labels, keep.labels...)
			for _, b := range f.blocks {
				if b.next == drop {
					b.next = keep
				}
				if l := b.last(); l != nil && l.to == drop {
					l.to = keep
				}
			}
			f.sweep()
			return true
		}
	}
	return false
}

// mergeEnds cuts the common end off two blocks that leave the function when a goto is shorter.
func (f *fn) mergeEnds() bool {
	for i := len(f.blocks) - 1; i >= 0; i-- {
		for k := range i {
			x, y := f.blocks[i], f.blocks[k]
			if x.next != nil || y.next != nil {
				continue
			}
			n := common(x.insts, y.insts)
			if n < 2 || slots(x.insts[len(x.insts)-n:]) < 2 {
				continue
			}
			tail := x
			if n < len(x.insts) {
				tail = &block{insts: slices.Clone(x.insts[len(x.insts)-n:])}
				x.insts = x.insts[:len(x.insts)-n]
				x.next = tail
				f.blocks = slices.Insert(f.blocks, i+1, tail)
			}
			y.insts = y.insts[:len(y.insts)-n]
			y.next = tail
			return true
		}
	}
	return false
}

// common returns how many instructions at the ends of two blocks are the same.
func common(x, y []inst) int {
	n := 0
	for n < len(x) && n < len(y) {
		a, b := &x[len(x)-1-n], &y[len(y)-1-n]
		if a.ins != b.ins || a.to != b.to || a.kind != b.kind || a.symbol != b.symbol {
			break
		}
		n++
	}
	return n
}

func slots(insts []inst) int {
	n := 0
	for _, i := range insts {
		n += i.ins.Slots()
	}
	return n
}
