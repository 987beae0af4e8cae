package asm

// The intermediate form between a Builder's calls and a Program: functions of blocks of instructions whose registers may
// be virtual and whose jumps lead to blocks. Passes change it in place; see passes.go for their order.

// firstVirtual is the number of the first virtual register. Those between are nothing.
const firstVirtual Register = 1 << 15

func (r Register) virtual() bool { return r >= firstVirtual }

// fn is a function: the main one or a subprogram.
type fn struct {
	name   string
	from   origin
	blocks []*block // in the order of the code; the first one is the entry
	args   int      // registers that hold arguments at the entry, r1 and on
	frame  frame
}

// block is a run of instructions that is entered at its beginning only and left at its end only.
type block struct {
	labels []string // the author's
	insts  []inst
	next   *block // what follows when the last instruction does not jump, nil when it never falls through
	index  int    // in fn.blocks, kept by number

	leads [2]*block // what successors returns
}

// inst is an instruction in a block. Only the last one of a block may jump.
type inst struct {
	node
	to *block // where a jump leads
}

// jumps reports whether i ends a block.
func (i *inst) jumps() bool { return i.to != nil || i.ends() }

// ends reports whether control never comes to what follows i.
func (i *inst) ends() bool {
	switch kinds[i.ins.Op] {
	case kindExit, kindJAL:
		return true
	case kindJA:
		return i.ins.Op.JumpOp() == OpJA
	}
	return false
}

// last returns the jump that ends the block, nil if it has none.
func (b *block) last() *inst {
	if n := len(b.insts); n > 0 && b.insts[n-1].jumps() {
		return &b.insts[n-1]
	}
	return nil
}

// successors returns the blocks that control may come to from b, in a slice that the next call for b uses again.
func (b *block) successors() []*block {
	s := b.leads[:0]
	if l := b.last(); l != nil && l.to != nil {
		s = append(s, l.to)
	}
	if b.next != nil && (len(s) == 0 || s[0] != b.next) {
		s = append(s, b.next)
	}
	return s
}

// number sets the index of every block.
func (f *fn) number() {
	for i, b := range f.blocks {
		b.index = i
	}
}

// predecessors returns for every block those that control may come from. It needs the indices of number.
func (f *fn) predecessors() [][]*block {
	preds := make([][]*block, len(f.blocks))
	for _, b := range f.blocks {
		for _, s := range b.successors() {
			preds[s.index] = append(preds[s.index], b)
		}
	}
	return preds
}

// regs is what an instruction does with registers.
type regs struct {
	uses     [6]Register
	nuses    int
	defs     [2]Register
	ndefs    int
	clobbers bool // a call: r1 to r5 are gone
}

func (r *regs) use(x ...Register) {
	for _, x := range x {
		r.uses[r.nuses] = x
		r.nuses++
	}
}

func (r *regs) def(x Register) {
	r.defs[r.ndefs] = x
	r.ndefs++
}

// registers returns what i reads and writes. The frame pointer counts as any other.
func (i *inst) registers() (r regs) {
	ins := i.ins
	switch kinds[ins.Op] {
	case kindALUK, kindDivK:
		if ins.Op.ALUOp() != OpMov {
			r.use(ins.Dst)
		}
		r.def(ins.Dst)
	case kindALUX, kindDivX:
		r.use(ins.Dst, ins.Src)
		r.def(ins.Dst)
	case kindMovX:
		r.use(ins.Src)
		r.def(ins.Dst)
	case kindNeg, kindEnd:
		r.use(ins.Dst)
		r.def(ins.Dst)
	case kindJumpK:
		r.use(ins.Dst)
	case kindJumpX:
		r.use(ins.Dst, ins.Src)
	case kindLdx:
		r.use(ins.Src)
		r.def(ins.Dst)
	case kindSt:
		r.use(ins.Dst)
	case kindStx:
		r.use(ins.Dst, ins.Src)
	case kindLdImm64:
		r.def(ins.Dst)
	case kindLdAbs:
		r.use(R6)
		r.def(R0)
		r.clobbers = true
	case kindLdInd:
		r.use(R6, ins.Src)
		r.def(R0)
		r.clobbers = true
	case kindAtomic:
		i.atomicRegisters(&r)
	case kindCall:
		args := i.args
		if args < 0 {
			args = 5 // perhaps
		}
		for a := range args {
			r.use(R1 + Register(a))
		}
		r.def(R0)
		r.clobbers = true
	case kindExit:
		r.use(R0)
	}
	return r
}

func (i *inst) atomicRegisters(r *regs) {
	ins := i.ins
	switch op := AtomicOp(ins.Imm); {
	case op == AtomicLoadAcquire:
		r.use(ins.Src)
		r.def(ins.Dst)
	case op == AtomicStoreRelease:
		r.use(ins.Dst, ins.Src)
	case op == AtomicCmpXchg:
		r.use(ins.Dst, ins.Src, R0)
		r.def(R0)
	case op&AtomicFetch != 0:
		r.use(ins.Dst, ins.Src)
		r.def(ins.Src)
	default:
		r.use(ins.Dst, ins.Src)
	}
}

// isMove reports whether i copies one register to another and does nothing else.
func (i *inst) isMove() bool {
	return i.ins.Op == ALUOpcode(ClassALU64, OpMov, X) && i.ins.Off == 0
}

// rename replaces registers.
func (i *inst) rename(to func(Register) Register) {
	switch kinds[i.ins.Op] {
	case kindCall, kindExit, kindJA, kindJAL, kindLdAbs:
		return // the fields are not registers
	case kindLdInd:
		i.ins.Src = to(i.ins.Src)
		return
	case kindLdImm64:
		i.ins.Dst = to(i.ins.Dst) // the source is a kind
		return
	case kindALUX, kindDivX, kindMovX, kindJumpX, kindStx, kindAtomic:
		i.ins.Dst, i.ins.Src = to(i.ins.Dst), to(i.ins.Src)
		return
	case kindLdx:
		i.ins.Dst, i.ins.Src = to(i.ins.Dst), to(i.ins.Src)
		return
	}
	i.ins.Dst = to(i.ins.Dst)
}
