package asm

import (
	"fmt"
	"io"
)

// Dump makes Program write every function to w after the passes that change it, for whoever debugs them.
func (b *Builder) Dump(w io.Writer) {
	b.dump = w
	b.needPasses()
}

// dump writes one function: its blocks with their successors, and their instructions with their lines.
func (a *assembly) dump(pass string, f *fn) {
	w := a.b.dump
	if w == nil {
		return
	}
	f.number()
	fmt.Fprintf(w, "== %s %s\n", f.name, pass)
	for _, b := range f.blocks {
		fmt.Fprintf(w, "b%d:", b.index)
		for _, l := range b.labels {
			fmt.Fprintf(w, " %s", l)
		}
		fmt.Fprintln(w)
		for k := range b.insts {
			i := b.insts[k]
			if i.to != nil {
				i.target = fmt.Sprintf("b%d", i.to.index)
			}
			fmt.Fprintf(w, "\t%-40s", i.text())
			if i.object != nil {
				fmt.Fprintf(w, " (%s)", i.object.name)
			}
			fmt.Fprintf(w, " ; %v\n", i.from.position())
		}
		if b.next != nil {
			fmt.Fprintf(w, "\t-> b%d\n", b.next.index)
		}
	}
}
