package graph

import (
	"slices"
	"sort"
)

// A function is drawn as boxes in layers, so that all edges but those back lead down. A box stands below the block that its
// own follows or joins, where there is place, so that what a program mostly does is one column; what it branches to stands
// at the right. Horizontal places are columns of a grid, vertical ones pixels.
const (
	columnWidth = 10
	leastBox    = 12 // columns
	leastGap    = 4  // columns between boxes
	mostGap     = 10
)

// box is a block on the plan.
type box struct {
	layer  int
	chain  int // of boxes with one center
	x, w   int // columns; w is even
	y, h   int // pixels
	lines  []line
	inPort [2]int // the columns where edges forward and back come in
}

func (b *box) center() int { return b.x + b.w/2 }

// plan is where things of a function are.
type plan struct {
	g        *Graph
	function int
	first    int // block
	boxes    []box
	layers   int
	nets     []net
	netOf    map[netKey]int
	edges    []Edge
	paths    []path // of edges
	low      int    // the first and the last column that is used
	high     int
	height   int
}

func newPlan(g *Graph, function int, l *listing, width int) *plan {
	f := g.functions[function]
	p := &plan{g: g, function: function, first: f.First, boxes: make([]box, f.End-f.First)}
	p.edges = g.edges[g.out[f.First]:g.out[f.End]]
	for i := range p.boxes {
		b := &p.boxes[i]
		b.layer = int(g.layer[f.First+i])
		b.lines = l.block(&g.blocks[f.First+i])
		b.w, b.h = l.size(f.First+i, b.lines, width)
		p.layers = max(p.layers, b.layer+1)
	}
	p.findNets()
	p.place()
	p.route()
	return p
}

// place gives every box its columns.
func (p *plan) place() {
	chains := p.chains()
	sky := make([]int, p.layers) // the first column that is free, of each layer
	gaps := p.gaps()
	for _, boxes := range chains {
		center := 0
		for _, i := range boxes {
			b := &p.boxes[i]
			if sky[b.layer] > 0 {
				center = max(center, sky[b.layer]+gaps[b.layer]+b.w/2)
			} else {
				center = max(center, b.w/2)
			}
		}
		for _, i := range boxes {
			b := &p.boxes[i]
			b.x = center - b.w/2
			sky[b.layer] = b.x + b.w
		}
	}
	for i := range p.boxes {
		b := &p.boxes[i]
		b.inPort = [2]int{b.center(), b.center() - b.w/4}
	}
}

// gaps returns for every layer how many columns there have to be between boxes, so that edges find a way through.
func (p *plan) gaps() []int {
	more := make([]int, p.layers+2)
	for _, n := range p.nets {
		if n.from < n.to {
			more[n.from]++
			more[n.to]--
		}
	}
	gaps := make([]int, p.layers)
	through := 0
	for i := range gaps {
		through += more[i]
		gaps[i] = min(leastGap+through, mostGap)
	}
	return gaps
}

// chains puts the boxes into chains that have one center, and these in the order from the left to the right.
func (p *plan) chains() [][]int {
	c := chainer{plan: p, taken: make(map[[2]int]bool)}
	order := make([]int, 0, len(p.boxes))
	for _, b := range p.g.order {
		if i := int(b) - p.first; i >= 0 && i < len(p.boxes) {
			order = append(order, i)
		}
	}
	for _, i := range order {
		c.follow(i)
	}
	for _, i := range order {
		c.join(i)
	}
	return c.sorted(order)
}

type chainer struct {
	*plan
	chains [][]int
	taken  map[[2]int]bool // chain, layer
}

// follow puts a block that one other leads to into the chain of that one, unless the other mostly goes on elsewhere.
func (c *chainer) follow(i int) {
	from := -1
	for _, k := range c.g.leading(c.first + i) {
		e := c.g.edges[k]
		if e.Back {
			continue
		}
		if from >= 0 || c.aside(e) {
			from = -1
			break
		}
		from = e.From - c.first
	}
	chain := len(c.chains)
	if from >= 0 && !c.taken[[2]int{c.boxes[from].chain, c.boxes[i].layer}] {
		chain = c.boxes[from].chain
	} else {
		c.chains = append(c.chains, nil)
	}
	c.add(i, chain)
}

// aside reports whether an edge leads away from where its block mostly goes on: to the next one, if it goes there at all.
func (p *plan) aside(e Edge) bool {
	out := p.g.leaving(e.From)
	switch {
	case len(out) == 1:
		return false
	case out[0].To == out[1].To, out[1].To == e.From+1:
		return e.Kind == Taken
	case out[0].To == e.From+1: // a classic program may go on when the condition holds
		return e.Kind == NotTaken
	}
	return e.Kind == Taken
}

func (c *chainer) add(i, chain int) {
	b := &c.boxes[i]
	b.chain = chain
	c.taken[[2]int{chain, b.layer}] = true
	c.chains[chain] = append(c.chains[chain], i)
}

// join puts a block where branches meet, and what follows it, below the one where they parted.
func (c *chainer) join(i int) {
	d := c.parent(i)
	chain := c.boxes[i].chain
	if d < 0 || c.chains[chain][0] != i || c.boxes[d].chain == chain || len(c.g.leading(c.first+i)) < 2 {
		return
	}
	to := c.boxes[d].chain
	for _, k := range c.chains[chain] {
		if c.taken[[2]int{to, c.boxes[k].layer}] {
			return
		}
	}
	for _, k := range c.chains[chain] {
		c.add(k, to)
	}
	c.chains[chain] = nil
}

// parent returns the box of the dominator, or of one that leads there, or -1.
func (c *chainer) parent(i int) int {
	if d := c.g.blocks[c.first+i].Dominator; d >= 0 {
		return d - c.first
	}
	for _, k := range c.g.leading(c.first + i) {
		if e := c.g.edges[k]; !e.Back {
			return e.From - c.first
		}
	}
	return -1
}

// sorted returns the chains from the left to the right: a chain stands at the right of the one that it branches from, and at
// the right of those that branch from there further down.
func (c *chainer) sorted(order []int) [][]int {
	kids := make([][]int, len(c.chains)) // the first boxes of chains that branch from this one
	var roots []int
	for _, i := range order {
		if c.chains[c.boxes[i].chain][0] != i {
			continue
		}
		if d := c.parent(i); d >= 0 {
			chain := c.boxes[d].chain
			kids[chain] = append(kids[chain], i)
		} else {
			roots = append(roots, i)
		}
	}
	// What is reached comes first, so last on the stack.
	slices.SortFunc(roots, func(a, b int) int { return b - a })
	var sorted [][]int
	for todo := roots; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		chain := c.boxes[i].chain
		sorted = append(sorted, c.chains[chain])
		k := kids[chain]
		sort.SliceStable(k, func(a, b int) bool { return c.boxes[k[a]].layer < c.boxes[k[b]].layer })
		todo = append(todo, k...) // the one furthest down comes next
	}
	return sorted
}
