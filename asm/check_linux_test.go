package asm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// TestAcceptedByBoth has programs that are right although it takes a second look: neither the builder nor the kernel
// refuses them.
func TestAcceptedByBoth(t *testing.T) {
	array := asm.MapSpec{Name: "m", Type: asm.MapArray, KeySize: 4, ValueSize: 16, MaxEntries: 4}
	lookup := func(b *asm.Builder) asm.Register {
		key := b.Stack("key", 4)
		b.Store(key.U32(0), 1)
		return b.Call(asm.FnMapLookupElem, b.DeclareMap(array), key)
	}
	for _, test := range []struct {
		name  string
		typ   asm.ProgramType
		build func(b *asm.Builder)
	}{
		// Null pointers.
		{"a pointer that was tested as a copy", asm.XDP, func(b *asm.Builder) {
			v := lookup(b)
			b.If(b.Copy(v).Eq(0), func() { b.Return(0) })
			b.Return(b.Load(v.U32(0)))
		}},
		{"a pointer that is not null together with something else", asm.XDP, func(b *asm.Builder) {
			v := lookup(b)
			b.If(asm.Or(v.Eq(0), b.Call(asm.FnGetPrandomU32).Eq(7)), func() { b.Return(0) })
			b.Return(b.Load(v.U32(0)))
		}},
		{"a pointer that is used in the condition that tests it", asm.XDP, func(b *asm.Builder) {
			v, n := lookup(b), b.Copy(0)
			b.If(v.NotEq(0), func() { b.Mov(n, b.Load(v.U32(4))) })
			b.Return(n)
		}},
		{"a pointer that is null on the way that does not use it", asm.XDP, func(b *asm.Builder) {
			v := lookup(b)
			b.If(v.Eq(0), func() { b.Mov(v, b.Addr(b.BSS("default", 16))) })
			b.Return(b.Load(v.U32(0)))
		}},
		{"a pointer of each round", asm.XDP, func(b *asm.Builder) {
			sum := b.Copy(0)
			b.For(4, func(i asm.Register) {
				key := b.Stack("i", 4)
				b.Store(key.U32(0), i)
				v := b.Call(asm.FnMapLookupElem, b.DeclareMap(array), key)
				b.If(v.Eq(0), b.Break)
				b.Add(sum, b.Load(v.U64(8)))
			})
			b.Return(sum)
		}},
		{"a pointer that waits on the stack", asm.XDP, func(b *asm.Builder) {
			v, s := lookup(b), b.Stack("s", 8)
			b.If(v.Eq(0), func() { b.Return(0) })
			b.Store(s.U64(0), v)
			b.Call(asm.FnKtimeGetNS)
			b.Return(b.Load(b.Load(s.U64(0)).U32(0)))
		}},
		{"no address where none is needed", asm.XDP, func(b *asm.Builder) {
			b.Call(asm.FnForEachMapElem, b.DeclareMap(array), asm.Func("each"), 0, 0)
			b.Return(0)
			b.Function("each", 4, func(args []asm.Register) {
				n := b.Load(args[2].U32(0))
				b.And(n, 1)
				b.Return(n)
			})
		}},
		{"a socket that is a full one", asm.CgroupSKB, func(b *asm.Builder) {
			sk := b.Load(b.Context().Field(asm.SkBuffSk))
			b.If(sk.Eq(0), func() { b.Return(1) })
			full := b.Call(asm.FnSkFullsock, sk)
			b.If(full.Eq(0), func() { b.Return(1) })
			b.If(b.Load(full.Field(asm.SockProtocol)).Eq(6), func() { b.Return(1) })
			b.Return(b.Copy(0))
		}},

		// Pointers.
		{"an address in a map value, moved by what is bounded", asm.XDP, func(b *asm.Builder) {
			v := lookup(b)
			b.If(v.Eq(0), func() { b.Return(0) })
			n := b.Call(asm.FnGetPrandomU32)
			b.And(n, 7)
			b.Add(v, n)
			b.Add(v, 8)
			b.Sub(v, 4)
			b.Return(b.Load(v.U8(0)))
		}},
		{"a number to which an address is added", asm.XDP, func(b *asm.Builder) {
			v := lookup(b)
			b.If(v.Eq(0), func() { b.Return(0) })
			n := b.Copy(8)
			b.Add(n, v)
			b.Return(b.Load(n.U32(0)))
		}},
		{"the distance of two addresses", asm.XDP, func(b *asm.Builder) {
			pkt := b.Packet()
			n := pkt.Addr(8)
			b.Sub(n, pkt.Addr(0))
			b.Return(n)
		}},
		{"an element of the stack by a bounded number", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("table", 16)
			b.Zero(s)
			n := b.Call(asm.FnGetPrandomU32)
			b.And(n, 15)
			p := b.Addr(s)
			b.Add(p, n)
			b.Store(p.U8(0), 5)
			b.Return(b.Load(p.U8(0)))
		}},

		// Bytes of the stack.
		{"what a helper fills", asm.SchedCLS, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.If(b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s, 8).NotEq(0), func() { b.Return(0) })
			b.Return(b.Load(s.U32(4)))
		}},
		{"what a helper fills in part", asm.SchedCLS, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Store(s.U32(0), 1)
			b.If(b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s.U32(4), 4).NotEq(0), func() { b.Return(0) })
			b.Return(b.Load(s.U64(0)))
		}},
		{"what a function fills", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.CallFunc("fill", s)
			b.Return(b.Load(s.U64(0)))
			b.Function("fill", 1, func(args []asm.Register) {
				b.Store(args[0].U64(0), 7)
				b.Return(0)
			})
		}},
		{"what each way stores", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.If(b.Call(asm.FnGetPrandomU32).Eq(0), func() { b.Store(s.U64(0), 1) }, func() {
				b.Store(s.U32(0), 1)
				b.Store(s.U32(4), 2)
			})
			b.Return(b.Load(s.U64(0)))
		}},
		{"what is stored through an address", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 16)
			p := b.Addr(s.U64(8))
			b.Store(p.U64(0), 1)
			b.Add(p, -8)
			b.Store(p.U64(0), 2)
			b.Return(b.Load(s.U64(8)))
		}},
		{"what is stored through one of two addresses", asm.XDP, func(b *asm.Builder) {
			x, y := b.Stack("x", 8), b.Stack("y", 8)
			p := b.Virtual()
			b.If(b.Call(asm.FnGetPrandomU32).Eq(0), func() { b.Mov(p, b.Addr(x)) }, func() { b.Mov(p, b.Addr(y)) })
			b.Store(p.U64(0), 1)
			b.Return(b.Load(p.U64(0)))
		}},
		{"what rounds before have stored", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Store(s.U64(0), 0)
			b.For(4, func(i asm.Register) {
				v := b.Load(s.U64(0))
				b.Add(v, i)
				b.Store(s.U64(0), v)
			})
			b.Return(b.Load(s.U64(0)))
		}},
		{"a key that is longer than the map's", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("long", 16)
			b.Store(key.U32(0), 3)
			b.If(b.Call(asm.FnMapLookupElem, b.DeclareMap(array), key).Eq(0), func() { b.Return(1) })
			b.Return(0)
		}},

		// Fields.
		{"a part of a field", asm.SchedCLS, func(b *asm.Builder) {
			b.Return(b.Load(b.Context().U8(asm.SkBuffMark.Offset() + 1)))
		}},
		{"fields at one place", asm.SockOps, func(b *asm.Builder) {
			b.Load(b.Context().Elem(asm.SockOpsArgs, 0))
			b.Store(b.Context().Field(asm.SockOpsReply), b.Copy(1))
			b.Return(1)
		}},
		{"a field with its sign", asm.SchedCLS, func(b *asm.Builder) {
			mark := b.Context().Field(asm.SkBuffMark)
			mark.Signed = true
			b.Return(b.Load(mark))
		}},

		// Loops.
		{"a loop on what a helper returns, bounded by a count", asm.XDP, func(b *asm.Builder) {
			n := b.Copy(0)
			b.While(func() asm.Cond { return asm.And(n.Lt(10), b.Call(asm.FnGetPrandomU32).NotEq(0)) }, func() { b.Add(n, 1) })
			b.Return(n)
		}},
		{"a loop of the author's", asm.XDP, func(b *asm.Builder) {
			n := b.Copy(3)
			b.Label("again")
			b.Call(asm.FnKtimeGetNS)
			b.Sub(n, 1)
			b.JumpIf(n.NotEq(0), "again")
			b.Return(n)
		}},
	} {
		t.Run(test.name, func(t *testing.T) { inKernelAs(t, test.typ, nil, test.build) })
	}
}

// TestRefusedByBoth has the mistakes that the kernel refuses too, by the same program in registers of the machine, which
// the builder takes as it is.
func TestRefusedByBoth(t *testing.T) {
	for _, test := range []struct {
		name string
		typ  asm.ProgramType
		why  string
		code func(b *asm.Builder)
	}{
		{"a field of another width", asm.XDP, "invalid bpf_context access", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U64(0)) }},
		{"the context moved", asm.XDP, "dereference of modified ctx", func(b *asm.Builder) {
			b.Add(asm.R1, 4)
			b.Ldx(asm.R0, asm.R1.U32(0))
		}},
		{"the packet's end moved", asm.XDP, "pointer arithmetic on pkt_end prohibited", func(b *asm.Builder) {
			b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdDataEnd))
			b.Add(asm.R2, 4)
		}},
		{"a pointer multiplied", asm.XDP, "pointer arithmetic with *= operator prohibited", func(b *asm.Builder) { b.Mul(asm.R1, 2) }},
		{"a pointer moved in its lower half", asm.XDP, "32-bit pointer arithmetic prohibited", func(b *asm.Builder) { b.Add32(asm.R1, 2) }},
		{"two pointers added", asm.XDP, "pointer += pointer prohibited", func(b *asm.Builder) {
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, asm.R1)
		}},
		{"a pointer subtracted from a number", asm.XDP, "tried to subtract pointer from scalar", func(b *asm.Builder) {
			b.Mov(asm.R2, 1)
			b.Sub(asm.R2, asm.R1)
		}},
		{"a load from a number", asm.XDP, "invalid mem access 'scalar'", func(b *asm.Builder) {
			b.Mov(asm.R2, 5)
			b.Ldx(asm.R0, asm.R2.U32(0))
		}},
		{"an atomic operation on the context", asm.SockOps, "stores into R1 ctx is not allowed", func(b *asm.Builder) {
			b.Mov(asm.R2, 1)
			b.AtomicAdd(asm.R1.Field(asm.SockOpsSkTxhash), asm.R2)
		}},
		{"an address with a sign", asm.XDP, "invalid bpf_context access", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.S32(0)) }},
		{"a loop that nothing leaves", asm.XDP, "infinite loop detected", func(b *asm.Builder) {
			b.JumpIf(asm.R1.Eq(0), "out") // never, as the verifier knows
			b.Label("again")
			b.CallHelper(asm.FnKtimeGetNS)
			b.Jump("again")
			b.Label("out")
		}},
		{"a number subtracted from an address on the stack", asm.XDP, "subtraction from stack pointer prohibited", func(b *asm.Builder) {
			b.Mov(asm.R2, asm.FP)
			b.Sub(asm.R2, 8)
		}},
		{"a loop on what no round changes", asm.XDP, "infinite loop detected", func(b *asm.Builder) {
			b.CallHelper(asm.FnGetPrandomU32)
			b.Label("again")
			b.JumpIf(asm.R0.Gt(5), "again")
		}},
		{"a function that nothing calls", asm.XDP, "unreachable insn", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.Exit()
			b.Subprogram("f")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := asm.NewBuilder("test", test.typ)
			test.code(b)
			b.Mov(asm.R0, 0)
			b.Exit()
			refusedByKernel(t, b, test.why)
		})
	}
}
