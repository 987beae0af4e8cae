package classic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
)

// ParseText reads a program in the syntax of the kernel's bpf_asm (Documentation/networking/filter.rst), as `tcpdump
// -d` prints it, and what String and Tcpdump return. file is for messages and for Program.Position alone.
//
//	      ldh [12]            ; a comment; or between /* and */, or in a line that begins with #
//	      jne #0x800, drop    ; jeq, jgt, jge and jset take one label or two
//	      ldb [x + 23]
//	      ret #-1
//	drop: ret #0
//
//	(000) ldh      [12]
//	(001) jeq      #0x800           jt 2	jf 3
//
// What the tools do not agree on is taken from each: extensions are `ld #proto`, `ld proto` or `ld [proto]`, with the
// names of bpf_asm and of tcpdump; the offset of an indirect load is [x + 2], [%x+2] or [x+2], as bpf_dbg has it; `ret`
// alone is `ret a`. Case does not matter but in labels. A label is any word but a mnemonic, a, x and m. Numbers may be
// decimal, 0x hexadecimal, 0b binary or octal after a 0.
//
// A number as the target of a jump is the index of an instruction, and is understood only where the line states its
// own: (005) ja 7, or l5: ja 7 as bpf_dbg prints it. These indices are held against the count of instructions, so that
// a text that lost lines is refused.
//
// It is stricter than bpf_asm, which cuts numbers to 32 bits, lets jumps lead back and labels be defined twice, and does
// not check the program: it obeys the rules of Decode. The error is an *asm.ParseErrors with line and column of each
// mistake.
func ParseText(file string, text []byte) (*Program, error) {
	p := textParser{lexer: newLexer(string(text)), mistakes: mistakes{file: file}, labels: make(map[string]textLabel)}
	p.advance()
	for p.tok.kind != tokenEnd && !p.full() {
		p.line()
	}
	raw := p.resolve()
	if p.none() {
		p.check(raw, func(i int) place { return p.calls[i].place }, p.tok.place)
	} else {
		p.checkEach(raw)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	program := &Program{raw: raw, positions: make([]asm.Position, len(raw))}
	for i, c := range p.calls {
		program.positions[i] = asm.Position{File: file, Line: int(c.line)}
	}
	return program, nil
}

// textParser reads a program's text.
type textParser struct {
	lexer
	mistakes
	tok      token // the next one
	ended    place // of what is before it
	broken   bool  // a comment has no end
	numbered bool  // the line that is read states the index of its instruction
	calls    []textCall
	jumps    []textJump
	labels   map[string]textLabel
}

// textCall is an instruction of the text.
type textCall struct {
	raw bpf.RawInstruction
	place
	bad bool // has its error already
}

// textJump is where an instruction of the text leads, jumpTrue for an unconditional jump too.
type textJump struct {
	call                int // index of the instruction
	jumpTrue, jumpFalse target
}

// target is where a jump leads: a label, or for the empty one the instruction of the index. The zero target is the
// next instruction.
type target struct {
	label string
	index uint32
	place
}

type textLabel struct {
	index int // of the instruction that follows
	place
}

// fail notes what is wrong with a token and returns false.
func (p *textParser) fail(t token, format string, args ...any) bool {
	p.errorf(t.place, format, args...)
	return false
}

// expected notes that something else was expected than what comes next.
func (p *textParser) expected(what string) bool {
	found, at := strconv.Quote(p.tok.String()), p.tok.place
	switch {
	case p.tok.kind == tokenEnd:
		found, at = "the end of the text", p.ended
	case p.tok.first:
		found, at = "the end of the line", p.ended
	}
	p.errorf(at, "expected %s, found %s", what, found)
	return false
}

// advance takes the next token.
func (p *textParser) advance() {
	p.ended = p.lexer.place()
	t, ok := p.next()
	if !ok && !p.broken {
		p.broken = true
		p.errorf(t.place, "comment without an end")
		t, _ = p.next()
	}
	p.tok = t
}

// full reports whether no more can be read, and says so.
func (p *textParser) full() bool {
	if len(p.calls) < MaxInstructions {
		return false
	}
	p.errorf(p.tok.place, "more than %d instructions, the kernel takes no more", MaxInstructions)
	return true
}

// line reads an instruction and what is before it. After a mistake it goes on with the next line.
func (p *textParser) line() {
	before := p.off
	c := textCall{place: p.tok.place}
	ok := p.prefix()
	if ok && p.tok.kind == tokenEnd {
		return // labels alone
	}
	if ok {
		c.place = p.tok.place
		ok = p.instruction(&c)
	}
	if !ok {
		c.bad = true
		if p.off == before {
			p.advance()
		}
		for !p.tok.first {
			p.advance()
		}
	}
	p.calls = append(grown(p.calls, &p.lexer), c)
}

// grown returns the list with room for one more, and for as many as there will be when the rest of the text is about
// like what is read.
func grown[T any](list []T, l *lexer) []T {
	if n := len(list); n == cap(list) {
		expected := n * len(l.text) / l.off
		list = slices.Grow(list, min(expected+expected/8, MaxInstructions)-n+32)
	}
	return list
}

// prefix reads the index and the labels of an instruction.
func (p *textParser) prefix() bool {
	p.numbered = p.tok.is('(')
	if p.numbered && !p.index() {
		return false
	}
	for p.tok.kind == tokenWord && p.colonFollows() {
		name := p.tok
		p.advance()
		p.advance()
		if reserved(name) {
			return p.fail(name, "%v cannot be a label", name)
		}
		if old, ok := p.labels[name.text]; ok {
			p.errorf(name.place, "label %v is defined before at %d:%d", name, old.line, old.column)
			continue
		}
		if len(p.labels) == MaxInstructions {
			p.errorf(name.place, "more than %d labels", MaxInstructions)
			continue
		}
		p.labels[name.text] = textLabel{len(p.calls), name.place}
		if digits, ok := strings.CutPrefix(name.text, "l"); ok {
			index, err := strconv.Atoi(digits)
			p.numbered = p.numbered || err == nil && index == len(p.calls)
		}
	}
	return true
}

// colonFollows reports whether the next token, a word, is the definition of a label.
func (p *textParser) colonFollows() bool {
	ahead := p.lexer
	t, ok := ahead.next()
	return ok && t.is(':')
}

// index reads the index that tcpdump prints before an instruction.
func (p *textParser) index() bool {
	p.advance()
	t := p.tok
	if t.kind != tokenNumber {
		return p.expected("the index of the instruction")
	}
	index, err := strconv.ParseUint(t.text, 10, 32)
	if err != nil {
		return p.fail(t, "%v is no index of an instruction", t)
	}
	if index != uint64(len(p.calls)) {
		return p.fail(t, "instruction (%v) follows %d others: lines are missing or there are too many", t, len(p.calls))
	}
	p.advance()
	return p.expect(')', ") after the index")
}

// resolve returns the instructions with the targets of jumps made distances.
func (p *textParser) resolve() []bpf.RawInstruction {
	raw := make([]bpf.RawInstruction, len(p.calls))
	for i, c := range p.calls {
		raw[i] = c.raw
	}
	for _, j := range p.jumps {
		ins, long := &raw[j.call], Opcode(raw[j.call].Op) == OpJa
		then, ok := p.distance(j.call, j.jumpTrue, long)
		otherwise, alsoOK := p.distance(j.call, j.jumpFalse, long)
		if long {
			ins.K = then
		} else {
			ins.Jt, ins.Jf = uint8(then), uint8(otherwise)
		}
		p.calls[j.call].bad = !ok || !alsoOK
	}
	return raw
}

// distance returns how many instructions are between instruction i and the target, or reports why it cannot jump there.
// Conditional jumps are not long.
func (p *textParser) distance(i int, to target, long bool) (distance uint32, ok bool) {
	if to == (target{}) {
		return 0, true
	}
	index, line := int64(to.index), int32(0)
	if to.label != "" {
		l, ok := p.labels[to.label]
		if !ok {
			p.errorf(to.place, "label %s is not defined", shorten(to.label))
			return 0, false
		}
		index, line = int64(l.index), l.line
	}
	n := index - int64(i) - 1
	if n >= 0 && index < int64(len(p.calls)) && (n <= MaxSkip || long) {
		return uint32(n), true
	}
	name := fmt.Sprintf("instruction %d", index)
	if to.label != "" {
		name = fmt.Sprintf("label %s (line %d)", shorten(to.label), line)
	}
	switch {
	case n < 0 && to.label == "":
		p.errorf(to.place, "jumps back to %s: %s", name, forwardOnly)
	case n < 0:
		p.errorf(to.place, "%s is not ahead: classic programs jump forward only", name)
	case index >= int64(len(p.calls)) && to.label == "":
		p.errorf(to.place, "jumps to %s, but there are %d", name, len(p.calls))
	case index >= int64(len(p.calls)):
		p.errorf(to.place, "no instruction follows %s", name)
	default:
		p.errorf(to.place, "%s is %d instructions away, a conditional jump skips at most %d: lead it to a ja on the way",
			name, n, MaxSkip)
	}
	return 0, false
}

// checkEach judges each instruction by itself, when the flow of the program is not known.
func (p *textParser) checkEach(raw []bpf.RawInstruction) {
	for i, ins := range raw {
		if p.calls[i].bad {
			continue
		}
		if reason := checkInstruction(ins, len(raw)+MaxSkip); reason != "" {
			p.errorf(p.calls[i].place, "%w", problemf(i, ins, "%s", reason))
		}
	}
}
