package asm

// statement reads one instruction. w is its first word and at where it is, when it has been read already.
func (p *parser) instruction() bool {
	p.skip()
	p.stmt = p.at
	switch c := p.peek(); {
	case c == '*':
		p.at++
		return p.store(false)
	case byteClass[c]&isLetter == 0:
		return p.expected("an instruction")
	}
	if r, wide, ok := p.register(); ok {
		return p.assignment(r, wide)
	}
	at := p.at
	w := p.word()
	switch w {
	case "if":
		return p.conditional()
	case "goto", "gotol", "may_goto":
		return p.jump(w)
	case "call":
		return p.call()
	case "exit":
		return p.emit(Instruction{Op: JumpOpcode(ClassJMP, OpExit, K)})
	case "lock":
		if !p.acceptByte('*') {
			return p.expected("'*' and what the operation changes")
		}
		return p.store(true)
	case "store_release":
		return p.storeRelease()
	case "ld_pseudo":
		return p.loadPseudo()
	case "callx":
		return p.fail(at, "callx: calls through a register are not instructions that the kernel takes")
	case "nospec":
		return p.fail(at, "nospec: made by the kernel's verifier, not an instruction that the kernel takes")
	}
	if noRegister(w) {
		return p.fail(at, "register %s: the registers are r0 to r10 and their halves w0 to w10", w)
	}
	return p.fail(at, "%q begins no instruction", w)
}

// emit takes an instruction that has been read.
func (p *parser) emit(i Instruction) bool {
	p.insn = i
	return true
}

// aluOps has the operator before '=' for every first byte.
func aluOp(c byte) (op ALUOp, ok bool) {
	switch c {
	case '+':
		return OpAdd, true
	case '-':
		return OpSub, true
	case '*':
		return OpMul, true
	case '/':
		return OpDiv, true
	case '|':
		return OpOr, true
	case '&':
		return OpAnd, true
	case '%':
		return OpMod, true
	case '^':
		return OpXor, true
	}
	return 0, false
}

// assignment reads what follows the register dst.
func (p *parser) assignment(dst Register, wide bool) bool {
	class := ClassALU
	if wide {
		class = ClassALU64
	}
	p.skip()
	c := p.peek()
	if c == '=' {
		p.at++
		return p.move(dst, wide, class)
	}
	signed := false
	if c == 's' || c == 'S' {
		signed = true
		p.at++
		p.skip()
		c = p.peek()
	}
	var op ALUOp
	switch c {
	case '<', '>':
		p.at++
		if p.peek() != c {
			return p.expected("'" + string(rune(c)) + "'")
		}
		p.at++
		switch {
		case signed && c == '>':
			op, signed = OpArsh, false
		case c == '>':
			op = OpRsh
		default:
			op = OpLsh
		}
	default:
		ok := false
		if op, ok = aluOp(c); !ok {
			return p.expected("'=' or an operator such as '+='")
		}
		p.at++
	}
	var off int16
	if signed {
		if op != OpDiv && op != OpMod {
			return p.expected("one of the signed operators s/=, s%= and s>>=")
		}
		off = 1
	}
	if !p.want('=') {
		return false
	}
	p.skip()
	at := p.at
	if src, w, ok := p.register(); ok {
		if w != wide {
			return p.widths(at)
		}
		return p.emit(Instruction{Op: ALUOpcode(class, op, X), Dst: dst, Src: src, Off: off})
	}
	n, ok := p.operand("a register or a number")
	if !ok {
		return false
	}
	imm, ok := p.imm32(n, wide)
	return ok && p.emit(Instruction{Op: ALUOpcode(class, op, K), Dst: dst, Off: off, Imm: imm})
}

func (p *parser) widths(at int) bool {
	return p.fail(at, "%s: r and w registers do not go together: an operation has 64 bits or 32", p.src[at:p.at])
}

// operand reads a number, where something else might have been.
func (p *parser) operand(what string) (literal, bool) {
	p.skip()
	switch c := p.peek(); {
	case byteClass[c]&isDigit != 0, c == '-', c == '+':
		return p.number()
	case byteClass[c]&isLetter != 0:
		at := p.at
		if n, ok := p.named(p.word(), at); ok {
			return n, true
		}
		p.at = at
	}
	return literal{}, p.expectedRegister(what)
}

// move reads what follows the '=' of an assignment to a register.
func (p *parser) move(dst Register, wide bool, class Class) bool {
	p.skip()
	at := p.at
	c := p.peek()
	switch {
	case c == '*':
		p.at++
		return p.load(dst, wide)
	case c == '(':
		return p.signExtension(dst, wide, class)
	case c == '-':
		// Negation or a negative number.
		p.at++
		if src, w, ok := p.register(); ok {
			if src != dst || w != wide {
				return p.fail(at, "a register is only set to minus itself")
			}
			return p.emit(Instruction{Op: ALUOpcode(class, OpNeg, K), Dst: dst})
		}
		p.at = at
		return p.moveNumber(dst, wide, class)
	case byteClass[c]&isDigit != 0, c == '+':
		return p.moveNumber(dst, wide, class)
	case c == '&':
		return p.fail(at, "%s: made by the kernel's verifier, not an instruction that the kernel takes", p.src[at:p.end])
	case byteClass[c]&isLetter == 0:
		return p.expected("a register, a number, a load or a symbol")
	}
	if src, w, ok := p.register(); ok {
		if w != wide {
			return p.widths(at)
		}
		return p.emit(Instruction{Op: ALUOpcode(class, OpMov, X), Dst: dst, Src: src})
	}
	w := p.word()
	if noRegister(w) {
		return p.fail(at, "register %s: the registers are r0 to r10 and their halves w0 to w10", w)
	}
	return p.moveWord(dst, wide, at, w)
}

// moveNumber reads a constant. In a dump the opcode tells whether it has 64 bits, otherwise ll behind it does.
func (p *parser) moveNumber(dst Register, wide bool, class Class) bool {
	n, ok := p.number()
	if !ok {
		return false
	}
	end := p.at
	long := p.acceptWord("ll")
	if p.opcode == int16(OpLdImm64) {
		long = true
	}
	if !long {
		p.at = end
		imm, ok := p.imm32(n, wide)
		return ok && p.emit(Instruction{Op: ALUOpcode(class, OpMov, K), Dst: dst, Imm: imm})
	}
	if !wide {
		return p.fail(p.stmt, "w%d: a 64-bit immediate is loaded into a whole register, r%d", dst, dst)
	}
	imm, ok := p.imm64(n)
	return ok && p.emit(Instruction{Op: OpLdImm64, Dst: dst, Imm: imm})
}

// moveWord reads an assignment whose right side begins with the word w.
func (p *parser) moveWord(dst Register, wide bool, at int, w string) bool {
	switch w {
	case "be16", "be32", "be64", "le16", "le32", "le64", "bswap16", "bswap32", "bswap64":
		return p.byteOrder(dst, wide, w)
	case "addr_space_cast":
		return p.addrSpaceCast(dst, wide)
	case "load_acquire":
		return p.loadAcquire(dst, wide)
	}
	if a, ok := atomicWord(w); ok {
		return p.fetch(dst, wide, at, a)
	}
	if p.skip(); p.statementEnds() {
		if n, ok := p.named(w, at); ok {
			class := ClassALU
			if wide {
				class = ClassALU64
			}
			imm, ok := p.imm32(n, wide)
			return ok && p.emit(Instruction{Op: ALUOpcode(class, OpMov, K), Dst: dst, Imm: imm})
		}
	}
	if !wide {
		return p.fail(p.stmt, "w%d: an address is loaded into a whole register, r%d", dst, dst)
	}
	switch {
	case w == "map" && p.peek() == '[':
		return p.mapLoad(dst)
	case w == "btf" && p.peek() == '[':
		return p.btfLoad(dst)
	case w == "subprog" && p.peek() == '[':
		return p.functionLoad(dst)
	}
	return p.symbolLoad(dst, at, w)
}

func (p *parser) signExtension(dst Register, wide bool, class Class) bool {
	p.at++
	at := p.at
	w := p.word()
	var bits int16
	switch w {
	case "s8":
		bits = 8
	case "s16":
		bits = 16
	case "s32":
		bits = 32
	default:
		p.at = at
		return p.expected("s8, s16 or s32")
	}
	if bits == 32 && !wide {
		return p.fail(at, "s32: 32 bits are extended to 64 only")
	}
	if !p.want(')') {
		return false
	}
	p.skip()
	at = p.at
	src, w2, ok := p.wantRegister()
	if !ok {
		return false
	}
	if w2 != wide {
		return p.widths(at)
	}
	return p.emit(Instruction{Op: ALUOpcode(class, OpMov, X), Dst: dst, Src: src, Off: bits})
}

func (p *parser) byteOrder(dst Register, wide bool, w string) bool {
	i := Instruction{Op: ALUOpcode(ClassALU, OpEnd, K), Dst: dst}
	switch w[0] {
	case 'l':
		w = w[2:]
	case 'b':
		if w[1] == 'e' {
			i.Op, w = ALUOpcode(ClassALU, OpEnd, X), w[2:]
		} else {
			i.Op, w = ALUOpcode(ClassALU64, OpEnd, K), w[5:]
		}
	}
	switch w {
	case "16":
		i.Imm = 16
	case "32":
		i.Imm = 32
	default:
		i.Imm = 64
	}
	p.skip()
	at := p.at
	src, w2, ok := p.wantRegister()
	switch {
	case !ok:
		return false
	case !wide || !w2 || src != dst:
		return p.fail(at, "a byte order operation changes one whole register: r%d on both sides", dst)
	}
	return p.emit(i)
}

func (p *parser) addrSpaceCast(dst Register, wide bool) bool {
	if !p.want('(') {
		return false
	}
	p.skip()
	at := p.at
	src, w, ok := p.wantRegister()
	if !ok {
		return false
	}
	if !wide || !w {
		return p.fail(at, "address spaces are of whole registers, r%d and r%d", dst, src)
	}
	var spaces [2]uint64
	for k := range spaces {
		if !p.want(',') {
			return false
		}
		n, ok := p.number()
		if !ok {
			return false
		}
		spaces[k] = n.v
		if n.neg {
			spaces[k] = 2
		}
	}
	if !p.want(')') {
		return false
	}
	if spaces != [2]uint64{0, 1} && spaces != [2]uint64{1, 0} {
		return p.fail(at, "the kernel casts from address space 0 to 1 and from 1 to 0")
	}
	return p.emit(Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: dst, Src: src, Off: offAddrSpaceCast, Imm: int64(spaces[0]<<16 | spaces[1])})
}

// loadPseudo reads LLVM's ld_pseudo r1, 1, 5: the source register field and the immediate of a 64-bit immediate load.
func (p *parser) loadPseudo() bool {
	dst, wide, ok := p.wantRegister()
	if !ok || !p.want(',') {
		return false
	}
	if !wide {
		return p.fail(p.stmt, "w%d: a 64-bit immediate is loaded into a whole register, r%d", dst, dst)
	}
	src, ok := p.number()
	if !ok {
		return false
	}
	if src.neg || src.v > uint64(Imm64MapIndexValue) {
		return p.fail(src.at, "source %s: there is 0 to 6", p.written(src))
	}
	if !p.want(',') {
		return false
	}
	n, ok := p.number()
	if !ok {
		return false
	}
	imm, ok := p.imm64(n)
	if !ok {
		return false
	}
	i := Instruction{Op: OpLdImm64, Dst: dst, Src: Register(src.v), Imm: imm}
	if err := i.Check(); err != nil {
		return p.fail(n.at, "%w", err)
	}
	return p.emit(i)
}
