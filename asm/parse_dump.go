package asm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// dump is what is known of a text with slot numbers.
type dump struct {
	slots []int32 // of each instruction, when they are numbered
	plain bool    // there are instructions without a slot
	log   bool    // it is a verifier's log
}

// hasDump reports whether text has an instruction of the kernel's: 12: (b7) r1 = 5.
func hasDump(text string) bool {
	for len(text) > 0 {
		line := text
		if n := strings.IndexByte(text, '\n'); n >= 0 {
			line, text = text[:n], text[n+1:]
		} else {
			text = ""
		}
		line = strings.TrimLeft(line, " \t")
		k := 0
		for k < len(line) && byteClass[line[k]]&isDigit != 0 {
			k++
		}
		if k == 0 || k+2 >= len(line) || line[k] != ':' || line[k+1] != ' ' {
			continue
		}
		line = line[k+2:]
		if len(line) > liveWidth && line[liveWidth] == ' ' && isLive(line) {
			line = line[liveWidth+1:]
		}
		if len(line) > 4 && line[0] == '(' && line[3] == ')' && hexDigit(line[1]) >= 0 && hexDigit(line[2]) >= 0 {
			return true
		}
	}
	return false
}

// liveWidth is the length of the verifier's list of the registers that are read later: .1....6...
const liveWidth = 10

func isLive(s string) bool {
	for k := range liveWidth {
		if c := s[k]; c != '.' && c != '0'+byte(k) {
			return false
		}
	}
	return true
}

// numbered reads a line that begins with a number: an instruction of a dump, or what else a log and llvm-objdump have.
func (p *parser) numbered() {
	start := p.at
	digits := start
	for digits < p.end && hexDigit(p.src[digits]) >= 0 {
		digits++
	}
	word := p.src[start:digits]
	if digits-start == 16 && p.objdumpAddress(word, digits) {
		return
	}
	if digits == p.end || p.src[digits] != ':' {
		if p.isDump && p.bytesBelow() {
			return
		}
		p.chatter("the number of a slot and ':'")
		return
	}
	slot, err := strconv.ParseUint(word, 10, 31)
	if err != nil {
		p.fail(start, "%s is no number of a slot", word)
		return
	}
	p.at = digits + 1
	p.skip()
	if p.end-p.at > liveWidth && p.src[p.at+liveWidth] == ' ' && isLive(p.src[p.at:]) {
		p.at += liveWidth
		p.skip()
	}
	switch c := p.peek(); {
	case c == '(' && p.at+3 < p.end && p.src[p.at+3] == ')':
		hi, lo := hexDigit(p.src[p.at+1]), hexDigit(p.src[p.at+2])
		if hi < 0 || lo < 0 {
			p.expected("the opcode, two hexadecimal digits in parentheses")
			return
		}
		p.opcode = int16(hi<<4 | lo)
		p.at += 4
	case p.isDump && (c == 'R' || c == 'f' && strings.HasPrefix(p.src[p.at:p.end], "frame")):
		p.unit.dump.log = true // the registers before an instruction
		return
	case hexDigit(c) >= 0 && p.at+2 < p.end && hexDigit(p.src[p.at+1]) >= 0 && p.src[p.at+2] == ' ':
		p.objdumpLine(int32(slot))
		return
	}
	p.slotLine(int32(slot))
}

// slotLine reads the instruction of a slot.
func (p *parser) slotLine(slot int32) {
	ok := p.instruction()
	op := p.opcode
	p.opcode = -1
	if !ok {
		return
	}
	if op >= 0 && int16(p.insn.Op) != op {
		p.fail(p.stmt, "the opcode in parentheses is %#02x, that of this instruction %#02x", op, uint8(p.insn.Op))
		return
	}
	if !p.endOfStatement() {
		return
	}
	if op >= 0 && p.acceptByte(';') {
		p.state()
	} else if p.peek() == ';' {
		p.fail(p.at, "one instruction for one slot")
		return
	}
	p.takeSlot(slot)
}

// takeSlot adds the instruction that was read. Another one for the same slot must be the same.
func (p *parser) takeSlot(slot int32) {
	u := p.unit
	if u.dump.plain {
		p.fail(p.stmt, "an instruction with the number of its slot among others without")
		return
	}
	u.dump.slots = append(u.dump.slots, slot)
	p.add()
}

// state reads what the verifier says behind an instruction: the registers that it changed.
func (p *parser) state() {
	p.at = p.end
}

// order puts the instructions of a dump in the order of their slots, and refuses what does not make a program.
func (u *unit) order(p *parser) bool {
	slots := u.dump.slots
	if len(slots) == 0 {
		return true
	}
	inOrder := true
	next := int32(0)
	for n, slot := range slots {
		if slot != next {
			inOrder = false
			break
		}
		next += int32(u.insns[n].Slots())
	}
	if inOrder {
		return true
	}
	return u.sort(p)
}

// sort is order for instructions that are not in order, or some of them more than once or missing.
func (u *unit) sort(p *parser) bool {
	slots := u.dump.slots
	order := make([]int32, len(slots))
	for n := range order {
		order[n] = int32(n)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(slots[a], slots[b]) })
	fixed := make(map[int32]fixup)
	for _, f := range u.fixups {
		fixed[f.index] = f
	}
	comments := make(map[int32]string)
	for _, c := range u.spec.Comments {
		comments[int32(c.Index)] = c.Text
	}
	var (
		insns    []Instruction
		places   []spot
		fixups   []fixup
		texts    []Comment
		position []Position
		missing  []string
		next     int32
		moved    = make([]int32, len(slots)+1) // where instructions went
	)
	last := int32(-1) // in the old order
	for _, n := range order {
		slot := slots[n]
		if last >= 0 && slot == slots[last] {
			moved[n] = moved[last]
			a, b := fixed[last], fixed[n]
			if u.insns[n] != u.insns[last] || a.name != b.name {
				p.errorAt(u.places[n], "slot %d is %v here, and %v in line %d", slot, u.insns[n], u.insns[last], u.places[last].line)
				return false
			}
			continue
		}
		switch {
		case slot < next:
			p.errorAt(u.places[n], "slot %d is the second half of the instruction before it", slot)
			return false
		case slot == next+1:
			missing = append(missing, strconv.Itoa(int(next)))
		case slot > next:
			missing = append(missing, strconv.Itoa(int(next))+" to "+strconv.Itoa(int(slot)-1))
		}
		next = slot + int32(u.insns[n].Slots())
		last = n
		at := int32(len(insns))
		moved[n] = at
		insns, places = append(insns, u.insns[n]), append(places, u.places[n])
		if f, ok := fixed[n]; ok {
			f.index = at
			fixups = append(fixups, f)
		}
		if c, ok := comments[n]; ok {
			texts = append(texts, Comment{Index: int(at), Text: c})
		}
		if u.positions != nil {
			position = append(position, u.positions[n])
		}
	}
	if len(missing) > 0 {
		const limit = 20
		more := ""
		if len(missing) > limit {
			missing, more = missing[:limit], " and more"
		}
		p.errorAt(u.places[0], "the text does not show slots %s%s", strings.Join(missing, ", "), more)
		return false
	}
	moved[len(slots)] = int32(len(insns))
	for k := range u.labels {
		u.labels[k].index = moved[u.labels[k].index]
	}
	slices.SortStableFunc(u.labels, func(a, b labelAt) int { return cmp.Compare(a.index, b.index) })
	for k, l := range u.labels {
		u.byName[l.name] = int32(k)
	}
	u.insns, u.places, u.fixups, u.spec.Comments, u.positions = insns, places, fixups, texts, position
	return true
}

// chatter reads a line of a dump that is no instruction. What stands between instructions in a log says nothing about the
// program, but an instruction without its slot would be lost.
func (p *parser) chatter(what string) {
	if !p.isDump {
		p.expected(what)
		return
	}
}

// bytesBelow reads a line of bpftool prog dump xlated opcodes: the bytes of the instruction above.
func (p *parser) bytesBelow() bool {
	code, ok := p.hexBytes()
	if !ok || len(p.unit.dump.slots) == 0 {
		return false
	}
	p.skip()
	if p.at < p.end {
		return false
	}
	n := len(p.unit.insns) - 1
	if !p.sameBytes(p.unit.insns[n], code) {
		p.fail(p.begin, "these are not the bytes of the instruction above, %v", p.unit.insns[n])
	}
	return true
}

// hexBytes reads the 8 or 16 bytes of an instruction.
func (p *parser) hexBytes() (code []byte, ok bool) {
	at := p.at
	var b [16]byte
	n := 0
	for n < len(b) && at+1 < p.end {
		hi, lo := hexDigit(p.src[at]), hexDigit(p.src[at+1])
		if hi < 0 || lo < 0 || at+2 < p.end && wordByte(p.src[at+2]) {
			break
		}
		b[n] = byte(hi<<4 | lo)
		n++
		if at += 2; at < p.end && p.src[at] == ' ' {
			at++
		}
	}
	if n != 8 && n != 16 {
		return nil, false
	}
	p.at = at
	return b[:n], true
}

// sourceLine reads a line of source text that a dump shows: ; text @ file.go:12 in the verifier's log, ; text in
// bpftool's dump and ; text [file:/src/file.go line_num:12 line_col:0] in that with linum.
func (p *parser) sourceLine() {
	if !p.isDump && !p.objdump {
		p.fail(p.at, "';' begins a line of source text in a dump, but here are no lines such as 0: (b7) r0 = 0; a comment begins with #")
		return
	}
	text := p.src[p.at+1 : p.end]
	u := p.unit
	var pos Position
	if k := strings.LastIndex(text, " @ "); k >= 0 {
		if file, line, ok := cutLine(text[k+3:]); ok {
			pos, text = Position{File: file, Line: line}, text[:k]
		}
	} else if k := strings.LastIndex(text, " [file:"); k >= 0 {
		if file, rest, ok := strings.Cut(text[k+7:], " line_num:"); ok {
			n, _, _ := strings.Cut(rest, " ")
			if line, err := strconv.ParseUint(strings.TrimSuffix(n, "]"), 10, 31); err == nil {
				pos, text = Position{File: file, Line: int(line)}, text[:k]
			}
		}
	}
	if pos != (Position{}) || u.positions != nil {
		u.locate(pos)
	}
	u.comment = strings.Trim(text, " \t")
}

// cutLine splits file.go:12.
func cutLine(s string) (file string, line int, ok bool) {
	k := strings.LastIndexByte(s, ':')
	if k < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(s[k+1:], 10, 31)
	return strings.Clone(s[:k]), int(n), err == nil
}

// dumpText reads a line of a dump that does not begin with a number.
func (p *parser) dumpText() {
	p.chatter("")
}
