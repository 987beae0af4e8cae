package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestIsOurName(t *testing.T) {
	tests := []struct {
		name string
		want bool
	}{
		{newName(), true},
		{"purebpf-1-2", true},
		{"purebpf-1-", false},
		{"purebpf--2", false},
		{"purebpf-1", false},
		{"purebpf-1-2-3", false},
		{"purebpf-1-2.bak", false},
		{"purebpf-demo-2", false},
		{"purebpf-+1-2", false},
		{"mypurebpf-1-2", false},
		{"purebpf", false},
	}
	for _, tt := range tests {
		if got := isOurName(tt.name); got != tt.want {
			t.Errorf("isOurName(%q) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestClaimIsExclusive(t *testing.T) {
	parent := t.TempDir()
	c, err := makeClaim(parent, "purebpf-1-2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockClaim(c.path); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("second claim: %v, want EWOULDBLOCK", err)
	}
	if err := c.release(os.RemoveAll); err != nil {
		t.Errorf("release: %v", err)
	}
	if _, err := lockClaim(c.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("claim after release: %v, want ErrNotExist", err)
	}
}

func TestSweepTakesFreeClaimsOnly(t *testing.T) {
	parent := t.TempDir()
	held, err := makeClaim(parent, "purebpf-1-1")
	if err != nil {
		t.Fatal(err)
	}
	defer held.release(os.RemoveAll)
	for _, dir := range []string{
		"purebpf-1-2/below", // a leftover with something in it
		"purebpf-notes",     // somebody's own
	} {
		if err := os.MkdirAll(filepath.Join(parent, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(parent, "purebpf-1-3"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("purebpf-notes", filepath.Join(parent, "purebpf-1-4")); err != nil {
		t.Fatal(err)
	}

	sweep(parent, os.RemoveAll)

	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	want := []string{"purebpf-1-1", "purebpf-1-3", "purebpf-1-4", "purebpf-notes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left after the sweep (-want +got):\n%s", diff)
	}
}

// TestMakeClaimLost makes directories while another goroutine sweeps without pause: each is either claimed and
// stays, or was lost and makeClaim says so.
func TestMakeClaimLost(t *testing.T) {
	parent := t.TempDir()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				sweep(parent, os.RemoveAll)
			}
		}
	}()
	claimed := 0
	for range 500 {
		c, err := makeClaim(parent, newName())
		if errors.Is(err, errLost) {
			continue
		}
		if err != nil {
			t.Errorf("makeClaim: %v", err)
			break
		}
		claimed++
		if _, err := os.Stat(c.path); err != nil {
			t.Errorf("claimed, but: %v", err)
		}
		if err := c.release(os.RemoveAll); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	close(stop)
	<-stopped
	if claimed == 0 {
		t.Error("the sweep took all 500 directories")
	}
}

func TestParseCgroup2Options(t *testing.T) {
	// Lines as proc_pid_mountinfo(5) prints them: a systemd host, a hybrid one, a mount with optional fields.
	tests := []struct {
		name, mountinfo string
		want            []string
	}{
		{
			"options",
			"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
				"35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
			[]string{"nsdelegate", "memory_recursiveprot"},
		},
		{
			"read-only without options",
			"36 24 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 none ro\n",
			nil,
		},
		{
			"version 1 only",
			"36 24 0:31 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n",
			nil,
		},
		{
			"a path that looks like one",
			"36 24 0:31 / /mnt/cgroup2 rw - tmpfs cgroup2 rw,nsdelegate\n",
			nil,
		},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseCgroup2Options(tt.mountinfo)); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}
