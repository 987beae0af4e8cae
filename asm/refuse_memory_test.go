package asm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func TestRefuseMemory(t *testing.T) {
	pair := asm.NewStruct("pair", asm.Member{Name: "port", Size: asm.H, Count: 2}, asm.Member{Name: "addr", Size: asm.W})
	checkRefusals(t, []refusal{
		// Fields.
		{"a field of another struct", asm.XDP, func(b *asm.Builder) {
			// refused: v1 = *(u32 *)(v0 + 16): bad context access: sk_msg_md.family is not there, the context of
			// xdp programs is xdp_md; use a field of xdp_md
			b.Return(b.Load(b.Context().Field(asm.SkMsgMdFamily)))
		}},
		{"a store to a field of another struct", asm.SockOps, func(b *asm.Builder) {
			// refused: *(u32 *)(v0 + 8) = 1: bad context access: __sk_buff.mark is not there, the context of
			// sock_ops programs is bpf_sock_ops; use a field of bpf_sock_ops
			b.Store(b.Context().Field(asm.SkBuffMark), 1)
			b.Return(0)
		}},
		{"a field of another struct through a pointer", asm.CgroupSKB, func(b *asm.Builder) {
			sk := b.Load(b.Context().Field(asm.SkBuffSk))
			b.If(sk.Eq(0), func() { b.Return(1) })
			// refused: v2 = *(u32 *)(v1 + 8): bad context access: __sk_buff.mark is not there, the address is that
			// of a bpf_sock; use a field of bpf_sock
			b.Return(b.Load(sk.Field(asm.SkBuffMark)))
		}},
		{"a field that a lesser socket does not have", asm.CgroupSKB, func(b *asm.Builder) {
			sk := b.Load(b.Context().Field(asm.SkBuffSk))
			b.If(sk.Eq(0), func() { b.Return(1) })
			// refused: v2 = *(u32 *)(v1 + 12): bad context access: bpf_sock.protocol cannot be read through a
			// pointer to sock_common; bpf_sk_fullsock may give a better one
			b.Return(b.Load(sk.Field(asm.SockProtocol)))
		}},
		{"a field that the type cannot read", asm.SocketFilter, func(b *asm.Builder) {
			// refused: v1 = *(u32 *)(v0 + 160): bad context access: socket_filter programs cannot read
			// __sk_buff.wire_len; programs that can are sched_cls, sched_act
			b.Return(b.Load(b.Context().Field(asm.SkBuffWireLen)))
		}},
		{"a field that the attach type cannot read", asm.CgroupSockAddr, func(b *asm.Builder) {
			b.AttachType(asm.AttachCgroupInet4Connect)
			// refused: v1 = *(u32 *)(v0 + 8): bad context access: cgroup_sock_addr programs cannot read
			// bpf_sock_addr.user_ip6 with attach type cgroup_inet4_connect; see Builder.AttachType
			b.Return(b.Load(b.Context().Elem(asm.SockAddrUserIP6, 0)))
		}},
		{"a field that the type cannot write", asm.SocketFilter, func(b *asm.Builder) {
			// refused: *(u32 *)(v0 + 8) = 1: bad context access: socket_filter programs cannot write
			// __sk_buff.mark; programs that can are sched_cls, sched_act, cgroup_skb, lwt_in, lwt_out, lwt_xmit,
			// lwt_seg6local
			b.Store(b.Context().Field(asm.SkBuffMark), 1)
			b.Return(0)
		}},
		{"more than a field", asm.XDP, func(b *asm.Builder) {
			// refused: v1 = *(u64 *)(v0 + 0): bad context access: xdp_md.data has 4 bytes and cannot be read with
			// 8 bytes; use Field
			b.Return(b.Load(b.Context().U64(asm.XDPMdData.Offset())))
		}},
		{"less than a field", asm.XDP, func(b *asm.Builder) {
			// refused: v1 = *(u16 *)(v0 + 12): bad context access: xdp_md.ingress_ifindex has 4 bytes and cannot
			// be read with 2 bytes; use Field
			b.Return(b.Load(b.Context().U16(asm.XDPMdIngressIfindex.Offset())))
		}},
		{"the middle of a field", asm.SkMsg, func(b *asm.Builder) {
			// refused: v1 = *(u32 *)(v0 + 4): bad context access: sk_msg_md.data has 8 bytes and cannot be read
			// with 4 bytes at byte 4 of it; use Field
			b.Return(b.Load(b.Context().U32(asm.SkMsgMdData.Offset() + 4)))
		}},
		{"a store to less than a field", asm.SchedCLS, func(b *asm.Builder) {
			// refused: *(u16 *)(v0 + 32) = 1: bad context access: __sk_buff.priority has 4 bytes and cannot be
			// written with 2 bytes; use Field
			b.Store(b.Context().U16(asm.SkBuffPriority.Offset()), 1)
			b.Return(0)
		}},
		{"bytes that are no field", asm.XDP, func(b *asm.Builder) {
			// refused: v1 = *(u32 *)(v0 + 400): bad context access: xdp_md has no field at byte 400; name the
			// field with Field
			b.Return(b.Load(b.Context().U32(400)))
		}},
		{"an address with a sign", asm.XDP, func(b *asm.Builder) {
			// refused: v1 = *(s32 *)(v0 + 0): bad context access: xdp_md.data is an address and has no sign; use
			// Field
			b.Return(b.Load(b.Context().S32(asm.XDPMdData.Offset())))
		}},
		{"an element that is not there", asm.SkMsg, func(b *asm.Builder) {
			// refused: instruction 0: v1 = *(u32 *)(v0 + 44): bad operand: sk_msg_md.remote_ip6 has 4 elements,
			// and none at index 4
			b.Return(b.Load(b.Context().Elem(asm.SkMsgMdRemoteIP6, 4)))
		}},

		// Stack objects.
		{"objects of no size and too large", asm.XDP, func(b *asm.Builder) {
			// refused: stack object none: bad stack object: 0 bytes of a frame of 512; a map value has room for
			// more
			b.Stack("none", 0)
			// refused: stack object large: bad stack object: 513 bytes of a frame of 512; a map value has room for
			// more
			b.Stack("large", 513)
			// refused: stack object empty: bad stack object: a struct without members
			b.StackStruct("empty", nil)
			// refused: stack object twice: bad stack object: twice has two members a
			b.StackStruct("twice", asm.NewStruct("twice", asm.Member{Name: "a", Size: asm.B}, asm.Member{Name: "a", Size: asm.B}))
			// refused: stack object sizeless: bad stack object: member a of sizeless has no size; it is B, H, W or
			// DW
			b.StackStruct("sizeless", asm.NewStruct("sizeless", asm.Member{Name: "a", Size: 3}))
			// refused: stack object number: bad stack object: member n of number is a struct that stands for a number;
			// give it the Size
			b.StackStruct("number", asm.NewStruct("number", asm.Member{Name: "n", Struct: asm.NewStruct("", asm.Member{Size: asm.W})}))
			deep := asm.NewStruct("deep", asm.Member{Name: "n", Size: asm.W})
			for range 17 {
				deep = asm.NewStruct("deep", asm.Member{Name: "n", Struct: deep})
			}
			// refused: stack object deep: bad stack object: deep has structs in structs, 17 deep; it may be 16
			b.StackStruct("deep", deep)
			wide := asm.NewStruct("wide", asm.Member{Name: "n", Size: asm.B})
			for range 9 {
				wide = asm.NewStruct("wide", asm.Member{Struct: wide}, asm.Member{Struct: wide}, asm.Member{Struct: wide}, asm.Member{Struct: wide})
			}
			// refused: stack object wide: bad stack object: wide has more than 65536 members
			b.StackStruct("wide", wide)
			long := asm.NewStruct("long", asm.Member{Name: "n", Size: asm.DW, Count: 1 << 30})
			// refused: stack object long: bad stack object: long has 2 GiB and more
			b.StackStruct("long", asm.NewStruct("long", asm.Member{Name: "n", Struct: long, Count: 1 << 30}))
			b.Return(b.Copy(0))
		}},
		{"a struct in a struct", asm.XDP, func(b *asm.Builder) {
			o := b.StackStruct("o", asm.NewStruct("o", asm.Member{Name: "first", Size: asm.W},
				asm.Member{Name: "inner", Struct: asm.NewStruct("inner", asm.Member{Name: "port", Size: asm.H, Count: 2})}))
			b.Store(o.Field("inner.port"), 1)
			b.Store(o.Elem("inner.port", 1), 1)
			b.Store(o.U32(4), 1)
			// refused: instruction 3: *(u8 *)(o + 4) = 1: bad operand: inner of o is a struct, no number; name one of its
			// members; its layout is 0 u16 port[2]
			b.Store(o.Field("inner"), 1)
			// refused: instruction 4: *(u8 *)(o + 5) = 1: bad stack object: 1 byte at byte 5 of o are no member of it; its
			// layout is 0 u32 first, 4 struct inner inner
			b.Store(o.U8(5), 1)
			b.Return(b.Copy(0))
		}},
		{"bytes outside an object", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 6)
			// refused: instruction 0: *(u16 *)(s + 6) = 1: bad stack object: 2 bytes at byte 6 of s, which has 6
			// bytes
			b.Store(s.U16(6), 1)
			// refused: instruction 1: *(u8 *)(s - 1) = 1: bad stack object: 1 byte at byte -1 of s, which has 6
			// bytes
			b.Store(s.U8(-1), 1)
			// refused: instruction 2: *(u64 *)(s + 0) = 1: bad stack object: 8 bytes at byte 0 of s, which has 6
			// bytes
			b.Store(s.U64(0), 1)
			b.Return(0)
		}},
		{"bytes that are not aligned", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 6)
			// refused: instruction 0: *(u16 *)(s + 1) = 1: bad stack object: 2 bytes at byte 1 of s are not
			// aligned; load or store smaller parts
			b.Store(s.U16(1), 1)
			b.Return(0)
		}},
		{"a member in another width", asm.XDP, func(b *asm.Builder) {
			s := b.StackStruct("s", pair)
			// refused: instruction 0: *(u64 *)(s + 0) = 1: bad stack object: 8 bytes at byte 0 of s are no member
			// of it; its layout is 0 u16 port[2], 4 u32 addr
			b.Store(s.U64(0), 1)
			// refused: instruction 1: *(u16 *)(s + 4) = 1: bad stack object: 2 bytes at byte 4 of s are no member
			// of it; its layout is 0 u16 port[2], 4 u32 addr
			b.Store(s.U16(4), 1)
			b.Store(s.U32(0), 1) // both elements of port
			b.Return(0)
		}},
		{"a member that is not there", asm.XDP, func(b *asm.Builder) {
			s := b.StackStruct("s", pair)
			// refused: instruction 0: *(u8 *)(s + 0) = 1: bad operand: s has no member proto with an element 0;
			// its layout is 0 u16 port[2], 4 u32 addr
			b.Store(s.Field("proto"), 1)
			// refused: instruction 1: *(u8 *)(s + 0) = 1: bad operand: s has no member port with an element 2; its
			// layout is 0 u16 port[2], 4 u32 addr
			b.Store(s.Elem("port", 2), 1)
			b.Return(0)
		}},
		{"a constant that does not fit", asm.XDP, func(b *asm.Builder) {
			s := b.StackStruct("s", pair)
			// refused: instruction 0: *(u16 *)(s + 0) = 65536: immediate out of range: 65536 does not fit 16 bits
			b.Store(s.Field("port"), 1<<16)
			b.Return(0)
		}},
		{"text", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			// refused: instruction 0: *(u8 *)(s + 0) = 0: bad operand: string, want a Register or an integer
			b.Store(s.U8(0), "x")
			// refused: instruction 1: v0 = 0: bad operand: string, want a Register or an integer
			b.Return(b.Copy("x"))
		}},
		{"more than the frame has", asm.XDP, func(b *asm.Builder) {
			b.Return(b.CallFunc("f"))
			// refused: bad stack object: function f needs 520 bytes of a frame of 512; the largest are path 300,
			// name 200, key 16: make one smaller, or move it to a map value
			b.Function("f", 0, func([]asm.Register) {
				b.Zero(b.Stack("name", 200))
				b.Zero(b.Stack("path", 300))
				b.Zero(b.Stack("key", 16))
				b.Return(0)
			})
		}},
		{"an object of another function", asm.XDP, func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Zero(s)
			b.Return(b.CallFunc("f"))
			b.Function("f", 0, func([]asm.Register) {
				// refused: bad stack object: s is on the stack of function test; hand its address to f as an
				// argument
				b.Store(s.U64(0), 1)
				b.Return(0)
			})
		}},
		{"an object of another builder", asm.XDP, func(b *asm.Builder) {
			other := asm.NewBuilder("other", asm.XDP)
			s := other.Stack("s", 8)
			// refused: zero: bad stack object: s is another builder's; make one with this builder's Stack
			b.Zero(s)
			// refused: instruction 0: *(u8 *)(s + 0) = 1: bad stack object: s is another builder's; make one with
			// this builder's Stack
			b.Store(s.U8(0), 1)
			// refused: address: bad stack object: s is another builder's; make one with this builder's Stack
			b.Addr(s)
			// refused: address: bad operand: a Global of another builder; make one with this builder's Rodata,
			// Data or BSS
			b.Addr(other.BSS("g", 8))
			b.Return(b.Copy(0))
		}},
		{"no object", asm.XDP, func(b *asm.Builder) {
			var s *asm.StackObject
			// refused: zero: bad stack object: nil; make one with Stack
			b.Zero(s)
			// refused: instruction 0: *(u8 *)(r10 + 0) = 1: bad operand: a part of no stack object
			b.Store(s.U8(0), 1)
			// refused: instruction 1: *(u8 *)(r10 + 0) = 1: bad operand: a part of no stack object
			b.Store(s.Field("a"), 1)
			// refused: address: bad operand: *asm.StackObject has no address on the stack; give a stack object, a
			// part of one or a Global
			b.Addr(s)
			// refused: read: bad stack object: nil; make one with Stack
			b.Packet().Read(s, 0, func() { b.Return(0) })
			b.Return(b.Copy(0))
		}},
		{"the address of what has none", asm.XDP, func(b *asm.Builder) {
			// refused: address: bad operand: int has no address on the stack; give a stack object, a part of one
			// or a Global
			b.Addr(5)
			// refused: address: bad operand: asm.Mem has no address on the stack; give a stack object, a part of
			// one or a Global
			b.Addr(b.Context().Field(asm.XDPMdData))
			// refused: address: bad operand: s has no member a with an element 0; its layout is none
			b.Addr(b.Stack("s", 8).Field("a"))
			b.Return(b.Copy(0))
		}},

		// Packets, globals, counters.
		{"the packet of a type without one", asm.SkLookup, func(b *asm.Builder) {
			// refused: packet: bad context access: sk_lookup programs see no packet; those of types such as xdp
			// and sched_cls do
			b.Packet()
			b.Return(b.Copy(0))
		}},
		{"the packet of a type that cannot look", asm.SocketFilter, func(b *asm.Builder) {
			// refused: packet: bad context access: socket_filter programs cannot read the packet's bytes; call
			// bpf_skb_load_bytes
			b.Packet()
			b.Return(b.Copy(0))
		}},
		{"a copy of a message", asm.SkMsg, func(b *asm.Builder) {
			// refused: read: bad operand: no helper copies from a message; bpf_msg_pull_data makes it linear
			b.Packet().Read(b.Stack("s", 4), 0, func() { b.Return(1) })
			b.Return(1)
		}},
		{"globals of no size and too large", asm.XDP, func(b *asm.Builder) {
			// refused: global none: bad operand: 0 bytes; a global has from 1 to 536870912
			b.BSS("none", 0)
			// refused: global none: bad operand: 0 bytes; a global has from 1 to 536870912
			b.Data("none", nil)
			// refused: global large: bad operand: 1073741824 bytes; a global has from 1 to 536870912
			b.BSS("large", 1<<30)
			b.BSS("half", 1<<28)
			// refused: global rest: bad operand: .bss would have more than 536870912 bytes; use a map
			b.BSS("rest", 1<<28+1)
			b.Return(b.Copy(0))
		}},
		{"a counter that is not there", asm.XDP, func(b *asm.Builder) {
			// refused: count mis: bad operand: the counters of stats are hit, miss; give NewCounters this one too
			b.Count(asm.NewCounters("stats", "hit", "miss"), "mis", 1)
			b.Return(b.Copy(0))
		}},
		{"counters that cannot be", asm.XDP, func(b *asm.Builder) {
			// refused: count hit: bad operand: stats has two counters hit; leave one of them out
			b.Count(asm.NewCounters("stats", "hit", "hit"), "hit", 1)
			// refused: count hit: bad operand: no Counters; make them with NewCounters
			b.Count(nil, "hit", 1)
			b.Count(asm.NewCounters("stats", "hit"), "hit", 1)
			// refused: map stats: declared before with another specification
			b.Count(asm.NewCounters("stats", "hit", "miss"), "miss", 1)
			// refused: instruction 28: v5 += 0: bad operand: string, want a Register or an integer
			b.Count(asm.NewCounters("stats", "hit"), "hit", "one")
			b.Return(b.Copy(0))
		}},
		{"prints", asm.XDP, func(b *asm.Builder) {
			// refused: printk: bad operand: 4 values; the kernel prints up to 3, so call it twice
			b.Printk("%d %d %d %d", 1, 2, 3, 4)
			// refused: printk: bad operand: 0 values for the 1 verbs of "%d of 100%%"
			b.Printk("%d of 100%%")
			// refused: printk: bad operand: 2 values for the 1 verbs of "%d"
			b.Printk("%d", 1, 2)
			// refused: printk: bad operand: "größer" has 'ö', and the kernel prints ASCII only
			b.Printk("größer")
			b.Return(b.Copy(0))
		}},
	})
}

func TestRefuseArguments(t *testing.T) {
	checkRefusals(t, []refusal{
		{"too few", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_map_lookup_elem: bad operand: 1 arguments; it takes map, pointer to a map key
			b.Call(asm.FnMapLookupElem, asm.Map("m"))
			b.Return(0)
		}},
		{"too many", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_ktime_get_ns: bad operand: 1 arguments; it takes none
			b.Call(asm.FnKtimeGetNS, 1)
			b.Return(0)
		}},
		{"of a helper that is none", asm.XDP, func(b *asm.Builder) {
			// refused: call helper 9999: bad operand: the kernel has no such helper; CallHelper takes any number
			b.Call(9999, 1)
			b.Return(0)
		}},
		{"of no kind", asm.XDP, func(b *asm.Builder) {
			// refused: instruction 0: r1 = 0: bad operand: string, want a Register or an integer
			b.Call(asm.FnMapLookupElem, "m", b.Stack("key", 4))
			b.Return(0)
		}},
		{"a number for a map", asm.XDP, func(b *asm.Builder) {
			key := b.Stack("key", 4)
			b.Zero(key)
			// refused: call bpf_map_lookup_elem: bad operand: argument 1 is a number, bpf_map_lookup_elem takes a
			// map; name one with asm.Map
			b.Call(asm.FnMapLookupElem, 5, key)
			b.Return(0)
		}},
		{"a map for a key", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_map_lookup_elem: bad operand: argument 2 is a map, bpf_map_lookup_elem takes a
			// pointer to a map key; give a stack object, or an address in a map value or the packet
			b.Call(asm.FnMapLookupElem, asm.Map("m"), asm.Map("m"))
			b.Return(0)
		}},
		{"a number for a key", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_map_lookup_elem: bad operand: argument 2 is a number, bpf_map_lookup_elem takes a
			// pointer to a map key; give a stack object, or an address in a map value or the packet
			b.Call(asm.FnMapLookupElem, asm.Map("m"), b.Copy(7))
			b.Return(0)
		}},
		{"the context for a key", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_map_lookup_elem: bad operand: argument 2 is the context, bpf_map_lookup_elem takes
			// a pointer to a map key; give a stack object, or an address in a map value or the packet
			b.Call(asm.FnMapLookupElem, asm.Map("m"), b.Context())
			b.Return(0)
		}},
		{"an object for the context", asm.SocketFilter, func(b *asm.Builder) {
			s := b.Stack("s", 4)
			// refused: call bpf_skb_load_bytes: bad operand: argument 1 is a stack address, bpf_skb_load_bytes
			// takes a context; Builder.Context returns it
			b.Call(asm.FnSKBLoadBytes, s, 0, s, 4)
			b.Return(0)
		}},
		{"an address for a size", asm.SocketFilter, func(b *asm.Builder) {
			s := b.Stack("s", 4)
			// refused: call bpf_skb_load_bytes: bad operand: argument 4 is a stack address, bpf_skb_load_bytes
			// takes a size; give the number of bytes
			b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s, s)
			b.Return(0)
		}},
		{"no size", asm.SocketFilter, func(b *asm.Builder) {
			s := b.Stack("s", 4)
			// refused: call bpf_skb_load_bytes: bad operand: argument 4 is 0, bpf_skb_load_bytes takes a size;
			// there is at least one byte
			b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s, 0)
			b.Return(0)
		}},
		{"more than an object has", asm.SocketFilter, func(b *asm.Builder) {
			s := b.Stack("s", 4)
			// refused: call bpf_skb_load_bytes: bad stack object: argument 3: bpf_skb_load_bytes takes 8 bytes
			// from byte 0 of s on, which has 4 bytes; make the object larger or the size smaller
			b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s, 8)
			b.Return(0)
		}},
		{"more than a part of an object has", asm.SocketFilter, func(b *asm.Builder) {
			s := b.Stack("s", 16)
			// refused: call bpf_skb_load_bytes: bad stack object: argument 3: bpf_skb_load_bytes takes 8 bytes
			// from byte 12 of s on, which has 16 bytes; make the object larger or the size smaller
			b.Call(asm.FnSKBLoadBytes, b.Context(), 0, s.U8(12), 8)
			b.Return(0)
		}},
		{"a key shorter than the map's", asm.XDP, func(b *asm.Builder) {
			m := b.DeclareMap(asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 16, ValueSize: 4, MaxEntries: 1})
			key := b.Stack("key", 8)
			b.Zero(key)
			// refused: call bpf_map_lookup_elem: bad stack object: argument 2: bpf_map_lookup_elem takes 16 bytes
			// from byte 0 of key on, which has 8 bytes; make the object larger or the size smaller
			b.Call(asm.FnMapLookupElem, m, key)
			b.Return(0)
		}},
		{"no function", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_loop: bad operand: argument 2 is a number, bpf_loop takes a function; name one
			// with asm.Func
			b.Call(asm.FnLoop, 10, 0, 0, 0)
			b.Return(0)
		}},
		{"a callback's context that is not on the stack", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_loop: bad operand: argument 3 is the context, bpf_loop takes a pointer to the
			// stack; give a stack object
			b.Call(asm.FnLoop, 10, asm.Func("f"), b.Context(), 0)
			b.Return(0)
			b.Function("f", 2, func([]asm.Register) { b.Return(0) })
		}},
		{"no socket", asm.SchedCLS, func(b *asm.Builder) {
			// refused: call bpf_sk_release: bad operand: argument 1 is a stack address, bpf_sk_release takes a
			// socket or kernel socket; a context field or another helper gives one
			b.Call(asm.FnSkRelease, b.Addr(b.Stack("s", 8)))
			b.Return(0)
		}},
		{"no record", asm.XDP, func(b *asm.Builder) {
			// refused: call bpf_ringbuf_submit: bad operand: argument 1 is a stack address, bpf_ringbuf_submit
			// takes a ring buffer record; bpf_ringbuf_reserve gives one
			b.Call(asm.FnRingBufSubmit, b.Addr(b.Stack("s", 8)), 0)
			b.Return(0)
		}},
	})
}
