//go:build linux

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ReadFile returns what is in a small file of proc or sysfs. It is os.ReadFile without os.FileInfo, which has a time: the
// methods of that alone, down to the reading of time zones, are 70 KB of a static binary.
func ReadFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	b := make([]byte, 4096)
	for n := 0; ; {
		m, err := unix.Read(fd, b[n:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", path, err)
		case m == 0:
			return b[:n], nil
		}
		if n += m; n == len(b) {
			b = append(b, make([]byte, n)...)
		}
	}
}
