package vm

import (
	"encoding/binary"
	"net/netip"

	"github.com/purebpf/purebpf/asm"
)

// socketAddress returns the address of a socket for the rest of the run, 0 for nil. kind says as what.
func (m *Machine) socketAddress(s *Socket, kind regionKind) uint64 {
	if s == nil {
		return 0
	}
	for id := idDynamic; id < len(m.regions); id++ {
		if r := &m.regions[id]; r.kind == kind && r.of == any(s) {
			return address(id, 0)
		}
	}
	return address(m.add(region{kind: kind, of: s}), 0)
}

// endpoint is something that sock_ops and sk_msg show of a socket.
type endpoint uint8

const (
	familyOf endpoint = iota
	remoteIP4
	localIP4
	remoteIP6
	localIP6
	remotePort
	localPort
)

// endpoint returns a number of the socket's addresses, 0 if there is no socket.
func (s *Socket) endpoint(e endpoint, i int) uint64 {
	if s == nil {
		return 0
	}
	switch e {
	case familyOf:
		return uint64(s.Family)
	case remoteIP4:
		return ip4(s.Remote.Addr())
	case localIP4:
		return ip4(s.Local.Addr())
	case remoteIP6:
		return s.ip6(s.Remote.Addr(), i)
	case localIP6:
		return s.ip6(s.Local.Addr(), i)
	case remotePort:
		return uint64(s.Remote.Port())
	}
	return uint64(s.Local.Port())
}

// ip6 returns a word of an address. Those of IPv4 sockets read as 0 here; the kernel shows what happens to be there.
func (s *Socket) ip6(a netip.Addr, i int) uint64 {
	if s.Family != asm.AFInet6 {
		return 0
	}
	return ip6(a, i)
}

// ip4 returns an IPv4 address as a number, also if it is written as ::ffff:a.b.c.d, and 0 for others.
func ip4(a netip.Addr) uint64 {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return uint64(binary.BigEndian.Uint32(b[:]))
	}
	return 0
}

// ip6 returns word i of an address.
func ip6(a netip.Addr, i int) uint64 {
	if !a.IsValid() {
		return 0
	}
	b := a.As16()
	return uint64(binary.BigEndian.Uint32(b[4*(i&3):]))
}

// number returns a field of struct bpf_sock or struct bpf_tcp_sock.
func (s *Socket) number(f asm.Field, i int) uint64 {
	switch f {
	case asm.SockBoundDevIf:
		return uint64(s.BoundDevIf)
	case asm.SockFamily:
		return uint64(s.Family)
	case asm.SockType:
		return uint64(s.Type)
	case asm.SockProtocol:
		return uint64(s.Protocol)
	case asm.SockMark:
		return uint64(s.Mark)
	case asm.SockPriority:
		return uint64(s.Priority)
	case asm.SockSrcIP4:
		return ip4(s.Local.Addr())
	case asm.SockSrcIP6:
		return s.ip6(s.Local.Addr(), i)
	case asm.SockSrcPort:
		return uint64(s.Local.Port())
	case asm.SockDstPort:
		return uint64(s.Remote.Port())
	case asm.SockDstIP4:
		return ip4(s.Remote.Addr())
	case asm.SockDstIP6:
		return s.ip6(s.Remote.Addr(), i)
	case asm.SockState:
		return uint64(s.State)
	case asm.SockRxQueueMapping:
		return uint64(s.RxQueue)
	}
	return s.TCP.number(f)
}

// number returns a field of struct bpf_tcp_sock.
func (t *TCPInfo) number(f asm.Field) uint64 {
	switch f {
	case asm.TCPSockSndCwnd:
		return uint64(t.SndCwnd)
	case asm.TCPSockSrttUs:
		return uint64(t.SrttUs)
	case asm.TCPSockRTTMin:
		return uint64(t.RTTMin)
	case asm.TCPSockSndSsthresh:
		return uint64(t.SndSsthresh)
	case asm.TCPSockRcvNxt:
		return uint64(t.RcvNxt)
	case asm.TCPSockSndNxt:
		return uint64(t.SndNxt)
	case asm.TCPSockSndUna:
		return uint64(t.SndUna)
	case asm.TCPSockMSSCache:
		return uint64(t.MSSCache)
	case asm.TCPSockECNFlags:
		return uint64(t.ECNFlags)
	case asm.TCPSockRateDelivered:
		return uint64(t.RateDelivered)
	case asm.TCPSockRateIntervalUs:
		return uint64(t.RateIntervalUs)
	case asm.TCPSockPacketsOut:
		return uint64(t.PacketsOut)
	case asm.TCPSockRetransOut:
		return uint64(t.RetransOut)
	case asm.TCPSockTotalRetrans:
		return uint64(t.TotalRetrans)
	case asm.TCPSockSegsIn:
		return uint64(t.SegsIn)
	case asm.TCPSockDataSegsIn:
		return uint64(t.DataSegsIn)
	case asm.TCPSockSegsOut:
		return uint64(t.SegsOut)
	case asm.TCPSockDataSegsOut:
		return uint64(t.DataSegsOut)
	case asm.TCPSockLostOut:
		return uint64(t.LostOut)
	case asm.TCPSockSackedOut:
		return uint64(t.SackedOut)
	case asm.TCPSockBytesReceived:
		return t.BytesReceived
	case asm.TCPSockBytesAcked:
		return t.BytesAcked
	case asm.TCPSockDsackDups:
		return uint64(t.DsackDups)
	case asm.TCPSockDelivered:
		return uint64(t.Delivered)
	case asm.TCPSockDeliveredCE:
		return uint64(t.DeliveredCE)
	case asm.TCPSockIcskRetransmits:
		return uint64(t.IcskRetransmits)
	}
	return 0
}
