package asm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func TestRefuseFlow(t *testing.T) {
	queue := func(b *asm.Builder) asm.Register { return b.Load(b.Context().Field(asm.XDPMdRxQueueIndex)) }
	checkRefusals(t, []refusal{
		// Ends that are missing.
		{"no return", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 0: v0 = 1: function test falls off the end: its last instruction is neither
			// exit nor goto; end it with Return or Exit
			b.Mov(b.Virtual(), 1)
		}},
		{"no return on one way", asm.XDP, func(b *asm.Builder) {
			// refused: the function falls off the end on one of the ways through this: end it with Return
			b.If(b.Copy(0).Eq(1), func() { b.Return(0) })
		}},
		{"no return on both ways", asm.XDP, func(b *asm.Builder) {
			// refused: the function falls off the end on one of the ways through this: end it with Return
			b.If(b.Copy(0).Eq(1), func() {
				b.Mov(asm.R0, 0)
			}, func() {
				// refused: instruction 4: r0 = 1: function test falls off the end: its last instruction is neither
				// exit nor goto; end it with Return or Exit
				b.Mov(asm.R0, 1)
			})
		}},
		{"no return behind a loop", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 5: if v0 < 3: function test falls off the end: its last instruction is neither
			// exit nor goto; end it with Return or Exit
			b.For(3, func(i asm.Register) { b.If(i.Eq(2), func() { b.Return(1) }) })
		}},
		{"no return behind a loop that is left", asm.XDP, func(b *asm.Builder) {
			// refused: the function falls off the end on one of the ways through this: end it with Return
			b.Forever(func() {
				// refused: the function falls off the end on one of the ways through this: end it with Return
				b.Break()
			})
		}},
		{"no return behind a switch", asm.XDP, func(b *asm.Builder) {
			// refused: the function falls off the end on one of the ways through this: end it with Return
			b.Switch(b.Copy(1), []asm.Case{asm.When(func() { b.Return(1) }, 1)}, nil)
		}},
		{"no return in a function", asm.XDP, func(b *asm.Builder) {
			b.Return(b.CallFunc("f", 1))
			b.Function("f", 1, func(args []asm.Register) {
				// refused: instruction 6: r0 = v1: function f falls off the end: its last instruction is neither
				// exit nor goto; end it with Return or Exit
				b.Mov(asm.R0, args[0])
			})
		}},
		{"no return before a function", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 0: r0 = 1: function test falls off the end: its last instruction is neither
			// exit nor goto; end it with Return or Exit
			b.Mov(asm.R0, 1)
			b.Function("f", 0, func([]asm.Register) { b.Return(0) })
		}},
		{"a function without instructions", asm.XDP, func(b *asm.Builder) {
			b.Return(b.CallFunc("f"))
			// refused: subprogram f: no instructions; end it with Return or Exit
			b.Function("f", 0, func([]asm.Register) {})
		}},

		// What control never comes to.
		{"behind a return", asm.XDP, func(b *asm.Builder) {
			b.Return(b.Copy(0))
			// refused: unreachable: r0 = 1; every way before it returns or jumps elsewhere, so remove it
			b.Mov(asm.R0, 1)
			b.Exit()
		}},
		{"behind two returns", asm.XDP, func(b *asm.Builder) {
			b.If(b.Copy(1).Eq(1), func() { b.Return(0) }, func() { b.Return(1) })
			// refused: unreachable: r0 = 2; every way before it returns or jumps elsewhere, so remove it
			b.Return(2)
		}},
		{"behind a break", asm.XDP, func(b *asm.Builder) {
			b.For(3, func(i asm.Register) {
				b.Break()
				// refused: unreachable: call bpf_ktime_get_ns; every way before it returns or jumps elsewhere, so
				// remove it
				b.Call(asm.FnKtimeGetNS)
			})
			b.Return(2)
		}},
		{"behind a loop that nothing leaves", asm.XDP, func(b *asm.Builder) {
			b.While(func() asm.Cond { return asm.And() }, func() { b.Call(asm.FnKtimeGetNS) })
			// refused: unreachable: r0 = 2; every way before it returns or jumps elsewhere, so remove it
			b.Return(2)
		}},
		{"both in a function and before it", asm.XDP, func(b *asm.Builder) {
			b.Return(b.CallFunc("f"))
			// refused: unreachable: r0 = 1; every way before it returns or jumps elsewhere, so remove it
			b.Mov(asm.R0, 1)
			b.Exit()
			b.Function("f", 0, func([]asm.Register) {
				b.Return(b.Copy(0))
				// refused: unreachable: r0 = 1; every way before it returns or jumps elsewhere, so remove it
				b.Return(1)
			})
		}},

		// Loops.
		{"a loop that nothing leaves", asm.XDP, func(b *asm.Builder) {
			b.Label("again")
			// refused: loop without a bound: nothing leads out of it; Break, compare a counter with a constant, or
			// use Forever, which the kernel bounds
			b.Zero(b.Stack("s", 8))
			b.Jump("again")
		}},
		{"a loop on what no round changes", asm.XDP, func(b *asm.Builder) {
			v := queue(b)
			// refused: loop without a bound: no round changes what it is left on; count in a register that the
			// condition compares, or use For
			b.While(func() asm.Cond { return v.Lt(10) }, func() {})
			b.Return(0)
		}},
		{"a loop on a constant", asm.XDP, func(b *asm.Builder) {
			// refused: loop without a bound: no round changes what it is left on; count in a register that the
			// condition compares, or use For
			b.While(func() asm.Cond { return b.Copy(1).Eq(1) }, func() { b.Call(asm.FnKtimeGetNS) })
			b.Return(0)
		}},
		{"a loop in a loop", asm.XDP, func(b *asm.Builder) {
			v := queue(b)
			b.For(4, func(i asm.Register) {
				// refused: loop without a bound: no round changes what it is left on; count in a register that the
				// condition compares, or use For
				b.While(func() asm.Cond { return v.NotEq(i) }, func() {})
			})
			b.Return(0)
		}},
		{"a body that changes the counter", asm.XDP, func(b *asm.Builder) {
			b.For(4, func(i asm.Register) {
				// refused: v0 += 1: bad operand: v0 counts the rounds of the For at line-1; change a Copy of it,
				// or write a While
				b.Add(i, 1)
			})
			b.Return(0)
		}},
		{"no rounds", asm.XDP, func(b *asm.Builder) {
			// refused: for: bad operand: 0 rounds; from 1 to 2147483647 can be had
			b.For(0, func(asm.Register) {})
			b.Return(0)
		}},
		{"fewer than no rounds", asm.XDP, func(b *asm.Builder) {
			// refused: unroll: bad operand: -1 rounds
			b.Unroll(-1, func(int) {})
			b.Return(b.Copy(0))
		}},
		{"break outside a loop", asm.XDP, func(b *asm.Builder) {
			// refused: break: out of place: no loop is open; it belongs into the body of a For, While or Forever
			b.Break()
			b.Return(b.Copy(0))
		}},
		{"continue behind a loop", asm.XDP, func(b *asm.Builder) {
			b.For(4, func(asm.Register) {})
			// refused: continue: out of place: no loop is open; it belongs into the body of a For, While or
			// Forever
			b.Continue()
			b.Return(0)
		}},
		{"break in a function called in a loop", asm.XDP, func(b *asm.Builder) {
			b.For(4, func(asm.Register) { b.CallFunc("f") })
			b.Return(0)
			b.Function("f", 0, func([]asm.Register) {
				// refused: break: out of place: no loop is open; it belongs into the body of a For, While or
				// Forever
				b.Break()
				b.Return(0)
			})
		}},

		// Switch.
		{"a value of two cases", asm.XDP, func(b *asm.Builder) {
			// refused: switch: bad operand: two cases for 1; leave one of them out
			b.Switch(queue(b), []asm.Case{
				asm.When(func() { b.Return(1) }, 1, 3),
				asm.When(func() { b.Return(2) }, 2, 1),
			}, nil)
			b.Return(0)
		}},
		{"a case without values", asm.XDP, func(b *asm.Builder) {
			// refused: switch: bad operand: case 1 has no values; what runs for all others is the last argument
			b.Switch(queue(b), []asm.Case{asm.When(func() { b.Return(1) })}, nil)
			b.Return(0)
		}},

		// Conditions and bodies.
		{"a condition that is none", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 0: goto: bad operand: a condition without a comparison
			b.If(asm.Cond{}, func() { b.Return(1) })
			b.Return(b.Copy(0))
		}},
		{"the opposite of none", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 0: goto: bad operand: a condition without a comparison
			b.If(asm.Not(asm.Cond{}), func() { b.Return(1) })
			b.Return(b.Copy(0))
		}},
		{"two else branches", asm.XDP, func(b *asm.Builder) {
			// refused: if: bad operand: 2 else branches; it has one at most
			b.If(queue(b).Eq(1), func() { b.Return(1) }, func() {}, func() {})
			b.Return(0)
		}},
		{"no body", asm.XDP, func(b *asm.Builder) {
			// refused: if: bad operand: no body; an empty one is func() {}
			b.If(queue(b).Eq(1), nil)
			// refused: if: bad operand: no body; an empty one is func() {}
			b.If(queue(b).Eq(1), func() {}, nil)
			// refused: while: bad operand: no body; an empty one is func() {}
			b.While(func() asm.Cond { return queue(b).Eq(1) }, nil)
			// refused: while: bad operand: no condition
			b.While(nil, func() {})
			// refused: for: bad operand: no body; an empty one is func() {}
			b.For(1, nil)
			// refused: forever: bad operand: no body; an empty one is func() {}
			b.Forever(nil)
			// refused: unroll: bad operand: no body; an empty one is func() {}
			b.Unroll(1, nil)
			// refused: switch: bad operand: no body; an empty one is func() {}
			b.Switch(queue(b), []asm.Case{asm.When(nil, 1)}, nil)
			// refused: need: bad operand: no body; an empty one is func() {}
			b.Packet().Need(1, nil)
			b.Return(0)
			// refused: function f: bad operand: no body; an empty one is func() {}; and subprogram f: no
			// instructions; end it with Return or Exit
			b.Function("f", 0, nil)
		}},
		{"a constant too wide for a comparison of 32 bits", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 1: if vw1 != 4294967296: immediate out of range: 4294967296 does not fit 32
			// bits
			b.If(queue(b).Eq32(int64(1<<32)), func() { b.Return(1) })
			b.Return(0)
		}},
		{"a comparison with text", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 1: if v1 != 0: bad operand: string, want a Register or an integer
			b.If(queue(b).Eq("eth0"), func() { b.Return(1) })
			b.Return(0)
		}},

		// Functions.
		{"a function that nothing calls", asm.XDP, func(b *asm.Builder) {
			b.Return(b.Copy(0))
			// refused: function f: unreachable: nothing calls it; remove it, or call it with CallFunc
			b.Function("f", 0, func([]asm.Register) { b.Return(b.CallFunc("g")) })
			// refused: function g: unreachable: nothing calls it; remove it, or call it with CallFunc
			b.Function("g", 0, func([]asm.Register) { b.Return(b.CallFunc("f")) })
		}},
		{"a function inside if", asm.XDP, func(b *asm.Builder) {
			b.If(queue(b).Eq(1), func() {
				// refused: function f: out of place: it begins inside if; begin it behind the end of the function
				// before
				b.Function("f", 0, func([]asm.Register) { b.Return(1) })
			})
			b.Return(0)
		}},
		{"a subprogram inside a loop", asm.XDP, func(b *asm.Builder) {
			b.For(3, func(asm.Register) {
				// refused: subprogram f: out of place: it begins inside for; begin it behind the end of the
				// function before
				b.Subprogram("f")
			})
			b.Return(0)
		}},
		{"a function inside a function", asm.XDP, func(b *asm.Builder) {
			b.Return(b.CallFunc("f"))
			b.Function("f", 0, func([]asm.Register) {
				// refused: function g: out of place: it begins inside function f; begin it behind the end of the
				// function before
				b.Function("g", 0, func([]asm.Register) { b.Return(1) })
				b.Return(0)
			})
		}},
		{"a function before the main function", asm.XDP, func(b *asm.Builder) {
			// refused: function f: the main function test has no instructions yet; write that first
			b.Function("f", 0, func([]asm.Register) { b.Return(1) })
		}},
		{"six arguments", asm.XDP, func(b *asm.Builder) {
			// refused: call f: bad operand: 6 arguments; a function takes up to 5, more go through memory
			b.Return(b.CallFunc("f", 1, 2, 3, 4, 5, 6))
			// refused: function f: bad operand: 6 arguments; it can have up to 5, more go through memory
			b.Function("f", 6, func(args []asm.Register) { b.Return(args[4]) })
		}},
		{"too few arguments", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 1: call f: bad operand: 1 arguments instead of the 2 that it has at line+1
			b.Return(b.CallFunc("f", 1))
			b.Function("f", 2, func(args []asm.Register) { b.Return(args[1]) })
		}},
		{"too many arguments", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 3: call f: bad operand: 3 arguments instead of the 2 that it has at line+1
			b.Return(b.CallFunc("f", 1, 2, 3))
			b.Function("f", 2, func(args []asm.Register) { b.Return(args[1]) })
		}},
		{"a jump into another function", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 2: goto inside: label inside is in another function
			b.If(queue(b).Eq(1), func() { b.Jump("inside") })
			b.Return(0)
			b.Function("f", 0, func([]asm.Register) {
				b.Label("inside")
				b.Return(0)
			})
		}},
		{"a packet that is too short and goes on", asm.XDP, func(b *asm.Builder) {
			pkt := b.Packet()
			// refused: need: out of place: what runs for a packet that is too short goes on to read it; end it
			// with Return, Break or Continue
			pkt.Need(4, func() { b.Call(asm.FnKtimeGetNS) })
			// refused: read: out of place: what runs for a packet that is too short goes on to read it; end it
			// with Return, Break or Continue
			pkt.Read(b.Stack("s", 4), 0, func() {})
			b.Return(b.Load(pkt.U8(0)))
		}},
	})
}
