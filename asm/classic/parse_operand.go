package classic

import "strconv"

// loads are the loads into A by width: from an offset, from X and an offset.
var loads = [...]struct {
	mnemonic string
	abs, ind Opcode
}{{"ld", OpLdAbsW, OpLdIndW}, {"ldh", OpLdAbsH, OpLdIndH}, {"ldb", OpLdAbsB, OpLdIndB}}

// load reads the operand of a load into A.
func (p *textParser) load(c *textCall, word string) bool {
	width := 0
	for loads[width].mnemonic != word {
		width++
	}
	abs, ind := loads[width].abs, loads[width].ind
	switch {
	case p.tok.is('['):
		p.advance()
		if p.tok.is('%') || p.tok.word() == "x" {
			c.raw = raw(ind, 0)
			return p.xPlus(&c.raw.K) && p.expect(']', "]")
		}
		c.raw = raw(abs, 0)
		if p.tok.kind == tokenWord {
			return p.extension(c) && p.expect(']', "]")
		}
		return p.number(&c.raw.K) && p.expect(']', "]")
	case p.tok.is('#'):
		p.advance()
		if p.tok.kind != tokenWord {
			if abs != OpLdAbsW {
				return p.fail(p.tok, "%s loads no constants: that is ld", word)
			}
			c.raw = raw(OpLdImm, 0)
			return p.number(&c.raw.K)
		}
	case p.tok.word() == "m" && abs == OpLdAbsW:
		return p.scratch(c, OpLdMem)
	case p.tok.kind != tokenWord:
		return p.expected("what to load, such as [12], [x + 2] or an extension")
	}
	if abs == OpLdAbsW && isLen(p.tok.word()) {
		c.raw = raw(OpLdLen, 0)
		p.advance()
		return true
	}
	c.raw = raw(abs, 0)
	return p.extension(c)
}

func isLen(word string) bool { return word == "len" || word == "pktlen" }

// extension reads the name of an extension into the constant.
func (p *textParser) extension(c *textCall) bool {
	word := p.tok.word()
	if word == "vlan_pr" { // of bpf_asm since the beginning, vlan_avail is newer
		word = "vlan_avail"
	}
	for i, names := range extensionNames {
		if word == names.asm || word == names.tcpdump {
			c.raw.K = skfADOff + 4*uint32(i)
			p.advance()
			return true
		}
	}
	return p.fail(p.tok, "%s of %v: there is no such extension", opcodes[c.raw.Op].mnemonic, p.tok)
}

// xPlus reads x + 2 as bpf_asm, x+2 as bpf_dbg has it, and with a minus.
func (p *textParser) xPlus(k *uint32) bool {
	if !p.x() {
		return false
	}
	if p.tok.is('+') {
		p.advance()
	} else if !p.tok.is('-') {
		return p.expected("+ and the offset")
	}
	return p.number(k)
}

// x reads the register X, as x or %x.
func (p *textParser) x() bool {
	if p.tok.is('%') {
		p.advance()
	}
	if p.tok.word() != "x" {
		return p.expected("x")
	}
	p.advance()
	return true
}

// loadX reads the operand of a load into X.
func (p *textParser) loadX(c *textCall, word string) bool {
	if p.tok.kind == tokenNumber {
		return p.headerLength(c)
	}
	if word == "ldxb" {
		return p.expected("4*([offset]&0xf)")
	}
	if p.tok.word() == "m" {
		return p.scratch(c, OpLdxMem)
	}
	if p.tok.is('#') {
		p.advance()
		if p.tok.kind != tokenWord {
			c.raw = raw(OpLdxImm, 0)
			return p.number(&c.raw.K)
		}
	}
	if !isLen(p.tok.word()) {
		return p.expected("what to load: a constant, len, M[n] or 4*([offset]&0xf)")
	}
	c.raw = raw(OpLdxLen, 0)
	p.advance()
	return true
}

// headerLength reads 4*([14]&0xf).
func (p *textParser) headerLength(c *textCall) bool {
	at := p.tok
	var four, mask uint32
	c.raw = raw(OpLdxMsh, 0)
	const form = "4*([offset]&0xf)"
	ok := p.number(&four) && p.expect('*', form) && p.expect('(', form) && p.expect('[', form) && p.number(&c.raw.K) &&
		p.expect(']', form) && p.expect('&', form) && p.number(&mask) && p.expect(')', form)
	if ok && (four != 4 || mask != 0xf) {
		return p.fail(at, "the machine has %s and no other numbers", form)
	}
	return ok
}

// scratch reads M[3].
func (p *textParser) scratch(c *textCall, op Opcode) bool {
	c.raw = raw(op, 0)
	if p.tok.word() != "m" {
		return p.expected("M[n]")
	}
	p.advance()
	return p.expect('[', "[") && p.number(&c.raw.K) && p.expect(']', "]")
}

// constantOrX reads #5, x or %x.
func (p *textParser) constantOrX(c *textCall, op Opcode) bool {
	switch {
	case p.tok.is('#'):
		c.raw = raw(op, 0)
		p.advance()
		return p.number(&c.raw.K)
	case p.tok.is('%') || p.tok.word() == "x":
		c.raw = raw(op|operandXBit, 0)
		return p.x()
	}
	return p.expected("a constant as #5, or x")
}

// ret reads what to return: #5, a, or nothing at all, which is how tcpdump prints a.
func (p *textParser) ret(c *textCall) bool {
	c.raw = raw(OpRetA, 0)
	percent := p.tok.is('%')
	if percent {
		p.advance()
	}
	switch word := p.tok.word(); {
	case word == "a":
		p.advance()
	case word == "x":
		return p.fail(p.tok, "the kernel has no ret x: txa and ret a")
	case percent:
		return p.expected("a")
	case p.tok.is('#'):
		c.raw = raw(OpRetK, 0)
		p.advance()
		return p.number(&c.raw.K)
	case !p.tok.first:
		return p.expected("a constant as #5, or a")
	}
	return true
}

// jump reads a target.
func (p *textParser) jump(c *textCall) bool {
	c.raw = raw(OpJa, 0)
	j := textJump{call: len(p.calls)}
	ok := false
	if p.tok.kind == tokenNumber && p.numbered {
		ok = p.indexTarget(&j.jumpTrue)
	} else {
		ok = p.labelTarget(&j.jumpTrue)
	}
	if !ok {
		return false
	}
	p.jumps = append(grown(p.jumps, &p.lexer), j)
	return true
}

// jumpIf reads what to compare with and the targets.
func (p *textParser) jumpIf(c *textCall, op Opcode, negate bool) bool {
	j := textJump{call: len(p.calls)}
	then, otherwise := &j.jumpTrue, &j.jumpFalse
	if negate {
		then, otherwise = otherwise, then
	}
	if !p.constantOrX(c, op) || !p.targets(then, otherwise) {
		return false
	}
	p.jumps = append(grown(p.jumps, &p.lexer), j)
	return true
}

// targets reads one or two labels, or the indices after jt and jf.
func (p *textParser) targets(then, otherwise *target) bool {
	if p.tok.word() == "jt" {
		p.advance()
		if !p.indexTarget(then) {
			return false
		}
		if p.tok.word() != "jf" {
			return p.expected("jf")
		}
		p.advance()
		return p.indexTarget(otherwise)
	}
	if !p.expect(',', "a comma and a label") || !p.labelTarget(then) {
		return false
	}
	if !p.tok.is(',') {
		return true
	}
	p.advance()
	return p.labelTarget(otherwise)
}

func (p *textParser) labelTarget(to *target) bool {
	switch {
	case p.tok.kind == tokenNumber:
		return p.fail(p.tok, "%v is not clear as a target: tools count from the program's start or from the next"+
			" instruction; name a label", p.tok)
	case p.tok.kind != tokenWord, reserved(p.tok), p.tok.first && p.colonFollows():
		return p.expected("a label")
	}
	*to = target{label: p.tok.text, place: p.tok.place}
	p.advance()
	return true
}

func (p *textParser) indexTarget(to *target) bool {
	if p.tok.kind != tokenNumber {
		return p.expected("the index of an instruction")
	}
	index, err := strconv.ParseUint(p.tok.text, 10, 32)
	if err != nil {
		return p.fail(p.tok, "%v is no index of an instruction", p.tok)
	}
	*to = target{index: uint32(index), place: p.tok.place}
	p.advance()
	return true
}

// expect takes a character.
func (p *textParser) expect(c byte, what string) bool {
	if !p.tok.is(c) {
		return p.expected(what)
	}
	p.advance()
	return true
}
