package vm

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// DialOptions are options of Network.Dial. The zero value, and nil, are the defaults.
type DialOptions struct {
	Local  netip.AddrPort // zero: the address of the other end, and a port that nobody has
	UID    uint32
	Cgroup *Cgroup // that the socket is in

	// FastOpen is data that the SYN carries and that the server takes: it is there before the connection is established.
	FastOpen []byte
	// Early is data that goes with the last packet of the handshake, so that the server's end has got it when it is
	// established: what TCP Fast Open comes to as long as the client has no cookie.
	Early []byte
}

// Dial connects to a listening socket, and returns the client's end; Socket.Accept returns the other one. An IPv4 address
// written as ::ffff:a.b.c.d is dialled from an AF_INET6 socket. The sock_ops programs of both ends' cgroups run in the
// order in which they do in the kernel. ECONNREFUSED: nobody listens there, or the group's program dropped the SYN;
// EADDRNOTAVAIL: there is such a connection already.
func (n *Network) Dial(remote netip.AddrPort, opts *DialOptions) (*Socket, error) {
	var o DialOptions
	if opts != nil {
		o = *opts
	}
	s, err := n.dial(remote, o)
	if err != nil {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
		return nil, fmt.Errorf("connect to %v: %w", remote, err)
	}
	return s, nil
}

func (n *Network) dial(remote netip.AddrPort, o DialOptions) (*Socket, error) {
	if !o.Local.Addr().IsValid() {
		o.Local = netip.AddrPortFrom(remote.Addr(), o.Local.Port())
	}
	if o.Local.Port() == 0 {
		o.Local = netip.AddrPortFrom(o.Local.Addr(), n.freePort())
	}
	if !remote.IsValid() || o.Local.Addr().BitLen() != remote.Addr().BitLen() {
		return nil, EINVAL
	}
	s := n.open(asm.IPProtoTCP, o.Local, &SocketOptions{UID: o.UID, Cgroup: o.Cgroup})
	s.Remote = remote
	if slices.ContainsFunc(n.sockets, func(o *Socket) bool {
		return o.Protocol == s.Protocol && o.Local == s.Local && o.Remote == s.Remote && o.State != asm.TCPClose
	}) {
		return nil, EADDRNOTAVAIL
	}
	n.sockets = append(n.sockets, s)
	if err := errors.Join(s.setState(asm.TCPSYNSent), o.Cgroup.call(s, asm.SockOpsTCPConnectCB)); err != nil {
		return s, err
	}

	syn := wire{protocol: asm.IPProtoTCP, from: unmap(o.Local), to: unmap(remote), payload: o.FastOpen}
	if !syn.fits() {
		return s, EMSGSIZE
	}
	chosen, err := n.choose(&syn)
	switch {
	case err != nil:
		return s, err
	case chosen.Socket == nil:
		return s, ECONNREFUSED
	}
	l := chosen.Socket
	if len(o.FastOpen) > 0 {
		// The server's end is there as soon as it has the SYN: tcp_fastopen_create_child of net/ipv4/tcp_fastopen.c counts
		// the data after it has told programs.
		s.TCP.SegsOut, s.TCP.DataSegsOut = 1, 1
		if err := l.establish(s, nil); err != nil {
			return s, err
		}
		s.end.peer.take(o.FastOpen)
	}
	if err := s.setState(asm.TCPEstablished); err != nil {
		return s, err
	}
	if err := o.Cgroup.call(s, asm.SockOpsActiveEstablishedCB); err != nil {
		return s, err
	}
	switch {
	case s.end.peer != nil:
		return s, s.sendTCP(o.Early)
	case len(o.Early) > 0:
		s.TCP.SegsOut, s.TCP.DataSegsOut = s.TCP.SegsOut+1, 1
	case l.end.opts.DeferAccept:
		s.end.deferred = l
		return s, nil
	}
	return s, l.establish(s, o.Early)
}

// establish makes the server's end of a connection, which may have got data with the packet that establishes it: then it
// counts when programs are told.
func (l *Socket) establish(client *Socket, early []byte) error {
	n := l.end.net
	local, remote := unmap(client.Remote), unmap(client.Local)
	if l.Family == asm.AFInet6 { // which writes IPv4 as ::ffff:a.b.c.d
		local = netip.AddrPortFrom(netip.AddrFrom16(local.Addr().As16()), local.Port())
		remote = netip.AddrPortFrom(netip.AddrFrom16(remote.Addr().As16()), remote.Port())
	}
	s := n.open(asm.IPProtoTCP, local, &l.end.opts)
	s.Family, s.Remote, s.State = l.Family, remote, asm.TCPSYNRecv
	s.end.peer, client.end.peer = client, s
	n.sockets = append(n.sockets, s)
	if len(early) > 0 {
		s.take(early)
	}
	l.end.accepted = append(l.end.accepted, s)
	if err := l.end.opts.Cgroup.call(s, asm.SockOpsPassiveEstablishedCB); err != nil {
		return err
	}
	return s.setState(asm.TCPEstablished)
}

// take puts what came by TCP into the queue.
func (s *Socket) take(data []byte) {
	s.TCP.SegsIn++
	s.TCP.DataSegsIn++
	s.TCP.BytesReceived += uint64(len(data))
	s.end.inbox = append(s.end.inbox, slices.Clone(data))
}

// sendTCP sends data the ordinary way.
func (s *Socket) sendTCP(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	s.TCP.SegsOut++
	s.TCP.DataSegsOut++
	if l := s.end.deferred; l != nil {
		s.end.deferred = nil
		return l.establish(s, data)
	}
	if s.end.peer == nil || s.end.peer.State == asm.TCPClose {
		return EPIPE
	}
	s.end.peer.take(data)
	return nil
}

// Accept returns the server's end of the connection that has waited longest, nil if none does.
func (s *Socket) Accept() *Socket {
	if len(s.end.accepted) == 0 {
		return nil
	}
	first := s.end.accepted[0]
	s.end.accepted = s.end.accepted[1:]
	return first
}

// Peer returns the other end of a connection, nil if there is none.
func (s *Socket) Peer() *Socket { return s.end.peer }

// Abort closes the socket without a word of farewell: the other end is reset (RST). That one is in the maps, and its port
// in no one's way, until it is closed too.
func (s *Socket) Abort() error {
	peer := s.end.peer
	s.end.peer = nil
	err := s.Close()
	if peer != nil {
		peer.end.peer = nil
		err = errors.Join(err, peer.setState(asm.TCPClose))
	}
	return err
}

// finish brings a socket that is closed, and the other end of its connection, into the states that follow.
func (s *Socket) finish() error {
	if s.Protocol != asm.IPProtoTCP || s.State == asm.TCPListen {
		s.State = asm.TCPClose
		return nil
	}
	peer := s.end.peer
	var err error
	move := func(s *Socket, states ...int) {
		for _, state := range states {
			err = errors.Join(err, s.setState(state))
		}
	}
	switch {
	case peer != nil && peer.State == asm.TCPEstablished:
		move(s, asm.TCPFINWait1)
		move(peer, asm.TCPCloseWait)
		move(s, asm.TCPFINWait2, asm.TCPClose)
	case s.State == asm.TCPCloseWait:
		move(s, asm.TCPLastACK, asm.TCPClose)
	default:
		move(s, asm.TCPClose)
	}
	return err
}
