//go:build linux

package maps

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// ReadCounters returns what counters, which raw is the map of, stand at: the sums over all CPUs by name. CPUs count on
// meanwhile; every sum is of one moment for each CPU. EINVAL when the map is not one of these counters.
func ReadCounters(raw *Raw, counters *asm.Counters) (map[string]uint64, error) {
	names := counters.Names()
	if raw.spec.Type != asm.MapPerCPUArray || int(raw.spec.ValueSize) != 8*len(names) {
		return nil, raw.wrap(opLookup, fmt.Errorf("%d counters are %d bytes of a %v: %w",
			len(names), 8*len(names), asm.MapPerCPUArray, unix.EINVAL))
	}
	values := make([]byte, raw.valueLen)
	if err := raw.Lookup(make([]byte, raw.spec.KeySize), values, 0); err != nil {
		return nil, err
	}
	sums := make(map[string]uint64, len(names))
	for i, at := 0, 0; at < len(values); i, at = i+1, at+8 {
		sums[names[i%len(names)]] += binary.NativeEndian.Uint64(values[at:])
	}
	return sums, nil
}
