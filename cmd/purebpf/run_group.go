package main

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/pcap"
)

// groupRunner runs a program that selects a socket of a group.
type groupRunner struct {
	*simulatedGroup
	out *reporter
}

func newGroupRunner(p program, out *reporter, trace bool) (packetRunner, error) {
	var opts vm.Options
	if trace {
		opts.Trace = vm.NewTracer(out).Step
	}
	// The group takes IPv4 and IPv6, whatever the packets are.
	g, err := newSimulatedGroup(p, "[::]:4433", &opts)
	if err != nil {
		return nil, err
	}
	if trace && p.classic != nil {
		g.group.Trace = func(s vm.ClassicStep) { out.printTrace(classicLine(p.classic, s)) }
	}
	return groupRunner{g, out}, nil
}

func (g groupRunner) kind() string { return "a whole UDP datagram" }

func (g groupRunner) payload(b []byte) error {
	_, err := g.segment(pcap.Segment{
		Protocol: pcap.UDP, From: clientPort(0), To: netip.MustParseAddrPort(groupAddress), Payload: b,
	})
	return err
}

// segment sends a datagram to the group, whatever its destination was: the programs do not look at it.
func (g groupRunner) segment(s pcap.Segment) (ok bool, err error) {
	if s.Protocol != pcap.UDP {
		return false, nil
	}
	a, err := g.net.Send(vm.Datagram{
		From: s.From, To: netip.AddrPortFrom(s.To.Addr(), g.sockets[0].Local.Port()), Payload: s.Payload,
	})
	if err != nil {
		return true, err
	}
	outcome := fmt.Sprintf("returns %d: ", a.Result)
	switch index := slices.Index(g.sockets, a.Socket); a.By {
	case vm.ByProgram:
		outcome += fmt.Sprintf("socket %d, selected by the program", index)
	case vm.ByHash:
		outcome += fmt.Sprintf("socket %d, selected by the kernel's hash", index)
	default:
		outcome += "dropped"
	}
	g.out.result(flow(s.From, s.To), fmt.Sprintf("%d bytes", len(s.Payload)), outcome)
	return true, nil
}

func flow(from, to netip.AddrPort) string { return from.String() + " > " + to.String() }
