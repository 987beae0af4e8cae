//go:build linux

package loader

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// AttachRawTracepoint attaches a program of type raw_tracepoint or raw_tracepoint_writable to the tracepoint of the given
// name, such as sched_switch: the last part of its directory in tracefs. It runs wherever the kernel comes by there, in
// every process.
//
// ENOENT: the kernel has no such tracepoint. EINVAL: the program reads more arguments than the tracepoint has. It needs
// Linux 4.17, to be pinned 5.7, and CAP_PERFMON.
func AttachRawTracepoint(name string, p *Program) (*Link, error) {
	if err := ofType(p, asm.RawTracepoint, asm.RawTracepointWritable); err != nil {
		return nil, fmt.Errorf("attach to tracepoint %s: %w", name, err)
	}
	if strings.Contains(name, "\x00") {
		return nil, fmt.Errorf("attach to tracepoint %q: %w", name, unix.EINVAL)
	}
	what := fmt.Sprintf("%v program %s to tracepoint %s", p.kind, p.name, name)
	var link *sys.FD
	err := use(p.fd, func(prog int) (err error) {
		link, err = sys.RawTracepointOpen(&sys.RawTracepointOpenAttr{Name: sys.StringPointer(name), ProgFD: uint32(prog)})
		return err
	})
	switch err {
	case nil:
		return &Link{what: what, kind: p.kind, fd: link}, nil
	case unix.ENOENT:
		err = fmt.Errorf("%w (the kernel has no such tracepoint; the names are in the directory events of tracefs, without that of the subsystem)", err)
	}
	return nil, fmt.Errorf("attach %s: %w", what, sys.ExplainPermission(err, capability.CAP_PERFMON))
}
