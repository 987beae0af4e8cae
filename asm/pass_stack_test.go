package asm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlaceStack shows where in the frame stack objects go: what needs more alignment goes first, below r10.
func TestPlaceStack(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *Builder)
		want  []string
	}{
		{"one object of 8 bytes", func(b *Builder) {
			b.Store(b.Stack("a", 8).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 8) = 1"}},
		{"a part of an object", func(b *Builder) {
			b.Store(b.Stack("a", 16).U32(12), 1)
			b.Return(0)
		}, []string{"*(u32 *)(r10 - 4) = 1"}},
		{"small objects behind large ones, without holes", func(b *Builder) {
			b.Store(b.Stack("byte", 1).U8(0), 1)
			b.Store(b.Stack("half", 2).U16(0), 2)
			b.Store(b.Stack("word", 4).U32(0), 4)
			b.Store(b.Stack("long", 8).U64(0), 8)
			b.Return(0)
		}, []string{"*(u8 *)(r10 - 15) = 1", "*(u16 *)(r10 - 14) = 2", "*(u32 *)(r10 - 12) = 4", "*(u64 *)(r10 - 8) = 8"}},
		{"a size that is no multiple of its alignment", func(b *Builder) {
			b.Store(b.Stack("six", 6).U16(4), 6)
			b.Store(b.Stack("eleven", 11).U8(10), 11)
			b.Return(0)
		}, []string{"*(u16 *)(r10 - 20) = 6", "*(u8 *)(r10 - 6) = 11"}},
		{"an address", func(b *Builder) {
			s := b.Stack("s", 12)
			b.Addr(s.U32(4))
			b.Return(0)
		}, []string{"v0 += -12"}},
		{"an object that nobody uses takes no room", func(b *Builder) {
			b.Stack("unused", 400)
			b.Store(b.Stack("a", 400).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 400) = 1"}},
		{"what the author addresses himself stays his", func(b *Builder) {
			b.Stx(FP.U64(-8), R1)
			b.St(FP.U8(-17), 1)
			b.Store(b.Stack("a", 8).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 32) = 1"}},
		{"also where he only takes the address", func(b *Builder) {
			b.Mov(R2, FP)
			b.Add(R2, -16)
			b.Store(b.Stack("a", 8).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 24) = 1"}},
		{"or stores through it", func(b *Builder) {
			p := b.Copy(FP)
			b.Store(p.U64(-24), 1)
			b.Store(b.Stack("a", 8).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 32) = 1"}},
		{"all 512 bytes", func(b *Builder) {
			b.Store(b.Stack("a", 500).U64(0), 1)
			b.Store(b.Stack("b", 8).U64(0), 1)
			b.Return(0)
		}, []string{"*(u64 *)(r10 - 504) = 1", "*(u64 *)(r10 - 512) = 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, f := before(t, test.build)
			f.placeStack(func(_ origin, err error) { t.Error(err) })
			var got []string
			for _, i := range f.blocks[0].insts {
				if i.object != nil {
					n := i.node
					n.object = nil
					got = append(got, n.text())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
