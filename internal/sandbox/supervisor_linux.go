package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/capability"
)

// Reexec runs this program again in a sandbox, with the same arguments, environment and standard streams, waits
// for it and returns its exit status: 128 plus the signal's number when a signal ended it. SIGINT, SIGTERM, SIGHUP
// and SIGQUIT are forwarded, so the program sees SIGINT twice when it is typed at a terminal, which sends it to
// both processes.
//
// An error means that the program did not start; it wraps os.ErrPermission when CAP_SYS_ADMIN is missing.
func Reexec() (status int, err error) {
	if missing, err := capability.Missing(capability.CAP_SYS_ADMIN); err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	} else if len(missing) > 0 {
		return 0, fmt.Errorf("sandbox: new namespaces need %s: %w", capability.List(missing), os.ErrPermission)
	}
	home, err := makeHome()
	if err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	}
	defer home.remove()

	netns, err := networkNamespace()
	if err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	}
	// The link leads to the running file even when its name is gone or out of reach.
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), mark{os.Getpid(), netns, home.dir.path}.String())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		Pdeathsig:  unix.SIGKILL,
	}
	state, err := runForwarding(cmd)
	if err != nil {
		return 0, fmt.Errorf("sandbox: start %s in new namespaces: %w", os.Args[0], err)
	}
	ws := state.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		fmt.Fprintf(os.Stderr, "sandbox: %s ended by %s\n", filepath.Base(os.Args[0]), unix.SignalName(ws.Signal()))
		return 128 + int(ws.Signal()), nil
	}
	return ws.ExitStatus(), nil
}

// runForwarding runs cmd to its end and forwards signals to it meanwhile.
func runForwarding(cmd *exec.Cmd) (*os.ProcessState, error) {
	// The kernel sends the parent death signal when the thread that started the process ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		return nil, err
	}
	go func() {
		// Signals stay caught after the program's end: the supervisor cleans up in any case.
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	return cmd.ProcessState, nil
}

// home is what a sandbox has on the host: a mount point and a cgroup of the same name.
type home struct {
	dir     claim
	cgroup  claim
	cgroups *os.File // the mount that cgroup's path goes through
}

func makeHome() (*home, error) {
	parent := os.TempDir()
	sweep(parent, os.RemoveAll)
	for {
		name := newName()
		dir, err := makeClaim(parent, name)
		if errors.Is(err, errLost) {
			continue
		}
		if err != nil {
			return nil, err
		}
		h := &home{dir: dir}
		// Without a cgroup the sandbox is still of use; the sandboxed process meets the same error and keeps it.
		err = h.addCgroup(name)
		if errors.Is(err, errLost) {
			h.remove()
			continue
		}
		return h, nil
	}
}

func (h *home) addCgroup(name string) error {
	current, err := currentCgroup()
	if err != nil {
		return err
	}
	if h.cgroups, err = mountCgroup2(); err != nil {
		return err
	}
	parent := filepath.Join(fmt.Sprintf("/proc/self/fd/%d", h.cgroups.Fd()), current)
	sweep(parent, removeCgroup)
	h.cgroup, err = makeClaim(parent, name)
	return err
}

// remove leaves nothing of the sandbox on the host. What cannot be removed is reported and left to the next sweep.
func (h *home) remove() {
	var err error
	if h.cgroup.lock != nil {
		err = h.cgroup.release(removeCgroup)
	}
	if h.cgroups != nil {
		err = errors.Join(err, h.cgroups.Close())
	}
	if err = errors.Join(err, h.dir.release(os.RemoveAll)); err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
	}
}
