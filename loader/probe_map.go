//go:build linux

package loader

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/maps"
)

// HaveMapType asks whether the kernel has maps of type t, by creating a small one.
func HaveMapType(t asm.MapType) error {
	err := ask(question{askedMapType, uint32(t), 0}, func() error {
		spec, opts := smallest(t)
		m, err := maps.Create(spec, opts)
		switch {
		case err == nil:
			return m.Close()
		case t == asm.MapStructOps && errors.Is(err, sys.ENOTSUPP):
			return nil // what it says of a struct that it does not know
		case errors.Is(err, unix.EINVAL):
			return &unsupported{"this kernel has none", unix.EINVAL}
		case errors.Is(err, unix.E2BIG):
			return &unsupported{"this kernel has none", unix.E2BIG} // an attribute that it does not know
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("maps of type %v: %w", t, err)
	}
	return nil
}

// smallest returns the spec of a map of type t that the kernel creates if it knows the type.
func smallest(t asm.MapType) (asm.MapSpec, *maps.Options) {
	spec := asm.MapSpec{Name: "probe", Type: t, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	switch t {
	case asm.MapStackTrace:
		spec.ValueSize = 8 // an address for each frame
	case asm.MapLPMTrie:
		spec.KeySize, spec.Flags = 8, asm.MapNoPrealloc
	case asm.MapArrayOfMaps, asm.MapHashOfMaps:
		spec.Inner = &asm.MapSpec{Name: "probe", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	case asm.MapCgroupStorage, asm.MapPerCPUCgroupStorage:
		spec.KeySize, spec.MaxEntries = 16, 0 // struct bpf_cgroup_storage_key
	case asm.MapSkStorage, asm.MapInodeStorage, asm.MapTaskStorage, asm.MapCgrpStorage:
		spec.MaxEntries, spec.Flags = 0, asm.MapNoPrealloc
	case asm.MapQueue, asm.MapStack, asm.MapBloomFilter:
		spec.KeySize = 0
	case asm.MapRingBuf, asm.MapUserRingBuf:
		spec.KeySize, spec.ValueSize, spec.MaxEntries = 0, 0, 64<<10 // the greatest size of a page
	case asm.MapStructOps:
		return spec, &maps.Options{KernelValueType: 1}
	case asm.MapArena:
		spec.KeySize, spec.ValueSize, spec.Flags = 0, 0, asm.MapMmapable
	case asm.MapInsnArray:
		spec.ValueSize = 16 // struct bpf_insn_array_value
	}
	return spec, nil
}
