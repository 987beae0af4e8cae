package asm

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCycles finds the loops: the block that a jump back leads to, and the blocks between.
func TestCycles(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *Builder)
		want  []string
	}{
		{"none", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Return(1) })
			b.Return(0)
		}, nil},
		{"one block", func(b *Builder) {
			b.For(4, func(Register) {})
			b.Return(0)
		}, []string{"head b1: b1"}},
		{"several blocks, and not those that leave", func(b *Builder) {
			b.For(4, func(i Register) {
				b.If(i.Eq(R1), func() { b.Return(1) })
				b.If(i.Eq(R2), func() { b.Mov(R3, i) })
			})
			b.Return(0)
		}, []string{"head b1: b1 b3 b4 b5"}},
		{"a loop in a loop", func(b *Builder) {
			b.For(4, func(i Register) {
				b.For(5, func(Register) { b.Mov(R2, i) })
			})
			b.Return(0)
		}, []string{"head b1: b1 b2 b3", "head b2: b2"}},
		{"continue is a jump back of its own", func(b *Builder) {
			n := b.Copy(0)
			b.While(func() Cond { return n.Lt(9) }, func() {
				b.Add(n, 1)
				b.If(n.Eq(R1), b.Continue)
				b.Mov(R2, n)
			})
			b.Return(0)
		}, []string{"head b1: b1 b2 b3", "head b1: b1 b2 b4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, f := before(t, test.build)
			var got []string
			for _, c := range f.cycles() {
				s := fmt.Sprintf("head b%d:", c.head.index)
				for _, b := range c.blocks {
					s += fmt.Sprintf(" b%d", b.index)
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", listing(f), diff)
			}
		})
	}
}

// TestLoopsThatMayEnd accepts what could end, also where the kernel has to find out how.
func TestLoopsThatMayEnd(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *Builder)
	}{
		{"counted", func(b *Builder) {
			b.For(4, func(Register) {})
			b.Return(0)
		}},
		{"left in its middle", func(b *Builder) {
			v := b.Copy(0)
			b.While(func() Cond { return And() }, func() {
				b.Add(v, 1)
				b.If(v.Gt(7), b.Break)
			})
			b.Return(0)
		}},
		{"bounded by the kernel", func(b *Builder) {
			b.Forever(func() {})
			b.Return(0)
		}},
		{"on what a helper returns", func(b *Builder) {
			b.While(func() Cond { return b.Call(FnGetPrandomU32).NotEq(0) }, func() {})
			b.Return(0)
		}},
		{"on what is in memory", func(b *Builder) {
			s := b.Stack("s", 8)
			b.Zero(s)
			b.While(func() Cond { return b.Load(s.U64(0)).Lt(9) }, func() { b.AtomicAdd(s.U64(0), b.Copy(1)) })
			b.Return(0)
		}},
		{"on a flag that the body clears", func(b *Builder) {
			flag := b.Copy(1)
			b.While(func() Cond { return flag.NotEq(0) }, func() { b.Mov(flag, 0) })
			b.Return(0)
		}},
		{"on what no round changes, but not before another count", func(b *Builder) {
			v := b.Load(R1.Field(XDPMdRxQueueIndex))
			n := b.Copy(0)
			b.While(func() Cond { return And() }, func() {
				b.Add(n, 1)
				b.If(n.Gt(7), func() { b.If(v.Lt(10), b.Break) })
			})
			b.Return(0)
		}},
	} {
		b := NewBuilder("test", XDP)
		test.build(b)
		if _, err := b.Program(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
