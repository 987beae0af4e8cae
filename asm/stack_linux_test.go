package asm_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestZeroLeavesNothing fills an object with a pattern and clears it: no byte of the pattern is left, and none beside the
// object is cleared.
func TestZeroLeavesNothing(t *testing.T) {
	fill := func(b *asm.Builder, o *asm.StackObject) {
		for at := range o.Size() {
			b.Store(o.U8(at), 0xaa)
		}
	}
	show := func(b *asm.Builder, pkt *asm.Packet, at int, o *asm.StackObject) {
		for i := range o.Size() {
			b.Store(pkt.U8(at+i), b.Load(o.U8(i)))
		}
	}
	for size := 1; size <= 33; size++ {
		p := inKernel(t, func(b *asm.Builder) {
			pkt := b.Packet()
			pkt.Need(128, func() { b.Return(1) })
			before, o, behind := b.Stack("before", 16), b.Stack("o", size), b.Stack("behind", 1)
			fill(b, before)
			fill(b, o)
			fill(b, behind)
			b.Zero(o)
			show(b, pkt, 0, before)
			show(b, pkt, 16, o)
			show(b, pkt, 16+size, behind)
			b.Return(0)
		})
		want := bytes.Repeat([]byte{0xaa}, 16+size+1)
		clear(want[16 : 16+size])
		_, got := p.run(t, make([]byte, 128))
		if diff := cmp.Diff(want, got[:16+size+1]); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", size, diff)
		}
	}
}

// TestZeroClearsPadding is for a map's key, in which the kernel compares the padding too.
func TestZeroClearsPadding(t *testing.T) {
	key := asm.NewStruct("flow", asm.Member{Name: "proto", Size: asm.B}, asm.Member{Name: "addr", Size: asm.W, Count: 2},
		asm.Member{Name: "port", Size: asm.H})
	if key.Size() != 16 {
		t.Fatalf("%d bytes, want 16: 1, 3 of padding, 8, 2, 2 of padding", key.Size())
	}
	p := inKernel(t, func(b *asm.Builder) {
		m := b.DeclareMap(asm.MapSpec{Name: "flows", Type: asm.MapHash, Key: key, ValueSize: 4, MaxEntries: 4})
		dirt := b.Stack("dirt", 64) // what a function before has left
		for at := 0; at < dirt.Size(); at += 8 {
			b.Store(dirt.U64(at), uint64(0xaaaaaaaaaaaaaaaa))
		}
		b.CallFunc("insert")
		b.Return(b.Load(dirt.U8(0)))
		b.Function("insert", 0, func([]asm.Register) {
			k, v := b.StackStruct("key", key), b.Stack("value", 4)
			b.Zero(k)
			b.Store(k.Field("proto"), 6)
			b.Store(k.Elem("addr", 1), 0x01020304)
			b.Store(k.Field("port"), 0x0506)
			b.Store(v.U32(0), 1)
			b.Return(b.Call(asm.FnMapUpdateElem, m, k, v, asm.UpdateAny))
		})
	})
	p.run(t, numbers())
	value := make([]byte, 4)
	k := []byte{6, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 6, 5, 0, 0}
	if numbers(1)[0] == 0 { // big endian
		k = []byte{6, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0}
	}
	if err := p.mapOf(t, "flows").Lookup(k, value, 0); err != nil {
		t.Errorf("key with zeros between: %v", err)
	}
}

// TestStackObjectsAreApart stores to many objects of all sizes, and finds everything where it was put.
func TestStackObjectsAreApart(t *testing.T) {
	p := inKernel(t, func(b *asm.Builder) {
		var objects []*asm.StackObject
		for size := 1; size <= 28; size++ {
			o := b.Stack(fmt.Sprint("o", size), size)
			for at := range size {
				b.Store(o.U8(at), size)
			}
			objects = append(objects, o)
		}
		wrong := b.Copy(0)
		for i, o := range objects {
			for at := range o.Size() {
				b.If(b.Load(o.U8(at)).NotEq(i+1), func() { b.Add(wrong, 1) })
			}
		}
		b.Return(wrong)
	})
	if got, _ := p.run(t, numbers()); got != 0 {
		t.Errorf("%d bytes are not as they were stored", got)
	}
}
