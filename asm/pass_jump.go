package asm

import "slices"

// thread straightens control flow: jumps to jumps, jumps over jumps, jumps to what follows anyway.
func (f *fn) thread() {
	for f.shorten() {
	}
	f.number()
	preds := f.predecessors()
	joins := func(b *block) bool { return len(preds[b.index]) > 1 }
	shared := func(b *block) bool { return b.next == nil && joins(b) }
	for _, b := range f.blocks {
		// Go on with what goes on, and jump to where several ways meet or end; but stay in front of a loop's head, which
		// has its place before.
		if !b.invertible() || b.last().to.index <= b.index {
			continue
		}
		if to := b.last().to; shared(b.next) && !shared(to) || joins(b.next) && !joins(to) {
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
	return (kind == kindJumpK || kind == kindJumpX) && (l.ins.Op.JumpOp() != OpJSet || b.testsTopBit())
}

func (b *block) invert() {
	l := b.last()
	op := l.ins.Op.JumpOp()
	if op == OpJSet { // of the top bit: r & 0x80 is r > 0x7f
		op = OpJGT
		l.ins.Imm--
	}
	l.ins.Op = l.ins.Op&^0xf0 | Opcode(inverse[op>>4])
	l.to, b.next = b.next, l.to
}

// testsTopBit reports whether b ends in a test of the highest bit of a byte or a halfword that it has loaded.
func (b *block) testsTopBit() bool {
	l := b.last()
	if kinds[l.ins.Op] != kindJumpK {
		return false
	}
	for k := len(b.insts) - 2; k >= 0; k-- {
		in := &b.insts[k]
		if kinds[in.ins.Op] == kindLdx && in.ins.Dst == l.ins.Dst {
			size := in.ins.Op.Size()
			return in.ins.Op.Mode() == ModeMem && (size == B || size == H) && l.ins.Imm == 1<<(8*size.Bytes()-1)
		}
		r := in.registers()
		if slices.Contains(r.defs[:r.ndefs], l.ins.Dst) || r.clobbers {
			return false
		}
	}
	return false
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
// share comes behind the last of those that fall through to it.
func (f *fn) order() {
	f.number()
	placed := make([]bool, len(f.blocks))
	order := make([]*block, 0, len(f.blocks))
	left := make([]int, len(f.blocks))  // predecessors without a place
	falls := make([]int, len(f.blocks)) // those of them that would fall through
	for i, p := range f.predecessors() {
		left[i] = len(p)
	}
	for _, b := range f.blocks {
		if b.next != nil {
			falls[b.next.index]++
		}
	}
	for n, b := range f.blocks {
		if n > 0 && b.next == nil && left[b.index] > 0 {
			continue // its turn comes with the last of its predecessors
		}
		for b != nil && !placed[b.index] {
			if b.next == nil && falls[b.index] > 0 && b.index > 0 {
				break
			}
			for _, s := range b.successors() {
				left[s.index]--
			}
			if b.next != nil {
				falls[b.next.index]--
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
// function, then of blocks that go on to the same one. The last one in the order stays, so that jumps lead forward.
func (f *fn) merge() {
	for {
		f.number()
		if !f.mergeBlocks() && !f.mergeEnds() && !f.mergeJoins() {
			return
		}
		f.thread()
	}
}

func (f *fn) mergeBlocks() bool {
	// Only blocks of one shape can be equal; comparing all with all would take the square of their number.
	type shape struct {
		next   *block
		length int
		last   Instruction
	}
	of := func(b *block) shape { return shape{b.next, len(b.insts), b.insts[len(b.insts)-1].ins} }
	alike := make(map[shape][]*block)
	for _, b := range f.blocks[1:] {
		if len(b.insts) > 0 {
			alike[of(b)] = append(alike[of(b)], b)
		}
	}
	for i := len(f.blocks) - 1; i > 0; i-- {
		keep := f.blocks[i]
		if len(keep.insts) == 0 {
			continue
		}
		for _, drop := range alike[of(keep)] {
			if drop == keep {
				break // those behind it have had their turn
			}
			if common(keep.insts, drop.insts) < len(keep.insts) {
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
		x := f.blocks[i]
		if x.next != nil {
			continue
		}
		for k := range i {
			y := f.blocks[k]
			if y.next != nil {
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

// mergeJoins cuts the common end off blocks that go on to the same one without a condition: at most one of them falls
// through, so that the others jump a little earlier.
func (f *fn) mergeJoins() bool {
	merged := false
	into := make([][]*block, len(f.blocks))
	for _, b := range f.blocks {
		if b.next != nil && b.last() == nil {
			into[b.next.index] = append(into[b.next.index], b)
		}
	}
	for _, ways := range into {
		for i, y := range ways {
			for _, x := range ways[i+1:] {
				n := common(x.insts, y.insts)
				if n == 0 || x.next != y.next {
					continue
				}
				tail := x
				if n < len(x.insts) {
					tail = &block{insts: slices.Clone(x.insts[len(x.insts)-n:]), next: x.next}
					x.insts = x.insts[:len(x.insts)-n]
					x.next = tail
					f.blocks = slices.Insert(f.blocks, slices.Index(f.blocks, x)+1, tail)
				}
				y.insts = y.insts[:len(y.insts)-n]
				y.next = tail
				merged = true
				break
			}
		}
	}
	return merged
}

// common returns how many instructions at the ends of two blocks are the same, and may be so for the kernel: it refuses a
// load or store at the context on one way and at a packet on the other, and calls a lookup slowly that has one map on one
// way and another on the other. So what makes the address or the map has to be common too, or it is the frame.
func common(x, y []inst) int {
	n := 0
	for n < len(x) && n < len(y) {
		a, b := &x[len(x)-1-n], &y[len(y)-1-n]
		if a.ins != b.ins || a.to != b.to || a.kind != b.kind || a.symbol != b.symbol {
			break
		}
		n++
	}
	best := n
	made := newBitset(int(R10) + 1)
	made.add(int(R10))
	for k := len(x) - n; k < len(x); k++ {
		i := &x[k]
		r := i.registers()
		needs := i.base()
		if i.takesMap() {
			needs = R1
		} else if kinds[i.ins.Op] == kindLdx {
			needs = i.ins.Src
		}
		if !made.has(dense(needs)) {
			best = len(x) - 1 - k
		}
		for _, d := range r.defs[:r.ndefs] {
			made.add(dense(d))
		}
	}
	return best
}

// takesMap reports whether i calls a helper whose first argument is a map.
func (i *inst) takesMap() bool {
	h := Helper(i.ins.Imm)
	if kinds[i.ins.Op] != kindCall || i.ins.Src != CallHelper || !h.Valid() || h.NumArgs() == 0 {
		return false
	}
	return h.Args()[0].Kind() == ArgMap
}

func slots(insts []inst) int {
	n := 0
	for _, i := range insts {
		n += i.ins.Slots()
	}
	return n
}
