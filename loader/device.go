//go:build linux

package loader

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// attachDevice attaches with BPF_LINK_CREATE to the network interface with the given index.
func attachDevice(p *Program, ifindex int, at asm.AttachType, flags uint32) (*Link, error) {
	if ifindex <= 0 || int64(ifindex) > 1<<31-1 {
		return nil, fmt.Errorf("interface %d: %w", ifindex, unix.ENODEV)
	}
	var link *sys.FD
	err := use(p.fd, func(prog int) (err error) {
		link, err = sys.LinkCreate(&sys.LinkCreateAttr{
			ProgFD: uint32(prog), TargetFD: uint32(ifindex), AttachType: uint32(at), Flags: flags,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Link{what: fmt.Sprintf("%v program %s to interface %d", p.kind, p.name, ifindex), kind: p.kind, fd: link}, nil
}
