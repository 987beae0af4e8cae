package asm_test

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestPassesLeaveMachineCode runs the passes over a program that needs none.
func TestPassesLeaveMachineCode(t *testing.T) {
	build := func(passes bool) asm.ProgramSpec {
		b := asm.NewBuilder("main", asm.SocketFilter)
		if passes {
			b.Dump(io.Discard)
		}
		b.Mov(asm.R6, 0)
		b.Label("again")
		b.Add(asm.R6, 1)
		b.Mov(asm.R1, asm.R6)
		b.CallSubprogram("twice")
		b.JumpIf(asm.R0.Lt(8), "again")
		b.Jump("out")
		b.Label("out")
		b.Exit()
		b.Subprogram("twice")
		b.LdMap(asm.R2, "m")
		b.Mov(asm.R0, asm.R1)
		b.Add(asm.R0, asm.R0)
		b.Exit()
		b.Label("end")
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		return p.Spec()
	}
	if diff := cmp.Diff(build(false), build(true)); diff != "" {
		t.Errorf("(-without passes +with):\n%s", diff)
	}
}

func TestStackObjectOfAnotherBuilder(t *testing.T) {
	foreign := asm.NewBuilder("one", asm.SocketFilter).Stack("key", 4)
	b := asm.NewBuilder("other", asm.SocketFilter)
	b.St(foreign.U32(0), 0)
	b.Mov(asm.R0, 0)
	b.Exit()
	_, err := b.Program()
	const want = "assemble_test.go:49: other: instruction 0: *(u32 *)(key + 0) = 0: bad stack object: key is another builder's; make one with this builder's Stack"
	if !errors.Is(err, asm.ErrStack) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
