//go:build linux

package maps

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// types are the types of a map's key and value in a BTF object.
type types struct {
	blob       []byte
	key, value btf.TypeID
}

// typesOf writes down the types of a map's key and value.
func typesOf(spec *asm.MapSpec) (t types, err error) {
	e := btf.NewEncoder(binary.NativeEndian)
	if t.key, t.value, err = e.MapTypes(spec); err != nil {
		return t, fmt.Errorf("%w: %w", err, unix.EINVAL)
	}
	t.blob, err = e.Encode()
	return t, err
}

// load gives the types to the kernel.
func (t *types) load() (*sys.FD, error) {
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(t.blob), BTFSize: uint32(len(t.blob))})
	if err != nil {
		return nil, fmt.Errorf("describe the value: %w", sys.ExplainPermission(err, capability.CAP_BPF))
	}
	return fd, nil
}
