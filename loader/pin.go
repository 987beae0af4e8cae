//go:build linux

package loader

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/sys"
)

// pin gives the object behind fd a name. what describes it for errors.
func pin(fd *sys.FD, what, path string) error {
	err := checkPath(path)
	if err == nil {
		err = use(fd, func(n int) error { return sys.ObjPin(n, path) })
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("pin %s to %s: %w (is the directory in a BPF file system, and may this process write to it?)", what, path, err)
	}
	return fmt.Errorf("pin %s to %s: %w", what, path, err)
}

// unpin removes the pin at path if same says that it is the object meant.
func unpin(what, path string, same func(*sys.FD) (bool, error)) error {
	fd, err := openPin(path)
	if err != nil {
		return fmt.Errorf("unpin %s from %s: %w", what, path, err)
	}
	defer fd.Close()
	if ok, err := same(fd); err != nil || !ok {
		return fmt.Errorf("unpin %s from %s: something else is pinned there", what, path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("unpin %s: %w", what, err)
	}
	return nil
}

func openPin(path string) (*sys.FD, error) {
	return openPinAs(path, 0)
}

func openPinAs(path string, flags uint32) (*sys.FD, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	fd, err := sys.ObjGet(path, flags)
	if err == unix.EACCES || err == unix.EPERM { // the answer for everything that is no pin
		var at unix.Stat_t
		switch {
		case checkBPFFS(path) != nil:
			return nil, fmt.Errorf("%w (it is not in a BPF file system)", err)
		case unix.Stat(path, &at) == nil && at.Mode&unix.S_IFMT == unix.S_IFDIR:
			return nil, fmt.Errorf("%w (it is a directory)", err)
		}
	}
	return fd, err
}

// checkPath refuses a path that the kernel would read another one from.
func checkPath(path string) error {
	if path == "" || strings.Contains(path, "\x00") {
		return unix.EINVAL
	}
	return nil
}

// use calls f with the number of fd, which stays open meanwhile.
func use(fd *sys.FD, f func(n int) error) error {
	n, err := fd.Acquire()
	if err != nil {
		return err
	}
	defer fd.Release()
	return f(n)
}

// isKind makes sure that a descriptor is of the kind of BPF object that is expected, prog or link: BPF_OBJ_GET_INFO_BY_FD
// fills in the structure of whatever object it is given, and would let one pass for the other. Without /proc everything
// passes.
func isKind(fd int, kind string) error {
	target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil
	}
	// The kernel calls them bpf-prog, bpf-map, and bpf_link or, once it was pinned, bpf-link.
	object := strings.Trim(strings.TrimPrefix(target, "anon_inode:"), "[]")
	if object == "bpf-"+kind || object == "bpf_"+kind {
		return nil
	}
	return fmt.Errorf("%w: it is %s, not a BPF %s", ErrWrongType, object, kind)
}
