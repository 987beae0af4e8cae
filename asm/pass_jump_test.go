package asm

import "testing"

// TestThread shows jumps that lead nowhere else than to other jumps.
func TestThread(t *testing.T) {
	checkStages(t, func(_ *assembly, f *fn) { f.thread() }, []stage{
		{"a jump to a jump leads where that one does", func(b *Builder) {
			b.JumpIf(R1.Eq(0), "a")
			b.Return(1)
			b.Label("a")
			b.Jump("b")
			b.Label("c")
			b.Return(2)
			b.Label("b")
			b.Jump("c")
		}, `
b0:
	if r1 == 0 goto b2
	to b1
b1:
	r0 = 1
	exit
b2:
	r0 = 2
	exit
`},
		{"a jump over a jump is turned round", func(b *Builder) {
			b.JumpIf(R1.Eq(0), "over")
			b.Jump("away")
			b.Label("over")
			b.Mov(R2, 1)
			b.Label("away")
			b.Return(R2)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r2 = 1
	to b2
b2:
	r0 = r2
	exit
`},
		{"also a signed and a 32-bit one", func(b *Builder) {
			b.JumpIf(R1.SGt32(5), "over")
			b.Jump("away")
			b.Label("over")
			b.Mov(R2, 1)
			b.Label("away")
			b.Return(R2)
		}, `
b0:
	if w1 s<= 5 goto b2
	to b1
b1:
	r2 = 1
	to b2
b2:
	r0 = r2
	exit
`},
		{"but not a test of bits, which has no opposite", func(b *Builder) {
			b.JumpIf(R1.HasBits(6), "over")
			b.Jump("away")
			b.Label("over")
			b.Mov(R2, 1)
			b.Label("away")
			b.Return(R2)
		}, `
b0:
	if r1 & 6 goto b1
	to b2
b1:
	r2 = 1
	to b2
b2:
	r0 = r2
	exit
`},
		{"a condition that makes no difference vanishes", func(b *Builder) {
			b.If(R1.Eq(0), func() {}, func() {})
			b.Return(1)
		}, `
b0:
	to b1
b1:
	r0 = 1
	exit
`},
		{"may_goto stays, for it counts", func(b *Builder) {
			b.MayGoto("next")
			b.Label("next")
			b.Return(1)
		}, `
b0:
	may_goto b1
	to b1
b1:
	r0 = 1
	exit
`},
		{"a loop of nothing but jumps has no end", func(b *Builder) {
			b.JumpIf(R1.Eq(0), "a")
			b.Return(1)
			b.Label("a")
			b.Jump("b")
			b.Label("b")
			b.Jump("a")
		}, `
b0:
	if r1 == 0 goto b2
	to b1
b1:
	r0 = 1
	exit
b2:
	to b3
b3:
	to b2
`},
	})
}

// TestMerge shows what is written once although the author said it twice.
func TestMerge(t *testing.T) {
	checkStages(t, func(_ *assembly, f *fn) {
		f.thread()
		f.merge()
	}, []stage{
		{"blocks that are the same", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Return(1) })
			b.If(R2.Eq(0), func() { b.Return(1) })
			b.Return(2)
		}, `
b0:
	if r1 == 0 goto b3
	to b1
b1:
	if r2 == 0 goto b3
	to b2
b2:
	r0 = 2
	exit
b3:
	r0 = 1
	exit
`},
		{"ends that are the same", func(b *Builder) {
			b.If(R1.Eq(0), func() {
				b.Mov(R2, 7)
				b.Add(R3, R2)
				b.Return(R3)
			})
			b.Mov(R2, 8)
			b.Add(R3, R2)
			b.Return(R3)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r2 = 7
	to b3
b2:
	r2 = 8
	to b3
b3:
	r3 += r2
	r0 = r3
	exit
`},
		{"a goto is no shorter than exit alone", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Return(1) })
			b.Return(2)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r0 = 1
	exit
b2:
	r0 = 2
	exit
`},
		{"blocks that go on to different places are not the same", func(b *Builder) {
			b.If(R1.Eq(0), func() { b.Mov(R2, 7) }, func() {
				b.If(R1.Eq(1), func() { b.Mov(R2, 7) })
				b.Add(R2, 1)
			})
			b.Return(R2)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r2 = 7
	to b5
b2:
	if r1 != 1 goto b4
	to b3
b3:
	r2 = 7
	to b4
b4:
	r2 += 1
	to b5
b5:
	r0 = r2
	exit
`},
		{"loads of different maps are not the same", func(b *Builder) {
			b.If(R1.Eq(0), func() {
				b.LdMap(R2, "one")
				b.Return(0)
			})
			b.LdMap(R2, "two")
			b.Return(0)
		}, `
b0:
	if r1 != 0 goto b2
	to b1
b1:
	r2 = one ll
	to b3
b2:
	r2 = two ll
	to b3
b3:
	r0 = 0
	exit
`},
	})
}
