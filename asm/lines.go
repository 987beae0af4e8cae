package asm

import (
	"fmt"
	"sort"
)

// Comment is what the author says about the source line of an instruction.
type Comment struct {
	Index int // of the instruction
	Text  string
}

// lines finds the positions and comments of origins, each once.
type lines struct {
	comments []comment
	known    map[[3]uintptr]Position
	last     origin // the one asked for last, and its answer
	position Position
	text     string
}

// of returns the position of o and the author's comment on that line, "" for none.
func (l *lines) of(o origin) (Position, string) {
	if o != l.last {
		l.last, l.position, l.text = o, l.at(o), ""
		if o.comment > 0 {
			if c := l.comments[o.comment-1]; l.at(c.first) == l.position {
				l.text = c.text
			}
		}
	}
	return l.position, l.text
}

func (l *lines) at(o origin) Position {
	p, ok := l.known[o.callers]
	if !ok {
		p = o.position()
		if l.known == nil {
			l.known = make(map[[3]uintptr]Position)
		}
		l.known[o.callers] = p
	}
	return p
}

// Position returns where instruction i was asked for. The zero Position stands for unknown.
func (p *Program) Position(i int) Position {
	if len(p.spec.Positions) == 0 {
		return Position{}
	}
	return p.spec.Positions[i]
}

// Comment returns what the author says about the source line of instruction i, "" for nothing.
func (p *Program) Comment(i int) string {
	comments := p.spec.Comments
	if k := sort.Search(len(comments), func(k int) bool { return comments[k].Index >= i }); k < len(comments) && comments[k].Index == i {
		return comments[k].Text
	}
	return ""
}

// Lines returns for every instruction what to show beside it: the author's comment on its source line, or the instruction
// in LLVM's syntax. Maps have the names that they had before the program was linked, helpers those of C.
func (p *Program) Lines() []string {
	t := programPrinter{p: p, refs: p.spec.References}
	resolved, comments, names := p.spec.Resolved, p.spec.Comments, t.names()
	ends := make([]int, p.Len())
	for i, ins := range p.All() {
		r, ok := t.next(i)
		if !ok {
			r, ok = take(&resolved, i)
		}
		switch {
		case len(comments) > 0 && comments[0].Index == i:
			t.str(comments[0].Text)
			comments = comments[1:]
		case ok:
			t.jumpTo(ins, r.text(ins))
		case kinds[ins.Op] == kindCall && ins.Src == CallHelper:
			t.jumpTo(ins, Helper(ins.Imm).String())
		default:
			t.target(i, ins, names)
		}
		ends[i] = len(t.b)
	}
	text, begin := string(t.b), 0
	lines := make([]string, p.Len())
	for i, end := range ends {
		lines[i], begin = text[begin:end], end
	}
	return lines
}

func checkLines(s *ProgramSpec) error {
	if n := len(s.Positions); n != 0 && n != len(s.Instructions) {
		return fmt.Errorf("%d positions for %d instructions", n, len(s.Instructions))
	}
	last := -1
	for _, c := range s.Comments {
		if c.Index <= last || c.Index >= len(s.Instructions) {
			return fmt.Errorf("comment on instruction %d of %d, behind that on %d: outside or not in order", c.Index, len(s.Instructions), last)
		}
		last = c.Index
	}
	last = -1
	for _, r := range s.Resolved {
		if r.Index <= last || r.Index >= len(s.Instructions) {
			return fmt.Errorf("resolved reference to %v %s at instruction %d of %d, behind that at %d: outside or not in order",
				r.Kind, r.Symbol, r.Index, len(s.Instructions), last)
		}
		last = r.Index
	}
	return nil
}
