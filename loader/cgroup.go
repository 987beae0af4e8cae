//go:build linux

package loader

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// AttachCgroup attaches a program to the cgroup (version 2) whose directory is path: it runs for the processes in it and
// in the cgroups below, along with the other programs attached there. The types are sock_ops, cgroup_skb, cgroup_sock,
// cgroup_sock_addr, cgroup_sockopt, cgroup_device and cgroup_sysctl, each attached where its AttachType says.
//
// Sockets belong to the cgroup that their process was in when they were made: a sock_ops program sees no socket that is
// older than its process's membership.
//
// EPERM: CAP_NET_ADMIN is missing for a cgroup_skb program, or the cgroup, or one above it, has a program that was attached
// to be alone there. EBADF: path is no directory of a cgroup file system of version 2.
func AttachCgroup(path string, p *Program) (*Link, error) {
	fd, err := openPath(path)
	if err != nil {
		return nil, fmt.Errorf("attach to cgroup %s: %w", path, err)
	}
	defer fd.Close()
	return attachCgroup(fd, path, p)
}

// AttachCgroupFile is AttachCgroup for a directory that is open already, by another process perhaps.
func AttachCgroupFile(dir *os.File, p *Program) (*Link, error) {
	fd, err := dupFile(dir)
	if err != nil {
		return nil, fmt.Errorf("attach to cgroup: %w", err)
	}
	defer fd.Close()
	return attachCgroup(fd, dir.Name(), p)
}

func attachCgroup(fd *sys.FD, path string, p *Program) (*Link, error) {
	at, err := cgroupAttachType(p)
	if err != nil {
		return nil, fmt.Errorf("attach to cgroup %s: %w", path, err)
	}
	to := place{fd: fd, name: "cgroup " + path, at: at, flags: sys.AttachAllowMulti, replace: sys.AttachReplace}
	link, err := attach(to, p)
	if err != nil {
		return nil, fmt.Errorf("attach %s: %w", to.what(p), explainCgroup(err))
	}
	return link, nil
}

// cgroupAttachType returns where a program goes.
func cgroupAttachType(p *Program) (asm.AttachType, error) {
	err := ofType(p, asm.SockOps, asm.CgroupSKB, asm.CgroupSock, asm.CgroupSockAddr, asm.CgroupSockopt, asm.CgroupDevice,
		asm.CgroupSysctl)
	if err != nil {
		return 0, err
	}
	switch p.kind {
	case asm.SockOps:
		return asm.AttachCgroupSockOps, nil
	case asm.CgroupDevice:
		return asm.AttachCgroupDevice, nil
	case asm.CgroupSysctl:
		return asm.AttachCgroupSysctl, nil
	case asm.CgroupSock:
		if p.attach == 0 {
			return asm.AttachCgroupInetSockCreate, nil // what the kernel takes 0 for when such a program is loaded
		}
	case asm.CgroupSockAddr, asm.CgroupSockopt:
		if p.attach == 0 {
			return 0, fmt.Errorf("the attach type of %v program %s is not known; give it in OpenOptions", p.kind, p.name)
		}
	}
	return p.attach, nil
}

func explainCgroup(err error) error {
	explained := explainAttach(err)
	var permission *sys.PermissionError
	switch {
	case errors.As(explained, &permission) && len(permission.Missing) == 0:
		return fmt.Errorf("%w (the cgroup or one above it has a program that was attached without BPF_F_ALLOW_MULTI)", err)
	case err == unix.EBADF:
		return fmt.Errorf("%w (it is no directory of a cgroup file system of version 2)", err)
	}
	return explained
}

// CgroupPrograms returns the ids of the programs that are attached to the cgroup itself at the given place, in the order
// in which they run. It needs CAP_NET_ADMIN.
func CgroupPrograms(path string, at asm.AttachType) ([]uint32, error) {
	fd, err := openPath(path)
	if err != nil {
		return nil, fmt.Errorf("list %v programs of cgroup %s: %w", at, path, err)
	}
	defer fd.Close()
	ids, err := query(fd, at)
	if err != nil {
		return nil, fmt.Errorf("list %v programs of cgroup %s: %w", at, path, explainAttach(err))
	}
	return ids, nil
}

// DetachCgroup detaches a program that was attached to a cgroup with BPF_PROG_ATTACH, whoever did that: bpftool, or
// AttachCgroup before Linux 5.7. One that is attached by a Link is detached by that, see Links. ENOENT: the program is not
// attached there in this way.
func DetachCgroup(path string, p *Program) error {
	fd, err := openPath(path)
	if err != nil {
		return fmt.Errorf("detach from cgroup %s: %w", path, err)
	}
	defer fd.Close()
	at, err := cgroupAttachType(p)
	if err != nil {
		return fmt.Errorf("detach from cgroup %s: %w", path, err)
	}
	to := place{fd: fd, name: "cgroup " + path, at: at}
	if err := detachPlain(to, p); err != nil {
		return fmt.Errorf("detach %v program %s from %s: %w", p.kind, p.name, to.name, explainCgroup(err))
	}
	return nil
}

// query lists the programs at a place.
func query(fd *sys.FD, at asm.AttachType) (ids []uint32, err error) {
	err = use(fd, func(target int) error {
		for room := uint32(16); ; {
			ids = make([]uint32, room)
			attr := sys.ProgQueryAttr{TargetFD: uint32(target), AttachType: uint32(at), ProgIDs: sys.SlicePointer(ids), Count: room}
			err := sys.ProgQuery(&attr)
			if err == unix.ENOSPC && attr.Count > room {
				room = attr.Count
				continue
			}
			if err == nil {
				ids = ids[:attr.Count]
			}
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// openPath opens a directory or file for nothing but naming it to the kernel.
func openPath(path string) (*sys.FD, error) {
	for {
		n, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		switch err {
		case nil:
			return sys.AdoptFD(n)
		case unix.EINTR:
		default:
			return nil, err
		}
	}
}

// dupFile makes a descriptor of our own of a file's.
func dupFile(f *os.File) (*sys.FD, error) {
	raw, err := f.SyscallConn() // refuses a nil File
	if err != nil {
		return nil, err
	}
	var n int
	var dupErr error
	if err := raw.Control(func(fd uintptr) { n, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3) }); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, dupErr
	}
	return sys.AdoptFD(n)
}
