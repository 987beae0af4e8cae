package asm

// spill moves a register to the stack: every instruction that reads it loads it into a fresh register first, every one
// that writes it stores it behind. A register that only ever holds one constant is made anew instead.
func (f *fn) spill(g *graph, a int, next *Register) {
	is := func(r Register) bool { return r.virtual() && dense(r) < g.n && g.find(dense(r)) == a }
	constant, ok := f.onlyConstant(is)
	var slot *StackObject
	if !ok {
		slot = f.frame.slot()
	}
	for _, b := range f.blocks {
		insts := make([]inst, 0, len(b.insts)+4)
		for _, in := range b.insts {
			if ok && in.ins == constant.ins { // the only one that writes it
				continue
			}
			reads, writes := false, false
			r := in.registers()
			for _, u := range r.uses[:r.nuses] {
				reads = reads || is(u)
			}
			for _, d := range r.defs[:r.ndefs] {
				writes = writes || is(d)
			}
			if !reads && !writes {
				insts = append(insts, in)
				continue
			}
			t := *next
			*next++
			if reads {
				if ok {
					c := *constant
					c.ins.Dst = t
					insts = append(insts, c)
				} else {
					insts = append(insts, reload(t, slot, in.from))
				}
			}
			in.rename(func(r Register) Register {
				if is(r) {
					return t
				}
				return r
			})
			insts = append(insts, in)
			if writes {
				insts = append(insts, store(slot, t, in.from))
			}
		}
		b.insts = insts
	}
}

// onlyConstant returns the one instruction that writes a register when that is a constant without side effect.
func (f *fn) onlyConstant(is func(Register) bool) (found *inst, ok bool) {
	for _, b := range f.blocks {
		for k := range b.insts {
			in := &b.insts[k]
			r := in.registers()
			for _, d := range r.defs[:r.ndefs] {
				if !is(d) {
					continue
				}
				constant := in.ins.Op == OpLdImm64 || in.ins.Op == ALUOpcode(ClassALU64, OpMov, K) || in.ins.Op == ALUOpcode(ClassALU, OpMov, K)
				if found != nil || !constant {
					return nil, false
				}
				c := *in
				found = &c
			}
		}
	}
	return found, found != nil
}

func reload(dst Register, o *StackObject, from origin) inst {
	ins := Instruction{Op: MemOpcode(ClassLDX, ModeMem, DW), Dst: dst, Src: FP}
	return inst{node: node{ins: ins, object: o, from: from}}
}

func store(o *StackObject, src Register, from origin) inst {
	ins := Instruction{Op: MemOpcode(ClassSTX, ModeMem, DW), Dst: FP, Src: src}
	return inst{node: node{ins: ins, object: o, from: from}}
}

// loopDepth returns for every block in how many loops it is, as far as back edges in the order of the code tell.
func (f *fn) loopDepth() []int {
	f.number()
	depth := make([]int, len(f.blocks))
	for _, b := range f.blocks {
		for _, s := range b.successors() {
			if s.index <= b.index {
				for i := s.index; i <= b.index; i++ {
					depth[i]++
				}
			}
		}
	}
	return depth
}
