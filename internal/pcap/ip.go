package pcap

import "encoding/binary"

// EtherTypes.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
)

// IP returns the IP packet in a packet of a link type, and whether there is one: VLAN tags are skipped.
func IP(link LinkType, data []byte) (packet []byte, ok bool) {
	header, etherType := 0, -1 // where the IP packet begins; where the EtherType is
	switch link {
	case Ethernet:
		header, etherType = 14, 12
	case LinuxSLL:
		header, etherType = 16, 14
	case LinuxSLL2:
		header, etherType = 20, 0
	case Null, Loop:
		header = 4 // the version says which IP it is, whatever number a family has on the machine
	case Raw, IPv4, IPv6:
	default:
		return nil, false
	}
	if len(data) < header {
		return nil, false
	}
	if etherType >= 0 {
		kind := binary.BigEndian.Uint16(data[etherType:])
		for kind == etherVLAN || kind == etherQinQ {
			if len(data) < header+4 {
				return nil, false
			}
			kind = binary.BigEndian.Uint16(data[header+2:])
			header += 4
		}
		if kind != etherIPv4 && kind != etherIPv6 {
			return nil, false
		}
	}
	packet = data[header:]
	if len(packet) == 0 || packet[0]>>4 != 4 && packet[0]>>4 != 6 {
		return nil, false
	}
	return packet, true
}
