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
	// raw has the numbers that the log shows of addresses, by the index of their instructions.
	raw map[int32]int64
	// names has what functions are called, by their first slot.
	names map[int32]string
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
		switch {
		case p.isDump && p.bytesBelow():
		case p.isDump:
			p.chatter()
		default:
			p.at = digits
			p.expected("':' behind the number of a slot")
		}
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
	case p.isDump:
		// The registers before an instruction, or that what follows is known to be safe.
		p.unit.dump.log = p.unit.dump.log || c == 'R' || c == 'f'
		p.chatter()
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
	state := ""
	if p.peek() == ';' {
		if op < 0 {
			p.fail(p.at, "one instruction for one slot")
			return
		}
		state = p.src[p.at+1 : p.end]
	}
	p.takeSlot(slot, state)
}

// takeSlot adds the instruction that was read. state is what the verifier says behind it.
func (p *parser) takeSlot(slot int32, state string) {
	u := p.unit
	if u.dump.plain {
		p.fail(p.stmt, "an instruction with the number of its slot among others without")
		return
	}
	if p.insn.Op == OpLdImm64 && !p.meaning(state) {
		return
	}
	p.nameCallee(slot)
	p.hint, p.callee = hint{}, ""
	u.dump.slots = append(u.dump.slots, slot)
	p.add()
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
	sorted := unit{}
	var missing []string
	next := int32(0)
	moved := make([]int32, len(slots)+1) // where instructions went
	for len(order) > 0 {
		slot := slots[order[0]]
		same := 1
		for same < len(order) && slots[order[same]] == slot {
			same++
		}
		group := order[:same]
		order = order[same:]
		best, ok := u.best(p, group, fixed)
		if !ok {
			return false
		}
		switch {
		case slot < next:
			p.errorAt(u.places[best], "slot %d is the second half of the instruction before it", slot)
			return false
		case slot == next+1:
			missing = append(missing, strconv.Itoa(int(next)))
		case slot > next:
			missing = append(missing, strconv.Itoa(int(next))+" to "+strconv.Itoa(int(slot)-1))
		}
		next = slot + int32(u.insns[best].Slots())
		at := int32(len(sorted.insns))
		if f, ok := fixed[best]; ok {
			f.index = at
			sorted.fixups = append(sorted.fixups, f)
		}
		sorted.insns = append(sorted.insns, u.insns[best])
		sorted.places = append(sorted.places, u.places[best])
		if u.positions != nil {
			sorted.positions = append(sorted.positions, Position{})
		}
		for _, n := range group {
			moved[n] = at
			if u.positions != nil && sorted.positions[at] == (Position{}) {
				sorted.positions[at] = u.positions[n]
			}
			if text, ok := comments[n]; ok {
				sorted.say(int(at), text)
			}
		}
	}
	if len(missing) > 0 {
		const limit = 20
		more := ""
		if len(missing) > limit {
			missing, more = missing[:limit], " and more"
		}
		p.errorAt(u.places[0], "the text does not show slot %s%s", strings.Join(missing, ", "), more)
		return false
	}
	moved[len(slots)] = int32(len(sorted.insns))
	for k := range u.labels {
		u.labels[k].index = moved[u.labels[k].index]
	}
	slices.SortStableFunc(u.labels, func(a, b labelAt) int { return cmp.Compare(a.index, b.index) })
	for k, l := range u.labels {
		u.byName[l.name] = int32(k)
	}
	u.dump.raw = nil
	u.insns, u.places, u.fixups = sorted.insns, sorted.places, sorted.fixups
	u.positions, u.spec.Comments = sorted.positions, sorted.spec.Comments
	return true
}

// best returns of the instructions of one slot, which have to be the same, the one that says most.
func (u *unit) best(p *parser, group []int32, fixed map[int32]fixup) (best int32, ok bool) {
	best = group[0]
	for _, n := range group[1:] {
		if !u.agree(best, n, fixed) {
			p.errorAt(u.places[n], "slot %d is %v here, and %v in line %d", u.dump.slots[n], u.insns[n], u.insns[best], u.places[best].line)
			return 0, false
		}
		if _, known := u.dump.raw[n]; known {
			best = n
		}
	}
	return best, true
}

// chatter reads a line of a dump that is no instruction. What stands between the instructions of a log says nothing about
// the program, but an instruction without its slot would be lost.
func (p *parser) chatter() {
	at := p.at
	if w := p.src[at:p.end]; strings.HasPrefix(w, "processed ") || strings.HasPrefix(w, "from ") {
		p.unit.dump.log = true
	}
	if _, _, ok := parseOne(p.src[at:p.end]); ok {
		p.fail(at, "an instruction without the number of its slot among others with it")
	}
}

// parseOne reads one instruction that may stand in other text.
func parseOne(text string) (Instruction, fixup, bool) {
	if text == "" {
		return Instruction{}, fixup{}, false
	}
	switch text[0] {
	case 'r', 'w', '*', 'i', 'g', 'm', 'c', 'e', 'l', 's':
	default:
		return Instruction{}, fixup{}, false
	}
	one := parser{src: text, end: len(text), next: len(text), line: 1, opcode: -1, unit: &unit{}}
	if !one.instruction() || !one.endOfStatement() || one.peek() == ';' {
		return Instruction{}, fixup{}, false
	}
	return one.insn, one.fix, true
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
	text = strings.Trim(text, " \t")
	// Lines without a comment of the author show their instruction, which tells the name of a map.
	p.hint = hint{}
	if i, f, ok := parseOne(text); ok {
		p.hint = hint{insn: i, symbol: f}
		text = ""
	}
	u.comment = text
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

// dumpText reads a line of a dump that does not begin with a number: the declaration of a function in bpftool's, or what
// else a log says.
func (p *parser) dumpText() {
	if line := strings.TrimRight(p.src[p.at:p.end], " \t"); strings.HasSuffix(line, "):") {
		head, _, _ := strings.Cut(line, "(")
		head = strings.TrimRight(head, " ")
		k := strings.LastIndexAny(head, " *") + 1
		if name := head[k:]; checkName(name) == nil {
			p.unit.function(name)
			p.label(name, p.at+k)
			return
		}
	}
	p.chatter()
}
