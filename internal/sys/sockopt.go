//go:build linux

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The functions of this file work on a plain socket descriptor, such as the one that syscall.RawConn.Control passes.

// SocketCookie returns SO_COOKIE, the number that names the socket on this machine for all time.
func SocketCookie(fd int) (uint64, error) {
	return unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
}

// AttachFilterProg sets a loaded program as the filter of a socket: SO_ATTACH_BPF.
func AttachFilterProg(fd, prog int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, prog)
}

// AttachFilter sets a classic filter on a socket: SO_ATTACH_FILTER.
func AttachFilter(fd int, filter []unix.SockFilter) error {
	return setFilter(fd, unix.SO_ATTACH_FILTER, filter)
}

// DetachFilter removes the filter of a socket, classic or not: SO_DETACH_FILTER. ENOENT means that it has none, EPERM
// that LockFilter was called.
func DetachFilter(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
}

// LockFilter makes the filter of a socket unchangeable: SO_LOCK_FILTER.
func LockFilter(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1)
}

// AttachReuseportProg sets a loaded program as the selector of a socket's reuseport group: SO_ATTACH_REUSEPORT_EBPF.
func AttachReuseportProg(fd, prog int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, prog)
}

// AttachReuseportFilter sets a classic filter as the selector of a socket's reuseport group: SO_ATTACH_REUSEPORT_CBPF.
func AttachReuseportFilter(fd int, filter []unix.SockFilter) error {
	return setFilter(fd, unix.SO_ATTACH_REUSEPORT_CBPF, filter)
}

// DetachReuseport removes the selector of a socket's reuseport group: SO_DETACH_REUSEPORT_BPF. ENOENT means that it has
// none, EINVAL that the socket is in no group.
func DetachReuseport(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
}

// Filter reads back the classic filter of a socket: SO_GET_FILTER. It is empty when the socket has none; EACCES means
// that the socket has a filter which is not classic.
func Filter(fd int) ([]unix.SockFilter, error) {
	n, err := getFilter(fd, nil)
	for attempt := 0; err == nil && n > 0; attempt++ {
		filter := make([]unix.SockFilter, n)
		if n, err = getFilter(fd, filter); err == nil {
			return filter[:n], nil
		}
		// The filter was replaced by a longer one meanwhile.
		if err == unix.EINVAL && attempt < filterAttempts {
			n, err = getFilter(fd, nil)
		}
	}
	return nil, err
}

// filterAttempts bounds how often Filter runs after a socket whose filter keeps growing.
const filterAttempts = 8

// setFilter refuses lengths beyond 16 bits, which would wrap.
func setFilter(fd, option int, filter []unix.SockFilter) error {
	if len(filter) == 0 || len(filter) > maxFilter {
		return unix.EINVAL
	}
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, option, &fprog)
}

// maxFilter is BPF_MAXINSNS.
const maxFilter = 4096

// getFilter returns the number of instructions of the filter. SO_GET_FILTER counts in instructions where other options
// count in bytes, and has the number of SO_ATTACH_FILTER.
func getFilter(fd int, room []unix.SockFilter) (int, error) {
	n := uint32(len(room))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_GET_FILTER,
		uintptr(unsafe.Pointer(unsafe.SliceData(room))), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
