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

// AttachNetNS attaches a program of type sk_lookup or flow_dissector to a network namespace, given by its file:
// /proc/self/ns/net is the one of the process, /run/netns/NAME one that `ip netns` made. A sk_lookup program chooses the
// socket for a packet before the tables of listening and unconnected sockets are asked; of several all run, in the order
// of attaching. There is one flow_dissector (EEXIST).
//
// It needs Linux 5.9 (sk_lookup) or 5.8, and on Linux 6.18 no privilege beyond those for loading the program.
func AttachNetNS(path string, p *Program) (*Link, error) {
	fd, err := openPath(path)
	if err != nil {
		return nil, fmt.Errorf("attach to network namespace %s: %w", path, err)
	}
	defer fd.Close()
	return attachNetNS(fd, path, p)
}

// AttachNetNSFile is AttachNetNS for a file that is open already, such as one that another process sent.
func AttachNetNSFile(ns *os.File, p *Program) (*Link, error) {
	fd, err := dupFile(ns)
	if err != nil {
		return nil, fmt.Errorf("attach to network namespace: %w", err)
	}
	defer fd.Close()
	return attachNetNS(fd, ns.Name(), p)
}

func attachNetNS(fd *sys.FD, path string, p *Program) (*Link, error) {
	if err := ofType(p, asm.SkLookup, asm.FlowDissector); err != nil {
		return nil, fmt.Errorf("attach to network namespace %s: %w", path, err)
	}
	at := asm.AttachSkLookup
	if p.kind == asm.FlowDissector {
		at = asm.AttachFlowDissector
	}
	to := place{fd: fd, name: "network namespace " + path, at: at}
	link, err := attachLink(to, p)
	if errors.Is(err, unix.EINVAL) {
		err = fmt.Errorf("%w (is it the file of a network namespace? sk_lookup needs Linux 5.9)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("attach %s: %w", to.what(p), explainAttach(err))
	}
	return link, nil
}

// NetNSPrograms returns the ids of the programs attached to a network namespace, at asm.AttachSkLookup or
// asm.AttachFlowDissector, in the order in which they run. It needs CAP_NET_ADMIN.
func NetNSPrograms(path string, at asm.AttachType) ([]uint32, error) {
	fd, err := openPath(path)
	if err != nil {
		return nil, fmt.Errorf("list %v programs of network namespace %s: %w", at, path, err)
	}
	defer fd.Close()
	ids, err := query(fd, at)
	if err != nil {
		return nil, fmt.Errorf("list %v programs of network namespace %s: %w", at, path, explainAttach(err))
	}
	return ids, nil
}
