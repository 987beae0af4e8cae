//go:build linux

package maps

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Info is what the kernel knows of a map.
type Info struct {
	// Spec is the description of the map in the kernel's words: Name has at most 15 bytes, Flags may have more bits than
	// were asked for, and Inner is missing.
	Spec asm.MapSpec
	// ID names the map on this machine until it is gone; it is never 0.
	ID uint32
	// BTF, BTFKeyType and BTFValueType are the id of a BTF object and of types in it, 0 if the map has none.
	BTF, BTFKeyType, BTFValueType uint32
	// Frozen says that Freeze was called.
	Frozen bool
	// Memory is the number of bytes that the map occupies, as far as the kernel counts them.
	Memory uint64
}

// Info asks the kernel about the map. Frozen and Memory come from /proc.
func (r *Raw) Info() (Info, error) {
	var info Info
	err := r.use("get info of", func(fd int) error {
		spec, more, err := describe(fd)
		if err != nil {
			return err
		}
		info.Spec, info.ID, info.BTF = spec, more.ID, more.BTFID
		info.BTFKeyType, info.BTFValueType = more.BTFKeyTypeID, more.BTFValueTypeID
		frozen, err := fdInfo(fd, "frozen")
		if err != nil {
			return err
		}
		info.Frozen = frozen != 0
		info.Memory, err = fdInfo(fd, "memlock")
		return err
	})
	return info, err
}

// fdInfo returns a number from /proc/self/fdinfo, 0 for one that this kernel does not have.
func fdInfo(fd int, name string) (uint64, error) {
	text, err := sys.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 0, 64)
		if err != nil {
			return 0, fmt.Errorf("fdinfo has %q: %w", strings.TrimSpace(line), err)
		}
		return n, nil
	}
	return 0, nil
}
