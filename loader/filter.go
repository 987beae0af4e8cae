//go:build linux

package loader

import (
	"fmt"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// AttachSocketFilter makes a program of type socket_filter decide what a socket receives: SO_ATTACH_BPF. It returns the
// number of bytes to keep of a packet, 0 to drop it. It takes the place of the filter the socket had, classic or not, and
// stays when p is closed. EPERM: LockFilter was called.
//
// Packets that came in before stay in the socket's queue. Where that matters, attach a filter that drops everything, read
// the queue until it is empty, and then attach the right one.
func AttachSocketFilter(conn syscall.Conn, p *Program) error {
	if err := ofType(p, asm.SocketFilter); err != nil {
		return fmt.Errorf("attach a socket filter: %w", err)
	}
	return onSocket(conn, "attach program "+p.name+" to a socket", func(fd int) error {
		return use(p.fd, func(prog int) error { return explainFilter(sys.AttachFilterProg(fd, prog)) })
	})
}

// AttachClassicFilter is AttachSocketFilter for a classic filter: SO_ATTACH_FILTER. EINVAL: the kernel's check refuses it.
func AttachClassicFilter(conn syscall.Conn, filter []bpf.RawInstruction) error {
	what := "attach a classic filter to a socket"
	raw, err := sockFilter(filter)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return onSocket(conn, what, func(fd int) error { return explainFilter(sys.AttachFilter(fd, raw)) })
}

// DetachFilter takes the filter, classic or not, from a socket: SO_DETACH_FILTER. ENOENT: the socket has none. EPERM:
// LockFilter was called.
func DetachFilter(conn syscall.Conn) error {
	return onSocket(conn, "detach the filter of a socket", func(fd int) error {
		return explainFilter(sys.DetachFilter(fd))
	})
}

// LockFilter makes sure that the filter of a socket, or that it has none, is not changed any more: SO_LOCK_FILTER. There
// is no unlocking. A privileged process does this before it hands the socket to one that is not.
func LockFilter(conn syscall.Conn) error {
	return onSocket(conn, "lock the filter of a socket", func(fd int) error {
		return explainSocket(sys.LockFilter(fd))
	})
}

// ClassicFilter returns the classic filter of a socket as it was attached: SO_GET_FILTER. It is empty when the socket has
// none. EACCES: the socket has a filter that is not classic. ENOENT: it was attached without keeping the original.
func ClassicFilter(conn syscall.Conn) ([]bpf.RawInstruction, error) {
	var filter []bpf.RawInstruction
	err := onSocket(conn, "read the classic filter of a socket", func(fd int) error {
		raw, err := sys.Filter(fd)
		for _, f := range raw {
			filter = append(filter, bpf.RawInstruction{Op: f.Code, Jt: f.Jt, Jf: f.Jf, K: f.K})
		}
		return explainSocket(err, meaning{unix.EACCES, "the filter is not a classic one"})
	})
	return filter, err
}

func explainFilter(err error) error {
	return explainSocket(err, optmem,
		meaning{unix.EPERM, "the filter of the socket is locked"},
		meaning{unix.ENOENT, "the socket has no filter"},
		meaning{unix.EINVAL, "the kernel does not accept the filter"})
}
