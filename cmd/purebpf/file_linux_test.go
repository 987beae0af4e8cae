package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

// The mode of a new file is what the user's umask leaves.
func TestWriteFileMode(t *testing.T) {
	for _, tt := range []struct {
		mask int
		want os.FileMode
	}{{0o022, 0o644}, {0o077, 0o600}, {0o002, 0o664}} {
		path := filepath.Join(t.TempDir(), "out")
		old := syscall.Umask(tt.mask)
		err := writeFile(path, nil)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != tt.want {
			t.Errorf("umask %#o: %v, %v; want %v", tt.mask, info.Mode(), err, tt.want)
		}
	}
}

// On a full disk the old file stays, and nothing beside it.
func TestWriteFileFull(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(folder, unix.MNT_DETACH)
	path := filepath.Join(folder, "out")
	if err := writeFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	err := writeFile(path, make([]byte, 1<<20))
	if want := "write " + path; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("%v; want %s and why", err, want)
	}
	if got, err := os.ReadFile(path); string(got) != "old" {
		t.Errorf("%q, %v; want the old contents", got, err)
	}
	wantOnly(t, folder, "out")
}

// Where nothing can be written, the status is 1 and the message says what failed.
func TestOutputRefused(t *testing.T) {
	tests := []struct{ args, want string }{
		{"convert dcid -to hex -o /dev/full", "purebpf convert: write /dev/full: no space left on device\n"},
		{"convert dcid -o /nowhere/dcid.o", "purebpf convert: write /nowhere/dcid.o: no such file or directory\n"},
		{"convert dcid -o /proc/dcid.o", "purebpf convert: write /proc/dcid.o: no such file or directory\n"},
		{"disasm dcid -syntax llvm -o /", "purebpf disasm: open /: is a directory\n"},
	}
	for _, tt := range tests {
		got := runTool(strings.Fields(tt.args)...)
		if got.status != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, tt.want) {
			t.Errorf("%s: %+v; want status 1 and %s", tt.args, got, tt.want)
		}
	}
}
