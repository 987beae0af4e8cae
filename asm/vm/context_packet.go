package vm

import "github.com/purebpf/purebpf/asm"

// SKBContext is a socket buffer: struct __sk_buff, which socket_filter, cgroup_skb, sched_cls and others run on.
type SKBContext struct {
	// Data is the packet as the kernel holds it. The program's offset 0, the network header and the link layer header all
	// are at its first byte unless Start, Network and Link say where. Offset 0 is the link layer header for sched_cls, the
	// IP header for cgroup_skb and the UDP header for a filter of a UDP socket: a whole Ethernet frame has Network 14,
	// and Start 0, 14 or 34.
	Data                 []byte
	Start, Network, Link int
	// NoLink says that there is no link layer header.
	NoLink bool
	// Paged is how many bytes at the end of Data cannot be accessed directly, between data and data_end.
	Paged int
	// Meta is the metadata in front of Data that an XDP program left, seen by sched_cls.
	Meta []byte

	PktType, Mark, QueueMapping           uint32
	Protocol                              uint16 // asm.EthPIP and so on
	VLANPresent                           bool
	VLANTCI, VLANProto                    uint16
	Priority, IngressIfindex, Ifindex     uint32
	TCIndex, Hash, TCClassID, NAPIID      uint32
	CB                                    [5]uint32
	Tstamp, Hwtstamp                      uint64
	WireLen, GSOSegs, GSOSize, TstampType uint32
	Socket                                *Socket

	// What the program asked for: where bpf_redirect sends the packet if the program returns asm.TCActRedirect.
	RedirectIfindex uint32
	RedirectFlags   uint64
	// Redirect is the socket that bpf_sk_redirect_hash or _map found for a sk_skb program.
	Redirect *Socket
	// Assigned is the socket of bpf_sk_assign.
	Assigned *Socket
}

func (c *SKBContext) layout() asm.Context { return asm.ContextSkBuff }

func (c *SKBContext) enter(m *Machine) {
	c.RedirectIfindex, c.RedirectFlags, c.Redirect, c.Assigned = 0, 0, nil, nil
	p := newPacket(c.Data, c.Start, c.Network, c.Link, c.Paged)
	p.noLink, p.meta = c.NoLink, c.Meta
	switch m.main.source.Type() { // may_access_direct_pkt_data of kernel/bpf/verifier.c
	case asm.SchedCLS, asm.SchedACT, asm.LWTXmit, asm.SkSKB:
		p.write = true
	}
	m.packet = p
}

func (c *SKBContext) number(m *Machine, f asm.Field, i int) uint64 {
	switch f {
	case asm.SkBuffLen:
		return uint64(len(m.packet.data))
	case asm.SkBuffPktType:
		return uint64(c.PktType)
	case asm.SkBuffMark:
		return uint64(c.Mark)
	case asm.SkBuffQueueMapping:
		return uint64(c.QueueMapping)
	case asm.SkBuffProtocol:
		return uint64(c.Protocol)
	case asm.SkBuffVLANPresent:
		return flag(c.VLANPresent)
	case asm.SkBuffVLANTci:
		return uint64(c.VLANTCI)
	case asm.SkBuffVLANProto:
		return uint64(c.VLANProto)
	case asm.SkBuffPriority:
		return uint64(c.Priority)
	case asm.SkBuffIngressIfindex:
		return uint64(c.IngressIfindex)
	case asm.SkBuffIfindex:
		return uint64(c.Ifindex)
	case asm.SkBuffTCIndex:
		return uint64(c.TCIndex)
	case asm.SkBuffCB:
		return uint64(c.CB[i%len(c.CB)])
	case asm.SkBuffHash:
		return uint64(c.Hash)
	case asm.SkBuffTCClassID:
		return uint64(c.TCClassID)
	case asm.SkBuffData:
		return m.dataAddress()
	case asm.SkBuffDataEnd:
		return m.dataEndAddress()
	case asm.SkBuffDataMeta:
		return m.dataMetaAddress()
	case asm.SkBuffNAPIID:
		return uint64(c.NAPIID)
	case asm.SkBuffFamily:
		return c.Socket.endpoint(familyOf, i)
	case asm.SkBuffRemoteIP4:
		return c.Socket.endpoint(remoteIP4, i)
	case asm.SkBuffLocalIP4:
		return c.Socket.endpoint(localIP4, i)
	case asm.SkBuffRemoteIP6:
		return c.Socket.endpoint(remoteIP6, i)
	case asm.SkBuffLocalIP6:
		return c.Socket.endpoint(localIP6, i)
	case asm.SkBuffRemotePort:
		return c.Socket.endpoint(remotePort, i)
	case asm.SkBuffLocalPort:
		return c.Socket.endpoint(localPort, i)
	case asm.SkBuffTstamp:
		return c.Tstamp
	case asm.SkBuffWireLen:
		return uint64(c.WireLen)
	case asm.SkBuffGSOSegs:
		return uint64(c.GSOSegs)
	case asm.SkBuffSk:
		return m.socketAddress(c.Socket, regionSockCommon)
	case asm.SkBuffGSOSize:
		return uint64(c.GSOSize)
	case asm.SkBuffTstampType:
		return uint64(c.TstampType)
	case asm.SkBuffHwtstamp:
		return c.Hwtstamp
	}
	return 0
}

func (c *SKBContext) setNumber(f asm.Field, i int, v uint64) {
	switch f {
	case asm.SkBuffMark:
		c.Mark = uint32(v)
	case asm.SkBuffQueueMapping:
		c.QueueMapping = uint32(v)
	case asm.SkBuffPriority:
		c.Priority = uint32(v)
	case asm.SkBuffTCIndex:
		c.TCIndex = uint32(v)
	case asm.SkBuffCB:
		c.CB[i%len(c.CB)] = uint32(v)
	case asm.SkBuffTCClassID:
		c.TCClassID = uint32(v)
	case asm.SkBuffTstamp:
		c.Tstamp = v
	}
}

// XDPContext is a packet as the driver has it: struct xdp_md.
type XDPContext struct {
	// Data is the frame from its link layer header on. It is what the program leaves of it after the run: helpers put
	// another slice here when they move its beginning or end.
	Data []byte
	// Meta is the metadata in front of Data, also after the run.
	Meta []byte

	IngressIfindex, RxQueueIndex, EgressIfindex uint32

	// RedirectIfindex is where bpf_redirect sends the packet if the program returns asm.XDPRedirect.
	RedirectIfindex uint32
	RedirectFlags   uint64
}

func (c *XDPContext) layout() asm.Context { return asm.ContextXDPMd }

func (c *XDPContext) enter(m *Machine) {
	c.RedirectIfindex, c.RedirectFlags = 0, 0
	m.packet = newPacket(c.Data, 0, 0, 0, 0)
	m.packet.meta, m.packet.write = c.Meta, true
}

func (c *XDPContext) number(m *Machine, f asm.Field, _ int) uint64 {
	switch f {
	case asm.XDPMdData:
		return m.dataAddress()
	case asm.XDPMdDataEnd:
		return m.dataEndAddress()
	case asm.XDPMdDataMeta:
		return m.dataMetaAddress()
	case asm.XDPMdIngressIfindex:
		return uint64(c.IngressIfindex)
	case asm.XDPMdRxQueueIndex:
		return uint64(c.RxQueueIndex)
	case asm.XDPMdEgressIfindex:
		return uint64(c.EgressIfindex)
	}
	return 0
}

func (c *XDPContext) setNumber(asm.Field, int, uint64) {}
