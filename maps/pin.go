//go:build linux

package maps

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/sys"
)

// Pin gives the map a name in a BPF file system, usually below /sys/fs/bpf. The map then lives until Unpin, whatever
// happens to this process. Nothing may exist at path (EEXIST).
func (r *Raw) Pin(path string) error {
	err := r.use("pin", func(fd int) error {
		if err := checkPath(path); err != nil {
			return err
		}
		return sys.ObjPin(fd, path)
	})
	if errors.Is(err, unix.EPERM) && !onBPFFS(filepath.Dir(path)) {
		return fmt.Errorf("%w (%s is not in a BPF file system: mount -t bpf bpf DIR)", err, path)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, path)
	}
	return nil
}

// OpenPinned opens a map by the path at which it was pinned. Files there can have owners and permissions, which apply.
// Check what came out with Match or a view.
func OpenPinned(path string, access Access) (*Raw, error) {
	fail := func(err error) (*Raw, error) { return nil, fmt.Errorf("open pinned map %s: %w", path, err) }
	if err := checkPath(path); err != nil {
		return fail(err)
	}
	fd, err := sys.ObjGet(path, uint32(access))
	if errors.Is(err, unix.EACCES) && !onBPFFS(path) { // the answer for everything that is no pin
		err = fmt.Errorf("%w (it is not in a BPF file system)", err)
	}
	if err != nil {
		return fail(err)
	}
	raw, err := fromFD(fd)
	if err != nil {
		fd.Close()
		return fail(err)
	}
	return raw, nil
}

// Unpin removes a pin, of a map or anything else. It refuses a file that is not in a BPF file system.
func Unpin(path string) error {
	if !onBPFFS(path) {
		if _, err := os.Lstat(path); err != nil {
			return fmt.Errorf("unpin: %w", err)
		}
		return fmt.Errorf("unpin %s: not in a BPF file system: %w", path, unix.EINVAL)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("unpin: %w", err)
	}
	return nil
}

// checkPath refuses what the kernel would cut short.
func checkPath(path string) error {
	if path == "" || strings.IndexByte(path, 0) >= 0 {
		return fmt.Errorf("path %q: %w", path, unix.EINVAL)
	}
	return nil
}

func onBPFFS(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && uint32(fs.Type) == unix.BPF_FS_MAGIC
}
