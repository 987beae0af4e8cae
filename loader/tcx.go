//go:build linux

package loader

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// AttachTCX attaches a program of type sched_cls to the network interface with the given index (net.Interface.Index), in
// the network namespace of the process: at asm.AttachTCXIngress it sees what the interface receives, at
// asm.AttachTCXEgress what it sends. Of several programs all run, in the order of attaching, until one returns something
// else than TCX_NEXT (-1). Classifiers that tc attached run behind them.
//
// ENODEV: there is no interface of that index. It needs Linux 6.6 (EINVAL before) and CAP_NET_ADMIN.
func AttachTCX(ifindex int, p *Program, at asm.AttachType) (*Link, error) {
	err := ofType(p, asm.SchedCLS)
	if err == nil && at != asm.AttachTCXIngress && at != asm.AttachTCXEgress {
		err = fmt.Errorf("%w: %v is not %v or %v", ErrWrongType, at, asm.AttachTCXIngress, asm.AttachTCXEgress)
	}
	if err != nil {
		return nil, fmt.Errorf("attach to interface %d: %w", ifindex, err)
	}
	link, err := attachDevice(p, ifindex, at, 0)
	switch err {
	case nil:
		return link, nil
	case unix.EINVAL:
		err = fmt.Errorf("%w (tcx needs Linux 6.6)", err)
	}
	return nil, fmt.Errorf("attach sched_cls program %s to interface %d at %v: %w", p.name, ifindex, at, explainAttach(err))
}
