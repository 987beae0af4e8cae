package elf

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// section is a name of libbpf's for the sections of programs, and what a program in such a section is loaded as.
type section struct {
	// name ends in '+' when a slash and what the program is made for may follow.
	name   string
	typ    asm.ProgramType
	attach asm.AttachType // expected_attach_type
	flags  asm.LoadFlags
	also   also
}

// also says how a name stands to the others of its type.
type also uint8

const (
	// bare: the kernel takes a program without attach type for the same.
	bare also = 1 << iota
	// other: the program is loaded like those of a name before it and attached in another way, so that
	// asm.ProgramSpec.AttachTo has to keep the whole name.
	other
)

// sections are section_defs of libbpf.c (version 1.6). Of names that say the same, the one to write comes first.
var sections = [...]section{
	{"socket", asm.SocketFilter, 0, 0, 0},
	{"sk_reuseport", asm.SkReuseport, asm.AttachSkReuseportSelect, 0, bare},
	{"sk_reuseport/migrate", asm.SkReuseport, asm.AttachSkReuseportSelectOrMigrate, 0, 0},

	{"kprobe+", asm.Kprobe, 0, 0, 0},
	{"kretprobe+", asm.Kprobe, 0, 0, other},
	{"uprobe+", asm.Kprobe, 0, 0, other},
	{"uretprobe+", asm.Kprobe, 0, 0, other},
	{"uprobe.s+", asm.Kprobe, 0, asm.Sleepable, 0},
	{"uretprobe.s+", asm.Kprobe, 0, asm.Sleepable, other},
	{"kprobe.multi+", asm.Kprobe, asm.AttachTraceKprobeMulti, 0, 0},
	{"kretprobe.multi+", asm.Kprobe, asm.AttachTraceKprobeMulti, 0, other},
	{"kprobe.session+", asm.Kprobe, asm.AttachTraceKprobeSession, 0, 0},
	{"uprobe.multi+", asm.Kprobe, asm.AttachTraceUprobeMulti, 0, 0},
	{"uretprobe.multi+", asm.Kprobe, asm.AttachTraceUprobeMulti, 0, other},
	{"uprobe.multi.s+", asm.Kprobe, asm.AttachTraceUprobeMulti, asm.Sleepable, 0},
	{"uretprobe.multi.s+", asm.Kprobe, asm.AttachTraceUprobeMulti, asm.Sleepable, other},
	{"uprobe.session+", asm.Kprobe, asm.AttachTraceUprobeSession, 0, 0},
	{"uprobe.session.s+", asm.Kprobe, asm.AttachTraceUprobeSession, asm.Sleepable, 0},
	{"ksyscall+", asm.Kprobe, 0, 0, other},
	{"kretsyscall+", asm.Kprobe, 0, 0, other},
	{"usdt+", asm.Kprobe, 0, 0, other},
	{"usdt.s+", asm.Kprobe, 0, asm.Sleepable, other},

	{"tc", asm.SchedCLS, 0, 0, 0},
	{"classifier", asm.SchedCLS, 0, 0, 0},
	{"tcx/ingress", asm.SchedCLS, asm.AttachTCXIngress, 0, 0},
	{"tcx/egress", asm.SchedCLS, asm.AttachTCXEgress, 0, 0},
	{"tc/ingress", asm.SchedCLS, asm.AttachTCXIngress, 0, 0},
	{"tc/egress", asm.SchedCLS, asm.AttachTCXEgress, 0, 0},
	{"netkit/primary", asm.SchedCLS, asm.AttachNetkitPrimary, 0, 0},
	{"netkit/peer", asm.SchedCLS, asm.AttachNetkitPeer, 0, 0},
	{"action", asm.SchedACT, 0, 0, 0},

	{"tracepoint+", asm.Tracepoint, 0, 0, 0},
	{"tp+", asm.Tracepoint, 0, 0, 0},
	{"raw_tracepoint+", asm.RawTracepoint, 0, 0, 0},
	{"raw_tp+", asm.RawTracepoint, 0, 0, 0},
	{"raw_tracepoint.w+", asm.RawTracepointWritable, 0, 0, 0},
	{"raw_tp.w+", asm.RawTracepointWritable, 0, 0, 0},
	{"tp_btf+", asm.Tracing, asm.AttachTraceRawTP, 0, 0},
	{"fentry+", asm.Tracing, asm.AttachTraceFentry, 0, 0},
	{"fmod_ret+", asm.Tracing, asm.AttachModifyReturn, 0, 0},
	{"fexit+", asm.Tracing, asm.AttachTraceFexit, 0, 0},
	{"fentry.s+", asm.Tracing, asm.AttachTraceFentry, asm.Sleepable, 0},
	{"fmod_ret.s+", asm.Tracing, asm.AttachModifyReturn, asm.Sleepable, 0},
	{"fexit.s+", asm.Tracing, asm.AttachTraceFexit, asm.Sleepable, 0},
	{"iter+", asm.Tracing, asm.AttachTraceIter, 0, 0},
	{"iter.s+", asm.Tracing, asm.AttachTraceIter, asm.Sleepable, 0},
	{"freplace+", asm.Ext, 0, 0, 0},
	{"lsm+", asm.LSM, asm.AttachLSMMAC, 0, 0},
	{"lsm.s+", asm.LSM, asm.AttachLSMMAC, asm.Sleepable, 0},
	{"lsm_cgroup+", asm.LSM, asm.AttachLSMCgroup, 0, 0},
	{"syscall", asm.Syscall, 0, asm.Sleepable, 0},
	{"perf_event", asm.PerfEvent, 0, 0, 0},
	{"struct_ops+", asm.StructOps, 0, 0, 0},
	{"struct_ops.s+", asm.StructOps, 0, asm.Sleepable, 0},

	{"xdp", asm.XDP, asm.AttachXDP, 0, bare},
	{"xdp.frags", asm.XDP, asm.AttachXDP, asm.XDPFragments, bare},
	{"xdp/devmap", asm.XDP, asm.AttachXDPDevMap, 0, 0},
	{"xdp.frags/devmap", asm.XDP, asm.AttachXDPDevMap, asm.XDPFragments, 0},
	{"xdp/cpumap", asm.XDP, asm.AttachXDPCPUMap, 0, 0},
	{"xdp.frags/cpumap", asm.XDP, asm.AttachXDPCPUMap, asm.XDPFragments, 0},

	{"lwt_in", asm.LWTIn, 0, 0, 0},
	{"lwt_out", asm.LWTOut, 0, 0, 0},
	{"lwt_xmit", asm.LWTXmit, 0, 0, 0},
	{"lwt_seg6local", asm.LWTSeg6Local, 0, 0, 0},
	{"sockops", asm.SockOps, asm.AttachCgroupSockOps, 0, bare},
	{"sk_skb", asm.SkSKB, 0, 0, 0},
	{"sk_skb/stream_parser", asm.SkSKB, asm.AttachSkSKBStreamParser, 0, 0},
	{"sk_skb/stream_verdict", asm.SkSKB, asm.AttachSkSKBStreamVerdict, 0, 0},
	{"sk_skb/verdict", asm.SkSKB, asm.AttachSkSKBVerdict, 0, 0},
	{"sk_msg", asm.SkMsg, asm.AttachSkMsgVerdict, 0, bare},
	{"sk_lookup", asm.SkLookup, asm.AttachSkLookup, 0, 0},
	{"lirc_mode2", asm.LircMode2, asm.AttachLircMode2, 0, bare},
	{"flow_dissector", asm.FlowDissector, asm.AttachFlowDissector, 0, bare},
	{"netfilter", asm.Netfilter, asm.AttachNetfilter, 0, 0},

	{"cgroup/skb", asm.CgroupSKB, 0, 0, 0},
	{"cgroup_skb/ingress", asm.CgroupSKB, asm.AttachCgroupInetIngress, 0, 0},
	{"cgroup_skb/egress", asm.CgroupSKB, asm.AttachCgroupInetEgress, 0, 0},
	{"cgroup/sock_create", asm.CgroupSock, asm.AttachCgroupInetSockCreate, 0, bare},
	{"cgroup/sock", asm.CgroupSock, asm.AttachCgroupInetSockCreate, 0, 0},
	{"cgroup/sock_release", asm.CgroupSock, asm.AttachCgroupInetSockRelease, 0, 0},
	{"cgroup/post_bind4", asm.CgroupSock, asm.AttachCgroupInet4PostBind, 0, 0},
	{"cgroup/post_bind6", asm.CgroupSock, asm.AttachCgroupInet6PostBind, 0, 0},
	{"cgroup/bind4", asm.CgroupSockAddr, asm.AttachCgroupInet4Bind, 0, 0},
	{"cgroup/bind6", asm.CgroupSockAddr, asm.AttachCgroupInet6Bind, 0, 0},
	{"cgroup/connect4", asm.CgroupSockAddr, asm.AttachCgroupInet4Connect, 0, 0},
	{"cgroup/connect6", asm.CgroupSockAddr, asm.AttachCgroupInet6Connect, 0, 0},
	{"cgroup/connect_unix", asm.CgroupSockAddr, asm.AttachCgroupUnixConnect, 0, 0},
	{"cgroup/sendmsg4", asm.CgroupSockAddr, asm.AttachCgroupUDP4SendMsg, 0, 0},
	{"cgroup/sendmsg6", asm.CgroupSockAddr, asm.AttachCgroupUDP6SendMsg, 0, 0},
	{"cgroup/sendmsg_unix", asm.CgroupSockAddr, asm.AttachCgroupUnixSendMsg, 0, 0},
	{"cgroup/recvmsg4", asm.CgroupSockAddr, asm.AttachCgroupUDP4RecvMsg, 0, 0},
	{"cgroup/recvmsg6", asm.CgroupSockAddr, asm.AttachCgroupUDP6RecvMsg, 0, 0},
	{"cgroup/recvmsg_unix", asm.CgroupSockAddr, asm.AttachCgroupUnixRecvMsg, 0, 0},
	{"cgroup/getpeername4", asm.CgroupSockAddr, asm.AttachCgroupInet4GetPeerName, 0, 0},
	{"cgroup/getpeername6", asm.CgroupSockAddr, asm.AttachCgroupInet6GetPeerName, 0, 0},
	{"cgroup/getpeername_unix", asm.CgroupSockAddr, asm.AttachCgroupUnixGetPeerName, 0, 0},
	{"cgroup/getsockname4", asm.CgroupSockAddr, asm.AttachCgroupInet4GetSockName, 0, 0},
	{"cgroup/getsockname6", asm.CgroupSockAddr, asm.AttachCgroupInet6GetSockName, 0, 0},
	{"cgroup/getsockname_unix", asm.CgroupSockAddr, asm.AttachCgroupUnixGetSockName, 0, 0},
	{"cgroup/sysctl", asm.CgroupSysctl, asm.AttachCgroupSysctl, 0, bare},
	{"cgroup/getsockopt", asm.CgroupSockopt, asm.AttachCgroupGetSockopt, 0, 0},
	{"cgroup/setsockopt", asm.CgroupSockopt, asm.AttachCgroupSetSockopt, 0, 0},
	{"cgroup/dev", asm.CgroupDevice, asm.AttachCgroupDevice, 0, bare},
}

// base returns the name without the '+', and whether it had one.
func (s *section) base() (string, bool) { return strings.CutSuffix(s.name, "+") }

// target returns what follows base and a slash in a section's name, and whether the name is of that form.
func target(name, base string) (string, bool) {
	rest, ok := strings.CutPrefix(name, base)
	if !ok || rest == "" {
		return "", ok
	}
	return strings.CutPrefix(rest, "/")
}

// parseSection returns what libbpf loads a program in a section of that name as: its type, attach type and flags, and
// what it is made for, see asm.ProgramSpec.AttachTo. Of names that are loaded alike and attached in several ways, such as
// kprobe and kretprobe, attachTo is what follows the slash for the first and the whole name for the others. A leading '?',
// by which libbpf does not load the program unless told to, is skipped.
//
// As libbpf did before version 1.0, it takes "classifier/x" for "classifier".
func parseSection(name string) (typ asm.ProgramType, attach asm.AttachType, flags asm.LoadFlags, attachTo string, ok bool) {
	name = strings.TrimPrefix(name, "?")
	var found *section
	for i := range sections {
		s := &sections[i]
		base, extended := s.base()
		to, matches := target(name, base)
		switch {
		case !matches:
		case extended && s.also&other != 0:
			return s.typ, s.attach, s.flags, name, true
		case extended || name == base:
			return s.typ, s.attach, s.flags, to, true
		default:
			found = s
		}
	}
	if found == nil {
		return 0, 0, 0, "", false
	}
	return found.typ, found.attach, found.flags, "", true
}

// sectionOf returns the name of the section for a program, so that libbpf loads it as this module does.
func sectionOf(p *asm.Program) (string, error) {
	if p.AttachTo() != "" {
		if name, ok := otherSection(p); ok {
			return name, nil
		}
	}
	var found *section
	for i := range sections {
		s := &sections[i]
		if s.typ != p.Type() || s.flags != p.Flags() || s.also&other != 0 {
			continue
		}
		if s.attach == p.AttachType() || p.AttachType() == 0 && s.also&bare != 0 {
			found = s
			break
		}
	}
	if found == nil {
		return "", fmt.Errorf("program %s: libbpf has no section name for type %v, attach type %v, flags %#x",
			p.Name(), p.Type(), p.AttachType(), uint32(p.Flags()))
	}
	name, extended := found.base()
	switch {
	case p.AttachTo() == "":
		return name, nil
	case !extended:
		return "", fmt.Errorf("program %s: the section name %s cannot say that it is made for %s", p.Name(), name, p.AttachTo())
	}
	return name + "/" + p.AttachTo(), nil
}

// otherSection returns the section name that a program keeps in AttachTo.
func otherSection(p *asm.Program) (string, bool) {
	for i := range sections {
		s := &sections[i]
		base, _ := s.base()
		if _, ok := target(p.AttachTo(), base); ok && s.also&other != 0 &&
			s.typ == p.Type() && s.attach == p.AttachType() && s.flags == p.Flags() {
			return p.AttachTo(), true
		}
	}
	return "", false
}
