package kerneltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Cgroup makes a new cgroup (version 2) and returns its path. At the end of the test the processes in it are
// killed and it is removed.
func Cgroup(t testing.TB) (path string) {
	t.Helper()
	s := inSandbox(t)
	path, err := s.Cgroup()
	if err != nil {
		refuse(t, "needs a cgroup: %v", err)
	}
	remember(path)
	t.Cleanup(func() {
		if err := s.RemoveCgroup(path); err != nil {
			t.Error(err)
			return
		}
		forget(path)
	})
	return path
}

// CgroupJoin is Cgroup with this process moved into the new cgroup until the end of the test. Sockets belong to
// the cgroup in which they were opened: those opened by the test are in it. The whole process moves, so not for
// parallel tests.
func CgroupJoin(t testing.TB) (path string) {
	t.Helper()
	path = Cgroup(t)
	s := inSandbox(t)
	if err := s.Join(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Leave(); err != nil {
			t.Error(err)
		}
	})
	return path
}

// BPFFS mounts a new, empty bpf file system and returns its path. At the end of the test it is unmounted, and what
// was pinned in it is unpinned.
func BPFFS(t testing.TB) (path string) {
	t.Helper()
	s := inSandbox(t)
	path, err := s.BPFFS()
	if err != nil {
		refuse(t, "needs a bpf file system: %v", err)
	}
	remember(path)
	t.Cleanup(func() {
		if err := s.Unmount(path); err != nil {
			t.Error(err)
			return
		}
		forget(path)
	})
	return path
}

// Sysctl sets a kernel parameter of the sandbox's network namespace, such as "net.ipv4.tcp_fastopen", until the
// end of the test. A name with slashes, "net/ipv4/conf/eth0.1/rp_filter", takes its dots as they are. Parameters
// outside net belong to the whole host and are refused. All tests of the process see the value, so not for
// parallel tests.
func Sysctl(t testing.TB, name, value string) {
	t.Helper()
	inSandbox(t)
	path := name
	if !strings.Contains(path, "/") {
		path = strings.ReplaceAll(path, ".", "/")
	}
	if path = filepath.Clean(path); !strings.HasPrefix(path, "net/") {
		t.Fatalf("sysctl %s: not a parameter of the network namespace", name)
	}
	path = filepath.Join("/proc/sys", path)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("sysctl %s: %v", name, err)
	}
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		t.Fatalf("sysctl %s: set %q: %v", name, value, err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, old, 0); err != nil {
			t.Errorf("sysctl %s: restore %q: %v", name, old, err)
		}
	})
}
