package asm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stage is what a pass makes of a function.
type stage struct {
	name  string
	build func(b *Builder)
	want  string // a listing behind a line end
}

// checkStages runs a pass over the main function of every stage.
func checkStages(t *testing.T, pass func(a *assembly, f *fn), stages []stage) {
	t.Helper()
	for _, s := range stages {
		t.Run(s.name, func(t *testing.T) {
			a, f := before(t, s.build)
			pass(a, f)
			if diff := cmp.Diff(strings.TrimPrefix(s.want, "\n"), listing(f)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFunctions shows what the passes get: a block begins at every label and behind every jump, and ends with the block
// that follows when its last instruction does not jump.
func TestFunctions(t *testing.T) {
	checkStages(t, func(*assembly, *fn) {}, []stage{
		{"one way", func(b *Builder) {
			b.Mov(R0, 1)
			b.Exit()
		}, `
b0:
	r0 = 1
	exit
`},
		{"two ways that meet", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Mov(R0, 1) }, func() { b.Mov(R0, 2) })
			b.Exit()
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r0 = 1
	goto b3
b2:
	r0 = 2
	to b3
b3:
	exit
`},
		{"a loop", func(b *Builder) {
			b.Mov(R0, 0)
			b.Label("again")
			b.Add(R0, 1)
			b.JumpIf(R0.Lt(8), "again")
			b.Exit()
		}, `
b0:
	r0 = 0
	to b1
b1:
	r0 += 1
	if r0 < 8 goto b1
	to b2
b2:
	exit
`},
		{"a loop that its counter bounds", func(b *Builder) {
			b.For(4, func(i Register) { b.Mov(R0, i) })
			b.Exit()
		}, `
b0:
	v0 = 0
	to b1
b1:
	r0 = v0
	v0 += 1
	if v0 < 4 goto b1
	to b2
b2:
	exit
`},
		{"a loop that may_goto bounds", func(b *Builder) {
			b.Forever(func() { b.If(R1.Eq(0), b.Break) })
			b.Return(0)
		}, `
b0:
	may_goto b4
	to b1
b1:
	if r1 != 0 goto b3
	to b2
b2:
	goto b4
b3:
	goto b0
b4:
	r0 = 0
	exit
`},
		{"a jump to a jump keeps its own block", func(b *Builder) {
			b.Jump("a")
			b.Label("a")
			b.Jump("b")
			b.Label("b")
			b.Return(0)
		}, `
b0:
	goto b1
b1:
	goto b2
b2:
	r0 = 0
	exit
`},
		{"the context is taken at the beginning", func(b *Builder) {
			b.Call(FnKtimeGetNS)
			b.Return(b.Load(b.Context().Field(XDPMdRxQueueIndex)))
		}, `
b0:
	v1 = r1
	call bpf_ktime_get_ns
	v0 = r0
	v2 = *(u32 *)(v1 + 16)
	r0 = v2
	exit
`},
		{"and not again in a loop that begins there", func(b *Builder) {
			b.Label("again")
			b.If(b.Load(b.Context().Field(XDPMdRxQueueIndex)).Eq(0), func() { b.Jump("again") })
			b.Return(0)
		}, `
b0:
	v0 = r1
	to b1
b1:
	v1 = *(u32 *)(v0 + 16)
	if v1 != 0 goto b3
	to b2
b2:
	goto b1
b3:
	r0 = 0
	exit
`},
		{"every condition of And is a block", func(b *Builder) {
			b.If(And(R1.Eq(1), R2.Eq(2), R3.Eq(3)), func() { b.Mov(R0, 1) })
			b.Exit()
		}, `
b0:
	if r1 != 1 goto b4
	to b1
b1:
	if r2 != 2 goto b4
	to b2
b2:
	if r3 != 3 goto b4
	to b3
b3:
	r0 = 1
	to b4
b4:
	exit
`},
		{"and of Or, whose last one is turned round", func(b *Builder) {
			b.If(Or(R1.Eq(1), R2.Eq(2), R3.Eq(3)), func() { b.Mov(R0, 1) })
			b.Exit()
		}, `
b0:
	if r1 == 1 goto b3
	to b1
b1:
	if r2 == 2 goto b3
	to b2
b2:
	if r3 != 3 goto b4
	to b3
b3:
	r0 = 1
	to b4
b4:
	exit
`},
		{"Not turns And into Or", func(b *Builder) {
			b.If(Not(And(R1.Eq(1), Not(R2.Lt(2)))), func() { b.Mov(R0, 1) })
			b.Exit()
		}, `
b0:
	if r1 != 1 goto b2
	to b1
b1:
	if r2 >= 2 goto b3
	to b2
b2:
	r0 = 1
	to b3
b3:
	exit
`},
	})
}

// TestFlatten turns blocks back into instructions: what does not stand before the block that follows it gets a goto.
func TestFlatten(t *testing.T) {
	a, f := before(t, func(b *Builder) {
		b.If(R1.Eq(0), func() { b.Mov(R0, 1) }, func() { b.Mov(R0, 2) })
		b.Exit()
	})
	f.blocks[1], f.blocks[2] = f.blocks[2], f.blocks[1]
	a.flatten([]*fn{f})
	var got []string
	for i, n := range a.nodes {
		to := -1
		if n.target != "" {
			to = a.targets[i]
		}
		got = append(got, n.text()+arrow(to))
	}
	want := []string{"if r1 != 0 -> 2", "goto -> 4", "r0 = 2", "goto -> 6", "r0 = 1", "goto -> 6", "exit"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func arrow(to int) string {
	if to < 0 {
		return ""
	}
	return " -> " + string(rune('0'+to))
}

// TestReach drops the blocks that no way leads to, and reports where each run of them begins.
func TestReach(t *testing.T) {
	a, f := before(t, func(b *Builder) {
		b.If(R1.Eq(0), func() {
			b.Return(1)
			b.Mov(R0, 2)
			b.If(R2.Eq(0), func() { b.Mov(R0, 3) })
			b.Exit()
		})
		b.Return(4)
		b.Mov(R0, 5)
		b.Exit()
	})
	if f.reach(a.report) {
		t.Error("all is reached")
	}
	const want = "b0:\n\tif r1 != 0 goto b2\n\tto b1\nb1:\n\tr0 = 1\n\texit\nb2:\n\tr0 = 4\n\texit\n"
	if diff := cmp.Diff(want, listing(f)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var got []string
	for _, err := range a.errs {
		got = append(got, err.(*Error).Err.Error())
	}
	if diff := cmp.Diff([]string{
		"unreachable: r0 = 2; every way before it returns or jumps elsewhere, so remove it",
		"unreachable: r0 = 5; every way before it returns or jumps elsewhere, so remove it",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
