package asm

// atomic is an atomic operation that returns something.
type atomic struct {
	op    AtomicOp
	size  Size // 0xff for one that the pointer's type tells
	typed bool // the address has a type: (u64 *)(r1 + 0), not r1 + 0
	long  bool // the kernel's name for 64 bits
}

// atomicWord returns what an assignment with this word on its right does: LLVM's words, the kernel's for 32 bits and
// the kernel's for 64.
func atomicWord(w string) (a atomic, ok bool) {
	a = atomic{typed: true}
	switch w {
	case "atomic_fetch_add", "atomic64_fetch_add":
		a.op = AtomicAdd | AtomicFetch
	case "atomic_fetch_or", "atomic64_fetch_or":
		a.op = AtomicOr | AtomicFetch
	case "atomic_fetch_and", "atomic64_fetch_and":
		a.op = AtomicAnd | AtomicFetch
	case "atomic_fetch_xor", "atomic64_fetch_xor":
		a.op = AtomicXor | AtomicFetch
	case "atomic_xchg", "atomic64_xchg":
		a.op = AtomicXchg
	case "atomic_cmpxchg", "atomic64_cmpxchg":
		a.op = AtomicCmpXchg
	case "xchg_64":
		return atomic{op: AtomicXchg, size: DW}, true
	case "xchg32_32":
		return atomic{op: AtomicXchg, size: W}, true
	case "cmpxchg_64":
		return atomic{op: AtomicCmpXchg, size: DW}, true
	case "cmpxchg32_32":
		return atomic{op: AtomicCmpXchg, size: W}, true
	default:
		return atomic{}, false
	}
	a.long = w[6] == '6'
	return a, true
}

// fetch reads what follows the word of an atomic operation that returns something.
func (p *parser) fetch(result Register, wide bool, at int, a atomic) bool {
	if !p.want('(') {
		return false
	}
	var dst Register
	var off int16
	ok := true
	if a.typed {
		typeAt, signed := p.at, false
		if a.size, signed, ok = p.pointer(); !ok {
			return false
		}
		switch {
		case signed || a.size != W && a.size != DW:
			return p.fail(typeAt, "atomic operations are on u32 and u64")
		case a.long && a.size != DW:
			return p.fail(at, "atomic64: the operation is on u32")
		}
		dst, off, ok = p.address()
	} else {
		dst, off, ok = p.baseOffset()
	}
	if !ok {
		return false
	}
	if a.op == AtomicCmpXchg {
		if !p.want(',') {
			return false
		}
		p.skip()
		at := p.at
		old, w, ok := p.wantRegister()
		if !ok {
			return false
		}
		if old != R0 || result != R0 || w != wide {
			return p.fail(at, "cmpxchg compares with r0 and returns in r0")
		}
	}
	if !p.want(',') {
		return false
	}
	p.skip()
	srcAt := p.at
	src, w, ok := p.wantRegister()
	switch {
	case !ok:
		return false
	case w != wide:
		return p.widths(srcAt)
	case !wide && a.size == DW:
		return p.fail(p.stmt, "w%d has 32 of the 64 bits of the operation", result)
	case a.op != AtomicCmpXchg && src != result:
		return p.fail(srcAt, "r%d: the register that gives the operand gets the result: r%d on both sides", src, result)
	}
	return p.want(')') && p.emit(Instruction{Op: MemOpcode(ClassSTX, ModeAtomic, a.size), Dst: dst, Src: src, Off: off, Imm: int64(a.op)})
}

func (p *parser) loadAcquire(dst Register, wide bool) bool {
	if !p.want('(') {
		return false
	}
	size, signed, ok := p.pointer()
	if !ok {
		return false
	}
	src, off, ok := p.address()
	switch {
	case !ok || !p.want(')'):
		return false
	case signed:
		return p.fail(p.stmt, "load_acquire has no sign: u8, u16, u32 or u64")
	case !wide && size == DW:
		return p.fail(p.stmt, "w%d: this load sets the whole register, r%d", dst, dst)
	}
	return p.emit(Instruction{Op: MemOpcode(ClassSTX, ModeAtomic, size), Dst: dst, Src: src, Off: off, Imm: int64(AtomicLoadAcquire)})
}

func (p *parser) storeRelease() bool {
	if !p.want('(') {
		return false
	}
	size, signed, ok := p.pointer()
	if !ok {
		return false
	}
	dst, off, ok := p.address()
	if !ok || !p.want(',') {
		return false
	}
	p.skip()
	at := p.at
	src, wide, ok := p.wantRegister()
	switch {
	case !ok || !p.want(')'):
		return false
	case signed:
		return p.fail(p.stmt, "store_release has no sign: u8, u16, u32 or u64")
	case !wide && size == DW:
		return p.fail(at, "w%d has 32 of the 64 bits to store", src)
	}
	return p.emit(Instruction{Op: MemOpcode(ClassSTX, ModeAtomic, size), Dst: dst, Src: src, Off: off, Imm: int64(AtomicStoreRelease)})
}
