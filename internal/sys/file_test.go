//go:build linux

package sys

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, 4095, 4096, 4097, 8192, 100_000} {
		want := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		if err := os.WriteFile(path, want, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	_, err := ReadFile(path + "er")
	if want := "open " + path + "er: no such file or directory"; err == nil || err.Error() != want || !errors.Is(err, unix.ENOENT) {
		t.Errorf("error: %v, want %q", err, want)
	}
	_, err = ReadFile(filepath.Dir(path))
	if want := "read " + filepath.Dir(path) + ": is a directory"; err == nil || err.Error() != want || !errors.Is(err, unix.EISDIR) {
		t.Errorf("error: %v, want %q", err, want)
	}
}
