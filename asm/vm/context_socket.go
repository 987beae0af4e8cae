package vm

import (
	"net/netip"

	"github.com/purebpf/purebpf/asm"
)

// ReuseportContext is what a sk_reuseport program decides about: struct sk_reuseport_md.
type ReuseportContext struct {
	// Data is the packet as the kernel holds it. The program's offset 0, the network header and the link layer header all
	// are at its first byte unless Start, Network and Link say where. The program sees the UDP or TCP header at its offset
	// 0: a whole Ethernet frame with an IPv4 header of 20 bytes has Start 34 and Network 14.
	Data                 []byte
	Start, Network, Link int
	// NoLink says that there is no link layer header.
	NoLink bool
	// Paged is how many bytes at the end of Data cannot be read directly, between data and data_end: all behind the UDP
	// header when the sender used UDP_SEGMENT or MSG_ZEROCOPY. bpf_skb_load_bytes reads them.
	Paged int

	EthProtocol uint16 // asm.EthPIP or asm.EthPIPv6
	IPProtocol  uint8  // asm.IPProtoUDP or asm.IPProtoTCP
	BindInany   bool   // the group is bound to any address
	Hash        uint32
	Socket      *Socket // the member of the group that the kernel's tables gave
	Migrating   *Socket // the socket whose connection needs another listener

	// Selected is the socket that bpf_sk_select_reuseport chose, nil for none: then, if the program returns asm.SkPass,
	// the kernel chooses.
	Selected *Socket
}

func (c *ReuseportContext) layout() asm.Context { return asm.ContextSkReuseportMd }

func (c *ReuseportContext) enter(m *Machine) {
	c.Selected = nil
	m.packet = newPacket(c.Data, c.Start, c.Network, c.Link, c.Paged)
	m.packet.noLink = c.NoLink
}

func (c *ReuseportContext) number(m *Machine, f asm.Field, _ int) uint64 {
	switch f {
	case asm.SkReuseportMdData:
		return m.dataAddress()
	case asm.SkReuseportMdDataEnd:
		return m.dataEndAddress()
	case asm.SkReuseportMdLen:
		return uint64(len(m.packet.data))
	case asm.SkReuseportMdEthProtocol:
		return uint64(c.EthProtocol)
	case asm.SkReuseportMdIPProtocol:
		return uint64(c.IPProtocol)
	case asm.SkReuseportMdBindInany:
		return flag(c.BindInany)
	case asm.SkReuseportMdHash:
		return uint64(c.Hash)
	case asm.SkReuseportMdSk:
		return m.socketAddress(c.Socket, regionSocket)
	case asm.SkReuseportMdMigratingSk:
		return m.socketAddress(c.Migrating, regionSockCommon)
	}
	return 0
}

func (c *ReuseportContext) setNumber(asm.Field, int, uint64) {}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// MsgContext is what a sk_msg program decides about: struct sk_msg_md, a message that a socket of a SOCKMAP or SOCKHASH
// sends.
type MsgContext struct {
	Data []byte // the message
	// Paged is how many bytes at the end of Data are not between data and data_end until bpf_msg_pull_data was called.
	Paged  int
	Socket *Socket // the sender

	// What the program asked for. Redirect is the socket that bpf_msg_redirect_hash or _map found, nil for none, and
	// RedirectFlags are asm.FIngress or 0: it counts if the program returns asm.SkPass.
	Redirect      *Socket
	RedirectFlags uint64
	ApplyBytes    uint32 // bpf_msg_apply_bytes
	CorkBytes     uint32 // bpf_msg_cork_bytes
}

func (c *MsgContext) layout() asm.Context { return asm.ContextSkMsgMd }

func (c *MsgContext) enter(m *Machine) {
	c.Redirect, c.RedirectFlags, c.ApplyBytes, c.CorkBytes = nil, 0, 0, 0
	m.packet = newPacket(c.Data, 0, 0, 0, c.Paged)
	m.packet.write = true
}

func (c *MsgContext) number(m *Machine, f asm.Field, i int) uint64 {
	switch f {
	case asm.SkMsgMdData:
		return m.dataAddress()
	case asm.SkMsgMdDataEnd:
		return m.dataEndAddress()
	case asm.SkMsgMdSize:
		return uint64(len(m.packet.data))
	case asm.SkMsgMdSk:
		return m.socketAddress(c.Socket, regionSocket)
	case asm.SkMsgMdFamily:
		return c.Socket.endpoint(familyOf, i)
	case asm.SkMsgMdRemoteIP4:
		return c.Socket.endpoint(remoteIP4, i)
	case asm.SkMsgMdLocalIP4:
		return c.Socket.endpoint(localIP4, i)
	case asm.SkMsgMdRemoteIP6:
		return c.Socket.endpoint(remoteIP6, i)
	case asm.SkMsgMdLocalIP6:
		return c.Socket.endpoint(localIP6, i)
	case asm.SkMsgMdRemotePort:
		return c.Socket.endpoint(remotePort, i)
	case asm.SkMsgMdLocalPort:
		return c.Socket.endpoint(localPort, i)
	}
	return 0
}

func (c *MsgContext) setNumber(asm.Field, int, uint64) {}

// LookupContext is what a sk_lookup program decides about: struct bpf_sk_lookup, a packet for which the kernel looks for
// a socket.
type LookupContext struct {
	Family         int // asm.AFInet or asm.AFInet6
	Protocol       int // asm.IPProtoTCP or asm.IPProtoUDP
	Remote, Local  netip.AddrPort
	IngressIfindex uint32

	// Selected is the socket that bpf_sk_assign chose, nil for none, and NoReuseport whether its group is not to choose
	// again (asm.SkLookupFNoReuseport).
	Selected    *Socket
	NoReuseport bool
}

func (c *LookupContext) layout() asm.Context { return asm.ContextSkLookup }
func (c *LookupContext) enter(*Machine)      { c.Selected, c.NoReuseport = nil, false }

func (c *LookupContext) number(m *Machine, f asm.Field, i int) uint64 {
	switch f {
	case asm.SkLookupSk:
		return m.socketAddress(c.Selected, regionSocket)
	case asm.SkLookupFamily:
		return uint64(c.Family)
	case asm.SkLookupProtocol:
		return uint64(c.Protocol)
	case asm.SkLookupRemoteIP4:
		return ip4(c.Remote.Addr())
	case asm.SkLookupRemoteIP6:
		return c.ip6(c.Remote.Addr(), i)
	case asm.SkLookupRemotePort:
		return uint64(c.Remote.Port())
	case asm.SkLookupLocalIP4:
		return ip4(c.Local.Addr())
	case asm.SkLookupLocalIP6:
		return c.ip6(c.Local.Addr(), i)
	case asm.SkLookupLocalPort:
		return uint64(c.Local.Port())
	case asm.SkLookupIngressIfindex:
		return uint64(c.IngressIfindex)
	}
	return 0
}

// ip6 returns an address for IPv6 lookups; the others see zeros.
func (c *LookupContext) ip6(a netip.Addr, i int) uint64 {
	if c.Family != asm.AFInet6 {
		return 0
	}
	return ip6(a, i)
}

func (c *LookupContext) setNumber(asm.Field, int, uint64) {}
