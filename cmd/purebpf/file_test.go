package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.o")
	for _, content := range []string{"the first", "another, which is longer", "", "last"} {
		if err := writeFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != content || err != nil {
			t.Errorf("%q, %v; want %q", got, err, content)
		}
	}
	wantOnly(t, folder, "out.o")
}

// wantOnly fails the test when a folder has other files, such as temporary ones.
func wantOnly(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder has %q, want %q", got, names)
	}
}

// A link stays one, and what it leads to is replaced.
func TestWriteFileLink(t *testing.T) {
	folder := t.TempDir()
	target, link := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	if err := errors.Join(os.WriteFile(target, []byte("old"), 0o666), os.Symlink(target, link)); err != nil {
		t.Skip(err)
	}
	if err := writeFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v; want a symbolic link", info.Mode(), err)
	}
	if got, err := os.ReadFile(target); string(got) != "new" {
		t.Errorf("%q, %v; want new", got, err)
	}
	wantOnly(t, folder, "link", "target")
}

// Who may read a file that is there already stays as it was.
func TestWriteFileKeepsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.o")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v, %v; want %v", after.Mode(), err, before.Mode())
	}
}

// Devices are written to, and not replaced by files.
func TestWriteFileDevice(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no null device")
	}
	if err := writeFile(os.DevNull, []byte("gone")); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v, %v; want %v", after.Mode(), err, before.Mode())
	}
}

func TestWriteFileRefuses(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct{ name, path string }{
		{"no folder", filepath.Join(folder, "none", "out.o")},
		{"a folder", folder},
	} {
		if err := writeFile(tt.path, []byte("text")); err == nil || !strings.Contains(err.Error(), " "+tt.path+": ") {
			t.Errorf("%s: %v; want an error that names %s", tt.name, err, tt.path)
		}
	}
	wantOnly(t, folder)
}

// Whoever is killed while he writes a file leaves the old one or the whole new one.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.hex")
	old := []byte("old contents\n")
	// Many instructions, so that it takes a while.
	const instructions = 400_000
	source := filepath.Join(t.TempDir(), "in.hex")
	slot := "b700000000000000\n"
	text := strings.Repeat(slot, instructions) + "9500000000000000\n"
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	outcomes := make(map[string]int)
	begin := time.Now()
	if status := runTool("convert", source, "-from", "hex", "-o", path).status; status != 0 {
		t.Fatalf("status %d", status)
	}
	whole := time.Since(begin)
	const tries = 20
	for i := range tries {
		if err := os.WriteFile(path, old, 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := inRole("tool", "convert", source, "-from", "hex", "-o", path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole * time.Duration(i+1) / (tries * 3 / 4))
		cmd.Process.Kill()
		cmd.Wait()
		got, err := os.ReadFile(path)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got, old):
			outcomes["old"]++
		case string(got) == text:
			outcomes["new"]++
		default:
			t.Fatalf("killed after %d/%d of the time: a file of %d bytes, which is neither the old one of %d nor the new one of %d",
				i, tries, len(got), len(old), len(text))
		}
	}
	t.Log(outcomes)
}
