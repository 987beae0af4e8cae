package asm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelate(t *testing.T) {
	near := func(b *Builder, p Register, off int) Register {
		a := b.Copy(p)
		b.Add(a, off)
		return a
	}
	first := []string{"b0:", "\tv0 = *(u32 *)(r1 + 0)", "\tv1 = v0", "\tv1 += 14"}
	want := func(more ...string) string { return rows(append(append([]string{}, first...), more...)...) }
	for _, tt := range []struct {
		name  string
		build func(b *Builder, p Register)
		want  string
	}{
		{"a limit from the one before", func(b *Builder, p Register) {
			near(b, p, 14)
			near(b, p, 34)
		}, want("\tv2 = v1", "\tv2 += 20", "\texit")},
		{"and the next from that", func(b *Builder, p Register) {
			near(b, p, 14)
			near(b, p, 34)
			near(b, p, 30)
		}, want("\tv2 = v1", "\tv2 += 20", "\tv3 = v2", "\tv3 += -4", "\texit")},
		{"in a block that has one way in", func(b *Builder, p Register) {
			b.JumpIf(near(b, p, 14).Gt(R2), "end")
			near(b, p, 34)
			b.Label("end")
		}, want("\tif v1 > r2 goto b2", "\tto b1", "b1:", "\tv2 = v1", "\tv2 += 20", "\tto b2", "b2:", "\texit")},
		{"not where two ways meet", func(b *Builder, p Register) {
			b.JumpIf(near(b, p, 14).Gt(R2), "meet")
			b.Mov(R3, 0)
			b.Label("meet")
			near(b, p, 34)
		}, want("\tif v1 > r2 goto b2", "\tto b1", "b1:", "\tr3 = 0", "\tto b2", "b2:", "\tv2 = v0", "\tv2 += 34", "\texit")},
		{"not behind a call", func(b *Builder, p Register) {
			near(b, p, 14)
			b.CallHelper(FnKtimeGetNS)
			near(b, p, 34)
		}, want("\tcall bpf_ktime_get_ns", "\tv2 = v0", "\tv2 += 34", "\texit")},
		{"not when the base has changed", func(b *Builder, p Register) {
			near(b, p, 14)
			b.Add(p, 1)
			near(b, p, 34)
		}, want("\tv0 += 1", "\tv2 = v0", "\tv2 += 34", "\texit")},
		{"not when the limit has changed", func(b *Builder, p Register) {
			l := near(b, p, 14)
			b.Add(l, 1)
			near(b, p, 34)
		}, want("\tv1 += 1", "\tv2 = v0", "\tv2 += 34", "\texit")},
		{"not when the distance has more than 32 bits", func(b *Builder, p Register) {
			near(b, p, 14)
			near(b, p, -1<<31)
		}, want("\tv2 = v0", "\tv2 += -2147483648", "\texit")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, f := before(t, func(b *Builder) {
				tt.build(b, b.Load(R1.U32(0)))
				b.Exit()
			})
			f.relate()
			if diff := cmp.Diff(tt.want, listing(f)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
