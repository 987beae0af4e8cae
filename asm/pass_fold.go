package asm

// fold moves the constant of "a = p; a += 8" into the offsets of the loads and stores at a, when a serves nothing else
// but to move on: the addition vanishes, and the copy with it if a and p can share a register.
func (f *fn) fold(n int) {
	type candidate struct {
		add *inst // "a += 8"
		bad bool  // a is used otherwise
	}
	candidates := make([]candidate, n)
	found := false
	for _, b := range f.blocks {
		for k := 0; k < len(b.insts); k++ {
			in := &b.insts[k]
			if at, from, _, ok := b.address(k); ok {
				c := &candidates[dense(at)]
				c.bad = c.bad || c.add != nil
				c.add = &b.insts[k+1]
				candidates[dense(from)].bad = true
				found = true
				k++
				continue
			}
			r := in.registers()
			base, moves := in.base(), in.moves()
			for _, u := range r.uses[:r.nuses] {
				candidates[dense(u)].bad = candidates[dense(u)].bad || u != base && !moves
			}
			for _, d := range r.defs[:r.ndefs] {
				candidates[dense(d)].bad = candidates[dense(d)].bad || !moves
			}
		}
	}
	if !found {
		return
	}
	folded := func(in *inst) *candidate {
		base := in.base()
		if c := &candidates[dense(base)]; base.virtual() && c.add != nil && !c.bad {
			return c
		}
		return nil
	}
	for _, b := range f.blocks {
		for k := range b.insts {
			if c := folded(&b.insts[k]); c != nil && !fitsInt16(int(int64(b.insts[k].ins.Off)+c.add.ins.Imm)) {
				c.bad = true
			}
		}
	}
	for _, b := range f.blocks {
		for k := range b.insts {
			if c := folded(&b.insts[k]); c != nil {
				b.insts[k].ins.Off += int16(c.add.ins.Imm)
			}
		}
	}
	for _, b := range f.blocks {
		kept := b.insts[:0]
		for k := range b.insts {
			in := &b.insts[k]
			if c := &candidates[dense(in.ins.Dst)]; c.add == in && !c.bad {
				continue
			}
			kept = append(kept, *in)
		}
		b.insts = kept
	}
}

// moves reports whether i adds a constant to a register.
func (i *inst) moves() bool {
	return i.ins.Op == ALUOpcode(ClassALU64, OpAdd, K) && i.object == nil
}

// base returns the register that i loads or stores at and uses for nothing else, or the frame pointer.
func (i *inst) base() Register {
	base, value := FP, FP
	switch kinds[i.ins.Op] {
	case kindLdx:
		base, value = i.ins.Src, i.ins.Dst
	case kindSt:
		base = i.ins.Dst
	case kindStx:
		base, value = i.ins.Dst, i.ins.Src
	case kindAtomic:
		base, value = i.ins.Dst, i.ins.Src
		if AtomicOp(i.ins.Imm) == AtomicLoadAcquire {
			base, value = value, base
		}
	}
	if base == value {
		return FP
	}
	return base
}
