package graph

import (
	"slices"
	"sort"
	"strconv"

	"github.com/purebpf/purebpf/asm"
)

// Graph is the control-flow graph of a program. It never changes: its methods hand out copies.
type Graph struct {
	code      code
	functions []Function
	blocks    []Block
	edges     []Edge // in the order of From
	loops     []Loop
	calls     []Call

	out []int32 // the edges that leave block b are out[b] to out[b+1]
	in  []int32 // the edges that lead to block b are into[in[b]] to into[in[b+1]]
	into,
	layer []int32 // of each block: the length of the longest way to it that goes round no loop
	order []int32 // the blocks, each behind all that lead to it but for the way back in a loop
}

// Function is the main function or a subprogram.
type Function struct {
	Name string
	// Its blocks are First to End-1, of which First is the entry.
	First, End int
}

// Block is a run of instructions that is entered at the first and left at the last.
type Block struct {
	// Name is the author's label, or the letter L (of a classic program: l) and the number of the first slot, as the
	// program's text has it. The entry of a function has the name of the function.
	Name     string
	Function int // an index into Functions
	// Its instructions are First to End-1.
	First, End int
	// Unreachable is whether no path from the entry of the function leads here. The kernel refuses such a program, unless
	// it is a classic one.
	Unreachable bool
	// Open is whether control can run past the end of the function, which the kernel refuses.
	Open bool
	// Dominator is the last block that every path to this one goes through, -1 for entries and where no path leads.
	Dominator int
	// Loop is the innermost loop that the block is in, an index into Loops, or -1.
	Loop int
}

// EdgeKind is how control comes from one block to the next.
type EdgeKind uint8

const (
	Next     EdgeKind = iota // the next block just follows
	Jump                     // goto, gotol
	Taken                    // a conditional jump or may_goto that jumps
	NotTaken                 // one that does not
)

// String returns "next", "jump", "taken" or "not taken".
func (k EdgeKind) String() string {
	switch k {
	case Next:
		return "next"
	case Jump:
		return "jump"
	case Taken:
		return "taken"
	case NotTaken:
		return "not taken"
	}
	return "edge kind " + strconv.Itoa(int(k))
}

// Edge is a way from the end of one block to the begin of another, or of the same. A conditional jump to the instruction
// behind it makes two edges to one block.
type Edge struct {
	From, To int // indices into Blocks
	Kind     EdgeKind
	// Back is whether the edge closes a loop, whose header it leads to.
	Back bool
}

// Loop is a set of blocks that control can go round in.
type Loop struct {
	Header int // the block that the edges back lead to
	Outer  int // the loop around this one, an index into Loops, or -1
	Depth  int // 1 for a loop in no other
	Blocks int // how many blocks are in it, those of inner loops included
	// Entries is whether it can be entered at blocks other than the header, as no loop of a structured language can.
	Entries bool
}

// Call is a call of a subprogram, or the load of its address for a helper to call.
type Call struct {
	Instruction int
	Block       int               // that the instruction is in
	Kind        asm.ReferenceKind // RefCall or RefFunc
	Function    int               // an index into Functions, -1 when the program does not have the subprogram yet
	Name        string            // of the subprogram
}

// Name returns the name of the program.
func (g *Graph) Name() string { return g.code.name }

// Functions returns the main function and the subprograms, in order.
func (g *Graph) Functions() []Function { return slices.Clone(g.functions) }

// Blocks returns the blocks in the order of the instructions, of which each is in one block.
func (g *Graph) Blocks() []Block { return slices.Clone(g.blocks) }

// Edges returns the edges in the order of the blocks that they leave. Of a conditional jump, the edge that is taken comes
// first.
func (g *Graph) Edges() []Edge { return slices.Clone(g.edges) }

// Loops returns the loops, outer ones before those inside them.
func (g *Graph) Loops() []Loop { return slices.Clone(g.loops) }

// Calls returns the calls of subprograms, in order.
func (g *Graph) Calls() []Call { return slices.Clone(g.calls) }

// BlockOf returns the block that instruction i is in, an index into Blocks, or -1 when the program has no such instruction.
func (g *Graph) BlockOf(i int) int {
	if i < 0 || i >= len(g.code.flows) {
		return -1
	}
	return g.blockOf(i)
}

func (g *Graph) blockOf(i int) int {
	return sort.Search(len(g.blocks), func(b int) bool { return g.blocks[b].End > i })
}

// leaving returns the edges that leave block b.
func (g *Graph) leaving(b int) []Edge { return g.edges[g.out[b]:g.out[b+1]] }

// leading returns the edges that lead to block b, as indices.
func (g *Graph) leading(b int) []int32 { return g.into[g.in[b]:g.in[b+1]] }

// header returns the loop that block b is the header of, or -1.
func (g *Graph) header(b int) int {
	if l := g.blocks[b].Loop; l >= 0 && g.loops[l].Header == b {
		return l
	}
	return -1
}

// depth returns how many loops block b is in.
func (g *Graph) depth(b int) int {
	if l := g.blocks[b].Loop; l >= 0 {
		return g.loops[l].Depth
	}
	return 0
}
