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
	b   *Builder
	at  Register // a packet pointer
	off int      // from it to where offsets count from
	end Register
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
		b.fail(from, "packet", fmt.Errorf("%w: %v programs have no packet", ErrField, b.spec.Type))
		data, end = XDPMdData, XDPMdDataEnd
	}
	p := &Packet{b: b, at: b.Virtual(), end: b.Virtual()}
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
	short()
	if b.open() {
		b.fail(from, fmt.Sprintf("packet of %d bytes", n), fmt.Errorf("%w: what is done with a short packet goes on to read it; end it with Return", ErrOperand))
	}
	b.mark(enough, from)
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
		return &Packet{b: p.b, at: p.at, off: p.off + int(n), end: p.end}
	}
	from := p.b.here()
	v := p.b.Virtual()
	p.b.set(v, p.at, from)
	n := node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: v}, from: from}
	n.ins.Op |= p.b.operand(&n, off, 64)
	p.b.add(n)
	return &Packet{b: p.b, at: v, off: p.off, end: p.end}
}

// Read copies bytes of the packet, from off on, as many as o has, to a stack object. It reads them directly when they
// are in the linear part and with bpf_skb_load_bytes when they are not. missing runs when the packet does not have them;
// it must not come back. For programs on socket buffers, on a Packet that Builder.Packet made.
func (p *Packet) Read(o *StackObject, off int, missing func()) {
	from := p.b.here()
	b := p.b
	limit := b.Virtual()
	copyIt, done := b.unique(), b.unique()
	b.set(limit, p.at, from)
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: limit, Imm: int64(p.off + off + o.size)}, from: from})
	b.branch(limit.Gt(p.end), copyIt, true, from)
	for at := 0; at < o.size; {
		s := DW
		for n := s.Bytes(); at%n != 0 || at+n > o.size || n > o.align(); n = s.Bytes() {
			s = sizeOf(n / 2)
		}
		t := b.Virtual()
		b.load(t, Mem{Base: p.at, Off: p.off + off + at, Size: s}, from)
		b.access(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, W), Dst: FP, Src: t}, from: from}, o.mem(at, s, false))
		at += s.Bytes()
	}
	b.jumpTo(done, from)
	b.mark(copyIt, from)
	b.arguments([]any{b.Context(), p.off + off, o, o.size}, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallHelper, Imm: int64(FnSKBLoadBytes)}, args: 4, from: from})
	b.branch(R0.Eq(0), done, true, from)
	missing()
	if b.open() {
		b.fail(from, "packet "+o.name, fmt.Errorf("%w: what is done with a short packet goes on to read it; end it with Return", ErrOperand))
	}
	b.mark(done, from)
}

// From returns the packet as seen from at, a register that points into it, such as one that Addr made. When the register
// moves, so does what is read; each move needs its own Need.
func (p *Packet) From(at Register) *Packet { return &Packet{b: p.b, at: at, end: p.end} }
