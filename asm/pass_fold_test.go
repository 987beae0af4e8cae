package asm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// before returns the main function as the passes get it.
func before(t *testing.T, build func(b *Builder)) (*assembly, *fn) {
	t.Helper()
	b := NewBuilder("prog", XDP)
	build(b)
	a := &assembly{b: b, next: max(b.next, firstVirtual)}
	a.ends()
	a.link()
	if len(a.errs) > 0 || len(b.errs) > 0 {
		t.Fatal(a.errs, b.errs)
	}
	return a, a.functions()[0]
}

// listing is the function with its blocks' edges, one instruction per line.
func listing(f *fn) string {
	f.number()
	var s strings.Builder
	for _, b := range f.blocks {
		fmt.Fprintf(&s, "b%d:\n", b.index)
		for _, in := range b.insts {
			if in.to != nil {
				in.target = fmt.Sprintf("b%d", in.to.index)
			}
			fmt.Fprintf(&s, "\t%s\n", in.text())
		}
		if b.next != nil {
			fmt.Fprintf(&s, "\tto b%d\n", b.next.index)
		}
	}
	return s.String()
}

func rows(s ...string) string { return strings.Join(s, "\n") + "\n" }

func TestFold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		build func(b *Builder, p Register)
		want  string
	}{
		{"the constant goes into every offset", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Ldx(R0, a.U8(1))
			b.St(a.U16(-2), 5)
			b.Stx(a.U32(4), R0)
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tr0 = *(u8 *)(v1 + 9)", "\t*(u16 *)(v1 + 6) = 5", "\t*(u32 *)(v1 + 12) = r0", "\texit")},
		{"what moves on goes on from there", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Add(a, 5)
			b.Ldx(R0, a.U8(1))
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 5", "\tr0 = *(u8 *)(v1 + 9)", "\texit")},
		{"not when the address is compared", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Ldx(R0, a.U8(1))
			b.JumpIf(a.Gt(p), "end")
			b.Label("end")
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 8", "\tr0 = *(u8 *)(v1 + 1)", "\tif v1 > v0 goto b1", "\tto b1", "b1:", "\texit")},
		{"not when the address is stored", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Stx(a.U64(0), a)
			b.Mov(R0, 0)
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 8", "\t*(u64 *)(v1 + 0) = v1", "\tr0 = 0", "\texit")},
		{"not when the address has another value too", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Ldx(a, p.U64(0))
			b.Ldx(R0, a.U8(1))
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 8", "\tv1 = *(u64 *)(v0 + 0)", "\tr0 = *(u8 *)(v1 + 1)", "\texit")},
		{"not when an offset would not fit", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Ldx(R0, a.U8(32760))
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 8", "\tr0 = *(u8 *)(v1 + 32760)", "\texit")},
		{"the largest offset", func(b *Builder, p Register) {
			a := b.Copy(p)
			b.Add(a, 8)
			b.Ldx(R0, a.U8(32759))
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tr0 = *(u8 *)(v1 + 32767)", "\texit")},
		{"not the address of a stack object", func(b *Builder, p Register) {
			b.Ldx(R0, b.Addr(b.Stack("key", 8)).U8(1))
		}, rows("b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = r10", "\tv1 += 0", "\tr0 = *(u8 *)(v1 + 1)", "\texit")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, f := before(t, func(b *Builder) {
				tt.build(b, b.Load(R1.U32(0)))
				b.Exit()
			})
			f.fold(dense(a.next))
			if diff := cmp.Diff(tt.want, listing(f)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
