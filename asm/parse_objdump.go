package asm

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// objdumpHeader reads the lines of llvm-objdump that stand alone, and reports whether this is one.
func (p *parser) objdumpHeader() bool {
	line := p.src[p.begin:p.end]
	if name, ok := strings.CutPrefix(line, "Disassembly of section "); ok {
		p.enter(strings.TrimSuffix(name, ":"))
		p.unit.dump = dump{}
		p.objdump = true
		return true
	}
	if strings.Contains(line, ":\tfile format elf64-") {
		p.objdump = true
		return true
	}
	return false
}

// objdumpAddress reads a line of llvm-objdump that begins with an address of 16 digits: a label, 0000000000000058 <LBB0_1>:,
// or a symbol in the instruction above, 0000000000000028:  R_BPF_64_64 workers.
func (p *parser) objdumpAddress(word string, at int) bool {
	address, err := strconv.ParseUint(word, 16, 64)
	if err != nil {
		return false
	}
	p.at = at
	p.skip()
	switch {
	case p.peek() == '<':
		p.at++
		nameAt := p.at
		end := strings.Index(p.src[p.at:p.end], ">:")
		if end < 0 {
			p.expected("the name of a label and '>:'")
			return true
		}
		p.label(p.src[nameAt:nameAt+end], nameAt)
		return true
	case p.acceptByte(':') && p.accept("R_BPF_64_"):
		p.relocation(address)
		return true
	}
	return false
}

// relocation reads what follows R_BPF_64_.
func (p *parser) relocation(address uint64) {
	call := p.accept("32")
	if !call && !p.accept("64") {
		p.expected("R_BPF_64_64 or R_BPF_64_32")
		return
	}
	p.skip()
	at := p.at
	name := p.word()
	u := p.unit
	n := len(u.insns) - 1
	if name == "" || n < 0 || len(u.fixups) > 0 && int(u.fixups[len(u.fixups)-1].index) == n {
		p.expected("a symbol in the instruction above")
		return
	}
	i := &u.insns[n]
	if last := len(u.dump.slots) - 1; last != n || uint64(u.dump.slots[n])*8 != address {
		p.fail(p.begin, "the instruction above is not at %#x", address)
		return
	}
	f := fixup{index: int32(n), name: name, at: p.placeOf(at)}
	switch {
	case call && kinds[i.Op] == kindCall:
		f.kind = fixFunction
		if name == ".text" {
			f.kind, f.offset = fixText, 8*(i.Imm+1)
		}
		i.Src, i.Imm = CallSubprogram, -1
	case !call && i.Op == OpLdImm64:
		switch {
		case name == ".text":
			f.kind, f.offset, i.Imm = fixText, i.Imm, 1<<32-1
		case i.Imm != 0:
			f.kind, i.Imm = fixValue, int64(int32(i.Imm))<<32
		default:
			f.kind = fixSymbol
		}
	default:
		p.fail(p.begin, "the instruction above, %v, has no symbol", *i)
		return
	}
	u.fixups = append(u.fixups, f)
}

// objectFunctions finds out which names of an object are functions: those that are declared, and the labels of .text that
// other sections refer to.
func (p *parser) objectFunctions() {
	p.functions = make(map[string]bool)
	var text textLabels
	for _, u := range p.units {
		if !u.continues {
			for f := range u.isFunction {
				p.functions[f] = true
			}
		}
		if u.elf == ".text" {
			text.units = append(text.units, u)
		}
	}
	for _, u := range p.units {
		for k := range u.fixups {
			f := &u.fixups[k]
			switch f.kind {
			case fixText, fixCall, fixFunction, fixFunc, fixSymbol:
			default:
				continue
			}
			if l := text.find(f); l != nil {
				f.name = l.name
				l.function = true
				p.functions[f.name] = true
			}
		}
	}
}

// textLabels are the labels of .text, found by name and by offset. Of several the first counts.
type textLabels struct {
	units    []*unit
	byName   map[string]*labelAt
	byOffset map[int64]*labelAt // in bytes
}

// find returns the label that f refers to, nil for none.
func (t *textLabels) find(f *fixup) *labelAt {
	if f.kind == fixText {
		if t.byOffset == nil {
			t.byOffset = make(map[int64]*labelAt)
			for _, u := range t.units {
				slots := slotTable(u.insns)
				for k := range u.labels {
					l := &u.labels[k]
					if offset := 8 * int64(slots[l.index]); t.byOffset[offset] == nil {
						t.byOffset[offset] = l
					}
				}
			}
		}
		return t.byOffset[f.offset]
	}
	if t.byName == nil {
		t.byName = make(map[string]*labelAt)
		for _, u := range t.units {
			for k := range u.labels {
				if l := &u.labels[k]; t.byName[l.name] == nil {
					t.byName[l.name] = l
				}
			}
		}
	}
	return t.byName[f.name]
}

// objdumpLine reads the bytes of an instruction and its text. The bytes decide: the text drops what LLVM has no words for.
func (p *parser) objdumpLine(slot int32) {
	at := p.at
	code, ok := p.hexBytes()
	if !ok {
		p.fail(at, "expected the 8 or 16 bytes of an instruction")
		return
	}
	p.skip()
	if p.peek() == '<' {
		p.fail(p.at, "LLVM does not know this instruction")
		return
	}
	if code[0] == byte(OpLdImm64) {
		p.opcode = int16(OpLdImm64)
	}
	ok = p.instruction()
	p.opcode = -1
	if !ok || !p.endOfStatement() {
		return
	}
	for _, big := range []bool{false, true} {
		i, n, err := decode(code, big)
		if err == nil && n == len(code) && sameText(i, p.insn) {
			p.insn = i
			p.takeSlot(slot, "")
			return
		}
	}
	p.fail(at, "these are not the bytes of the instruction, %v", p.insn)
}

// sameText reports whether LLVM prints i as what has been read as text.
func sameText(i, text Instruction) bool {
	switch kinds[i.Op] {
	case kindLdInd:
		text.Imm = i.Imm
	case kindCall:
		text.Src, text.Off = i.Src, i.Off
	case kindLdImm64:
		text.Src = i.Src
	}
	return i == text
}

// sameBytes reports whether code, of either byte order, is the instruction i as far as a dump shows it.
func (p *parser) sameBytes(i Instruction, code []byte) bool {
	if len(code) != 8*i.Slots() {
		return false
	}
	if kinds[i.Op] == kindCall || i.Op == OpLdImm64 && i.Src != Imm64Value {
		return code[0] == byte(i.Op)
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b [16]byte
		if got, err := i.AppendTo(b[:0], order); err == nil && string(got) == string(code) {
			return true
		}
	}
	return false
}
