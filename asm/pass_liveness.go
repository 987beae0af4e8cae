package asm

// liveness says which registers hold a value that is still needed. Registers are numbered as dense does.
type liveness struct {
	in, out []bitset // by block index
}

// dense numbers registers without a gap: r0 to r10, then the virtual ones.
func dense(r Register) int {
	if r.virtual() {
		return int(r-firstVirtual) + int(R10) + 1
	}
	return int(r)
}

// sparse is the inverse of dense.
func sparse(i int) Register {
	if i > int(R10) {
		return Register(i-int(R10)-1) + firstVirtual
	}
	return Register(i)
}

// live finds the registers that are live where each block begins and ends, by going backward over the blocks until
// nothing changes. n is the number of registers.
func (f *fn) live(n int) liveness {
	f.number()
	sets, k := newBitsets(4*len(f.blocks), n), len(f.blocks)
	l := liveness{in: sets[:k], out: sets[k : 2*k]}
	use, def := sets[2*k:3*k], sets[3*k:]
	for i, b := range f.blocks {
		for k := range b.insts {
			r := b.insts[k].registers()
			for _, u := range r.uses[:r.nuses] {
				if !def[i].has(dense(u)) {
					use[i].add(dense(u))
				}
			}
			for _, d := range r.defs[:r.ndefs] {
				def[i].add(dense(d))
			}
			if r.clobbers {
				for c := R1; c <= R5; c++ {
					def[i].add(int(c))
				}
			}
		}
		l.in[i].union(use[i])
	}
	for again := true; again; {
		again = false
		for i := len(f.blocks) - 1; i >= 0; i-- {
			for _, s := range f.blocks[i].successors() {
				l.out[i].union(l.in[s.index])
			}
			for w := range l.in[i] {
				if grown := use[i][w] | l.out[i][w]&^def[i][w]; grown != l.in[i][w] {
					l.in[i][w] = grown
					again = true
				}
			}
		}
	}
	return l
}

// backward calls visit for every instruction of block b from the last to the first, with the registers that are live
// behind it. visit must not keep or change the set.
func (l liveness) backward(b *block, visit func(i int, live bitset)) {
	live := newBitset(len(l.out[b.index]) * 64)
	live.union(l.out[b.index])
	for i := len(b.insts) - 1; i >= 0; i-- {
		visit(i, live)
		r := b.insts[i].registers()
		for _, d := range r.defs[:r.ndefs] {
			live.remove(dense(d))
		}
		if r.clobbers {
			for c := R1; c <= R5; c++ {
				live.remove(int(c))
			}
		}
		for _, u := range r.uses[:r.nuses] {
			live.add(dense(u))
		}
	}
}
