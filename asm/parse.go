package asm

import (
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// ParseText reads programs from their text: what AppendText writes, in either syntax, and what LLVM's assembler takes.
// file is the name for errors, which are ParseErrors with the line and column of each.
func ParseText(file string, text []byte) ([]*Program, error) {
	p := parser{file: file, src: string(text), opcode: -1}
	p.unit = &unit{}
	if p.readable() {
		for p.nextLine() {
			p.readLine()
		}
		p.finish()
	}
	if len(p.errors.Errors) > 0 {
		return nil, &p.errors
	}
	return p.programs, nil
}

// parser reads a text line by line.
type parser struct {
	file string
	src  string

	line       int32 // of the current line, from 1
	begin, end int   // of the current line
	next       int   // where the next line begins
	at         int   // what is next

	errors ParseErrors
	failed int32 // line of the last error

	// What is known of the instruction that is being read.
	stmt   int         // where it begins
	opcode int16       // that a dump states, or -1
	insn   Instruction // what was read
	fix    fixup       // its symbol, if kind is not 0
	callee string      // name of the function that a dump adds to a call

	unit     *unit
	programs []*Program
}

// Limits of what is read.
const maxLine = 64 << 10

// readable reports whether the whole text is text, and notes where it is not.
func (p *parser) readable() bool {
	if utf8.ValidString(p.src) && strings.IndexByte(p.src, 0) < 0 {
		return true
	}
	for p.nextLine() {
		line := p.src[p.begin:p.end]
		if k := strings.IndexByte(line, 0); k >= 0 {
			return p.fail(p.begin+k, "a byte of value 0: this is no text")
		}
		if !utf8.ValidString(line) {
			for k, r := range line {
				if r == utf8.RuneError {
					if _, n := utf8.DecodeRuneInString(line[k:]); n == 1 {
						return p.fail(p.begin+k, "byte %#02x: this is not UTF-8", line[k])
					}
				}
			}
		}
	}
	return true
}

func (p *parser) readLine() {
	if p.end-p.begin > maxLine {
		p.fail(p.begin, "a line of %d bytes; there may be %d", p.end-p.begin, maxLine)
		return
	}
	p.skip()
	switch c := p.peek(); {
	case c == 0, c == '#':
		return
	case byteClass[c]&isDigit != 0:
		p.numbered()
	default:
		p.statements()
	}
}

// statements reads labels, directives and instructions up to the end of the line.
func (p *parser) statements() {
	for {
		p.skip()
		switch c := p.peek(); {
		case c == 0, c == '#', c == '/':
			return
		case c == ';':
			p.at++
			continue
		case byteClass[c]&isLetter != 0:
			at := p.at
			w := p.word()
			if p.acceptByte(':') {
				if !p.unit.label(p, w, at) {
					return
				}
				continue
			}
			if w[0] == '.' {
				if !p.directive(w, at) || !p.endOfStatement() {
					return
				}
				continue
			}
			p.at = at
		}
		if !p.instruction() {
			return
		}
		p.take(-1)
		if !p.endOfStatement() {
			return
		}
	}
}

// endOfStatement reports whether nothing follows that belongs to the statement.
func (p *parser) endOfStatement() bool {
	p.skip()
	switch p.peek() {
	case 0, ';', '#':
		return true
	case '/':
		if strings.HasPrefix(p.src[p.at:p.end], "//") {
			return true
		}
	}
	return p.expected("the end of the instruction")
}

// take adds the instruction that was read to the program.
func (p *parser) take(slot int) {
	u := p.unit
	if p.fix.kind != 0 {
		p.fix.index = int32(len(u.insns))
		u.fixups = append(u.fixups, p.fix)
		p.fix.kind = 0
	}
	u.insns = append(u.insns, p.insn)
	u.places = append(u.places, p.placeOf(p.stmt))
}

// numbered reads an instruction of a dump: 12: (b7) r1 = 5.
func (p *parser) numbered() {
	n, ok := p.number()
	if !ok || !p.want(':') {
		return
	}
	p.skip()
	p.opcode = -1
	if p.peek() == '(' && p.at+3 < p.end && p.src[p.at+3] == ')' {
		hi, lo := hexDigit(p.src[p.at+1]), hexDigit(p.src[p.at+2])
		if hi < 0 || lo < 0 {
			p.expected("the opcode, two hexadecimal digits in parentheses")
			return
		}
		p.opcode = int16(hi<<4 | lo)
		p.at += 4
	}
	ok = p.instruction()
	op := p.opcode
	p.opcode = -1
	if !ok {
		return
	}
	if op >= 0 && int16(p.insn.Op) != op {
		p.fail(p.stmt, "the opcode in parentheses is %#02x, that of this instruction %#02x", op, uint8(p.insn.Op))
		return
	}
	p.take(int(n.v))
	p.endOfStatement()
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// finish makes programs of what was read.
func (p *parser) finish() {
	if len(p.errors.Errors) > 0 {
		return
	}
	name := strings.TrimSuffix(filepath.Base(p.file), filepath.Ext(p.file))
	if checkName(name) != nil {
		name = "program"
	}
	if prog := p.unit.program(p, name); prog != nil {
		p.programs = append(p.programs, prog)
	}
}
