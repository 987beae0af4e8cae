package asm

import "strings"

// fixupKind is what becomes of a symbol.
type fixupKind uint8

const (
	fixJump     fixupKind = iota + 1 // label, 16 bits
	fixLong                          // label, 32 bits
	fixCall                          // call name: a function here or elsewhere, or a helper
	fixFunction                      // function here or elsewhere, for a call
	fixFunc                          // function here or elsewhere, for its address
	fixMap                           // map
	fixValue                         // value of a map, with an offset
	fixSymbol                        // name ll: a function, else a map
	fixText                          // function at an offset of the section .text
)

// fixup is a symbol in an instruction.
type fixup struct {
	kind  fixupKind
	index int32 // of the instruction
	name  string
	at    spot

	offset int64 // in .text
}

// symbol notes that the instruction which is being read has a symbol.
func (p *parser) symbol(kind fixupKind, name string, at int) {
	p.fix = fixup{kind: kind, name: name, at: p.placeOf(at)}
}

// jump reads what follows goto, gotol or may_goto.
func (p *parser) jump(w string) bool {
	i := Instruction{Op: JumpOpcode(ClassJMP, OpJA, K)}
	switch w {
	case "gotol":
		i.Op = JumpOpcode(ClassJMP32, OpJA, K)
	case "may_goto":
		i.Op = JumpOpcode(ClassJMP, OpJCond, K)
	}
	_, ok := p.target(&i)
	return ok && p.emit(i)
}

// target reads where a jump leads to: a label, or a distance in slots, which the kernel writes with pc before it.
func (p *parser) target(i *Instruction) (pc, ok bool) {
	p.skip()
	at := p.at
	long := i.Op.Class() == ClassJMP32 && i.Op.JumpOp() == OpJA
	if w := p.word(); w != "" {
		if pc = p.pc(w); !pc {
			if err := checkName(w); err != nil {
				return false, p.fail(at, "%s: %w", w, err)
			}
			kind := fixJump
			if long {
				kind = fixLong
			}
			p.symbol(kind, w, at)
			return false, true
		}
	}
	c := p.peek()
	if byteClass[c]&isDigit == 0 && c != '+' && c != '-' {
		return pc, p.expected("a label or a distance such as +1")
	}
	n, ok := p.number()
	if !ok {
		return pc, false
	}
	if long {
		i.Imm, ok = p.signed(n, 32, "distance")
	} else {
		var off int64
		off, ok = p.signed(n, 16, "distance")
		i.Off = int16(off)
	}
	return pc, ok && p.annotation()
}

// pc reports whether w is the pc of the kernel's pc+1.
func (p *parser) pc(w string) bool {
	return w == "pc" && (p.peek() == '+' || p.peek() == '-')
}

// annotation moves behind what llvm-objdump writes behind a distance: <LBB0_1+0x8>.
func (p *parser) annotation() bool {
	if !p.acceptByte('<') {
		return true
	}
	for p.at < p.end {
		p.at++
		if p.src[p.at-1] == '>' {
			return true
		}
	}
	return p.expected("'>'")
}

// conditional reads what follows if.
func (p *parser) conditional() bool {
	dst, wide, ok := p.wantRegister()
	if !ok {
		return false
	}
	op, ok := p.comparison()
	if !ok {
		return false
	}
	class := ClassJMP32
	if wide {
		class = ClassJMP
	}
	i := Instruction{Op: JumpOpcode(class, op, X), Dst: dst}
	p.skip()
	at := p.at
	src, w, reg := p.register()
	var n literal
	end := 0
	switch {
	case reg && w != wide:
		return p.widths(at)
	case reg:
		i.Src = src
	default:
		i.Op = JumpOpcode(class, op, K)
		if n, ok = p.operand("a register or a number"); !ok {
			return false
		}
		end = p.at
	}
	p.skip()
	if w := p.wordAt(); w != "goto" {
		return p.expected("goto")
	}
	p.at += len("goto")
	pc, ok := p.target(&i)
	if !ok {
		return false
	}
	if !reg {
		// The kernel prints the 32 bits of the immediate without their sign.
		stop := p.at
		p.at = end
		i.Imm, ok = p.imm32(n, wide && !(n.hex && (pc || p.opcode >= 0)))
		p.at = stop
	}
	return ok && p.emit(i)
}

// wordAt returns the next word without moving behind it.
func (p *parser) wordAt() string {
	at := p.at
	w := p.word()
	p.at = at
	return w
}

func (p *parser) comparison() (op JumpOp, ok bool) {
	p.skip()
	c := p.peek()
	signed := c == 's' || c == 'S'
	if signed {
		p.at++
		p.skip()
		c = p.peek()
	}
	if p.at >= p.end {
		return 0, p.expected("a comparison such as '=='")
	}
	equal := p.at+1 < p.end && p.src[p.at+1] == '='
	n := 1
	if equal {
		n = 2
	}
	switch {
	case c == '=' && equal && !signed:
		op = OpJEq
	case c == '!' && equal && !signed:
		op = OpJNE
	case c == '&' && !equal && !signed:
		op = OpJSet
	case c == '>' && equal && signed:
		op = OpJSGE
	case c == '>' && equal:
		op = OpJGE
	case c == '>' && signed:
		op = OpJSGT
	case c == '>':
		op = OpJGT
	case c == '<' && equal && signed:
		op = OpJSLE
	case c == '<' && equal:
		op = OpJLE
	case c == '<' && signed:
		op = OpJSLT
	case c == '<':
		op = OpJLT
	default:
		return 0, p.expected("a comparison: ==, !=, &, >, >=, <, <=, s>, s>=, s< or s<=")
	}
	p.at += n
	return op, true
}

// call reads what follows call: the number or name of a helper, a function, a distance, or a function of the kernel.
func (p *parser) call() bool {
	i := Instruction{Op: JumpOpcode(ClassJMP, OpCall, K)}
	p.skip()
	at := p.at
	w := p.word()
	if w == "" {
		n, ok := p.operand("a helper or a function")
		if !ok {
			return false
		}
		i.Imm, ok = p.signed(n, 32, "helper")
		return ok && p.emit(i)
	}
	switch {
	case p.pc(w):
		n, ok := p.number()
		if !ok {
			return false
		}
		i.Src = CallSubprogram
		if i.Imm, ok = p.signed(n, 32, "distance"); !ok {
			return false
		}
		if p.hash() {
			p.at++
			p.callee = p.word()
		}
		return p.annotation() && p.emit(i)
	case w == "kernel" && p.accept("-function"):
		return p.callKernel(i)
	case p.hash():
		return p.callNumbered(i, at, w)
	}
	if err := checkName(w); err != nil {
		return p.fail(at, "%s: %w", w, err)
	}
	kind := fixCall
	if p.opcode >= 0 { // the kernel's text of a helper has its number
		kind = fixFunction
	}
	p.symbol(kind, w, at)
	i.Src, i.Imm = CallSubprogram, -1
	return p.emit(i)
}

// hash reports whether what follows directly is a '#' with something behind it and not a comment.
func (p *parser) hash() bool {
	return p.peek() == '#' && p.at+1 < p.end && (wordByte(p.src[p.at+1]) || p.src[p.at+1] == '-')
}

// callNumbered reads the kernel's bpf_map_lookup_elem#1. In bpftool's dump the number is an address: there the name counts.
func (p *parser) callNumbered(i Instruction, at int, w string) bool {
	p.at++
	n, ok := p.number()
	if !ok {
		return false
	}
	if i.Imm, ok = p.signed(n, 32, "helper"); !ok {
		return false
	}
	if w == "unknown" || Helper(i.Imm).Name() == w {
		return p.emit(i)
	}
	h, ok := HelperByName(w)
	if !ok {
		h, ok = implemented(w, p.unit.spec.Type)
	}
	switch {
	case !ok && strings.HasSuffix(w, "_map_lookup_elem"):
		return p.fail(at, "call %s#%s: part of what the verifier has made of bpf_map_lookup_elem, which cannot be undone", w, p.written(n))
	case !ok:
		return p.fail(at, "call %s#%s: %s is no helper but a function inside the kernel, which programs cannot call", w, p.written(n), w)
	case p.opcode < 0:
		return p.fail(n.at, "%s is helper %d, not %s", w, h, p.written(n))
	}
	i.Imm = int64(h)
	return p.emit(i)
}

// callKernel reads what follows kernel-function: #4711, or [3]#4711 with the index into the loader's array of BTFs.
func (p *parser) callKernel(i Instruction) bool {
	i.Src = CallKfunc
	if p.peek() == '[' {
		p.at++
		n, ok := p.number()
		if !ok {
			return false
		}
		off, ok := p.signed(n, 16, "index")
		switch {
		case !ok || !p.want(']'):
			return false
		case off < 0:
			return p.fail(n.at, "index %s is negative", p.written(n))
		}
		i.Off = int16(off)
	}
	if p.peek() != '#' {
		return p.expected("'#' and the BTF id of the function")
	}
	p.at++
	n, ok := p.number()
	if !ok {
		return false
	}
	i.Imm, ok = p.signed(n, 32, "BTF id")
	return ok && p.emit(i)
}
