package asm

// The constants below are what programs return, compare context fields with and pass to helpers. They are untyped, and
// named as the kernel names them without BPF_, except for the results BPF_OK, BPF_DROP and BPF_REDIRECT. Those without a
// source are in include/uapi/linux/bpf.h.

// Results of sk_msg, sk_skb, sk_lookup and sk_reuseport programs: enum sk_action.
const (
	SkDrop = 0 // SK_DROP: drop; sk_reuseport answers a datagram with ICMP port unreachable
	SkPass = 1 // SK_PASS: go on
)

// Results of XDP programs: enum xdp_action.
const (
	XDPAborted  = 0 // XDP_ABORTED: drop, and report it to the xdp_exception tracepoint
	XDPDrop     = 1 // XDP_DROP
	XDPPass     = 2 // XDP_PASS: on to the network stack
	XDPTX       = 3 // XDP_TX: out of the interface it came in by
	XDPRedirect = 4 // XDP_REDIRECT: to where bpf_redirect or bpf_redirect_map said
)

// Results of sched_cls and sched_act programs: include/uapi/linux/pkt_cls.h.
const (
	TCActUnspec     = -1 // TC_ACT_UNSPEC: what the filter was configured for; with tcx, the next program
	TCActOK         = 0  // TC_ACT_OK: pass
	TCActReclassify = 1  // TC_ACT_RECLASSIFY: start again with the first filter
	TCActShot       = 2  // TC_ACT_SHOT: drop
	TCActPipe       = 3  // TC_ACT_PIPE: next action
	TCActStolen     = 4  // TC_ACT_STOLEN: taken over, no drop counted
	TCActQueued     = 5  // TC_ACT_QUEUED
	TCActRepeat     = 6  // TC_ACT_REPEAT: run this action again
	TCActRedirect   = 7  // TC_ACT_REDIRECT: to where bpf_redirect said
	TCActTrap       = 8  // TC_ACT_TRAP: hand it from the hardware to the CPU
)

// Results of lwt and flow_dissector programs: enum bpf_ret_code.
const (
	BPFOK                 = 0   // BPF_OK: pass
	BPFDrop               = 2   // BPF_DROP: drop
	BPFRedirect           = 7   // BPF_REDIRECT: to where bpf_redirect said
	LWTReroute            = 128 // BPF_LWT_REROUTE: lwt_in and lwt_xmit: look up the route again
	FlowDissectorContinue = 129 // BPF_FLOW_DISSECTOR_CONTINUE: flow_dissector: leave it to the kernel
)

// What a sock_ops program is called for, in SockOpsOp.
const (
	SockOpsVoid                 = 0  // BPF_SOCK_OPS_VOID
	SockOpsTimeoutInit          = 1  // BPF_SOCK_OPS_TIMEOUT_INIT: reply with the initial RTO in jiffies, or -1
	SockOpsRwndInit             = 2  // BPF_SOCK_OPS_RWND_INIT: reply with the initial window in packets, or -1
	SockOpsTCPConnectCB         = 3  // BPF_SOCK_OPS_TCP_CONNECT_CB: before a SYN is sent
	SockOpsActiveEstablishedCB  = 4  // BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB: connect has succeeded
	SockOpsPassiveEstablishedCB = 5  // BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB: a connection was accepted from the SYN queue
	SockOpsNeedsECN             = 6  // BPF_SOCK_OPS_NEEDS_ECN: reply 1 if the congestion control needs ECN
	SockOpsBaseRTT              = 7  // BPF_SOCK_OPS_BASE_RTT: reply with the base RTT in microseconds
	SockOpsRTOCB                = 8  // BPF_SOCK_OPS_RTO_CB: retransmission timeout; args: count, RTO, whether it gave up
	SockOpsRetransCB            = 9  // BPF_SOCK_OPS_RETRANS_CB: retransmission; args: sequence number, segments, result
	SockOpsStateCB              = 10 // BPF_SOCK_OPS_STATE_CB: state change; args: old, new (TCPEstablished and so on)
	SockOpsTCPListenCB          = 11 // BPF_SOCK_OPS_TCP_LISTEN_CB: listen was called
	SockOpsRTTCB                = 12 // BPF_SOCK_OPS_RTT_CB: round-trip time was measured
	SockOpsParseHdrOptCB        = 13 // BPF_SOCK_OPS_PARSE_HDR_OPT_CB: segment came in: bpf_load_hdr_opt
	SockOpsHdrOptLenCB          = 14 // BPF_SOCK_OPS_HDR_OPT_LEN_CB: header is laid out: bpf_reserve_hdr_opt
	SockOpsWriteHdrOptCB        = 15 // BPF_SOCK_OPS_WRITE_HDR_OPT_CB: header is written: bpf_store_hdr_opt
	SockOpsTstampSchedCB        = 16 // BPF_SOCK_OPS_TSTAMP_SCHED_CB: timestamping: before the queueing discipline
	SockOpsTstampSndSWCB        = 17 // BPF_SOCK_OPS_TSTAMP_SND_SW_CB: timestamping: before the driver
	SockOpsTstampSndHWCB        = 18 // BPF_SOCK_OPS_TSTAMP_SND_HW_CB: timestamping: by the device
	SockOpsTstampACKCB          = 19 // BPF_SOCK_OPS_TSTAMP_ACK_CB: timestamping: acknowledged
	SockOpsTstampSendmsgCB      = 20 // BPF_SOCK_OPS_TSTAMP_SENDMSG_CB: timestamping: at each sendmsg
)

// Flags of bpf_sock_ops_cb_flags_set: which of the calls above that are off by default a socket wants.
const (
	SockOpsRTOCBFlag                = 1 << 0 // BPF_SOCK_OPS_RTO_CB_FLAG: SockOpsRTOCB
	SockOpsRetransCBFlag            = 1 << 1 // BPF_SOCK_OPS_RETRANS_CB_FLAG: SockOpsRetransCB
	SockOpsStateCBFlag              = 1 << 2 // BPF_SOCK_OPS_STATE_CB_FLAG: SockOpsStateCB
	SockOpsRTTCBFlag                = 1 << 3 // BPF_SOCK_OPS_RTT_CB_FLAG: SockOpsRTTCB
	SockOpsParseAllHdrOptCBFlag     = 1 << 4 // BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG: for every segment
	SockOpsParseUnknownHdrOptCBFlag = 1 << 5 // BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG: for unknown options
	SockOpsWriteHdrOptCBFlag        = 1 << 6 // BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG: also SockOpsHdrOptLenCB
)

// States of a TCP socket in SockOpsState, SockState and the args of SockOpsStateCB.
const (
	TCPEstablished   = 1  // BPF_TCP_ESTABLISHED
	TCPSYNSent       = 2  // BPF_TCP_SYN_SENT
	TCPSYNRecv       = 3  // BPF_TCP_SYN_RECV
	TCPFINWait1      = 4  // BPF_TCP_FIN_WAIT1
	TCPFINWait2      = 5  // BPF_TCP_FIN_WAIT2
	TCPTimeWait      = 6  // BPF_TCP_TIME_WAIT
	TCPClose         = 7  // BPF_TCP_CLOSE
	TCPCloseWait     = 8  // BPF_TCP_CLOSE_WAIT
	TCPLastACK       = 9  // BPF_TCP_LAST_ACK
	TCPListen        = 10 // BPF_TCP_LISTEN
	TCPClosing       = 11 // BPF_TCP_CLOSING
	TCPNewSYNRecv    = 12 // BPF_TCP_NEW_SYN_RECV
	TCPBoundInactive = 13 // BPF_TCP_BOUND_INACTIVE
)

// Flags of the redirecting helpers.
const (
	FIngress        = 1 << 0 // BPF_F_INGRESS: bpf_redirect, bpf_msg_redirect_*, bpf_sk_redirect_*: to the receiving side
	FBroadcast      = 1 << 3 // BPF_F_BROADCAST: bpf_redirect_map: to every entry of the map
	FExcludeIngress = 1 << 4 // BPF_F_EXCLUDE_INGRESS: bpf_redirect_map: but not to where it came from
)

// Where bpf_skb_load_bytes_relative counts from.
const (
	HdrStartMAC = 0 // BPF_HDR_START_MAC: link layer header
	HdrStartNet = 1 // BPF_HDR_START_NET: IP header
)

// Flags of bpf_skb_store_bytes and the checksum helpers. The low four bits of the latter hold the size of the field.
const (
	FRecomputeCsum  = 1 << 0 // BPF_F_RECOMPUTE_CSUM: bpf_skb_store_bytes: keep skb->csum right
	FInvalidateHash = 1 << 1 // BPF_F_INVALIDATE_HASH: bpf_skb_store_bytes: forget the flow hash
	FHdrFieldMask   = 0xf    // BPF_F_HDR_FIELD_MASK: bpf_l3_csum_replace, bpf_l4_csum_replace: the bits of the size
	FPseudoHdr      = 1 << 4 // BPF_F_PSEUDO_HDR: bpf_l4_csum_replace: the change is in the pseudo header
	FMarkMangled0   = 1 << 5 // BPF_F_MARK_MANGLED_0: bpf_l4_csum_replace: leave a zero UDP checksum
	FMarkEnforce    = 1 << 6 // BPF_F_MARK_ENFORCE: bpf_l4_csum_replace: a computed 0 becomes 0xffff
)

// Modes and flags of bpf_skb_adjust_room.
const (
	AdjRoomNet          = 0      // BPF_ADJ_ROOM_NET: mode: behind the IP header
	AdjRoomMAC          = 1      // BPF_ADJ_ROOM_MAC: mode: behind the link layer header
	FAdjRoomFixedGSO    = 1 << 0 // BPF_F_ADJ_ROOM_FIXED_GSO
	FAdjRoomEncapL3IPv4 = 1 << 1 // BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
	FAdjRoomEncapL3IPv6 = 1 << 2 // BPF_F_ADJ_ROOM_ENCAP_L3_IPV6
	FAdjRoomEncapL4GRE  = 1 << 3 // BPF_F_ADJ_ROOM_ENCAP_L4_GRE
	FAdjRoomEncapL4UDP  = 1 << 4 // BPF_F_ADJ_ROOM_ENCAP_L4_UDP
	FAdjRoomNoCsumReset = 1 << 5 // BPF_F_ADJ_ROOM_NO_CSUM_RESET
	FAdjRoomEncapL2Eth  = 1 << 6 // BPF_F_ADJ_ROOM_ENCAP_L2_ETH
	FAdjRoomDecapL3IPv4 = 1 << 7 // BPF_F_ADJ_ROOM_DECAP_L3_IPV4
	FAdjRoomDecapL3IPv6 = 1 << 8 // BPF_F_ADJ_ROOM_DECAP_L3_IPV6
)

// Flags of bpf_perf_event_output and of the ring buffer helpers.
const (
	FIndexMask    = 0xffffffff      // BPF_F_INDEX_MASK: bits of the index into the map
	FCurrentCPU   = 0xffffffff      // BPF_F_CURRENT_CPU: index: this CPU
	FCtxlenMask   = 0xfffff00000000 // BPF_F_CTXLEN_MASK: bits of the number of packet bytes to append
	RBNoWakeup    = 1 << 0          // BPF_RB_NO_WAKEUP: do not wake the reader
	RBForceWakeup = 1 << 1          // BPF_RB_FORCE_WAKEUP: wake the reader in any case
	RBAvailData   = 0               // BPF_RB_AVAIL_DATA: bpf_ringbuf_query: bytes not yet read
	RBRingSize    = 1               // BPF_RB_RING_SIZE: bpf_ringbuf_query: bytes of the buffer
	RBConsPos     = 2               // BPF_RB_CONS_POS: bpf_ringbuf_query: position of the reader
	RBProdPos     = 3               // BPF_RB_PROD_POS: bpf_ringbuf_query: position of the writer
)

// Flags of the socket helpers.
const (
	FCurrentNetns          = -1     // BPF_F_CURRENT_NETNS: bpf_sk_lookup_*: in the namespace of the context
	SkLookupFReplace       = 1 << 0 // BPF_SK_LOOKUP_F_REPLACE: bpf_sk_assign in sk_lookup: replace a choice
	SkLookupFNoReuseport   = 1 << 1 // BPF_SK_LOOKUP_F_NO_REUSEPORT: bpf_sk_assign in sk_lookup: no reuseport selection
	SkStorageGetFCreate    = 1 << 0 // BPF_SK_STORAGE_GET_F_CREATE: make it if it is not there
	LocalStorageGetFCreate = 1 << 0 // BPF_LOCAL_STORAGE_GET_F_CREATE: the same for other storage
)

// Flags and results of bpf_fib_lookup and bpf_check_mtu.
const (
	FIBLookupDirect       = 1 << 0 // BPF_FIB_LOOKUP_DIRECT: only the table of the interface
	FIBLookupOutput       = 1 << 1 // BPF_FIB_LOOKUP_OUTPUT: as for a packet sent by this host
	FIBLookupSkipNeigh    = 1 << 2 // BPF_FIB_LOOKUP_SKIP_NEIGH: no link layer addresses
	FIBLookupTBID         = 1 << 3 // BPF_FIB_LOOKUP_TBID: the table is given
	FIBLookupSrc          = 1 << 4 // BPF_FIB_LOOKUP_SRC: find the source address
	FIBLookupMark         = 1 << 5 // BPF_FIB_LOOKUP_MARK: use the mark
	FIBLkupRetSuccess     = 0      // BPF_FIB_LKUP_RET_SUCCESS
	FIBLkupRetBlackhole   = 1      // BPF_FIB_LKUP_RET_BLACKHOLE
	FIBLkupRetUnreachable = 2      // BPF_FIB_LKUP_RET_UNREACHABLE
	FIBLkupRetProhibit    = 3      // BPF_FIB_LKUP_RET_PROHIBIT
	FIBLkupRetNotFwded    = 4      // BPF_FIB_LKUP_RET_NOT_FWDED
	FIBLkupRetFwdDisabled = 5      // BPF_FIB_LKUP_RET_FWD_DISABLED
	FIBLkupRetUnsuppLWT   = 6      // BPF_FIB_LKUP_RET_UNSUPP_LWT
	FIBLkupRetNoNeigh     = 7      // BPF_FIB_LKUP_RET_NO_NEIGH
	FIBLkupRetFragNeeded  = 8      // BPF_FIB_LKUP_RET_FRAG_NEEDED
	FIBLkupRetNoSrcAddr   = 9      // BPF_FIB_LKUP_RET_NO_SRC_ADDR
	MTUChkSegs            = 1 << 0 // BPF_MTU_CHK_SEGS: check each segment of a GSO packet
	MTUChkRetSuccess      = 0      // BPF_MTU_CHK_RET_SUCCESS
	MTUChkRetFragNeeded   = 1      // BPF_MTU_CHK_RET_FRAG_NEEDED
	MTUChkRetSegsToobig   = 2      // BPF_MTU_CHK_RET_SEGS_TOOBIG
)

// Address families: values of the family fields.
const (
	AFUnix  = 1  // AF_UNIX
	AFInet  = 2  // AF_INET: IPv4
	AFInet6 = 10 // AF_INET6: IPv6, also for sockets that carry IPv4 as ::ffff:a.b.c.d
)

// Socket types: values of SockType and SockAddrType.
const (
	SockStream = 1 // SOCK_STREAM: TCP
	SockDgram  = 2 // SOCK_DGRAM: UDP
)

// IP protocols: values of the protocol fields of sockets and of SkReuseportMdIPProtocol.
const (
	IPProtoICMP   = 1   // IPPROTO_ICMP
	IPProtoTCP    = 6   // IPPROTO_TCP
	IPProtoUDP    = 17  // IPPROTO_UDP
	IPProtoICMPv6 = 58  // IPPROTO_ICMPV6
	IPProtoSCTP   = 132 // IPPROTO_SCTP
)

// Ethertypes, as numbers in host order: include/uapi/linux/if_ether.h. SkBuffProtocol and
// SkReuseportMdEthProtocol hold them in network order.
const (
	EthPIP    = 0x0800 // ETH_P_IP
	EthPARP   = 0x0806 // ETH_P_ARP
	EthP8021Q = 0x8100 // ETH_P_8021Q
	EthPIPv6  = 0x86dd // ETH_P_IPV6
)
