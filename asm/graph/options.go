package graph

import "github.com/purebpf/purebpf/asm"

// Options of AppendText, AppendDOT and AppendSVG. The zero value, and nil, are the defaults.
type Options struct {
	// Title stands above the graph, "" for the program's name, type and size.
	Title string
	// NoLines leaves out the lines of the author's source and the comments on them.
	NoLines bool
	// Syntax of the instructions. In the kernel's, jumps say how far they go, in LLVM's to which block. Classic programs
	// have that of bpf_asm.
	Syntax asm.Syntax
	// Width is how many characters of a line the boxes of AppendDOT and AppendSVG show, 0 for 64. What is longer ends in
	// "…", and its tooltip has all of it. The least is 16.
	Width int
}

const (
	defaultWidth = 64
	leastWidth   = 16
)

// resolve returns the options with their defaults filled in.
func (o *Options) resolve(g *Graph) Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Title == "" {
		r.Title = g.title()
	}
	r.Title = clean(r.Title)
	if r.Width == 0 {
		r.Width = defaultWidth
	}
	r.Width = max(r.Width, leastWidth)
	return r
}
