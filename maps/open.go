//go:build linux

package maps

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// ErrMismatch: a map that was opened or adopted is not as the caller's spec says.
var ErrMismatch = errors.New("the map is another one than expected")

// Access says what user space may do with a map through one descriptor. Programs are not affected.
type Access uint32

// The kinds of access.
const (
	ReadWrite Access = 0
	ReadOnly  Access = sys.OpenReadOnly
	WriteOnly Access = sys.OpenWriteOnly
)

// OpenID opens the map with the given id, which Info and bpftool map list show. It needs CAP_SYS_ADMIN. ENOENT means
// that there is no such map.
func OpenID(id uint32, access Access) (*Raw, error) {
	fd, err := sys.MapGetFDByID(id, uint32(access))
	if err != nil {
		return nil, fmt.Errorf("open map with id %d: %w", id, sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
	}
	raw, err := fromFD(fd)
	if err != nil {
		fd.Close()
		return nil, fmt.Errorf("open map with id %d: %w", id, err)
	}
	return raw, nil
}

// Adopt takes over descriptor fd of a map, for instance one that this process inherited. The descriptor must be that of
// a map as want describes it; what is compared is the same as in Match.
//
// From then on the Raw owns the map's descriptor under another number, close-on-exec, and fd itself is closed: adopting
// the same number twice fails instead of giving one descriptor two owners. After an error fd is untouched.
func Adopt(fd int, want asm.MapSpec) (*Raw, error) {
	fail := func(err error) (*Raw, error) {
		return nil, fmt.Errorf("adopt descriptor %d as map %q: %w", fd, want.Name, err)
	}
	have, _, err := describe(fd)
	if err != nil {
		return fail(err)
	}
	if err := match(have, want); err != nil {
		return fail(err)
	}
	own, err := sys.AdoptFD(fd)
	if err != nil {
		return fail(err)
	}
	if want.Name != "" {
		have.Name = want.Name // the kernel's is cut to 15 bytes
	}
	raw, err := newRaw(own, have)
	if err != nil {
		own.Close()
		return fail(err)
	}
	return raw, nil
}

// fromFD makes a map of a descriptor that the kernel says is one.
func fromFD(fd *sys.FD) (*Raw, error) {
	spec, _, err := describe(fd.Int())
	if err != nil {
		return nil, err
	}
	return newRaw(fd, spec)
}

// describe asks the kernel for the spec of the map behind a descriptor and for what else it says.
func describe(fd int) (asm.MapSpec, sys.MapInfo, error) {
	var info sys.MapInfo
	if err := checkIsMap(fd); err != nil {
		return asm.MapSpec{}, info, err
	}
	if err := sys.ObjGetInfo(fd, &info); err != nil {
		return asm.MapSpec{}, info, fmt.Errorf("get the map's info: %w", err)
	}
	return asm.MapSpec{
		Name:       info.Name.String(),
		Type:       asm.MapType(info.Type),
		KeySize:    info.KeySize,
		ValueSize:  info.ValueSize,
		MaxEntries: info.MaxEntries,
		Flags:      asm.MapFlags(info.MapFlags),
		Extra:      info.MapExtra,
	}, info, nil
}

// checkIsMap looks at the name of the open file: the info that the kernel gives of a program would be taken for a map's.
func checkIsMap(fd int) error {
	target, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if errors.Is(err, unix.ENOENT) {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("find out what it is: %w", err)
	}
	if target != "anon_inode:bpf-map" {
		return fmt.Errorf("%w: the descriptor is of %s, not of a map", ErrMismatch, strings.TrimPrefix(target, "anon_inode:"))
	}
	return nil
}

// Match returns nil if the map has the type, key size, value size and, unless it is 0, number of entries of want. The
// error is ErrMismatch and names everything that differs. Names and flags are not compared.
func (r *Raw) Match(want asm.MapSpec) error {
	if err := match(r.spec, want); err != nil {
		return fmt.Errorf("map %q: %w", r.spec.Name, err)
	}
	return nil
}

func match(have, want asm.MapSpec) error {
	var differences []string
	if have.Type != want.Type {
		differences = append(differences, fmt.Sprintf("type is %v, want %v", have.Type, want.Type))
	}
	for _, n := range []struct {
		what       string
		have, want uint32
	}{
		{"key size", have.KeySize, want.KeySize},
		{"value size", have.ValueSize, want.ValueSize},
	} {
		if n.have != n.want {
			differences = append(differences, fmt.Sprintf("%s is %d, want %d", n.what, n.have, n.want))
		}
	}
	if want.MaxEntries != 0 && have.MaxEntries != want.MaxEntries {
		differences = append(differences, fmt.Sprintf("number of entries is %d, want %d", have.MaxEntries, want.MaxEntries))
	}
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMismatch, strings.Join(differences, "; "))
}
