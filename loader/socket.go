//go:build linux

package loader

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// onSocket calls f with the descriptor of a socket. what is the whole of what f does, for the error.
func onSocket(conn syscall.Conn, what string, f func(fd int) error) error {
	if conn == nil {
		return fmt.Errorf("%s: no socket", what)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
		if err == nil {
			err = inner
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// ofType refuses a program of another type than those given.
func ofType(p *Program, types ...asm.ProgramType) error {
	if p == nil {
		return errors.New("no program")
	}
	for _, t := range types {
		if p.kind == t {
			return nil
		}
	}
	return fmt.Errorf("%w: it is a %v program, and must be %s", ErrWrongType, p.kind, alternatives(types))
}

// alternatives joins names with "or".
func alternatives[T fmt.Stringer](names []T) string {
	s := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s += " or "
		default:
			s += ", "
		}
		s += n.String()
	}
	return s
}

// maxClassic is BPF_MAXINSNS, the length of the longest classic filter.
const maxClassic = 4096

// sockFilter turns assembled classic instructions into the kernel's struct.
func sockFilter(filter []bpf.RawInstruction) ([]unix.SockFilter, error) {
	switch {
	case len(filter) == 0:
		return nil, fmt.Errorf("the filter has no instructions: %w", unix.EINVAL)
	case len(filter) > maxClassic:
		return nil, fmt.Errorf("the filter has %d instructions, the kernel takes %d: %w", len(filter), maxClassic, unix.EINVAL)
	}
	out := make([]unix.SockFilter, len(filter))
	for i, r := range filter {
		out[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return out, nil
}

// explainSocket adds what the errno of a socket option means here.
func explainSocket(err error, meanings ...meaning) error {
	for _, m := range meanings {
		if err == m.errno {
			if m.errno == sys.ENOTSUPP {
				return &unsupported{m.text, err}
			}
			return fmt.Errorf("%w (%s)", err, m.text)
		}
	}
	return err
}

type meaning struct {
	errno unix.Errno
	text  string
}

// optmem is what ENOMEM means for every socket option that attaches a program.
var optmem = meaning{unix.ENOMEM, "the program is larger than the sysctl net.core.optmem_max lets a socket hold"}
