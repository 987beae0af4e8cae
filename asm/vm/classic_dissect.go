package vm

import "encoding/binary"

// EtherTypes and IP protocols that the dissector looks into.
const (
	etherIPv4  = 0x0800
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherVLANs = 0x88a8 // 802.1ad

	protocolHop      = 0 // IPv6 only, as the routing, destination and fragment headers
	protocolICMP     = 1
	protocolIGMP     = 2
	protocolIPv4     = 4
	protocolTCP      = 6
	protocolUDP      = 17
	protocolIPv6     = 41
	protocolRouting  = 43
	protocolFragment = 44
	protocolICMPv6   = 58
	protocolOptions  = 60
	protocolSCTP     = 132
	protocolUDPLite  = 136
)

// flow is what the dissector finds out about a packet.
type flow struct {
	skb      *SKBContext
	ether    uint16
	protocol uint8
	offset   int  // in Data, of the header that comes next
	later    bool // a fragment that is not the first
	headers  int
}

// dissect returns the offset of the payload, or 0 when it does not come to one: skb_get_poff of net/core/flow_dissector.c.
func dissect(skb *SKBContext) uint32 {
	f := flow{skb: skb, ether: skb.Protocol, offset: skb.Network}
	if skb.VLANPresent {
		// The kernel begins with the tag that was taken off.
		if skb.VLANProto != etherVLAN && skb.VLANProto != etherVLANs {
			return 0
		}
		f.headers++
	}
	if !f.network() {
		return 0
	}
	// The kernel keeps offset and length in 16 bits.
	offset := uint32(min(uint16(f.offset-skb.start()), uint16(len(skb.data()))))
	if f.later {
		return offset
	}
	switch f.protocol {
	case protocolTCP:
		b := f.bytes(skb.start()+int(offset)+12, 1)
		if b == nil {
			return offset
		}
		return offset + max(20, uint32(b[0]&0xf0)>>2)
	case protocolUDP, protocolUDPLite, protocolICMP, protocolICMPv6, protocolIGMP:
		return offset + 8
	case protocolSCTP:
		return offset + 12
	}
	return offset
}

// another counts a header that is followed by one of the same layer and reports whether the kernel goes on to it.
func (f *flow) another() bool {
	const most = 15 // MAX_FLOW_DISSECT_HDRS
	f.headers++
	return f.headers <= most
}

// network goes through the headers from that of the network layer on, and reports whether they could be understood.
func (f *flow) network() bool {
	for {
		switch f.ether {
		case etherVLAN, etherVLANs:
			b := f.next(4)
			if b == nil {
				return false
			}
			f.ether = binary.BigEndian.Uint16(b[2:])
			if !f.another() {
				return true
			}
			continue
		case etherIPv4:
			b := f.next(20)
			if b == nil || b[0]&0xf < 5 {
				return false
			}
			f.offset += int(b[0]&0xf)*4 - 20
			f.protocol = b[9]
			const more, offset = 0x2000, 0x1fff
			if fragment := binary.BigEndian.Uint16(b[6:]); fragment&(more|offset) != 0 {
				f.later = fragment&offset != 0
				return true
			}
		case etherIPv6:
			b := f.next(40)
			if b == nil {
				return false
			}
			f.protocol = b[6]
		default:
			return false
		}
		again, ok := f.transport()
		if !again || !ok {
			return ok
		}
	}
}

// transport goes through the headers behind that of the network layer. again is for a network header inside.
func (f *flow) transport() (again, ok bool) {
	for {
		switch f.protocol {
		case protocolIPv4:
			f.ether = etherIPv4
			return f.another(), true
		case protocolIPv6:
			f.ether = etherIPv6
			return f.another(), true
		}
		if f.ether != etherIPv6 {
			return false, true
		}
		switch f.protocol {
		case protocolHop, protocolRouting, protocolOptions:
			b := f.next(2)
			if b == nil {
				return false, false
			}
			f.protocol = b[0]
			f.offset += int(b[1])*8 + 8 - 2
			if !f.another() {
				return false, true
			}
		case protocolFragment:
			b := f.next(8)
			if b == nil {
				return false, false
			}
			f.protocol = b[0]
			f.later = binary.BigEndian.Uint16(b[2:])&^7 != 0
			return false, true
		default:
			return false, true
		}
	}
}

// next returns the next n bytes and goes on behind them, nil when the packet is too short.
func (f *flow) next(n int) []byte {
	b := f.bytes(f.offset, n)
	if b != nil {
		f.offset += n
	}
	return b
}

func (f *flow) bytes(at, n int) []byte {
	if at < 0 || at > len(f.skb.Data)-n {
		return nil
	}
	return f.skb.Data[at : at+n]
}
