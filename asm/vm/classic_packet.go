package vm

import (
	"encoding/binary"

	"github.com/purebpf/purebpf/asm/classic"
)

// data returns what offset 0 of a program is the first byte of.
func (c *SKBContext) data() []byte { return c.Data[c.start():] }

// start returns where in Data that is, inside in any case.
func (c *SKBContext) start() int { return min(max(c.Start, 0), len(c.Data)) }

// load reads size bytes at an offset that is the k of an instruction, perhaps with X added, and not known to be in the
// packet data. Only a negative one can still be right: bpf_skb_load_helper_convert_offset of net/core/filter.c, Linux
// 6.16. Kernels before do not find a header's bytes in the paged part of a packet.
func (c *SKBContext) load(k uint32, size int) (uint32, bool) {
	switch offset := int(int32(k)); {
	case offset >= 0 || offset < linkOffset:
		return 0, false
	case offset >= netOffset:
		return c.behind(c.Network, offset-netOffset, size)
	case c.NoLink:
		return 0, false
	default:
		return c.behind(c.Link, offset-linkOffset, size)
	}
}

// behind reads the size bytes that are offset behind the beginning of a header.
func (c *SKBContext) behind(header, offset, size int) (uint32, bool) {
	at := header + offset
	if at < 0 || at > len(c.Data)-size {
		return 0, false
	}
	var v uint32
	for _, b := range c.Data[at : at+size] {
		v = v<<8 | uint32(b)
	}
	return v, true
}

// extension returns the value of an extension, or false when the program ends with A. What each is says
// convert_bpf_extensions of net/core/filter.c.
func (c *Classic) extension(skb *SKBContext, e classic.Extension, a, x uint32) (uint32, bool) {
	switch e {
	case classic.ExtProtocol:
		return uint32(skb.Protocol), true
	case classic.ExtPktType:
		return skb.PktType & 7, true // 3 bits of struct sk_buff
	case classic.ExtIfindex:
		return skb.Ifindex, skb.Ifindex != 0
	case classic.ExtHatype:
		return uint32(c.opts.Hatype), skb.Ifindex != 0
	case classic.ExtNlattr:
		return attributes{skb, c.opts.Order}.among(a, x), true
	case classic.ExtNlattrNest:
		return attributes{skb, c.opts.Order}.nested(a, x), true
	case classic.ExtMark:
		return skb.Mark, true
	case classic.ExtQueue:
		return skb.QueueMapping & 0xffff, true
	case classic.ExtRxhash:
		return skb.Hash, true
	case classic.ExtCPU:
		return uint32(c.opts.Env.CPU), true
	case classic.ExtVLANTag:
		return uint32(skb.VLANTCI), true
	case classic.ExtVLANTPID:
		return uint32(skb.VLANProto), true
	case classic.ExtVLANTagPresent:
		return uint32(flag(skb.VLANPresent)), true
	case classic.ExtPayOffset:
		if c.opts.PayOffset != nil {
			return c.opts.PayOffset(skb), true
		}
		return dissect(skb), true
	case classic.ExtRandom:
		return c.opts.Env.random(), true
	}
	return a ^ x, true // classic.ExtALUXorX, which has an operation of its own
}

// attributes finds netlink attributes in a packet.
type attributes struct {
	skb   *SKBContext
	order binary.ByteOrder
}

// attributeHeader is the size of struct nlattr: length of header and value, type; both of 16 bits.
const attributeHeader = 4

// among returns the offset of the attribute of type x among those from offset a on, or 0: bpf_skb_get_nlattr of
// net/core/filter.c.
func (s attributes) among(a, x uint32) uint32 {
	if !s.at(a) {
		return 0
	}
	return s.find(int(a), len(s.skb.data()), x)
}

// nested does the same among those nested in the attribute at offset a: bpf_skb_get_nlattr_nest.
func (s attributes) nested(a, x uint32) uint32 {
	if !s.at(a) {
		return 0
	}
	size := int(s.order.Uint16(s.skb.data()[a:]))
	if size < attributeHeader || size > len(s.skb.data())-int(a) {
		return 0
	}
	return s.find(int(a)+attributeHeader, int(a)+size, x)
}

// at reports whether the packet has room for an attribute at offset a. The kernel does not search paged packets.
func (s attributes) at(a uint32) bool {
	return s.skb.Paged <= 0 && uint64(a)+attributeHeader <= uint64(len(s.skb.data()))
}

// find returns the offset of the first attribute of the given type from offset at to end, or 0.
func (s attributes) find(at, end int, kind uint32) uint32 {
	const typeMask, alignment = 0x3fff, 4 // NLA_TYPE_MASK, NLA_ALIGNTO of linux/netlink.h
	data := s.skb.data()
	for at+attributeHeader <= end {
		size := int(s.order.Uint16(data[at:]))
		if size < attributeHeader || size > end-at {
			break
		}
		if uint32(s.order.Uint16(data[at+2:])&typeMask) == kind {
			return uint32(at)
		}
		at += (size + alignment - 1) &^ (alignment - 1)
	}
	return 0
}
