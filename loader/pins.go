//go:build linux

package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/sys"
)

// ObjectKind is what may be pinned.
type ObjectKind uint8

// The kinds of objects.
const (
	ProgramObject ObjectKind = iota + 1
	MapObject
	LinkObject
)

// String returns program, map or link.
func (k ObjectKind) String() string {
	switch k {
	case ProgramObject:
		return "program"
	case MapObject:
		return "map"
	case LinkObject:
		return "link"
	}
	return "unknown object"
}

// Pinned is an object with a name in a BPF file system.
type Pinned struct {
	Path string
	Kind ObjectKind
	ID   uint32 // among the objects of its kind
}

// Pins lists what is pinned in a directory of a BPF file system and in those below, in the order of the paths. What this
// process may not open is left out and part of the error, which joins all that went wrong; the others are returned with it.
func Pins(dir string) ([]Pinned, error) {
	if err := checkBPFFS(dir); err != nil {
		return nil, fmt.Errorf("list the pins in %s: %w", dir, err)
	}
	pins, errs := walkPins(nil, nil, dir)
	return pins, errors.Join(errs...)
}

func walkPins(pins []Pinned, errs []error, dir string) ([]Pinned, []error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		errs = append(errs, fmt.Errorf("list the pins: %w", err))
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			pins, errs = walkPins(pins, errs, path)
		case entry.Type().IsRegular():
			pin, err := pinnedAt(path)
			switch {
			case err == nil:
				pins = append(pins, pin)
			case !errors.Is(err, unix.ENOENT): // else gone meanwhile
				errs = append(errs, fmt.Errorf("open pin %s: %w", path, err))
			}
		}
	}
	return pins, errs
}

// pinnedAt finds out what is pinned at path.
func pinnedAt(path string) (Pinned, error) {
	fd, err := openPin(path)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) { // maps may be readable only
		fd, err = openPinAs(path, sys.OpenReadOnly)
	}
	if err != nil {
		return Pinned{}, err
	}
	defer fd.Close()
	pin := Pinned{Path: path}
	err = use(fd, func(n int) error {
		switch {
		case isKind(n, "map") == nil:
			var info sys.MapInfo
			err := sys.ObjGetInfo(n, &info)
			pin.Kind, pin.ID = MapObject, info.ID
			return err
		case isKind(n, "prog") == nil:
			var info sys.ProgInfo
			err := sys.ObjGetInfo(n, &info)
			pin.Kind, pin.ID = ProgramObject, info.ID
			return err
		}
		var info sys.LinkInfo
		if err := isKind(n, "link"); err != nil {
			return err
		}
		err := sys.ObjGetInfo(n, &info)
		pin.Kind, pin.ID = LinkObject, info.ID
		return err
	})
	return pin, err
}

// Mounts lists where BPF file systems are mounted, as this process sees it.
func Mounts() ([]string, error) {
	table, err := sys.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("list BPF file systems: %w", err)
	}
	return bpfMounts(string(table)), nil
}

// bpfMounts reads a table in the format of fstab(5).
func bpfMounts(table string) (mounts []string) {
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "bpf" {
			mounts = append(mounts, unescape(f[1]))
		}
	}
	return mounts
}

// unescape undoes the octal escapes of a path in a table of mounts.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

// checkBPFFS refuses a directory that is not in a BPF file system.
func checkBPFFS(dir string) error {
	if err := checkPath(dir); err != nil {
		return err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	if uint32(fs.Type) != unix.BPF_FS_MAGIC {
		return fmt.Errorf("%w: it is not in a BPF file system (mount -t bpf bpf DIR)", unix.EINVAL)
	}
	return nil
}
