package graph_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/graph"
)

// randomProgram makes a program of about n instructions that may loop, be unreachable and run out of its functions. Jumps
// lead near, so that graphs are deep, or anywhere.
func randomProgram(t testing.TB, r *rand.Rand, n int) *asm.Program {
	t.Helper()
	const exit, ja, gotol, may, jeq, call = 0x95, 0x05, 0x06, 0xe5, 0x15, 0x85
	insns := make([]asm.Instruction, n)
	for i := range insns {
		switch r.IntN(12) {
		case 0, 1, 2, 3:
			insns[i] = asm.Instruction{Op: jeq, Dst: asm.R1, Imm: int64(i)}
		case 4:
			insns[i] = asm.Instruction{Op: [...]asm.Opcode{exit, ja, gotol, may, ja}[r.IntN(5)]}
		case 5:
			insns[i] = asm.Instruction{Op: asm.OpLdImm64, Imm: int64(i) << 20}
			if r.IntN(4) == 0 {
				insns[i] = asm.Instruction{Op: asm.OpLdImm64, Src: asm.Imm64Func}
			}
		case 6:
			insns[i] = asm.Instruction{Op: call, Src: asm.CallSubprogram}
		default:
			insns[i] = asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU64, asm.OpAdd, asm.K), Imm: int64(i)}
		}
	}
	functions := []asm.Label{{Name: "main"}}
	for i := 1; i < n; i++ {
		if r.IntN(40) == 0 {
			functions = append(functions, asm.Label{Name: "f" + strconv.Itoa(i), Index: i})
		}
	}
	slot := make([]int, n+1)
	for i, ins := range insns {
		slot[i+1] = slot[i] + ins.Slots()
	}
	near := r.IntN(2) == 0
	for f := range functions {
		first, end := functions[f].Index, n
		if f+1 < len(functions) {
			end = functions[f+1].Index
		}
		for i := first; i < end; i++ {
			to := first + r.IntN(end-first)
			if near {
				to = min(max(i+r.IntN(12)-3, first), end-1)
			}
			switch ins := &insns[i]; {
			case ins.Op == ja, ins.Op == may, ins.Op == jeq:
				ins.Off = int16(slot[to] - slot[i] - 1)
			case ins.Op == gotol:
				ins.Imm = int64(slot[to] - slot[i] - 1)
			case ins.Op == call || ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
				distance := slot[functions[r.IntN(len(functions))].Index] - slot[i] - 1
				ins.Imm = int64(distance)
				if ins.Op == asm.OpLdImm64 {
					ins.Imm = int64(uint32(distance)) // of two halves the second is 0
				}
			}
		}
	}
	spec := asm.ProgramSpec{Name: "main", Instructions: insns, Functions: functions}
	if r.IntN(2) == 0 {
		for i := range insns {
			spec.Positions = append(spec.Positions, asm.Position{File: "/x/random.go", Line: 1 + i/3})
		}
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// way is a way from one instruction to the next, by slots.
type way struct {
	from, to int
	kind     graph.EdgeKind
}

// ways decodes the bytes of a program by themselves and returns all ways from the instructions that jump and, for all
// others but exit, to the slot behind.
func ways(p *asm.Program) (ways []way, slots []int) {
	code := p.AppendTo(nil, binary.LittleEndian)
	for slot := 0; slot < len(code)/8; slot++ {
		ins := code[8*slot:]
		slots = append(slots, slot)
		off := int(int16(binary.LittleEndian.Uint16(ins[2:])))
		imm := int(int32(binary.LittleEndian.Uint32(ins[4:])))
		switch op := ins[0]; {
		case op == 0x18:
			ways = append(ways, way{slot, slot + 2, graph.Next})
			slot++
		case op == 0x95:
		case op == 0x05:
			ways = append(ways, way{slot, slot + 1 + off, graph.Jump})
		case op == 0x06:
			ways = append(ways, way{slot, slot + 1 + imm, graph.Jump})
		case (op&7 == 5 || op&7 == 6) && op != 0x85:
			ways = append(ways, way{slot, slot + 1 + off, graph.Taken}, way{slot, slot + 1, graph.NotTaken})
		default:
			ways = append(ways, way{slot, slot + 1, graph.Next})
		}
	}
	return ways, slots
}

// Every instruction is in one block, every way is inside a block or an edge, and every edge is a way.
func TestBlocksAreTheProgram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		p := randomProgram(t, r, 1+r.IntN(120))
		g := graph.New(p)
		blocks := g.Blocks()
		next := 0
		blockOf := make(map[int]int) // by slot
		first := make(map[int]bool)  // slots
		last := make(map[int]bool)
		for n, b := range blocks {
			if b.First != next || b.End <= b.First {
				t.Fatalf("block %d has the instructions %d to %d, behind those to %d\n%v", n, b.First, b.End-1, next-1, p)
			}
			next = b.End
			for i := b.First; i < b.End; i++ {
				blockOf[p.Slot(i)] = n
			}
			first[p.Slot(b.First)] = true
			last[p.Slot(b.End-1)] = true
		}
		if next != p.Len() {
			t.Fatalf("the blocks end at %d of %d instructions", next, p.Len())
		}
		all, slots := ways(p)
		if len(slots) != len(blockOf) {
			t.Fatalf("%d instructions, %d of them in blocks", len(slots), len(blockOf))
		}
		edges := make(map[way]bool)
		for _, e := range g.Edges() {
			w := way{p.Slot(blocks[e.From].End - 1), p.Slot(blocks[e.To].First), e.Kind}
			if edges[w] {
				t.Fatalf("two edges %+v", w)
			}
			edges[w] = true
		}
		entered := make(map[int]bool) // a block has to begin here
		for _, f := range p.Functions() {
			entered[p.Slot(f.Index)] = true
		}
		for _, w := range all {
			in := blockOf[w.from]
			to, inside := blockOf[w.to]
			switch {
			case !inside || blocks[to].Function != blocks[in].Function:
				if w.kind == graph.Taken || w.kind == graph.Jump || !blocks[in].Open || !last[w.from] {
					t.Fatalf("%+v leads out of its function, open: %v", w, blocks[in].Open)
				}
			case edges[w]:
				delete(edges, w)
				if !last[w.from] || !first[w.to] {
					t.Fatalf("%+v is not from the end of a block to the begin of one", w)
				}
			case w.kind != graph.Next || in != to || last[w.from]:
				t.Fatalf("%+v has no edge\n%v", w, p)
			}
			if w.kind != graph.Next {
				entered[w.to] = true
			}
		}
		for w := range edges {
			t.Fatalf("edge %+v is no way of the program\n%v", w, p)
		}
		// Blocks are as long as they can be: each begins where something other than the instruction before leads, or
		// behind one that jumps or exits.
		for n, b := range blocks {
			slot := p.Slot(b.First)
			if entered[slot] {
				continue
			}
			switch before := p.At(b.First - 1); before.Op.Class() {
			case asm.ClassJMP, asm.ClassJMP32:
				if before.Op != 0x85 {
					continue
				}
			}
			t.Fatalf("block %d could be one with that before it\n%v", n, p)
		}
	}
}

// reach returns the blocks that paths from one reach without another, and those of edges that allow it.
func reach(g *graph.Graph, from, without int, along func(graph.Edge) bool) map[int]bool {
	seen := make(map[int]bool)
	edges := g.Edges()
	for todo := []int{from}; len(todo) > 0; {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if b == without || seen[b] {
			continue
		}
		seen[b] = true
		for _, e := range edges {
			if e.From == b && along(e) {
				todo = append(todo, e.To)
			}
		}
	}
	return seen
}

// Dominators and unreachable blocks by definition: what cannot be reached without them.
func TestDominators(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	all := func(graph.Edge) bool { return true }
	for range 150 {
		p := randomProgram(t, r, 1+r.IntN(60))
		g := graph.New(p)
		blocks := g.Blocks()
		for _, f := range g.Functions() {
			reached := reach(g, f.First, -1, all)
			dominators := make(map[int][]int)
			for d := f.First; d < f.End; d++ {
				without := reach(g, f.First, d, all)
				for b := f.First; b < f.End; b++ {
					if b != d && reached[b] && !without[b] {
						dominators[b] = append(dominators[b], d)
					}
				}
			}
			for b := f.First; b < f.End; b++ {
				if blocks[b].Unreachable == reached[b] {
					t.Fatalf("%s: unreachable is %v\n%v", blocks[b].Name, blocks[b].Unreachable, p)
				}
				// The last one is that which all others dominate.
				want := -1
				for _, d := range dominators[b] {
					if len(dominators[d]) == len(dominators[b])-1 {
						want = d
					}
				}
				if blocks[b].Dominator != want {
					t.Fatalf("%s: dominator %d, want %d of %v\n%v", blocks[b].Name, blocks[b].Dominator, want, dominators[b], p)
				}
			}
		}
	}
}

// Loops by definition: without edges back there are none, and one that is entered at its header only is what comes to its
// edges back without its header.
func TestLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	found, entries := 0, 0
	for range 300 {
		p := randomProgram(t, r, 1+r.IntN(60))
		g := graph.New(p)
		blocks, loops, edges := g.Blocks(), g.Loops(), g.Edges()
		within := func(b, loop int) bool {
			for l := blocks[b].Loop; l >= 0; l = loops[l].Outer {
				if l == loop {
					return true
				}
			}
			return false
		}
		headers := make(map[int]int)
		for i, l := range loops {
			headers[l.Header] = i
			if blocks[l.Header].Loop != i {
				t.Fatalf("header %s of loop %d is in loop %d", blocks[l.Header].Name, i, blocks[l.Header].Loop)
			}
			if depth := 1 + func() int {
				if l.Outer < 0 {
					return 0
				}
				return loops[l.Outer].Depth
			}(); l.Depth != depth || l.Outer >= i {
				t.Fatalf("loop %d: %+v, want depth %d", i, l, depth)
			}
		}
		forward := func(e graph.Edge) bool { return !e.Back }
		for b := range blocks {
			for _, e := range edges {
				if e.From == b && !e.Back && reach(g, e.To, -1, forward)[b] {
					t.Fatalf("%s is in a loop without an edge back\n%v", blocks[b].Name, p)
				}
			}
		}
		closed := make(map[int]bool)
		for _, e := range edges {
			if !e.Back {
				continue
			}
			loop, ok := headers[e.To]
			if !ok || !within(e.From, loop) {
				t.Fatalf("the edge back from %s to %s has no loop\n%v", blocks[e.From].Name, blocks[e.To].Name, p)
			}
			closed[loop] = true
		}
		for i, l := range loops {
			found++
			if !closed[i] {
				t.Fatalf("loop %d has no edge back", i)
			}
			var want, got []int
			for b := range blocks {
				if within(b, i) {
					got = append(got, b)
				}
				if b == l.Header {
					want = append(want, b)
					continue
				}
				// What comes to the ends without the header: unreachable code that leads into a loop is not in it.
				if blocks[b].Unreachable != blocks[l.Header].Unreachable {
					continue
				}
				seen := reach(g, b, l.Header, func(graph.Edge) bool { return true })
				if slices.ContainsFunc(edges, func(e graph.Edge) bool { return e.Back && e.To == l.Header && seen[e.From] }) {
					want = append(want, b)
				}
			}
			outside := slices.ContainsFunc(edges, func(e graph.Edge) bool {
				return within(e.To, i) && e.To != l.Header && !within(e.From, i) && blocks[e.From].Unreachable == blocks[e.To].Unreachable
			})
			if l.Entries != outside {
				t.Fatalf("loop of %s: entries %v, want %v\n%v", blocks[l.Header].Name, l.Entries, outside, p)
			}
			if l.Entries {
				entries++
			} else if !slices.Equal(got, want) {
				t.Fatalf("loop of %s: blocks %v, want %v\n%v", blocks[l.Header].Name, got, want, p)
			}
			if len(got) != l.Blocks {
				t.Fatalf("loop of %s: %d blocks, Blocks is %d", blocks[l.Header].Name, len(got), l.Blocks)
			}
		}
	}
	if found < 300 || entries < 30 {
		t.Errorf("only %d loops, %d of them with more entries", found, entries)
	}
}
