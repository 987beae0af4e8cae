package asm

import (
	"fmt"
	"io"
	"strings"
)

// Dump makes Program write every function to w as it is built and after each of the passes that change it, for whoever
// debugs them: its blocks with the registers that hold a value where they begin (in) and what follows when their last
// instruction does not jump (next), and the instructions with the lines that asked for them. Virtual registers are
// called v0, v1 and so on.
func (b *Builder) Dump(w io.Writer) {
	b.trace = &trace{w: w}
	b.needPasses()
}

// trace writes functions.
type trace struct {
	w    io.Writer
	last string // what was written before, which is not written again
}

func (a *assembly) dump(pass string, f *fn) {
	t := a.b.trace
	if t == nil {
		return
	}
	text := f.text(dense(a.next))
	if pass != "built" && text == t.last {
		fmt.Fprintf(t.w, "%s, %s: the same\n", f.name, pass)
		return
	}
	t.last = text
	fmt.Fprintf(t.w, "%s, %s:\n%s", f.name, pass, text)
}

// text returns the function as Dump shows it. n is the number of registers.
func (f *fn) text(n int) string {
	var s strings.Builder
	live := f.live(n)
	for _, b := range f.blocks {
		fmt.Fprintf(&s, "b%d:", b.index)
		for _, l := range b.labels {
			fmt.Fprintf(&s, " %s", l)
		}
		first := true
		live.in[b.index].each(func(r int) {
			if r == int(R10) {
				return
			}
			if first {
				s.WriteString(" in")
			}
			first = false
			fmt.Fprintf(&s, " %v", sparse(r))
		})
		s.WriteByte('\n')
		for k := range b.insts {
			s.WriteString(b.insts[k].line())
		}
		if b.next != nil {
			fmt.Fprintf(&s, "\tnext b%d\n", b.next.index)
		}
	}
	return s.String()
}

func (i *inst) line() string {
	n := i.node
	if i.to != nil {
		n.target = fmt.Sprintf("b%d", i.to.index)
	}
	n.object = nil // it may have its place already
	text := n.text()
	if i.object != nil {
		text += " [" + i.object.name + "]"
	}
	if p := n.from.position(); p.Line > 0 {
		text = fmt.Sprintf("%-44s %v", text, p)
	}
	return "\t" + text + "\n"
}
