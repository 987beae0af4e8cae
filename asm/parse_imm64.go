package asm

// symbolLoad reads what follows the name of a map or function in r1 = workers ll or r1 = config+8 ll.
func (p *parser) symbolLoad(dst Register, at int, w string) bool {
	i := Instruction{Op: OpLdImm64, Dst: dst}
	kind := fixSymbol
	p.skip()
	if c := p.peek(); c == '+' || c == '-' {
		n, ok := p.number()
		if !ok {
			return false
		}
		off, ok := p.signed(n, 32, "offset")
		if !ok {
			return false
		}
		kind, i.Imm = fixValue, off<<32
	}
	if !p.acceptWord("ll") {
		if w == "frame" || p.at == p.end {
			return p.fail(at, "%q is no register and no number; the address of a map or function is %s ll%s", w, w,
				p.didYouMean(w, constantNames))
		}
		return p.expected("ll behind the symbol")
	}
	if err := checkName(w); err != nil {
		return p.fail(at, "%s: %w", w, err)
	}
	if n, ok := p.equal[w]; ok && kind == fixSymbol {
		n.at, n.end = at, at+len(w)
		i.Imm, ok = p.imm64(n)
		return ok && p.emit(i)
	}
	p.symbol(kind, w, at)
	return p.emit(i)
}

// mapLoad reads what follows map in the dumps' map[id:3], map[fd:4][0]+8, map[idx:1]+8 and map[name][0]+8. It begins at
// the bracket.
func (p *parser) mapLoad(dst Register) bool {
	p.at++
	i := Instruction{Op: OpLdImm64, Dst: dst}
	at := p.at
	w := p.word()
	var low uint64
	number := (w == "id" || w == "fd" || w == "idx") && p.peek() == ':'
	switch {
	case number:
		p.at++
		n, ok := p.number()
		if !ok {
			return false
		}
		if n.neg || n.v >= 1<<32 {
			return p.fail(n.at, "%s %s does not fit 32 bits", w, p.written(n))
		}
		low = n.v
		if w == "id" {
			p.symbol(fixMap, "map_id_"+p.src[n.at:p.at], at)
			low = 0
		}
	case w == "":
		return p.expected("id:, fd:, idx: or the name of a map")
	default:
		if err := checkName(w); err != nil {
			return p.fail(at, "%s: %w", w, err)
		}
		p.symbol(fixMap, w, at)
	}
	if !p.want(']') {
		return false
	}
	index := number && w == "idx"
	i.Src, i.Imm = Imm64MapFD, int64(low)
	if index {
		i.Src = Imm64MapIndex
	}
	if p.peek() == '[' {
		if index || !p.accept("[0]") {
			return p.expected("the end of the instruction")
		}
		i.Src = Imm64MapValue
	}
	if c := p.peek(); c == '+' || c == '-' {
		n, ok := p.number()
		if !ok {
			return false
		}
		off, ok := p.signed(n, 32, "offset")
		if !ok {
			return false
		}
		switch {
		case index:
			i.Src = Imm64MapIndexValue
		case i.Src == Imm64MapFD:
			return p.fail(n.at, "an offset in a map's value: map[...][0]%s", p.written(n))
		}
		i.Imm |= off << 32
	} else if i.Src == Imm64MapValue {
		return p.expected("the offset in the value, such as +0")
	}
	if p.fix.kind == fixMap && i.Src == Imm64MapValue {
		p.fix.kind = fixValue
	}
	return p.emit(i)
}

// btfLoad reads what follows btf in btf[id:4711] and btf[id:4711,fd:7].
func (p *parser) btfLoad(dst Register) bool {
	p.at++
	i := Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64BTFID}
	for k, want := range [...]string{"id", "fd"} {
		if k > 0 && !p.acceptByte(',') {
			break
		}
		if !p.acceptWord(want) || !p.acceptByte(':') {
			return p.expected(want + ":")
		}
		n, ok := p.number()
		if !ok {
			return false
		}
		if n.neg || n.v >= 1<<32 {
			return p.fail(n.at, "%s %s does not fit 32 bits", want, p.written(n))
		}
		i.Imm |= int64(n.v << (32 * k))
	}
	return p.want(']') && p.emit(i)
}

// functionLoad reads what follows subprog in subprog[+5] and subprog[name].
func (p *parser) functionLoad(dst Register) bool {
	p.at++
	i := Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64Func}
	at := p.at
	if w := p.word(); w != "" {
		if err := checkName(w); err != nil {
			return p.fail(at, "%s: %w", w, err)
		}
		p.symbol(fixFunc, w, at)
		i.Imm = 1<<32 - 1
		return p.want(']') && p.emit(i)
	}
	n, ok := p.number()
	if !ok {
		return false
	}
	v, ok := p.signed(n, 32, "distance")
	i.Imm = int64(uint32(v))
	return ok && p.want(']') && p.emit(i)
}
