package kerneltest

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	unprivilegedMarker = "PUREBPF_UNPRIVILEGED"              // the name of the test that runs again
	unprivilegedRan    = "kerneltest: ran without privilege" // printed by it
	nobody             = 65534
)

// Unprivileged calls f in another process, as user and group nobody with no capabilities but keep: there the
// running test starts again and comes to this call. It fails the test when f fails, with what f logged. A test
// calls it at most once, and should do nothing before: that would be done again in the other process.
//
//	func TestLoadRefused(t *testing.T) {
//		kerneltest.Unprivileged(t, func(t *testing.T) {
//			_, err := loader.Load(program, nil)
//			...
//		}, kerneltest.CAP_BPF)
//	}
func Unprivileged(t *testing.T, f func(t *testing.T), keep ...Capability) {
	t.Helper()
	if os.Getenv(unprivilegedMarker) == t.Name() {
		t.Log(unprivilegedRan)
		f(t)
		return
	}
	Need(t, append([]Capability{CAP_SETUID, CAP_SETGID}, keep...)...)

	ambient := make([]uintptr, len(keep))
	for i, c := range keep {
		ambient[i] = uintptr(c)
	}
	// nobody may not be able to reach the test binary, which `go test` builds in a directory closed to others; a
	// process always reaches its own file through this link.
	cmd := exec.Command("/proc/self/exe", "-test.run="+onlyTest(t.Name()), "-test.v", "-test.count=1")
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), unprivilegedMarker+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: nobody, Gid: nobody},
		AmbientCaps: ambient,
		Pdeathsig:   unix.SIGKILL,
	}
	runtime.LockOSThread() // the parent death signal comes when the thread ends
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("run %s as nobody: %v", t.Name(), err)
	case err != nil:
		t.Fatalf("as nobody with capabilities %v: %v\n%s", keep, err, out)
	case !strings.Contains(string(out), unprivilegedRan):
		t.Fatalf("the test started as nobody did not come to kerneltest.Unprivileged:\n%s", out)
	case strings.Contains(string(out), "--- SKIP: "+t.Name()+" "):
		t.Skipf("skipped as nobody:\n%s", out)
	}
}

// onlyTest returns the pattern for -test.run that selects the test or subtest of this name.
func onlyTest(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
