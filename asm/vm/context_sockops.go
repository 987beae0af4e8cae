package vm

import "github.com/purebpf/purebpf/asm"

// SockOpsContext is what a sock_ops program is told of: struct bpf_sock_ops, something that happens to a TCP socket of
// the cgroup.
type SockOpsContext struct {
	Op     uint32 // asm.SockOpsActiveEstablishedCB and so on
	Args   [4]uint32
	Socket *Socket

	// Request says that there is no full socket yet, as in asm.SockOpsTimeoutInit and asm.SockOpsRwndInit for a
	// connection that comes in: most fields read as 0.
	Request bool
	// CBFlags are the calls that the socket wants: bpf_sock_ops_cb_flags_set changes them.
	CBFlags uint32

	// Data is the segment from its TCP header on that the header option calls are about.
	Data     []byte
	TCPFlags uint32

	// Reply is what the program wrote to reply or replylong.
	Reply [4]uint32
}

func (c *SockOpsContext) layout() asm.Context { return asm.ContextSockOps }

func (c *SockOpsContext) enter(m *Machine) {
	c.Reply = c.Args
	m.packet = newPacket(c.Data, 0, 0, 0, 0)
}

func (c *SockOpsContext) number(m *Machine, f asm.Field, i int) uint64 {
	switch f {
	case asm.SockOpsOp:
		return uint64(c.Op)
	case asm.SockOpsArgs, asm.SockOpsReply, asm.SockOpsReplylong: // one memory
		return uint64(c.Reply[i&3])
	case asm.SockOpsFamily:
		return c.Socket.endpoint(familyOf, i)
	case asm.SockOpsRemoteIP4:
		return c.Socket.endpoint(remoteIP4, i)
	case asm.SockOpsLocalIP4:
		return c.Socket.endpoint(localIP4, i)
	case asm.SockOpsRemoteIP6:
		return c.Socket.endpoint(remoteIP6, i)
	case asm.SockOpsLocalIP6:
		return c.Socket.endpoint(localIP6, i)
	case asm.SockOpsRemotePort:
		return c.Socket.endpoint(remotePort, i)
	case asm.SockOpsLocalPort:
		return c.Socket.endpoint(localPort, i)
	case asm.SockOpsIsFullsock:
		return flag(!c.Request)
	case asm.SockOpsBPFSockOpsCBFlags:
		return uint64(c.CBFlags)
	case asm.SockOpsSkTxhash:
		return c.tcp(func(t *TCPInfo) uint64 { return uint64(t.SkTxhash) })
	case asm.SockOpsState:
		if c.Socket == nil {
			return 0
		}
		return uint64(c.Socket.State)
	case asm.SockOpsSk:
		if c.Request {
			return 0
		}
		return m.socketAddress(c.Socket, regionSocket)
	case asm.SockOpsSKBData:
		return m.dataAddress()
	case asm.SockOpsSKBDataEnd:
		return m.dataEndAddress()
	case asm.SockOpsSKBLen:
		return uint64(len(c.Data))
	case asm.SockOpsSKBTCPFlags:
		return uint64(c.TCPFlags)
	}
	if c.Request || c.Socket == nil {
		return 0
	}
	for _, same := range sockOpsTCP {
		if same.ops == f {
			return c.Socket.TCP.number(same.tcp)
		}
	}
	return 0
}

func (c *SockOpsContext) tcp(get func(*TCPInfo) uint64) uint64 {
	if c.Request || c.Socket == nil {
		return 0
	}
	return get(&c.Socket.TCP)
}

func (c *SockOpsContext) setNumber(f asm.Field, i int, v uint64) {
	switch f {
	case asm.SockOpsArgs, asm.SockOpsReply, asm.SockOpsReplylong:
		c.Reply[i&3] = uint32(v)
	case asm.SockOpsSkTxhash:
		if c.Socket != nil {
			c.Socket.TCP.SkTxhash = uint32(v)
		}
	}
}

// sockOpsTCP has the fields of bpf_sock_ops that bpf_tcp_sock has too.
var sockOpsTCP = [...]struct{ ops, tcp asm.Field }{
	{asm.SockOpsSndCwnd, asm.TCPSockSndCwnd},
	{asm.SockOpsSrttUs, asm.TCPSockSrttUs},
	{asm.SockOpsRTTMin, asm.TCPSockRTTMin},
	{asm.SockOpsSndSsthresh, asm.TCPSockSndSsthresh},
	{asm.SockOpsRcvNxt, asm.TCPSockRcvNxt},
	{asm.SockOpsSndNxt, asm.TCPSockSndNxt},
	{asm.SockOpsSndUna, asm.TCPSockSndUna},
	{asm.SockOpsMSSCache, asm.TCPSockMSSCache},
	{asm.SockOpsECNFlags, asm.TCPSockECNFlags},
	{asm.SockOpsRateDelivered, asm.TCPSockRateDelivered},
	{asm.SockOpsRateIntervalUs, asm.TCPSockRateIntervalUs},
	{asm.SockOpsPacketsOut, asm.TCPSockPacketsOut},
	{asm.SockOpsRetransOut, asm.TCPSockRetransOut},
	{asm.SockOpsTotalRetrans, asm.TCPSockTotalRetrans},
	{asm.SockOpsSegsIn, asm.TCPSockSegsIn},
	{asm.SockOpsDataSegsIn, asm.TCPSockDataSegsIn},
	{asm.SockOpsSegsOut, asm.TCPSockSegsOut},
	{asm.SockOpsDataSegsOut, asm.TCPSockDataSegsOut},
	{asm.SockOpsLostOut, asm.TCPSockLostOut},
	{asm.SockOpsSackedOut, asm.TCPSockSackedOut},
	{asm.SockOpsBytesReceived, asm.TCPSockBytesReceived},
	{asm.SockOpsBytesAcked, asm.TCPSockBytesAcked},
}
