package asm

import "strconv"

// ProgramType says what a program is called for and so which context it gets, which helpers it may call and what its
// result means: enum bpf_prog_type of include/uapi/linux/bpf.h.
type ProgramType uint32

// The program types of Linux 6.18.
const (
	UnspecProgram         ProgramType = 0  // BPF_PROG_TYPE_UNSPEC
	SocketFilter          ProgramType = 1  // BPF_PROG_TYPE_SOCKET_FILTER
	Kprobe                ProgramType = 2  // BPF_PROG_TYPE_KPROBE
	SchedCLS              ProgramType = 3  // BPF_PROG_TYPE_SCHED_CLS
	SchedACT              ProgramType = 4  // BPF_PROG_TYPE_SCHED_ACT
	Tracepoint            ProgramType = 5  // BPF_PROG_TYPE_TRACEPOINT
	XDP                   ProgramType = 6  // BPF_PROG_TYPE_XDP
	PerfEvent             ProgramType = 7  // BPF_PROG_TYPE_PERF_EVENT
	CgroupSKB             ProgramType = 8  // BPF_PROG_TYPE_CGROUP_SKB
	CgroupSock            ProgramType = 9  // BPF_PROG_TYPE_CGROUP_SOCK
	LWTIn                 ProgramType = 10 // BPF_PROG_TYPE_LWT_IN
	LWTOut                ProgramType = 11 // BPF_PROG_TYPE_LWT_OUT
	LWTXmit               ProgramType = 12 // BPF_PROG_TYPE_LWT_XMIT
	SockOps               ProgramType = 13 // BPF_PROG_TYPE_SOCK_OPS
	SkSKB                 ProgramType = 14 // BPF_PROG_TYPE_SK_SKB
	CgroupDevice          ProgramType = 15 // BPF_PROG_TYPE_CGROUP_DEVICE
	SkMsg                 ProgramType = 16 // BPF_PROG_TYPE_SK_MSG
	RawTracepoint         ProgramType = 17 // BPF_PROG_TYPE_RAW_TRACEPOINT
	CgroupSockAddr        ProgramType = 18 // BPF_PROG_TYPE_CGROUP_SOCK_ADDR
	LWTSeg6Local          ProgramType = 19 // BPF_PROG_TYPE_LWT_SEG6LOCAL
	LircMode2             ProgramType = 20 // BPF_PROG_TYPE_LIRC_MODE2
	SkReuseport           ProgramType = 21 // BPF_PROG_TYPE_SK_REUSEPORT
	FlowDissector         ProgramType = 22 // BPF_PROG_TYPE_FLOW_DISSECTOR
	CgroupSysctl          ProgramType = 23 // BPF_PROG_TYPE_CGROUP_SYSCTL
	RawTracepointWritable ProgramType = 24 // BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE
	CgroupSockopt         ProgramType = 25 // BPF_PROG_TYPE_CGROUP_SOCKOPT
	Tracing               ProgramType = 26 // BPF_PROG_TYPE_TRACING
	StructOps             ProgramType = 27 // BPF_PROG_TYPE_STRUCT_OPS
	Ext                   ProgramType = 28 // BPF_PROG_TYPE_EXT
	LSM                   ProgramType = 29 // BPF_PROG_TYPE_LSM
	SkLookup              ProgramType = 30 // BPF_PROG_TYPE_SK_LOOKUP
	Syscall               ProgramType = 31 // BPF_PROG_TYPE_SYSCALL
	Netfilter             ProgramType = 32 // BPF_PROG_TYPE_NETFILTER
)

var programTypeNames = [...]string{
	UnspecProgram:         "unspec",
	SocketFilter:          "socket_filter",
	Kprobe:                "kprobe",
	SchedCLS:              "sched_cls",
	SchedACT:              "sched_act",
	Tracepoint:            "tracepoint",
	XDP:                   "xdp",
	PerfEvent:             "perf_event",
	CgroupSKB:             "cgroup_skb",
	CgroupSock:            "cgroup_sock",
	LWTIn:                 "lwt_in",
	LWTOut:                "lwt_out",
	LWTXmit:               "lwt_xmit",
	SockOps:               "sock_ops",
	SkSKB:                 "sk_skb",
	CgroupDevice:          "cgroup_device",
	SkMsg:                 "sk_msg",
	RawTracepoint:         "raw_tracepoint",
	CgroupSockAddr:        "cgroup_sock_addr",
	LWTSeg6Local:          "lwt_seg6local",
	LircMode2:             "lirc_mode2",
	SkReuseport:           "sk_reuseport",
	FlowDissector:         "flow_dissector",
	CgroupSysctl:          "cgroup_sysctl",
	RawTracepointWritable: "raw_tracepoint_writable",
	CgroupSockopt:         "cgroup_sockopt",
	Tracing:               "tracing",
	StructOps:             "struct_ops",
	Ext:                   "ext",
	LSM:                   "lsm",
	SkLookup:              "sk_lookup",
	Syscall:               "syscall",
	Netfilter:             "netfilter",
}

// String returns the kernel's name without BPF_PROG_TYPE_ and in lower case, as bpftool prints it: sk_reuseport.
func (t ProgramType) String() string {
	return name(programTypeNames[:], uint32(t), "program type ")
}

// AttachType is the place a program is attached to, for the program types that have more than one and for those that
// BPF_LINK_CREATE or BPF_PROG_ATTACH must be told of: enum bpf_attach_type of include/uapi/linux/bpf.h.
type AttachType uint32

// The attach types of Linux 6.18. The zero value is also what program types without an attach type use.
const (
	AttachCgroupInetIngress          AttachType = 0  // BPF_CGROUP_INET_INGRESS
	AttachCgroupInetEgress           AttachType = 1  // BPF_CGROUP_INET_EGRESS
	AttachCgroupInetSockCreate       AttachType = 2  // BPF_CGROUP_INET_SOCK_CREATE
	AttachCgroupSockOps              AttachType = 3  // BPF_CGROUP_SOCK_OPS
	AttachSkSKBStreamParser          AttachType = 4  // BPF_SK_SKB_STREAM_PARSER
	AttachSkSKBStreamVerdict         AttachType = 5  // BPF_SK_SKB_STREAM_VERDICT
	AttachCgroupDevice               AttachType = 6  // BPF_CGROUP_DEVICE
	AttachSkMsgVerdict               AttachType = 7  // BPF_SK_MSG_VERDICT
	AttachCgroupInet4Bind            AttachType = 8  // BPF_CGROUP_INET4_BIND
	AttachCgroupInet6Bind            AttachType = 9  // BPF_CGROUP_INET6_BIND
	AttachCgroupInet4Connect         AttachType = 10 // BPF_CGROUP_INET4_CONNECT
	AttachCgroupInet6Connect         AttachType = 11 // BPF_CGROUP_INET6_CONNECT
	AttachCgroupInet4PostBind        AttachType = 12 // BPF_CGROUP_INET4_POST_BIND
	AttachCgroupInet6PostBind        AttachType = 13 // BPF_CGROUP_INET6_POST_BIND
	AttachCgroupUDP4SendMsg          AttachType = 14 // BPF_CGROUP_UDP4_SENDMSG
	AttachCgroupUDP6SendMsg          AttachType = 15 // BPF_CGROUP_UDP6_SENDMSG
	AttachLircMode2                  AttachType = 16 // BPF_LIRC_MODE2
	AttachFlowDissector              AttachType = 17 // BPF_FLOW_DISSECTOR
	AttachCgroupSysctl               AttachType = 18 // BPF_CGROUP_SYSCTL
	AttachCgroupUDP4RecvMsg          AttachType = 19 // BPF_CGROUP_UDP4_RECVMSG
	AttachCgroupUDP6RecvMsg          AttachType = 20 // BPF_CGROUP_UDP6_RECVMSG
	AttachCgroupGetSockopt           AttachType = 21 // BPF_CGROUP_GETSOCKOPT
	AttachCgroupSetSockopt           AttachType = 22 // BPF_CGROUP_SETSOCKOPT
	AttachTraceRawTP                 AttachType = 23 // BPF_TRACE_RAW_TP
	AttachTraceFentry                AttachType = 24 // BPF_TRACE_FENTRY
	AttachTraceFexit                 AttachType = 25 // BPF_TRACE_FEXIT
	AttachModifyReturn               AttachType = 26 // BPF_MODIFY_RETURN
	AttachLSMMAC                     AttachType = 27 // BPF_LSM_MAC
	AttachTraceIter                  AttachType = 28 // BPF_TRACE_ITER
	AttachCgroupInet4GetPeerName     AttachType = 29 // BPF_CGROUP_INET4_GETPEERNAME
	AttachCgroupInet6GetPeerName     AttachType = 30 // BPF_CGROUP_INET6_GETPEERNAME
	AttachCgroupInet4GetSockName     AttachType = 31 // BPF_CGROUP_INET4_GETSOCKNAME
	AttachCgroupInet6GetSockName     AttachType = 32 // BPF_CGROUP_INET6_GETSOCKNAME
	AttachXDPDevMap                  AttachType = 33 // BPF_XDP_DEVMAP
	AttachCgroupInetSockRelease      AttachType = 34 // BPF_CGROUP_INET_SOCK_RELEASE
	AttachXDPCPUMap                  AttachType = 35 // BPF_XDP_CPUMAP
	AttachSkLookup                   AttachType = 36 // BPF_SK_LOOKUP
	AttachXDP                        AttachType = 37 // BPF_XDP
	AttachSkSKBVerdict               AttachType = 38 // BPF_SK_SKB_VERDICT
	AttachSkReuseportSelect          AttachType = 39 // BPF_SK_REUSEPORT_SELECT
	AttachSkReuseportSelectOrMigrate AttachType = 40 // BPF_SK_REUSEPORT_SELECT_OR_MIGRATE
	AttachPerfEvent                  AttachType = 41 // BPF_PERF_EVENT
	AttachTraceKprobeMulti           AttachType = 42 // BPF_TRACE_KPROBE_MULTI
	AttachLSMCgroup                  AttachType = 43 // BPF_LSM_CGROUP
	AttachStructOps                  AttachType = 44 // BPF_STRUCT_OPS
	AttachNetfilter                  AttachType = 45 // BPF_NETFILTER
	AttachTCXIngress                 AttachType = 46 // BPF_TCX_INGRESS
	AttachTCXEgress                  AttachType = 47 // BPF_TCX_EGRESS
	AttachTraceUprobeMulti           AttachType = 48 // BPF_TRACE_UPROBE_MULTI
	AttachCgroupUnixConnect          AttachType = 49 // BPF_CGROUP_UNIX_CONNECT
	AttachCgroupUnixSendMsg          AttachType = 50 // BPF_CGROUP_UNIX_SENDMSG
	AttachCgroupUnixRecvMsg          AttachType = 51 // BPF_CGROUP_UNIX_RECVMSG
	AttachCgroupUnixGetPeerName      AttachType = 52 // BPF_CGROUP_UNIX_GETPEERNAME
	AttachCgroupUnixGetSockName      AttachType = 53 // BPF_CGROUP_UNIX_GETSOCKNAME
	AttachNetkitPrimary              AttachType = 54 // BPF_NETKIT_PRIMARY
	AttachNetkitPeer                 AttachType = 55 // BPF_NETKIT_PEER
	AttachTraceKprobeSession         AttachType = 56 // BPF_TRACE_KPROBE_SESSION
	AttachTraceUprobeSession         AttachType = 57 // BPF_TRACE_UPROBE_SESSION
)

var attachTypeNames = [...]string{
	AttachCgroupInetIngress:          "cgroup_inet_ingress",
	AttachCgroupInetEgress:           "cgroup_inet_egress",
	AttachCgroupInetSockCreate:       "cgroup_inet_sock_create",
	AttachCgroupSockOps:              "cgroup_sock_ops",
	AttachSkSKBStreamParser:          "sk_skb_stream_parser",
	AttachSkSKBStreamVerdict:         "sk_skb_stream_verdict",
	AttachCgroupDevice:               "cgroup_device",
	AttachSkMsgVerdict:               "sk_msg_verdict",
	AttachCgroupInet4Bind:            "cgroup_inet4_bind",
	AttachCgroupInet6Bind:            "cgroup_inet6_bind",
	AttachCgroupInet4Connect:         "cgroup_inet4_connect",
	AttachCgroupInet6Connect:         "cgroup_inet6_connect",
	AttachCgroupInet4PostBind:        "cgroup_inet4_post_bind",
	AttachCgroupInet6PostBind:        "cgroup_inet6_post_bind",
	AttachCgroupUDP4SendMsg:          "cgroup_udp4_sendmsg",
	AttachCgroupUDP6SendMsg:          "cgroup_udp6_sendmsg",
	AttachLircMode2:                  "lirc_mode2",
	AttachFlowDissector:              "flow_dissector",
	AttachCgroupSysctl:               "cgroup_sysctl",
	AttachCgroupUDP4RecvMsg:          "cgroup_udp4_recvmsg",
	AttachCgroupUDP6RecvMsg:          "cgroup_udp6_recvmsg",
	AttachCgroupGetSockopt:           "cgroup_getsockopt",
	AttachCgroupSetSockopt:           "cgroup_setsockopt",
	AttachTraceRawTP:                 "trace_raw_tp",
	AttachTraceFentry:                "trace_fentry",
	AttachTraceFexit:                 "trace_fexit",
	AttachModifyReturn:               "modify_return",
	AttachLSMMAC:                     "lsm_mac",
	AttachTraceIter:                  "trace_iter",
	AttachCgroupInet4GetPeerName:     "cgroup_inet4_getpeername",
	AttachCgroupInet6GetPeerName:     "cgroup_inet6_getpeername",
	AttachCgroupInet4GetSockName:     "cgroup_inet4_getsockname",
	AttachCgroupInet6GetSockName:     "cgroup_inet6_getsockname",
	AttachXDPDevMap:                  "xdp_devmap",
	AttachCgroupInetSockRelease:      "cgroup_inet_sock_release",
	AttachXDPCPUMap:                  "xdp_cpumap",
	AttachSkLookup:                   "sk_lookup",
	AttachXDP:                        "xdp",
	AttachSkSKBVerdict:               "sk_skb_verdict",
	AttachSkReuseportSelect:          "sk_reuseport_select",
	AttachSkReuseportSelectOrMigrate: "sk_reuseport_select_or_migrate",
	AttachPerfEvent:                  "perf_event",
	AttachTraceKprobeMulti:           "trace_kprobe_multi",
	AttachLSMCgroup:                  "lsm_cgroup",
	AttachStructOps:                  "struct_ops",
	AttachNetfilter:                  "netfilter",
	AttachTCXIngress:                 "tcx_ingress",
	AttachTCXEgress:                  "tcx_egress",
	AttachTraceUprobeMulti:           "trace_uprobe_multi",
	AttachCgroupUnixConnect:          "cgroup_unix_connect",
	AttachCgroupUnixSendMsg:          "cgroup_unix_sendmsg",
	AttachCgroupUnixRecvMsg:          "cgroup_unix_recvmsg",
	AttachCgroupUnixGetPeerName:      "cgroup_unix_getpeername",
	AttachCgroupUnixGetSockName:      "cgroup_unix_getsockname",
	AttachNetkitPrimary:              "netkit_primary",
	AttachNetkitPeer:                 "netkit_peer",
	AttachTraceKprobeSession:         "trace_kprobe_session",
	AttachTraceUprobeSession:         "trace_uprobe_session",
}

// String returns the kernel's name without BPF_ and in lower case: sk_msg_verdict.
func (t AttachType) String() string {
	return name(attachTypeNames[:], uint32(t), "attach type ")
}

// ProgramTypeByName returns the type that String calls name.
func ProgramTypeByName(name string) (ProgramType, bool) {
	i, ok := indexOf(programTypeNames[:], name)
	return ProgramType(i), ok
}

// AttachTypeByName returns the attach type that String calls name.
func AttachTypeByName(name string) (AttachType, bool) {
	i, ok := indexOf(attachTypeNames[:], name)
	return AttachType(i), ok
}

// LoadFlags are the flags of a program when it is loaded: prog_flags of BPF_PROG_LOAD.
type LoadFlags uint32

// The flags that need nothing but a number.
const (
	StrictAlignment    LoadFlags = 1 << 0 // BPF_F_STRICT_ALIGNMENT: refuse unaligned access on every machine
	AnyAlignment       LoadFlags = 1 << 1 // BPF_F_ANY_ALIGNMENT: allow unaligned access on every machine
	TestRandomHigh32   LoadFlags = 1 << 2 // BPF_F_TEST_RND_HI32: put garbage where 32-bit operations leave zeros unread
	TestStateFrequency LoadFlags = 1 << 3 // BPF_F_TEST_STATE_FREQ: let the verifier keep a state at every instruction
	Sleepable          LoadFlags = 1 << 4 // BPF_F_SLEEPABLE: the program may call helpers that sleep; Linux 5.10
	XDPFragments       LoadFlags = 1 << 5 // BPF_F_XDP_HAS_FRAGS: packets may have more than one buffer; Linux 5.18
	TestInvariants     LoadFlags = 1 << 7 // BPF_F_TEST_REG_INVARIANTS: fail when the verifier contradicts itself; Linux 6.8
)

// name returns table[i], or prefix and the number where the table does not have it.
func name(table []string, i uint32, prefix string) string {
	if uint64(i) < uint64(len(table)) && table[i] != "" {
		return table[i]
	}
	return prefix + strconv.FormatUint(uint64(i), 10)
}

// indexOf returns the index of s in table.
func indexOf(table []string, s string) (uint32, bool) {
	for i, name := range table {
		if name == s && s != "" {
			return uint32(i), true
		}
	}
	return 0, false
}
