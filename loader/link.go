//go:build linux

package loader

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Link is a program attached to a cgroup, a socket map, a network namespace, a network interface or a tracepoint. Close
// detaches it.
//
// Where the kernel has a bpf_link for the place, a Link is one: the attachment ends with its last descriptor or pin, so
// it ends with the process when it is not pinned. On an older kernel (5.6 for cgroups, 6.9 for socket maps) the program
// is attached with BPF_PROG_ATTACH: then the attachment stays until Close, or until the place itself is gone, even when
// the process ends, and it cannot be pinned. Pinnable tells which of the two it is.
//
// Keep a Link for as long as the program is to be attached: one that the garbage collector finds is closed.
//
// Its methods may be called from several goroutines.
type Link struct {
	what string          // "sock_ops program count in cgroup /sys/fs/cgroup/a"
	kind asm.ProgramType // of the program, 0 when not known

	mu    sync.Mutex
	fd    *sys.FD // nil for a plain attachment
	plain *plain
}

// Close detaches the program, unless the link is pinned: then the attachment stays with the pin. Closing again does
// nothing. ENOENT: somebody else detached the program already, or what it was attached to is gone.
func (l *Link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.plain != nil {
		err = l.plain.close()
	} else {
		err = l.fd.Close()
	}
	if err != nil {
		return fmt.Errorf("detach %s: %w", l.what, err)
	}
	return nil
}

// Update puts another program of the same type in the place of the attached one. There is no moment without a program.
func (l *Link) Update(p *Program) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	switch {
	case p == nil:
		err = errors.New("no program")
	case l.kind != asm.UnspecProgram && p.kind != l.kind:
		err = ofType(p, l.kind)
	case l.plain != nil:
		err = l.plain.update(p)
	default:
		err = use(l.fd, func(link int) error {
			return use(p.fd, func(prog int) error {
				return sys.LinkUpdate(&sys.LinkUpdateAttr{LinkFD: uint32(link), NewProgFD: uint32(prog)})
			})
		})
	}
	if err != nil {
		return fmt.Errorf("update %s: %w", l.what, err)
	}
	return nil
}

// Pinnable reports whether the kernel made a bpf_link, which Pin and Info need.
func (l *Link) Pinnable() bool { return l.plain == nil }

var errPlain = fmt.Errorf("attached with BPF_PROG_ATTACH, because this kernel has no link for it: %w", errors.ErrUnsupported)

// Pin gives the link a name in a BPF file system: the program stays attached after Close and after the end of the
// process. errors.ErrUnsupported when it is not Pinnable.
func (l *Link) Pin(path string) error {
	if l.plain != nil {
		return fmt.Errorf("pin %s to %s: %w", l.what, path, errPlain)
	}
	return pin(l.fd, "link of "+l.what, path)
}

// Unpin removes a pin of the link. It refuses to remove anything else.
func (l *Link) Unpin(path string) error {
	info, err := l.Info()
	if err != nil {
		return fmt.Errorf("unpin from %s: %w", path, err)
	}
	return unpin("link of "+l.what, path, func(fd *sys.FD) (bool, error) {
		at, err := linkInfo(fd)
		return err == nil && at.ID == info.ID, err
	})
}

// OpenPinnedLink opens a link that is pinned in a BPF file system. ErrWrongType when something else is pinned there.
func OpenPinnedLink(path string) (*Link, error) {
	fd, err := openPin(path)
	if err != nil {
		return nil, fmt.Errorf("open pinned link %s: %w", path, err)
	}
	info, err := linkInfo(fd)
	if err != nil {
		fd.Close()
		return nil, fmt.Errorf("open pinned link %s: %w", path, err)
	}
	return &Link{what: fmt.Sprintf("program with id %d by link %s", info.ProgID, path), fd: fd}, nil
}

// OpenLinkID opens the link with the given id, see LinkInfo.ID. ENOENT when there is none. It needs Linux 5.8 and
// CAP_SYS_ADMIN.
func OpenLinkID(id uint32) (*Link, error) {
	fd, err := sys.LinkGetFDByID(id)
	if err != nil {
		return nil, fmt.Errorf("open link with id %d: %w", id, sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
	}
	info, err := linkInfo(fd)
	if err != nil {
		fd.Close()
		return nil, fmt.Errorf("open link with id %d: %w", id, err)
	}
	return &Link{what: fmt.Sprintf("program with id %d by link with id %d", info.ProgID, id), fd: fd}, nil
}

// Detach detaches the program now, whatever pins and descriptors the link has; Close alone leaves that to the last of
// them. The kernel knows it for cgroups, network namespaces, socket maps and interfaces (Linux 5.9); the others answer
// errors.ErrUnsupported. Detaching again does nothing.
func (l *Link) Detach() error {
	if l.plain != nil {
		return l.Close()
	}
	err := use(l.fd, sys.LinkDetach)
	if err == unix.EOPNOTSUPP {
		err = &unsupported{"links of this type are detached by closing and unpinning them", err}
	}
	if err != nil {
		return fmt.Errorf("detach %s: %w", l.what, err)
	}
	return nil
}

// LinkInfo is what the kernel tells of a link. The fields that do not belong to its type are zero.
type LinkInfo struct {
	ID         uint32
	Type       LinkType
	ProgramID  uint32
	AttachType asm.AttachType
	CgroupID   uint64 // LinkCgroup: the inode number of the cgroup's directory
	NetNSInode uint32 // LinkNetNS: the inode number in /proc/self/ns/net
	MapID      uint32 // LinkSocketMap
	Interface  int    // LinkXDP, LinkTCX: the index of the network interface, in its network namespace
	Tracepoint string // LinkRawTracepoint
}

// Info asks the kernel about the link. After Detach, or the end of what it was attached to, CgroupID, NetNSInode, MapID and
// Interface are 0. errors.ErrUnsupported when it is not Pinnable.
func (l *Link) Info() (LinkInfo, error) {
	if l.plain != nil {
		return LinkInfo{}, fmt.Errorf("info of %s: %w", l.what, errPlain)
	}
	info, err := linkInfo(l.fd)
	if err != nil {
		return LinkInfo{}, fmt.Errorf("info of %s: %w", l.what, err)
	}
	out := LinkInfo{ID: info.ID, Type: LinkType(info.Type), ProgramID: info.ProgID}
	switch out.Type {
	case LinkXDP:
		out.AttachType, out.Interface = asm.AttachXDP, int(info.Device().Ifindex)
	case LinkTCX:
		target := info.Device()
		out.AttachType, out.Interface = asm.AttachType(target.AttachType), int(target.Ifindex)
	case LinkRawTracepoint:
		err := use(l.fd, func(n int) (err error) {
			out.Tracepoint, err = sys.RawTracepointName(n)
			return err
		})
		if err != nil {
			return LinkInfo{}, fmt.Errorf("info of %s: %w", l.what, err)
		}
	case LinkCgroup:
		target := info.Cgroup()
		out.AttachType, out.CgroupID = asm.AttachType(target.AttachType), target.CgroupID
	case LinkNetNS:
		target := info.NetNS()
		out.AttachType, out.NetNSInode = asm.AttachType(target.AttachType), target.NetNSIno
	case LinkSocketMap:
		target := info.SockMap()
		out.AttachType, out.MapID = asm.AttachType(target.AttachType), target.MapID
	}
	return out, nil
}

func linkInfo(fd *sys.FD) (sys.LinkInfo, error) {
	var info sys.LinkInfo
	err := use(fd, func(n int) error {
		if err := isKind(n, "link"); err != nil {
			return err
		}
		return sys.ObjGetInfo(n, &info)
	})
	return info, err
}
