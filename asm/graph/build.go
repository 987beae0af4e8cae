package graph

// build finds the blocks and how they hang together.
func build(c code) *Graph {
	g := &Graph{code: c}
	g.cut()
	g.connect()
	g.names()
	for i := range g.code.calls {
		call := g.code.calls[i]
		call.Block = g.blockOf(call.Instruction)
		if call.Function >= 0 {
			call.Function = g.blocks[g.blockOf(call.Function)].Function
			call.Name = g.functions[call.Function].Name
		}
		g.calls = append(g.calls, call)
	}
	w := g.walk()
	g.dominators(w)
	g.findLoops(w)
	g.layers()
	return g
}

// cut cuts the instructions into blocks.
func (g *Graph) cut() {
	flows := g.code.flows
	leads := make([]bool, len(flows)+1) // whether a block begins here
	for _, f := range g.code.functions {
		leads[f.Index] = true
	}
	for i, f := range flows {
		switch f.kind {
		case flowBranch:
			leads[f.other] = true
			fallthrough
		case flowJump:
			leads[f.target] = true
			fallthrough
		case flowExit:
			leads[i+1] = true
		}
	}
	function := -1
	for i := range flows {
		if !leads[i] {
			continue
		}
		if n := len(g.blocks); n > 0 {
			g.blocks[n-1].End = i
		}
		if next := function + 1; next < len(g.code.functions) && g.code.functions[next].Index == i {
			if function >= 0 {
				g.functions[function].End = len(g.blocks)
			}
			function = next
			g.functions = append(g.functions, Function{Name: g.code.functions[next].Name, First: len(g.blocks)})
		}
		g.blocks = append(g.blocks, Block{Function: function, First: i, Dominator: -1, Loop: -1})
	}
	g.blocks[len(g.blocks)-1].End = len(flows)
	g.functions[function].End = len(g.blocks)
}

// connect finds the edges.
func (g *Graph) connect() {
	g.out = make([]int32, len(g.blocks)+1)
	g.in = make([]int32, len(g.blocks)+1)
	starts := make([]int32, len(g.code.flows)) // which block begins at an instruction
	for b, block := range g.blocks {
		starts[block.First] = int32(b)
	}
	for b := range g.blocks {
		block := &g.blocks[b]
		last := block.End - 1
		flow := g.code.flows[last]
		// on goes to the instruction behind, if it is one of the function.
		on := func(kind EdgeKind, to int) {
			if to == block.End && (b+1 == len(g.blocks) || g.blocks[b+1].Function != block.Function) {
				block.Open = true
				return
			}
			g.edges = append(g.edges, Edge{From: b, To: int(starts[to]), Kind: kind})
		}
		switch flow.kind {
		case flowNext:
			on(Next, block.End)
		case flowJump:
			g.edges = append(g.edges, Edge{From: b, To: int(starts[flow.target]), Kind: Jump})
		case flowBranch:
			g.edges = append(g.edges, Edge{From: b, To: int(starts[flow.target]), Kind: Taken})
			on(NotTaken, int(flow.other))
		}
		g.out[b+1] = int32(len(g.edges))
	}
	for _, e := range g.edges {
		g.in[e.To+1]++
	}
	for b := range g.blocks {
		g.in[b+1] += g.in[b]
	}
	g.into = make([]int32, len(g.edges))
	filled := make([]int32, len(g.blocks))
	for i, e := range g.edges {
		g.into[g.in[e.To]+filled[e.To]] = int32(i)
		filled[e.To]++
	}
}
