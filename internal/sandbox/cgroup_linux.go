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

// Cgroup makes a new cgroup (version 2) below the sandbox's and returns its path. Remove it with RemoveCgroup; the
// supervisor removes what is left.
func (s *Sandbox) Cgroup() (path string, err error) {
	root, err := s.cgroupRoot()
	if err != nil {
		return "", err
	}
	if path, err = os.MkdirTemp(root, "test-"); err != nil {
		return "", fmt.Errorf("sandbox: make a cgroup: %w", err)
	}
	return path, nil
}

// Join moves this process with all its threads into the cgroup at path. Sockets opened from now on belong to it;
// those already open stay with the cgroup they were opened in.
func (s *Sandbox) Join(path string) error {
	if err := joinCgroup(path); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// Leave moves this process back to the sandbox's own cgroup, where it was started.
func (s *Sandbox) Leave() error {
	root, err := s.cgroupRoot()
	if err != nil {
		return err
	}
	return s.Join(root)
}

// RemoveCgroup kills the processes in the cgroup at path and below, and removes it. The calling process must have
// left.
func (s *Sandbox) RemoveCgroup(path string) error {
	if err := removeCgroup(path); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// Processes returns the numbers of the processes in the sandbox besides this one: those it started and they
// started, if they have not ended.
func (s *Sandbox) Processes() ([]int, error) {
	root, err := s.cgroupRoot()
	if err != nil {
		return nil, err
	}
	pids, err := processesIn(root)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return pids, nil
}

func (s *Sandbox) cgroupRoot() (string, error) {
	if err := errors.Join(s.mountErr, s.cgroupErr); err != nil {
		return "", err
	}
	root := filepath.Join(s.dir, cgroupName)
	if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err != nil {
		return "", fmt.Errorf("sandbox: no cgroup: %w", err)
	}
	return root, nil
}

// enterCgroup mounts the cgroup that the supervisor made on dir/cgroup and moves this process into it.
func enterCgroup(dir string) error {
	mount, err := mountCgroup2()
	if err != nil {
		return err
	}
	defer mount.Close()
	current, err := currentCgroup()
	if err != nil {
		return err
	}
	point := filepath.Join(dir, cgroupName)
	if err := os.Mkdir(point, 0o755); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := unix.MoveMount(int(mount.Fd()), "", unix.AT_FDCWD, point, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("sandbox: mount cgroup v2 on %s: %w", point, err)
	}
	// The hierarchy's other cgroups are none of the sandbox's business: put its own over the root.
	own := filepath.Join(point, current, filepath.Base(dir))
	if err := unix.Mount(own, point, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("sandbox: bind the cgroup %s: %w", own, err)
	}
	if err := joinCgroup(point); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// mountCgroup2 returns a new mount of the cgroup v2 hierarchy that is attached nowhere: its files are reached
// through the descriptor. It needs no cgroup2 mount on the host, which may have one anywhere (hybrid systems:
// below /sys/fs/cgroup/unified) or none. Needs Linux 5.2.
func mountCgroup2() (*os.File, error) {
	options, err := cgroup2Options()
	if err != nil {
		return nil, err
	}
	fs, err := unix.Fsopen("cgroup2", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("sandbox: open the cgroup2 file system: %w", err)
	}
	defer unix.Close(fs)
	for _, option := range options {
		if err := unix.FsconfigSetFlag(fs, option); err != nil {
			return nil, fmt.Errorf("sandbox: set the cgroup2 option %s: %w", option, err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return nil, fmt.Errorf("sandbox: create a cgroup2 mount: %w", err)
	}
	const attributes = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attributes)
	if err != nil {
		return nil, fmt.Errorf("sandbox: mount cgroup2: %w", err)
	}
	return os.NewFile(uintptr(mount), "cgroup2"), nil
}

// cgroup2Options returns the options, such as nsdelegate, of the host's cgroup2 mount. The hierarchy has one set
// of them for all its mounts, and a new mount replaces it (apply_cgroup_root_flags in kernel/cgroup/cgroup.c): a
// mount without them would change the host.
func cgroup2Options() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("sandbox: look for cgroup2: %w", err)
	}
	return parseCgroup2Options(string(mounts)), nil
}

// parseCgroup2Options takes the content of /proc/self/mountinfo (proc_pid_mountinfo(5)).
func parseCgroup2Options(mountinfo string) []string {
	for line := range strings.Lines(mountinfo) {
		_, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(after) // file system type, source, super block options
		if len(fields) != 3 || fields[0] != "cgroup2" {
			continue
		}
		var options []string
		for option := range strings.SplitSeq(fields[2], ",") {
			if option != "rw" && option != "ro" {
				options = append(options, option)
			}
		}
		return options
	}
	return nil
}

// currentCgroup returns this process's cgroup as a path below the root of a cgroup2 mount made by it.
func currentCgroup() (string, error) {
	cgroups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", fmt.Errorf("sandbox: find the current cgroup: %w", err)
	}
	for line := range strings.Lines(string(cgroups)) {
		path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		if !ok {
			continue
		}
		// A process that was moved out of its cgroup namespace's root sees a path that starts with "/..".
		if strings.HasPrefix(path, "/..") {
			return "/", nil
		}
		return path, nil
	}
	return "", errors.New("sandbox: the kernel has no cgroup v2")
}

func joinCgroup(path string) error {
	// "0" is the writing process, whatever its number is in the reader's process namespace.
	if err := os.WriteFile(filepath.Join(path, "cgroup.procs"), []byte("0"), 0); err != nil {
		return fmt.Errorf("join the cgroup: %w", err)
	}
	return nil
}

// removeTimeout is how long removeCgroup waits for killed processes to be gone.
const removeTimeout = 5 * time.Second

// removeCgroup kills what runs in the cgroup at path and below, and removes it. It is no error when path is gone.
func removeCgroup(path string) error {
	for deadline := time.Now().Add(removeTimeout); ; time.Sleep(5 * time.Millisecond) {
		err := removeCgroupTree(path)
		if err == nil || !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
		if err := killCgroup(path); err != nil {
			return err
		}
	}
}

// removeCgroupTree removes the cgroup at path and those below; os.RemoveAll would try the files in them, which
// only go with their directory.
func removeCgroupTree(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroupTree(filepath.Join(path, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(path); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove the cgroup %s: %w", path, err)
	}
	return nil
}

// killCgroup kills every process in the cgroup at path and below but the calling one.
func killCgroup(path string) error {
	pids, err := processesIn(path)
	for _, pid := range pids {
		unix.Kill(pid, unix.SIGKILL) // gone already: the next attempt to remove shows
	}
	return err
}

// processesIn returns the numbers of the processes in the cgroup at path and below but the calling one.
func processesIn(path string) (pids []int, err error) {
	err = filepath.WalkDir(path, func(dir string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			return nil
		}
		var procs []byte
		if err == nil {
			procs, err = os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
			return nil // removed meanwhile
		}
		if err != nil {
			return fmt.Errorf("list the processes of a cgroup: %w", err)
		}
		for field := range strings.FieldsSeq(string(procs)) {
			// 0 is a process of another process namespace; killing 0 would hit our own process group.
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 && pid != os.Getpid() {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids, err
}
