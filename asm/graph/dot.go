package graph

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// AppendDOT appends the graph in the language of Graphviz, which draws it with, for example, dot -Tsvg: a cluster for each
// function with its blocks as boxes. Edges that are taken are solid, those not taken dashed, those back bold; calls of
// subprograms are dotted.
func (g *Graph) AppendDOT(b []byte, opts *Options) []byte {
	o := opts.resolve(g)
	l := g.listing(&o)
	d := dotPrinter{g: g, b: b, l: l, width: o.Width}
	d.printf("digraph %s {\n", quoted(g.code.name))
	d.printf("\tlabel=%s labelloc=t fontname=\"monospace\" fontsize=12\n", quoted(o.Title))
	d.printf("\tnode [shape=box fontname=\"monospace\" fontsize=10 margin=\"0.1,0.06\"]\n")
	d.printf("\tedge [fontname=\"monospace\" fontsize=9 arrowsize=0.7]\n")
	for f, function := range g.functions {
		d.printf("\tsubgraph cluster_%d {\n", f)
		d.printf("\t\tlabel=%s style=rounded color=\"#999999\"\n", quoted(function.Name))
		for i := function.First; i < function.End; i++ {
			d.block(i)
		}
		d.printf("\t}\n")
	}
	for _, e := range g.edges {
		d.edge(e)
	}
	d.calls()
	d.printf("}\n")
	return d.b
}

type dotPrinter struct {
	g     *Graph
	l     *listing
	b     []byte
	width int
}

func (d *dotPrinter) printf(format string, args ...any) { d.b = fmt.Appendf(d.b, format, args...) }

func (d *dotPrinter) block(i int) {
	block := &d.g.blocks[i]
	var label, tooltip strings.Builder
	row := func(markup string) { label.WriteString(markup + `<BR ALIGN="LEFT"/>`) }
	head := clean(block.Name)
	if notes := d.g.notes(i); len(notes) > 0 {
		head += ": " + strings.Join(notes, "; ")
	}
	fmt.Fprintf(&tooltip, "%s\n", head)
	head, _ = clip(head, d.width)
	row("<B>" + escape(head) + "</B>")
	for _, line := range d.l.block(block) {
		text := line.text
		if line.source {
			fmt.Fprintf(&tooltip, "; %s\n", text)
			text, _ = clip(text, d.width)
			row(`<FONT COLOR="#666666">` + escape(text) + `</FONT>`)
			continue
		}
		text = fmt.Sprintf("%*d  %s", d.l.widest, line.slot, text)
		fmt.Fprintf(&tooltip, "%s\n", text)
		text, _ = clip(text, d.width)
		row(spaced(escape(text)))
	}
	style := ""
	switch {
	case block.Unreachable:
		style = ` style=dashed color="#999999" fontcolor="#666666"`
	case d.g.header(i) >= 0:
		style = " penwidth=2"
	}
	d.printf("\t\tb%d [label=<%s> tooltip=%s%s]\n", i, label.String(), quoted(tooltip.String()), style)
}

func (d *dotPrinter) edge(e Edge) {
	style := "solid"
	if e.Kind == NotTaken {
		style = "dashed"
	}
	if e.Back {
		style += ",bold"
	}
	d.printf("\tb%d -> b%d [style=%s", e.From, e.To, quoted(style))
	switch e.Kind {
	case Taken:
		d.printf(` label="taken"`)
	case NotTaken:
		d.printf(" weight=4")
	}
	d.printf(" tooltip=%s]\n", quoted(d.g.describe(e)))
}

// calls draws those of subprograms: one edge for a block and a function.
func (d *dotPrinter) calls() {
	drawn := make(map[[2]int]bool)
	for _, c := range d.g.calls {
		if c.Function < 0 || drawn[[2]int{c.Block, c.Function}] {
			continue
		}
		drawn[[2]int{c.Block, c.Function}] = true
		word := "call"
		if c.Kind == asm.RefFunc {
			word = "callback"
		}
		d.printf("\tb%d -> b%d [style=dotted constraint=false label=%s lhead=cluster_%d]\n",
			c.Block, d.g.functions[c.Function].First, quoted(word), c.Function)
	}
}

// describe says from where to where an edge leads.
func (g *Graph) describe(e Edge) string {
	return clean(g.blocks[e.From].Name) + " to " + clean(g.blocks[e.To].Name) + ", " + e.words()
}

// quoted returns a string of the language. Graphviz takes backslashes and ampersands for escapes of its own.
func quoted(s string) string {
	s = strings.TrimSuffix(s, "\n")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		l = strings.ReplaceAll(clean(l), `\`, `\\`)
		lines[i] = strings.ReplaceAll(strings.ReplaceAll(l, "&", "&amp;"), `"`, `\"`)
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

// escape returns text as it stands in XML, and in the labels of Graphviz that are like HTML.
func escape(s string) string { return escaper.Replace(s) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// spaced keeps the blanks in front of a line.
func spaced(s string) string {
	n := len(s) - len(strings.TrimLeft(s, " "))
	return strings.Repeat("&#160;", n) + s[n:]
}
