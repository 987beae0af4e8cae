package main

import (
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// socketPool opens the sockets that maps and groups hold, when they are first needed.
type socketPool struct {
	net     *vm.Network
	size    int
	kind    asm.ProgramType
	tcp     bool // sk_lookup asks for a TCP socket
	sockets []*vm.Socket
}

// listening reports whether the sockets are bound ones to select from, and not connections.
func (p *socketPool) listening() bool { return p.kind == asm.SkReuseport || p.kind == asm.SkLookup }

// get returns a socket.
func (p *socketPool) get(i int) (*vm.Socket, error) {
	if i < 0 || i >= p.size {
		return nil, misuse("there is no socket %d: -sockets says how many there are, here %d from 0 on", i, p.size)
	}
	for len(p.sockets) < p.size {
		s, err := p.open()
		if err != nil {
			return nil, err
		}
		p.sockets = append(p.sockets, s)
	}
	return p.sockets[i], nil
}

func (p *socketPool) open() (*vm.Socket, error) {
	if p.net == nil {
		p.net = vm.NewNetwork()
	}
	address := netip.MustParseAddrPort(groupAddress)
	switch {
	case p.listening() && p.tcp:
		return p.net.ListenTCP(address, nil)
	case p.listening():
		// The group takes IPv4 and IPv6, whatever the packets are.
		return p.net.ListenUDP(netip.AddrPortFrom(netip.IPv6Unspecified(), address.Port()), nil)
	case len(p.sockets) == 0:
		if _, err := p.net.ListenTCP(address, nil); err != nil {
			return nil, err
		}
	}
	return p.net.Dial(address, &vm.DialOptions{Local: clientPort(len(p.sockets))})
}

// number returns which socket it is, nil for none of these.
func (p *socketPool) number(is func(*vm.Socket) bool) *int {
	if i := slices.IndexFunc(p.sockets, is); i >= 0 {
		return &i
	}
	return nil
}
