package classic

import "fmt"

// Offset is the place of a packet load: a number of bytes from the start of the packet data, or from one of its
// headers as NetOff + n and LLOff + n. Constants and arithmetic work as with any integer; the builder turns the
// result into the kernel's number and refuses what would mean another place there.
//
// The packet data starts at the link-layer header for a packet socket (unless it is SOCK_DGRAM), at the transport
// header for a socket filter on UDP and TCP, and at the payload for SO_ATTACH_REUSEPORT_CBPF.
type Offset int64

const (
	// NetOff + n is byte n of the network header, such as the IP header, wherever the packet data starts:
	// SKF_NET_OFF (-0x100000) in the kernel. n is 0 to 0xfefff; what lies above are the extensions.
	NetOff Offset = 1 << 40
	// LLOff + n is byte n of the link-layer header: SKF_LL_OFF (-0x200000) in the kernel. n is 0 to 0xfffff. The
	// load ends the program with 0 when the packet has no such header.
	LLOff Offset = 1 << 41
)

// Offsets of linux/filter.h as the unsigned k of an instruction.
const (
	skfADOff  = 0xfffff000 // SKF_AD_OFF = -0x1000
	skfNetOff = 0xfff00000 // SKF_NET_OFF = -0x100000
	skfLLOff  = 0xffe00000 // SKF_LL_OFF = -0x200000
)

// k returns the kernel's number for the offset.
func (o Offset) k() (uint32, error) {
	// A base keeps its half of the distance to the next one for offsets that are out of its range, so that the
	// message speaks of the base that the author meant.
	const half = NetOff / 2
	switch {
	case o >= LLOff-half:
		return o.relative(LLOff, skfLLOff, skfNetOff-skfLLOff-1, "link-layer")
	case o >= NetOff-half:
		return o.relative(NetOff, skfNetOff, skfADOff-skfNetOff-1, "network")
	case o < 0:
		return 0, fmt.Errorf("packet offset %d is negative: use NetOff or LLOff to reach a header", int64(o))
	case o > 0x7fffffff:
		return 0, fmt.Errorf("packet offset %d does not fit 31 bits", int64(o))
	}
	return uint32(o), nil
}

func (o Offset) relative(base Offset, k uint32, last Offset, header string) (uint32, error) {
	if o < base || o > base+last {
		return 0, fmt.Errorf("offset %d from the %s header is out of range 0..%d", int64(o-base), header, int64(last))
	}
	return k + uint32(o-base), nil
}

// Extension is a value that Linux supplies about the packet or the machine: an offset from SKF_AD_OFF of
// linux/filter.h. Linux 4.1 and later have all of them.
type Extension uint32

const (
	ExtProtocol       Extension = 0  // SKF_AD_PROTOCOL: EtherType, such as 0x0800, as a number in host order
	ExtPktType        Extension = 4  // SKF_AD_PKTTYPE: PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4
	ExtIfindex        Extension = 8  // SKF_AD_IFINDEX: interface index; without device the program returns A
	ExtNlattr         Extension = 12 // SKF_AD_NLATTR: offset of the netlink attribute of type X from offset A on, or 0
	ExtNlattrNest     Extension = 16 // SKF_AD_NLATTR_NEST: the same among those nested in the attribute at offset A
	ExtMark           Extension = 20 // SKF_AD_MARK: the packet's mark, as set by SO_MARK or netfilter
	ExtQueue          Extension = 24 // SKF_AD_QUEUE: queue mapping
	ExtHatype         Extension = 28 // SKF_AD_HATYPE: ARPHRD_* of the device; without device the program returns A
	ExtRxhash         Extension = 32 // SKF_AD_RXHASH: the flow hash, 0 when none was computed
	ExtCPU            Extension = 36 // SKF_AD_CPU: number of the processor that runs the program
	ExtALUXorX        Extension = 40 // SKF_AD_ALU_XOR_X: A ^ X, from the time before the xor instruction
	ExtVLANTag        Extension = 44 // SKF_AD_VLAN_TAG: control information of the VLAN tag taken off, 16 bits
	ExtVLANTagPresent Extension = 48 // SKF_AD_VLAN_TAG_PRESENT: 1 when a VLAN tag was taken off the packet, else 0
	ExtPayOffset      Extension = 52 // SKF_AD_PAY_OFFSET: offset of the payload, as the flow dissector sees it
	ExtRandom         Extension = 56 // SKF_AD_RANDOM: a random number of 32 bits
	ExtVLANTPID       Extension = 60 // SKF_AD_VLAN_TPID: EtherType of the VLAN tag taken off (0x8100, 0x88a8), host order
)

// extensionNames has the words of bpf_asm and of tcpdump; bpf_asm has none for SKF_AD_ALU_XOR_X.
var extensionNames = [...]struct{ asm, tcpdump string }{
	ExtProtocol / 4:       {"proto", "proto"},
	ExtPktType / 4:        {"type", "type"},
	ExtIfindex / 4:        {"ifidx", "ifidx"},
	ExtNlattr / 4:         {"nla", "nla"},
	ExtNlattrNest / 4:     {"nlan", "nlan"},
	ExtMark / 4:           {"mark", "mark"},
	ExtQueue / 4:          {"queue", "queue"},
	ExtHatype / 4:         {"hatype", "hatype"},
	ExtRxhash / 4:         {"rxhash", "rxhash"},
	ExtCPU / 4:            {"cpu", "cpu"},
	ExtALUXorX / 4:        {"", "xor_x"},
	ExtVLANTag / 4:        {"vlan_tci", "vlan_tci"},
	ExtVLANTagPresent / 4: {"vlan_avail", "vlanp"},
	ExtPayOffset / 4:      {"poff", "poff"},
	ExtRandom / 4:         {"rand", "random"},
	ExtVLANTPID / 4:       {"vlan_tpid", "vlan_tpid"},
}

// Valid reports whether Linux has the extension.
func (e Extension) Valid() bool {
	return e%4 == 0 && int(e/4) < len(extensionNames)
}

// String returns tcpdump's word for the extension, such as "vlan_tci".
func (e Extension) String() string {
	if !e.Valid() {
		return fmt.Sprintf("Extension(%d)", uint32(e))
	}
	return extensionNames[e/4].tcpdump
}

// extensionOf returns the extension that an absolute load of k means.
func extensionOf(k uint32) (e Extension, ok bool) {
	if k < skfADOff {
		return 0, false
	}
	e = Extension(k - skfADOff)
	return e, e.Valid()
}
