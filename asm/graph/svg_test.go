package graph_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/graph"
)

// Places in a picture.
type (
	place struct{ x, y float64 }
	rect  struct{ x, y, w, h float64 }
	text  struct {
		place
		class, shown, title string
	}
	edge struct {
		points []place // the first, the corners and the last
		class  string
		title  string
	}
	picture struct {
		w, h   float64
		frames []rect
		boxes  []rect
		names  []string // of boxes
		texts  []text
		edges  []edge
	}
)

var moves = regexp.MustCompile(`([MLQ ])(-?[0-9]+),(-?[0-9]+)`)

// parsePath returns the corners of a path, where Q has the corner and the rest is between them.
func parsePath(t testing.TB, d string) []place {
	t.Helper()
	var points []place
	all := moves.FindAllStringSubmatch(d, -1)
	joined := ""
	for i, m := range all {
		joined += m[0]
		x, _ := strconv.ParseFloat(m[2], 64)
		y, _ := strconv.ParseFloat(m[3], 64)
		if m[1] == "M" || m[1] == "Q" || i == len(all)-1 {
			points = append(points, place{x, y})
		}
	}
	if joined != d || len(points) < 2 {
		t.Fatalf("path %q", d)
	}
	return points
}

// parseSVG reads our output with the XML decoder.
func parseSVG(t testing.TB, data []byte) *picture {
	t.Helper()
	p := new(picture)
	d := xml.NewDecoder(bytes.NewReader(data))
	var open []xml.StartElement
	number := func(e xml.StartElement, name string) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Fatalf("%s of %s: %v", name, e.Name.Local, err)
				}
				return v
			}
		}
		t.Fatalf("%s without %s", e.Name.Local, name)
		return 0
	}
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	function := false
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Copy())
			class := attr(token, "class")
			switch token.Name.Local {
			case "svg":
				if _, err := fmt.Sscanf(attr(token, "viewBox"), "0 0 %g %g", &p.w, &p.h); err != nil {
					t.Fatal(err)
				}
			case "g":
				function = true
			case "rect":
				r := rect{number(token, "x"), number(token, "y"), number(token, "width"), number(token, "height")}
				switch class, _, _ := strings.Cut(class, " "); class {
				case "frame":
					p.frames = append(p.frames, r)
				case "box":
					p.boxes = append(p.boxes, r)
				}
			case "path":
				if function && class != "tip" {
					p.edges = append(p.edges, edge{points: parsePath(t, attr(token, "d")), class: class})
				}
			case "text":
				p.texts = append(p.texts, text{place: place{number(token, "x"), number(token, "y")}, class: class})
			case "script", "image", "use", "a", "foreignObject":
				t.Fatalf("element %s", token.Name.Local)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
			if token.Name.Local == "g" {
				function = false
			}
		case xml.CharData:
			if len(open) < 2 {
				continue
			}
			s, parent := string(token), open[len(open)-2].Name.Local
			switch open[len(open)-1].Name.Local {
			case "title":
				switch parent {
				case "path":
					p.edges[len(p.edges)-1].title += s
				case "text":
					p.texts[len(p.texts)-1].title += s
				}
			case "text", "tspan":
				p.texts[len(p.texts)-1].shown += s
			}
		case xml.ProcInst, xml.Directive:
			t.Fatalf("%v", token)
		}
	}
	for _, b := range p.boxes {
		for _, s := range p.texts {
			if s.class == "name" && s.x == b.x+8 && s.y == b.y+18 {
				p.names = append(p.names, s.shown)
			}
		}
	}
	if len(p.names) != len(p.boxes) {
		t.Fatalf("%d boxes, %d names", len(p.boxes), len(p.names))
	}
	return p
}

func (r rect) contains(p place) bool {
	return p.x >= r.x && p.x <= r.x+r.w && p.y >= r.y && p.y <= r.y+r.h
}

// inside is whether a line at right angles has points inside the rectangle, its border excepted.
func (r rect) inside(a, b place) bool {
	return max(a.x, b.x) > r.x && min(a.x, b.x) < r.x+r.w && max(a.y, b.y) > r.y && min(a.y, b.y) < r.y+r.h
}

// charWidth is that of DejaVu Sans Mono, among the widest of monospaced fonts, at 12 pixels.
const charWidth = 7.23

// checkSVG holds the picture against the graph: boxes do not touch, edges go from box to box without crossing any and
// without lying on each other, and everything is inside.
func checkSVG(t testing.TB, g *graph.Graph, data []byte) {
	t.Helper()
	if !utf8.Valid(data) || bytes.Contains(bytes.ReplaceAll(data, []byte(`"http://www.w3.org/2000/svg"`), nil), []byte("http")) {
		t.Fatal("not UTF-8, or refers to something outside")
	}
	p := parseSVG(t, data)
	if len(p.boxes) != len(g.Blocks()) || len(p.edges) != len(g.Edges()) || len(p.frames) != len(g.Functions()) {
		t.Fatalf("%d boxes for %d blocks, %d edges for %d, %d frames for %d functions", len(p.boxes), len(g.Blocks()), len(p.edges), len(g.Edges()), len(p.frames), len(g.Functions()))
	}
	all := rect{0, 0, p.w, p.h}
	within := func(what string, r rect, places ...place) {
		t.Helper()
		for _, q := range places {
			if !r.contains(q) {
				t.Fatalf("%s at %v is outside %v", what, q, r)
			}
		}
	}
	for i, a := range p.frames {
		within("frame", all, place{a.x, a.y}, place{a.x + a.w, a.y + a.h})
		for _, b := range p.frames[:i] {
			if b.inside(place{a.x, a.y}, place{a.x + a.w, a.y + a.h}) {
				t.Fatalf("frames %v and %v", a, b)
			}
		}
	}
	functions := g.Functions()
	for f, function := range functions {
		for b := function.First; b < function.End; b++ {
			r := p.boxes[b]
			within("box", p.frames[f], place{r.x, r.y}, place{r.x + r.w, r.y + r.h})
			for _, o := range p.boxes[function.First:b] {
				if o.inside(place{r.x - 10, r.y - 10}, place{r.x + r.w + 10, r.y + r.h + 10}) {
					t.Fatalf("boxes %v and %v", r, o)
				}
			}
		}
	}
	for _, s := range p.texts {
		columns := 0
		for _, r := range s.shown {
			columns++
			if r >= 0x1100 && r <= 0x115f || r >= 0x2e80 {
				columns++
			}
		}
		end := place{s.x + charWidth*float64(columns), s.y}
		within("text "+s.shown, all, s.place, end)
		for _, b := range p.boxes {
			if b.contains(s.place) {
				within("text "+s.shown, b, end, place{end.x, s.y + 3}, place{end.x, s.y - 10})
			}
		}
		shown, clipped := strings.CutSuffix(s.shown, "…")
		if s.class == "ink" { // behind the slot
			shown = strings.TrimLeft(shown, " 0123456789")
		}
		if clipped && (!strings.Contains(s.title, shown) || len(s.title) == len(shown)) {
			t.Fatalf("%q is clipped and its tooltip is %q", s.shown, s.title)
		}
	}
	checkEdges(t, g, p)
}

func checkEdges(t testing.TB, g *graph.Graph, p *picture) {
	t.Helper()
	blocks := g.Blocks()
	// Edges are drawn function by function, those not taken first.
	var order []graph.Edge
	for f := range g.Functions() {
		for _, dashed := range []bool{true, false} {
			for _, e := range g.Edges() {
				if blocks[e.From].Function == f && (e.Kind == graph.NotTaken) == dashed {
					order = append(order, e)
				}
			}
		}
	}
	type line struct {
		a, b place
		net  [2]int
	}
	var lines []line
	for i, e := range order {
		drawn := p.edges[i]
		if dashed := strings.Contains(drawn.class, "not"); dashed != (e.Kind == graph.NotTaken) {
			t.Fatalf("edge %+v has the class %s", e, drawn.class)
		}
		if bold := strings.Contains(drawn.class, "back"); bold != e.Back {
			t.Fatalf("edge %+v has the class %s", e, drawn.class)
		}
		from, to := p.boxes[e.From], p.boxes[e.To]
		first, last := drawn.points[0], drawn.points[len(drawn.points)-1]
		if first.y != from.y+from.h || first.x <= from.x || first.x >= from.x+from.w {
			t.Fatalf("edge %s begins at %v, the box is %v", drawn.title, first, from)
		}
		if last.y != to.y || last.x <= to.x || last.x >= to.x+to.w {
			t.Fatalf("edge %s ends at %v, the box is %v", drawn.title, last, to)
		}
		function := g.Functions()[blocks[e.From].Function]
		frame := p.frames[blocks[e.From].Function]
		net := [2]int{e.To, 0}
		if e.Back {
			net[1] = 1
		}
		for k, b := range drawn.points[1:] {
			a := drawn.points[k]
			if a.x != b.x && a.y != b.y {
				t.Fatalf("edge %s: %v to %v is not at right angles", drawn.title, a, b)
			}
			if !frame.contains(a) || !frame.contains(b) {
				t.Fatalf("edge %s: %v to %v is not inside %v", drawn.title, a, b, frame)
			}
			for n := function.First; n < function.End; n++ {
				if p.boxes[n].inside(a, b) {
					t.Fatalf("edge %s: %v to %v crosses the box of %s", drawn.title, a, b, blocks[n].Name)
				}
			}
			for _, l := range lines {
				upright := a.x == b.x && l.a.x == l.b.x && a.x == l.a.x && max(min(a.y, b.y), min(l.a.y, l.b.y)) < min(max(a.y, b.y), max(l.a.y, l.b.y))
				level := a.y == b.y && l.a.y == l.b.y && a.y == l.a.y && max(min(a.x, b.x), min(l.a.x, l.b.x)) < min(max(a.x, b.x), max(l.a.x, l.b.x))
				if l.net != net && (upright || level) {
					t.Fatalf("edge %s: %v to %v lies on that to %s", drawn.title, a, b, blocks[l.net[0]].Name)
				}
			}
			lines = append(lines, line{a, b, net})
		}
	}
}

func TestSVG(t *testing.T) {
	for _, g := range shown(t) {
		checkSVG(t, g, g.AppendSVG(nil, nil))
	}
	r := rand.New(rand.NewPCG(11, 12))
	for range 150 {
		g := graph.New(randomProgram(t, r, 1+r.IntN(150)))
		checkSVG(t, g, g.AppendSVG(nil, &graph.Options{Width: 8 + r.IntN(60), Syntax: asm.Syntax(r.IntN(2)), NoLines: r.IntN(2) == 0}))
	}
}

// The tooltip of an instruction is the instruction and the line of the source, that of a clipped line all of it.
func TestTooltips(t *testing.T) {
	program := nested(t)
	p := parseSVG(t, graph.New(program).AppendSVG(nil, &graph.Options{Width: 24}))
	where, comment := program.Position(5).String(), program.Comment(2)
	if !strings.HasPrefix(where, "nested_test.go:") || len(comment) < 64 {
		t.Fatalf("position %s, comment %s", where, comment)
	}
	clipped := (program.Position(2).String() + "  " + comment)[:23] + "…"
	want := map[string]string{
		" 5  if r0 == 0 goto out": "if r0 == 0 goto out\n" + where,
		clipped:                   program.Position(2).String() + "  " + comment,
	}
	for _, s := range p.texts {
		if title, ok := want[s.shown]; ok {
			if s.title != title {
				t.Errorf("%s: tooltip %q, want %q", s.shown, s.title, title)
			}
			delete(want, s.shown)
		}
	}
	for shown := range want {
		t.Errorf("no line %q", shown)
	}
	if title := p.edges[0].title; title != "column to L6, not taken" {
		t.Errorf("tooltip of an edge: %q", title)
	}
}
