package elf_test

import (
	"encoding/binary"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/reloc"
)

// results are what programs of testdata/clang return for a packet of n bytes, as their C says, in the first run.
var results = []struct {
	source, program string
	want            func(n int) uint32
}{
	{"socket", "count_by_length", func(int) uint32 { return 0xffff }},
	{"constant", "look_up", func(n int) uint32 { return []uint32{10, 200, 3000, 40000}[n&3] }},
	{"nolicense", "keep", func(n int) uint32 { return uint32(n) }},
	{"atomic", "atomics", func(n int) uint32 { return uint32(5 + 6 + (5 + n) + 7) }},
	{"atomic", "arithmetic", func(n int) uint32 {
		table := [4]int64{-1, -20, 300, 4000}
		half := int16(int(int8(n-1)) * 77)
		if half > 0 {
			return uint32(table[n&3] >> 3)
		}
		return uint32(int32(half))
	}},
	{"data", "mix", func(n int) uint32 { return uint32((5 + 6) + (9 + 7 + 0) + n + (n&3 + 1) + 1) }},
	{"order", "first", func(n int) uint32 { return orderLeft(n) + orderRight(0) + orderLeaf(0) }},
	{"order", "second", func(n int) uint32 { return orderRight(n) + (orderDeep2(0) - 1) }},
	{"order", "alone", func(n int) uint32 { return uint32(n) }},
	{"callback", "walks", func(int) uint32 { return 0 }},
	{"tc", "set_mark", func(int) uint32 { return 0 }},
	{"tc", "only_long", func(n int) uint32 { return ^uint32(0) }},
}

// What testdata/clang/order.c computes, whose map has in each element the square of its key.
func orderLeaf(key int) uint32 {
	if key >= 8 {
		return 0
	}
	return uint32(key * key)
}
func orderShared(key int) uint32 { return orderLeaf(key+1) * 3 }
func orderDeep2(key int) uint32  { return (orderLeaf(key) + orderShared(key)) ^ 1 }
func orderRight(key int) uint32  { return orderShared(key) + orderDeep2(key) }
func orderLeft(key int) uint32   { return orderDeep2(key) - 1 + orderShared(key) }

// runnable calls f for each program of results in each way to compile it.
func runnable(t *testing.T, f func(t *testing.T, o *reloc.Object, variant, source, program string, want func(int) uint32)) {
	for _, v := range variants {
		for _, r := range results {
			if v.not[r.source] != "" {
				continue
			}
			t.Run(r.source+"."+v.name+"/"+r.program, func(t *testing.T) {
				f(t, open(t, r.source+"."+v.name+".o"), v.name, r.source, r.program, r.want)
			})
		}
	}
}

// TestReadAndSimulate runs the programs in the simulator of their byte order.
func TestReadAndSimulate(t *testing.T) {
	runnable(t, func(t *testing.T, o *reloc.Object, variant, source, program string, want func(int) uint32) {
		var order binary.ByteOrder = binary.LittleEndian
		if variant == "eb" {
			order = binary.BigEndian
		}
		for _, n := range []int{20, 21, 22, 23, 7, 64, 200} {
			symbols, _ := descriptors(o)
			opts := &vm.Options{Order: order, Descriptors: make(map[int]*vm.Map)}
			for i, spec := range o.Maps() {
				m, err := vm.NewMap(spec, &vm.MapOptions{Order: order})
				if err != nil {
					t.Fatal(err)
				}
				opts.Descriptors[1000+i] = m // as descriptors gives them
				if spec.Name == "slots" {
					for key := range uint32(8) {
						var k, v [4]byte
						order.PutUint32(k[:], key)
						order.PutUint32(v[:], key*key)
						if err := m.Update(k[:], v[:], asm.UpdateAny); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			linked, err := o.Link(symbols)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range linked {
				if p.Name() != program {
					continue
				}
				m, err := vm.New(p, opts)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.Run(&vm.SKBContext{Data: make([]byte, n)})
				if err != nil {
					t.Fatal(err)
				}
				if uint32(got) != want(n) {
					t.Errorf("%d bytes: returned %d, want %d", n, int32(got), int32(want(n)))
				}
			}
		}
	})
}
