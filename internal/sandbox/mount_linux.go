package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Names in the sandbox's directory.
const (
	tmpName    = "tmp"    // os.TempDir of the sandbox
	cgroupName = "cgroup" // mount point: the sandbox's cgroup is its root
)

// mountPrivate cuts this mount namespace off from the host's and mounts a tmpfs on dir.
func mountPrivate(dir string) error {
	// Without this a mount made here would show up on a host whose root is a shared mount, as systemd makes it.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("sandbox: make the mounts private: %w", err)
	}
	if err := unix.Mount("purebpf", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("sandbox: mount a tmpfs on %s: %w", dir, err)
	}
	tmp := filepath.Join(dir, tmpName)
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	// Mkdir obeys the umask and drops the sticky bit; processes of other users need a place for files, too.
	if err := os.Chmod(tmp, 0o777|os.ModeSticky); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// checkMounted returns nil when the sandboxed process mounted a tmpfs on dir.
func checkMounted(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, tmpName)); err != nil {
		return fmt.Errorf("sandbox: nothing is mounted on %s: %w", dir, err)
	}
	return nil
}

// BPFFS mounts a new bpf file system, empty and seen by the sandbox only, and returns its path. Its pins disappear
// with Unmount, at the latest with the sandbox.
func (s *Sandbox) BPFFS() (path string, err error) {
	if s.mountErr != nil {
		return "", s.mountErr
	}
	path, err = os.MkdirTemp(s.dir, "bpffs-")
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	if err := unix.Mount("purebpf", path, "bpf", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700"); err != nil {
		os.Remove(path)
		return "", fmt.Errorf("sandbox: mount a bpf file system on %s: %w", path, err)
	}
	return path, nil
}

// Unmount unmounts what BPFFS mounted on path, even while a file in it is open, and removes the directory.
func (s *Sandbox) Unmount(path string) error {
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("sandbox: unmount %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}
