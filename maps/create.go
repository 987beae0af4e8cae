//go:build linux

package maps

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Options are what a map may need beside its spec. The zero value is right for every type but struct_ops.
type Options struct {
	// BTF describes the key and the value to the kernel. The zero value takes Key and Value of the spec instead.
	BTF BTF
	// KernelValueType is the id of a struct_ops map's value type in the BTF of the kernel (Linux 5.6).
	KernelValueType uint32
}

// BTF names the types of a map in a BTF object. The zero value stands for none.
type BTF struct {
	// FD is the descriptor of the loaded object. It stays the caller's and may be closed once the map exists.
	FD int
	// Key and Value are ids of types of the object, of exactly the map's key and value size.
	Key, Value uint32
}

// Create creates a map of any type. opts may be nil.
//
// Key and Value of the spec travel with the map as BTF, so that bpftool map dump prints the members by name. A kernel that
// does not take them gets the map without, and so do maps of the types that hold references to the kernel's objects or have
// no keys. The types that cannot exist without (struct_ops and those of storage) are given bytes without names.
//
// The kernel checks the spec; its EINVAL comes back with the numbers that it refused. A map of maps is created from the
// spec of its inner maps: an empty one is made for the kernel to look at and closed again. EPERM names the capability
// that is missing: CAP_BPF for most types, CAP_NET_ADMIN in addition for socket, device and XDP socket maps.
func Create(spec asm.MapSpec, opts *Options) (*Raw, error) {
	if opts == nil {
		opts = &Options{}
	}
	if spec.Type == asm.MapPerfEventArray && spec.MaxEntries == 0 {
		n, err := PossibleCPUs()
		if err != nil {
			return nil, createError(spec, err)
		}
		spec.MaxEntries = uint32(n)
	}
	attr := sys.MapCreateAttr{
		MapType:               uint32(spec.Type),
		KeySize:               spec.KeySize,
		ValueSize:             spec.ValueSize,
		MaxEntries:            spec.MaxEntries,
		MapFlags:              uint32(spec.Flags),
		NUMANode:              spec.NUMANode,
		MapName:               sys.NewObjName(spec.Name),
		MapExtra:              spec.Extra,
		BTFFD:                 uint32(opts.BTF.FD),
		BTFKeyTypeID:          opts.BTF.Key,
		BTFValueTypeID:        opts.BTF.Value,
		BTFVmlinuxValueTypeID: opts.KernelValueType,
	}
	switch holds := holdsMaps(spec.Type); {
	case holds && spec.Inner == nil:
		return nil, createError(spec, errors.New("the spec has no Inner: what are the maps in it?"))
	case !holds && spec.Inner != nil:
		return nil, createError(spec, errors.New("the spec has an Inner, but this type holds no maps"))
	case holds:
		inner, err := Create(*spec.Inner, nil)
		if err != nil {
			return nil, createError(spec, err)
		}
		defer inner.Close()
		attr.InnerMapFD = uint32(inner.FD())
	}
	fd, err := createDescribed(&spec, &attr)
	if err != nil {
		return nil, createError(spec, err)
	}
	raw, err := newRaw(fd, spec)
	if err != nil {
		fd.Close()
		return nil, createError(spec, err)
	}
	if err := raw.fill(); err != nil {
		raw.Close()
		return nil, createError(spec, err)
	}
	return raw, nil
}

// fill stores the contents that the spec gives element 0, and freezes what programs may not write: only then does the
// verifier take the contents for constants.
func (m *Raw) fill() error {
	if m.spec.Contents == "" {
		return nil
	}
	if m.spec.Type != asm.MapArray || len(m.spec.Contents) != int(m.spec.ValueSize) {
		return fmt.Errorf("the spec has contents of %d bytes; only an array has any, of the size of its value", len(m.spec.Contents))
	}
	var first uint32
	if err := sys.MapUpdate(m.fd.Int(), sys.PointerTo(&first), sys.BytesPointer([]byte(m.spec.Contents)), 0); err != nil {
		return fmt.Errorf("store the contents: %w", err)
	}
	if m.spec.Flags&asm.MapReadOnlyProg != 0 {
		if err := sys.MapFreeze(m.fd.Int()); err != nil {
			return fmt.Errorf("freeze the contents: %w", err)
		}
	}
	return nil
}

// createDescribed creates a map with the types of its key and value, if there are any and the caller brought none.
func createDescribed(spec *asm.MapSpec, attr *sys.MapCreateAttr) (*sys.FD, error) {
	need := required(spec.Type)
	needed := btf.NeedsTypes(spec.Type) || btf.HasSpecial(spec.Value)
	if spec.Key == nil && spec.Value == nil && !needed {
		return create(attr, need)
	}
	t, err := typesOf(spec)
	if err != nil {
		return nil, err
	}
	if !btf.TakesTypes(spec.Type) || attr.BTFFD != 0 || attr.BTFKeyTypeID != 0 || attr.BTFValueTypeID != 0 {
		return create(attr, need)
	}
	if btf.NeedsTypes(spec.Type) && spec.KeySize != 4 {
		return nil, fmt.Errorf("the key of a %v map has 4 bytes: %w", spec.Type, unix.EINVAL)
	}
	object, err := t.load()
	if err != nil {
		if needed {
			return nil, err
		}
		return create(attr, need)
	}
	defer object.Close()
	with := *attr
	with.BTFFD = uint32(object.Int())
	if spec.Type != asm.MapStructOps { // its value is described by the kernel's own BTF
		with.BTFKeyTypeID, with.BTFValueTypeID = uint32(t.key), uint32(t.value)
	}
	fd, err := create(&with, need)
	if err != nil && !needed {
		return create(attr, need)
	}
	return fd, err
}

func create(attr *sys.MapCreateAttr, need []capability.Capability) (*sys.FD, error) {
	fd, err := sys.MapCreate(attr)
	err = sys.RetryMemlock(err, func() (err error) {
		fd, err = sys.MapCreate(attr)
		return err
	}, need...)
	return fd, sys.ExplainPermission(err, need...)
}

func createError(spec asm.MapSpec, err error) error {
	return fmt.Errorf("create map %q (%v, key %d, value %d, %d entries, flags %#x): %w",
		spec.Name, spec.Type, spec.KeySize, spec.ValueSize, spec.MaxEntries, uint32(spec.Flags), err)
}

// required lists the capabilities that map_create() of kernel/bpf/syscall.c asks for, where the sysctl
// kernel.unprivileged_bpf_disabled is set, as it is almost everywhere.
func required(t asm.MapType) []capability.Capability {
	switch t {
	case asm.MapSockMap, asm.MapSockHash, asm.MapDevMap, asm.MapDevMapHash, asm.MapXSKMap:
		return []capability.Capability{capability.CAP_BPF, capability.CAP_NET_ADMIN}
	}
	return []capability.Capability{capability.CAP_BPF}
}

func holdsMaps(t asm.MapType) bool { return t == asm.MapArrayOfMaps || t == asm.MapHashOfMaps }
