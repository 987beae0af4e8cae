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
	p.unit = &unit{begins: spot{1, 1}}
	p.units = append(p.units, p.unit)
	if p.readable() {
		p.isDump = hasDump(p.src)
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
	hint   hint        // what the line of source text before it says
	first  int         // first instruction of the line

	isDump  bool // the text has lines as the kernel prints them
	objdump bool // the text has lines as llvm-objdump prints them
	object  bool // the text has sections
	section sectionKind

	unit      *unit
	units     []*unit
	shared    ProgramSpec     // what was said before the programs
	functions map[string]bool // of all units of an object
	files     []string        // of positions
	programs  []*Program
}

// maxLine is the largest length of a line in bytes.
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
		for k, r := range line {
			if r == utf8.RuneError {
				if _, n := utf8.DecodeRuneInString(line[k:]); n == 1 {
					return p.fail(p.begin+k, "byte %#02x: this is not UTF-8", line[k])
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
	p.first = len(p.unit.insns)
	c := p.peek()
	switch {
	case c == 0, c == '#':
		return
	case p.section != sectionCode && p.inSection():
	case byteClass[c]&isDigit != 0:
		p.numbered()
	case c == ';':
		p.sourceLine()
	case c == 'D' && p.objdumpHeader(), (c == 'F' || !p.objdump && p.line < 4) && p.objdumpHeader():
	case p.isDump && c != '.' && c != '/':
		p.dumpText()
	default:
		p.statements()
	}
}

// statements reads labels, directives and instructions up to the end of the line.
func (p *parser) statements() {
	for {
		p.skip()
		switch c := p.peek(); {
		case c == 0:
			return
		case c == '#' || c == '/' && p.statementEnds():
			p.trailing()
			return
		case c == ';':
			p.at++
			continue
		case byteClass[c]&isLetter != 0:
			at := p.at
			w := p.word()
			if p.acceptByte(':') {
				if !p.label(w, at) {
					return
				}
				continue
			}
			if w[0] == '.' {
				if !p.directive(w, at) || !p.endOfStatement() {
					return
				}
				p.first = len(p.unit.insns)
				continue
			}
			p.at = at
		}
		if !p.instruction() {
			return
		}
		if len(p.unit.dump.slots) > 0 {
			p.fail(p.stmt, "an instruction without the number of its slot among others with it")
			return
		}
		p.unit.dump.plain = true
		p.add()
		if !p.endOfStatement() {
			return
		}
	}
}

// endOfStatement reports whether nothing follows that belongs to the statement.
func (p *parser) endOfStatement() bool {
	p.skip()
	return p.statementEnds() || p.expected("the end of the instruction")
}

// trailing reads a comment behind instructions, which is the author's about them.
func (p *parser) trailing() {
	u := p.unit
	text := strings.TrimLeft(p.src[p.at:p.end], "#/")
	text = strings.Trim(text, " \t")
	if text == "" {
		return
	}
	for n := p.first; n < len(u.insns); n++ {
		u.say(n, text)
	}
}

// say adds a comment on instruction n, unless there is one.
func (u *unit) say(n int, text string) {
	if c := u.spec.Comments; len(c) > 0 && c[len(c)-1].Index >= n {
		return
	}
	u.spec.Comments = append(u.spec.Comments, Comment{Index: n, Text: text})
}

// add adds the instruction that was read to the program.
func (p *parser) add() {
	u := p.unit
	n := len(u.insns)
	if p.fix.kind != 0 {
		p.fix.index = int32(n)
		u.fixups = append(u.fixups, p.fix)
		p.fix.kind = 0
	}
	if u.positions != nil {
		u.positions = append(u.positions, u.position)
	}
	if u.comment != "" {
		u.say(n, u.comment)
		if len(u.dump.slots) == 0 {
			u.comment = ""
		}
	}
	u.insns = append(u.insns, p.insn)
	u.places = append(u.places, p.placeOf(p.stmt))
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
	if p.object {
		p.functions = make(map[string]bool)
		for _, u := range p.units {
			for f := range u.isFunction {
				p.functions[f] = true
			}
		}
	}
	for _, u := range p.units {
		if len(u.insns) == 0 && (u.elf != "" || len(p.units) > 1 && u.spec.Name == "") {
			continue // a section without code
		}
		if prog := u.program(p, name); prog != nil {
			p.programs = append(p.programs, prog)
		}
	}
	if len(p.programs) == 0 && len(p.errors.Errors) == 0 {
		p.errorAt(spot{1, 1}, "no instructions")
	}
}
