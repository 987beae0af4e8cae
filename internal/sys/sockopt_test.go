//go:build linux

package sys

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestSocketFilter(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if got, err := Filter(fd); err != nil || len(got) != 0 {
		t.Errorf("filter of a fresh socket: %v, %v", got, err)
	}
	if err := DetachFilter(fd); err != unix.ENOENT {
		t.Errorf("detach of nothing: %v", err)
	}
	if err := DetachReuseport(fd); err != unix.EINVAL {
		t.Errorf("detach from no group: %v", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := DetachReuseport(fd); err != unix.ENOENT {
		t.Errorf("detach of no selector: %v", err)
	}
	if err := AttachReuseportFilter(fd, []unix.SockFilter{{Code: 0x06}}); err != nil { // ret #0
		t.Error(err)
	}
	if err := DetachReuseport(fd); err != nil {
		t.Error(err)
	}
	accept := []unix.SockFilter{{Code: 0x80}, {Code: 0x16}} // ld len; ret a
	for _, bad := range [][]unix.SockFilter{nil, make([]unix.SockFilter, maxFilter+1), make([]unix.SockFilter, 1<<16+1)} {
		if err := AttachFilter(fd, bad); err != unix.EINVAL {
			t.Errorf("filter of %d instructions: %v, want EINVAL", len(bad), err)
		}
	}
	if err := AttachFilter(fd, accept); err != nil {
		t.Fatal(err)
	}
	if got, err := Filter(fd); err != nil || cmp.Diff(accept, got) != "" {
		t.Errorf("read back %v, %v", got, err)
	}
	if err := DetachFilter(fd); err != nil {
		t.Error(err)
	}
	if err := AttachFilter(fd, accept); err != nil {
		t.Fatal(err)
	}
	if err := LockFilter(fd); err != nil {
		t.Fatal(err)
	}
	if err := DetachFilter(fd); err != unix.EPERM {
		t.Errorf("detach of a locked filter: %v, want EPERM", err)
	}
	if cookie, err := SocketCookie(fd); err != nil || cookie == 0 {
		t.Errorf("cookie %d, %v", cookie, err)
	}
}
