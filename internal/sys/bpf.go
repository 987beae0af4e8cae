//go:build linux

// Package sys speaks bpf(2): one Go function for each command that this module uses, with the attributes that the
// kernel expects.
//
// Everything that needs package unsafe is here. An attribute structure mirrors one member of union bpf_attr; the tag of
// each field is its name in include/uapi/linux/bpf.h, and a test compares offsets and sizes with the running kernel's
// BTF. Fields of 8 bytes are preceded by explicit padding where C would insert it, because Go aligns them to 4 bytes on
// 32-bit machines. Memory is handed over as a Pointer, which has 8 bytes everywhere and keeps its object alive:
//
//	fd, err := sys.MapCreate(&sys.MapCreateAttr{MapType: 1, KeySize: 4, ValueSize: 8, MaxEntries: 1})
//	key, value := uint32(0), uint64(42)
//	err = sys.MapUpdate(fd.Int(), sys.PointerTo(&key), sys.PointerTo(&value), 0)
//
// Errors are bare unix.Errno values: the callers know the names and say what they were doing. The attributes of
// Linux 6.18 are handed to every kernel; an older one accepts the fields that it does not know as long as they are zero
// and returns E2BIG otherwise.
package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Cmd is the first argument of bpf(2): enum bpf_cmd of include/uapi/linux/bpf.h.
type Cmd int

// The commands of Linux 6.18.
const (
	CmdMapCreate               Cmd = 0
	CmdMapLookupElem           Cmd = 1
	CmdMapUpdateElem           Cmd = 2
	CmdMapDeleteElem           Cmd = 3
	CmdMapGetNextKey           Cmd = 4
	CmdProgLoad                Cmd = 5
	CmdObjPin                  Cmd = 6
	CmdObjGet                  Cmd = 7
	CmdProgAttach              Cmd = 8
	CmdProgDetach              Cmd = 9
	CmdProgTestRun             Cmd = 10
	CmdProgGetNextID           Cmd = 11
	CmdMapGetNextID            Cmd = 12
	CmdProgGetFDByID           Cmd = 13
	CmdMapGetFDByID            Cmd = 14
	CmdObjGetInfoByFD          Cmd = 15
	CmdProgQuery               Cmd = 16
	CmdRawTracepointOpen       Cmd = 17
	CmdBTFLoad                 Cmd = 18
	CmdBTFGetFDByID            Cmd = 19
	CmdTaskFDQuery             Cmd = 20
	CmdMapLookupAndDeleteElem  Cmd = 21
	CmdMapFreeze               Cmd = 22
	CmdBTFGetNextID            Cmd = 23
	CmdMapLookupBatch          Cmd = 24
	CmdMapLookupAndDeleteBatch Cmd = 25
	CmdMapUpdateBatch          Cmd = 26
	CmdMapDeleteBatch          Cmd = 27
	CmdLinkCreate              Cmd = 28
	CmdLinkUpdate              Cmd = 29
	CmdLinkGetFDByID           Cmd = 30
	CmdLinkGetNextID           Cmd = 31
	CmdEnableStats             Cmd = 32
	CmdIterCreate              Cmd = 33
	CmdLinkDetach              Cmd = 34
	CmdProgBindMap             Cmd = 35
	CmdTokenCreate             Cmd = 36
	CmdProgStreamReadByFD      Cmd = 37
)

// ENOTSUPP is what some commands answer when a kind of map or program does not have them. It is internal to the kernel,
// has no name in errno.h and is not EOPNOTSUPP.
const ENOTSUPP = unix.Errno(524)

// ObjNameLen is the size of the name of a map or program including its final NUL: BPF_OBJ_NAME_LEN.
const ObjNameLen = 16

// ObjName is a name as the kernel stores it, padded with NUL.
type ObjName [ObjNameLen]byte

// NewObjName makes a name that the kernel accepts: the first 15 bytes of s, with '_' for everything but ASCII letters,
// digits, '_' and '.'.
func NewObjName(s string) ObjName {
	var n ObjName
	for i := range min(len(s), ObjNameLen-1) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.':
			n[i] = c
		default:
			n[i] = '_'
		}
	}
	return n
}

// String returns the name up to the first NUL.
func (n ObjName) String() string {
	for i, c := range n {
		if c == 0 {
			return string(n[:i])
		}
	}
	return string(n[:])
}

// BPF calls bpf(2) with size bytes of attributes at attr and returns its result. The error is a bare unix.Errno.
//
// A call that a signal interrupted is repeated, except BPF_PROG_TEST_RUN, which may have run the program some of the
// times it was asked to.
func BPF(cmd Cmd, attr unsafe.Pointer, size uintptr) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
		switch {
		case errno == 0:
			return int(r), nil
		case errno == unix.EINTR && cmd != CmdProgTestRun:
		default:
			return -1, errno
		}
	}
}

// call is BPF for attributes of a known type.
func call[T any](cmd Cmd, attr *T) error {
	_, err := BPF(cmd, unsafe.Pointer(attr), unsafe.Sizeof(*attr))
	return err
}

// open is BPF for the commands that return a new descriptor.
func open[T any](cmd Cmd, attr *T) (*FD, error) {
	fd, err := BPF(cmd, unsafe.Pointer(attr), unsafe.Sizeof(*attr))
	if err != nil {
		return nil, err
	}
	return newFD(fd)
}
