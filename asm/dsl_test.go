package asm_test

import (
	"os"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func TestDSLSmoke(t *testing.T) {
	b := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
	if os.Getenv("DUMP") != "" {
		b.Dump(os.Stderr)
	}
	ctx := b.Context()
	head := b.Stack("head", 8)
	key := b.Stack("key", 8)
	b.If(b.Call(asm.FnSKBLoadBytes, ctx, 8, head, 7).NotEq(0), func() { b.Return(asm.SkPass) })
	first := b.Load(head.U8(0))
	b.If(first.HasBits(0x80), func() {
		b.If(b.Load(head.U8(5)).NotEq(20), func() { b.Return(asm.SkPass) })
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 14, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
	}, func() {
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 9, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
	})
	b.Call(asm.FnSkSelectReuseport, ctx, asm.Map("workers"), key, 0)
	b.Return(asm.SkPass)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slots\n%v", p.Slots(), p)

	b = asm.NewBuilder("pressure", asm.XDP)
	ctx = b.Context()
	var vs []asm.Register
	for i := range 12 {
		vs = append(vs, b.Copy(i+1000))
		b.Mul(vs[i], 3)
	}
	b.Call(asm.FnKtimeGetNS)
	sum := b.Copy(0)
	b.For(4, func(i asm.Register) {
		for _, v := range vs {
			b.Add(sum, v)
		}
		b.If(asm.And(i.Gt(2), asm.Or(sum.Eq(7), sum.HasBits(8))), func() { b.Break() })
	})
	b.Return(sum)
	p, err = b.Program()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slots\n%v", p.Slots(), p)

	b = asm.NewBuilder("wrong", asm.XDP)
	v := b.Virtual()
	b.Add(v, 1)
	val := b.Call(asm.FnMapLookupElem, asm.Map("m"), b.Stack("k", 4))
	b.Load(val.U32(0))
	b.Load(b.Context().U64(3))
	b.Mov(v, asm.R1)
	b.If(v.Eq(0), func() { b.Return(1) })
	b.Return(0)
	_, err = b.Program()
	t.Log(err)
}

func TestDSLMore(t *testing.T) {
	b := asm.NewBuilder("count", asm.XDP)
	stats := asm.NewCounters("stats", "tcp", "udp", "other")
	pkt := b.Packet()
	pkt.Need(34, func() { b.Return(asm.XDPPass) })
	b.If(b.LoadBE(pkt.U16(12)).NotEq(0x0800), func() { b.Return(asm.XDPPass) })
	proto := b.Load(pkt.U8(23))
	b.Switch(proto, []asm.Case{
		asm.When(func() { b.Count(stats, "tcp", 1) }, 6),
		asm.When(func() { b.Count(stats, "udp", 1) }, 17),
	}, func() { b.Count(stats, "other", 1) })
	b.Printk("proto %d\n", proto)
	b.Return(asm.XDPPass)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slots\n%v%+v", p.Slots(), p, p.Maps())
}

func BenchmarkBuildDCID(b0 *testing.B) {
	for b0.Loop() {
		b := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
		ctx := b.Context()
		head := b.Stack("head", 8)
		key := b.Stack("key", 8)
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 8, head, 7).NotEq(0), func() { b.Return(asm.SkPass) })
		first := b.Load(head.U8(0))
		b.If(first.HasBits(0x80), func() {
			b.If(b.Load(head.U8(5)).NotEq(20), func() { b.Return(asm.SkPass) })
			b.If(b.Call(asm.FnSKBLoadBytes, ctx, 14, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
		}, func() {
			b.If(b.Call(asm.FnSKBLoadBytes, ctx, 9, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
		})
		b.Call(asm.FnSkSelectReuseport, ctx, asm.Map("workers"), key, 0)
		b.Return(asm.SkPass)
		if _, err := b.Program(); err != nil {
			b0.Fatal(err)
		}
	}
}

func BenchmarkAllocate4096(b0 *testing.B) {
	for b0.Loop() {
		b := asm.NewBuilder("big", asm.XDP)
		pkt := b.Packet()
		pkt.Need(128, func() { b.Return(asm.XDPPass) })
		sum := b.Copy(0)
		for i := range 680 {
			v := b.Load(pkt.U8(i % 128))
			w := b.Load(pkt.U8((i + 1) % 128))
			b.If(v.Gt(w), func() { b.Add(sum, v) }, func() { b.Xor(sum, w) })
			b.Add(sum, 1)
		}
		b.Return(sum)
		p, err := b.Program()
		if err != nil {
			b0.Fatal(err)
		}
		if p.Slots() < 4096 {
			b0.Fatal(p.Slots())
		}
	}
}
