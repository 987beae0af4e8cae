package kerneltest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCgroup(t *testing.T) {
	var path string
	t.Run("inside", func(t *testing.T) {
		path = Cgroup(t)
		if procs, err := os.ReadFile(filepath.Join(path, "cgroup.procs")); err != nil || len(procs) > 0 {
			t.Errorf("processes %q, %v; want none", procs, err)
		}
		if other := Cgroup(t); other == path {
			t.Errorf("two cgroups at %s", path)
		}
	})
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the test: %v, want the cgroup gone", err)
	}
}

func TestCgroupJoin(t *testing.T) {
	Need(t, CAP_SYS_ADMIN)
	current := func() string {
		cgroups, err := os.ReadFile("/proc/self/cgroup")
		if err != nil {
			t.Fatal(err)
		}
		_, path, _ := strings.Cut(string(cgroups), "0::")
		return strings.TrimSpace(path)
	}
	before := current()
	t.Run("inside", func(t *testing.T) {
		path := CgroupJoin(t)
		if got, want := current(), filepath.Join(before, filepath.Base(path)); got != want {
			t.Errorf("in cgroup %s, want %s", got, want)
		}
	})
	if after := current(); after != before {
		t.Errorf("in cgroup %s after the test, was in %s", after, before)
	}
}

func TestBPFFS(t *testing.T) {
	var path string
	var open *os.File
	t.Run("inside", func(t *testing.T) {
		path = BPFFS(t)
		var fs unix.Statfs_t
		if err := unix.Statfs(path, &fs); err != nil || uint32(fs.Type) != unix.BPF_FS_MAGIC {
			t.Errorf("file system type %#x, %v; want %#x", uint32(fs.Type), err, uint32(unix.BPF_FS_MAGIC))
		}
		// An open file must not keep the mount, as after a test that failed.
		var err error
		if open, err = os.Open(path); err != nil {
			t.Fatal(err)
		}
	})
	open.Close()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the test: %v, want the mount point gone", err)
	}
}

func TestSysctl(t *testing.T) {
	Need(t, CAP_SYS_ADMIN)
	const path = "/proc/sys/net/ipv4/ip_default_ttl"
	read := func() string {
		value, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(value))
	}
	before := read()
	for _, name := range []string{"net.ipv4.ip_default_ttl", "net/ipv4/ip_default_ttl"} {
		t.Run("inside", func(t *testing.T) {
			Sysctl(t, name, "7")
			Sysctl(t, name, "9") // restored in the right order
			if got := read(); got != "9" {
				t.Errorf("%s is %s, want 9", name, got)
			}
		})
		if after := read(); after != before {
			t.Errorf("%s is %s after the test, was %s", name, after, before)
		}
	}
}
