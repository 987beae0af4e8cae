//go:build linux

package loader

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// HaveLink asks whether the kernel has links of type t, so that what is attached goes with the process and can be pinned:
// LinkCgroup for sock_ops, LinkNetNS for sk_lookup, LinkSocketMap for sk_msg programs.
func HaveLink(t LinkType) error {
	err := ask(question{askedLink, uint32(t), 0}, func() error {
		switch t {
		case LinkCgroup:
			return probeLink(asm.SockOps, asm.AttachCgroupSockOps)
		case LinkNetNS:
			return probeLink(asm.SkLookup, asm.AttachSkLookup)
		case LinkSocketMap:
			return probeLink(asm.SkMsg, asm.AttachSkMsgVerdict)
		}
		return unix.EINVAL
	})
	if err != nil {
		return fmt.Errorf("links of type %v: %w", t, err)
	}
	return nil
}

// probeLink attaches a program to a descriptor that is not open. Only a kernel that knows links for this type of program
// comes as far as looking at it.
func probeLink(kind asm.ProgramType, at asm.AttachType) error {
	if err := HaveProgramType(kind); err != nil {
		return err
	}
	b := asm.NewBuilder("probe", kind)
	b.AttachType(probeAttachType(kind))
	success(b)
	program, err := b.Program()
	if err != nil {
		return err
	}
	p, err := Load(program, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	closed := int32(-1)
	err = use(p.fd, func(prog int) error {
		link, err := sys.LinkCreate(&sys.LinkCreateAttr{ProgFD: uint32(prog), TargetFD: uint32(closed), AttachType: uint32(at)})
		if err == nil {
			link.Close()
		}
		return err
	})
	switch err {
	case unix.EBADF:
		return nil
	case unix.EINVAL:
		return &unsupported{"this kernel has none", unix.EINVAL}
	}
	return explainAttach(err)
}
