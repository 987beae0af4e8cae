package kerneltest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// roleVariable makes TestRole, in a test run of its own, play one of roles. It does nothing in the ordinary run.
const roleVariable = "KERNELTEST_ROLE"

func TestRole(t *testing.T) {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		role(t)
	}
}

const ttlPath = "/proc/sys/net/ipv4/ip_default_ttl"

var roles = map[string]func(t *testing.T){
	"pass":  func(t *testing.T) { t.Log("passed by") },
	"fail":  func(t *testing.T) { t.Fatal("failed on purpose") },
	"panic": func(t *testing.T) { panic("on purpose") },
	"exit":  func(t *testing.T) { os.Exit(7) },
	"hang":  func(t *testing.T) { select {} },
	"fatal after setup": func(t *testing.T) {
		before, _ := os.ReadFile(ttlPath)
		var cgroup, bpffs string
		t.Run("inner", func(t *testing.T) {
			cgroup, bpffs = CgroupJoin(t), BPFFS(t)
			Sysctl(t, "net.ipv4.ip_default_ttl", "7")
			t.Fatal("failed on purpose")
		})
		after, _ := os.ReadFile(ttlPath)
		_, cgroupErr := os.Stat(cgroup)
		_, bpffsErr := os.Stat(bpffs)
		fmt.Println("restored:", string(before) == string(after), os.IsNotExist(cgroupErr), os.IsNotExist(bpffsErr))
	},
	"leak socket": func(t *testing.T) {
		if _, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
			t.Fatal(err)
		}
	},
	"leak cgroup": func(t *testing.T) {
		path, err := inSandbox(t).Cgroup()
		if err != nil {
			t.Fatal(err)
		}
		remember(path)
	},
	"leak process": func(t *testing.T) {
		if err := exec.Command("sleep", "600").Start(); err != nil {
			t.Fatal(err)
		}
	},
	"need":          func(t *testing.T) { Need(t, CAP_BPF, CAP_NET_ADMIN) },
	"need sandbox":  func(t *testing.T) { Cgroup(t) },
	"sysctl host":   func(t *testing.T) { Sysctl(t, "kernel.pid_max", "4194304") },
	"sysctl escape": func(t *testing.T) { Sysctl(t, "net/../kernel/pid_max", "4194304") },
	"sysctl absent": func(t *testing.T) { Sysctl(t, "net.ipv4.no_such_parameter", "1") },
	"sysctl value":  func(t *testing.T) { Sysctl(t, "net.ipv4.ip_default_ttl", "many") },
	"nobody fails": func(t *testing.T) {
		Unprivileged(t, func(t *testing.T) { t.Error("seen as nobody") })
	},
	"nobody skips": func(t *testing.T) {
		Unprivileged(t, func(t *testing.T) { t.Skip("not for nobody") })
	},
	"nobody goes astray": func(t *testing.T) {
		if os.Geteuid() == nobody {
			return
		}
		Unprivileged(t, func(t *testing.T) {})
	},
}

// fastExit keeps the race detector from sleeping a second in every process that ends.
const fastExit = "GORACE=atexit_sleep_ms=0"

// play runs TestRole in a test run, and a sandbox, of its own and returns its exit status and output. The
// environment has no CI but what env gives.
func play(t *testing.T, role string, as syscall.SysProcAttr, env []string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"-test.run=^TestRole$", "-test.v"}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "PUREBPF_") || strings.HasPrefix(v, "CI=")
	})
	cmd.Env = append(append(cmd.Env, roleVariable+"="+role, fastExit), env...)
	as.Pdeathsig = unix.SIGKILL
	cmd.SysProcAttr = &as
	runtime.LockOSThread() // the parent death signal is the thread's
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestMainPassesThrough(t *testing.T) {
	Need(t, CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID)
	asNobody := syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	// Root with every capability, but in a user namespace, as in a rootless container.
	asRootless := syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	inCI := []string{"CI=true"}
	tests := []struct {
		role   string
		who    string
		as     syscall.SysProcAttr
		env    []string
		args   []string
		status int
		output string // contained
	}{
		{role: "pass", status: 0, output: "passed by"},
		{role: "fail", status: 1, output: "failed on purpose"},
		{role: "panic", status: 2, output: "panic: on purpose"},
		{role: "exit", status: 7},
		{role: "hang", args: []string{"-test.timeout=50ms"}, status: 2, output: "panic: test timed out after 50ms"},
		{role: "fatal after setup", status: 1, output: "restored: true true true"},

		{role: "leak socket", status: 1, output: "left behind:\n\tdescriptor"},
		{role: "leak cgroup", status: 1, output: "/cgroup/test-"},
		{role: "leak process", status: 1, output: ": sleep\n"},

		{role: "need", status: 0, output: "--- PASS"},
		{role: "need", who: "as nobody", as: asNobody, status: 0, output: "needs CAP_BPF, CAP_NET_ADMIN: run the tests as root\n--- SKIP"},
		{role: "need", who: "as nobody", as: asNobody, env: inCI, status: 1, output: "needs CAP_BPF, CAP_NET_ADMIN: run the tests as root\n--- FAIL"},
		{role: "need", who: "in a user namespace", as: asRootless, status: 0, output: "needs CAP_BPF, CAP_NET_ADMIN: run the tests as root\n--- SKIP"},
		{role: "need sandbox", who: "as nobody", as: asNobody, status: 0, output: "needs a sandbox: sandbox: new namespaces need CAP_SYS_ADMIN"},
		{role: "need sandbox", who: "as nobody", as: asNobody, env: inCI, status: 1, output: "--- FAIL"},

		{role: "sysctl host", status: 1, output: "sysctl kernel.pid_max: not a parameter of the network namespace"},
		{role: "sysctl escape", status: 1, output: "sysctl net/../kernel/pid_max: not a parameter of the network namespace"},
		{role: "sysctl absent", status: 1, output: "sysctl net.ipv4.no_such_parameter: open "},
		{role: "sysctl value", status: 1, output: `sysctl net.ipv4.ip_default_ttl: set "many": write`},

		{role: "nobody fails", status: 1, output: "seen as nobody"},
		{role: "nobody skips", status: 0, output: "--- SKIP"},
		{role: "nobody goes astray", status: 1, output: "did not come to kerneltest.Unprivileged"},
	}
	for _, tt := range tests {
		name := tt.role
		if tt.who != "" {
			name += " " + tt.who
		}
		if tt.env != nil {
			name += " in CI"
		}
		t.Run(name, func(t *testing.T) {
			status, output := play(t, tt.role, tt.as, tt.env, tt.args...)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			if !strings.Contains(output, tt.output) {
				t.Errorf("output does not contain %q", tt.output)
			}
			if t.Failed() {
				t.Logf("output:\n%s", output)
			}
		})
	}
}

func TestUnprivilegedKeeps(t *testing.T) {
	Unprivileged(t, func(t *testing.T) {
		if uid, gid := os.Getuid(), os.Getgid(); uid != nobody || gid != nobody {
			t.Errorf("user %d, group %d; want %d", uid, gid, nobody)
		}
		if groups, err := os.Getgroups(); err != nil || len(groups) > 0 {
			t.Errorf("groups %v, %v; want none", groups, err)
		}
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		// CAP_NET_ADMIN is 12, CAP_BPF is 39.
		if want := "CapEff:\t0000008000001000\n"; !strings.Contains(string(status), want) {
			t.Errorf("want %q in\n%s", want, status)
		}
	}, CAP_BPF, CAP_NET_ADMIN)
}

func TestUnprivilegedInSubtest(t *testing.T) {
	t.Run("of (some) name", func(t *testing.T) {
		Unprivileged(t, func(t *testing.T) {
			if os.Getuid() != nobody {
				t.Errorf("user %d, want %d", os.Getuid(), nobody)
			}
		})
	})
}

func TestMustBeClosed(t *testing.T) {
	// Names that the kernel gives to anonymous inodes: anon_inode_getfd and anon_inode_getfile in kernel/bpf.
	tests := []struct {
		target string
		want   bool
	}{
		{"anon_inode:bpf-map", true},
		{"anon_inode:bpf-prog", true},
		{"anon_inode:bpf_link", true},
		{"anon_inode:bpf_iter", true},
		{"anon_inode:btf", true},
		{"anon_inode:[bpf-map]", true},
		{"socket:[4711]", true},
		{"anon_inode:[eventpoll]", false},
		{"anon_inode:[eventfd]", false},
		{"pipe:[4711]", false},
		{"/dev/null", false},
		{"/sys/fs/bpf/map", false},
	}
	for _, tt := range tests {
		if got := mustBeClosed(tt.target); got != tt.want {
			t.Errorf("mustBeClosed(%q) = %v, want %v", tt.target, got, tt.want)
		}
	}
}
