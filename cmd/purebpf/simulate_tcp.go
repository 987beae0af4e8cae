package main

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// simulatedCgroup is a cgroup in the simulator whose connections are redirected.
type simulatedCgroup struct {
	net     *vm.Network
	cgroup  *vm.Cgroup
	sockets *vm.Map
}

// newSimulatedCgroup attaches both programs. What opts has for a program, by its name, is for its machine.
func newSimulatedCgroup(all []program, opts map[string]vm.Options) (*simulatedCgroup, error) {
	c := &simulatedCgroup{net: vm.NewNetwork(), cgroup: new(vm.Cgroup)}
	maps := make(map[string]*vm.Map) // which both share
	machines := make(map[string]*vm.Machine)
	for _, p := range all {
		if p.name != recordName && p.name != redirectName {
			continue
		}
		o := opts[p.name]
		for _, spec := range p.extended.Maps() {
			if maps[spec.Name] != nil {
				continue
			}
			m, err := vm.NewMap(spec, nil)
			if err != nil {
				return nil, err
			}
			maps[spec.Name] = m
			if spec.Type == asm.MapSockHash {
				c.sockets = m
			}
		}
		o.Maps = maps
		m, err := vm.New(p.extended, &o)
		if err != nil {
			return nil, err
		}
		machines[p.name] = m
	}
	if err := c.sockets.AttachMsg(machines[redirectName]); err != nil {
		return nil, err
	}
	return c, c.cgroup.Attach(machines[recordName])
}

// simulateSockredir is runSockredir in the simulator, for one of the two programs.
func simulateSockredir(all []program, name string) (traffic, error) {
	c, err := newSimulatedCgroup(all, nil)
	if err != nil {
		return traffic{}, err
	}
	sockets, messages, err := converseSimulated(c.net, c.cgroup)
	if err != nil {
		return traffic{}, err
	}
	socketsWithout, messagesWithout, err := converseSimulated(vm.NewNetwork(), nil)
	if name == recordName {
		return traffic{unit: "sockets", sent: socketCount, right: sockets, without: socketsWithout}, err
	}
	return traffic{unit: "messages", sent: messageCount, right: messages, without: messagesWithout}, err
}

// converseSimulated makes the connections, and counts the sockets and messages that TCP did not see.
func converseSimulated(net *vm.Network, cgroup *vm.Cgroup) (sockets, messages int, err error) {
	l, err := net.ListenTCP(netip.MustParseAddrPort("127.0.0.1:80"), &vm.SocketOptions{Cgroup: cgroup})
	if err != nil {
		return 0, 0, err
	}
	for range connections {
		client, err := net.Dial(l.Local, &vm.DialOptions{Cgroup: cgroup})
		if err != nil {
			return 0, 0, err
		}
		server := l.Accept()
		for turn := range turns {
			if err := passSimulated(client, server, byte(turn)); err != nil {
				return 0, 0, err
			}
			if err := passSimulated(server, client, ^byte(turn)); err != nil {
				return 0, 0, err
			}
		}
		for _, s := range []*vm.Socket{client, server} {
			segments := int(s.TCP.DataSegsOut)
			if segments == 0 {
				sockets++
			}
			messages += max(0, turns-segments)
		}
	}
	return sockets, messages, nil
}

// passSimulated sends a message of equal bytes and looks at what arrives.
func passSimulated(from, to *vm.Socket, value byte) error {
	sent := bytes.Repeat([]byte{value}, messageSize)
	if _, err := from.Send(sent); err != nil {
		return err
	}
	if got, ok := to.Receive(); !ok || !bytes.Equal(got, sent) {
		return fmt.Errorf("%v got other bytes than %v sent", to.Local, from.Local)
	}
	return nil
}
