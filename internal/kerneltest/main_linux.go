package kerneltest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/purebpf/purebpf/internal/sandbox"
)

// Main is the body of TestMain: it runs the tests of m in a sandbox and exits. Arguments, output, coverage files
// and the exit status are those of the test run. Where no sandbox can be had, for want of privileges, the tests
// run in place; those that need one skip.
//
// When the tests have passed, Main looks for what they left open in this process: descriptors of BPF objects,
// sockets, cgroups, mounts. If there is any it says so and exits with status 1.
func Main(m *testing.M) {
	switch {
	case isFuzzWorker():
		// It talks to its coordinator over inherited descriptors, and is in the coordinator's sandbox already.
		enter()
		os.Exit(m.Run())
	case !sandbox.Inside():
		status, err := sandbox.Reexec()
		if err == nil {
			os.Exit(status)
		}
		place.err = err
	default:
		enter()
	}
	before := openDescriptors()
	status := m.Run()
	if leaks := leaked(before); status == 0 && len(leaks) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the tests passed but left behind:\n\t%s\n", strings.Join(leaks, "\n\t"))
		status = 1
	}
	os.Exit(status)
}

// place is where the tests of this process run. Main sets it before the first test; it is the one thing that
// TestMain and the tests share, for package testing hands nothing from one to the other.
var place struct {
	sandbox *sandbox.Sandbox // nil outside a sandbox
	err     error            // why there is none
}

func enter() {
	place.sandbox, place.err = sandbox.Enter()
}

// isFuzzWorker looks for the flag that package testing puts first on the command line of the processes it fuzzes
// in.
func isFuzzWorker() bool {
	return slices.Contains(os.Args[1:], "-test.fuzzworker")
}

// inSandbox returns the sandbox; without one it skips or fails the test.
func inSandbox(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	if place.sandbox == nil {
		err := place.err
		if err == nil {
			err = fmt.Errorf("the package has no TestMain that calls kerneltest.Main")
		}
		refuse(t, "needs a sandbox: %v", err)
	}
	return place.sandbox
}

// refuse skips the test, or fails it where CI is set.
func refuse(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// made holds the paths that Cgroup and BPFFS made and have not removed yet.
var made struct {
	sync.Mutex
	paths []string
}

func remember(path string) {
	made.Lock()
	defer made.Unlock()
	made.paths = append(made.paths, path)
}

func forget(path string) {
	made.Lock()
	defer made.Unlock()
	made.paths = slices.DeleteFunc(made.paths, func(p string) bool { return p == path })
}
