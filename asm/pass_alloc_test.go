package asm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAllocate shows which machine registers values get, and which moves vanish.
func TestAllocate(t *testing.T) {
	checkStages(t, func(a *assembly, f *fn) { f.allocate(&a.next) }, []stage{
		{"a result goes where it is wanted", func(b *Builder) {
			b.Return(b.Load(R1.U32(0)))
		}, `
b0:
	r0 = *(u32 *)(r1 + 0)
	exit
`},
		{"arguments are made where the call takes them", func(b *Builder) {
			key := b.Stack("key", 4)
			b.Store(key.U32(0), 7)
			b.Call(FnMapLookupElem, Map("m"), key)
			b.Return(0)
		}, `
b0:
	*(u32 *)(key + 0) = 7
	r1 = m ll
	r2 = r10
	r2 += 0
	call bpf_map_lookup_elem
	r0 = 0
	exit
`},
		{"a result that nobody reads is not copied", func(b *Builder) {
			b.Call(FnKtimeGetNS)
			b.Return(0)
		}, `
b0:
	call bpf_ktime_get_ns
	r0 = 0
	exit
`},
		{"what is needed behind a call survives in r6", func(b *Builder) {
			v := b.Load(R1.U32(0))
			b.Call(FnKtimeGetNS)
			b.Return(v)
		}, `
b0:
	r6 = *(u32 *)(r1 + 0)
	call bpf_ktime_get_ns
	r0 = r6
	exit
`},
		{"what is not may be in any", func(b *Builder) {
			v := b.Load(R1.U32(0))
			b.Mov(R2, v)
			b.Call(FnKtimeGetNS)
			b.Return(0)
		}, `
b0:
	r2 = *(u32 *)(r1 + 0)
	call bpf_ktime_get_ns
	r0 = 0
	exit
`},
		{"a copy that both sides change is made", func(b *Builder) {
			v := b.Load(R1.U32(0))
			w := b.Copy(v)
			b.Add(v, 1)
			b.Xor(w, v)
			b.Return(w)
		}, `
b0:
	r1 = *(u32 *)(r1 + 0)
	r0 = r1
	r1 += 1
	r0 ^= r1
	exit
`},
		{"a copy of what nobody changes is not", func(b *Builder) {
			v := b.Load(R1.U32(0))
			w := b.Copy(v)
			b.Add(w, 1)
			b.Return(w)
		}, `
b0:
	r0 = *(u32 *)(r1 + 0)
	r0 += 1
	exit
`},
		{"registers of the machine keep their values", func(b *Builder) {
			b.Mov(R0, 1)
			b.Mov(R2, 2)
			v := b.Load(R1.U32(0))
			b.Add(R0, R2)
			b.Add(R0, v)
			b.Exit()
		}, `
b0:
	r0 = 1
	r2 = 2
	r1 = *(u32 *)(r1 + 0)
	r0 += r2
	r0 += r1
	exit
`},
		{"ways that meet agree on a register", func(b *Builder) {
			v := b.Virtual()
			b.If(R1.Eq(0), func() { b.Mov(v, 1) }, func() { b.Mov(v, b.Load(R1.U32(0))) })
			b.Return(v)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r0 = 1
	goto b3
b2:
	r0 = *(u32 *)(r1 + 0)
	to b3
b3:
	exit
`},
		{"arguments of a function come in r1 and r2", func(b *Builder) {
			b.Return(b.CallFunc("sum", b.Load(R1.U32(0)), 5))
			b.Function("sum", 2, func(x []Register) { b.Return(x[0]) })
		}, `
b0:
	r1 = *(u32 *)(r1 + 0)
	r2 = 5
	call sum
	exit
`},
		{"compare and exchange has its register, and what was in it another", func(b *Builder) {
			v := b.Load(R1.U64(8))
			b.Mov(R0, 1)
			b.CmpXchg(R1.U64(0), v)
			b.Add(R0, v)
			b.Exit()
		}, `
b0:
	r2 = *(u64 *)(r1 + 8)
	r0 = 1
	r0 = cmpxchg_64(r1 + 0, r0, r2)
	r0 += r2
	exit
`},
	})
}

// TestSpill shows what happens where ten registers do not suffice.
func TestSpill(t *testing.T) {
	sum := func(b *Builder, values []Register) {
		total := b.Copy(0)
		for _, v := range values {
			b.Add(total, v)
		}
		b.Return(total)
	}
	checkStages(t, func(a *assembly, f *fn) { f.allocate(&a.next) }, []stage{
		{"five values across a call: one goes to the stack", func(b *Builder) {
			var values []Register
			for i := range 5 {
				values = append(values, b.Load(R1.U32(4*i)))
			}
			b.Call(FnKtimeGetNS)
			sum(b, values)
		}, `
b0:
	r0 = *(u32 *)(r1 + 0)
	*(u64 *)(spilled register 1 + 0) = r0
	r9 = *(u32 *)(r1 + 4)
	r8 = *(u32 *)(r1 + 8)
	r7 = *(u32 *)(r1 + 12)
	r6 = *(u32 *)(r1 + 16)
	call bpf_ktime_get_ns
	r0 = 0
	r1 = *(u64 *)(spilled register 1 + 0)
	r0 += r1
	r0 += r9
	r0 += r8
	r0 += r7
	r0 += r6
	exit
`},
		{"a constant is made again", func(b *Builder) {
			values := []Register{b.Copy(1000)}
			for i := range 4 {
				values = append(values, b.Load(R1.U32(4*i)))
			}
			b.Call(FnKtimeGetNS)
			sum(b, values)
		}, `
b0:
	r9 = *(u32 *)(r1 + 0)
	r8 = *(u32 *)(r1 + 4)
	r7 = *(u32 *)(r1 + 8)
	r6 = *(u32 *)(r1 + 12)
	call bpf_ktime_get_ns
	r0 = 0
	r1 = 1000
	r0 += r1
	r0 += r9
	r0 += r8
	r0 += r7
	r0 += r6
	exit
`},
		{"what a loop uses stays in a register", func(b *Builder) {
			outside := b.Load(R1.U32(0))
			var inside []Register
			for i := range 3 {
				inside = append(inside, b.Load(R1.U32(4+4*i)))
			}
			b.For(4, func(i Register) {
				b.Call(FnKtimeGetNS)
				for k := range inside {
					b.Add(inside[k], i)
				}
			})
			sum(b, append(inside, outside))
		}, `
b0:
	r0 = *(u32 *)(r1 + 0)
	*(u64 *)(spilled register 1 + 0) = r0
	r9 = *(u32 *)(r1 + 4)
	r8 = *(u32 *)(r1 + 8)
	r7 = *(u32 *)(r1 + 12)
	r6 = 0
	to b1
b1:
	call bpf_ktime_get_ns
	r9 += r6
	r8 += r6
	r7 += r6
	r6 += 1
	if r6 < 4 goto b1
	to b2
b2:
	r0 = 0
	r0 += r9
	r0 += r8
	r0 += r7
	r1 = *(u64 *)(spilled register 1 + 0)
	r0 += r1
	exit
`},
		{"a value that is changed is stored again", func(b *Builder) {
			var values []Register
			for i := range 5 {
				values = append(values, b.Load(R1.U32(4*i)))
			}
			b.Call(FnKtimeGetNS)
			b.Add(values[0], 1)
			b.Call(FnKtimeGetNS)
			sum(b, values)
		}, `
b0:
	r8 = *(u32 *)(r1 + 0)
	r0 = *(u32 *)(r1 + 4)
	*(u64 *)(spilled register 1 + 0) = r0
	r9 = *(u32 *)(r1 + 8)
	r7 = *(u32 *)(r1 + 12)
	r6 = *(u32 *)(r1 + 16)
	call bpf_ktime_get_ns
	r8 += 1
	call bpf_ktime_get_ns
	r0 = 0
	r0 += r8
	r1 = *(u64 *)(spilled register 1 + 0)
	r0 += r1
	r0 += r9
	r0 += r7
	r0 += r6
	exit
`},
	})
}

// TestInterference names the pairs that cannot share a register.
func TestInterference(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *Builder)
		want  []string
	}{
		{"values that are needed at the same time", func(b *Builder) {
			v, w := b.Load(R1.U32(0)), b.Load(R1.U32(4))
			b.Add(v, w)
			b.Return(v)
		}, []string{"v0: r1 v1", "v1: v0"}},
		{"values one after the other", func(b *Builder) {
			b.Mov(R2, b.Load(R1.U32(0)))
			b.Return(b.Load(R1.U32(4)))
		}, []string{"v0: r1", "v1: "}},
		{"a copy and what it is of", func(b *Builder) {
			v := b.Load(R1.U32(0))
			w := b.Copy(v)
			b.Add(w, v)
			b.Return(w)
		}, []string{"v0: ", "v1: "}},
		{"a value across a call and all that the call writes", func(b *Builder) {
			v := b.Load(R1.U32(0))
			b.Call(FnKtimeGetNS)
			b.Return(v)
		}, []string{"v0: r0 r1 r2 r3 r4 r5 v1", "v1: v0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, f := before(t, test.build)
			g := f.interference(dense(a.next))
			var got []string
			for v := int(R10) + 1; v < g.n; v++ {
				var with []string
				g.edges[v].each(func(o int) { with = append(with, sparse(o).String()) })
				got = append(got, fmt.Sprintf("%v: %s", sparse(v), strings.Join(with, " ")))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAllocationOfManyValues builds programs of more and more values that live at the same time. All of them get a place.
func TestAllocationOfManyValues(t *testing.T) {
	for n := range 60 {
		a, f := before(t, func(b *Builder) {
			var values []Register
			for i := range n {
				values = append(values, b.Load(R1.U32(i)))
			}
			b.Call(FnKtimeGetNS)
			total := b.Copy(0)
			for _, v := range values {
				b.Add(total, v)
			}
			b.Return(total)
		})
		f.allocate(&a.next)
		for _, b := range f.blocks {
			for _, i := range b.insts {
				r := i.registers()
				for _, x := range append(r.uses[:r.nuses:r.nuses], r.defs[:r.ndefs]...) {
					if x > R10 {
						t.Fatalf("%d values: %s still has %v", n, i.text(), x)
					}
				}
			}
		}
		if want := max(0, n-4); f.frame.spilled != want {
			t.Errorf("%d values: %d spilled, want %d: four survive in r6 to r9", n, f.frame.spilled, want)
		}
	}
}
