package asm

// The structs.
const (
	ContextSkReuseportMd Context = iota + 1 // struct sk_reuseport_md
	ContextSkMsgMd                          // struct sk_msg_md
	ContextSockOps                          // struct bpf_sock_ops
	ContextSkBuff                           // struct __sk_buff
	ContextXDPMd                            // struct xdp_md
	ContextSkLookup                         // struct bpf_sk_lookup
	ContextSock                             // struct bpf_sock
	ContextSockAddr                         // struct bpf_sock_addr
	ContextSockopt                          // struct bpf_sockopt
	ContextSysctl                           // struct bpf_sysctl
	ContextCgroupDevCtx                     // struct bpf_cgroup_dev_ctx
	ContextFlowKeys                         // struct bpf_flow_keys
	ContextTCPSock                          // struct bpf_tcp_sock

	contextEnd
)

// The fields, struct by struct in the order of their offsets.
const (
	SkReuseportMdData        Field = iota + 1 // sk_reuseport_md.data: u64, pointer: packet start
	SkReuseportMdDataEnd                      // sk_reuseport_md.data_end: u64, pointer: packet end
	SkReuseportMdLen                          // sk_reuseport_md.len: u32
	SkReuseportMdEthProtocol                  // sk_reuseport_md.eth_protocol: u32, network order in the low 16 bits
	SkReuseportMdIPProtocol                   // sk_reuseport_md.ip_protocol: u32
	SkReuseportMdBindInany                    // sk_reuseport_md.bind_inany: u32
	SkReuseportMdHash                         // sk_reuseport_md.hash: u32
	SkReuseportMdSk                           // sk_reuseport_md.sk: u64, pointer: bpf_sock
	SkReuseportMdMigratingSk                  // sk_reuseport_md.migrating_sk: u64, pointer: bpf_sock (not full) or null

	SkMsgMdData       // sk_msg_md.data: u64, pointer: packet start
	SkMsgMdDataEnd    // sk_msg_md.data_end: u64, pointer: packet end
	SkMsgMdFamily     // sk_msg_md.family: u32
	SkMsgMdRemoteIP4  // sk_msg_md.remote_ip4: u32, network order
	SkMsgMdLocalIP4   // sk_msg_md.local_ip4: u32, network order
	SkMsgMdRemoteIP6  // sk_msg_md.remote_ip6: u32[4], network order
	SkMsgMdLocalIP6   // sk_msg_md.local_ip6: u32[4], network order
	SkMsgMdRemotePort // sk_msg_md.remote_port: u32, network order
	SkMsgMdLocalPort  // sk_msg_md.local_port: u32
	SkMsgMdSize       // sk_msg_md.size: u32
	SkMsgMdSk         // sk_msg_md.sk: u64, pointer: bpf_sock

	SockOpsOp                // bpf_sock_ops.op: u32
	SockOpsArgs              // bpf_sock_ops.args: u32[4]
	SockOpsReply             // bpf_sock_ops.reply: u32
	SockOpsReplylong         // bpf_sock_ops.replylong: u32[4]
	SockOpsFamily            // bpf_sock_ops.family: u32
	SockOpsRemoteIP4         // bpf_sock_ops.remote_ip4: u32, network order
	SockOpsLocalIP4          // bpf_sock_ops.local_ip4: u32, network order
	SockOpsRemoteIP6         // bpf_sock_ops.remote_ip6: u32[4], network order
	SockOpsLocalIP6          // bpf_sock_ops.local_ip6: u32[4], network order
	SockOpsRemotePort        // bpf_sock_ops.remote_port: u32, network order
	SockOpsLocalPort         // bpf_sock_ops.local_port: u32
	SockOpsIsFullsock        // bpf_sock_ops.is_fullsock: u32
	SockOpsSndCwnd           // bpf_sock_ops.snd_cwnd: u32
	SockOpsSrttUs            // bpf_sock_ops.srtt_us: u32
	SockOpsBPFSockOpsCBFlags // bpf_sock_ops.bpf_sock_ops_cb_flags: u32
	SockOpsState             // bpf_sock_ops.state: u32
	SockOpsRTTMin            // bpf_sock_ops.rtt_min: u32
	SockOpsSndSsthresh       // bpf_sock_ops.snd_ssthresh: u32
	SockOpsRcvNxt            // bpf_sock_ops.rcv_nxt: u32
	SockOpsSndNxt            // bpf_sock_ops.snd_nxt: u32
	SockOpsSndUna            // bpf_sock_ops.snd_una: u32
	SockOpsMSSCache          // bpf_sock_ops.mss_cache: u32
	SockOpsECNFlags          // bpf_sock_ops.ecn_flags: u32
	SockOpsRateDelivered     // bpf_sock_ops.rate_delivered: u32
	SockOpsRateIntervalUs    // bpf_sock_ops.rate_interval_us: u32
	SockOpsPacketsOut        // bpf_sock_ops.packets_out: u32
	SockOpsRetransOut        // bpf_sock_ops.retrans_out: u32
	SockOpsTotalRetrans      // bpf_sock_ops.total_retrans: u32
	SockOpsSegsIn            // bpf_sock_ops.segs_in: u32
	SockOpsDataSegsIn        // bpf_sock_ops.data_segs_in: u32
	SockOpsSegsOut           // bpf_sock_ops.segs_out: u32
	SockOpsDataSegsOut       // bpf_sock_ops.data_segs_out: u32
	SockOpsLostOut           // bpf_sock_ops.lost_out: u32
	SockOpsSackedOut         // bpf_sock_ops.sacked_out: u32
	SockOpsSkTxhash          // bpf_sock_ops.sk_txhash: u32
	SockOpsBytesReceived     // bpf_sock_ops.bytes_received: u64
	SockOpsBytesAcked        // bpf_sock_ops.bytes_acked: u64
	SockOpsSk                // bpf_sock_ops.sk: u64, pointer: bpf_sock or null
	SockOpsSKBData           // bpf_sock_ops.skb_data: u64, pointer: packet start
	SockOpsSKBDataEnd        // bpf_sock_ops.skb_data_end: u64, pointer: packet end
	SockOpsSKBLen            // bpf_sock_ops.skb_len: u32
	SockOpsSKBTCPFlags       // bpf_sock_ops.skb_tcp_flags: u32
	SockOpsSKBHwtstamp       // bpf_sock_ops.skb_hwtstamp: u64

	SkBuffLen            // __sk_buff.len: u32
	SkBuffPktType        // __sk_buff.pkt_type: u32
	SkBuffMark           // __sk_buff.mark: u32
	SkBuffQueueMapping   // __sk_buff.queue_mapping: u32
	SkBuffProtocol       // __sk_buff.protocol: u32, network order in the low 16 bits
	SkBuffVLANPresent    // __sk_buff.vlan_present: u32
	SkBuffVLANTci        // __sk_buff.vlan_tci: u32
	SkBuffVLANProto      // __sk_buff.vlan_proto: u32, network order in the low 16 bits
	SkBuffPriority       // __sk_buff.priority: u32
	SkBuffIngressIfindex // __sk_buff.ingress_ifindex: u32
	SkBuffIfindex        // __sk_buff.ifindex: u32
	SkBuffTCIndex        // __sk_buff.tc_index: u32
	SkBuffCB             // __sk_buff.cb: u32[5]
	SkBuffHash           // __sk_buff.hash: u32
	SkBuffTCClassID      // __sk_buff.tc_classid: u32
	SkBuffData           // __sk_buff.data: u32, pointer: packet start
	SkBuffDataEnd        // __sk_buff.data_end: u32, pointer: packet end
	SkBuffNAPIID         // __sk_buff.napi_id: u32
	SkBuffFamily         // __sk_buff.family: u32
	SkBuffRemoteIP4      // __sk_buff.remote_ip4: u32, network order
	SkBuffLocalIP4       // __sk_buff.local_ip4: u32, network order
	SkBuffRemoteIP6      // __sk_buff.remote_ip6: u32[4], network order
	SkBuffLocalIP6       // __sk_buff.local_ip6: u32[4], network order
	SkBuffRemotePort     // __sk_buff.remote_port: u32, network order
	SkBuffLocalPort      // __sk_buff.local_port: u32
	SkBuffDataMeta       // __sk_buff.data_meta: u32, pointer: start of the metadata before the packet
	SkBuffFlowKeys       // __sk_buff.flow_keys: u64, pointer: bpf_flow_keys
	SkBuffTstamp         // __sk_buff.tstamp: u64
	SkBuffWireLen        // __sk_buff.wire_len: u32
	SkBuffGSOSegs        // __sk_buff.gso_segs: u32
	SkBuffSk             // __sk_buff.sk: u64, pointer: bpf_sock (not full) or null
	SkBuffGSOSize        // __sk_buff.gso_size: u32
	SkBuffTstampType     // __sk_buff.tstamp_type: u8
	SkBuffHwtstamp       // __sk_buff.hwtstamp: u64

	XDPMdData           // xdp_md.data: u32, pointer: packet start
	XDPMdDataEnd        // xdp_md.data_end: u32, pointer: packet end
	XDPMdDataMeta       // xdp_md.data_meta: u32, pointer: start of the metadata before the packet
	XDPMdIngressIfindex // xdp_md.ingress_ifindex: u32
	XDPMdRxQueueIndex   // xdp_md.rx_queue_index: u32
	XDPMdEgressIfindex  // xdp_md.egress_ifindex: u32

	SkLookupSk             // bpf_sk_lookup.sk: u64, pointer: bpf_sock or null
	SkLookupCookie         // bpf_sk_lookup.cookie: u64, pointer: bpf_sock or null
	SkLookupFamily         // bpf_sk_lookup.family: u32
	SkLookupProtocol       // bpf_sk_lookup.protocol: u32
	SkLookupRemoteIP4      // bpf_sk_lookup.remote_ip4: u32, network order
	SkLookupRemoteIP6      // bpf_sk_lookup.remote_ip6: u32[4], network order
	SkLookupRemotePort     // bpf_sk_lookup.remote_port: u16, network order
	SkLookupLocalIP4       // bpf_sk_lookup.local_ip4: u32, network order
	SkLookupLocalIP6       // bpf_sk_lookup.local_ip6: u32[4], network order
	SkLookupLocalPort      // bpf_sk_lookup.local_port: u32
	SkLookupIngressIfindex // bpf_sk_lookup.ingress_ifindex: u32

	SockBoundDevIf     // bpf_sock.bound_dev_if: u32
	SockFamily         // bpf_sock.family: u32
	SockType           // bpf_sock.type: u32
	SockProtocol       // bpf_sock.protocol: u32
	SockMark           // bpf_sock.mark: u32
	SockPriority       // bpf_sock.priority: u32
	SockSrcIP4         // bpf_sock.src_ip4: u32, network order
	SockSrcIP6         // bpf_sock.src_ip6: u32[4], network order
	SockSrcPort        // bpf_sock.src_port: u32
	SockDstPort        // bpf_sock.dst_port: u16, network order
	SockDstIP4         // bpf_sock.dst_ip4: u32, network order
	SockDstIP6         // bpf_sock.dst_ip6: u32[4], network order
	SockState          // bpf_sock.state: u32
	SockRxQueueMapping // bpf_sock.rx_queue_mapping: u32

	SockAddrUserFamily // bpf_sock_addr.user_family: u32
	SockAddrUserIP4    // bpf_sock_addr.user_ip4: u32, network order
	SockAddrUserIP6    // bpf_sock_addr.user_ip6: u32[4], network order
	SockAddrUserPort   // bpf_sock_addr.user_port: u32, network order in the low 16 bits
	SockAddrFamily     // bpf_sock_addr.family: u32
	SockAddrType       // bpf_sock_addr.type: u32
	SockAddrProtocol   // bpf_sock_addr.protocol: u32
	SockAddrMsgSrcIP4  // bpf_sock_addr.msg_src_ip4: u32, network order
	SockAddrMsgSrcIP6  // bpf_sock_addr.msg_src_ip6: u32[4], network order
	SockAddrSk         // bpf_sock_addr.sk: u64, pointer: bpf_sock

	SockoptSk        // bpf_sockopt.sk: u64, pointer: bpf_sock
	SockoptOptval    // bpf_sockopt.optval: u64, pointer: packet start
	SockoptOptvalEnd // bpf_sockopt.optval_end: u64, pointer: packet end
	SockoptLevel     // bpf_sockopt.level: u32
	SockoptOptname   // bpf_sockopt.optname: u32
	SockoptOptlen    // bpf_sockopt.optlen: u32
	SockoptRetval    // bpf_sockopt.retval: u32

	SysctlWrite   // bpf_sysctl.write: u32
	SysctlFilePos // bpf_sysctl.file_pos: u32

	CgroupDevCtxAccessType // bpf_cgroup_dev_ctx.access_type: u32
	CgroupDevCtxMajor      // bpf_cgroup_dev_ctx.major: u32
	CgroupDevCtxMinor      // bpf_cgroup_dev_ctx.minor: u32

	FlowKeysNhoff       // bpf_flow_keys.nhoff: u16
	FlowKeysThoff       // bpf_flow_keys.thoff: u16
	FlowKeysAddrProto   // bpf_flow_keys.addr_proto: u16
	FlowKeysIsFrag      // bpf_flow_keys.is_frag: u8
	FlowKeysIsFirstFrag // bpf_flow_keys.is_first_frag: u8
	FlowKeysIsEncap     // bpf_flow_keys.is_encap: u8
	FlowKeysIPProto     // bpf_flow_keys.ip_proto: u8
	FlowKeysNProto      // bpf_flow_keys.n_proto: u16, network order
	FlowKeysSport       // bpf_flow_keys.sport: u16, network order
	FlowKeysDport       // bpf_flow_keys.dport: u16, network order
	FlowKeysIPv4Src     // bpf_flow_keys.ipv4_src: u32, network order
	FlowKeysIPv4Dst     // bpf_flow_keys.ipv4_dst: u32, network order
	FlowKeysIPv6Src     // bpf_flow_keys.ipv6_src: u32[4], network order
	FlowKeysIPv6Dst     // bpf_flow_keys.ipv6_dst: u32[4], network order
	FlowKeysFlags       // bpf_flow_keys.flags: u32
	FlowKeysFlowLabel   // bpf_flow_keys.flow_label: u32, network order

	TCPSockSndCwnd         // bpf_tcp_sock.snd_cwnd: u32
	TCPSockSrttUs          // bpf_tcp_sock.srtt_us: u32
	TCPSockRTTMin          // bpf_tcp_sock.rtt_min: u32
	TCPSockSndSsthresh     // bpf_tcp_sock.snd_ssthresh: u32
	TCPSockRcvNxt          // bpf_tcp_sock.rcv_nxt: u32
	TCPSockSndNxt          // bpf_tcp_sock.snd_nxt: u32
	TCPSockSndUna          // bpf_tcp_sock.snd_una: u32
	TCPSockMSSCache        // bpf_tcp_sock.mss_cache: u32
	TCPSockECNFlags        // bpf_tcp_sock.ecn_flags: u32
	TCPSockRateDelivered   // bpf_tcp_sock.rate_delivered: u32
	TCPSockRateIntervalUs  // bpf_tcp_sock.rate_interval_us: u32
	TCPSockPacketsOut      // bpf_tcp_sock.packets_out: u32
	TCPSockRetransOut      // bpf_tcp_sock.retrans_out: u32
	TCPSockTotalRetrans    // bpf_tcp_sock.total_retrans: u32
	TCPSockSegsIn          // bpf_tcp_sock.segs_in: u32
	TCPSockDataSegsIn      // bpf_tcp_sock.data_segs_in: u32
	TCPSockSegsOut         // bpf_tcp_sock.segs_out: u32
	TCPSockDataSegsOut     // bpf_tcp_sock.data_segs_out: u32
	TCPSockLostOut         // bpf_tcp_sock.lost_out: u32
	TCPSockSackedOut       // bpf_tcp_sock.sacked_out: u32
	TCPSockBytesReceived   // bpf_tcp_sock.bytes_received: u64
	TCPSockBytesAcked      // bpf_tcp_sock.bytes_acked: u64
	TCPSockDsackDups       // bpf_tcp_sock.dsack_dups: u32
	TCPSockDelivered       // bpf_tcp_sock.delivered: u32
	TCPSockDeliveredCE     // bpf_tcp_sock.delivered_ce: u32
	TCPSockIcskRetransmits // bpf_tcp_sock.icsk_retransmits: u32

	fieldEnd
)

// contexts is indexed by Context.
var contexts = [contextEnd]struct {
	name        string
	size        uint16
	first, last Field
}{
	ContextSkReuseportMd: {"sk_reuseport_md", 56, SkReuseportMdData, SkReuseportMdMigratingSk},
	ContextSkMsgMd:       {"sk_msg_md", 80, SkMsgMdData, SkMsgMdSk},
	ContextSockOps:       {"bpf_sock_ops", 224, SockOpsOp, SockOpsSKBHwtstamp},
	ContextSkBuff:        {"__sk_buff", 192, SkBuffLen, SkBuffHwtstamp},
	ContextXDPMd:         {"xdp_md", 24, XDPMdData, XDPMdEgressIfindex},
	ContextSkLookup:      {"bpf_sk_lookup", 72, SkLookupSk, SkLookupIngressIfindex},
	ContextSock:          {"bpf_sock", 80, SockBoundDevIf, SockRxQueueMapping},
	ContextSockAddr:      {"bpf_sock_addr", 72, SockAddrUserFamily, SockAddrSk},
	ContextSockopt:       {"bpf_sockopt", 40, SockoptSk, SockoptRetval},
	ContextSysctl:        {"bpf_sysctl", 8, SysctlWrite, SysctlFilePos},
	ContextCgroupDevCtx:  {"bpf_cgroup_dev_ctx", 12, CgroupDevCtxAccessType, CgroupDevCtxMinor},
	ContextFlowKeys:      {"bpf_flow_keys", 56, FlowKeysNhoff, FlowKeysFlowLabel},
	ContextTCPSock:       {"bpf_tcp_sock", 112, TCPSockSndCwnd, TCPSockIcskRetransmits},
}

// Sets of program types, bit t for ProgramType t.
const (
	forSocketFilter   = 1 << SocketFilter
	forXDP            = 1 << XDP
	forCgroupSKB      = 1 << CgroupSKB
	forCgroupSock     = 1 << CgroupSock
	forSockOps        = 1 << SockOps
	forSkSKB          = 1 << SkSKB
	forCgroupDevice   = 1 << CgroupDevice
	forSkMsg          = 1 << SkMsg
	forCgroupSockAddr = 1 << CgroupSockAddr
	forSkReuseport    = 1 << SkReuseport
	forFlowDissector  = 1 << FlowDissector
	forCgroupSysctl   = 1 << CgroupSysctl
	forCgroupSockopt  = 1 << CgroupSockopt
	forSkLookup       = 1 << SkLookup

	forTC  = 1<<SchedCLS | 1<<SchedACT
	forLWT = 1<<LWTIn | 1<<LWTOut | 1<<LWTXmit | 1<<LWTSeg6Local
	forSKB = forSocketFilter | forTC | forCgroupSKB | forLWT | forSkSKB // all that get __sk_buff but flow dissectors
)

// Sets of attach types, bit a for AttachType a.
const (
	atSockCreate = 1<<AttachCgroupInetSockCreate | 1<<AttachCgroupInetSockRelease
	atPostBind   = 1<<AttachCgroupInet4PostBind | 1<<AttachCgroupInet6PostBind
	atInet4      = 1<<AttachCgroupInet4Bind | 1<<AttachCgroupInet4Connect | 1<<AttachCgroupUDP4SendMsg |
		1<<AttachCgroupUDP4RecvMsg | 1<<AttachCgroupInet4GetPeerName | 1<<AttachCgroupInet4GetSockName
	atInet6 = 1<<AttachCgroupInet6Bind | 1<<AttachCgroupInet6Connect | 1<<AttachCgroupUDP6SendMsg |
		1<<AttachCgroupUDP6RecvMsg | 1<<AttachCgroupInet6GetPeerName | 1<<AttachCgroupInet6GetSockName
)

// fields is indexed by Field.
var fields = [fieldEnd]field{
	SkReuseportMdData:        {name: "data", context: ContextSkReuseportMd, offset: 0, size: 8, pointer: PointerPacket, load: width8, read: access{forSkReuseport, 0}},
	SkReuseportMdDataEnd:     {name: "data_end", context: ContextSkReuseportMd, offset: 8, size: 8, pointer: PointerPacketEnd, load: width8, read: access{forSkReuseport, 0}},
	SkReuseportMdLen:         {name: "len", context: ContextSkReuseportMd, offset: 16, size: 4, load: narrow4, read: access{forSkReuseport, 0}},
	SkReuseportMdEthProtocol: {name: "eth_protocol", context: ContextSkReuseportMd, offset: 20, size: 4, order: OrderNetwork16, load: width2 | width4 | inside, read: access{forSkReuseport, 0}},
	SkReuseportMdIPProtocol:  {name: "ip_protocol", context: ContextSkReuseportMd, offset: 24, size: 4, load: narrow4, read: access{forSkReuseport, 0}},
	SkReuseportMdBindInany:   {name: "bind_inany", context: ContextSkReuseportMd, offset: 28, size: 4, load: narrow4, read: access{forSkReuseport, 0}},
	SkReuseportMdHash:        {name: "hash", context: ContextSkReuseportMd, offset: 32, size: 4, load: width4, read: access{forSkReuseport, 0}},
	SkReuseportMdSk:          {name: "sk", context: ContextSkReuseportMd, offset: 40, size: 8, pointer: PointerSocket, load: width8, read: access{forSkReuseport, 0}},
	SkReuseportMdMigratingSk: {name: "migrating_sk", context: ContextSkReuseportMd, offset: 48, size: 8, pointer: PointerSockCommon | PointerOrNull, load: width8, read: access{forSkReuseport, 0}},
	SkMsgMdData:              {name: "data", context: ContextSkMsgMd, offset: 0, size: 8, pointer: PointerPacket, load: width8, read: access{forSkMsg, 0}},
	SkMsgMdDataEnd:           {name: "data_end", context: ContextSkMsgMd, offset: 8, size: 8, pointer: PointerPacketEnd, load: width8, read: access{forSkMsg, 0}},
	SkMsgMdFamily:            {name: "family", context: ContextSkMsgMd, offset: 16, size: 4, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdRemoteIP4:         {name: "remote_ip4", context: ContextSkMsgMd, offset: 20, size: 4, order: OrderNetwork, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdLocalIP4:          {name: "local_ip4", context: ContextSkMsgMd, offset: 24, size: 4, order: OrderNetwork, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdRemoteIP6:         {name: "remote_ip6", context: ContextSkMsgMd, offset: 28, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdLocalIP6:          {name: "local_ip6", context: ContextSkMsgMd, offset: 44, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdRemotePort:        {name: "remote_port", context: ContextSkMsgMd, offset: 60, size: 4, order: OrderNetwork, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdLocalPort:         {name: "local_port", context: ContextSkMsgMd, offset: 64, size: 4, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdSize:              {name: "size", context: ContextSkMsgMd, offset: 68, size: 4, load: width4, read: access{forSkMsg, 0}},
	SkMsgMdSk:                {name: "sk", context: ContextSkMsgMd, offset: 72, size: 8, pointer: PointerSocket, load: width8, read: access{forSkMsg, 0}},
	SockOpsOp:                {name: "op", context: ContextSockOps, offset: 0, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsArgs:              {name: "args", context: ContextSockOps, offset: 4, size: 4, count: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsReply:             {name: "reply", context: ContextSockOps, offset: 4, size: 4, load: width4, read: access{forSockOps, 0}, store: width4, write: access{forSockOps, 0}},
	SockOpsReplylong:         {name: "replylong", context: ContextSockOps, offset: 4, size: 4, count: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsFamily:            {name: "family", context: ContextSockOps, offset: 20, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRemoteIP4:         {name: "remote_ip4", context: ContextSockOps, offset: 24, size: 4, order: OrderNetwork, load: width4, read: access{forSockOps, 0}},
	SockOpsLocalIP4:          {name: "local_ip4", context: ContextSockOps, offset: 28, size: 4, order: OrderNetwork, load: width4, read: access{forSockOps, 0}},
	SockOpsRemoteIP6:         {name: "remote_ip6", context: ContextSockOps, offset: 32, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forSockOps, 0}},
	SockOpsLocalIP6:          {name: "local_ip6", context: ContextSockOps, offset: 48, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forSockOps, 0}},
	SockOpsRemotePort:        {name: "remote_port", context: ContextSockOps, offset: 64, size: 4, order: OrderNetwork, load: width4, read: access{forSockOps, 0}},
	SockOpsLocalPort:         {name: "local_port", context: ContextSockOps, offset: 68, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsIsFullsock:        {name: "is_fullsock", context: ContextSockOps, offset: 72, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSndCwnd:           {name: "snd_cwnd", context: ContextSockOps, offset: 76, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSrttUs:            {name: "srtt_us", context: ContextSockOps, offset: 80, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsBPFSockOpsCBFlags: {name: "bpf_sock_ops_cb_flags", context: ContextSockOps, offset: 84, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsState:             {name: "state", context: ContextSockOps, offset: 88, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRTTMin:            {name: "rtt_min", context: ContextSockOps, offset: 92, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSndSsthresh:       {name: "snd_ssthresh", context: ContextSockOps, offset: 96, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRcvNxt:            {name: "rcv_nxt", context: ContextSockOps, offset: 100, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSndNxt:            {name: "snd_nxt", context: ContextSockOps, offset: 104, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSndUna:            {name: "snd_una", context: ContextSockOps, offset: 108, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsMSSCache:          {name: "mss_cache", context: ContextSockOps, offset: 112, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsECNFlags:          {name: "ecn_flags", context: ContextSockOps, offset: 116, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRateDelivered:     {name: "rate_delivered", context: ContextSockOps, offset: 120, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRateIntervalUs:    {name: "rate_interval_us", context: ContextSockOps, offset: 124, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsPacketsOut:        {name: "packets_out", context: ContextSockOps, offset: 128, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsRetransOut:        {name: "retrans_out", context: ContextSockOps, offset: 132, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsTotalRetrans:      {name: "total_retrans", context: ContextSockOps, offset: 136, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSegsIn:            {name: "segs_in", context: ContextSockOps, offset: 140, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsDataSegsIn:        {name: "data_segs_in", context: ContextSockOps, offset: 144, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSegsOut:           {name: "segs_out", context: ContextSockOps, offset: 148, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsDataSegsOut:       {name: "data_segs_out", context: ContextSockOps, offset: 152, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsLostOut:           {name: "lost_out", context: ContextSockOps, offset: 156, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSackedOut:         {name: "sacked_out", context: ContextSockOps, offset: 160, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSkTxhash:          {name: "sk_txhash", context: ContextSockOps, offset: 164, size: 4, load: width4, read: access{forSockOps, 0}, store: width4, write: access{forSockOps, 0}},
	SockOpsBytesReceived:     {name: "bytes_received", context: ContextSockOps, offset: 168, size: 8, load: width8, read: access{forSockOps, 0}},
	SockOpsBytesAcked:        {name: "bytes_acked", context: ContextSockOps, offset: 176, size: 8, load: width8, read: access{forSockOps, 0}},
	SockOpsSk:                {name: "sk", context: ContextSockOps, offset: 184, size: 8, pointer: PointerSocket | PointerOrNull, load: width8, read: access{forSockOps, 0}},
	SockOpsSKBData:           {name: "skb_data", context: ContextSockOps, offset: 192, size: 8, pointer: PointerPacket, load: width8, read: access{forSockOps, 0}},
	SockOpsSKBDataEnd:        {name: "skb_data_end", context: ContextSockOps, offset: 200, size: 8, pointer: PointerPacketEnd, load: width8, read: access{forSockOps, 0}},
	SockOpsSKBLen:            {name: "skb_len", context: ContextSockOps, offset: 208, size: 4, load: width4, read: access{forSockOps, 0}},
	SockOpsSKBTCPFlags:       {name: "skb_tcp_flags", context: ContextSockOps, offset: 212, size: 4, load: first4, read: access{forSockOps, 0}},
	SockOpsSKBHwtstamp:       {name: "skb_hwtstamp", context: ContextSockOps, offset: 216, size: 8, load: width8, read: access{forSockOps, 0}},
	SkBuffLen:                {name: "len", context: ContextSkBuff, offset: 0, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffPktType:            {name: "pkt_type", context: ContextSkBuff, offset: 4, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffMark:               {name: "mark", context: ContextSkBuff, offset: 8, size: 4, load: narrow4, read: access{forSKB &^ forSkSKB, 0}, store: width4, write: access{forSKB &^ (forSocketFilter | forSkSKB), 0}},
	SkBuffQueueMapping:       {name: "queue_mapping", context: ContextSkBuff, offset: 12, size: 4, load: narrow4, read: access{forSKB, 0}, store: width4, write: access{forTC, 0}},
	SkBuffProtocol:           {name: "protocol", context: ContextSkBuff, offset: 16, size: 4, order: OrderNetwork16, load: narrow4, read: access{forSKB, 0}},
	SkBuffVLANPresent:        {name: "vlan_present", context: ContextSkBuff, offset: 20, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffVLANTci:            {name: "vlan_tci", context: ContextSkBuff, offset: 24, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffVLANProto:          {name: "vlan_proto", context: ContextSkBuff, offset: 28, size: 4, order: OrderNetwork16, load: narrow4, read: access{forSKB, 0}},
	SkBuffPriority:           {name: "priority", context: ContextSkBuff, offset: 32, size: 4, load: narrow4, read: access{forSKB, 0}, store: width4, write: access{forSKB &^ forSocketFilter, 0}},
	SkBuffIngressIfindex:     {name: "ingress_ifindex", context: ContextSkBuff, offset: 36, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffIfindex:            {name: "ifindex", context: ContextSkBuff, offset: 40, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffTCIndex:            {name: "tc_index", context: ContextSkBuff, offset: 44, size: 4, load: narrow4, read: access{forSKB, 0}, store: width4, write: access{forTC | forSkSKB, 0}},
	SkBuffCB:                 {name: "cb", context: ContextSkBuff, offset: 48, size: 4, count: 5, load: narrow4 | width8, read: access{forSKB, 0}, store: narrow4 | width8, write: access{forSKB &^ forSkSKB, 0}},
	SkBuffHash:               {name: "hash", context: ContextSkBuff, offset: 68, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffTCClassID:          {name: "tc_classid", context: ContextSkBuff, offset: 72, size: 4, load: narrow4, read: access{forTC, 0}, store: width4, write: access{forTC, 0}},
	SkBuffData:               {name: "data", context: ContextSkBuff, offset: 76, size: 4, pointer: PointerPacket, load: width4, read: access{forSKB&^forSocketFilter | forFlowDissector, 0}},
	SkBuffDataEnd:            {name: "data_end", context: ContextSkBuff, offset: 80, size: 4, pointer: PointerPacketEnd, load: width4, read: access{forSKB&^forSocketFilter | forFlowDissector, 0}},
	SkBuffNAPIID:             {name: "napi_id", context: ContextSkBuff, offset: 84, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffFamily:             {name: "family", context: ContextSkBuff, offset: 88, size: 4, load: narrow4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffRemoteIP4:          {name: "remote_ip4", context: ContextSkBuff, offset: 92, size: 4, order: OrderNetwork, load: width4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffLocalIP4:           {name: "local_ip4", context: ContextSkBuff, offset: 96, size: 4, order: OrderNetwork, load: width4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffRemoteIP6:          {name: "remote_ip6", context: ContextSkBuff, offset: 100, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffLocalIP6:           {name: "local_ip6", context: ContextSkBuff, offset: 116, size: 4, count: 4, order: OrderNetwork, load: width4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffRemotePort:         {name: "remote_port", context: ContextSkBuff, offset: 132, size: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffLocalPort:          {name: "local_port", context: ContextSkBuff, offset: 136, size: 4, load: narrow4, read: access{forCgroupSKB | forSkSKB, 0}},
	SkBuffDataMeta:           {name: "data_meta", context: ContextSkBuff, offset: 140, size: 4, pointer: PointerPacketMeta, load: width4, read: access{forTC, 0}},
	SkBuffFlowKeys:           {name: "flow_keys", context: ContextSkBuff, offset: 144, size: 8, pointer: PointerFlowKeys, load: width8, read: access{forFlowDissector, 0}},
	SkBuffTstamp:             {name: "tstamp", context: ContextSkBuff, offset: 152, size: 8, load: width8, read: access{forTC | forCgroupSKB, 0}, store: width8, write: access{forTC | forCgroupSKB, 0}},
	SkBuffWireLen:            {name: "wire_len", context: ContextSkBuff, offset: 160, size: 4, load: narrow4, read: access{forTC, 0}},
	SkBuffGSOSegs:            {name: "gso_segs", context: ContextSkBuff, offset: 164, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffSk:                 {name: "sk", context: ContextSkBuff, offset: 168, size: 8, pointer: PointerSockCommon | PointerOrNull, load: width8, read: access{forSKB, 0}},
	SkBuffGSOSize:            {name: "gso_size", context: ContextSkBuff, offset: 176, size: 4, load: narrow4, read: access{forSKB, 0}},
	SkBuffTstampType:         {name: "tstamp_type", context: ContextSkBuff, offset: 180, size: 1, load: width1, read: access{forTC, 0}},
	SkBuffHwtstamp:           {name: "hwtstamp", context: ContextSkBuff, offset: 184, size: 8, load: width8, read: access{forTC | forCgroupSKB, 0}},
	XDPMdData:                {name: "data", context: ContextXDPMd, offset: 0, size: 4, pointer: PointerPacket, load: width4, read: access{forXDP, 0}},
	XDPMdDataEnd:             {name: "data_end", context: ContextXDPMd, offset: 4, size: 4, pointer: PointerPacketEnd, load: width4, read: access{forXDP, 0}},
	XDPMdDataMeta:            {name: "data_meta", context: ContextXDPMd, offset: 8, size: 4, pointer: PointerPacketMeta, load: width4, read: access{forXDP, 0}},
	XDPMdIngressIfindex:      {name: "ingress_ifindex", context: ContextXDPMd, offset: 12, size: 4, load: width4, read: access{forXDP, 0}},
	XDPMdRxQueueIndex:        {name: "rx_queue_index", context: ContextXDPMd, offset: 16, size: 4, load: width4, read: access{forXDP, 0}},
	XDPMdEgressIfindex:       {name: "egress_ifindex", context: ContextXDPMd, offset: 20, size: 4, load: width4, read: access{forXDP, 1 << AttachXDPDevMap}},
	SkLookupSk:               {name: "sk", context: ContextSkLookup, offset: 0, size: 8, pointer: PointerSocket | PointerOrNull, load: width8, read: access{forSkLookup, 0}},
	SkLookupCookie:           {name: "cookie", context: ContextSkLookup, offset: 0, size: 8, pointer: PointerSocket | PointerOrNull, load: width8, read: access{forSkLookup, 0}},
	SkLookupFamily:           {name: "family", context: ContextSkLookup, offset: 8, size: 4, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupProtocol:         {name: "protocol", context: ContextSkLookup, offset: 12, size: 4, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupRemoteIP4:        {name: "remote_ip4", context: ContextSkLookup, offset: 16, size: 4, order: OrderNetwork, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupRemoteIP6:        {name: "remote_ip6", context: ContextSkLookup, offset: 20, size: 4, count: 4, order: OrderNetwork, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupRemotePort:       {name: "remote_port", context: ContextSkLookup, offset: 36, size: 2, order: OrderNetwork, load: narrow2 | width4, read: access{forSkLookup, 0}},
	SkLookupLocalIP4:         {name: "local_ip4", context: ContextSkLookup, offset: 40, size: 4, order: OrderNetwork, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupLocalIP6:         {name: "local_ip6", context: ContextSkLookup, offset: 44, size: 4, count: 4, order: OrderNetwork, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupLocalPort:        {name: "local_port", context: ContextSkLookup, offset: 60, size: 4, load: narrow4, read: access{forSkLookup, 0}},
	SkLookupIngressIfindex:   {name: "ingress_ifindex", context: ContextSkLookup, offset: 64, size: 4, load: narrow4, read: access{forSkLookup, 0}},
	SockBoundDevIf:           {name: "bound_dev_if", context: ContextSock, offset: 0, size: 4, load: width4, read: access{forCgroupSock, atSockCreate}, store: width4, write: access{forCgroupSock, atSockCreate}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockFamily:               {name: "family", context: ContextSock, offset: 4, size: 4, load: first4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockType:                 {name: "type", context: ContextSock, offset: 8, size: 4, load: first4, read: access{forCgroupSock, 0}, through: 1 << PointerSocket},
	SockProtocol:             {name: "protocol", context: ContextSock, offset: 12, size: 4, load: first4, read: access{forCgroupSock, 0}, through: 1 << PointerSocket},
	SockMark:                 {name: "mark", context: ContextSock, offset: 16, size: 4, load: width4, read: access{forCgroupSock, atSockCreate}, store: width4, write: access{forCgroupSock, atSockCreate}, through: 1 << PointerSocket},
	SockPriority:             {name: "priority", context: ContextSock, offset: 20, size: 4, load: width4, read: access{forCgroupSock, atSockCreate}, store: width4, write: access{forCgroupSock, atSockCreate}, through: 1 << PointerSocket},
	SockSrcIP4:               {name: "src_ip4", context: ContextSock, offset: 24, size: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSock, 1 << AttachCgroupInet4PostBind}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockSrcIP6:               {name: "src_ip6", context: ContextSock, offset: 28, size: 4, count: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSock, 1 << AttachCgroupInet6PostBind}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockSrcPort:              {name: "src_port", context: ContextSock, offset: 44, size: 4, load: first4, read: access{forCgroupSock, atPostBind}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockDstPort:              {name: "dst_port", context: ContextSock, offset: 48, size: 2, order: OrderNetwork, load: narrow2 | width4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockDstIP4:               {name: "dst_ip4", context: ContextSock, offset: 52, size: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockDstIP6:               {name: "dst_ip6", context: ContextSock, offset: 56, size: 4, count: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockState:                {name: "state", context: ContextSock, offset: 72, size: 4, load: first4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockRxQueueMapping:       {name: "rx_queue_mapping", context: ContextSock, offset: 76, size: 4, load: first4, read: access{forCgroupSock, 0}, through: 1<<PointerSocket | 1<<PointerSockCommon},
	SockAddrUserFamily:       {name: "user_family", context: ContextSockAddr, offset: 0, size: 4, load: width4, read: access{forCgroupSockAddr, 0}},
	SockAddrUserIP4:          {name: "user_ip4", context: ContextSockAddr, offset: 4, size: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSockAddr, atInet4}, store: width4, write: access{forCgroupSockAddr, atInet4}},
	SockAddrUserIP6:          {name: "user_ip6", context: ContextSockAddr, offset: 8, size: 4, count: 4, order: OrderNetwork, load: narrow4 | width8, read: access{forCgroupSockAddr, atInet6}, store: width4 | width8, write: access{forCgroupSockAddr, atInet6}},
	SockAddrUserPort:         {name: "user_port", context: ContextSockAddr, offset: 24, size: 4, order: OrderNetwork16, load: narrow4, read: access{forCgroupSockAddr, 0}, store: width4, write: access{forCgroupSockAddr, 0}},
	SockAddrFamily:           {name: "family", context: ContextSockAddr, offset: 28, size: 4, load: width4, read: access{forCgroupSockAddr, 0}},
	SockAddrType:             {name: "type", context: ContextSockAddr, offset: 32, size: 4, load: width4, read: access{forCgroupSockAddr, 0}},
	SockAddrProtocol:         {name: "protocol", context: ContextSockAddr, offset: 36, size: 4, load: width4, read: access{forCgroupSockAddr, 0}},
	SockAddrMsgSrcIP4:        {name: "msg_src_ip4", context: ContextSockAddr, offset: 40, size: 4, order: OrderNetwork, load: narrow4, read: access{forCgroupSockAddr, 1 << AttachCgroupUDP4SendMsg}, store: width4, write: access{forCgroupSockAddr, 1 << AttachCgroupUDP4SendMsg}},
	SockAddrMsgSrcIP6:        {name: "msg_src_ip6", context: ContextSockAddr, offset: 44, size: 4, count: 4, order: OrderNetwork, load: narrow4 | width8, read: access{forCgroupSockAddr, 1 << AttachCgroupUDP6SendMsg}, store: width4 | width8, write: access{forCgroupSockAddr, 1 << AttachCgroupUDP6SendMsg}},
	SockAddrSk:               {name: "sk", context: ContextSockAddr, offset: 64, size: 8, pointer: PointerSocket, load: width8, read: access{forCgroupSockAddr, 0}},
	SockoptSk:                {name: "sk", context: ContextSockopt, offset: 0, size: 8, pointer: PointerSocket, load: width8, read: access{forCgroupSockopt, 0}},
	SockoptOptval:            {name: "optval", context: ContextSockopt, offset: 8, size: 8, pointer: PointerPacket, load: width8, read: access{forCgroupSockopt, 0}},
	SockoptOptvalEnd:         {name: "optval_end", context: ContextSockopt, offset: 16, size: 8, pointer: PointerPacketEnd, load: width8, read: access{forCgroupSockopt, 0}},
	SockoptLevel:             {name: "level", context: ContextSockopt, offset: 24, size: 4, load: width4, read: access{forCgroupSockopt, 0}, store: width4, write: access{forCgroupSockopt, 1 << AttachCgroupSetSockopt}},
	SockoptOptname:           {name: "optname", context: ContextSockopt, offset: 28, size: 4, load: width4, read: access{forCgroupSockopt, 0}, store: width4, write: access{forCgroupSockopt, 1 << AttachCgroupSetSockopt}},
	SockoptOptlen:            {name: "optlen", context: ContextSockopt, offset: 32, size: 4, load: width4, read: access{forCgroupSockopt, 0}, store: width4, write: access{forCgroupSockopt, 0}},
	SockoptRetval:            {name: "retval", context: ContextSockopt, offset: 36, size: 4, load: width4, read: access{forCgroupSockopt, 1 << AttachCgroupGetSockopt}, store: width4, write: access{forCgroupSockopt, 1 << AttachCgroupGetSockopt}},
	SysctlWrite:              {name: "write", context: ContextSysctl, offset: 0, size: 4, load: narrow4, read: access{forCgroupSysctl, 0}},
	SysctlFilePos:            {name: "file_pos", context: ContextSysctl, offset: 4, size: 4, load: narrow4, read: access{forCgroupSysctl, 0}, store: width4, write: access{forCgroupSysctl, 0}},
	CgroupDevCtxAccessType:   {name: "access_type", context: ContextCgroupDevCtx, offset: 0, size: 4, load: narrow4, read: access{forCgroupDevice, 0}},
	CgroupDevCtxMajor:        {name: "major", context: ContextCgroupDevCtx, offset: 4, size: 4, load: width4, read: access{forCgroupDevice, 0}},
	CgroupDevCtxMinor:        {name: "minor", context: ContextCgroupDevCtx, offset: 8, size: 4, load: width4, read: access{forCgroupDevice, 0}},
	FlowKeysNhoff:            {name: "nhoff", context: ContextFlowKeys, offset: 0, size: 2, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysThoff:            {name: "thoff", context: ContextFlowKeys, offset: 2, size: 2, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysAddrProto:        {name: "addr_proto", context: ContextFlowKeys, offset: 4, size: 2, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIsFrag:           {name: "is_frag", context: ContextFlowKeys, offset: 6, size: 1, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIsFirstFrag:      {name: "is_first_frag", context: ContextFlowKeys, offset: 7, size: 1, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIsEncap:          {name: "is_encap", context: ContextFlowKeys, offset: 8, size: 1, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIPProto:          {name: "ip_proto", context: ContextFlowKeys, offset: 9, size: 1, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysNProto:           {name: "n_proto", context: ContextFlowKeys, offset: 10, size: 2, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysSport:            {name: "sport", context: ContextFlowKeys, offset: 12, size: 2, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysDport:            {name: "dport", context: ContextFlowKeys, offset: 14, size: 2, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIPv4Src:          {name: "ipv4_src", context: ContextFlowKeys, offset: 16, size: 4, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIPv4Dst:          {name: "ipv4_dst", context: ContextFlowKeys, offset: 20, size: 4, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIPv6Src:          {name: "ipv6_src", context: ContextFlowKeys, offset: 16, size: 4, count: 4, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysIPv6Dst:          {name: "ipv6_dst", context: ContextFlowKeys, offset: 32, size: 4, count: 4, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysFlags:            {name: "flags", context: ContextFlowKeys, offset: 48, size: 4, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	FlowKeysFlowLabel:        {name: "flow_label", context: ContextFlowKeys, offset: 52, size: 4, order: OrderNetwork, load: anywhere, store: anywhere, through: 1 << PointerFlowKeys},
	TCPSockSndCwnd:           {name: "snd_cwnd", context: ContextTCPSock, offset: 0, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSrttUs:            {name: "srtt_us", context: ContextTCPSock, offset: 4, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockRTTMin:            {name: "rtt_min", context: ContextTCPSock, offset: 8, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSndSsthresh:       {name: "snd_ssthresh", context: ContextTCPSock, offset: 12, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockRcvNxt:            {name: "rcv_nxt", context: ContextTCPSock, offset: 16, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSndNxt:            {name: "snd_nxt", context: ContextTCPSock, offset: 20, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSndUna:            {name: "snd_una", context: ContextTCPSock, offset: 24, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockMSSCache:          {name: "mss_cache", context: ContextTCPSock, offset: 28, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockECNFlags:          {name: "ecn_flags", context: ContextTCPSock, offset: 32, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockRateDelivered:     {name: "rate_delivered", context: ContextTCPSock, offset: 36, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockRateIntervalUs:    {name: "rate_interval_us", context: ContextTCPSock, offset: 40, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockPacketsOut:        {name: "packets_out", context: ContextTCPSock, offset: 44, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockRetransOut:        {name: "retrans_out", context: ContextTCPSock, offset: 48, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockTotalRetrans:      {name: "total_retrans", context: ContextTCPSock, offset: 52, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSegsIn:            {name: "segs_in", context: ContextTCPSock, offset: 56, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockDataSegsIn:        {name: "data_segs_in", context: ContextTCPSock, offset: 60, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSegsOut:           {name: "segs_out", context: ContextTCPSock, offset: 64, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockDataSegsOut:       {name: "data_segs_out", context: ContextTCPSock, offset: 68, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockLostOut:           {name: "lost_out", context: ContextTCPSock, offset: 72, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockSackedOut:         {name: "sacked_out", context: ContextTCPSock, offset: 76, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockBytesReceived:     {name: "bytes_received", context: ContextTCPSock, offset: 80, size: 8, load: width8, through: 1 << PointerTCPSock},
	TCPSockBytesAcked:        {name: "bytes_acked", context: ContextTCPSock, offset: 88, size: 8, load: width8, through: 1 << PointerTCPSock},
	TCPSockDsackDups:         {name: "dsack_dups", context: ContextTCPSock, offset: 96, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockDelivered:         {name: "delivered", context: ContextTCPSock, offset: 100, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockDeliveredCE:       {name: "delivered_ce", context: ContextTCPSock, offset: 104, size: 4, load: width4, through: 1 << PointerTCPSock},
	TCPSockIcskRetransmits:   {name: "icsk_retransmits", context: ContextTCPSock, offset: 108, size: 4, load: width4, through: 1 << PointerTCPSock},
}
