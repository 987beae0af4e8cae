package graph_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// nested has loops, subprograms, a callback and, as only a NewProgram lets through, an instruction that is never reached.
// Its lines are in golden files, so nothing else is in this file.
func nested(t testing.TB) *asm.Program {
	t.Helper()
	b := asm.NewBuilder("nested", asm.SocketFilter)
	b.Comment("rows")
	b.Mov(asm.R6, 8)
	b.Label("row")
	b.Mov(asm.R7, 8)
	b.Label("column")
	b.Comment(`a comment with <, &, "quotes" and more words than fit a box, so that its end is in the tooltip`)
	b.Mov(asm.R1, asm.R6)
	b.Mov(asm.R2, asm.R7)
	b.CallSubprogram("cell")
	b.JumpIf(asm.R0.Eq(0), "out")
	b.Sub(asm.R7, 1)
	b.JumpIf(asm.R7.NotEq(0), "column")
	b.Sub(asm.R6, 1)
	b.JumpIf(asm.R6.NotEq(0), "row")
	b.Label("out")
	b.Mov(asm.R0, 0)
	b.Exit()
	b.Subprogram("cell")
	b.Mul(asm.R1, asm.R2)
	b.LdFunc(asm.R2, "visit")
	b.Mov(asm.R3, 0)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnLoop)
	b.Exit()
	b.Subprogram("visit")
	b.JumpIf(asm.R1.Gt(100), "stop")
	b.Mov(asm.R0, 0)
	b.Exit()
	b.Label("stop")
	b.Mov(asm.R0, 1)
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	spec := p.Spec()
	spec.Instructions = append(spec.Instructions, asm.Instruction{Op: 0xb7}, asm.Instruction{Op: 0x95})
	spec.Positions = append(spec.Positions, asm.Position{}, asm.Position{})
	if p, err = asm.NewProgram(spec); err != nil {
		t.Fatal(err)
	}
	return p
}
