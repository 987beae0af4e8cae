package vm

import (
	"io"
	"math/rand/v2"
)

// CPUs is the number of possible CPUs of the simulated machine: a per-CPU map has as many values for every key.
const CPUs = 8

// Env is what a program can ask of the system it runs in. Several machines may share one value; it may be changed
// between their runs. Time stands still unless the test moves it.
type Env struct {
	Now             uint64 // nanoseconds since boot: bpf_ktime_get_ns, bpf_ktime_get_boot_ns, bpf_ktime_get_coarse_ns
	CPU             int    // bpf_get_smp_processor_id and the value that programs see of per-CPU maps: 0 to CPUs-1
	NUMANode        int    // bpf_get_numa_node_id
	PIDTGID, UIDGID uint64 // bpf_get_current_pid_tgid, bpf_get_current_uid_gid: the group's in the upper half
	Comm            string // bpf_get_current_comm
	NetnsCookie     uint64 // bpf_get_netns_cookie without a socket
	CgroupID        uint64 // bpf_get_current_cgroup_id

	// Random is where bpf_get_prandom_u32 takes its numbers from. Nil is a generator with a fixed seed, which gives every
	// machine the same sequence.
	Random rand.Source

	// Log gets what bpf_trace_printk writes, a line for each call. Nil discards it.
	Log io.Writer
}

// random returns the next random number.
func (e *Env) random() uint32 {
	if e.Random == nil {
		e.Random = rand.NewPCG(1, 2)
	}
	return uint32(e.Random.Uint64())
}
