package vm

import (
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// Socket is a simulated socket as programs and maps see it. It is plain data: what happens to it on the way, binding,
// connecting, closing, is for whoever simulates that to write into it, between runs. A Network does so for the sockets that
// it opens.
type Socket struct {
	Cookie      uint64 // SO_COOKIE, never 0 in the kernel
	NetnsCookie uint64 // of its network namespace

	Family   int // asm.AFInet or asm.AFInet6; the latter also for addresses ::ffff:a.b.c.d
	Type     int // asm.SockStream or asm.SockDgram
	Protocol int // asm.IPProtoTCP or asm.IPProtoUDP
	State    int // asm.TCPEstablished and so on; for UDP asm.TCPEstablished when connected, else asm.TCPClose

	Local  netip.AddrPort // port 0: not bound
	Remote netip.AddrPort // zero: not connected

	// Group is the reuseport group that the socket is in, nil if in none.
	Group *Group

	BoundDevIf, Mark, Priority, UID uint32
	RxQueue                         uint32 // rx_queue_mapping
	RequestOnly                     bool   // a request or TIME_WAIT socket, which has no more than struct sock_common

	// TCP is what struct bpf_tcp_sock and bpf_sock_ops show of it.
	TCP TCPInfo

	members []member
	array   *Map     // the REUSEPORT_SOCKARRAY that it is in: a socket is in one at most
	msg     *Machine // the sk_msg program of the socket maps that it is in: it has one at most
	end     endpointState
}

// TCPInfo are the numbers of a TCP socket, by the names of struct bpf_tcp_sock.
type TCPInfo struct {
	SndCwnd, SrttUs, RTTMin, SndSsthresh, RcvNxt, SndNxt, SndUna, MSSCache, ECNFlags                       uint32
	RateDelivered, RateIntervalUs, PacketsOut, RetransOut, TotalRetrans, SegsIn, DataSegsIn                uint32
	SegsOut, DataSegsOut, LostOut, SackedOut, DsackDups, Delivered, DeliveredCE, IcskRetransmits, SkTxhash uint32
	BytesReceived, BytesAcked                                                                              uint64
}

// member is a place in a socket map.
type member struct {
	in   *Map
	elem int
}

// hashed reports whether the kernel's tables have the socket: a UDP socket that is bound, a TCP socket that listens or is
// connected.
func (s *Socket) hashed() bool {
	if s.Protocol == asm.IPProtoUDP {
		return s.Local.Port() != 0
	}
	return s.State != asm.TCPClose && s.State != 0
}

// leaveMaps does what the kernel does to maps when a socket is closed: the socket vanishes from all of them, and what they
// store for it is gone.
func (s *Socket) leaveMaps() {
	for _, m := range slices.Clone(s.members) {
		m.in.store.(socketDropper).drop(m.elem, s)
	}
	s.members, s.array = nil, nil
	s.checkProgram()
}

// socketDropper is a store that holds sockets or something for them.
type socketDropper interface {
	drop(elem int, s *Socket) // forgets s, which element elem is
}

// leave takes a place in a map from those the socket knows of.
func (s *Socket) leave(in *Map, elem int) {
	s.members = slices.DeleteFunc(s.members, func(m member) bool { return m.in == in && m.elem == elem })
	s.checkProgram()
}

// inSocketMap reports whether the socket is in a SOCKMAP or SOCKHASH.
func (s *Socket) inSocketMap() bool {
	return slices.ContainsFunc(s.members, func(m member) bool {
		return m.in.spec.Type == asm.MapSockMap || m.in.spec.Type == asm.MapSockHash
	})
}

// checkProgram takes the program from a socket that is in no socket map any more, and with it whatever was redirected to
// the socket and not read yet: sk_psock_drop of net/core/skmsg.c.
func (s *Socket) checkProgram() {
	if !s.inSocketMap() {
		s.msg, s.end.ingress = nil, nil
		s.end.corked, s.end.cork, s.end.apply = nil, 0, 0
	}
}
