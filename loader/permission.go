//go:build linux

package loader

import (
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
)

// Capability is a Linux capability, see capabilities(7).
type Capability = capability.Capability

// Capabilities returns what a process needs to load programs of type t. They must be held in the initial user namespace.
// CAP_SYS_ADMIN stands for all of them. CAP_BPF is not needed for socket_filter and cgroup_skb where the sysctl
// kernel.unprivileged_bpf_disabled is 0. Before Linux 5.8 CAP_SYS_ADMIN is what is needed for all the other types.
//
// These are bpf_prog_load, is_net_admin_prog_type and is_perfmon_prog_type of kernel/bpf/syscall.c.
func Capabilities(t asm.ProgramType) []Capability {
	need := []Capability{capability.CAP_BPF}
	switch t {
	case asm.SchedCLS, asm.SchedACT, asm.XDP, asm.LWTIn, asm.LWTOut, asm.LWTXmit, asm.LWTSeg6Local, asm.SkSKB, asm.SkMsg,
		asm.FlowDissector, asm.CgroupDevice, asm.CgroupSock, asm.CgroupSockAddr, asm.CgroupSockopt, asm.CgroupSysctl,
		asm.SockOps, asm.Ext, asm.Netfilter:
		need = append(need, capability.CAP_NET_ADMIN)
	}
	switch t {
	case asm.Kprobe, asm.Tracepoint, asm.PerfEvent, asm.RawTracepoint, asm.RawTracepointWritable, asm.Tracing, asm.LSM,
		asm.StructOps, asm.Ext:
		need = append(need, capability.CAP_PERFMON)
	}
	return need
}
