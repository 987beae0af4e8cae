package graph

import (
	"strconv"
	"strings"
)

// Sizes in pixels. A character of a monospaced font of this size is 0.6 of it wide, or a little less.
const (
	fontSize   = 12
	charWidth  = 7.25
	lineHeight = 16
	boxPadding = 8
	border     = 16 // around a function and around all
	headHeight = 28 // of a function
	leastFrame = 240
	rowWidth   = 1600 // of several functions
)

// AppendSVG appends a picture of the graph: a document that stands for itself, without scripts and without anything that
// it would have to load. Colours are those for a light background, or a dark one where the viewer prefers that; without
// colours, edges that are taken begin at a disc and are solid, those not taken begin at a ring and are dashed, and those
// back are bold. Tooltips have the lines of the source.
func (g *Graph) AppendSVG(b []byte, opts *Options) []byte {
	o := opts.resolve(g)
	s := svgPrinter{g: g, b: b, l: g.listing(&o), width: o.Width}
	plans := make([]*plan, len(g.functions))
	for f := range plans {
		plans[f] = newPlan(g, f, s.l, o.Width)
	}
	frames, width, height := arrange(plans)
	s.begin(o.Title, width, height+2*lineHeight)
	callers := g.callers()
	for f, p := range plans {
		s.function(p, frames[f], callers[f])
	}
	s.legend(height + border/2)
	s.str("</svg>\n")
	return s.b
}

// frame is where a function is drawn.
type frame struct{ x, y, w, h int }

// arrange puts the functions into rows.
func arrange(plans []*plan) (frames []frame, width, height int) {
	least := legendWidth()
	limit := max(rowWidth, least)
	frames = make([]frame, len(plans))
	for f, p := range plans {
		frames[f].w = max(columnWidth*(p.high-p.low)+2*border, leastFrame)
		frames[f].h = p.height + headHeight + 2*border
		limit = max(limit, frames[f].w)
	}
	x, y, row := border, border+headHeight, 0
	for f := range frames {
		r := &frames[f]
		if x > border && x+r.w > limit {
			x, y, row = border, y+row+border, 0
		}
		r.x, r.y = x, y
		x += r.w + border
		row = max(row, r.h)
		width = max(width, x)
	}
	if width < least+2*border && len(frames) == 1 {
		frames[0].w = least
	}
	width = max(width, least+2*border)
	return frames, width, y + row + border
}

// size returns how large the box of a block is, in columns and pixels.
func (l *listing) size(b int, lines []line, width int) (w, h int) {
	most := min(columns(l.head(b)), width)
	for _, line := range lines {
		n := columns(line.text)
		if !line.source {
			n += l.widest + 2
		}
		most = max(most, min(n, width))
	}
	w = (int(charWidth*float64(most))+2*boxPadding)/columnWidth + 1
	return max(w+w&1, leastBox), (1+len(lines))*lineHeight + 2*boxPadding - 4
}

// head returns the first line of the box of a block.
func (l *listing) head(b int) string {
	head := clean(l.g.blocks[b].Name)
	if notes := l.g.notes(b); len(notes) > 0 {
		head += ": " + strings.Join(notes, "; ")
	}
	return head
}

type svgPrinter struct {
	g     *Graph
	l     *listing
	b     []byte
	width int // in characters
}

func (s *svgPrinter) str(parts ...string) {
	for _, p := range parts {
		s.b = append(s.b, p...)
	}
}

// element begins an element with numbers for attributes.
func (s *svgPrinter) element(name, class string, names []string, values ...int) {
	s.str("<", name, ` class="`, class, `"`)
	for i, v := range values {
		s.str(" ", names[i], `="`, strconv.Itoa(v), `"`)
	}
	s.str(">")
}

var (
	rectNames = []string{"x", "y", "width", "height", "rx"}
	textNames = []string{"x", "y"}
	discNames = []string{"cx", "cy", "r"}
)

// The rules of the light colours stand alone for viewers that do not know of preferences.
const stylesheet = `
.paper{fill:#fff}.frame{fill:none;stroke:#d0d7de}.box{fill:#f6f8fa;stroke:#57606a}.loop{stroke-width:3}.dead{stroke-dasharray:2 3}
text{white-space:pre}.ink,.name{fill:#1f2328}.name{font-weight:bold}.pale{fill:#656d76}.tip{fill:#57606a}
.e{fill:none;stroke-width:1}.not{stroke-dasharray:5 3}.back{stroke-width:3}.dot{stroke:none}.ring{fill:#fff;stroke-dasharray:none}
.go{stroke:#0969da}.taken{stroke:#1a7f37}.not{stroke:#cf222e}.dot{fill:#1a7f37}
@media (prefers-color-scheme:dark){
.paper{fill:#0d1117}.frame{stroke:#30363d}.box{fill:#161b22;stroke:#8b949e}.ink,.name{fill:#e6edf3}.pale{fill:#9198a1}.tip{fill:#8b949e}
.ring{fill:#0d1117}.go{stroke:#58a6ff}.taken{stroke:#3fb950}.not{stroke:#ff7b72}.dot{fill:#3fb950}
}
`

func (s *svgPrinter) begin(title string, width, height int) {
	w, h := strconv.Itoa(width), strconv.Itoa(height)
	s.str(`<svg xmlns="http://www.w3.org/2000/svg" width="`, w, `" height="`, h, `" viewBox="0 0 `, w, " ", h, `" xml:space="preserve"`,
		` font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace" font-size="`, strconv.Itoa(fontSize), `">`, "\n")
	s.str("<title>", escape(title), "</title>\n<style>", stylesheet, "</style>\n")
	s.element("rect", "paper", rectNames, 0, 0, width, height)
	s.str("</rect>\n")
	s.text("name", border, border+14, title, int(float64(width-2*border)/charWidth), "")
}

// text draws a line, and gives it a tooltip if that is not empty or the line is clipped.
func (s *svgPrinter) text(class string, x, y int, text string, width int, about string) {
	shown, clipped := clip(text, width)
	s.element("text", class, textNames, x, y)
	s.tooltip(text, about, clipped)
	s.str(escape(shown), "</text>\n")
}

func (s *svgPrinter) tooltip(text, about string, clipped bool) {
	switch {
	case about != "":
		s.str("<title>", escape(text), "\n", escape(about), "</title>")
	case clipped:
		s.str("<title>", escape(text), "</title>")
	}
}

func (s *svgPrinter) function(p *plan, f frame, callers []string) {
	s.str(`<g id="f`, strconv.Itoa(p.function), `" transform="translate(.5,.5)">`, "\n") // lines of one pixel fill it
	s.element("rect", "frame", rectNames, f.x, f.y, f.w, f.h, 8)
	s.str("</rect>\n")
	title := clean(s.g.functions[p.function].Name)
	if len(callers) > 0 {
		title += ", called by " + strings.Join(callers, ", ")
	}
	s.text("name", f.x+border, f.y+20, title, int(float64(f.w-2*border)/charWidth), "")
	// In the middle, when the frame is wider than need be.
	x := f.x + border + (f.w-2*border-columnWidth*(p.high-p.low))/2 - columnWidth*p.low
	y := f.y + border + headHeight
	for _, dashed := range [2]bool{true, false} { // what is solid is drawn upon what is not
		for i, e := range p.edges {
			if dashed == (e.Kind == NotTaken) {
				s.edge(e, p.paths[i].points, x, y)
			}
		}
	}
	for i := range p.nets {
		points := p.paths[p.nets[i].edges[0]].points
		end := points[len(points)-1]
		s.str(`<path class="tip" d="M`, strconv.Itoa(x+columnWidth*end.x), ",", strconv.Itoa(y+end.y), `l-4,-8h8z"/>`, "\n")
	}
	for i := range p.boxes {
		s.box(p.first+i, &p.boxes[i], x, y)
	}
	for i, e := range p.edges {
		s.start(e, p.paths[i].points[0], x, y)
	}
	s.str("</g>\n")
}

// start marks where an edge leaves its box.
func (s *svgPrinter) start(e Edge, at point, x, y int) {
	switch e.Kind {
	case Taken, NotTaken:
		class := "taken dot"
		if e.Kind == NotTaken {
			class = "not ring"
		}
		s.element("circle", class, discNames, x+columnWidth*at.x, y+at.y, 3)
		s.str("</circle>\n")
	}
}

// edgeClass returns the class of an edge.
func edgeClass(e Edge) string {
	class := "go"
	switch e.Kind {
	case Taken:
		class = "taken"
	case NotTaken:
		class = "not"
	}
	if e.Back {
		class += " back"
	}
	return class
}

// round is the radius of the corners of edges.
const round = 4

func (s *svgPrinter) edge(e Edge, points []point, x, y int) {
	s.str(`<path class="e `, edgeClass(e), `" d="`)
	s.at("M", x+columnWidth*points[0].x, y+points[0].y)
	for i := 1; i < len(points); i++ {
		to := point{x + columnWidth*points[i].x, y + points[i].y}
		if i+1 == len(points) {
			s.at("L", to.x, to.y)
			continue
		}
		next := point{x + columnWidth*points[i+1].x, y + points[i+1].y}
		last := point{x + columnWidth*points[i-1].x, y + points[i-1].y}
		in, out := toward(to, last), toward(to, next)
		s.at("L", in.x, in.y)
		s.at("Q", to.x, to.y)
		s.at(" ", out.x, out.y)
	}
	s.str(`"><title>`, escape(s.g.describe(e)), "</title></path>\n")
}

func (s *svgPrinter) at(command string, x, y int) {
	s.str(command)
	s.b = strconv.AppendInt(s.b, int64(x), 10)
	s.str(",")
	s.b = strconv.AppendInt(s.b, int64(y), 10)
}

// toward returns the place near a corner in the direction of another one.
func toward(corner, other point) point {
	step := func(d int) int { return max(-round, min(round, d/2)) }
	return point{corner.x + step(other.x-corner.x), corner.y + step(other.y-corner.y)}
}

func (s *svgPrinter) box(i int, b *box, x, y int) {
	class := "box"
	switch {
	case s.g.blocks[i].Unreachable:
		class += " dead"
	case s.g.header(i) >= 0:
		class += " loop"
	}
	x, y = x+columnWidth*b.x, y+b.y
	s.element("rect", class, rectNames, x, y, columnWidth*b.w, b.h, 3)
	s.str("</rect>\n")
	y += boxPadding + fontSize - 2
	s.text("name", x+boxPadding, y, s.l.head(i), s.width, "")
	for _, line := range b.lines {
		y += lineHeight
		if line.source {
			s.text("pale", x+boxPadding, y, line.text, s.width, "")
			continue
		}
		slot := strconv.Itoa(line.slot)
		shown, clipped := clip(line.text, s.width-s.l.widest-2)
		s.element("text", "ink", textNames, x+boxPadding, y)
		s.tooltip(line.text, line.about, clipped)
		s.str(`<tspan class="pale">`, strings.Repeat(" ", s.l.widest-len(slot)), slot, "</tspan>  ", escape(shown), "</text>\n")
	}
}

// legend says what edges mean.
func (s *svgPrinter) legend(y int) {
	x := border
	for i, word := range strings.Split(legend, "  ") {
		e := [...]Edge{{Kind: Taken}, {Kind: NotTaken}, {Kind: Jump}, {Kind: Jump, Back: true}}[i]
		s.str(`<path transform="translate(0,.5)" class="e `, edgeClass(e), `" d="`)
		s.at("M", x, y)
		s.at("L", x+36, y)
		s.str("\"/>\n")
		s.start(e, point{0, 0}, x, y)
		s.text("pale", x+legendLine, y+4, word, len(word), "")
		x += legendLine + wordWidth(word) + legendGap
	}
}

func legendWidth() int {
	w := 0
	for word := range strings.SplitSeq(legend, "  ") {
		w += legendLine + wordWidth(word) + legendGap
	}
	return w
}

func wordWidth(s string) int { return int(charWidth*float64(columns(s))) + 1 }

const (
	legendLine = 44
	legendGap  = 20
)

const legend = "taken  not taken  jump, next  back"
