//go:build linux

package sys

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestExplainPermission(t *testing.T) {
	if err := ExplainPermission(unix.EINVAL, capability.CAP_BPF); err != unix.EINVAL {
		t.Errorf("EINVAL became %v", err)
	}
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, err := MapCreate(&MapCreateAttr{MapType: 18, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		err = ExplainPermission(err, capability.CAP_BPF, capability.CAP_NET_ADMIN)
		const want = "operation not permitted (missing CAP_NET_ADMIN)"
		if err == nil || err.Error() != want || !errors.Is(err, unix.EPERM) || !errors.Is(err, os.ErrPermission) {
			t.Errorf("got %v, want %q", err, want)
		}
		err = ExplainPermission(unix.EPERM, capability.CAP_BPF)
		if want := "operation not permitted (the process has CAP_BPF, "; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q and the possible causes", err, want)
		}
	}, kerneltest.CAP_BPF)
}

func TestRetryMemlock(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before)
	small := unix.Rlimit{Cur: 4096, Max: max(before.Max, 8192)}
	current := func() (r unix.Rlimit) {
		unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r)
		return r
	}
	for _, test := range []struct {
		name   string
		first  error
		second error
		calls  int
		raised bool
	}{
		{"another error", unix.EINVAL, nil, 0, false},
		{"success", nil, nil, 0, false},
		{"it helps", unix.EPERM, nil, 1, true},
		{"it does not help", unix.EPERM, unix.EPERM, 1, false},
	} {
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &small); err != nil {
			t.Fatal(err)
		}
		calls := 0
		err := RetryMemlock(test.first, func() error { calls++; return test.second })
		want := test.first
		if calls > 0 {
			want = test.second
		}
		if err != want || calls != test.calls || (current().Cur > small.Cur) != test.raised {
			t.Errorf("%s: %v after %d calls, limit %d", test.name, err, calls, current().Cur)
		}
	}
	unix.Setrlimit(unix.RLIMIT_MEMLOCK, &small)
	if err := RetryMemlock(unix.EPERM, func() error { t.Error("called"); return nil }, capability.Capability(63)); err != unix.EPERM {
		t.Errorf("with a capability missing: %v", err)
	}
}
