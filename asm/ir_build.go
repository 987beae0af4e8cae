package asm

import "slices"

// functions cuts the builder's nodes into functions of blocks. It is the first pass: labels become blocks, jumps edges.
func (a *assembly) functions() []*fn {
	nodes := a.b.nodes
	starts := make([]bool, len(nodes)+1)
	for i, n := range nodes {
		in := inst{node: n}
		if n.target != "" || in.ends() {
			starts[i+1] = true
		}
		if t := a.targets[i]; t >= 0 && n.target != "" {
			starts[t] = true
		}
	}
	for _, l := range a.b.spec.Labels {
		starts[l.Index] = true
	}
	var fns []*fn
	begin := func(name string, at int) {
		starts[at] = true
		f := &fn{name: name, from: a.b.from, args: 1}
		if l, ok := a.b.labels[name]; ok && l.function {
			f.from = l.from
			f.args = 5
			if n, ok := a.b.arity[name]; ok {
				f.args = n
			}
		}
		fns = append(fns, f)
	}
	functions := slices.Clone(a.b.spec.Functions)
	labels := slices.Clone(a.b.spec.Labels)
	at := make([]*block, len(nodes))
	begin(a.b.spec.Name, 0)
	var cur *block
	for i := range nodes {
		for len(functions) > 0 && functions[0].Index == i {
			begin(functions[0].Name, i)
			functions = functions[1:]
		}
		f := fns[len(fns)-1]
		if starts[i] {
			cur = &block{}
			f.blocks = append(f.blocks, cur)
			for len(labels) > 0 && labels[0].Index == i {
				cur.labels = append(cur.labels, labels[0].Name)
				labels = labels[1:]
			}
		}
		at[i] = cur
		in := inst{node: nodes[i]}
		if in.kind == RefCall && in.args < 0 {
			if n, ok := a.b.arity[in.symbol]; ok {
				in.args = n
			}
		}
		cur.insts = append(cur.insts, in)
	}
	// The edges, once every node has its block.
	for _, f := range fns {
		for k, b := range f.blocks {
			l := &b.insts[len(b.insts)-1]
			if !l.ends() && k+1 < len(f.blocks) {
				b.next = f.blocks[k+1]
			}
		}
	}
	count := make(map[*block]int)
	for i, n := range nodes {
		b := at[i]
		k := count[b]
		count[b]++
		if n.target != "" {
			b.insts[k].to = at[a.targets[i]]
		}
	}
	if a.b.context != 0 {
		in := inst{node: node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: a.b.context, Src: R1}, copy: true, from: a.b.contextFrom}}
		fns[0].prologue(in)
	}
	return fns
}

// prologue puts an instruction before the first one of the function, in a block of its own when a jump leads there.
func (f *fn) prologue(in inst) {
	entry := f.blocks[0]
	f.number()
	if len(f.predecessors()[0]) == 0 {
		entry.insts = slices.Insert(entry.insts, 0, in)
		return
	}
	f.blocks = slices.Insert(f.blocks, 0, &block{insts: []inst{in}, next: entry})
}

// flatten turns the functions back into nodes, with the targets of their jumps, labels and functions as indices. A block
// whose successor is not behind it gets a goto.
func (a *assembly) flatten(fns []*fn) {
	begin := make(map[*block]int)
	a.nodes, a.labels, a.starts = nil, nil, nil
	var jumps []*block
	emit := func(in inst) {
		a.nodes = append(a.nodes, in.node)
		jumps = append(jumps, in.to)
	}
	names := make(map[string]int)
	for k, f := range fns {
		names[f.name] = len(a.nodes)
		if k > 0 {
			a.starts = append(a.starts, Label{Name: f.name, Index: len(a.nodes)})
		}
		for i, b := range f.blocks {
			begin[b] = len(a.nodes)
			for _, l := range b.labels {
				a.labels = append(a.labels, Label{Name: l, Index: len(a.nodes)})
			}
			for _, in := range b.insts {
				emit(in)
			}
			if b.next != nil && (i+1 == len(f.blocks) || f.blocks[i+1] != b.next) {
				from := f.from
				if n := len(b.insts); n > 0 {
					from = b.insts[n-1].from
				}
				emit(inst{node: node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpJA, K)}, target: "#", from: from}, to: b.next})
			}
		}
	}
	a.targets = make([]int, len(a.nodes))
	for i, n := range a.nodes {
		a.targets[i] = -1
		switch {
		case jumps[i] != nil:
			a.targets[i] = begin[jumps[i]]
		case n.kind == RefCall || n.kind == RefFunc:
			if l, ok := a.b.labels[n.symbol]; ok && l.function {
				a.targets[i] = names[n.symbol]
			}
		}
	}
	// Labels of blocks that are empty at the end of a function name nothing any more.
	a.labels = slices.DeleteFunc(a.labels, func(l Label) bool { return l.Index == len(a.nodes) })
}
