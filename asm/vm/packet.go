package vm

import "github.com/purebpf/purebpf/asm"

// packet is what the machine knows of the packet or message that the program runs on.
type packet struct {
	// The buffer in the kernel, up to the end of what can be accessed directly, and where in it is what: the program's
	// offset 0, the network header, the link layer header.
	buffer               []byte
	start, network, link int
	noLink               bool

	meta   []byte // metadata of XDP and traffic control
	data   []byte
	first  int  // where in data the directly accessible bytes begin
	linear int  // where they end
	write  bool // directly

	id     int    // region of meta and the linear part of data, 0 when none was made
	joined []byte // both in one piece
}

// packetRegion makes the region of the packet when the program asks for an address in it.
func (m *Machine) packetRegion() int {
	p := &m.packet
	if p.id == 0 {
		memory := p.data[p.first:p.linear:p.linear]
		if len(p.meta) > 0 {
			p.joined = append(append(p.joined[:0], p.meta...), memory...)
			memory = p.joined
		}
		p.id = m.add(region{kind: regionPacket, read: true, write: p.write, data: memory})
	}
	return p.id
}

// movePacket forgets the addresses into the packet that the program has, as it must after its bytes have moved.
func (m *Machine) movePacket() {
	p := &m.packet
	m.savePacket()
	if p.id != 0 {
		m.drop(p.id)
		p.id = 0
	}
}

// savePacket brings what was written to joined memory back to where it comes from.
func (m *Machine) savePacket() {
	p := &m.packet
	if p.id != 0 && len(p.meta) > 0 {
		copy(p.meta, p.joined)
		copy(p.data, p.joined[len(p.meta):])
	}
}

// dataAddress, dataEndAddress and dataMetaAddress are what data, data_end and data_meta of a context are.
func (m *Machine) dataAddress() uint64 { return address(m.packetRegion(), len(m.packet.meta)) }

func (m *Machine) dataEndAddress() uint64 {
	return address(m.packetRegion(), len(m.packet.meta)+m.packet.linear-m.packet.first)
}

func (m *Machine) dataMetaAddress() uint64 { return address(m.packetRegion(), 0) }

// newPacket makes a packet of a buffer, of which the last paged bytes cannot be accessed directly.
func newPacket(buffer []byte, start, network, link, paged int) packet {
	start = min(max(0, start), len(buffer))
	end := max(start, len(buffer)-max(0, paged))
	return packet{
		buffer: buffer[:end], start: start, network: network, link: link,
		data: buffer[start:], linear: end - start,
	}
}

// header is what an offset counts from.
type header int

const (
	fromLink    header = asm.HdrStartMAC
	fromNetwork header = asm.HdrStartNet
)

// relative returns the size bytes at an offset to the beginning of a header, and whether they are there. Only what can be
// accessed directly counts: bpf_skb_load_bytes_relative and bpf_internal_load_pointer_neg_helper of the kernel.
func (p *packet) relative(offset, size int, from header) ([]byte, bool) {
	at := p.network
	if from == fromLink {
		if p.noLink {
			return nil, false
		}
		at = p.link
	}
	if at += offset; at < 0 || at > len(p.buffer)-size {
		return nil, false
	}
	return p.buffer[at : at+size], true
}

// Offsets of legacy loads that count from a header: include/uapi/linux/filter.h.
const (
	netOffset  = -0x100000 // SKF_NET_OFF
	linkOffset = -0x200000 // SKF_LL_OFF
)

// legacy returns the size bytes at an offset of the packet, as LD_ABS and LD_IND find them, and whether they are there.
func (p *packet) legacy(offset int64, size int) ([]byte, bool) {
	switch {
	case offset >= 0:
		if offset > int64(len(p.data)-size) {
			return nil, false
		}
		return p.data[offset : offset+int64(size)], true
	case offset >= netOffset:
		return p.relative(int(offset-netOffset), size, fromNetwork)
	case offset >= linkOffset:
		return p.relative(int(offset-linkOffset), size, fromLink)
	}
	return nil, false
}
