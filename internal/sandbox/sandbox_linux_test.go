package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sandbox"
)

// roleVariable makes the test binary play one of roles in a sandbox instead of running tests.
const roleVariable = "SANDBOX_TEST_ROLE"

func TestMain(m *testing.M) {
	if name := os.Getenv(roleVariable); name != "" {
		status, err := sandbox.Run(roles[name])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(status)
	}
	kerneltest.Main(m)
}

var roles = map[string]func(*sandbox.Sandbox) int{
	"seven": func(*sandbox.Sandbox) int { return 7 },
	"panic": func(*sandbox.Sandbox) int { panic("on purpose") },
	"kill": func(s *sandbox.Sandbox) int {
		occupy(s)
		unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	},
	// The untidy one uses everything and puts nothing away.
	"untidy": func(s *sandbox.Sandbox) int { occupy(s); return 0 },
	"cat": func(*sandbox.Sandbox) int {
		io.Copy(os.Stdout, os.Stdin)
		fmt.Fprint(os.Stderr, strings.Join(os.Args[1:], " "))
		return 0
	},
	"wait": func(s *sandbox.Sandbox) int {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
		fmt.Println(os.Getpid(), occupy(s))
		return int((<-signals).(syscall.Signal))
	},
	"look": func(s *sandbox.Sandbox) int {
		interfaces, err := net.Interfaces()
		check(err)
		for _, i := range interfaces {
			fmt.Println("interface", i.Name, i.Flags&net.FlagUp != 0)
		}
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			conn, err := net.ListenPacket("udp", address)
			check(err)
			_, err = conn.WriteTo([]byte("x"), conn.LocalAddr())
			check(err)
			conn.Close()
		}
		check(os.WriteFile("/proc/sys/net/ipv4/ip_default_ttl", []byte("7"), 0))
		fmt.Println("netns", namespace("net"))
		fmt.Println("mntns", namespace("mnt"))
		fmt.Println("tmp", os.TempDir())
		return 0
	},
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func namespace(kind string) string {
	name, err := os.Readlink("/proc/self/ns/" + kind)
	check(err)
	return name
}

// occupy makes what a sandbox can hold: nested cgroups, a bpf file system, a file, and a process that sleeps in
// one of the cgroups. It returns that process's number.
func occupy(s *sandbox.Sandbox) (sleeper int) {
	cgroup, err := s.Cgroup()
	check(err)
	inner := filepath.Join(cgroup, "inner")
	check(os.Mkdir(inner, 0o755))
	_, err = s.BPFFS()
	check(err)
	check(os.WriteFile(filepath.Join(os.TempDir(), "file"), nil, 0o644))
	check(s.Join(inner))
	sleep := exec.Command("sleep", "600")
	check(sleep.Start())
	check(s.Leave())
	return sleep.Process.Pid
}

// program returns the command that plays a role in a new sandbox whose directory is made in tmp.
func program(t *testing.T, tmp, role string, args ...string) *exec.Cmd {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUREBPF_") })
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp, roleVariable+"="+role,
		"GORACE=atexit_sleep_ms=0") // the race detector sleeps a second in every process that ends
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	return cmd
}

// cgroupsHere returns the sandboxes' cgroups below the one this process is in.
func cgroupsHere(t *testing.T) []string {
	t.Helper()
	root, err := sandbox.MountCgroup2()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	current, err := sandbox.CurrentCgroup()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(fmt.Sprintf("/proc/self/fd/%d", root.Fd()), current, "purebpf-*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func wantNothingLeft(t *testing.T, tmp string) {
	t.Helper()
	entries, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 0 {
		t.Errorf("left in TMPDIR: %v", entries)
	}
	if cgroups := cgroupsHere(t); len(cgroups) > 0 {
		t.Errorf("left cgroups: %v", cgroups)
	}
}

func TestExitStatus(t *testing.T) {
	tests := []struct {
		role   string
		status int
		stderr string // contained
	}{
		{"seven", 7, ""},
		{"panic", 2, "panic: on purpose"},
		{"kill", 128 + 9, "ended by SIGKILL"},
		{"untidy", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.role, func(t *testing.T) {
			tmp := t.TempDir()
			cmd := program(t, tmp, tt.role)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("exit status %d, want %d; stderr:\n%s", got, tt.status, &stderr)
			}
			if !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stderr %q does not contain %q", &stderr, tt.stderr)
			}
			wantNothingLeft(t, tmp)
		})
	}
}

func TestStreamsAndArguments(t *testing.T) {
	cmd := program(t, t.TempDir(), "cat", "-x", "two words")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("through and through"), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if got, want := stdout.String(), "through and through"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if got, want := stderr.String(), "-x two words"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
}

func TestSandboxIsApart(t *testing.T) {
	const ttl = "/proc/sys/net/ipv4/ip_default_ttl"
	mounts := func() string {
		b, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	ttlBefore, _ := os.ReadFile(ttl)
	mountsBefore := mounts()

	tmp := t.TempDir()
	out, err := program(t, tmp, "look").Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("%v\n%s", err, exit.Stderr)
	}
	var interfaces []string
	seen := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key == "interface" {
			interfaces = append(interfaces, value)
		}
		seen[key] = value
	}
	if want := []string{"lo true"}; !slices.Equal(interfaces, want) {
		t.Errorf("interfaces and whether they are up: %q, want %q", interfaces, want)
	}
	for key, kind := range map[string]string{"netns": "net", "mntns": "mnt"} {
		if seen[key] == "" || seen[key] == namespace(kind) {
			t.Errorf("%s namespace is %q in the sandbox, %q outside; want another", kind, seen[key], namespace(kind))
		}
	}
	if got := filepath.Dir(filepath.Dir(seen["tmp"])); got != tmp {
		t.Errorf("os.TempDir is %s in the sandbox, want it two below %s", seen["tmp"], tmp)
	}
	if ttlAfter, _ := os.ReadFile(ttl); !bytes.Equal(ttlBefore, ttlAfter) {
		t.Errorf("a sysctl set in the sandbox changed outside: %q, was %q", ttlAfter, ttlBefore)
	}
	if mountsAfter := mounts(); mountsAfter != mountsBefore {
		t.Errorf("the sandbox changed the mounts outside:\n%s\nwere:\n%s", mountsAfter, mountsBefore)
	}
}

func TestReexecWithoutPrivilege(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, err := sandbox.Reexec()
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "CAP_SYS_ADMIN") {
			t.Errorf("error %v, want one that wraps os.ErrPermission and names CAP_SYS_ADMIN", err)
		}
	})
}

func TestEnterOutside(t *testing.T) {
	tests := []struct{ name, marker string }{
		{"no marker", ""},
		{"a marker of the network namespace this process is in", "1 " + namespace("net") + " /tmp"},
		{"no process number", "x net:[1] /tmp"},
		{"two fields", "1 net:[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PUREBPF_SANDBOX", tt.marker)
			if sandbox.Inside() {
				t.Error("Inside says yes")
			}
			_, err := sandbox.Enter()
			if want := "sandbox: this process is not in a sandbox"; err == nil || err.Error() != want {
				t.Errorf("Enter: %v, want %q", err, want)
			}
		})
	}
}
