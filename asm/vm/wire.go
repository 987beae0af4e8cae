package vm

import (
	"encoding/binary"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
)

// Sizes of headers.
const (
	linkHeaderLen = 14 // loopback has an Ethernet header, of zeros but for the EtherType
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	udpHeaderLen  = 8
	tcpHeaderLen  = 20
)

// wire is a packet as it travels over loopback, with headers as far as programs look at them: transport checksums are 0.
type wire struct {
	protocol int // asm.IPProtoUDP, or asm.IPProtoTCP for a SYN
	from, to netip.AddrPort
	payload  []byte
	paged    int    // bytes of the payload that are not linear
	bytes    []byte // what frame made
}

func (p *wire) etherType() uint16 {
	if p.to.Addr().Is4() {
		return asm.EthPIP
	}
	return asm.EthPIPv6
}

// transport returns where the UDP or TCP header begins.
func (p *wire) transport() int {
	if p.to.Addr().Is4() {
		return linkHeaderLen + ipv4HeaderLen
	}
	return linkHeaderLen + ipv6HeaderLen
}

// headerLen returns the length of the UDP or TCP header.
func (p *wire) headerLen() int {
	if p.protocol == asm.IPProtoTCP {
		return tcpHeaderLen
	}
	return udpHeaderLen
}

// fits reports whether an IP packet has room for the payload.
func (p *wire) fits() bool {
	size := p.headerLen() + len(p.payload)
	if p.to.Addr().Is4() {
		size += ipv4HeaderLen
	}
	return size <= 0xffff
}

// hash is a hash of addresses and ports. The kernel's has a secret in it, so which number it is can be no one's business;
// it is spread evenly, and the same for all packets of a flow.
func (p *wire) hash() uint32 {
	h := uint64(0xcbf29ce484222325)
	mix := func(v uint64) {
		h = (h ^ v) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, end := range []netip.AddrPort{p.from, p.to} {
		a := end.Addr().As16()
		mix(binary.BigEndian.Uint64(a[:8]))
		mix(binary.BigEndian.Uint64(a[8:]))
		mix(uint64(end.Port()))
	}
	return uint32(h >> 32)
}

// frame returns the packet from the link layer header on.
func (p *wire) frame() []byte {
	if p.bytes != nil {
		return p.bytes
	}
	b := make([]byte, p.transport(), p.transport()+p.headerLen()+len(p.payload))
	binary.BigEndian.PutUint16(b[12:], p.etherType())
	size := p.headerLen() + len(p.payload)
	const hops = 64
	if ip := b[linkHeaderLen:]; p.to.Addr().Is4() {
		from, to := p.from.Addr().As4(), p.to.Addr().As4()
		const version4, dontFragment = 0x45, 0x40 // and a header of 5 words
		ip[0], ip[6], ip[8], ip[9] = version4, dontFragment, hops, byte(p.protocol)
		binary.BigEndian.PutUint16(ip[2:], uint16(ipv4HeaderLen+size))
		copy(ip[12:], from[:])
		copy(ip[16:], to[:])
		binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	} else {
		from, to := p.from.Addr().As16(), p.to.Addr().As16()
		const version6 = 0x60
		ip[0], ip[6], ip[7] = version6, byte(p.protocol), hops
		binary.BigEndian.PutUint16(ip[4:], uint16(size))
		copy(ip[8:], from[:])
		copy(ip[24:], to[:])
	}
	b = binary.BigEndian.AppendUint16(b, p.from.Port())
	b = binary.BigEndian.AppendUint16(b, p.to.Port())
	if p.protocol == asm.IPProtoUDP {
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, 0, 0)
	} else {
		const words, syn, window = tcpHeaderLen / 4 << 4, 0x02, 0xff
		b = append(b, 0, 0, 0, 1, 0, 0, 0, 0, words, syn, window, window, 0, 0, 0, 0)
	}
	p.bytes = append(b, p.payload...)
	return p.bytes
}

// checksum is that of an IPv4 header.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
