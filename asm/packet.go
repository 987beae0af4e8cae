package asm

import (
	"fmt"
	"math"
)

// Packet is direct access to a packet's bytes, between the data and data_end of the context. The verifier allows a load
// only below what the program has compared with data_end: Need makes that comparison, and one serves all loads that
// follow it on the way.
//
//	pkt := b.Packet()
//	pkt.Need(ethLen+ipLen, func() { b.Return(asm.XDPPass) })
//	protocol := b.Load(pkt.U8(ethLen + 9))
//
// Only the linear part of the packet is there: of a socket buffer that may be the headers alone. Read also finds the
// rest.
type Packet struct {
	b     *Builder
	at    Register // a packet pointer
	off   int      // from it to where offsets count from
	end   Register
	start Register // of the whole packet
}

// Packet loads the bounds of the packet from the context. The program's type must have them.
func (b *Builder) Packet() *Packet {
	from := b.here()
	ctx := b.Context()
	var data, end Field
	switch c := b.spec.Type.Context(); c {
	case ContextSkBuff:
		data, end = SkBuffData, SkBuffDataEnd
	case ContextXDPMd:
		data, end = XDPMdData, XDPMdDataEnd
	case ContextSkReuseportMd:
		data, end = SkReuseportMdData, SkReuseportMdDataEnd
	case ContextSkMsgMd:
		data, end = SkMsgMdData, SkMsgMdDataEnd
	default:
		b.fail(from, "packet", fmt.Errorf("%w: %v programs see no packet; those of types such as xdp and sched_cls do", ErrField, b.spec.Type))
		return &Packet{b: b, at: b.Virtual(), end: b.Virtual()}
	}
	if !data.ReadableBy(b.spec.Type) {
		b.fail(from, "packet", fmt.Errorf("%w: %v programs cannot read the packet's bytes; call bpf_skb_load_bytes", ErrField, b.spec.Type))
	}
	p := &Packet{b: b, at: b.Virtual(), end: b.Virtual()}
	p.start = p.at
	b.load(p.at, ctx.Field(data), from)
	b.load(p.end, ctx.Field(end), from)
	return p
}

// Need runs short when fewer than n bytes can be read. It must not come back: end it with Return, Break or Continue.
func (p *Packet) Need(n int, short func()) {
	from := p.b.here()
	b := p.b
	enough := b.unique()
	limit := b.Virtual()
	b.set(limit, p.at, from)
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: limit, Imm: int64(p.off + n)}, from: from})
	b.branch(limit.Le(p.end), enough, true, from)
	p.leave("need", from, short)
	b.mark(enough, from)
}

// leave calls body for a packet that is too short.
func (p *Packet) leave(call string, from origin, body func()) {
	b := p.b
	b.within(call, from, body)
	if body != nil && b.open() {
		b.fail(from, call, fmt.Errorf("%w: what runs for a packet that is too short goes on to read it; end it with Return, Break or Continue", ErrNesting))
	}
}

// U8 is the byte at off.
func (p *Packet) U8(off int) Mem { return p.at.U8(p.off + off) }

// U16 is the two bytes at off in the target's byte order; LoadBE reads them in network order.
func (p *Packet) U16(off int) Mem { return p.at.U16(p.off + off) }

// U32 is the four bytes at off in the target's byte order; LoadBE reads them in network order.
func (p *Packet) U32(off int) Mem { return p.at.U32(p.off + off) }

// U64 is the eight bytes at off in the target's byte order; LoadBE reads them in network order.
func (p *Packet) U64(off int) Mem { return p.at.U64(p.off + off) }

// Addr is the address of the byte at off, for helpers that take memory.
func (p *Packet) Addr(off int) Register {
	from := p.b.here()
	v := p.b.Virtual()
	p.b.set(v, p.at, from)
	if off += p.off; off != 0 {
		p.b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: v, Imm: int64(off)}, from: from})
	}
	return v
}

// Len returns the number of bytes from where the packet begins, or from where Skip came to, to its end.
func (p *Packet) Len() Register {
	from := p.b.here()
	v := p.b.Virtual()
	p.b.set(v, p.end, from)
	p.b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpSub, X), Dst: v, Src: p.at}, from: from})
	if p.off != 0 {
		p.b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: v, Imm: int64(-p.off)}, from: from})
	}
	return v
}

// Skip returns the packet from off on, a constant or a register that the verifier knows a bound of: what is behind a
// header of variable length. What is behind a register cannot be read before its own Need. A constant costs nothing.
func (p *Packet) Skip(off Operand) *Packet {
	if n, _, ok := constant(off); ok && n >= math.MinInt16 && n <= math.MaxInt16 {
		return &Packet{b: p.b, at: p.at, off: p.off + int(n), end: p.end, start: p.start}
	}
	from := p.b.here()
	v := p.b.Virtual()
	p.b.set(v, p.at, from)
	n := node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: v}, from: from}
	n.ins.Op |= p.b.operand(&n, off, 64)
	p.b.add(n)
	return &Packet{b: p.b, at: v, off: p.off, end: p.end, start: p.start}
}

// Read copies bytes of the packet, from off on, as many as o has, to a stack object. It reads them directly when they
// are in the linear part, and lets the kernel copy them when they are not: with bpf_skb_load_bytes, in XDP programs with
// bpf_xdp_load_bytes (Linux 5.18). missing runs when the packet does not have them; it must not come back. Programs of
// type sk_msg have no such helper.
func (p *Packet) Read(o *StackObject, off int, missing func()) {
	b := p.b
	from := b.here()
	if err := b.own(o); err != nil {
		b.fail(from, "read", err)
		return
	}
	helper := FnSKBLoadBytes
	switch b.spec.Type.Context() {
	case ContextXDPMd:
		helper = FnXDPLoadBytes
	case ContextSkMsgMd:
		b.fail(from, "read", fmt.Errorf("%w: no helper copies from a message; bpf_msg_pull_data makes it linear", ErrOperand))
	}
	limit := b.Virtual()
	copied, done := b.unique(), b.unique()
	b.set(limit, p.at, from)
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: limit, Imm: int64(p.off + off + o.size)}, from: from})
	b.branch(limit.Gt(p.end), copied, true, from)
	for at, s := range o.parts() {
		t := b.Virtual()
		b.load(t, Mem{Base: p.at, Off: p.off + off + at, Size: s}, from)
		b.add(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, s), Dst: FP, Src: t, Off: int16(at)}, object: o, from: from})
	}
	b.jumpTo(done, from)
	b.mark(copied, from)
	b.helper(helper, []any{b.Context(), p.distance(off, from), o, o.size}, from)
	b.branch(R0.Eq(0), done, true, from)
	p.leave("read", from, missing)
	b.mark(done, from)
}

// distance returns how far the byte at off is from the beginning of the whole packet.
func (p *Packet) distance(off int, from origin) Operand {
	if p.at == p.start {
		return p.off + off
	}
	b := p.b
	v := b.Virtual()
	b.set(v, p.at, from)
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpSub, X), Dst: v, Src: p.start}, from: from})
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: v, Imm: int64(p.off + off)}, from: from})
	return v
}

// From returns the packet as seen from at, a register that points into it, such as one that Addr made. When the register
// moves, so does what is read; each move needs its own Need.
func (p *Packet) From(at Register) *Packet {
	return &Packet{b: p.b, at: at, end: p.end, start: p.start}
}
