package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// describe prints the help of a command.
func (cmd command) describe(w io.Writer) {
	f := newFlags(cmd.name)
	cmd.setup(f)
	fmt.Fprintf(w, "usage: %s\n\n%s\n", cmd.synopsis(), strings.TrimSpace(cmd.help))
	if len(f.order) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, name := range f.order {
			lines := strings.Split(f.set.Lookup(name).Usage, "\n")
			fmt.Fprintf(t, "  %s\t%s\n", strings.TrimSpace("-"+name+" "+f.words[name]), lines[0])
			for _, line := range lines[1:] {
				fmt.Fprintf(t, "\t%s\n", line)
			}
		}
		t.Flush()
	}
	if len(cmd.examples) > 0 {
		fmt.Fprintf(w, "\nExamples:\n  %s\n", strings.Join(cmd.examples, "\n  "))
	}
}

// synopsis returns the command line, broken into lines that fit a terminal.
func (cmd command) synopsis() string {
	f := newFlags(cmd.name)
	cmd.setup(f)
	words := []string{"purebpf " + cmd.name}
	if cmd.args != "" {
		words = append(words, cmd.args)
	}
	const width, indent = 100, "\n       "
	var b strings.Builder
	column := len("usage: ")
	for i, w := range append(words, f.synopsis()...) {
		switch {
		case i == 0:
		case column+1+len(w) > width:
			b.WriteString(indent)
			column = len(indent) - 1
			b.WriteString(" ")
			column++
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}
