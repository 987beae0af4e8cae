//go:build linux

package sys

import (
	"bytes"
	"unsafe"
)

// RawTracepointOpenAttr are the attributes of BPF_RAW_TRACEPOINT_OPEN.
type RawTracepointOpenAttr struct {
	Name   Pointer `bpf:"name"`
	ProgFD uint32  `bpf:"prog_fd"`
	_      uint32
	Cookie uint64 `bpf:"cookie"` // Linux 6.10
}

// RawTracepointOpen attaches a program to a tracepoint and returns the link.
func RawTracepointOpen(attr *RawTracepointOpenAttr) (*FD, error) {
	return open(CmdRawTracepointOpen, attr)
}

// RawTracepointLinkInfo is the raw_tracepoint member of struct bpf_link_info. Name is room for the name of the
// tracepoint and a final NUL, NameLen its size.
type RawTracepointLinkInfo struct {
	Name    Pointer `bpf:"tp_name"`
	NameLen uint32  `bpf:"tp_name_len"`
	_       uint32
	Cookie  uint64 `bpf:"cookie"`
}

// rawTracepointLinkInfo is struct bpf_link_info with the member for raw tracepoints alone.
type rawTracepointLinkInfo struct {
	Type   uint32
	ID     uint32
	ProgID uint32
	_      uint32
	Target RawTracepointLinkInfo
	_      [3]uint64
}

// RawTracepointName returns the name of the tracepoint that a link of LinkTypeRawTracepoint is attached to.
func RawTracepointName(fd int) (string, error) {
	name := make([]byte, 128) // the kernel has none of half that length
	info := rawTracepointLinkInfo{Target: RawTracepointLinkInfo{Name: BytesPointer(name), NameLen: uint32(len(name))}}
	err := call(CmdObjGetInfoByFD, &ObjInfoAttr{
		BPFFD:   uint32(fd),
		InfoLen: uint32(unsafe.Sizeof(info)),
		Info:    PointerTo(&info),
	})
	if err != nil {
		return "", err
	}
	name, _, _ = bytes.Cut(name, []byte{0})
	return string(name), nil
}
