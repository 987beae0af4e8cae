package main

import (
	"encoding/binary"
	"os"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/pcap"
)

// startAt is the header that a program's offset 0 is.
type startAt int

const (
	atLink startAt = iota
	atNetwork
	atTransport
)

func startNames() []string { return []string{"link", "network", "transport"} }

// startOf returns where packets begin for programs of a type in the kernel.
func startOf(t asm.ProgramType) startAt {
	switch t {
	case asm.XDP, asm.SchedCLS, asm.SchedACT, asm.SocketFilter, asm.FlowDissector:
		return atLink
	}
	return atNetwork
}

// frame is a packet as a program gets it.
type frame struct {
	number         int
	data           []byte
	start, network int // offsets in data of the program's offset 0 and of the IP header
	noLink         bool
	protocol       uint16 // asm.EthPIP and so on, 0 if that cannot be told
	flow           string // whose it is, if it is a UDP datagram or TCP segment
}

// frameOf makes a packet of bytes that begin with the header that the program begins with.
func frameOf(b []byte, at startAt) frame {
	switch at {
	case atLink:
		network, protocol := etherHeader(b)
		return frame{data: b, network: network, protocol: protocol}
	case atNetwork:
		return frame{data: b, noLink: true, protocol: ipProtocol(b)}
	}
	return frame{data: b, noLink: true}
}

// captured makes a packet of one of a capture, and reports whether it has the header that the program begins with.
func captured(link pcap.LinkType, data []byte, at startAt) (f frame, ok bool) {
	ip, isIP := pcap.IP(link, data)
	if isIP {
		if s, whole := pcap.ParseSegment(ip); whole {
			f.flow = flow(s.From, s.To)
		}
	}
	switch {
	case link == pcap.Ethernet && len(data) >= etherLen:
		f.data = data
		f.network, f.protocol = etherHeader(data)
	case at != atLink && isIP:
		f.data, f.noLink, f.protocol = ip, true, ipProtocol(ip)
	default:
		return f, false
	}
	if at == atLink {
		return f, true
	}
	f.start = f.network
	if at == atTransport {
		if !isIP {
			return f, false
		}
		f.start += ipHeaderLen(ip)
	}
	return f, f.start <= len(f.data)
}

// packetKind says what captured wants.
func packetKind(at startAt) string {
	switch at {
	case atLink:
		return "an Ethernet frame"
	case atNetwork:
		return "an Ethernet frame or an IP packet"
	}
	return "an IP packet"
}

const (
	etherLen = 14
	vlanLen  = 4

	etherP8021AD = 0x88a8 // ETH_P_8021AD: outer tag
)

// etherHeader returns the length of an Ethernet header with its VLAN tags, and the protocol behind it.
func etherHeader(b []byte) (length int, protocol uint16) {
	if len(b) < etherLen {
		return len(b), 0
	}
	length, protocol = etherLen, binary.BigEndian.Uint16(b[etherLen-2:])
	for (protocol == asm.EthP8021Q || protocol == etherP8021AD) && len(b) >= length+vlanLen {
		length += vlanLen
		protocol = binary.BigEndian.Uint16(b[length-2:])
	}
	return length, protocol
}

// ipProtocol returns what an Ethernet header would call an IP packet.
func ipProtocol(b []byte) uint16 {
	switch {
	case len(b) > 0 && b[0]>>4 == 4:
		return asm.EthPIP
	case len(b) > 0 && b[0]>>4 == 6:
		return asm.EthPIPv6
	}
	return 0
}

func ipHeaderLen(ip []byte) int {
	if ip[0]>>4 == 4 {
		return int(ip[0]&0xf) * 4
	}
	const ip6Len = 40
	return ip6Len
}

// eachFrame calls f for the packets that a value of -packet stands for, as a program that begins at a header gets them.
func eachFrame(packet string, at startAt, out *reporter, f func(frame) error) error {
	file, b, err := openPacket(packet)
	if err != nil {
		return err
	}
	if file == nil {
		out.number++
		one := frameOf(b, at)
		one.number = out.number
		return f(one)
	}
	defer file.Close()
	return eachCaptured(file, at, out, f)
}

func eachCaptured(file *os.File, at startAt, out *reporter, f func(frame) error) error {
	before, left := out.number, 0
	err := eachPacket(file, func(link pcap.LinkType, data []byte) error {
		out.number++
		one, ok := captured(link, data, at)
		if !ok {
			left++
			return nil
		}
		one.number = out.number
		return f(one)
	})
	if err != nil {
		return err
	}
	out.shipped.LeftOut += left
	return leftOut(out, file.Name(), left, out.number-before, packetKind(at))
}
