package classic

// instruction reads a mnemonic and its operands.
func (p *textParser) instruction(c *textCall) bool {
	name := p.tok
	p.advance()
	switch word := name.word(); word {
	case "ld", "ldh", "ldb":
		return p.load(c, word)
	case "ldx", "ldxb":
		return p.loadX(c, word)
	case "ldi", "ldxi":
		c.raw = raw(OpLdImm, 0)
		if word == "ldxi" {
			c.raw = raw(OpLdxImm, 0)
		}
		if p.tok.is('#') {
			p.advance()
		}
		return p.number(&c.raw.K)
	case "st":
		return p.scratch(c, OpSt)
	case "stx":
		return p.scratch(c, OpStx)
	case "ja", "jmp":
		return p.jump(c)
	case "ret":
		return p.ret(c)
	case "neg":
		c.raw = raw(OpNeg, 0)
	case "tax":
		c.raw = raw(OpTax, 0)
	case "txa":
		c.raw = raw(OpTxa, 0)
	default:
		if op, ok := arithmetic(word); ok {
			return p.constantOrX(c, op)
		}
		if op, negate, ok := comparison(word); ok {
			return p.jumpIf(c, op, negate)
		}
		if name.kind == tokenWord {
			return p.fail(name, "no instruction is called %v", name)
		}
		return p.fail(name, "expected an instruction, found %q", name.text)
	}
	return true
}

// arithmetic returns the operation on a constant; the one on X has the bit operandXBit in addition.
func arithmetic(word string) (op Opcode, ok bool) {
	switch word {
	case "add":
		return OpAddK, true
	case "sub":
		return OpSubK, true
	case "mul":
		return OpMulK, true
	case "div":
		return OpDivK, true
	case "mod":
		return OpModK, true
	case "and":
		return OpAndK, true
	case "or":
		return OpOrK, true
	case "xor":
		return OpXorK, true
	case "lsh":
		return OpLshK, true
	case "rsh":
		return OpRshK, true
	}
	return 0, false
}

// comparison returns the jump that compares with a constant, and whether the word is its opposite.
func comparison(word string) (op Opcode, negate, ok bool) {
	switch word {
	case "jeq":
		return OpJeqK, false, true
	case "jneq", "jne":
		return OpJeqK, true, true
	case "jgt":
		return OpJgtK, false, true
	case "jle":
		return OpJgtK, true, true
	case "jge":
		return OpJgeK, false, true
	case "jlt":
		return OpJgeK, true, true
	case "jset":
		return OpJsetK, false, true
	}
	return 0, false, false
}

// operandXBit is BPF_X of linux/bpf_common.h.
const operandXBit Opcode = 0x08

// reserved reports whether the word has a meaning of its own where a label could be.
func reserved(t token) bool {
	word := t.word()
	switch word {
	case "a", "x", "m", "ld", "ldh", "ldb", "ldx", "ldxb", "ldi", "ldxi", "st", "stx", "ja", "jmp", "ret", "neg", "tax", "txa":
		return true
	}
	_, alu := arithmetic(word)
	_, _, jump := comparison(word)
	return alu || jump
}
