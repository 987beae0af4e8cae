package main

import (
	"net/netip"
	"os"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/pcap"
)

// runPayloads sends datagrams to a group, or messages.
func (s *simulation) runPayloads() error {
	for _, packet := range s.packets {
		file, b, err := openPacket(packet)
		switch {
		case err != nil:
			return err
		case file == nil:
			s.out.number++
			from, to := clientPort(0), netip.MustParseAddrPort(groupAddress)
			err = s.runSegment(pcap.Segment{Protocol: pcap.UDP, From: from, To: to, Payload: b})
		default:
			err = s.runCapture(file)
			file.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// runCapture runs the program on the datagrams of a capture, or on what its TCP segments carry.
func (s *simulation) runCapture(file *os.File) error {
	protocol, kind := pcap.UDP, "a whole UDP datagram"
	if s.kind() == asm.SkMsg {
		protocol, kind = pcap.TCP, "a whole TCP segment with data"
	}
	before, left := s.out.number, 0
	err := eachPacket(file, func(link pcap.LinkType, data []byte) error {
		s.out.number++
		if ip, ok := pcap.IP(link, data); ok {
			if g, whole := pcap.ParseSegment(ip); whole && g.Protocol == protocol && (protocol == pcap.UDP || len(g.Payload) > 0) {
				return s.runSegment(g)
			}
		}
		left++
		return nil
	})
	if err != nil {
		return err
	}
	s.out.shipped.LeftOut += left
	return leftOut(s.out, file.Name(), left, s.out.number-before, kind)
}

// runSegment runs the program on a datagram to the group, or on a message.
func (s *simulation) runSegment(g pcap.Segment) error {
	if !s.selects() {
		f := frame{number: s.out.number, data: slices.Clone(g.Payload)}
		if g.Protocol == pcap.TCP {
			f.flow = flow(g.From, g.To)
		}
		return s.runOne(f)
	}
	if s.runOptions.context != "" {
		return misuse("-context is not for programs that select a socket: the packet tells all fields")
	}
	to := netip.AddrPortFrom(g.To.Addr(), s.sockets.sockets[0].Local.Port())
	a, err := s.sockets.net.Send(vm.Datagram{From: g.From, To: to, Payload: g.Payload})
	if err != nil {
		return s.failed(s.out.number, err)
	}
	n := len(g.Payload)
	run := simulatedRun{Packet: s.out.number, Flow: flow(g.From, g.To), Bytes: &n, Result: a.Result}
	if s.program != nil {
		run.Meaning = meaning(s.program, a.Result, nil)
	}
	run.Socket = s.sockets.number(func(o *vm.Socket) bool { return o == a.Socket })
	switch a.By {
	case vm.ByProgram:
		run.SocketBy = "selected by the program"
	case vm.ByHash:
		run.SocketBy = "selected by the kernel's hash"
	}
	return s.finish(run)
}
