//go:build linux

package loader

import (
	"encoding/binary"
	"testing"
	"time"
	"slices"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

func BenchmarkZZ(b *testing.B) {
	for _, n := range []int{1, 50, 500} {
	bl := asm.NewBuilder("bare", asm.SocketFilter)
	for range n { bl.Mov(asm.R0, 0) }
	bl.Exit()
	p, _ := bl.Program()
	insns := p.AppendTo(nil, binary.NativeEndian)
	mk := func() *sys.ProgLoadAttr {
		return &sys.ProgLoadAttr{ProgType: uint32(p.Type()), InsnCnt: uint32(p.Slots()), Insns: sys.BytesPointer(insns), License: sys.StringPointer("GPL")}
	}
	var tb, tl, te, tbtf []time.Duration
	for range 400 {
		t0 := time.Now()
		fd, err := sys.ProgLoad(mk())
		if err != nil { b.Fatal(err) }
		fd.Close()
		t1 := time.Now()
		d, err := newDebugInfo(p)
		if err != nil { b.Fatal(err) }
		t2 := time.Now()
		a := mk()
		bfd, err := d.attach(a)
		if err != nil { b.Fatal(err) }
		t3 := time.Now()
		fd, err = sys.ProgLoad(a)
		if err != nil { b.Fatal(err) }
		fd.Close(); bfd.Close()
		t4 := time.Now()
		tb = append(tb, t1.Sub(t0)); te = append(te, t2.Sub(t1)); tbtf = append(tbtf, t3.Sub(t2)); tl = append(tl, t4.Sub(t3))
	}
	m := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }
	b.Log(n, "bare", m(tb), "encode", m(te), "btf", m(tbtf), "load", m(tl))
	}
}
