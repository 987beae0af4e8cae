// Package graph shows the way that control takes through a program: its basic blocks, the jumps between them, its loops
// and what is never reached, as data, as text for the terminal, as a graph for Graphviz and as a picture of its own.
//
//	g := graph.New(program)
//	os.Stdout.Write(g.AppendText(nil, nil))
//	err := os.WriteFile("program.svg", g.AppendSVG(nil, nil), 0o666)
//
// A block is a run of instructions that is entered at its first and left at its last one only. It ends before an
// instruction that a jump leads to, and behind a jump and an exit. A call does not end a block: control comes back. Where a
// program has subprograms, each has a graph of its own, and Calls has who calls whom.
//
// Time and memory grow with the length of the program and not with its square, so that the largest that a kernel takes can
// be shown. Only thousands of loops that are each entered in many places, which no compiler makes, take longer. Output is the
// same, byte for byte, for the same program and options.
package graph
