package sandbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// start starts the role "wait" and returns it when it is ready.
func start(t *testing.T, tmp string) (supervisor *exec.Cmd, sandboxed, sleeper int, stderr *bytes.Buffer) {
	t.Helper()
	cmd := program(t, tmp, "wait")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	cmd.WaitDelay = time.Second // the sleeper may hold stderr open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		cmd.Wait()
		t.Fatalf("not ready: %v\n%s", err, stderr)
	}
	if _, err := fmt.Sscan(line, &sandboxed, &sleeper); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return cmd, sandboxed, sleeper, stderr
}

func TestSignalsAreForwarded(t *testing.T) {
	tests := []struct {
		signal syscall.Signal
		status int // the role returns the number of the signal; SIGQUIT it leaves to the Go runtime
		stderr string
	}{
		{unix.SIGTERM, 15, ""},
		{unix.SIGINT, 2, ""},
		{unix.SIGHUP, 1, ""},
		{unix.SIGQUIT, 2, "SIGQUIT: quit"},
	}
	for _, tt := range tests {
		t.Run(unix.SignalName(tt.signal), func(t *testing.T) {
			tmp := t.TempDir()
			cmd, _, _, stderr := start(t, tmp)
			cmd.Process.Signal(tt.signal)
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("exit status %d, want %d; stderr:\n%s", got, tt.status, stderr)
			}
			if !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stderr %q does not contain %q", stderr, tt.stderr)
			}
			wantNothingLeft(t, tmp)
		})
	}
}

func TestSandboxedProcessKilled(t *testing.T) {
	tmp := t.TempDir()
	cmd, sandboxed, sleeper, _ := start(t, tmp)
	unix.Kill(sandboxed, unix.SIGKILL)
	cmd.Wait()
	if got, want := cmd.ProcessState.ExitCode(), 128+9; got != want {
		t.Errorf("exit status %d, want %d", got, want)
	}
	waitEnded(t, "the process it had started", sleeper)
	wantNothingLeft(t, tmp)
}

func TestSupervisorKilled(t *testing.T) {
	tmp := t.TempDir()
	cmd, sandboxed, sleeper, _ := start(t, tmp)
	cmd.Process.Kill()
	cmd.Wait()
	waitEnded(t, "the sandboxed process", sandboxed)
	if left, _ := os.ReadDir(tmp); len(left) != 1 {
		t.Fatalf("TMPDIR holds %v, want the directory that nobody could remove", left)
	}
	if cgroups := cgroupsHere(t); len(cgroups) != 1 {
		t.Fatalf("cgroups %v, want the one that nobody could remove", cgroups)
	}

	if err := program(t, tmp, "untidy").Run(); err != nil {
		t.Error(err)
	}
	waitEnded(t, "the process left in the cgroup", sleeper)
	wantNothingLeft(t, tmp)
}

// waitEnded waits until the process has ended; it may stay a zombie where nobody collects orphans.
func waitEnded(t *testing.T, what string, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X") {
			return
		}
		if time.Now().After(deadline) {
			unix.Kill(pid, unix.SIGKILL)
			t.Fatalf("%s, %d, lives on: %s", what, pid, stat)
		}
	}
}

// TestTogether runs sandboxes at the same time in one TMPDIR: each start sweeps, none may take another's.
func TestTogether(t *testing.T) {
	tmp := t.TempDir()
	const rounds, width = 3, 6
	for range rounds {
		var cmds [width]*exec.Cmd
		var stderr [width]bytes.Buffer
		for i := range cmds {
			cmds[i] = program(t, tmp, "untidy")
			cmds[i].Stderr = &stderr[i]
			if err := cmds[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i, cmd := range cmds {
			if err := cmd.Wait(); err != nil || stderr[i].Len() > 0 {
				t.Errorf("one of %d: %v\n%s", width, err, &stderr[i])
			}
		}
	}
	wantNothingLeft(t, tmp)
}
