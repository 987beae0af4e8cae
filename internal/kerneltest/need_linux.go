package kerneltest

import (
	"testing"

	"github.com/purebpf/purebpf/internal/capability"
)

// Capability is a Linux capability, see capabilities(7).
type Capability = capability.Capability

// The capabilities a test may need.
const (
	CAP_DAC_OVERRIDE = capability.CAP_DAC_OVERRIDE
	CAP_SETGID       = capability.CAP_SETGID
	CAP_SETUID       = capability.CAP_SETUID
	CAP_NET_ADMIN    = capability.CAP_NET_ADMIN
	CAP_NET_RAW      = capability.CAP_NET_RAW
	CAP_SYS_ADMIN    = capability.CAP_SYS_ADMIN
	CAP_SYS_RESOURCE = capability.CAP_SYS_RESOURCE
	CAP_PERFMON      = capability.CAP_PERFMON
	CAP_BPF          = capability.CAP_BPF
)

// Need skips the test unless this process holds caps, and names those it lacks; where CI is set the test fails
// instead. Call it first, and call no Need at all to have a test that runs for everybody.
func Need(t testing.TB, caps ...Capability) {
	t.Helper()
	missing, err := capability.Missing(caps...)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) > 0 {
		refuse(t, "needs %s: run the tests as root", capability.List(missing))
	}
}
