package asm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func TestRefuseValues(t *testing.T) {
	stats := asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 8, ValueSize: 16, MaxEntries: 1}
	checkRefusals(t, []refusal{
		// No value.
		{"a register that nothing sets", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			// refused: v0 += 1: no value yet: nothing sets v0; begin with Mov, or make it with Copy or Load
			b.Add(v, 1)
			b.Return(v)
		}},
		{"a register that one way sets", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			b.If(b.Load(b.Context().Field(asm.XDPMdRxQueueIndex)).Eq(0), func() { b.Mov(v, 1) })
			// refused: r0 = v0: no value yet: v0 gets its value at line-1, but not on every way that leads here;
			// set it before the ways part
			b.Return(v)
		}},
		{"a register that a round may set", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			n := b.Copy(0)
			b.While(func() asm.Cond { return n.Lt(3) }, func() {
				b.Add(n, 1)
				b.Mov(v, n)
			})
			// refused: r0 = v0: no value yet: v0 gets its value at line-2, but not on every way that leads here;
			// set it before the ways part
			b.Return(v)
		}},
		{"a condition on nothing", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			// refused: if v0 != 1: no value yet: nothing sets v0; begin with Mov, or make it with Copy or Load
			b.If(v.Eq(1), func() { b.Return(1) })
			b.Return(0)
		}},
		{"a value of another function", asm.XDP, func(b *asm.Builder) {
			v := b.Copy(1)
			b.Return(b.CallFunc("f"))
			b.Function("f", 0, func([]asm.Register) {
				// refused: r0 = v0: no value yet: v0 belongs to function test, where it gets its value at line-3;
				// hand it over as an argument
				b.Return(v)
			})
		}},
		{"the context of the main function", asm.XDP, func(b *asm.Builder) {
			ctx := b.Context()
			b.Return(b.CallFunc("f"))
			b.Function("f", 0, func([]asm.Register) {
				// refused: v2 = *(u32 *)(v0 + 16): no value yet: v0 belongs to function test, where it gets its
				// value at line-3; hand it over as an argument
				b.Return(b.Load(ctx.Field(asm.XDPMdRxQueueIndex)))
			})
		}},
		{"a register of the machine after a call", asm.XDP, func(b *asm.Builder) {
			b.Call(asm.FnKtimeGetNS)
			// refused: r0 = r1: lost in a call: r1 does not survive the call of bpf_ktime_get_ns at line-1; read a
			// Copy that was made before
			b.Return(asm.R1)
		}},
		{"a register of the machine after a call on one way", asm.XDP, func(b *asm.Builder) {
			b.Mov(asm.R3, 1)
			b.If(b.Load(b.Context().Field(asm.XDPMdRxQueueIndex)).Eq(0), func() { b.CallFunc("f", asm.R3) })
			// refused: r0 = r3: lost in a call: r3 does not survive the call of f at line-1; read a Copy that was
			// made before
			b.Return(asm.R3)
			b.Function("f", 1, func(args []asm.Register) { b.Return(args[0]) })
		}},
		{"the result of a helper that has none", asm.XDP, func(b *asm.Builder) {
			record := b.Call(asm.FnRingBufReserve, asm.Map("events"), 8, 0)
			b.If(record.Eq(0), func() { b.Return(0) })
			v := b.Call(asm.FnRingBufSubmit, record, 0)
			// refused: r0 = v1: no value yet: bpf_ringbuf_submit at line-1 returns nothing; leave its result alone
			b.Return(v)
		}},
		{"a result that was not set", asm.XDP, func(b *asm.Builder) {
			b.Load(b.Context().Field(asm.XDPMdRxQueueIndex))
			// refused: exit: no value yet: r0, the result of test, is not set on every way that leads here; end
			// with Return
			b.Exit()
		}},
		{"bytes of the stack", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Store(s.U32(0), 1)
			// refused: v0 = *(u64 *)(s + 0): no value yet: bytes 4 to 7 of s are not stored to on every way that
			// leads here; Zero sets all of it
			b.Return(b.Load(s.U64(0)))
		}},
		{"one byte of the stack", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Store(s.U32(4), 1)
			// refused: v0 = *(u8 *)(s + 3): no value yet: byte 3 of s is not stored to on every way that leads
			// here; Zero sets all of it
			b.Return(b.Load(s.U8(3)))
		}},
		{"the padding of a key", asm.XDP, func(b *asm.Builder) {
			m := b.DeclareMap(stats)
			key := b.StackStruct("key", asm.NewStruct("key", asm.Member{Name: "addr", Size: asm.W}, asm.Member{Name: "port", Size: asm.H}))
			b.Store(key.Field("addr"), 1)
			b.Store(key.Field("port"), 2)
			// refused: call bpf_map_lookup_elem: no value yet: bytes 6 to 7 of key are not stored to on every way
			// that leads here; Zero sets all of it
			b.Call(asm.FnMapLookupElem, m, key)
			b.Return(0)
		}},
		{"a key that one way stores", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 4)
			b.If(b.Load(b.Context().Field(asm.XDPMdRxQueueIndex)).Eq(0), func() { b.Store(key.U32(0), 1) })
			// refused: call bpf_map_lookup_elem: no value yet: byte 0 of key is not stored to on every way that
			// leads here; Zero sets all of it
			b.Call(asm.FnMapLookupElem, asm.Map("undeclared"), key)
			b.Return(0)
		}},

		// Null pointers.
		{"a result that was not tested", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			// refused: v1 = *(u32 *)(v0 + 0): null pointer: what bpf_map_lookup_elem gives at line-1 may be 0 and
			// has not been tested; use it inside an If that it is not, or Return where it is
			b.Return(b.Load(v.U32(0)))
		}},
		{"a store to a result that was not tested", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			// refused: *(u32 *)(v0 + 0) = 1: null pointer: what bpf_map_lookup_elem gives at line-1 may be 0 and
			// has not been tested; use it inside an If that it is not, or Return where it is
			b.Store(v.U32(0), 1)
			b.Return(0)
		}},
		{"a result on the wrong side of its test", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			b.If(v.Eq(0), func() {
				// refused: v1 = *(u32 *)(v0 + 0): null pointer: what bpf_map_lookup_elem gives at line-2 is 0 on
				// this side of the test; use it inside an If that it is not, or Return where it is
				b.Return(b.Load(v.U32(0)))
			})
			b.Return(1)
		}},
		{"a result behind a test that does not leave", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			b.If(v.Eq(0), func() { b.Call(asm.FnKtimeGetNS) })
			// refused: v2 = *(u32 *)(v0 + 0): null pointer: what bpf_map_lookup_elem gives at line-2 is 0 on one
			// of the ways that lead here; use it inside an If that it is not, or Return where it is
			b.Return(b.Load(v.U32(0)))
		}},
		{"a result tested in its lower half", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			// refused: if vw0 != 0: pointer misused: an address in a map value has 64 bits; compare all of them,
			// without 32 in the name
			b.If(v.Eq32(0), func() { b.Return(1) })
			b.Return(0)
		}},
		{"arithmetic on a result that was not tested", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, b.DeclareMap(stats), key)
			// refused: v0 += 4: null pointer: what bpf_map_lookup_elem gives at line-1 may be 0 and has not been
			// tested; move it only where it is not 0
			b.Add(v, 4)
			b.Return(0)
		}},
		{"an argument that was not tested", asm.XDP, func(b *asm.Builder) {
			m := b.DeclareMap(stats)
			key := b.Stack("key", 8)
			b.Zero(key)
			v := b.Call(asm.FnMapLookupElem, m, key)
			// refused: call bpf_map_update_elem: null pointer: argument 3: what bpf_map_lookup_elem gives at
			// line-1 may be 0 and has not been tested; call inside an If that it is not, or Return where it is
			b.Call(asm.FnMapUpdateElem, m, key, v, asm.UpdateAny)
			b.Return(0)
		}},
		{"a socket that was not tested", asm.CgroupSKB, func(b *asm.Builder) {
			sk := b.Load(b.Context().Field(asm.SkBuffSk))
			// refused: v2 = *(u32 *)(v1 + 4): null pointer: what __sk_buff.sk gives at line-1 may be 0 and has not
			// been tested; use it inside an If that it is not, or Return where it is
			b.Return(b.Load(sk.Field(asm.SockFamily)))
		}},

		// Pointers.
		{"the context multiplied", asm.XDP, func(b *asm.Builder) {
			v := b.Copy(b.Context())
			// refused: v1 *= 2: pointer misused: the context can only be moved; use Add or Sub with a number
			b.Mul(v, 2)
			b.Return(0)
		}},
		{"the context moved", asm.XDP, func(b *asm.Builder) {
			v := b.Copy(b.Context())
			// refused: v1 += 4: pointer misused: the context cannot be moved; the offset goes into the load or
			// store
			b.Add(v, 4)
			b.Return(b.Load(v.U32(0)))
		}},
		{"two pointers added", asm.XDP, func(b *asm.Builder) {
			pkt := b.Packet()
			v := pkt.Addr(0)
			// refused: v3 += v4: pointer misused: an address in the packet can only be moved; use Add or Sub with
			// a number
			b.Add(v, pkt.Addr(4))
			b.Return(0)
		}},
		{"a pointer subtracted from a number", asm.XDP, func(b *asm.Builder) {
			v := b.Copy(1)
			// refused: v0 -= v1: pointer misused: the context can only be moved; use Add or Sub with a number
			b.Sub(v, b.Context())
			b.Return(v)
		}},
		{"a pointer with its sign changed", asm.XDP, func(b *asm.Builder) {
			v := b.Packet().Addr(0)
			// refused: v3 = -v3: pointer misused: an address in the packet has 64 bits and can only be moved; use
			// Add or Sub
			b.Neg(v)
			b.Return(0)
		}},
		{"a pointer moved in its lower half", asm.XDP, func(b *asm.Builder) {
			v := b.Packet().Addr(0)
			// refused: vw3 += 4: pointer misused: an address in the packet has 64 bits and can only be moved; use
			// Add or Sub
			b.Add32(v, 4)
			b.Return(0)
		}},
		{"a pointer's bytes swapped", asm.XDP, func(b *asm.Builder) {
			v := b.Packet().Addr(0)
			// refused: v3 = be16 v3: pointer misused: an address in the packet has 64 bits and can only be moved;
			// use Add or Sub
			b.BE(v, 16)
			b.Return(0)
		}},
		{"a number subtracted from an address on the stack", asm.XDP, func(b *asm.Builder) {
			v := b.Addr(b.Stack("s", 16).U64(8))
			// refused: v0 -= 8: pointer misused: the verifier lets nothing be subtracted from a stack address; Add a
			// negative number
			b.Sub(v, 8)
			b.Return(0)
		}},
		{"half a pointer copied", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			// refused: vw0 = vw1: pointer misused: a part of the context is no address; copy all of it with Mov
			b.Mov32(v, b.Context())
			b.Return(v)
		}},
		{"the end of the packet moved", asm.XDP, func(b *asm.Builder) {
			end := b.Load(b.Context().Field(asm.XDPMdDataEnd))
			// refused: v1 -= 4: pointer misused: the packet's end cannot be moved; the offset goes into the load
			// or store
			b.Sub(end, 4)
			b.Return(0)
		}},
		{"a load from the end of the packet", asm.XDP, func(b *asm.Builder) {
			end := b.Load(b.Context().Field(asm.XDPMdDataEnd))
			// refused: v2 = *(u8 *)(v1 + 0): pointer misused: v1 is the packet's end, good for comparison only;
			// load relative to its beginning
			b.Return(b.Load(end.U8(0)))
		}},
		{"a load from a number", asm.XDP, func(b *asm.Builder) {
			v := b.Copy(5)
			// refused: v1 = *(u32 *)(v0 + 0): pointer misused: v0 holds a number; an address comes from the
			// context, a map lookup, the packet or Addr
			b.Return(b.Load(v.U32(0)))
		}},
		{"a load from a map", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			b.LdMap(v, "m")
			// refused: v1 = *(u32 *)(v0 + 0): pointer misused: v0 holds a map; its values are read through
			// bpf_map_lookup_elem
			b.Return(b.Load(v.U32(0)))
		}},
		{"a load from a function", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			b.LdFunc(v, "f")
			// refused: v1 = *(u32 *)(v0 + 0): pointer misused: v0 holds a function; call it with CallFunc
			b.Return(b.Load(v.U32(0)))
			b.Function("f", 0, func([]asm.Register) { b.Return(0) })
		}},
		{"a map compared with nothing", asm.XDP, func(b *asm.Builder) {
			v := b.Virtual()
			b.LdMap(v, "m")
			// refused: if v0 != 0: pointer misused: a map is never 0; compare the result of the lookup
			b.If(v.Eq(0), func() { b.Return(1) })
			b.Return(0)
		}},
		{"a pointer compared with a number", asm.XDP, func(b *asm.Builder) {
			v := b.Packet().Addr(0)
			// refused: if v3 <= 64: pointer misused: an address in the packet is compared with 64; compare it with
			// 0 or with another pointer
			b.If(v.Gt(64), func() { b.Return(1) })
			b.Return(0)
		}},
		{"a pointer's bits", asm.XDP, func(b *asm.Builder) {
			v := b.Packet().Addr(0)
			// refused: if v3 & 3: pointer misused: the bits of an address in the packet mean nothing; compare it
			// with 0 or with another pointer
			b.If(v.HasBits(3), func() { b.Return(1) })
			b.Return(0)
		}},
		{"an atomic operation on the context", asm.SockOps, func(b *asm.Builder) {
			// refused: lock *(u32 *)(v0 + 164) += vw1: pointer misused: no atomic operation on the context; load,
			// compute and store
			b.AtomicAdd(b.Context().Field(asm.SockOpsSkTxhash), b.Copy(1))
			b.Return(0)
		}},
		{"a pointer as the result", asm.XDP, func(b *asm.Builder) {
			// refused: exit: pointer misused: the result of a program is a number and not the context; Load what
			// is there
			b.Return(b.Context())
		}},
		{"registers of another builder", asm.XDP, func(b *asm.Builder) {
			other := asm.NewBuilder("other", asm.XDP)
			other.Virtual()
			v := other.Virtual()
			// refused: instruction 0: v1 = 1: register out of range: destination v1 of another builder; this one's
			// come from Virtual, Copy, Load and the like
			b.Mov(v, 1)
			// refused: instruction 1: r0 = v1: register out of range: source v1 of another builder; this one's
			// come from Virtual, Copy, Load and the like
			b.Return(v)
		}},
	})
}
