package asm

// pointer reads the type of what is accessed: (u32 *). It begins behind the '*' that stands before a load or store.
func (p *parser) pointer() (size Size, signed, ok bool) {
	if !p.want('(') {
		return 0, false, false
	}
	p.skip()
	at := p.at
	switch p.word() {
	case "u8":
		size = B
	case "u16":
		size = H
	case "u32":
		size = W
	case "u64":
		size = DW
	case "s8":
		size, signed = B, true
	case "s16":
		size, signed = H, true
	case "s32":
		size, signed = W, true
	default:
		p.at = at
		return 0, false, p.expected("a type: u8, u16, u32, u64, s8, s16 or s32")
	}
	return size, signed, p.want('*') && p.want(')')
}

// address reads (r1 + 8).
func (p *parser) address() (base Register, off int16, ok bool) {
	if !p.want('(') {
		return 0, 0, false
	}
	base, off, ok = p.baseOffset()
	return base, off, ok && p.want(')')
}

// baseOffset reads r1 + 8: the offset has its sign and may be a field of a context struct.
func (p *parser) baseOffset() (base Register, off int16, ok bool) {
	at := p.at
	base, wide, ok := p.wantRegister()
	if !ok {
		return 0, 0, false
	}
	if !wide {
		return 0, 0, p.fail(at, "w%d: an address is a whole register, r%d", base, base)
	}
	p.skip()
	n := literal{at: p.at}
	switch p.peek() {
	case '-':
		n.neg = true
	case '+':
	default:
		return 0, 0, p.expected("'+' or '-' and the offset")
	}
	p.at++
	p.skip()
	if c := p.peek(); byteClass[c]&isLetter != 0 && !n.neg {
		off, ok := p.field()
		return base, off, ok
	}
	if !p.digits(&n) {
		return 0, 0, false
	}
	v, ok := p.signed(n, 16, "offset")
	return base, int16(v), ok
}

// field reads the name of a context struct's field, such as sk_reuseport_md.data_end or sk_msg_md.remote_ip6[3].
func (p *parser) field() (int16, bool) {
	at := p.at
	name := p.word()
	f, ok := FieldByName(name)
	if !ok {
		return 0, p.fail(at, "%s is no field of a context struct%s", name, p.didYouMean(name, fieldNames))
	}
	off := f.Offset()
	if p.peek() == '[' {
		p.at++
		n, ok := p.number()
		if !ok {
			return 0, false
		}
		if n.neg || n.v >= uint64(f.Count()) {
			return 0, p.fail(n.at, "%s has %d elements, and none at index %s", name, f.Count(), p.written(n))
		}
		off += int(n.v) * f.Size()
		if !p.want(']') {
			return 0, false
		}
	}
	return int16(off), true
}

// load reads what follows the '*' of an assignment to a register.
func (p *parser) load(dst Register, wide bool) bool {
	size, signed, ok := p.pointer()
	if !ok {
		return false
	}
	p.skip()
	if p.peek() != '(' {
		return p.packetLoad(dst, wide, size, signed)
	}
	src, off, ok := p.address()
	if !ok {
		return false
	}
	if !wide && (size == DW || signed) {
		return p.fail(p.stmt, "w%d: this load sets the whole register, r%d", dst, dst)
	}
	mode := ModeMem
	if signed {
		mode = ModeMemSX
	}
	return p.emit(Instruction{Op: MemOpcode(ClassLDX, mode, size), Dst: dst, Src: src, Off: off})
}

// packetLoad reads the legacy packet access r0 = *(u16 *)skb[12] or skb[r7 + 4].
func (p *parser) packetLoad(dst Register, wide bool, size Size, signed bool) bool {
	at := p.at
	if p.word() != "skb" {
		p.at = at
		return p.expected("an address such as (r1 + 8), or skb[")
	}
	if !p.want('[') {
		return false
	}
	if dst != R0 || !wide || size == DW || signed {
		return p.fail(p.stmt, "a packet load sets r0 to 1, 2 or 4 bytes: r0 = *(u8 *)skb[12]")
	}
	i := Instruction{Op: MemOpcode(ClassLD, ModeAbs, size)}
	plus := true
	p.skip()
	if src, w, ok := p.register(); ok {
		if !w {
			return p.fail(at, "w%d: an address is a whole register, r%d", src, src)
		}
		i.Op, i.Src = MemOpcode(ClassLD, ModeInd, size), src
		if plus = p.acceptByte('+'); !plus && p.acceptByte('-') {
			p.at--
			plus = true
		}
	}
	if plus {
		n, ok := p.number()
		if !ok {
			return false
		}
		if i.Imm, ok = p.signed(n, 32, "offset"); !ok {
			return false
		}
	}
	return p.want(']') && p.emit(i)
}

// store reads what follows the '*' of a store or, locked, of an atomic operation.
func (p *parser) store(locked bool) bool {
	size, signed, ok := p.pointer()
	if !ok {
		return false
	}
	if signed {
		return p.fail(p.stmt, "a store has no sign: u8, u16, u32 or u64")
	}
	dst, off, ok := p.address()
	if !ok {
		return false
	}
	p.skip()
	var op AtomicOp
	if c := p.peek(); locked || c != '=' {
		switch c {
		case '+':
			op = AtomicAdd
		case '|':
			op = AtomicOr
		case '&':
			op = AtomicAnd
		case '^':
			op = AtomicXor
		default:
			if locked {
				return p.expected("+=, |=, &= or ^=")
			}
			return p.expected("'='")
		}
		if !locked {
			return p.fail(p.stmt, "an operation on memory is atomic: lock *(...) %c= ...", c)
		}
		p.at++
	}
	if !p.want('=') {
		return false
	}
	p.skip()
	at := p.at
	src, wide, ok := p.register()
	switch {
	case ok && !wide && size == DW:
		return p.fail(at, "w%d has 32 of the 64 bits to store", src)
	case locked && !ok:
		return p.expectedRegister("a register")
	case locked && size != W && size != DW:
		return p.fail(p.stmt, "atomic operations are on u32 and u64")
	case locked:
		return p.emit(Instruction{Op: MemOpcode(ClassSTX, ModeAtomic, size), Dst: dst, Src: src, Off: off, Imm: int64(op)})
	case ok:
		return p.emit(Instruction{Op: MemOpcode(ClassSTX, ModeMem, size), Dst: dst, Src: src, Off: off})
	}
	n, ok := p.operand("a register or a number")
	if !ok {
		return false
	}
	imm, ok := p.imm32(n, size == DW)
	return ok && p.emit(Instruction{Op: MemOpcode(ClassST, ModeMem, size), Dst: dst, Off: off, Imm: imm})
}
