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
	LinkCgroup    LinkType = sys.LinkTypeCgroup  // Linux 5.7
	LinkNetNS     LinkType = sys.LinkTypeNetNS   // Linux 5.8, sk_lookup 5.9
	LinkSocketMap LinkType = sys.LinkTypeSockMap // Linux 6.10
)

// String returns the kernel's name as bpftool prints it: cgroup, netns, sockmap.
func (t LinkType) String() string {
	switch t {
	case LinkCgroup:
		return "cgroup"
	case LinkNetNS:
		return "netns"
	case LinkSocketMap:
		return "sockmap"
	}
	return "link type " + strconv.FormatUint(uint64(t), 10)
}
