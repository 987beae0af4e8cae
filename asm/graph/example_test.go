package graph_test

import (
	"fmt"
	"os"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/graph"
)

// A loop, which the bars at the left show.
func Example() {
	b := asm.NewBuilder("count", asm.SocketFilter)
	b.Mov(asm.R0, 0)
	b.Mov(asm.R1, 8)
	b.Label("again")
	b.Comment("add the counter to the sum")
	b.Add(asm.R0, asm.R1)
	b.Sub(asm.R1, 1)
	b.JumpIf(asm.R1.NotEq(0), "again")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(graph.New(p).AppendText(nil, &graph.Options{Title: "Sum"}))
	// Output:
	// Sum
	//
	// count:
	//     ; example_test.go:14
	//     0  r0 = 0
	//     ; example_test.go:15
	//     1  r1 = 8
	//   to again (next)
	//
	// again: loop of 1 block
	// │   from count (next), again (taken, back)
	// │     ; example_test.go:18  add the counter to the sum
	// │     2  r0 += r1
	// │     ; example_test.go:19
	// │     3  r1 -= 1
	// │     ; example_test.go:20
	// │     4  if r1 != 0 goto again
	// │   to again (taken, back), L5 (not taken)
	//
	// L5:
	//   from again (not taken)
	//     ; example_test.go:21
	//     5  exit
}

// Each block of a graph, with the edges that leave it.
func ExampleGraph_Edges() {
	b := asm.NewBuilder("drop_long", asm.SocketFilter)
	b.If(b.Load(b.Context().Field(asm.SkBuffLen)).Gt(1500), func() { b.Return(0) })
	b.Return(0xffff)
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	g := graph.New(p)
	blocks := g.Blocks()
	for _, e := range g.Edges() {
		fmt.Println(blocks[e.From].Name, "to", blocks[e.To].Name, e.Kind)
	}
	// Output:
	// drop_long to L4 taken
	// drop_long to L2 not taken
}
