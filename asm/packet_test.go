package asm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestPacketText shows what access to packets costs.
func TestPacketText(t *testing.T) {
	for _, test := range []struct {
		name  string
		typ   asm.ProgramType
		calls func(b *asm.Builder)
		want  []string
	}{
		{"one comparison for several loads", asm.XDP, func(b *asm.Builder) {
			pkt := b.Packet()
			pkt.Need(14, func() { b.Return(asm.XDPDrop) })
			v := b.Load(pkt.U8(0))
			b.Add(v, b.Load(pkt.U8(13)))
			b.Return(v)
		}, []string{"r2 = *(u32 *)(r1 + 0)", "r1 = *(u32 *)(r1 + 4)", "r0 = r2", "r0 += 14", "if r0 <= r1 goto +2", "r0 = 1", "exit",
			"r0 = *(u8 *)(r2 + 0)", "r1 = *(u8 *)(r2 + 13)", "r0 += r1", "exit"}},
		{"what is skipped by a constant costs nothing", asm.XDP, func(b *asm.Builder) {
			pkt := b.Packet().Skip(14).Skip(20)
			pkt.Need(4, func() { b.Return(asm.XDPDrop) })
			b.Return(b.Load(pkt.U32(0)))
		}, []string{"r2 = *(u32 *)(r1 + 0)", "r1 = *(u32 *)(r1 + 4)", "r0 = r2", "r0 += 38", "if r0 <= r1 goto +2", "r0 = 1", "exit",
			"r0 = *(u32 *)(r2 + 34)", "exit"}},
		{"the bounds of a reuseport program have 64 bits", asm.SkReuseport, func(b *asm.Builder) {
			b.Return(b.Packet().Len())
		}, []string{"r2 = *(u64 *)(r1 + 0)", "r0 = *(u64 *)(r1 + 8)", "r0 -= r2", "exit"}},
		{"those of a socket buffer are behind other fields", asm.SchedCLS, func(b *asm.Builder) {
			b.Return(b.Packet().Len())
		}, []string{"r2 = *(u32 *)(r1 + 76)", "r0 = *(u32 *)(r1 + 80)", "r0 -= r2", "exit"}},
		{"a copy where it is not linear", asm.SchedCLS, func(b *asm.Builder) {
			o := b.Stack("o", 2)
			b.Packet().Read(o, 12, func() { b.Return(0) })
			b.Return(b.LoadBE(o.U16(0)))
		}, []string{"r3 = *(u32 *)(r1 + 76)", "r2 = *(u32 *)(r1 + 80)", "r0 = r3", "r0 += 14", "if r0 > r2 goto +5",
			"r0 = *(u16 *)(r3 + 12)", "*(u16 *)(r10 - 2) = r0",
			"r0 = *(u16 *)(r10 - 2)", "r0 = be16 r0", "exit",
			"r2 = 12", "r3 = r10", "r3 += -2", "r4 = 2", "call 26", "if r0 == 0 goto -9", "r0 = 0", "exit"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := asm.NewBuilder("test", test.typ)
			test.calls(b)
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, text(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
