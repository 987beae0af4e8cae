//go:build linux

package sys

import "unsafe"

// LinkCreateAttr are the attributes of BPF_LINK_CREATE, with those members of its union that need no array: the others
// belong to program types for tracing.
type LinkCreateAttr struct {
	// ProgFD is also map_fd.
	ProgFD uint32 `bpf:"prog_fd"`
	// TargetFD is also target_ifindex.
	TargetFD   uint32 `bpf:"target_fd"`
	AttachType uint32 `bpf:"attach_type"`
	Flags      uint32 `bpf:"flags"`
	// RelativeFD is the first member of tcx, netkit and cgroup, and target_btf_id.
	RelativeFD uint32 `bpf:"target_btf_id"`
	_          uint32
	// ExpectedRevision is the second member of tcx, netkit and cgroup.
	ExpectedRevision uint64 `bpf:"tcx.expected_revision"`
}

// LinkCreate attaches a program. The attachment ends with the last descriptor or pin of the link.
func LinkCreate(attr *LinkCreateAttr) (*FD, error) { return open(CmdLinkCreate, attr) }

// LinkUpdateAttr are the attributes of BPF_LINK_UPDATE.
type LinkUpdateAttr struct {
	LinkFD uint32 `bpf:"link_fd"`
	// NewProgFD is also new_map_fd.
	NewProgFD uint32 `bpf:"new_prog_fd"`
	Flags     uint32 `bpf:"flags"`
	// OldProgFD is also old_map_fd.
	OldProgFD uint32 `bpf:"old_prog_fd"`
}

// LinkUpdateReplace in Flags of LinkUpdateAttr makes the update depend on OldProgFD: BPF_F_REPLACE.
const LinkUpdateReplace = 1 << 2

// LinkUpdate puts another program in the place of a link's.
func LinkUpdate(attr *LinkUpdateAttr) error { return call(CmdLinkUpdate, attr) }

type linkDetachAttr struct {
	LinkFD uint32 `bpf:"link_fd"`
}

// LinkDetach ends the attachment and keeps the link.
func LinkDetach(fd int) error { return call(CmdLinkDetach, &linkDetachAttr{uint32(fd)}) }

// LinkInfo is struct bpf_link_info. Target is the union that depends on Type: one of the structures below.
type LinkInfo struct {
	Type   uint32 `bpf:"type"`
	ID     uint32 `bpf:"id"`
	ProgID uint32 `bpf:"prog_id"`
	_      uint32
	Target [6]uint64 // the largest member is uprobe_multi
}

// The link types that have a view of Target: enum bpf_link_type.
const (
	LinkTypeUnspec        = 0
	LinkTypeRawTracepoint = 1
	LinkTypeTracing       = 2
	LinkTypeCgroup        = 3
	LinkTypeIter          = 4
	LinkTypeNetNS         = 5
	LinkTypeXDP           = 6
	LinkTypePerfEvent     = 7
	LinkTypeKprobeMulti   = 8
	LinkTypeStructOps     = 9
	LinkTypeNetfilter     = 10
	LinkTypeTCX           = 11
	LinkTypeUprobeMulti   = 12
	LinkTypeNetkit        = 13
	LinkTypeSockMap       = 14
)

// CgroupLinkInfo is the cgroup member of struct bpf_link_info.
type CgroupLinkInfo struct {
	CgroupID   uint64 `bpf:"cgroup_id"`
	AttachType uint32 `bpf:"attach_type"`
	_          uint32
}

// NetNSLinkInfo is the netns member of struct bpf_link_info.
type NetNSLinkInfo struct {
	NetNSIno   uint32 `bpf:"netns_ino"`
	AttachType uint32 `bpf:"attach_type"`
}

// DeviceLinkInfo is the tcx, netkit and (without AttachType) xdp member of struct bpf_link_info.
type DeviceLinkInfo struct {
	Ifindex    uint32 `bpf:"ifindex"`
	AttachType uint32 `bpf:"attach_type"`
}

// SockMapLinkInfo is the sockmap member of struct bpf_link_info.
type SockMapLinkInfo struct {
	MapID      uint32 `bpf:"map_id"`
	AttachType uint32 `bpf:"attach_type"`
}

// Cgroup returns what a link of LinkTypeCgroup is attached to.
func (i *LinkInfo) Cgroup() CgroupLinkInfo { return *(*CgroupLinkInfo)(unsafe.Pointer(&i.Target)) }

// NetNS returns what a link of LinkTypeNetNS is attached to.
func (i *LinkInfo) NetNS() NetNSLinkInfo { return *(*NetNSLinkInfo)(unsafe.Pointer(&i.Target)) }

// Device returns what a link of LinkTypeXDP, LinkTypeTCX or LinkTypeNetkit is attached to.
func (i *LinkInfo) Device() DeviceLinkInfo { return *(*DeviceLinkInfo)(unsafe.Pointer(&i.Target)) }

// SockMap returns what a link of LinkTypeSockMap is attached to.
func (i *LinkInfo) SockMap() SockMapLinkInfo { return *(*SockMapLinkInfo)(unsafe.Pointer(&i.Target)) }
