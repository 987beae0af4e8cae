//go:build linux

package loader

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Program is a program in the kernel. It owns a descriptor; the kernel keeps the program for as long as there is a
// descriptor, a pin or a place where it is attached.
//
// Its methods may be called from several goroutines.
type Program struct {
	fd     *sys.FD
	name   string
	kind   asm.ProgramType
	attach asm.AttachType
	log    string
}

// Name returns the name: the whole of it for a program that Load made, the kernel's 15 bytes for one that was opened.
func (p *Program) Name() string { return p.name }

// Type returns the type.
func (p *Program) Type() asm.ProgramType { return p.kind }

// AttachType returns the attach type that the program was loaded for. The kernel does not tell it of a program that was
// opened: there it is the one of OpenOptions.
func (p *Program) AttachType() asm.AttachType { return p.attach }

// Log returns what the verifier wrote when Options.Log asked for it.
func (p *Program) Log() string { return p.log }

// FD returns the descriptor's number, -1 after Close. The Program keeps owning it: runtime.KeepAlive(p) where the number
// is used longer than p.
func (p *Program) FD() int { return p.fd.Int() }

// Close gives the descriptor up. What the program is attached to keeps it. Closing again does nothing.
func (p *Program) Close() error { return p.fd.Close() }

// Pin gives the program a name in a BPF file system, which keeps it loaded. EEXIST when the path exists, EPERM when it
// is not in a BPF file system.
func (p *Program) Pin(path string) error {
	return pin(p.fd, "program "+p.name, path)
}

// Unpin removes a pin of the program. It refuses to remove anything else.
func (p *Program) Unpin(path string) error {
	what := "program " + p.name
	info, err := p.info()
	if err != nil {
		return fmt.Errorf("unpin %s from %s: %w", what, path, err)
	}
	return unpin(what, path, func(fd *sys.FD) (bool, error) {
		at, err := programInfo(fd)
		return err == nil && at.ID == info.ID, err
	})
}

// OpenOptions say what is known of a program that another process loaded.
type OpenOptions struct {
	// Type is the type that the program must have; asm.UnspecProgram takes any.
	Type asm.ProgramType
	// AttachType is the attach type the program was loaded for. The kernel does not tell it. Attaching to a cgroup or to a
	// socket map needs it for the types that have more than one.
	AttachType asm.AttachType
}

// OpenPinned opens a program that is pinned in a BPF file system. ENOENT when nothing is there, EINVAL when it is no BPF
// object, ErrWrongType when it is one of another kind.
func OpenPinned(path string, opts *OpenOptions) (*Program, error) {
	fd, err := openPin(path)
	if err != nil {
		return nil, fmt.Errorf("open pinned program %s: %w", path, err)
	}
	p, err := opened(fd, opts)
	if err != nil {
		return nil, fmt.Errorf("open pinned program %s: %w", path, err)
	}
	return p, nil
}

// OpenID opens the program with the given id, see Info.ID. ENOENT when there is none. It needs CAP_SYS_ADMIN.
func OpenID(id uint32, opts *OpenOptions) (*Program, error) {
	fd, err := sys.ProgGetFDByID(id)
	if err != nil {
		return nil, fmt.Errorf("open program with id %d: %w", id, sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
	}
	p, err := opened(fd, opts)
	if err != nil {
		return nil, fmt.Errorf("open program with id %d: %w", id, err)
	}
	return p, nil
}

// opened makes a Program of a descriptor, which it takes over.
func opened(fd *sys.FD, opts *OpenOptions) (*Program, error) {
	if opts == nil {
		opts = new(OpenOptions)
	}
	info, err := programInfo(fd)
	if err != nil {
		fd.Close()
		return nil, err
	}
	p := &Program{fd: fd, name: info.Name.String(), kind: asm.ProgramType(info.Type), attach: opts.AttachType}
	if opts.Type != asm.UnspecProgram && opts.Type != p.kind {
		fd.Close()
		return nil, fmt.Errorf("%w: %s is of type %v, not %v", ErrWrongType, p.name, p.kind, opts.Type)
	}
	return p, nil
}

func (p *Program) info() (sys.ProgInfo, error) { return programInfo(p.fd) }

// programInfo returns what can be told without room for lists.
func programInfo(fd *sys.FD) (sys.ProgInfo, error) {
	var info sys.ProgInfo
	err := use(fd, func(n int) error {
		if err := isKind(n, "prog"); err != nil {
			return err
		}
		return sys.ObjGetInfo(n, &info)
	})
	return info, err
}
