package graph

import (
	"slices"
	"sort"
)

// findLoops finds the loops and what is in them, by the algorithm of Havlak, Nesting of Reducible and Irreducible Loops,
// 1997: from the innermost headers to the outermost, whatever leads to the edge back is in the loop, where a loop that was
// found counts as its header. All vectors are by number of the walk.
func (g *Graph) findLoops(w *walked) {
	n := len(w.block)
	within := make([]int32, n) // the header of the loop that a block is in, not its own, or -1
	entries := make([]bool, n)
	header := make([]bool, n)
	find := newSets(n)
	more := make(map[int32][]int32) // what leads into a loop elsewhere than at its header
	in := make([]int32, n)          // in[v] is 1 + the header whose loop v was added to last
	for v := range within {
		within[v] = -1
	}
	for h := int32(n - 1); h >= 0; h-- {
		var body []int32
		add := func(v int32) {
			if v = find.root(v); v != h && in[v] != h+1 {
				in[v] = h + 1
				body = append(body, v)
			}
		}
		for _, i := range g.leading(int(w.block[h])) {
			if e := g.edges[i]; e.Back {
				header[h] = true
				add(w.number[e.From])
			}
		}
		for k := 0; k < len(body); k++ {
			v := body[k]
			enter := func(from int32) {
				if from = find.root(from); from >= h && from <= w.last[h] {
					add(from)
					return
				}
				entries[h] = true
				if l := more[h]; len(l) == 0 || l[len(l)-1] != from {
					more[h] = append(l, from)
				}
			}
			for _, i := range g.leading(int(w.block[v])) {
				if e := g.edges[i]; !e.Back && g.counts(e) {
					enter(w.number[e.From])
				}
			}
			for _, from := range more[v] {
				enter(from)
			}
		}
		for _, v := range body {
			within[v] = h
			find.join(v, h)
		}
	}
	g.nest(w, within, header, entries)
}

// nest makes the list of loops.
func (g *Graph) nest(w *walked, within []int32, header, entries []bool) {
	loopOf := make([]int, len(w.block))
	for v, b := range w.block { // outer headers have the smaller numbers
		loop := -1
		if within[v] >= 0 {
			loop = loopOf[within[v]]
		}
		if header[v] {
			l := Loop{Header: int(b), Outer: loop, Depth: 1, Entries: entries[v]}
			if loop >= 0 {
				l.Depth = g.loops[loop].Depth + 1
			}
			loop = len(g.loops)
			g.loops = append(g.loops, l)
		}
		loopOf[v] = loop
	}
	// Sort by function and header, as a reader meets them, but outer loops first.
	order := make([]int, len(g.loops))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		a, b := g.loops[order[i]], g.loops[order[j]]
		if a.Depth != b.Depth {
			return a.Depth < b.Depth
		}
		return a.Header < b.Header
	})
	place := make([]int, len(order))
	sorted := make([]Loop, len(order))
	for to, from := range order {
		place[from] = to
		sorted[to] = g.loops[from]
	}
	for i := range sorted {
		if sorted[i].Outer >= 0 {
			sorted[i].Outer = place[sorted[i].Outer]
		}
	}
	g.loops = sorted
	for v, b := range w.block {
		if loopOf[v] >= 0 {
			loop := place[loopOf[v]]
			g.blocks[b].Loop = loop
			g.loops[loop].Blocks++
		}
	}
	for i := range slices.Backward(g.loops) {
		if outer := g.loops[i].Outer; outer >= 0 {
			g.loops[outer].Blocks += g.loops[i].Blocks
		}
	}
}

// sets are disjoint sets of numbers, each with the root that join gave it.
type sets []int32

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

func (s sets) root(v int32) int32 {
	for s[v] != v {
		s[v] = s[s[v]]
		v = s[v]
	}
	return v
}

// join puts the set with the root v into that with the root to.
func (s sets) join(v, to int32) { s[v] = to }
