// Package sandbox runs the current program a second time in a place of its own: a new network namespace with only
// the loopback device, a new mount namespace, a child cgroup. What runs there may change sysctls, pin BPF objects,
// attach programs to its cgroup and die at any point; nothing of it is left on the host.
//
//	func main() {
//		status, err := sandbox.Run(func(s *sandbox.Sandbox) int {
//			cgroup, err := s.Cgroup()
//			...
//			return 0
//		})
//		if err != nil {
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(1)
//		}
//		os.Exit(status)
//	}
//
// Two processes share the work. The first, the supervisor, stays outside: it makes a directory and a cgroup,
// starts the program again with the same arguments, environment and standard streams, forwards signals to it, and
// removes the directory and the cgroup, with every process still in it, when the second has ended in whatever way.
// The second, the sandboxed process, is killed by the kernel when the supervisor dies. A supervisor that was
// itself killed leaves an empty directory and an empty cgroup; the next supervisor removes them. Both carry a lock
// that lives as long as their supervisor (see claim), so supervisors that run at the same time never take each
// other's.
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// marker is the environment variable that tells a sandboxed process, and the processes it starts, of the sandbox.
const marker = "PUREBPF_SANDBOX"

// Sandbox is the sandbox this process runs in.
type Sandbox struct {
	dir    string // a tmpfs of the private mount namespace
	direct bool   // started by the supervisor itself, not by a process in the sandbox

	mountErr  error // why there is no private tmpfs
	cgroupErr error // why there is no cgroup
}

// Run calls inside in the sandboxed process, with its sandbox, and returns its exit status. In a process that is
// not sandboxed it supervises one that is, and returns that one's exit status: 128 plus the signal's number when a
// signal ended it. Without CAP_SYS_ADMIN the error wraps os.ErrPermission and nothing has been run.
func Run(inside func(*Sandbox) int) (status int, err error) {
	if !Inside() {
		return Reexec()
	}
	s, err := Enter()
	if err != nil {
		return 0, err
	}
	return inside(s), nil
}

// Inside reports whether this process runs in a sandbox. A marker in the environment is not enough: the process
// must also be in another network namespace than the supervisor was.
func Inside() bool {
	_, err := readMarker()
	return err == nil
}

// Enter makes the sandbox ready in the sandboxed process: loopback up, private mounts, cgroup joined. In processes
// started by the sandboxed one it finds the sandbox as it is. Where mounting is refused, by a container's security
// profile for instance, the sandbox has its own network only, and Cgroup and BPFFS say why.
func Enter() (*Sandbox, error) {
	m, err := readMarker()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{dir: m.dir, direct: os.Getppid() == m.supervisor}
	if !s.direct {
		s.mountErr = checkMounted(s.dir)
		return s, nil
	}
	if err := loopbackUp(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if s.mountErr = mountPrivate(s.dir); s.mountErr != nil {
		return s, nil
	}
	if err := os.Setenv("TMPDIR", filepath.Join(s.dir, tmpName)); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s.cgroupErr = enterCgroup(s.dir)
	return s, nil
}

// Direct reports whether the supervisor itself started this process, rather than a process of the sandbox.
func (s *Sandbox) Direct() bool { return s.direct }

// Dir returns a directory that only the processes of the sandbox see. It disappears with the last of them.
// os.TempDir is below it.
func (s *Sandbox) Dir() (string, error) { return s.dir, s.mountErr }

// mark is the content of the marker.
type mark struct {
	supervisor int    // process id
	netns      string // the supervisor's network namespace
	dir        string
}

func (m mark) String() string {
	return fmt.Sprintf("%s=%d %s %s", marker, m.supervisor, m.netns, m.dir)
}

// errOutside is returned by Enter in a process that no supervisor started.
var errOutside = errors.New("sandbox: this process is not in a sandbox")

func readMarker() (mark, error) {
	fields := strings.SplitN(os.Getenv(marker), " ", 3)
	if len(fields) != 3 {
		return mark{}, errOutside
	}
	supervisor, err := strconv.Atoi(fields[0])
	if err != nil {
		return mark{}, errOutside
	}
	here, err := networkNamespace()
	if err != nil {
		return mark{}, fmt.Errorf("sandbox: %w", err)
	}
	if here == fields[1] {
		return mark{}, errOutside
	}
	return mark{supervisor, fields[1], fields[2]}, nil
}

// networkNamespace returns the name of the process's network namespace, such as "net:[4026531840]".
func networkNamespace() (string, error) { return os.Readlink("/proc/self/ns/net") }

// loopbackUp does what `ip link set lo up` does.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket to set up lo: %w", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return fmt.Errorf("read the flags of lo: %w", err)
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	return nil
}
