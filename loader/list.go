//go:build linux

package loader

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// ProgramIDs returns the ids of all programs on the machine, ascending. Programs come and go meanwhile: opening one of
// them may fail with ENOENT. It needs CAP_SYS_ADMIN.
func ProgramIDs() ([]uint32, error) { return ids("programs", sys.ProgGetNextID) }

// LinkIDs returns the ids of all links on the machine, ascending. It needs Linux 5.8 and CAP_SYS_ADMIN.
func LinkIDs() ([]uint32, error) { return ids("links", sys.LinkGetNextID) }

func ids(what string, next func(uint32) (uint32, error)) ([]uint32, error) {
	var ids []uint32
	for id := uint32(0); ; {
		var err error
		switch id, err = next(id); {
		case err == nil:
			ids = append(ids, id)
		case err == unix.ENOENT:
			return ids, nil
		default:
			return nil, fmt.Errorf("list all %s: %w", what, sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
		}
	}
}

// Find opens the programs of which match says so, in the order of their ids; the caller closes them. No program is no
// error. A program has no unique name: see Named and Tagged for what to expect. It needs CAP_SYS_ADMIN.
func Find(match func(*Info) bool) ([]*Program, error) {
	ids, err := ProgramIDs()
	if err != nil {
		return nil, err
	}
	var found []*Program
	for _, id := range ids {
		p, err := OpenID(id, nil)
		if errors.Is(err, unix.ENOENT) {
			continue // gone meanwhile
		}
		matches := false
		if err == nil {
			var info *Info
			if info, err = p.Info(); err == nil {
				matches = match(info)
			}
		}
		switch {
		case err != nil:
			p.close()
			for _, p := range found {
				p.Close()
			}
			return nil, err
		case matches:
			found = append(found, p)
		default:
			p.Close()
		}
	}
	return found, nil
}

// close is Close for a Program that may be nil.
func (p *Program) close() {
	if p != nil {
		p.Close()
	}
}

// Named matches programs by the name that they were loaded under. The kernel keeps 15 bytes of it.
func Named(name string) func(*Info) bool {
	kept := sys.NewObjName(name).String()
	return func(i *Info) bool { return i.Name == kept && kept != "" }
}

// Tagged matches programs by Info.Tag.
func Tagged(tag string) func(*Info) bool {
	return func(i *Info) bool { return i.Tag == tag }
}

// Links returns what the kernel tells of all links of which match says so, in the order of their ids; a nil match takes
// all. To do something with one of them, OpenLinkID opens it. It needs Linux 5.8 and CAP_SYS_ADMIN.
func Links(match func(LinkInfo) bool) ([]LinkInfo, error) {
	ids, err := LinkIDs()
	if err != nil {
		return nil, err
	}
	var found []LinkInfo
	for _, id := range ids {
		link, err := OpenLinkID(id)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAGAIN) {
			continue // gone meanwhile, or not attached yet
		}
		if err != nil {
			return nil, err
		}
		info, err := link.Info()
		link.Close()
		if err != nil {
			return nil, err
		}
		if match == nil || match(info) {
			found = append(found, info)
		}
	}
	return found, nil
}
