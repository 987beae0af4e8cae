package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/programs/dcid"
)

// simulate shows what the programs do in the simulator, after the reason why not on a kernel.
func simulate(w io.Writer, all []program, reason string) error {
	rows := notLoaded(all)
	var errs []error
	for i, r := range rows {
		var err error
		switch r.name {
		case dcidName:
			rows[i].traffic, err = simulateDCID(r.program)
		case bytemodName:
			rows[i].traffic, err = simulateBytemod(r.program)
		case recordName, redirectName:
			rows[i].traffic, err = simulateSockredir(all, r.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.name, err))
		}
		for _, mistake := range rows[i].mistakes() {
			errs = append(errs, errors.New(mistake))
		}
	}
	if _, err := fmt.Fprintf(w, "In the simulator: %s.\n\n", reason); err != nil {
		return err
	}
	if err := table(w, rows); err != nil {
		return err
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	_, err := io.WriteString(w, simulatedLegend)
	return err
}

const simulatedLegend = `
Nothing was loaded into a kernel: programs, sockets and traffic are simulated. RIGHT is how much went where it should:
  dcid       datagrams to the one of 4 sockets that made their connection ID, from 64 ports, half sent by UDP_SEGMENT
  bytemod    datagrams to the one of 4 sockets with the number of their first byte modulo 4, from 16 ports
  sockredir  TCP sockets and messages past TCP to the peer
WITHOUT IT is the same traffic without the program.

All traffic went where it should.
`

// simulatedGroup is a group of sockets in the simulator, with a program of the tool's.
type simulatedGroup struct {
	net     *vm.Network
	sockets []*vm.Socket
	group   *vm.Group
}

// newSimulatedGroup opens the sockets at an address. opts, for extended programs, may be nil.
func newSimulatedGroup(p program, address string, opts *vm.Options) (*simulatedGroup, error) {
	g := &simulatedGroup{net: vm.NewNetwork()}
	for range workers {
		s, err := g.net.ListenUDP(netip.MustParseAddrPort(address), nil)
		if err != nil {
			return nil, err
		}
		g.sockets = append(g.sockets, s)
	}
	g.group = g.sockets[0].Group
	if p.classic != nil {
		g.group.AttachClassic(vm.NewClassic(p.classic, nil))
		return g, nil
	}
	m, err := vm.New(p.extended, opts)
	if err != nil {
		return nil, err
	}
	for _, s := range g.sockets {
		if err := m.Map(dcid.MapName).UpdateSocket(cookieKey(s), s, asm.UpdateNoExist); err != nil {
			return nil, err
		}
	}
	return g, g.group.Attach(m)
}

// cookieKey returns what the connection IDs of a socket's worker begin with.
func cookieKey(s *vm.Socket) []byte { return binary.BigEndian.AppendUint64(nil, s.Cookie) }

// tally sends datagrams twice, with the program and without it, and counts those that come out of the right socket.
func (g *simulatedGroup) tally(send func(right func(d vm.Datagram, count, socket int) error) error) (traffic, error) {
	t := traffic{unit: "datagrams"}
	pass := func(n *int) error {
		return send(func(d vm.Datagram, count, socket int) error {
			got, err := g.net.Send(d)
			if err != nil {
				return err
			}
			t.sent += count
			for range count {
				if _, ok := got.Socket.Receive(); ok && got.Socket == g.sockets[socket] {
					*n++
				}
			}
			return nil
		})
	}
	if err := pass(&t.right); err != nil {
		return traffic{}, err
	}
	t.sent = 0
	g.group.Detach()
	err := pass(&t.without)
	t.chance = t.sent / len(g.sockets)
	return t, err
}

const groupAddress = "127.0.0.1:4433"

// port returns an address with the number of a port of a client.
func clientPort(i int) netip.AddrPort {
	const first = 40000
	return netip.AddrPortFrom(netip.MustParseAddrPort(groupAddress).Addr(), uint16(first+i))
}

// simulateDCID is runDCID in the simulator.
func simulateDCID(p program) (traffic, error) {
	g, err := newSimulatedGroup(p, groupAddress, nil)
	if err != nil {
		return traffic{}, err
	}
	return g.tally(func(right func(d vm.Datagram, count, socket int) error) error {
		for i, s := range g.sockets {
			cid := append(cookieKey(s), make([]byte, dcid.DefaultCIDLength-len(cookieKey(s)))...)
			for port := range dcidPorts {
				for round := range 2 * dcidRounds {
					packet := shortHeader(cid)
					if round%2 == 1 {
						packet = longHeader(cid)
					}
					packet = append(packet, make([]byte, dcidSize-len(packet))...)
					d, count := vm.Datagram{From: clientPort(port), To: s.Local, Payload: packet}, 1
					if port%2 == 1 {
						d.Segment, d.Payload, count = dcidSize, slices.Repeat(packet, dcidSegments), dcidSegments
					}
					if err := right(d, count, i); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// simulateBytemod is runBytemod in the simulator.
func simulateBytemod(p program) (traffic, error) {
	g, err := newSimulatedGroup(p, groupAddress, nil)
	if err != nil {
		return traffic{}, err
	}
	return g.tally(func(right func(d vm.Datagram, count, socket int) error) error {
		for value := range 256 {
			for port := range bytemodPorts {
				payload := make([]byte, bytemodSize)
				payload[0] = byte(value)
				d := vm.Datagram{From: clientPort(port), To: g.sockets[0].Local, Payload: payload}
				if err := right(d, 1, value%workers); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
