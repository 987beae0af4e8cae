package asm

import (
	"math"
	"slices"
)

// allocate gives every virtual register of f a machine register, or a place on the stack where there is none left. It
// is Chaitin's algorithm with conservative coalescing: registers that are live together interfere; a move between two
// that do not makes them one, if that cannot make the graph harder to color; the rest is colored, and what has no color
// is spilled, which shortens it to the instructions that use it, and all begins again.
//
// Values that live across a call interfere with r0 to r5, which it writes, and so end in r6 to r9 by themselves.
func (f *fn) allocate(next *Register) {
	temporaries := *next // registers from here on are those that spilling made
	for {
		n := dense(*next)
		f.removeDeadCopies(n)
		g := f.interference(n)
		g.coalesce()
		spilled := g.color(temporaries)
		if len(spilled) == 0 {
			f.assign(g)
			return
		}
		for _, r := range spilled {
			f.spill(g, r, next)
		}
	}
}

// colors is the number of registers that can be given out: r0 to r9.
const colors = int(R10)

// graph is the interference graph.
type graph struct {
	n      int
	edges  []bitset
	adj    [][]int32 // the same as lists, may name registers that were coalesced
	degree []int
	alias  []int // what a register was coalesced with, itself if it was not
	used   bitset
	moves  []move
	cost   []float64 // of spilling: accesses, weighted by loop depth
	color_ []int8
}

type move struct{ dst, src int }

func (f *fn) interference(n int) *graph {
	g := &graph{
		n: n, edges: newBitsets(n, n), adj: make([][]int32, n), degree: make([]int, n), alias: make([]int, n),
		used: newBitset(n), cost: make([]float64, n),
	}
	for i := range n {
		g.alias[i] = i
	}
	for a := range int(R10) + 1 {
		for b := range a {
			g.connect(a, b)
		}
	}
	depth := f.loopDepth()
	l := f.live(n)
	for _, b := range f.blocks {
		weight := math.Pow(8, float64(min(depth[b.index], 6)))
		l.backward(b, func(i int, live bitset) {
			in := &b.insts[i]
			r := in.registers()
			for _, u := range r.uses[:r.nuses] {
				g.used.add(dense(u))
				g.cost[dense(u)] += weight
			}
			source := -1
			if in.isMove() {
				source = dense(in.ins.Src)
				g.moves = append(g.moves, move{dense(in.ins.Dst), source})
			}
			for _, d := range r.defs[:r.ndefs] {
				d := dense(d)
				g.used.add(d)
				g.cost[d] += weight
				live.each(func(o int) {
					if o != source {
						g.connect(d, o)
					}
				})
			}
			if r.clobbers {
				live.each(func(o int) {
					for c := R1; c <= R5; c++ {
						g.connect(int(c), o)
					}
				})
			}
		})
	}
	slices.Reverse(g.moves) // the order of the code, nearly
	return g
}

func (g *graph) connect(a, b int) {
	if a == b || g.edges[a].has(b) {
		return
	}
	g.edges[a].add(b)
	g.edges[b].add(a)
	g.adj[a] = append(g.adj[a], int32(b))
	g.adj[b] = append(g.adj[b], int32(a))
	g.degree[a]++
	g.degree[b]++
}

func (g *graph) find(a int) int {
	for g.alias[a] != a {
		a = g.alias[a]
	}
	return a
}

func machine(a int) bool { return a <= int(R10) }

// coalesce makes one register of two that a move connects, where that is safe, until there are no more.
func (g *graph) coalesce() {
	for again := true; again; {
		again = false
		for _, m := range g.moves {
			a, b := g.find(m.dst), g.find(m.src)
			if machine(b) {
				a, b = b, a
			}
			// Now a may be a machine register; b must not. Nothing may share the frame pointer.
			if a == b || machine(b) || a == int(R10) || g.edges[a].has(b) {
				continue
			}
			if machine(a) && g.george(a, b) || !machine(a) && g.briggs(a, b) {
				g.merge(a, b)
				again = true
			}
		}
	}
}

// george: b may become the machine register a if every neighbour of b is easy or in a's way already.
func (g *graph) george(a, b int) bool {
	ok := true
	g.neighbours(b, func(t int) {
		if !machine(t) && g.degree[t] >= colors && !g.edges[t].has(a) {
			ok = false
		}
	})
	return ok
}

// briggs: two virtual registers may become one if that has fewer hard neighbours than there are colors.
func (g *graph) briggs(a, b int) bool {
	hard := 0
	count := func(t int, both bool) {
		d := g.degree[t]
		if both {
			d-- // the two edges become one
		}
		if machine(t) || d >= colors {
			hard++
		}
	}
	g.neighbours(a, func(t int) { count(t, g.edges[t].has(b)) })
	g.neighbours(b, func(t int) {
		if !g.edges[t].has(a) {
			count(t, false)
		}
	})
	return hard < colors
}

// neighbours calls f for every register that a interferes with and that has not been coalesced away.
func (g *graph) neighbours(a int, f func(int)) {
	for _, t := range g.adj[a] {
		if g.alias[t] == int(t) {
			f(int(t))
		}
	}
}

// merge makes b a name for a.
func (g *graph) merge(a, b int) {
	g.alias[b] = a
	g.cost[a] += g.cost[b]
	g.used.add(a)
	for _, t := range g.adj[b] {
		if g.alias[t] != int(t) {
			continue
		}
		g.degree[t]--
		g.connect(a, int(t))
	}
}

// color gives colors to all virtual registers and returns those that got none.
func (g *graph) color(temporaries Register) (spilled []int) {
	degree := slices.Clone(g.degree)
	removed := newBitset(g.n)
	var stack, todo []int
	for a := int(R10) + 1; a < g.n; a++ {
		if g.alias[a] == a && g.used.has(a) {
			todo = append(todo, a)
		}
	}
	for len(todo) > 0 {
		pick := -1
		best := math.Inf(1)
		for k, a := range todo {
			if degree[a] < colors {
				pick = k
				break
			}
			cost := g.cost[a] / float64(degree[a])
			if a >= dense(temporaries) {
				cost = math.MaxFloat64 // spilling it again would get nowhere
			}
			if cost < best {
				pick, best = k, cost
			}
		}
		a := todo[pick]
		todo = slices.Delete(todo, pick, pick+1)
		removed.add(a)
		stack = append(stack, a)
		g.neighbours(a, func(t int) {
			if !removed.has(t) {
				degree[t]--
			}
		})
	}
	hints := g.hints()
	g.color_ = make([]int8, g.n)
	for i := range g.color_ {
		g.color_[i] = -1
		if machine(i) {
			g.color_[i] = int8(i)
		}
	}
	for k := len(stack) - 1; k >= 0; k-- {
		a := stack[k]
		var taken [colors + 1]bool
		g.neighbours(a, func(t int) {
			if c := g.color_[t]; c >= 0 {
				taken[c] = true
			}
		})
		c := g.choose(taken, hints[a])
		if c < 0 {
			spilled = append(spilled, a)
			continue
		}
		g.color_[a] = int8(c)
	}
	return spilled
}

// hints returns for every register those that a move which could not be coalesced connects it with.
func (g *graph) hints() [][]int {
	h := make([][]int, g.n)
	for _, m := range g.moves {
		if a, b := g.find(m.dst), g.find(m.src); a != b {
			h[a] = append(h[a], b)
			h[b] = append(h[b], a)
		}
	}
	return h
}

func (g *graph) choose(taken [colors + 1]bool, hints []int) int {
	for _, h := range hints {
		if c := g.color_[h]; c >= 0 && c < int8(colors) && !taken[c] {
			return int(c)
		}
	}
	for c := range colors {
		if !taken[c] {
			return c
		}
	}
	return -1
}

// assign writes the colors into the instructions and drops moves that have become empty.
func (f *fn) assign(g *graph) {
	to := func(r Register) Register {
		if !r.virtual() {
			return r
		}
		return Register(g.color_[g.find(dense(r))])
	}
	for _, b := range f.blocks {
		b.insts = slices.DeleteFunc(b.insts, func(i inst) bool {
			return i.isMove() && to(i.ins.Dst) == to(i.ins.Src) && (i.ins.Dst.virtual() || i.ins.Src.virtual())
		})
		for i := range b.insts {
			b.insts[i].rename(to)
		}
	}
}

// removeDeadCopies drops the moves that the builder made and whose result nobody reads, such as that of a helper's.
func (f *fn) removeDeadCopies(n int) {
	l := f.live(n)
	for _, b := range f.blocks {
		dead := make([]bool, len(b.insts))
		l.backward(b, func(i int, live bitset) {
			in := &b.insts[i]
			dead[i] = in.copy && !live.has(dense(in.ins.Dst))
		})
		kept := b.insts[:0]
		for i := range b.insts {
			if !dead[i] {
				kept = append(kept, b.insts[i])
			}
		}
		b.insts = kept
	}
}
