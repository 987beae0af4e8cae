package graph

// walked is a walk through all blocks, depth first: from the entries of the functions, then from what these do not reach.
// Blocks are numbered in the order in which it comes to them.
type walked struct {
	block  []int32 // by number
	number []int32 // by block
	parent []int32 // the number of the block that it came from, -1 for none; by number
	last   []int32 // the largest number of what was come to from there; by number
}

// walk also finds which blocks are unreachable, which edges lead back, and the order of blocks.
func (g *Graph) walk() *walked {
	n := len(g.blocks)
	w := &walked{number: make([]int32, n), parent: make([]int32, 0, n), block: make([]int32, 0, n), last: make([]int32, n)}
	for b := range w.number {
		w.number[b] = -1
	}
	type visit struct{ block, next int32 } // next is the edge to follow, counted from the last one
	var stack []visit
	open := make([]bool, n) // is on the stack
	done := make([]int32, 0, n)
	come := func(b, parent int32) {
		w.number[b] = int32(len(w.block))
		w.block = append(w.block, b)
		w.parent = append(w.parent, parent)
		stack = append(stack, visit{block: b})
		open[b] = true
	}
	from := func(root int32) {
		come(root, -1)
		for len(stack) > 0 {
			v := &stack[len(stack)-1]
			b := v.block
			if first, end := g.out[b], g.out[b+1]; first+v.next < end {
				e := &g.edges[end-1-v.next] // what is not taken first
				v.next++
				switch to := int32(e.To); {
				case w.number[to] < 0:
					come(to, w.number[b])
				case open[to]:
					e.Back = true
				}
				continue
			}
			open[b] = false
			w.last[w.number[b]] = int32(len(w.block) - 1)
			done = append(done, b)
			stack = stack[:len(stack)-1]
		}
	}
	for _, f := range g.functions {
		from(int32(f.First))
	}
	reached := len(w.block)
	for b := range g.blocks {
		if w.number[b] < 0 {
			from(int32(b))
		}
	}
	for _, b := range w.block[reached:] {
		g.blocks[b].Unreachable = true
	}
	g.order = make([]int32, n)
	for i, b := range done {
		g.order[n-1-i] = b
	}
	return w
}

// counts reports whether an edge is one that paths from the entry, or paths that cannot be entered, go.
func (g *Graph) counts(e Edge) bool {
	return g.blocks[e.From].Unreachable == g.blocks[e.To].Unreachable
}

// dominators finds the last block that all paths to each one go through, by the algorithm of Lengauer and Tarjan, A Fast
// Algorithm for Finding Dominators in a Flowgraph, 1979. All vectors are by number.
func (g *Graph) dominators(w *walked) {
	n := len(w.block)
	semi := make([]int32, n)
	label := make([]int32, n)
	ancestor := make([]int32, n)
	dom := make([]int32, n)
	bucket := make([]int32, n) // the first of a list
	next := make([]int32, n)   // the rest of it
	for v := range semi {
		semi[v], label[v], ancestor[v], dom[v], bucket[v] = int32(v), int32(v), -1, -1, -1
	}
	var path []int32
	eval := func(v int32) int32 {
		if ancestor[v] < 0 {
			return v
		}
		path = path[:0]
		for u := v; ancestor[ancestor[u]] >= 0; u = ancestor[u] {
			path = append(path, u)
		}
		for i := len(path) - 1; i >= 0; i-- {
			u := path[i]
			a := ancestor[u]
			if semi[label[a]] < semi[label[u]] {
				label[u] = label[a]
			}
			ancestor[u] = ancestor[a]
		}
		return label[v]
	}
	for v := int32(n - 1); v >= 0; v-- {
		parent := w.parent[v]
		if parent < 0 || g.blocks[w.block[v]].Unreachable {
			continue
		}
		for _, i := range g.leading(int(w.block[v])) {
			if e := g.edges[i]; g.counts(e) {
				semi[v] = min(semi[v], semi[eval(w.number[e.From])])
			}
		}
		next[v], bucket[semi[v]] = bucket[semi[v]], v
		ancestor[v] = parent
		for u := bucket[parent]; u >= 0; u = next[u] {
			dom[u] = parent
			if x := eval(u); semi[x] < semi[u] {
				dom[u] = x
			}
		}
		bucket[parent] = -1
	}
	for v := range dom {
		if dom[v] < 0 {
			continue
		}
		if dom[v] != semi[v] {
			dom[v] = dom[dom[v]]
		}
		g.blocks[w.block[v]].Dominator = int(w.block[dom[v]])
	}
}

// layers finds how far each block is behind the entry, when no loop goes round.
func (g *Graph) layers() {
	g.layer = make([]int32, len(g.blocks))
	for _, b := range g.order {
		for _, e := range g.leaving(int(b)) {
			if !e.Back {
				g.layer[e.To] = max(g.layer[e.To], g.layer[b]+1)
			}
		}
	}
}
