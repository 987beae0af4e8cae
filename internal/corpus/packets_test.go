package corpus

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/purebpf/purebpf/asm"
)

// packets makes random packets that look like those of the protocols, often enough right and often enough wrong, so that
// programs go all their ways. The same seed makes the same packets.
type packets struct{ *rand.Rand }

func newPackets(program string) packets {
	seed := [32]byte{}
	copy(seed[:], program)
	return packets{rand.New(rand.NewChaCha8(seed))}
}

func (r packets) one(in int) bool { return r.IntN(in) == 0 }

func (r packets) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// of returns one of the given.
func of[T any](r packets, choices ...T) T { return choices[r.IntN(len(choices))] }

// address4 is in one of a few networks that the maps of the tests know, or anywhere.
func (r packets) address4() []byte {
	a := []byte{10, byte(r.IntN(3)), byte(r.IntN(2)), byte(r.IntN(8))}
	if r.one(8) {
		return r.bytes(4)
	}
	return a
}

func (r packets) address6() []byte {
	a := make([]byte, 16)
	a[0], a[1], a[2], a[3] = 0x20, 0x01, 0x0d, 0xb8
	a[5], a[15] = byte(r.IntN(3)), byte(r.IntN(8))
	return a
}

func (r packets) mac() []byte {
	return []byte{byte(r.IntN(8)), 0, 0, 0, byte(r.IntN(2)), byte(r.IntN(4))}
}

// ethernet puts a frame around a payload. It is 14 bytes at least, the shortest that the kernel runs programs on.
func (r packets) ethernet(protocol uint16, payload []byte) []byte {
	b := append(r.mac(), r.mac()...)
	b = binary.BigEndian.AppendUint16(b, protocol)
	return append(b, payload...)
}

// ipv4 is an IPv4 packet with options now and then, and some nonsense.
func (r packets) ipv4(protocol byte, payload []byte) []byte {
	words := 5
	if r.one(8) {
		words = r.IntN(16)
	}
	b := make([]byte, 20)
	b[0] = 4<<4 | byte(words)
	b[1] = byte(r.Uint32())
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(b[4:], uint16(r.Uint32()))
	if r.one(8) {
		binary.BigEndian.PutUint16(b[6:], uint16(r.Uint32()))
	}
	b[8] = 64
	b[9] = protocol
	binary.BigEndian.PutUint16(b[10:], uint16(r.Uint32()))
	copy(b[12:], r.address4())
	copy(b[16:], r.address4())
	if words > 5 {
		b = append(b, r.bytes(4*(words-5))...)
	}
	return append(b, payload...)
}

func (r packets) ipv6(next byte, payload []byte) []byte {
	b := r.bytes(40)
	b[0] = 6<<4 | b[0]&15
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	b[6] = next
	copy(b[8:], r.address6())
	copy(b[24:], r.address6())
	return append(b, payload...)
}

func (r packets) port() uint16 { return of(r, 22, 53, 80, 443, 4433, uint16(r.Uint32())) }

func (r packets) tcp() []byte {
	b := r.bytes(20 + r.IntN(20))
	binary.BigEndian.PutUint16(b[0:], uint16(r.Uint32()))
	binary.BigEndian.PutUint16(b[2:], r.port())
	b[tcpFlags] = of(r, byte(0), tcpSYN, tcpSYN, tcpSYN|tcpACK, tcpACK, tcpSYN|tcpFIN, tcpRST, byte(r.Uint32()))
	return b
}

func (r packets) udp(destination uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(r.Uint32()))
	b = binary.BigEndian.AppendUint16(b, destination)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = binary.BigEndian.AppendUint16(b, of(r, 0, uint16(r.Uint32()), uint16(r.Uint32())))
	return append(b, payload...)
}

// transport is a protocol number and its packet.
func (r packets) transport() (byte, []byte) {
	switch r.IntN(5) {
	case 0, 1:
		return asm.IPProtoTCP, r.tcp()
	case 2, 3:
		return asm.IPProtoUDP, r.udp(r.port(), r.bytes(r.IntN(32)))
	}
	return byte(r.Uint32()), r.bytes(r.IntN(40))
}

// ip is a frame with IPv4 or IPv6 or something else, cut short now and then.
func (r packets) ip() []byte {
	protocol, payload := r.transport()
	switch r.IntN(8) {
	case 0:
		return r.ethernet(of(r, asm.EthPARP, uint16(r.Uint32())), r.bytes(r.IntN(60)))
	case 1, 2:
		return r.cut(r.ethernet(asm.EthPIPv6, r.ipv6(protocol, payload)))
	}
	return r.ip4(protocol, payload)
}

// ip4 is a frame with IPv4, of another type or cut short now and then.
func (r packets) ip4(protocol byte, payload []byte) []byte {
	if r.one(20) {
		return r.ethernet(uint16(r.Uint32()), r.ipv4(protocol, payload))
	}
	return r.cut(r.ethernet(asm.EthPIP, r.ipv4(protocol, payload)))
}

// cut cuts something off the end of every tenth frame.
func (r packets) cut(frame []byte) []byte {
	if !r.one(10) {
		return frame
	}
	return frame[:ethHeaderLen+r.IntN(len(frame)-ethHeaderLen+1)]
}

// extensions is an IPv6 frame with up to ten extension headers.
func (r packets) extensions() []byte {
	next, b := r.transport()
	for range r.IntN(5) * r.IntN(4) {
		header := r.bytes(8)
		kind := of[byte](r, ipv6HopByHop, ipv6DestinationOptions, ipv6Routing, ipv6Authentication, ipv6Fragment)
		switch kind {
		case ipv6Fragment:
			header[2], header[3] = 0, byte(r.IntN(8))
			if r.one(10) {
				header[2] = byte(r.Uint32())
			}
		case ipv6Authentication:
			header[extensionLength] = byte(r.IntN(3))
			header = append(header, r.bytes(4*int(header[extensionLength]))...)
		default:
			header[extensionLength] = byte(r.IntN(3))
			header = append(header, r.bytes(8*int(header[extensionLength]))...)
			header[extensionType] = byte(r.IntN(10))
		}
		header[extensionNext] = next
		next, b = kind, append(header, b...)
	}
	protocol := uint16(asm.EthPIPv6)
	if r.one(20) {
		protocol = asm.EthPIP
	}
	return r.cut(r.ethernet(protocol, r.ipv6(next, b)))
}

// names are in queries. The first two are blocked.
var names = []string{"\x03ads\x07example\x03com\x00", "\x07tracker\x03net\x00", "\x03www\x07example\x03com\x00", "\x00"}

// query is mostly a DNS query.
func (r packets) query() []byte {
	if r.one(20) {
		return r.ip()
	}
	b := r.bytes(12)
	b[dnsFlags] = of[byte](r, 0, 1, 1, 1, byte(r.Uint32()))
	binary.BigEndian.PutUint16(b[dnsQuestions:], of[uint16](r, 1, 1, 1, 1, 0, 256))
	name := []byte(of(r, names...))
	switch r.IntN(10) {
	case 0:
		name = []byte(string(name[:len(name)-1]) + string(r.bytes(80)))
	case 1:
		name = r.bytes(r.IntN(60))
	}
	for i, c := range name {
		if c >= 'a' && c <= 'z' && r.one(3) {
			name[i] -= 'a' - 'A'
		}
	}
	return r.ip4(asm.IPProtoUDP, r.udp(of[uint16](r, dnsPort, dnsPort, dnsPort, dnsPort, 5353), append(append(b, name...), 0, 1, 0, 1)))
}

// tunnel is mostly VXLAN or GRE.
func (r packets) tunnel() []byte {
	inner := r.ip()
	switch r.IntN(5) {
	case 0, 1:
		vxlan := []byte{of[byte](r, vxlanI, vxlanI, vxlanI, 0xff, 0), 0, 0, 0, 0, 0, byte(r.IntN(8)), byte(r.Uint32())}
		return r.ip4(asm.IPProtoUDP, r.udp(of[uint16](r, vxlanPort, vxlanPort, vxlanPort, 8472), append(vxlan, inner...)))
	case 2, 3:
		gre := binary.BigEndian.AppendUint16(nil, of[uint16](r, 0, 0, 0, 0x2000))
		gre = binary.BigEndian.AppendUint16(gre, of[uint16](r, ethPTEB, ethPTEB, ethPTEB, asm.EthPIP))
		return r.ip4(ipProtoGRE, append(gre, inner...))
	}
	return inner
}

// whole is ip with the whole of an IP header, without which the kernel does not run programs on socket buffers.
func (r packets) whole() []byte {
	b := r.ip()
	least := ethHeaderLen
	switch binary.BigEndian.Uint16(b[ethProtocol:]) {
	case asm.EthPIP:
		least += ipv4HeaderLen
	case asm.EthPIPv6:
		least += ipv6HeaderLen
	}
	return append(b, make([]byte, max(0, least-len(b)))...)
}
