package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/pcap"
)

// connectionRunner runs one of the programs that redirect connections, while the other one does its work beside it.
type connectionRunner struct {
	*simulatedCgroup
	out       *reporter
	name      string
	listeners map[netip.AddrPort]*vm.Socket
	clients   map[[2]netip.AddrPort]*vm.Socket // by local and remote address
}

func newConnectionRunner(all []program, name string, out *reporter, trace bool) (packetRunner, error) {
	opts := make(map[string]vm.Options)
	if trace {
		opts[name] = vm.Options{Trace: vm.NewTracer(out).Step}
	}
	c, err := newSimulatedCgroup(all, opts)
	if err != nil {
		return nil, err
	}
	r := &connectionRunner{simulatedCgroup: c, out: out, name: name,
		listeners: make(map[netip.AddrPort]*vm.Socket), clients: make(map[[2]netip.AddrPort]*vm.Socket)}
	if name == recordName {
		c.cgroup.Ran = func(ctx *vm.SockOpsContext, result uint32) {
			outcome := fmt.Sprintf("returns %d", result)
			if r.recorded(ctx.Socket) {
				outcome += ": recorded the socket"
			}
			whose := ctx.Socket.Local.String()
			if ctx.Socket.Remote.IsValid() {
				whose = flow(ctx.Socket.Local, ctx.Socket.Remote)
			}
			out.result(whose, sockOpsName(ctx.Op), outcome)
		}
	}
	return r, nil
}

// recorded reports whether a socket is in the map. The programs are not told of one again once it is.
func (r *connectionRunner) recorded(s *vm.Socket) bool {
	for _, cookie := range r.sockets.All() {
		if binary.LittleEndian.Uint64(cookie) == s.Cookie {
			return true
		}
	}
	return false
}

func sockOpsName(op uint32) string {
	switch op {
	case asm.SockOpsTCPConnectCB:
		return "connect"
	case asm.SockOpsActiveEstablishedCB:
		return "established by connect"
	case asm.SockOpsPassiveEstablishedCB:
		return "established for accept"
	case asm.SockOpsTCPListenCB:
		return "listen"
	}
	return fmt.Sprint("operation ", op)
}

func (r *connectionRunner) kind() string {
	return "of a TCP connection that the capture has from its SYN on"
}

func (r *connectionRunner) payload(b []byte) error {
	from, to := clientPort(0), netip.MustParseAddrPort("127.0.0.1:80")
	for _, s := range []pcap.Segment{{Flags: pcap.SYN}, {Flags: pcap.ACK, Payload: b}} {
		s.Protocol, s.From, s.To = pcap.TCP, from, to
		if _, err := r.segment(s); err != nil {
			return err
		}
	}
	return nil
}

// segment lets happen to the simulated connection what the segment shows.
func (r *connectionRunner) segment(s pcap.Segment) (ok bool, err error) {
	if s.Protocol != pcap.TCP {
		return false, nil
	}
	if s.Flags&(pcap.SYN|pcap.ACK) == pcap.SYN {
		return true, r.open(s)
	}
	sender := r.clients[[2]netip.AddrPort{s.From, s.To}]
	if sender == nil {
		client := r.clients[[2]netip.AddrPort{s.To, s.From}]
		if client == nil {
			return false, nil
		}
		sender = client.Peer()
	}
	if len(s.Payload) > 0 {
		sent, err := sender.Send(s.Payload)
		if err != nil {
			return true, err
		}
		for _, d := range sent {
			r.delivered(s, d)
		}
	}
	if s.Flags&pcap.RST != 0 {
		return true, r.forget(s.From, s.To)
	}
	return true, nil
}

// open makes a new connection. One between the same ports that is there is over, whatever the capture has of its end.
func (r *connectionRunner) open(s pcap.Segment) error {
	if err := r.forget(s.From, s.To); err != nil {
		return err
	}
	if r.listeners[s.To] == nil {
		l, err := r.net.ListenTCP(s.To, &vm.SocketOptions{Cgroup: r.cgroup})
		if err != nil {
			return err
		}
		r.listeners[s.To] = l
	}
	client, err := r.net.Dial(s.To, &vm.DialOptions{Local: s.From, Cgroup: r.cgroup, FastOpen: s.Payload})
	if err != nil {
		return err
	}
	r.listeners[s.To].Accept()
	r.clients[[2]netip.AddrPort{s.From, s.To}] = client
	return nil
}

// forget ends a connection.
func (r *connectionRunner) forget(a, b netip.AddrPort) error {
	for _, k := range [][2]netip.AddrPort{{a, b}, {b, a}} {
		client := r.clients[k]
		if client == nil {
			continue
		}
		delete(r.clients, k)
		server := client.Peer()
		if err := client.Abort(); err != nil {
			return err
		}
		return server.Close()
	}
	return nil
}

// delivered prints where a message went.
func (r *connectionRunner) delivered(s pcap.Segment, d vm.Delivery) {
	if r.name != redirectName {
		return
	}
	what, outcome := fmt.Sprintf("%d bytes", len(d.Data)), ""
	switch {
	case !d.Ran:
		outcome = "by TCP, for the socket is not recorded"
	case d.Redirected:
		outcome = fmt.Sprintf("returns %d: redirected to the other end, past TCP", d.Result)
	default:
		outcome = fmt.Sprintf("returns %d: by TCP", d.Result)
	}
	r.out.result(flow(s.From, s.To), what, outcome)
}
