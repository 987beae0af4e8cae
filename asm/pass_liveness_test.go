package asm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLiveness names the registers that hold a value still needed where each block begins and ends.
func TestLiveness(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *Builder)
		want  []string // by block: in -> out
	}{
		{"what is read before it is written comes in", func(b *Builder) {
			b.Mov(R3, R1)
			b.Add(R3, R2)
			b.Mov(R0, R3)
			b.Exit()
		}, []string{"r1 r2 -> "}},
		{"what one way reads is live before the ways part", func(b *Builder) {
			b.Mov(R6, 1)
			b.If(R1.Eq(0), func() { b.Return(R6) })
			b.Return(2)
		}, []string{"r1 -> r6", "r6 -> ", " -> "}},
		{"what both ways write is not", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Mov(R0, 1) }, func() { b.Mov(R0, 2) })
			b.Exit()
		}, []string{"r1 -> ", " -> r0", " -> r0", "r0 -> "}},
		{"a loop keeps what its next round reads", func(b *Builder) {
			sum := b.Copy(0)
			b.For(4, func(i Register) { b.Add(sum, i) })
			b.Return(sum)
		}, []string{" -> v0 v1", "v0 v1 -> v0 v1", "v0 -> "}},
		{"a call takes its arguments and nothing else", func(b *Builder) {
			b.Mov(R3, 3)
			b.Call(FnMapLookupElem, Map("m"), R2)
			b.Exit()
		}, []string{"r2 -> "}},
		{"a call of a function with two arguments takes two", func(b *Builder) {
			b.Jump("call")
			b.Label("call")
			b.CallSubprogram("f")
			b.Exit()
			b.Function("f", 2, func([]Register) { b.Return(0) })
		}, []string{"r1 r2 -> r1 r2", "r1 r2 -> "}},
		{"a call of an unknown function may take five", func(b *Builder) {
			b.Jump("call")
			b.Label("call")
			b.CallSubprogram("elsewhere")
			b.Exit()
		}, []string{"r1 r2 r3 r4 r5 -> r1 r2 r3 r4 r5", "r1 r2 r3 r4 r5 -> "}},
		{"compare and exchange reads r0", func(b *Builder) {
			b.CmpXchg(R1.U64(0), R2)
			b.Exit()
		}, []string{"r0 r1 r2 -> "}},
		{"an exchange writes the register it stores", func(b *Builder) {
			b.Jump("x")
			b.Label("x")
			b.Xchg(R1.U64(0), R2)
			b.Return(R2)
		}, []string{"r1 r2 -> r1 r2", "r1 r2 -> "}},
		{"packet loads read r6", func(b *Builder) {
			b.LdInd(W, R7, 4)
			b.Exit()
		}, []string{"r6 r7 -> "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, f := before(t, test.build)
			l := f.live(dense(a.next))
			set := func(s bitset) string {
				var names []string
				s.each(func(r int) { names = append(names, sparse(r).String()) })
				return strings.Join(names, " ")
			}
			var got []string
			for i := range f.blocks {
				got = append(got, fmt.Sprintf("%s -> %s", set(l.in[i]), set(l.out[i])))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestBackward goes over a block from its end with what is live behind each instruction.
func TestBackward(t *testing.T) {
	a, f := before(t, func(b *Builder) {
		b.Mov(R2, R1)
		b.Add(R2, 1)
		b.Mov(R0, R2)
		b.Exit()
	})
	var got []string
	f.live(dense(a.next)).backward(f.blocks[0], func(i int, live bitset) {
		var names []string
		live.each(func(r int) { names = append(names, sparse(r).String()) })
		got = append(got, fmt.Sprint(f.blocks[0].insts[i].text(), " | ", strings.Join(names, " ")))
	})
	want := []string{"exit | ", "r0 = r2 | r0", "r2 += 1 | r2", "r2 = r1 | r2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
