package asm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// kernelConstant is one of the kernel's numbers that texts may call by their name.
type kernelConstant struct {
	name  string
	value int64
}

// constants are in the order of their names.
var constants = [...]kernelConstant{
	{"AF_INET", AFInet},
	{"AF_INET6", AFInet6},
	{"AF_UNIX", AFUnix},
	{"BPF_ADJ_ROOM_MAC", AdjRoomMAC},
	{"BPF_ADJ_ROOM_NET", AdjRoomNet},
	{"BPF_ANY", int64(UpdateAny)},
	{"BPF_DROP", BPFDrop},
	{"BPF_EXIST", int64(UpdateExist)},
	{"BPF_FIB_LKUP_RET_BLACKHOLE", FIBLkupRetBlackhole},
	{"BPF_FIB_LKUP_RET_FRAG_NEEDED", FIBLkupRetFragNeeded},
	{"BPF_FIB_LKUP_RET_FWD_DISABLED", FIBLkupRetFwdDisabled},
	{"BPF_FIB_LKUP_RET_NOT_FWDED", FIBLkupRetNotFwded},
	{"BPF_FIB_LKUP_RET_NO_NEIGH", FIBLkupRetNoNeigh},
	{"BPF_FIB_LKUP_RET_NO_SRC_ADDR", FIBLkupRetNoSrcAddr},
	{"BPF_FIB_LKUP_RET_PROHIBIT", FIBLkupRetProhibit},
	{"BPF_FIB_LKUP_RET_SUCCESS", FIBLkupRetSuccess},
	{"BPF_FIB_LKUP_RET_UNREACHABLE", FIBLkupRetUnreachable},
	{"BPF_FIB_LKUP_RET_UNSUPP_LWT", FIBLkupRetUnsuppLWT},
	{"BPF_FIB_LOOKUP_DIRECT", FIBLookupDirect},
	{"BPF_FIB_LOOKUP_MARK", FIBLookupMark},
	{"BPF_FIB_LOOKUP_OUTPUT", FIBLookupOutput},
	{"BPF_FIB_LOOKUP_SKIP_NEIGH", FIBLookupSkipNeigh},
	{"BPF_FIB_LOOKUP_SRC", FIBLookupSrc},
	{"BPF_FIB_LOOKUP_TBID", FIBLookupTBID},
	{"BPF_FLOW_DISSECTOR_CONTINUE", FlowDissectorContinue},
	{"BPF_F_ADJ_ROOM_DECAP_L3_IPV4", FAdjRoomDecapL3IPv4},
	{"BPF_F_ADJ_ROOM_DECAP_L3_IPV6", FAdjRoomDecapL3IPv6},
	{"BPF_F_ADJ_ROOM_ENCAP_L2_ETH", FAdjRoomEncapL2Eth},
	{"BPF_F_ADJ_ROOM_ENCAP_L3_IPV4", FAdjRoomEncapL3IPv4},
	{"BPF_F_ADJ_ROOM_ENCAP_L3_IPV6", FAdjRoomEncapL3IPv6},
	{"BPF_F_ADJ_ROOM_ENCAP_L4_GRE", FAdjRoomEncapL4GRE},
	{"BPF_F_ADJ_ROOM_ENCAP_L4_UDP", FAdjRoomEncapL4UDP},
	{"BPF_F_ADJ_ROOM_FIXED_GSO", FAdjRoomFixedGSO},
	{"BPF_F_ADJ_ROOM_NO_CSUM_RESET", FAdjRoomNoCsumReset},
	{"BPF_F_BROADCAST", FBroadcast},
	{"BPF_F_CTXLEN_MASK", FCtxlenMask},
	{"BPF_F_CURRENT_CPU", FCurrentCPU},
	{"BPF_F_CURRENT_NETNS", FCurrentNetns},
	{"BPF_F_EXCLUDE_INGRESS", FExcludeIngress},
	{"BPF_F_HDR_FIELD_MASK", FHdrFieldMask},
	{"BPF_F_INDEX_MASK", FIndexMask},
	{"BPF_F_INGRESS", FIngress},
	{"BPF_F_INVALIDATE_HASH", FInvalidateHash},
	{"BPF_F_LOCK", int64(UpdateLock)},
	{"BPF_F_MARK_ENFORCE", FMarkEnforce},
	{"BPF_F_MARK_MANGLED_0", FMarkMangled0},
	{"BPF_F_PSEUDO_HDR", FPseudoHdr},
	{"BPF_F_RECOMPUTE_CSUM", FRecomputeCsum},
	{"BPF_HDR_START_MAC", HdrStartMAC},
	{"BPF_HDR_START_NET", HdrStartNet},
	{"BPF_LOCAL_STORAGE_GET_F_CREATE", LocalStorageGetFCreate},
	{"BPF_LWT_REROUTE", LWTReroute},
	{"BPF_MTU_CHK_RET_FRAG_NEEDED", MTUChkRetFragNeeded},
	{"BPF_MTU_CHK_RET_SEGS_TOOBIG", MTUChkRetSegsToobig},
	{"BPF_MTU_CHK_RET_SUCCESS", MTUChkRetSuccess},
	{"BPF_MTU_CHK_SEGS", MTUChkSegs},
	{"BPF_NOEXIST", int64(UpdateNoExist)},
	{"BPF_OK", BPFOK},
	{"BPF_RB_AVAIL_DATA", RBAvailData},
	{"BPF_RB_CONS_POS", RBConsPos},
	{"BPF_RB_FORCE_WAKEUP", RBForceWakeup},
	{"BPF_RB_NO_WAKEUP", RBNoWakeup},
	{"BPF_RB_PROD_POS", RBProdPos},
	{"BPF_RB_RING_SIZE", RBRingSize},
	{"BPF_REDIRECT", BPFRedirect},
	{"BPF_SK_LOOKUP_F_NO_REUSEPORT", SkLookupFNoReuseport},
	{"BPF_SK_LOOKUP_F_REPLACE", SkLookupFReplace},
	{"BPF_SK_STORAGE_GET_F_CREATE", SkStorageGetFCreate},
	{"BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB", SockOpsActiveEstablishedCB},
	{"BPF_SOCK_OPS_BASE_RTT", SockOpsBaseRTT},
	{"BPF_SOCK_OPS_HDR_OPT_LEN_CB", SockOpsHdrOptLenCB},
	{"BPF_SOCK_OPS_NEEDS_ECN", SockOpsNeedsECN},
	{"BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG", SockOpsParseAllHdrOptCBFlag},
	{"BPF_SOCK_OPS_PARSE_HDR_OPT_CB", SockOpsParseHdrOptCB},
	{"BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG", SockOpsParseUnknownHdrOptCBFlag},
	{"BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB", SockOpsPassiveEstablishedCB},
	{"BPF_SOCK_OPS_RETRANS_CB", SockOpsRetransCB},
	{"BPF_SOCK_OPS_RETRANS_CB_FLAG", SockOpsRetransCBFlag},
	{"BPF_SOCK_OPS_RTO_CB", SockOpsRTOCB},
	{"BPF_SOCK_OPS_RTO_CB_FLAG", SockOpsRTOCBFlag},
	{"BPF_SOCK_OPS_RTT_CB", SockOpsRTTCB},
	{"BPF_SOCK_OPS_RTT_CB_FLAG", SockOpsRTTCBFlag},
	{"BPF_SOCK_OPS_RWND_INIT", SockOpsRwndInit},
	{"BPF_SOCK_OPS_STATE_CB", SockOpsStateCB},
	{"BPF_SOCK_OPS_STATE_CB_FLAG", SockOpsStateCBFlag},
	{"BPF_SOCK_OPS_TCP_CONNECT_CB", SockOpsTCPConnectCB},
	{"BPF_SOCK_OPS_TCP_LISTEN_CB", SockOpsTCPListenCB},
	{"BPF_SOCK_OPS_TIMEOUT_INIT", SockOpsTimeoutInit},
	{"BPF_SOCK_OPS_TSTAMP_ACK_CB", SockOpsTstampACKCB},
	{"BPF_SOCK_OPS_TSTAMP_SCHED_CB", SockOpsTstampSchedCB},
	{"BPF_SOCK_OPS_TSTAMP_SENDMSG_CB", SockOpsTstampSendmsgCB},
	{"BPF_SOCK_OPS_TSTAMP_SND_HW_CB", SockOpsTstampSndHWCB},
	{"BPF_SOCK_OPS_TSTAMP_SND_SW_CB", SockOpsTstampSndSWCB},
	{"BPF_SOCK_OPS_VOID", SockOpsVoid},
	{"BPF_SOCK_OPS_WRITE_HDR_OPT_CB", SockOpsWriteHdrOptCB},
	{"BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG", SockOpsWriteHdrOptCBFlag},
	{"BPF_TCP_BOUND_INACTIVE", TCPBoundInactive},
	{"BPF_TCP_CLOSE", TCPClose},
	{"BPF_TCP_CLOSE_WAIT", TCPCloseWait},
	{"BPF_TCP_CLOSING", TCPClosing},
	{"BPF_TCP_ESTABLISHED", TCPEstablished},
	{"BPF_TCP_FIN_WAIT1", TCPFINWait1},
	{"BPF_TCP_FIN_WAIT2", TCPFINWait2},
	{"BPF_TCP_LAST_ACK", TCPLastACK},
	{"BPF_TCP_LISTEN", TCPListen},
	{"BPF_TCP_NEW_SYN_RECV", TCPNewSYNRecv},
	{"BPF_TCP_SYN_RECV", TCPSYNRecv},
	{"BPF_TCP_SYN_SENT", TCPSYNSent},
	{"BPF_TCP_TIME_WAIT", TCPTimeWait},
	{"ETH_P_8021Q", EthP8021Q},
	{"ETH_P_ARP", EthPARP},
	{"ETH_P_IP", EthPIP},
	{"ETH_P_IPV6", EthPIPv6},
	{"IPPROTO_ICMP", IPProtoICMP},
	{"IPPROTO_ICMPV6", IPProtoICMPv6},
	{"IPPROTO_SCTP", IPProtoSCTP},
	{"IPPROTO_TCP", IPProtoTCP},
	{"IPPROTO_UDP", IPProtoUDP},
	{"SK_DROP", SkDrop},
	{"SK_PASS", SkPass},
	{"SOCK_DGRAM", SockDgram},
	{"SOCK_STREAM", SockStream},
	{"TC_ACT_OK", TCActOK},
	{"TC_ACT_PIPE", TCActPipe},
	{"TC_ACT_QUEUED", TCActQueued},
	{"TC_ACT_RECLASSIFY", TCActReclassify},
	{"TC_ACT_REDIRECT", TCActRedirect},
	{"TC_ACT_REPEAT", TCActRepeat},
	{"TC_ACT_SHOT", TCActShot},
	{"TC_ACT_STOLEN", TCActStolen},
	{"TC_ACT_TRAP", TCActTrap},
	{"TC_ACT_UNSPEC", TCActUnspec},
	{"XDP_ABORTED", XDPAborted},
	{"XDP_DROP", XDPDrop},
	{"XDP_PASS", XDPPass},
	{"XDP_REDIRECT", XDPRedirect},
	{"XDP_TX", XDPTX},
}

// named returns the number of a name: one of .equ, or of the kernel's.
func (p *parser) named(w string, at int) (n literal, ok bool) {
	v, ok := p.equal[w]
	if !ok {
		c, found := constantByName(w)
		if !found {
			return literal{}, false
		}
		v = literal{v: uint64(c)}
		if c < 0 {
			v = literal{v: uint64(-c), neg: true}
		}
	}
	v.at, v.end = at, at+len(w)
	return v, true
}

func constantByName(name string) (int64, bool) {
	k, ok := slices.BinarySearchFunc(constants[:], name, func(c kernelConstant, name string) int { return cmp.Compare(c.name, name) })
	if !ok {
		return 0, false
	}
	return constants[k].value, true
}

// isConstant reports whether the symbol that is loaded into dst is no map but a number of the kernel's, and notes it.
func (u *unit) isConstant(p *parser, f *fixup, dst Register) bool {
	if f.name[0] > 'Z' || u.mapNames[f.name] {
		return false // no constant begins with a small letter
	}
	v, ok := constantByName(f.name)
	if !ok {
		return false
	}
	if _, ok := p.sharedMap(f.name); ok {
		return false
	}
	how := fmt.Sprintf("r%d = %s without ll", dst, f.name)
	if v != int64(int32(v)) {
		how = fmt.Sprintf("r%d = %#x ll", dst, uint64(v))
	}
	p.errorAt(f.at, "%s is a number of the kernel's and no map that is described here: %s loads the number, and .map %s describes a map",
		f.name, how, f.name)
	return true
}

func constantNames(yield func(string) bool) {
	for _, c := range constants {
		if !yield(c.name) {
			return
		}
	}
}

// equDirective reads .equ NAME, number and .set NAME, number. A number may be a name.
func (p *parser) equDirective(w string) bool {
	p.skip()
	at := p.at
	name := p.word()
	if err := checkName(name); err != nil {
		return p.fail(at, "%s: %w", name, err)
	}
	if !p.want(',') {
		return false
	}
	n, ok := p.operand("a number or the name of one")
	if !ok {
		return false
	}
	if _, again := p.equal[name]; again && w == ".equ" {
		return p.fail(at, "%s has a number already; .set gives it another", name)
	}
	if p.equal == nil {
		p.equal = make(map[string]literal)
	}
	p.equal[strings.Clone(name)] = n
	return true
}
