package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func needDemo(t *testing.T) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_BPF)
}

// wantDemo is the whole output. The sizes are TestDumpHex's, the numbers follow from what is sent: dcid 4 sockets x 64
// ports x 4 rounds x 2 headers, from half of the ports three at once; bytemod 256 values x 16 ports; sockredir 16
// connections with two ends and 64 messages each way.
var wantDemo = regexp.MustCompile(`^PROGRAM +TYPE +INSNS +BYTES +LOAD +TRAFFIC +RIGHT +WITHOUT IT
dcid +sk_reuseport +\d+ +\d+ +\d+ µs  4096 datagrams +4096 +1024
bytemod +classic +6 +48 +\d+ µs  4096 datagrams +4096 +1024
sockredir-record +sock_ops +\d+ +\d+ +\d+ µs  32 sockets +32 +0
sockredir-redirect +sk_msg +\d+ +\d+ +\d+ µs  2048 messages +2048 +0

LOAD is .*
(?:.*\n)+
All traffic went where it should\.
$`)

func TestDemo(t *testing.T) {
	needDemo(t)
	got := outcome(t, inRole("tool", "demo"))
	wantPassed(t, got)
	var with, without int
	_, line, _ := strings.Cut(got.stdout, "peer: ")
	if _, err := fmt.Sscanf(line, "%d packets on loopback, %d without it", &with, &without); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	// A handshake is 3 packets, the end of a connection 3 or 4; a message by TCP is one at the least.
	if with > 16*10 || without < 2048 {
		t.Errorf("%d packets on loopback, %d without it; want at most 160 and at least 2048", with, without)
	}
}

func wantPassed(t *testing.T, got result) {
	t.Helper()
	if got.status != 0 || got.stderr != "" || !wantDemo.MatchString(got.stdout) {
		t.Errorf("status %d, stderr %q, stdout\n%s\nwant 0, nothing, and\n%v", got.status, got.stderr, got.stdout, wantDemo)
	}
}

// What fails says why, and the other programs run all the same: 40 descriptors are too few for the clients of dcid.
func TestDemoFails(t *testing.T) {
	needDemo(t)
	tool := inRole("tool", "demo")
	cmd := exec.Command("/bin/sh", "-c", `ulimit -n 40; exec "$0" "$@"`, tool.Path, "demo")
	cmd.Env = tool.Env
	got := outcome(t, cmd)
	if want := "socket: too many open files\n"; got.status != 1 || !strings.HasPrefix(got.stderr, "purebpf demo: dcid: ") || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("status %d, %q; want 1 and %q at the end", got.status, got.stderr, want)
	}
	want := regexp.MustCompile(`\ndcid .* µs  - +- +-
bytemod .* 4096 +1024
sockredir-record .* 32 +0
sockredir-redirect .* 2048 +0
$`)
	if !want.MatchString(got.stdout) {
		t.Errorf("stdout is\n%s\nwant\n%v", got.stdout, want)
	}
}

func TestDemoTwiceAtOnce(t *testing.T) {
	needDemo(t)
	results := make(chan result)
	for range 2 {
		go func() {
			cmd := inRole("tool", "demo")
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			cmd.Run()
			results <- result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
		}()
	}
	wantPassed(t, <-results)
	wantPassed(t, <-results)
}

const nobody = 65534

func TestDemoLacks(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN, kerneltest.CAP_SETUID, kerneltest.CAP_SETGID)
	caps := func(caps ...uintptr) *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: caps}
	}
	rootless := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	tests := []struct {
		name string
		as   *syscall.SysProcAttr
		want string
	}{
		{"nothing", caps(), "lacks CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_BPF, CAP_DAC_OVERRIDE, so nothing was loaded: run it as root"},
		{"CAP_BPF", caps(unix.CAP_BPF), "lacks CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_DAC_OVERRIDE, so nothing was loaded: run it as root"},
		{"CAP_BPF and CAP_NET_ADMIN", caps(unix.CAP_BPF, unix.CAP_NET_ADMIN, unix.CAP_DAC_OVERRIDE),
			"lacks CAP_SYS_ADMIN, so nothing was loaded: run it as root"},
		// For the kernel CAP_SYS_ADMIN includes CAP_BPF.
		{"CAP_SYS_ADMIN", caps(unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE), "lacks CAP_NET_ADMIN, so nothing was loaded: run it as root"},
		{"root of a user namespace", rootless,
			"lacks CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_BPF, so nothing was loaded: root of a container or a user namespace is not enough"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := inRole("tool", "demo")
			cmd.Path, cmd.SysProcAttr = "/proc/self/exe", tt.as // the file itself may be out of nobody's reach
			got := outcome(t, cmd)
			wantSimulated(t, got, "this process "+tt.want)
		})
	}
}

func TestDemoWithEnoughForNobody(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN, kerneltest.CAP_SETUID, kerneltest.CAP_SETGID)
	cmd := inRole("tool", "demo")
	cmd.Path, cmd.SysProcAttr = "/proc/self/exe", &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: nobody, Gid: nobody},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_BPF, unix.CAP_DAC_OVERRIDE},
	}
	wantPassed(t, outcome(t, cmd))
}

// A demo that is killed in the middle must leave nothing: no process, no program, no cgroup, no directory.
func TestDemoKilled(t *testing.T) {
	needDemo(t)
	cgroups := filepath.Dir(kerneltest.Cgroup(t)) // the sandbox's, in which this process is and the tool makes its own
	tests := []struct {
		name   string
		signal syscall.Signal
		kill   func(supervisor, sandboxed int) int // returns the process to kill
		status int
		leaves int // directories, and cgroups, until the next run
	}{
		{"SIGINT", unix.SIGINT, outer, 128 + 2, 0},
		{"SIGTERM", unix.SIGTERM, outer, 128 + 15, 0},
		{"SIGKILL inside", unix.SIGKILL, inner, 128 + 9, 0},
		{"SIGKILL", unix.SIGKILL, outer, -1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for attempt := range 10 {
				cmd := inRole("tool", "demo")
				var stdout strings.Builder
				cmd.Stdout = &stdout
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				sandboxed, programs := awaitPrograms(cmd.Process.Pid)
				unix.Kill(tt.kill(cmd.Process.Pid, sandboxed), tt.signal)
				cmd.Wait()
				if len(programs) == 0 || stdout.Len() > 0 {
					t.Logf("attempt %d: it was over before the signal came", attempt)
					continue
				}
				if got := cmd.ProcessState.ExitCode(); got != tt.status {
					t.Errorf("exit status %d, want %d", got, tt.status)
				}
				eventually(t, "the sandboxed process ends", func() bool { return !alive(sandboxed) })
				for _, id := range programs {
					eventually(t, fmt.Sprintf("program %d is gone", id), func() bool { return !loaded(id) })
				}
				wantDirectories(t, os.TempDir(), tt.leaves)
				wantDirectories(t, cgroups, tt.leaves)
				if tt.leaves > 0 {
					wantPassed(t, outcome(t, inRole("tool", "demo")))
					wantDirectories(t, os.TempDir(), 0)
					wantDirectories(t, cgroups, 0)
				}
				return
			}
			t.Error("no signal came in time")
		})
	}
}

func outer(supervisor, _ int) int { return supervisor }
func inner(_, sandboxed int) int  { return sandboxed }

// awaitPrograms waits until the child of the supervisor has BPF programs open, and returns it and their ids; they are none
// when it ends before.
func awaitPrograms(supervisor int) (sandboxed int, ids []uint32) {
	for ; alive(supervisor); time.Sleep(200 * time.Microsecond) {
		if sandboxed == 0 {
			sandboxed = childOf(supervisor)
			continue
		}
		infos, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", sandboxed))
		for _, info := range infos {
			b, _ := os.ReadFile(info)
			if _, after, ok := strings.Cut(string(b), "prog_id:\t"); ok {
				id, _, _ := strings.Cut(after, "\n")
				if n, err := strconv.ParseUint(id, 10, 32); err == nil {
					ids = append(ids, uint32(n))
				}
			}
		}
		if len(ids) > 0 {
			break
		}
	}
	return sandboxed, ids
}

// childOf returns the first child of a process, or 0.
func childOf(pid int) (child int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		if fields := strings.Fields(string(b)); len(fields) > 0 {
			child, _ = strconv.Atoi(fields[0])
			return child
		}
	}
	return 0
}

// alive reports whether a process runs. A zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// loaded reports whether the kernel has the program of an id, which it does not use again soon.
func loaded(id uint32) bool {
	fd, err := sys.ProgGetFDByID(id)
	if err == nil {
		fd.Close()
	}
	return err != unix.ENOENT
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// wantDirectories counts what sandboxes have in a directory.
func wantDirectories(t *testing.T, parent string, want int) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(parent, "purebpf-*")); len(left) != want {
		t.Errorf("left behind: %q, want %d", left, want)
	}
}
