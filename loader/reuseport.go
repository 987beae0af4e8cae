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

// AttachReuseport makes a program of type sk_reuseport or socket_filter choose the socket of the reuseport group that a
// datagram or a TCP connection request goes to: SO_ATTACH_REUSEPORT_EBPF. The group are the sockets of one protocol, bound
// to one address and port with SO_REUSEPORT; conn is any of them. The program takes the place of the one the group had.
// It stays when p is closed, and goes with the last socket of the group or with DetachReuseport.
//
// Attach after bind. A socket that has a program before it is bound is a group of its own, and binding it to an address
// where a group exists fails with EADDRINUSE. A group that exists already hands its program on to sockets that join it.
//
// EINVAL: the socket was bound without SO_REUSEPORT. Attaching needs no privilege.
func AttachReuseport(conn syscall.Conn, p *Program) error {
	what := "attach to a reuseport group"
	if err := ofType(p, asm.SkReuseport, asm.SocketFilter); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return onSocket(conn, "attach program "+p.name+" to a reuseport group", func(fd int) error {
		return use(p.fd, func(prog int) error { return explainReuseport(sys.AttachReuseportProg(fd, prog)) })
	})
}

// AttachReuseportClassic is AttachReuseport for a classic filter, which needs no privilege at all:
// SO_ATTACH_REUSEPORT_CBPF. Its result is the index of the socket in the group, in the order of bind as long as none has
// been closed; when it is not below their number the kernel chooses by hash. The packet begins behind the transport
// header. A load beyond its end ends the filter with 0, the first socket: guard the length.
func AttachReuseportClassic(conn syscall.Conn, filter []bpf.RawInstruction) error {
	what := "attach a classic filter to a reuseport group"
	raw, err := sockFilter(filter)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return onSocket(conn, what, func(fd int) error { return explainReuseport(sys.AttachReuseportFilter(fd, raw)) })
}

// DetachReuseport takes the program from the reuseport group that conn is in, so that the kernel chooses by hash again:
// SO_DETACH_REUSEPORT_BPF (Linux 5.3). ENOENT when the group has no program.
func DetachReuseport(conn syscall.Conn) error {
	return onSocket(conn, "detach the program of a reuseport group", func(fd int) error {
		return explainSocket(sys.DetachReuseport(fd),
			meaning{unix.ENOENT, "the group has none"},
			meaning{unix.EINVAL, "the socket is in no reuseport group"})
	})
}

func explainReuseport(err error) error {
	return explainSocket(err, optmem,
		meaning{unix.EINVAL, "was the socket bound with SO_REUSEPORT, and is the program valid?"},
		meaning{sys.ENOTSUPP, "sockets other than UDP and TCP have no reuseport groups"})
}
