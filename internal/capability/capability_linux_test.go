package capability_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

func TestString(t *testing.T) {
	// Numbers of include/uapi/linux/capability.h.
	tests := []struct {
		number int
		want   string
	}{
		{1, "CAP_DAC_OVERRIDE"},
		{6, "CAP_SETGID"},
		{7, "CAP_SETUID"},
		{12, "CAP_NET_ADMIN"},
		{13, "CAP_NET_RAW"},
		{21, "CAP_SYS_ADMIN"},
		{24, "CAP_SYS_RESOURCE"},
		{38, "CAP_PERFMON"},
		{39, "CAP_BPF"},
		{0, "CAP_0"},
		{-1, "CAP_-1"},
	}
	for _, tt := range tests {
		if got := capability.Capability(tt.number).String(); got != tt.want {
			t.Errorf("capability %d is called %q, want %q", tt.number, got, tt.want)
		}
	}
}

func TestEffectiveIsWhatProcShows(t *testing.T) {
	got, err := capability.Effective()
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := bytes.Cut(status, []byte("CapEff:\t"))
	hex, _, _ := bytes.Cut(after, []byte("\n"))
	want, err := strconv.ParseUint(string(hex), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	if uint64(got) != want {
		t.Errorf("effective set %#x, want %#x", uint64(got), want)
	}
}

func TestMissing(t *testing.T) {
	all := []capability.Capability{
		capability.CAP_PERFMON, capability.CAP_NET_ADMIN, capability.CAP_BPF, capability.CAP_SYS_ADMIN,
	}
	tests := []struct {
		name string
		have []capability.Capability
		want string
	}{
		{"none", nil, "CAP_PERFMON, CAP_NET_ADMIN, CAP_BPF, CAP_SYS_ADMIN"},
		{"CAP_BPF", all[2:3], "CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN"},
		{"CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON", all[3:], "CAP_NET_ADMIN"},
		{"all", all, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kerneltest.Unprivileged(t, func(t *testing.T) {
				missing, err := capability.Missing(all...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, capability.List(missing)); diff != "" {
					t.Errorf("missing (-want +got):\n%s", diff)
				}
			}, tt.have...)
		})
	}
}

func ExampleMissing() {
	missing, err := capability.Missing(capability.CAP_BPF, capability.CAP_NET_ADMIN)
	switch {
	case err != nil:
		fmt.Println(err)
	case len(missing) > 0:
		fmt.Println("needs", capability.List(missing))
	default:
		fmt.Println("may load programs for sockets")
	}
}
