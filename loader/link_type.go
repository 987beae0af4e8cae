//go:build linux

package loader

import (
	"strconv"

	"github.com/purebpf/purebpf/internal/sys"
)

// LinkType is what a link attaches to: enum bpf_link_type of include/uapi/linux/bpf.h.
type LinkType uint32

// The types of links that this package makes.
const (
	LinkRawTracepoint LinkType = sys.LinkTypeRawTracepoint // Linux 5.7; before, what is attached is no link
	LinkCgroup        LinkType = sys.LinkTypeCgroup        // Linux 5.7
	LinkNetNS         LinkType = sys.LinkTypeNetNS         // Linux 5.8, sk_lookup 5.9
	LinkXDP           LinkType = sys.LinkTypeXDP           // Linux 5.9
	LinkTCX           LinkType = sys.LinkTypeTCX           // Linux 6.6
	LinkSocketMap     LinkType = sys.LinkTypeSockMap       // Linux 6.10
)

var linkTypeNames = [...]string{
	sys.LinkTypeUnspec:        "unspec",
	sys.LinkTypeRawTracepoint: "raw_tracepoint",
	sys.LinkTypeTracing:       "tracing",
	sys.LinkTypeCgroup:        "cgroup",
	sys.LinkTypeIter:          "iter",
	sys.LinkTypeNetNS:         "netns",
	sys.LinkTypeXDP:           "xdp",
	sys.LinkTypePerfEvent:     "perf_event",
	sys.LinkTypeKprobeMulti:   "kprobe_multi",
	sys.LinkTypeStructOps:     "struct_ops",
	sys.LinkTypeNetfilter:     "netfilter",
	sys.LinkTypeTCX:           "tcx",
	sys.LinkTypeUprobeMulti:   "uprobe_multi",
	sys.LinkTypeNetkit:        "netkit",
	sys.LinkTypeSockMap:       "sockmap",
}

// String returns the kernel's name as bpftool prints it: cgroup, netns, sockmap.
func (t LinkType) String() string {
	if uint64(t) < uint64(len(linkTypeNames)) {
		return linkTypeNames[t]
	}
	return "link type " + strconv.FormatUint(uint64(t), 10)
}
