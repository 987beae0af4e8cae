package asm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// programText is the assembled program, one instruction per line, without labels.
func programText(t *testing.T, build func(b *Builder)) string {
	t.Helper()
	b := NewBuilder("prog", XDP)
	build(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, ins := range p.All() {
		fmt.Fprintln(&s, ins)
	}
	return s.String()
}

// TestLayout shows where blocks go, which ways fall through, and what is not written twice.
func TestLayout(t *testing.T) {
	for _, tt := range []struct {
		name  string
		build func(b *Builder)
		want  string
	}{
		{"a loop that breaks in its middle needs no goto", func(b *Builder) {
			b.Mov(R2, 0)
			b.For(4, func(i Register) {
				b.If(R2.Eq(7), b.Break)
				b.Add(R2, 3)
			})
			b.Return(R2)
		}, rows("r2 = 0", "r0 = 0", "if r2 == 7 goto +3", "r2 += 3", "r0 += 1", "if r0 < 4 goto -4", "r0 = r2", "exit")},
		{"the end of a loop goes back, what follows falls through", func(b *Builder) {
			b.Mov(R2, 0)
			drop := func() { b.Return(XDPDrop) }
			b.For(4, func(i Register) {
				b.If(R2.Eq(7), drop)
				b.If(R2.Eq(8), func() { b.Return(XDPPass) })
				b.Add(R2, 3)
			})
			drop()
		}, rows("r2 = 0", "r0 = 0", "if r2 == 7 goto +6", "if r2 != 8 goto +2", "r0 = 2", "exit",
			"r2 += 3", "r0 += 1", "if r0 < 4 goto -7", "r0 = 1", "exit")},
		{"an end stands behind the bit test that falls through to it", func(b *Builder) {
			drop := func() { b.Return(XDPDrop) }
			flags := b.Load(R1.Field(XDPMdRxQueueIndex))
			b.If(flags.Eq(0), drop)
			b.If(Not(flags.HasBits(6)), drop)
			b.If(flags.Eq(2), drop)
			b.Return(XDPPass)
		}, rows("r0 = *(u32 *)(r1 + 16)", "if r0 == 0 goto +1", "if r0 & 6 goto +2", "r0 = 1", "exit", "if r0 == 2 goto -3", "r0 = 2", "exit")},
		{"the top bit of a byte is a comparison where that saves a goto", func(b *Builder) {
			first := b.Load(FP.U8(-1))
			b.Mov(R2, 0)
			b.If(first.HasBits(0x80), func() { b.Add(R2, 1) })
			b.Return(R2)
		}, rows("r0 = *(u8 *)(r10 - 1)", "r2 = 0", "if r0 <= 127 goto +1", "r2 += 1", "r0 = r2", "exit")},
		{"and of a halfword", func(b *Builder) {
			first := b.Load(FP.U16(-2))
			b.Mov(R2, 0)
			b.If(first.HasBits(0x8000), func() { b.Add(R2, 1) })
			b.Return(R2)
		}, rows("r0 = *(u16 *)(r10 - 2)", "r2 = 0", "if r0 <= 32767 goto +1", "r2 += 1", "r0 = r2", "exit")},
		{"but not of what is wider than the bit", func(b *Builder) {
			first := b.Load(FP.U16(-2))
			b.Mov(R2, 0)
			b.If(first.HasBits(0x80), func() { b.Add(R2, 1) })
			b.Return(R2)
		}, rows("r0 = *(u16 *)(r10 - 2)", "r2 = 0", "if r0 & 128 goto +1", "goto +1", "r2 += 1", "r0 = r2", "exit")},
		{"nor of what has changed since", func(b *Builder) {
			first := b.Load(FP.U8(-1))
			b.Add(first, 200)
			b.Mov(R2, 0)
			b.If(first.HasBits(0x80), func() { b.Add(R2, 1) })
			b.Return(R2)
		}, rows("r0 = *(u8 *)(r10 - 1)", "r0 += 200", "r2 = 0", "if r0 & 128 goto +1", "goto +1", "r2 += 1", "r0 = r2", "exit")},
		{"the common end of two ways that meet stands there once", func(b *Builder) {
			b.Mov(R2, 0)
			b.If(R1.Eq(0), func() {
				b.Lsh(R2, 3)
				b.Add(R2, 8)
			}, func() {
				b.Lsh(R2, 2)
				b.Add(R2, 8)
			})
			b.Return(R2)
		}, rows("r2 = 0", "if r1 != 0 goto +4", "r2 <<= 3", "r2 += 8", "r0 = r2", "exit", "r2 <<= 2", "goto -5")},
		{"but not a load through pointers that each way has made", func(b *Builder) {
			at := XDPMdRxQueueIndex.Offset()
			b.Ldx(R2, R1.U32(at))
			b.Mov(R3, R1)
			b.If(R2.Eq(0), func() {
				b.Mov(R3, b.Addr(b.BSS("variable", 32)))
				b.Ldx(R2, R3.U32(at))
			}, func() {
				b.Add(R2, 1)
				b.Ldx(R2, R3.U32(at))
			})
			b.Return(R2)
		}, rows("r2 = *(u32 *)(r1 + 16)", "r3 = r1", "if r2 != 0 goto +4", "ld_pseudo r3, 2, 0",
			"r2 = *(u32 *)(r3 + 16)", "goto +2", "r2 += 1", "r2 = *(u32 *)(r3 + 16)", "r0 = r2", "exit")},
		{"nor a lookup whose map each way has named", func(b *Builder) {
			key := b.Stack("key", 4)
			b.Store(key.U32(0), 0)
			value := b.Virtual()
			b.If(R1.Eq(0), func() { b.Mov(value, b.Call(FnMapLookupElem, Map("first"), key)) }, func() {
				b.Mov(value, b.Call(FnMapLookupElem, Map("second"), key))
			})
			b.Return(value)
		}, rows("*(u32 *)(r10 - 4) = 0", "if r1 != 0 goto +6", "ld_pseudo r1, 1, 0", "r2 = r10", "r2 += -4", "call 1", "goto +5",
			"ld_pseudo r1, 1, 0", "r2 = r10", "r2 += -4", "call 1", "exit")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, programText(t, tt.build)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
