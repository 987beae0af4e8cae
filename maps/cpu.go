//go:build linux

package maps

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/purebpf/purebpf/internal/sys"
)

// PossibleCPUs returns the number of CPUs that the machine may ever have, which is the number of values that a per-CPU
// map has for every key. Offline ones and those that could still be plugged in count.
func PossibleCPUs() (int, error) { return possibleCPUs() }

// possibleCPUs is read once: the kernel fixes it at boot.
var possibleCPUs = sync.OnceValues(func() (int, error) {
	const path = "/sys/devices/system/cpu/possible"
	list, err := sys.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("count the possible CPUs: %w", err)
	}
	n, err := countCPUs(strings.TrimSpace(string(list)))
	if err != nil {
		return 0, fmt.Errorf("count the possible CPUs in %s: %w", path, err)
	}
	return n, nil
})

// countCPUs counts the numbers of a list such as 0-3,8.
func countCPUs(list string) (int, error) {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		lo, err := strconv.ParseUint(first, 10, 16)
		if err != nil {
			return 0, err
		}
		hi, err := strconv.ParseUint(last, 10, 16)
		if err != nil {
			return 0, err
		}
		if hi < lo {
			return 0, fmt.Errorf("%q runs backwards", part)
		}
		n += int(hi-lo) + 1
	}
	return n, nil
}

// perCPUStride is the distance between the values of two CPUs.
func perCPUStride(valueSize int) int { return (valueSize + 7) &^ 7 }
