//go:build linux

package maps

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// IDs returns the ids of all maps on the machine, ascending. Maps come and go meanwhile: opening one of them may fail with
// ENOENT. It needs CAP_SYS_ADMIN.
func IDs() ([]uint32, error) {
	var ids []uint32
	for id := uint32(0); ; {
		var err error
		switch id, err = sys.MapGetNextID(id); {
		case err == nil:
			ids = append(ids, id)
		case err == unix.ENOENT:
			return ids, nil
		default:
			return nil, fmt.Errorf("list all maps: %w", sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
		}
	}
}

// Find opens the maps of which match says so, in the order of their ids; the caller closes them. No map is no error. A map
// has no unique name: see Named for what to expect. It needs CAP_SYS_ADMIN.
//
// All maps are opened for that, one at a time, since the kernel tells about maps by their descriptors only. A prog_array
// whose owner closes it in that moment may stay for ever, empty: Linux 6.18 loses count of it, bpftool or this asking.
func Find(match func(Info) bool) ([]*Raw, error) {
	ids, err := IDs()
	if err != nil {
		return nil, err
	}
	var found []*Raw
	for _, id := range ids {
		m, err := openAny(id)
		if errors.Is(err, unix.ENOENT) {
			continue // gone meanwhile
		}
		var info Info
		if err == nil {
			info, err = m.Info()
		}
		switch {
		case err != nil:
			if m != nil {
				m.Close()
			}
			for _, m := range found {
				m.Close()
			}
			return nil, err
		case match(info):
			found = append(found, m)
		default:
			m.Close()
		}
	}
	return found, nil
}

// openAny opens a map for as much as its flags let user space do.
func openAny(id uint32) (m *Raw, err error) {
	for _, access := range [...]Access{ReadWrite, ReadOnly, WriteOnly} {
		if m, err = OpenID(id, access); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
			break
		}
	}
	return m, err
}

// Named matches maps by the name that they were created under. The kernel keeps 15 bytes of it.
func Named(name string) func(Info) bool {
	kept := sys.NewObjName(name).String()
	return func(i Info) bool { return i.Spec.Name == kept && kept != "" }
}
