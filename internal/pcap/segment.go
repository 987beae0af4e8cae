package pcap

import (
	"encoding/binary"
	"net/netip"
)

// Protocols of segments.
const (
	TCP = 6
	UDP = 17
)

// Flags of a TCP segment.
const (
	FIN = 0x01
	SYN = 0x02
	RST = 0x04
	ACK = 0x10
)

// Segment is a UDP datagram or a TCP segment.
type Segment struct {
	Protocol int // TCP or UDP
	From, To netip.AddrPort
	Flags    uint8 // of TCP
	Payload  []byte
}

// ParseSegment returns the UDP datagram or TCP segment in an IP packet, and whether there is a whole one: fragments and what
// was captured in part do not count.
func ParseSegment(ip []byte) (s Segment, ok bool) {
	var from, to netip.Addr
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		header, size := int(ip[0]&0xf)*4, int(binary.BigEndian.Uint16(ip[2:]))
		const moreFragments, offset = 0x2000, 0x1fff
		if header < 20 || size < header || size > len(ip) || binary.BigEndian.Uint16(ip[6:])&(moreFragments|offset) != 0 {
			return s, false
		}
		s.Protocol = int(ip[9])
		from, to = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		ip = ip[header:size]
	case len(ip) >= 40 && ip[0]>>4 == 6:
		size := 40 + int(binary.BigEndian.Uint16(ip[4:]))
		if size > len(ip) {
			return s, false
		}
		s.Protocol = int(ip[6])
		from, to = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
		if ip, s.Protocol, ok = skipExtensions(ip[40:size], s.Protocol); !ok {
			return s, false
		}
	default:
		return s, false
	}
	header := 8
	switch {
	case s.Protocol == UDP && len(ip) >= header:
		size := int(binary.BigEndian.Uint16(ip[4:]))
		if size < header || size > len(ip) {
			return s, false
		}
		ip = ip[:size]
	case s.Protocol == TCP && len(ip) >= 20:
		header = int(ip[12]>>4) * 4
		if header < 20 || header > len(ip) {
			return s, false
		}
		s.Flags = ip[13]
	default:
		return s, false
	}
	s.From = netip.AddrPortFrom(from, binary.BigEndian.Uint16(ip))
	s.To = netip.AddrPortFrom(to, binary.BigEndian.Uint16(ip[2:]))
	s.Payload = ip[header:]
	return s, true
}

// skipExtensions skips the extension headers of IPv6 that may stand before UDP and TCP in a whole packet.
func skipExtensions(b []byte, protocol int) (rest []byte, next int, ok bool) {
	const hopByHop, routing, destination = 0, 43, 60
	for protocol == hopByHop || protocol == routing || protocol == destination {
		if len(b) < 8 {
			return nil, 0, false
		}
		size := 8 + int(b[1])*8
		if len(b) < size {
			return nil, 0, false
		}
		protocol, b = int(b[0]), b[size:]
	}
	return b, protocol, true
}
