package asm

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// Programs that random ones led to, each as small as what was wrong.

// acceptsAndRuns builds a program and compares it with what was written.
func acceptsAndRuns(t *testing.T, b *Builder) *Program {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 8 {
		if diff := compareInterpreted(b, p, randomPacket(r), r.Uint64()); diff != "" {
			t.Fatalf("%s\n%s\n%v", diff, b.dumped(), p)
		}
	}
	return p
}

// Behind an If whose branches both return there is nothing, so that no goto belongs there.
func TestIfThatReturnsInsideIf(t *testing.T) {
	b := NewBuilder("nested", SchedCLS)
	v := b.Load(b.Context().Field(SkBuffLen))
	b.If(v.Gt(50), func() {
		b.If(v.HasBits(1), func() { b.Return(1) }, func() { b.Return(2) })
	}, func() {
		b.Add(v, 7)
	})
	b.Return(v)
	acceptsAndRuns(t, b)
}

// Spilled values that are not needed at the same time share their places: three times 30 of them fit into a frame.
func TestSpilledValuesShareSlots(t *testing.T) {
	b := NewBuilder("shared", SchedCLS)
	length := b.Load(b.Context().Field(SkBuffLen))
	sum := b.Copy(0)
	for range 3 {
		var many []Register
		for i := range 30 {
			v := b.Copy(length)
			b.Mul(v, i+3)
			many = append(many, v)
		}
		b.Call(FnKtimeGetNS)
		for _, v := range many {
			b.Mul(sum, 31)
			b.Add(sum, v)
		}
	}
	b.Return(sum)
	p := acceptsAndRuns(t, b)
	deepest := 0
	for _, i := range p.All() {
		if kinds[i.Op] == kindStx {
			deepest = max(deepest, -int(i.Off))
		}
	}
	// 30 values and the two that outlive them are needed at once; four of them have r6 to r9.
	if deepest == 0 || deepest > 32*8 {
		t.Errorf("the program uses %d bytes of its frame", deepest)
	}
}

// Frames of functions that call each other have 512 bytes together.
func TestFramesOfCallChain(t *testing.T) {
	build := func(main, callee int) error {
		b := NewBuilder("chain", SchedCLS)
		use := func(size int) {
			o := b.Stack("room", size)
			b.Store(o.U64(0), 1)
		}
		use(main)
		r := b.CallFunc("middle")
		b.Return(r)
		b.Function("middle", 0, func([]Register) { b.Return(b.CallFunc("last")) })
		b.Function("last", 0, func([]Register) {
			use(callee)
			b.Return(0)
		})
		_, err := b.Program()
		return err
	}
	if err := build(256, 256); err != nil {
		t.Error(err)
	}
	err := build(264, 248) // 272 and 256, as the kernel counts
	if !errors.Is(err, ErrStack) || !strings.Contains(err.Error(), "these need 528: chain 272, middle 0, last 256; move") {
		t.Error(err)
	}
}
