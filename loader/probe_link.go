//go:build linux

package loader

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// HaveLink asks whether the kernel has links of type t, so that what is attached goes with the process and can be pinned:
// LinkCgroup for sock_ops, LinkNetNS for sk_lookup, LinkSocketMap for sk_msg programs, and those that belong to one type of
// program.
func HaveLink(t LinkType) error {
	err := ask(question{askedLink, uint32(t), 0}, func() error {
		switch t {
		case LinkCgroup:
			return probeLink(asm.SockOps, &sys.LinkCreateAttr{TargetFD: notOpen, AttachType: uint32(asm.AttachCgroupSockOps)}, unix.EBADF)
		case LinkNetNS:
			return probeLink(asm.SkLookup, &sys.LinkCreateAttr{TargetFD: notOpen, AttachType: uint32(asm.AttachSkLookup)}, unix.EBADF)
		case LinkSocketMap:
			return probeLink(asm.SkMsg, &sys.LinkCreateAttr{TargetFD: notOpen, AttachType: uint32(asm.AttachSkMsgVerdict)}, unix.EBADF)
		case LinkXDP: // loopback, interface 1 everywhere, has no driver that could
			driver := uint32(XDPDriver)
			return probeLink(asm.XDP, &sys.LinkCreateAttr{TargetFD: 1, AttachType: uint32(asm.AttachXDP), Flags: driver}, unix.EOPNOTSUPP)
		case LinkTCX:
			return probeLink(asm.SchedCLS, &sys.LinkCreateAttr{TargetFD: noInterface, AttachType: uint32(asm.AttachTCXIngress)}, unix.ENODEV)
		case LinkRawTracepoint:
			return probeRawTracepoint()
		}
		return unix.EINVAL
	})
	if err != nil {
		return fmt.Errorf("links of type %v: %w", t, err)
	}
	return nil
}

// What no kernel has: a descriptor, and the greatest index of an interface.
const (
	notOpen     = 1<<32 - 1
	noInterface = 1<<31 - 1
)

// probeLink attaches a program to something that is not there. Only a kernel that knows links for this type of program
// comes as far as looking for it, and says known.
func probeLink(kind asm.ProgramType, attr *sys.LinkCreateAttr, known unix.Errno) error {
	p, err := probeProgram(kind)
	if err != nil {
		return err
	}
	defer p.Close()
	err = use(p.fd, func(prog int) error {
		attr.ProgFD = uint32(prog)
		link, err := sys.LinkCreate(attr)
		if err == nil {
			link.Close()
		}
		return err
	})
	switch err {
	case known:
		return nil
	case unix.EINVAL:
		return &unsupported{"this kernel has none", unix.EINVAL}
	}
	return explainAttach(err)
}

// probeRawTracepoint looks at the descriptor that attaching to a tracepoint which every kernel has gives: before Linux 5.7
// it was of a file of its own.
func probeRawTracepoint() error {
	p, err := probeProgram(asm.RawTracepoint)
	if err != nil {
		return err
	}
	defer p.Close()
	link, err := AttachRawTracepoint("sched_process_exit", p)
	if err != nil {
		return err
	}
	defer link.Close()
	if _, err := linkInfo(link.fd); errors.Is(err, unix.EINVAL) || errors.Is(err, ErrWrongType) {
		return &unsupported{"this kernel has none", unix.EINVAL}
	}
	return nil
}

// probeProgram loads a program of a type.
func probeProgram(kind asm.ProgramType) (*Program, error) {
	if err := HaveProgramType(kind); err != nil {
		return nil, err
	}
	b := asm.NewBuilder("probe", kind)
	b.AttachType(probeAttachType(kind))
	success(b)
	program, err := b.Program()
	if err != nil {
		return nil, err
	}
	return Load(program, nil)
}
