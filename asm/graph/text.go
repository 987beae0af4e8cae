package graph

import (
	"strconv"
	"strings"
)

// AppendText appends the graph for the terminal: the blocks in the order of the program with what leads to them, their
// instructions below the lines of the source, and what they lead to. Bars at the left are the loops that a block is in,
// at most eight of them.
//
//	L3: loop of 1 block
//	│   from count (next), L3 (taken, back)
//	│     ; count.go:14
//	│     3  r1 -= 1
//	│     4  if r1 != 0 goto L3
//	│   to L3 (taken, back), L5 (not taken)
func (g *Graph) AppendText(b []byte, opts *Options) []byte {
	o := opts.resolve(g)
	l := g.listing(&o)
	t := textPrinter{g: g, b: b}
	t.line("", o.Title)
	callers := g.callers()
	for f, function := range g.functions {
		if len(g.functions) > 1 {
			t.line("", "")
			text := "function " + clean(function.Name) + ": " + count(function.End-function.First, "block")
			t.list("", text, ", called by ", callers[f])
		}
		for i := function.First; i < function.End; i++ {
			t.line("", "")
			t.block(l, i)
		}
	}
	return t.b
}

type textPrinter struct {
	g *Graph
	b []byte
}

const (
	mostBars  = 8
	lineWidth = 100 // of lists
)

func (t *textPrinter) line(indent, text string) {
	t.b = append(t.b, indent...)
	t.b = append(t.b, text...)
	t.b = append(t.b, '\n')
}

// list appends text and, if there are any, items, over several lines if need be.
func (t *textPrinter) list(indent, text, before string, items []string) {
	for i, item := range items {
		if i > 0 {
			before = ", "
		}
		if i > 0 && columns(indent)+columns(text)+columns(item) > lineWidth-3 {
			t.line(indent, text+",")
			before, text = "", "        "
		}
		text += before + item
	}
	t.line(indent, text)
}

func (t *textPrinter) block(l *listing, b int) {
	block := &t.g.blocks[b]
	bars := strings.Repeat("│ ", min(t.g.depth(b), mostBars))
	outer := bars
	if t.g.header(b) >= 0 && t.g.depth(b) <= mostBars {
		outer = strings.TrimSuffix(bars, "│ ")
	}
	head := clean(block.Name) + ":"
	if notes := t.g.notes(b); len(notes) > 0 {
		head += " " + strings.Join(notes, "; ")
	}
	t.line(outer, head)
	if from := t.from(b); len(from) > 0 {
		t.list(bars, "  ", "from ", from)
	}
	for _, line := range l.block(block) {
		if line.source {
			t.line(bars, "    ; "+line.text)
			continue
		}
		slot := strconv.Itoa(line.slot)
		t.line(bars, "    "+strings.Repeat(" ", l.widest-len(slot))+slot+"  "+line.text)
	}
	if to := t.to(b); len(to) > 0 {
		t.list(bars, "  ", "to ", to)
	}
}

func (t *textPrinter) from(b int) []string {
	var from []string
	for _, i := range t.g.leading(b) {
		e := t.g.edges[i]
		from = append(from, clean(t.g.blocks[e.From].Name)+" ("+e.words()+")")
	}
	return from
}

func (t *textPrinter) to(b int) []string {
	var to []string
	for _, e := range t.g.leaving(b) {
		to = append(to, clean(t.g.blocks[e.To].Name)+" ("+e.words()+")")
	}
	return to
}

// words says what kind of edge it is.
func (e Edge) words() string {
	if e.Back {
		return e.Kind.String() + ", back"
	}
	return e.Kind.String()
}
