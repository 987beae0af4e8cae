package asm_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// TestConditions goes through the truth tables of conditions: every combination of what they combine.
func TestConditions(t *testing.T) {
	and, or, not := asm.And, asm.Or, asm.Not
	type c = asm.Cond
	for _, test := range []struct {
		name string
		cond func(w, x, y, z c) c
		want func(w, x, y, z bool) bool
	}{
		{"w", func(w, x, y, z c) c { return w }, func(w, x, y, z bool) bool { return w }},
		{"!w", func(w, x, y, z c) c { return not(w) }, func(w, x, y, z bool) bool { return !w }},
		{"!!w", func(w, x, y, z c) c { return not(not(w)) }, func(w, x, y, z bool) bool { return w }},
		{"w && x", func(w, x, y, z c) c { return and(w, x) }, func(w, x, y, z bool) bool { return w && x }},
		{"w || x", func(w, x, y, z c) c { return or(w, x) }, func(w, x, y, z bool) bool { return w || x }},
		{"!(w && x)", func(w, x, y, z c) c { return not(and(w, x)) }, func(w, x, y, z bool) bool { return !(w && x) }},
		{"!(w || x)", func(w, x, y, z c) c { return not(or(w, x)) }, func(w, x, y, z bool) bool { return !(w || x) }},
		{"w && x && y && z", func(w, x, y, z c) c { return and(w, x, y, z) }, func(w, x, y, z bool) bool { return w && x && y && z }},
		{"w || x || y || z", func(w, x, y, z c) c { return or(w, x, y, z) }, func(w, x, y, z bool) bool { return w || x || y || z }},
		{"w && x || y && z", func(w, x, y, z c) c { return or(and(w, x), and(y, z)) }, func(w, x, y, z bool) bool { return w && x || y && z }},
		{"(w || x) && (y || z)", func(w, x, y, z c) c { return and(or(w, x), or(y, z)) }, func(w, x, y, z bool) bool { return (w || x) && (y || z) }},
		{"!(w && x) || !(y || !z)", func(w, x, y, z c) c { return or(not(and(w, x)), not(or(y, not(z)))) },
			func(w, x, y, z bool) bool { return !(w && x) || !(y || !z) }},
		{"w && (x || !(y && z))", func(w, x, y, z c) c { return and(w, or(x, not(and(y, z)))) },
			func(w, x, y, z bool) bool { return w && (x || !(y && z)) }},
		{"w || x && (w || !y) && z", func(w, x, y, z c) c { return or(w, and(x, or(w, not(y)), z)) },
			func(w, x, y, z bool) bool { return w || x && (w || !y) && z }},
		{"all of one, one of one", func(w, x, y, z c) c { return and(or(w)) }, func(w, x, y, z bool) bool { return w }},
	} {
		t.Run(test.name, func(t *testing.T) {
			condition := func(b *asm.Builder) c {
				v := input(b, 4)
				return test.cond(v[0].NotEq(0), v[1].Eq(1), v[2].HasBits(1), v[3].Gt(0))
			}
			// The same condition in each of the places that take one; all must agree.
			places := []*loaded{
				inKernel(t, func(b *asm.Builder) {
					b.If(condition(b), func() { b.Return(1) })
					b.Return(0)
				}),
				inKernel(t, func(b *asm.Builder) {
					b.If(condition(b), func() { b.Mov(asm.R0, 1) }, func() { b.Mov(asm.R0, 0) })
					b.Exit()
				}),
				inKernel(t, func(b *asm.Builder) {
					b.If(not(condition(b)), func() { b.Return(0) }, func() { b.Return(1) })
				}),
				inKernel(t, func(b *asm.Builder) {
					c := condition(b)
					n := b.Copy(0)
					b.While(func() asm.Cond { return and(c, n.Lt(3)) }, func() { b.Add(n, 1) })
					b.If(n.Eq(3), func() { b.Return(1) })
					b.Return(n)
				}),
				inKernel(t, func(b *asm.Builder) {
					b.JumpIf(condition(b), "holds")
					b.Return(0)
					b.Label("holds")
					b.Return(1)
				}),
			}
			for bits := range uint64(16) {
				w, x, y, z := bits&1, bits>>1&1, bits>>2&1, bits>>3
				want := uint32(0)
				if test.want(w == 1, x == 1, y == 1, z == 1) {
					want = 1
				}
				for i, place := range places {
					if got, _ := place.run(t, numbers(w, x, y, z)); got != want {
						t.Errorf("w=%d x=%d y=%d z=%d: %d in place %d, want %d", w, x, y, z, got, i, want)
					}
				}
			}
		})
	}
}

// TestComparisons compares with registers and with constants, turned round and not.
func TestComparisons(t *testing.T) {
	values := []uint64{0, 1, 2, 127, 128, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}
	bool2 := func(b bool) uint32 {
		if b {
			return 1
		}
		return 0
	}
	for _, test := range []struct {
		name string
		cond func(asm.Register, asm.Operand) asm.Cond
		want func(a, b uint64) bool
	}{
		{"Eq", asm.Register.Eq, func(a, b uint64) bool { return a == b }},
		{"NotEq", asm.Register.NotEq, func(a, b uint64) bool { return a != b }},
		{"Lt", asm.Register.Lt, func(a, b uint64) bool { return a < b }},
		{"Le", asm.Register.Le, func(a, b uint64) bool { return a <= b }},
		{"Gt", asm.Register.Gt, func(a, b uint64) bool { return a > b }},
		{"Ge", asm.Register.Ge, func(a, b uint64) bool { return a >= b }},
		{"SLt", asm.Register.SLt, func(a, b uint64) bool { return int64(a) < int64(b) }},
		{"SLe", asm.Register.SLe, func(a, b uint64) bool { return int64(a) <= int64(b) }},
		{"SGt", asm.Register.SGt, func(a, b uint64) bool { return int64(a) > int64(b) }},
		{"SGe", asm.Register.SGe, func(a, b uint64) bool { return int64(a) >= int64(b) }},
		{"HasBits", asm.Register.HasBits, func(a, b uint64) bool { return a&b != 0 }},
		{"Eq32", asm.Register.Eq32, func(a, b uint64) bool { return uint32(a) == uint32(b) }},
		{"NotEq32", asm.Register.NotEq32, func(a, b uint64) bool { return uint32(a) != uint32(b) }},
		{"Lt32", asm.Register.Lt32, func(a, b uint64) bool { return uint32(a) < uint32(b) }},
		{"Le32", asm.Register.Le32, func(a, b uint64) bool { return uint32(a) <= uint32(b) }},
		{"Gt32", asm.Register.Gt32, func(a, b uint64) bool { return uint32(a) > uint32(b) }},
		{"Ge32", asm.Register.Ge32, func(a, b uint64) bool { return uint32(a) >= uint32(b) }},
		{"SLt32", asm.Register.SLt32, func(a, b uint64) bool { return int32(a) < int32(b) }},
		{"SLe32", asm.Register.SLe32, func(a, b uint64) bool { return int32(a) <= int32(b) }},
		{"SGt32", asm.Register.SGt32, func(a, b uint64) bool { return int32(a) > int32(b) }},
		{"SGe32", asm.Register.SGe32, func(a, b uint64) bool { return int32(a) >= int32(b) }},
		{"HasBits32", asm.Register.HasBits32, func(a, b uint64) bool { return uint32(a)&uint32(b) != 0 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := func(not bool, right func(v []asm.Register) asm.Operand) *loaded {
				return inKernel(t, func(b *asm.Builder) {
					v := input(b, 2)
					c := test.cond(v[0], right(v))
					if not {
						c = asm.Not(c)
					}
					b.If(c, func() { b.Return(1) }, func() { b.Return(0) })
				})
			}
			register := func(v []asm.Register) asm.Operand { return v[1] }
			straight, turned := program(false, register), program(true, register)
			for _, y := range values {
				var operand asm.Operand = y // any constant of 64 bits can be compared with
				if test.name[len(test.name)-1] == '2' {
					operand = uint32(y)
				}
				constant := program(false, func([]asm.Register) asm.Operand { return operand })
				for _, x := range values {
					want := bool2(test.want(x, y))
					if got, _ := straight.run(t, numbers(x, y)); got != want {
						t.Errorf("%#x with %#x: %d, want %d", x, y, got, want)
					}
					if got, _ := turned.run(t, numbers(x, y)); got != 1-want {
						t.Errorf("not %#x with %#x: %d, want %d", x, y, got, 1-want)
					}
					if got, _ := constant.run(t, numbers(x, 0)); got != want {
						t.Errorf("%#x with constant %#x: %d, want %d", x, y, got, want)
					}
				}
			}
		})
	}
}

// TestLoops runs loops beside the same in Go.
func TestLoops(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *asm.Builder, x, y asm.Register)
		want  func(x, y uint64) uint32
	}{
		{"for", func(b *asm.Builder, x, y asm.Register) {
			sum := b.Copy(0)
			b.For(10, func(i asm.Register) { b.Add(sum, i) })
			b.Return(sum)
		}, func(x, y uint64) uint32 { return 45 }},
		{"one round", func(b *asm.Builder, x, y asm.Register) {
			sum := b.Copy(0)
			b.For(1, func(i asm.Register) { b.Add(sum, 7) })
			b.Return(sum)
		}, func(x, y uint64) uint32 { return 7 }},
		{"break", func(b *asm.Builder, x, y asm.Register) {
			n := b.Copy(0)
			b.For(16, func(i asm.Register) {
				b.If(i.Eq(x), b.Break)
				b.Add(n, 1)
			})
			b.Return(n)
		}, func(x, y uint64) uint32 { return uint32(min(x, 16)) }},
		{"continue", func(b *asm.Builder, x, y asm.Register) {
			sum := b.Copy(0)
			b.For(16, func(i asm.Register) {
				b.If(i.HasBits(1), b.Continue)
				b.Add(sum, i)
			})
			b.Return(sum)
		}, func(x, y uint64) uint32 { return 56 }},
		{"return in the middle", func(b *asm.Builder, x, y asm.Register) {
			b.For(16, func(i asm.Register) { b.If(i.Eq(x), func() { b.Return(100) }) })
			b.Return(200)
		}, func(x, y uint64) uint32 {
			if x < 16 {
				return 100
			}
			return 200
		}},
		{"a loop in a loop, each left by its own break", func(b *asm.Builder, x, y asm.Register) {
			n := b.Copy(0)
			b.For(8, func(i asm.Register) {
				b.If(i.Eq(x), b.Break)
				b.For(8, func(k asm.Register) {
					b.If(k.Eq(y), b.Break)
					b.If(k.Eq(i), b.Continue)
					b.Add(n, 1)
				})
			})
			b.Return(n)
		}, func(x, y uint64) (n uint32) {
			for i := range uint64(8) {
				if i == x {
					break
				}
				for k := range uint64(8) {
					if k == y {
						break
					}
					if k == i {
						continue
					}
					n++
				}
			}
			return n
		}},
		{"while", func(b *asm.Builder, x, y asm.Register) {
			n := b.Copy(0)
			b.And(x, 31)
			b.While(func() asm.Cond { return n.Lt(x) }, func() {
				b.Add(n, 3)
				b.If(n.Gt(20), b.Break)
			})
			b.Return(n)
		}, func(x, y uint64) (n uint32) {
			for uint64(n) < x&31 {
				if n += 3; n > 20 {
					break
				}
			}
			return n
		}},
		{"while that does not begin", func(b *asm.Builder, x, y asm.Register) {
			n := b.Copy(5)
			b.While(func() asm.Cond { return n.Lt(5) }, func() { b.Add(n, 1) })
			b.Return(n)
		}, func(x, y uint64) uint32 { return 5 }},
		{"forever", func(b *asm.Builder, x, y asm.Register) {
			// The verifier follows numbers that it knows through all rounds; one from memory it does not know.
			n := b.Load(b.Addr(b.BSS("zero", 8)).U64(0))
			b.Forever(func() {
				b.Add(n, 1)
				b.If(n.Ge(x), b.Break)
				b.If(n.Lt(5), b.Continue)
				b.If(n.Eq(y), func() { b.Return(99) })
			})
			b.Return(n)
		}, func(x, y uint64) uint32 {
			for n := uint64(1); ; n++ {
				if n >= x {
					return uint32(n)
				}
				if n >= 5 && n == y {
					return 99
				}
			}
		}},
		{"unrolled", func(b *asm.Builder, x, y asm.Register) {
			b.Unroll(5, func(i int) { b.If(x.Eq(i*i), func() { b.Return(100 + i) }) })
			b.Unroll(0, func(int) { b.Return(1) })
			b.Return(0)
		}, func(x, y uint64) uint32 {
			for i := range uint64(5) {
				if x == i*i {
					return uint32(100 + i)
				}
			}
			return 0
		}},
		{"a switch in a loop", func(b *asm.Builder, x, y asm.Register) {
			n := b.Copy(0)
			b.For(10, func(i asm.Register) {
				b.Switch(i, []asm.Case{
					asm.When(b.Continue, 1, 3),
					asm.When(func() { b.If(x.Eq(4), b.Break) }, 4),
					asm.When(func() { b.Add(n, 100) }, 7),
				}, func() { b.Add(n, 1) })
			})
			b.Return(n)
		}, func(x, y uint64) uint32 {
			if x == 4 {
				return 2
			}
			return 106
		}},
		{"a callback that the kernel calls", func(b *asm.Builder, x, y asm.Register) {
			state := b.Stack("state", 16)
			b.Store(state.U64(0), 0)
			b.Store(state.U64(8), x)
			rounds := b.Call(asm.FnLoop, 1000, asm.Func("round"), state, 0)
			b.Mul(rounds, 0x10000)
			b.Add(rounds, b.Load(state.U64(0)))
			b.Return(rounds)
			b.Function("round", 2, func(args []asm.Register) {
				i, state := args[0], args[1]
				b.If(i.Eq(b.Load(state.U64(8))), func() { b.Return(1) })
				sum := b.Load(state.U64(0))
				b.Add(sum, 2)
				b.Store(state.U64(0), sum)
				b.Return(0)
			})
		}, func(x, y uint64) uint32 {
			if x < 1000 {
				return uint32((x+1)*0x10000 + 2*x)
			}
			return 1000*0x10000 + 2000
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := inKernel(t, func(b *asm.Builder) {
				v := input(b, 2)
				test.build(b, v[0], v[1])
			})
			for x := range uint64(20) {
				for y := range uint64(10) {
					if got, _ := p.run(t, numbers(x, y)); got != test.want(x, y) {
						t.Errorf("x %d, y %d: %d, want %d", x, y, got, test.want(x, y))
					}
				}
			}
		})
	}
}

// TestSwitch chooses among few values one by one and among many by halving; negative and large ones, too.
func TestSwitch(t *testing.T) {
	all := []int64{-5, 7, 0, 1 << 40, -1, 100, math.MinInt64, 3, math.MaxInt64, -1 << 40, math.MaxInt32, math.MaxUint32}
	for n := range len(all) + 1 {
		t.Run(fmt.Sprint(n, " values"), func(t *testing.T) {
			p := inKernel(t, func(b *asm.Builder) {
				var cases []asm.Case
				for i := 0; i < n; i += 2 { // two values each
					cases = append(cases, asm.When(func() { b.Return(100 + i) }, all[i:min(i+2, n)]...))
				}
				b.Switch(input(b, 1)[0], cases, nil)
				b.Return(1)
			})
			inputs := []uint64{1, 2, 6, 8, 99, 101}
			for _, v := range all {
				inputs = append(inputs, uint64(v)-1, uint64(v), uint64(v)+1)
			}
			for _, x := range inputs {
				want := uint32(1)
				for i, v := range all[:n] {
					if uint64(v) == x {
						want = uint32(100 + i/2*2)
					}
				}
				if got, _ := p.run(t, numbers(x)); got != want {
					t.Errorf("%d: %d, want %d", int64(x), got, want)
				}
			}
		})
	}
	t.Run("what goes on behind it", func(t *testing.T) {
		p := inKernel(t, func(b *asm.Builder) {
			n := b.Copy(0)
			b.Switch(input(b, 1)[0], []asm.Case{asm.When(func() { b.Mov(n, 1) }, 1), asm.When(func() { b.Mov(n, 2) }, 2)}, func() { b.Mov(n, 3) })
			b.Add(n, 10)
			b.Return(n)
		})
		for x, want := range []uint32{13, 11, 12, 13} {
			if got, _ := p.run(t, numbers(uint64(x))); got != want {
				t.Errorf("%d: %d, want %d", x, got, want)
			}
		}
	})
}
