package asm

// atomic appends one of the atomic operations. LLVM names the lower halves of registers and puts the width in the name
// of xchg and cmpxchg only; the kernel always names whole registers.
func (p *printer) atomic(i Instruction) {
	wide := p.kernel || i.Op.Size() == DW
	op := AtomicOp(i.Imm)
	switch op {
	case AtomicLoadAcquire:
		p.sub(i.Dst, wide)
		p.str(" = load_acquire(")
		p.pointer(i, i.Src)
		p.str(")")
		return
	case AtomicStoreRelease:
		p.str("store_release(")
		p.pointer(i, i.Dst)
		p.str(", ")
		p.sub(i.Src, wide)
		p.str(")")
		return
	case AtomicXchg, AtomicCmpXchg:
		p.exchange(i, wide)
		return
	}
	word, sign := "", ""
	switch op &^ AtomicFetch {
	case AtomicAdd:
		word, sign = "add", " += "
	case AtomicOr:
		word, sign = "or", " |= "
	case AtomicAnd:
		word, sign = "and", " &= "
	case AtomicXor:
		word, sign = "xor", " ^= "
	default:
		p.raw(i)
		return
	}
	if op&AtomicFetch == 0 {
		p.str("lock *")
		p.pointer(i, i.Dst)
		p.str(sign)
		p.sub(i.Src, wide)
		return
	}
	p.sub(i.Src, wide)
	p.str(" = atomic")
	if p.kernel && i.Op.Size() == DW {
		p.str("64")
	}
	p.str("_fetch_", word, "(")
	p.pointer(i, i.Dst)
	p.str(", ")
	p.sub(i.Src, wide)
	p.str(")")
}

func (p *printer) exchange(i Instruction, wide bool) {
	result, word := i.Src, "xchg"
	if AtomicOp(i.Imm) == AtomicCmpXchg {
		result, word = R0, "cmpxchg"
	}
	p.sub(result, wide)
	switch {
	case p.kernel && i.Op.Size() == DW:
		p.str(" = atomic64_", word, "(")
		p.pointer(i, i.Dst)
	case p.kernel:
		p.str(" = atomic_", word, "(")
		p.pointer(i, i.Dst)
	case i.Op.Size() == DW:
		p.str(" = ", word, "_64(")
		p.address(i.Dst, i.Off)
	default:
		p.str(" = ", word, "32_32(")
		p.address(i.Dst, i.Off)
	}
	if word == "cmpxchg" {
		p.str(", ")
		p.sub(R0, wide)
	}
	p.str(", ")
	p.sub(i.Src, wide)
	p.str(")")
}

// pointer appends a typed address, such as (u64 *)(r1 + 8).
func (p *printer) pointer(i Instruction, base Register) {
	p.str("(u")
	p.dec(int64(8 * i.Op.Size().Bytes()))
	p.str(" *)(")
	p.address(base, i.Off)
	p.str(")")
}
