package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/purebpf/purebpf/asm"
)

// line is a line of a block as all outputs show it: a line of the source, or an instruction.
type line struct {
	source bool
	slot   int // of an instruction
	text   string
	about  string // of an instruction: the line of the source
}

// listing has the lines of all blocks.
type listing struct {
	g      *Graph
	lines  bool // of the source, too
	texts  []string
	widest int // digits of a slot
}

func (g *Graph) listing(o *Options) *listing {
	l := &listing{g: g, lines: !o.NoLines}
	switch {
	case g.code.classic != nil:
		l.texts = classicTexts(g.code.classic.String())
	case o.Syntax == asm.Kernel:
		l.texts = kernelTexts(g.plain().AppendText(nil, asm.Kernel))
	default:
		l.texts = g.plain().Lines()
	}
	l.widest = len(strconv.Itoa(g.code.slot(len(g.code.flows) - 1)))
	return l
}

// plain returns the program without what the author says on lines, which Lines would show instead of the instructions, with
// the names of the blocks as its labels.
func (g *Graph) plain() *asm.Program {
	spec := g.code.extended.Spec()
	spec.Comments = nil
	for i := range spec.Functions {
		spec.Functions[i].Name = clean(spec.Functions[i].Name)
	}
	for _, refs := range [][]asm.Reference{spec.References, spec.Resolved} {
		for i := range refs {
			refs[i].Symbol = clean(refs[i].Symbol)
		}
	}
	spec.Labels = make([]asm.Label, len(g.blocks))
	for i, b := range g.blocks {
		spec.Labels[i] = asm.Label{Name: clean(b.Name), Index: b.First}
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		return g.code.extended // names do not make a program wrong
	}
	return p
}

// classicTexts takes the labels off a program in the syntax of bpf_asm.
func classicTexts(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		_, lines[i], _ = strings.Cut(l, "\t")
	}
	return lines
}

// kernelTexts takes the slots off a program in the kernel's syntax.
func kernelTexts(text []byte) []string {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, l := range lines {
		_, lines[i], _ = strings.Cut(l, ": ")
	}
	return lines
}

// block returns the lines of a block. A line of the source stands above its instructions.
func (l *listing) block(b *Block) []line {
	lines := make([]line, 0, 2*(b.End-b.First))
	var position asm.Position
	comment, about := "", ""
	for i := b.First; i < b.End; i++ {
		if l.lines {
			p, c := l.g.code.position(i), l.g.code.comment(i)
			if p != position || c != comment {
				if about = source(p, c); about != "" {
					lines = append(lines, line{source: true, text: about})
				}
			}
			position, comment = p, c
		}
		lines = append(lines, line{slot: l.g.code.slot(i), text: l.texts[i], about: about})
	}
	return lines
}

// source returns a position and what the author says about it.
func source(p asm.Position, comment string) string {
	comment = clean(comment)
	switch {
	case p.Line == 0:
		return comment
	case comment == "":
		return clean(p.String())
	}
	return clean(p.String()) + "  " + comment
}

// title says what the program is.
func (g *Graph) title() string {
	parts := []string{g.code.kind, count(len(g.code.flows), "instruction"), count(len(g.blocks), "block")}
	if n := len(g.functions); n > 1 {
		parts = append(parts, count(n, "function"))
	}
	if n := len(g.loops); n > 0 {
		parts = append(parts, count(n, "loop"))
	}
	if g.code.name == g.code.kind {
		return g.code.name + ": " + strings.Join(parts[1:], ", ")
	}
	return g.code.name + ": " + strings.Join(parts, ", ")
}

// count returns, for example, "1 block" or "2 blocks".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// notes says what is special about a block: that it begins a loop, is unreachable, or runs out of its function.
func (g *Graph) notes(b int) []string {
	var notes []string
	block := &g.blocks[b]
	if block.Unreachable {
		notes = append(notes, "unreachable")
	}
	if l := g.header(b); l >= 0 {
		loop := g.loops[l]
		note := "loop of " + count(loop.Blocks, "block")
		if loop.Depth > 1 {
			note += fmt.Sprintf(", depth %d", loop.Depth)
		}
		if loop.Entries {
			note += ", entered elsewhere too"
		}
		notes = append(notes, note)
	}
	if block.Open {
		notes = append(notes, "runs past the end")
	}
	return notes
}

// callers returns for each function the names of those that call it, or that load its address.
func (g *Graph) callers() [][]string {
	callers := make([][]string, len(g.functions))
	for _, c := range g.calls {
		if c.Function < 0 {
			continue
		}
		by := clean(g.functions[g.blocks[c.Block].Function].Name)
		if c.Kind == asm.RefFunc {
			by += " (callback)"
		}
		// Calls are in order, so those of one function follow each other: calls and callbacks, two of a kind at most.
		if l := callers[c.Function]; !slices.Contains(l[max(0, len(l)-2):], by) {
			callers[c.Function] = append(l, by)
		}
	}
	return callers
}

// clean returns s with everything that a terminal, Graphviz or XML would not take for text written as in a string of Go.
func clean(s string) string {
	plain := true
	for _, r := range s {
		plain = plain && r != utf8.RuneError && strconv.IsPrint(r)
	}
	if plain {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\x%02x`, s[0])
		case r == '\t':
			b = append(b, ' ')
		case strconv.IsPrint(r):
			b = append(b, s[:n]...)
		default:
			q := strconv.QuoteRune(r)
			b = append(b, q[1:len(q)-1]...)
		}
		s = s[n:]
	}
	return string(b)
}

// clip returns the first characters of a line, and whether there are more of them.
func clip(s string, width int) (string, bool) {
	if columns(s) <= width {
		return s, false
	}
	n := 0
	for i, r := range s {
		if n += columnsOf(r); n > width-1 {
			return s[:i] + "…", true
		}
	}
	return s, false
}

// columns returns how many columns of a terminal or a monospaced font s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

// columnsOf takes all that may be wide for wide: Hangul, CJK, full-width forms, emoji.
func columnsOf(r rune) int {
	if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f ||
		r >= 0xff00 && r <= 0xff60 || r >= 0x1f000) {
		return 2
	}
	return 1
}
