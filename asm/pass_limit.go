package asm

// limit is what relate knows: a register is another one and a constant.
type limit struct {
	at, from Register
	off      int64
}

// relate computes addresses from addresses that are near already: behind "a = p; a += 14", "b = p; b += 34" becomes
// "b = a; b += 20". Nobody needs the limit that a packet was compared with before, so that the copy vanishes and the
// deeper limit costs one instruction. It goes into the blocks that control comes to from one place only, and no further
// than the next call, in order not to keep a register for it.
func (f *fn) relate() {
	f.number()
	preds := f.predecessors()
	known := make([][]limit, len(f.blocks))
	for i, b := range f.blocks {
		var limits []limit
		if i > 0 && len(preds[i]) == 1 && preds[i][0].index < i {
			limits = append(limits, known[preds[i][0].index]...)
		}
		for k := 0; k < len(b.insts); k++ {
			if at, from, off, ok := b.address(k); ok {
				var found limit
				kept := limits[:0]
				for _, l := range limits {
					if l.from == from {
						found = l
					} else if l.at != at {
						kept = append(kept, l)
					}
				}
				if d := off - found.off; found.at != 0 && found.at != at && d == int64(int32(d)) {
					b.insts[k].ins.Src = found.at
					b.insts[k+1].ins.Imm = d
				}
				if limits = append(kept, limit{at, from, off}); len(limits) > 8 {
					limits = limits[1:] // so many are not waiting for a deeper one
				}
				k++
				continue
			}
			r := b.insts[k].registers()
			if r.clobbers {
				limits = limits[:0]
			}
			for _, d := range r.defs[:r.ndefs] {
				kept := limits[:0]
				for _, l := range limits {
					if l.at != d && l.from != d {
						kept = append(kept, l)
					}
				}
				limits = kept
			}
		}
		known[i] = limits
	}
}

// address recognizes "at = from; at += off" at instruction k, on virtual registers.
func (b *block) address(k int) (at, from Register, off int64, ok bool) {
	if k+1 >= len(b.insts) || !b.insts[k].isMove() {
		return
	}
	move, add := &b.insts[k].ins, &b.insts[k+1]
	ok = add.ins.Op == ALUOpcode(ClassALU64, OpAdd, K) && add.ins.Dst == move.Dst && add.object == nil && move.Dst != move.Src &&
		move.Dst.virtual() && move.Src.virtual()
	return move.Dst, move.Src, add.ins.Imm, ok
}
