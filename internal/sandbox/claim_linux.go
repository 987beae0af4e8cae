package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A claim is a directory, in a file system or among the cgroups, that belongs to this process until it ends. The
// claim is an flock(2) on the directory: the kernel drops it when the process dies, however it dies. So a
// directory of our name pattern whose lock is free is a leftover. Process numbers and start times would say the
// same less well: they mean nothing to a supervisor in another process namespace that shares the directory.
type claim struct {
	path string
	lock *os.File
}

// newName returns a name for a claim: "purebpf-<process id>-<nanoseconds since 1970>", never used twice.
func newName() string {
	return fmt.Sprintf("purebpf-%d-%d", os.Getpid(), time.Now().UnixNano())
}

// isOurName reports whether name has the form that newName gives.
func isOurName(name string) bool {
	rest, ok := strings.CutPrefix(name, "purebpf-")
	pid, nanoseconds, ok2 := strings.Cut(rest, "-")
	if !ok || !ok2 {
		return false
	}
	_, err := strconv.ParseUint(pid, 10, 32)
	_, err2 := strconv.ParseUint(nanoseconds, 10, 64)
	return err == nil && err2 == nil
}

// errLost is returned by makeClaim when a sweep took the new directory for a leftover.
var errLost = errors.New("the new directory was removed by another process")

// makeClaim makes the directory parent/name and claims it.
func makeClaim(parent, name string) (claim, error) {
	path := filepath.Join(parent, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		return claim{}, err
	}
	// Until it is locked the directory looks like a leftover; a sweep may win the race for it. Then the lock is
	// taken or the name is gone, and the caller tries again with another name.
	c, err := lockClaim(path)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
		return claim{}, errLost
	}
	if err != nil {
		os.Remove(path)
		return claim{}, err
	}
	return c, nil
}

// lockClaim claims the existing directory path. The error is EWOULDBLOCK when another process has it.
func lockClaim(path string) (claim, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return claim{}, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		dir.Close()
		return claim{}, fmt.Errorf("lock %s: %w", path, err)
	}
	// Another process may have removed it between the two calls. Names are not used twice: if there is one it is
	// this.
	if _, err := os.Lstat(path); err != nil {
		dir.Close()
		return claim{}, err
	}
	return claim{path, dir}, nil
}

// release removes the claimed directory with remove, then gives up the claim.
func (c claim) release(remove func(path string) error) error {
	return errors.Join(remove(c.path), c.lock.Close())
}

// sweep removes the directories in parent that supervisors left which were killed. It is content with what it can
// do: the leftovers of other users, and those that cannot be removed, stay.
func sweep(parent string, remove func(path string) error) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !entry.IsDir() || !isOurName(entry.Name()) {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		var stat unix.Stat_t
		if unix.Lstat(path, &stat) != nil || stat.Uid != uint32(os.Geteuid()) {
			continue
		}
		if c, err := lockClaim(path); err == nil {
			c.release(remove)
		}
	}
}
