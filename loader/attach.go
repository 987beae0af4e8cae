//go:build linux

package loader

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// place is what a program is attached to.
type place struct {
	fd    *sys.FD
	name  string
	at    asm.AttachType
	flags uint32 // of BPF_PROG_ATTACH
	// replace is the flag that BPF_PROG_ATTACH needs to put a program in the place of another.
	replace uint32
}

func (at place) what(p *Program) string {
	return p.kind.String() + " program " + p.name + " to " + at.name
}

// attach makes a link, or attaches plainly where the kernel knows no link for the place.
func attach(at place, p *Program) (*Link, error) {
	link, err := attachLink(at, p)
	if err == unix.EINVAL {
		link, err = attachPlain(at, p)
	}
	return link, err
}

// attachLink attaches with BPF_LINK_CREATE.
func attachLink(at place, p *Program) (*Link, error) {
	var link *sys.FD
	err := use(at.fd, func(target int) error {
		return use(p.fd, func(prog int) (err error) {
			link, err = sys.LinkCreate(&sys.LinkCreateAttr{ProgFD: uint32(prog), TargetFD: uint32(target), AttachType: uint32(at.at)})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return &Link{what: at.what(p), kind: p.kind, fd: link}, nil
}

// plain is an attachment made with BPF_PROG_ATTACH.
type plain struct {
	target  *sys.FD
	program *sys.FD // the attached one, which detaching and replacing need to be told
	at      asm.AttachType
	flags   uint32
	replace uint32 // the flag for putting another program in its place: AttachReplace, or 0 where attaching just does so
	closed  bool
}

// attachPlain attaches with BPF_PROG_ATTACH.
func attachPlain(at place, p *Program) (*Link, error) {
	target, err := at.fd.Dup()
	if err != nil {
		return nil, err
	}
	program, err := p.fd.Dup()
	if err != nil {
		target.Close()
		return nil, err
	}
	a := &plain{target: target, program: program, at: at.at, flags: at.flags, replace: at.replace}
	if err := a.attach(program, 0, 0); err != nil {
		target.Close()
		program.Close()
		return nil, err
	}
	return &Link{what: at.what(p), kind: p.kind, plain: a}, nil
}

func (a *plain) attach(program *sys.FD, flags uint32, old int) error {
	return use(a.target, func(target int) error {
		return use(program, func(prog int) error {
			return sys.ProgAttach(&sys.ProgAttachAttr{
				TargetFD: uint32(target), AttachBPFFD: uint32(prog), AttachType: uint32(a.at),
				AttachFlags: a.flags | flags, ReplaceBPFFD: uint32(old),
			})
		})
	})
}

func (a *plain) update(p *Program) error {
	if a.closed {
		return os.ErrClosed
	}
	program, err := p.fd.Dup()
	if err != nil {
		return err
	}
	err = use(a.program, func(old int) error {
		if a.replace == 0 {
			old = 0
		}
		return a.attach(program, a.replace, old)
	})
	if err != nil {
		program.Close()
		return err
	}
	a.program.Close()
	a.program = program
	return nil
}

func (a *plain) close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	err := detach(a.target, a.program, a.at)
	a.target.Close()
	a.program.Close()
	return err
}

// detachPlain detaches what was attached with BPF_PROG_ATTACH.
func detachPlain(from place, p *Program) error { return detach(from.fd, p.fd, from.at) }

func detach(target, program *sys.FD, at asm.AttachType) error {
	return use(target, func(target int) error {
		return use(program, func(prog int) error {
			return sys.ProgDetach(&sys.ProgAttachAttr{TargetFD: uint32(target), AttachBPFFD: uint32(prog), AttachType: uint32(at)})
		})
	})
}

// explainAttach turns EPERM into the capability that is missing for attaching.
func explainAttach(err error) error { return sys.ExplainPermission(err, capability.CAP_NET_ADMIN) }
