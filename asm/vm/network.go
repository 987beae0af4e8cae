package vm

import (
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// Network is a simulated network namespace: sockets, and loopback between them, which carries everything in order and at
// once. It is for one goroutine at a time, with all that is in it. A scenario is a few calls:
//
//	net := vm.NewNetwork()
//	a, err := net.ListenUDP(netip.MustParseAddrPort("127.0.0.1:443"), nil)
//	b, err := net.ListenUDP(a.Local, nil)                // joins a's reuseport group
//	err = a.Group.Attach(selector)                       // a Machine for a sk_reuseport program
//	arrival, err := net.Send(vm.Datagram{From: client, To: a.Local, Payload: packet})
//	fmt.Println(arrival.Socket == b, arrival.By)         // true program
//
// Sockets send datagrams (Send) through the programs of groups, connect (Dial, Accept) under the eyes of those of cgroups,
// and send messages (Socket.Send) through those of socket maps, which may hand them to other sockets than their peers.
//
// Sockets that it opens are in the state in which the kernel would have them, and are closed with Socket.Close. Errors of
// its methods wrap the Errno of the system call, or the Fault of a program that was run on the way.
type Network struct {
	// Cookie is what bpf_get_netns_cookie returns for the namespace.
	Cookie  uint64
	host    *host
	sockets []*Socket // in the order in which they were opened
}

// host is what the namespaces of a machine share.
type host struct {
	sockets, namespaces uint64 // the last cookies
	port                uint16 // the last one that was chosen
}

// NewNetwork makes the first network namespace of a machine. Its cookie is 1, and so is that of its first socket.
func NewNetwork() *Network {
	n := &Network{host: &host{port: 32767}}
	return n.Unshare()
}

// Unshare makes another network namespace on the same machine. Addresses and ports in one have nothing to do with those in
// the other; cookies of sockets are different in all of them.
func (n *Network) Unshare() *Network {
	n.host.namespaces++
	return &Network{Cookie: n.host.namespaces, host: n.host}
}

// SocketOptions are options of a socket that waits for others. The zero value, and nil, are the defaults.
type SocketOptions struct {
	// Exclusive opens the socket without SO_REUSEPORT, so that it is in no group.
	Exclusive bool
	IPv6Only  bool    // IPV6_V6ONLY: a socket at [::] takes no IPv4
	UID       uint32  // the user whose socket it is: only sockets of one user share an address
	Cgroup    *Cgroup // that the socket, and those that it accepts, are in
	// DeferAccept is TCP_DEFER_ACCEPT: a connection is established on this side only when the first data comes.
	DeferAccept bool
}

// endpointState is what a Network knows of a socket of its own.
type endpointState struct {
	net      *Network
	opts     SocketOptions
	inbox    [][]byte // datagrams, or what came by TCP
	ingress  [][]byte // what was redirected to the socket
	peer     *Socket  // the other end of a connection
	accepted []*Socket
	deferred *Socket // the listener of a connection that waits for data

	cbFlags uint32 // the calls of sock_ops programs that the socket wants
	corked  []byte // what bpf_msg_cork_bytes holds back
	cork    int    // until it is so much
	apply   int    // bytes for which the verdict still holds
	verdict verdict
}

// ListenUDP opens a socket and binds it to a local address. Port 0 is one that nobody has. A socket at the address of
// others, all of them of the same user and with SO_REUSEPORT, joins their group as its last member. EADDRINUSE: others
// will not share.
func (n *Network) ListenUDP(local netip.AddrPort, opts *SocketOptions) (*Socket, error) {
	s := n.open(asm.IPProtoUDP, local, opts)
	if err := n.bind(s); err != nil {
		return nil, err
	}
	return s, nil
}

// ListenTCP opens a TCP socket, binds it as ListenUDP does, and listens.
func (n *Network) ListenTCP(local netip.AddrPort, opts *SocketOptions) (*Socket, error) {
	s := n.open(asm.IPProtoTCP, local, opts)
	if err := n.bind(s); err != nil {
		return nil, err
	}
	s.State = asm.TCPListen
	return s, s.end.opts.Cgroup.call(s, asm.SockOpsTCPListenCB)
}

// open makes a socket that is not bound yet.
func (n *Network) open(protocol int, local netip.AddrPort, opts *SocketOptions) *Socket {
	n.host.sockets++
	s := &Socket{
		Cookie: n.host.sockets, NetnsCookie: n.Cookie, Family: asm.AFInet6, Type: asm.SockDgram, Protocol: protocol,
		State: asm.TCPClose, Local: local,
	}
	if local.Addr().Is4() {
		s.Family = asm.AFInet
	}
	if protocol == asm.IPProtoTCP {
		s.Type = asm.SockStream
	}
	s.end.net = n
	if opts != nil {
		s.end.opts = *opts
	}
	s.UID = s.end.opts.UID
	return s
}

// bind finds the group of a socket, or refuses the address.
func (n *Network) bind(s *Socket) error {
	if !s.Local.IsValid() {
		return EINVAL
	}
	if s.Local.Port() == 0 {
		s.Local = netip.AddrPortFrom(s.Local.Addr(), n.freePort())
	}
	var group *Group
	for _, o := range n.sockets {
		if o.Protocol != s.Protocol || o.Local.Port() != s.Local.Port() || !o.waits() || !overlap(s, o) {
			continue
		}
		if s.end.opts.Exclusive || o.end.opts.Exclusive || s.UID != o.UID {
			return EADDRINUSE
		}
		if o.Group != nil && o.Local == s.Local && o.end.opts.IPv6Only == s.end.opts.IPv6Only {
			group = o.Group
		}
	}
	n.sockets = append(n.sockets, s)
	if s.end.opts.Exclusive {
		return nil
	}
	if group == nil {
		group = new(Group)
	}
	group.sockets = append(group.sockets, s)
	s.Group = group
	return nil
}

// waits reports whether the socket has its address for itself: no end of a TCP connection does.
func (s *Socket) waits() bool { return s.Protocol == asm.IPProtoUDP || s.State == asm.TCPListen }

// freePort returns a port that no socket has.
func (n *Network) freePort() uint16 {
	for {
		if n.host.port++; n.host.port < 32768 { // net.ipv4.ip_local_port_range begins there
			n.host.port = 32768
		}
		if !slices.ContainsFunc(n.sockets, func(s *Socket) bool { return s.Local.Port() == n.host.port }) {
			return n.host.port
		}
	}
}

// takes reports whether the address is one of the socket's. IPv4 is not written as ::ffff:a.b.c.d here.
func (s *Socket) takes(a netip.Addr) bool {
	local := s.Local.Addr()
	switch {
	case a.Is4() && local.Is6() && s.end.opts.IPv6Only, a.Is6() && local.Is4():
		return false
	case local.IsUnspecified():
		return true
	}
	return local.Unmap() == a
}

// overlap reports whether there is an address that both sockets take.
func overlap(a, b *Socket) bool {
	return a.takes(b.Local.Addr().Unmap()) || b.takes(a.Local.Addr().Unmap())
}

// lookup returns the socket that the kernel's tables have for a packet, nil if none: of a group, any member. It is
// compute_score of net/ipv4/udp.c and inet_hashtables.c.
func (n *Network) lookup(protocol int, from, to netip.AddrPort) *Socket {
	var best *Socket
	most := 0
	for _, s := range n.sockets {
		if s.Protocol != protocol || s.Local.Port() != to.Port() || !s.waits() || !s.takes(to.Addr()) {
			continue
		}
		score := 1
		if s.Family == asm.AFInet {
			score = 2
		}
		if !s.Local.Addr().IsUnspecified() {
			score += 4
		}
		if s.Remote.IsValid() {
			if unmap(s.Remote) != from {
				continue
			}
			score += 8
		}
		if score > most {
			best, most = s, score
		}
	}
	return best
}

// unmap writes IPv4 as such.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// Receive takes the next datagram, or piece of a stream, out of the socket's queue, and reports whether there was one. What
// was redirected to a socket is read before what came by TCP, however old that is: tcp_bpf_recvmsg of net/ipv4/tcp_bpf.c.
func (s *Socket) Receive() (data []byte, ok bool) {
	queue := &s.end.ingress
	if len(*queue) == 0 {
		queue = &s.end.inbox
	}
	if len(*queue) == 0 {
		return nil, false
	}
	data, *queue = (*queue)[0], (*queue)[1:]
	return data, true
}

// Connect gives a UDP socket a peer: it gets datagrams from there only, and leaves its group for good, as it does since
// Linux 6.18 and before only if it was bound to any address.
func (s *Socket) Connect(remote netip.AddrPort) error {
	if s.Protocol != asm.IPProtoUDP {
		return EOPNOTSUPP
	}
	if s.Family == asm.AFInet && !remote.Addr().Is4() {
		return EAFNOSUPPORT
	}
	s.Remote, s.State = remote, asm.TCPEstablished
	s.leaveGroup()
	if s.array != nil {
		for _, m := range slices.Clone(s.members) {
			if m.in == s.array {
				m.in.store.(socketDropper).drop(m.elem, s)
				s.leave(m.in, m.elem)
			}
		}
	}
	return nil
}

// Close closes the socket: it vanishes from all maps, and what they store for it is gone; it leaves its group, where the
// last member takes its index; the other end of its connection sees the end of the stream. The error is of a sock_ops
// program that was told.
func (s *Socket) Close() error {
	s.leaveMaps()
	s.leaveGroup()
	if s.end.net != nil {
		s.end.net.forget(s)
	}
	return s.finish()
}

func (n *Network) forget(s *Socket) {
	n.sockets = slices.DeleteFunc(n.sockets, func(o *Socket) bool { return o == s })
}
