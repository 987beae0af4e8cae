//go:build linux

package maps

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestPin(t *testing.T) {
	m := newHash(t, 1)
	dir := kerneltest.BPFFS(t)
	path := filepath.Join(dir, "pinned")
	check(t, m.Update(1, 2, 0))
	check(t, m.Pin(path))
	check(t, m.Close())
	again, err := OpenPinned(path, ReadWrite)
	must(t, again, err)
	check(t, again.Match(m.Spec()))
	typed, err := View[uint32, uint64](again)
	check(t, err)
	if got, err := typed.Lookup(1); got != 2 || err != nil {
		t.Errorf("the pinned map has %d, %v", got, err)
	}

	readOnly, err := OpenPinned(path, ReadOnly)
	must(t, readOnly, err)
	view, err := View[uint32, uint64](readOnly)
	check(t, err)
	if got, err := view.Lookup(1); got != 2 || err != nil {
		t.Errorf("read-only: %d, %v", got, err)
	}
	if err := view.Update(1, 3, 0); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "opened for reading or for writing only") {
		t.Errorf("update through a read-only descriptor: %v", err)
	}
	writeOnly, err := OpenPinned(path, WriteOnly)
	must(t, writeOnly, err)
	if err := writeOnly.Lookup(make([]byte, 4), make([]byte, 8), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("lookup through a write-only descriptor: %v", err)
	}

	check(t, Unpin(path))
	_, err = OpenPinned(path, ReadWrite)
	if want := "open pinned map " + path + ": no such file or directory"; err == nil || err.Error() != want || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Unpin: %v, want %q", err, want)
	}
}

func TestPinErrors(t *testing.T) {
	m := newHash(t, 1)
	dir := kerneltest.BPFFS(t)
	path := filepath.Join(dir, "pinned")
	check(t, m.Pin(path))
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	link := filepath.Join(dir, "prog")
	prog := loadProgram(t)
	check(t, sys.ObjPin(prog.Int(), link))
	_, errEmpty := OpenPinned("", ReadWrite)
	_, errFile := OpenPinned(file, ReadWrite)
	_, errProg := OpenPinned(link, ReadWrite)
	for _, test := range []struct {
		name string
		err  error
		is   error
		want string
	}{
		{"exists", m.Pin(path), unix.EEXIST, `pin map "hash" (hash): file exists: ` + path},
		{"elsewhere", m.Pin(file + "2"), unix.EPERM, "is not in a BPF file system: mount -t bpf bpf DIR"},
		{"no directory", m.Pin(dir + "/no/where"), unix.ENOENT, "no such file or directory"},
		{"NUL", m.Pin(path + "\x00x"), unix.EINVAL, "invalid argument"},
		{"empty", m.Pin(""), unix.EINVAL, `path ""`},
		{"open empty", errEmpty, unix.EINVAL, `open pinned map : path ""`},
		{"open a file", errFile, unix.EACCES, "open pinned map " + file},
		{"open a program", errProg, ErrMismatch, "the descriptor is of bpf-prog, not of a map"},
		{"unpin a file", Unpin(file), unix.EINVAL, "not in a BPF file system"},
		{"unpin nothing", Unpin(dir + "/nothing"), os.ErrNotExist, "unpin: "},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) || !errors.Is(test.err, test.is) {
			t.Errorf("%s: got %v, want %q and %v", test.name, test.err, test.want, test.is)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("Unpin removed a file: %v", err)
	}
}

func loadProgram(t *testing.T) *sys.FD {
	t.Helper()
	// r0 = 0; exit. Neither instruction has fields whose byte order matters.
	program := []byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0}
	fd, err := sys.ProgLoad(&sys.ProgLoadAttr{
		ProgType: uint32(asm.SocketFilter), InsnCnt: 2, Insns: sys.BytesPointer(program), License: sys.StringPointer("MIT"),
	})
	return must(t, fd, err)
}

func TestOpenID(t *testing.T) {
	m := newHash(t, 1)
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	info, err := m.Info()
	check(t, err)
	again, err := OpenID(info.ID, ReadOnly)
	must(t, again, err)
	if again.Spec() != info.Spec {
		t.Errorf("opened %+v, want %+v", again.Spec(), info.Spec)
	}
	_, err = OpenID(1<<31-1, ReadWrite)
	if err == nil || !errors.Is(err, unix.ENOENT) || err.Error() != "open map with id 2147483647: no such file or directory" {
		t.Errorf("unknown id: %v", err)
	}
}

func TestAdopt(t *testing.T) {
	m := newHash(t, 1)
	check(t, m.Update(7, 8, 0))
	inherited, err := unix.FcntlInt(uintptr(m.FD()), unix.F_DUPFD, 10)
	check(t, err)
	adopted, err := Adopt(inherited, m.Spec())
	must(t, adopted, err)
	if flags, err := unix.FcntlInt(uintptr(adopted.FD()), unix.F_GETFD, 0); flags != unix.FD_CLOEXEC || err != nil {
		t.Errorf("descriptor flags %#x, %v", flags, err)
	}
	view, err := View[uint32, uint64](adopted)
	check(t, err)
	if got, err := view.Lookup(7); got != 8 || err != nil {
		t.Errorf("lookup: %d, %v", got, err)
	}
	if _, err := Adopt(inherited, m.Spec()); !errors.Is(err, unix.EBADF) {
		t.Errorf("adopting twice: %v, want EBADF", err)
	}
}

func TestAdoptErrors(t *testing.T) {
	m := newHash(t, 1)
	dev, err := os.Open(os.DevNull)
	check(t, err)
	defer dev.Close()
	prog := loadProgram(t)
	hash := asm.MapSpec{Name: "workers", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	for _, test := range []struct {
		name string
		fd   int
		edit func(*asm.MapSpec)
		is   error
		want string
	}{
		{"type", m.FD(), func(s *asm.MapSpec) { s.Type = asm.MapSockHash }, ErrMismatch, "type is hash, want sockhash"},
		{"key", m.FD(), func(s *asm.MapSpec) { s.KeySize = 8 }, ErrMismatch, "key size is 4, want 8"},
		{"value", m.FD(), func(s *asm.MapSpec) { s.ValueSize = 4 }, ErrMismatch, "value size is 8, want 4"},
		{"entries", m.FD(), func(s *asm.MapSpec) { s.MaxEntries = 5 }, ErrMismatch, "number of entries is 1, want 5"},
		{"all", m.FD(), func(s *asm.MapSpec) { *s = asm.MapSpec{Name: "workers", Type: asm.MapArray, KeySize: 1} }, ErrMismatch,
			"another one than expected: type is hash, want array; key size is 4, want 1; value size is 8, want 0"},
		{"file", int(dev.Fd()), func(*asm.MapSpec) {}, ErrMismatch, "the descriptor is of /dev/null, not of a map"},
		{"program", prog.Int(), func(*asm.MapSpec) {}, ErrMismatch, "the descriptor is of bpf-prog, not of a map"},
		{"nothing", 987, func(*asm.MapSpec) {}, unix.EBADF, `adopt descriptor 987 as map "workers": bad file descriptor`},
		{"negative", -1, func(*asm.MapSpec) {}, unix.EBADF, "bad file descriptor"},
	} {
		want := hash
		test.edit(&want)
		adopted, err := Adopt(test.fd, want)
		if err == nil {
			adopted.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, test.is) ||
			!strings.HasPrefix(err.Error(), "adopt descriptor "+strconv.Itoa(test.fd)+` as map "workers": `) {
			t.Errorf("%s: got %v, want %q and %v", test.name, err, test.want, test.is)
		}
		if test.fd > 0 && test.fd != 987 {
			if _, err := unix.FcntlInt(uintptr(test.fd), unix.F_GETFD, 0); err != nil {
				t.Errorf("%s: the refused descriptor was closed", test.name)
			}
		}
	}
	if err := m.Match(asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 9}); !errors.Is(err, ErrMismatch) ||
		err.Error() != `map "hash": the map is another one than expected: value size is 8, want 9` {
		t.Errorf("match: %v", err)
	}
}

// TestInheritedDescriptors runs the test binary again: once with a file of os/exec, once with an inherited number.
func TestInheritedDescriptors(t *testing.T) {
	const variable = "PUREBPF_TEST_INHERITED"
	spec := asm.MapSpec{Name: "hash", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	if list := os.Getenv(variable); list != "" {
		for _, number := range strings.Split(list, " ") {
			fd, err := strconv.Atoi(number)
			check(t, err)
			raw, err := Adopt(fd, spec)
			must(t, raw, err)
			view, err := View[uint32, uint64](raw)
			check(t, err)
			value, err := view.Lookup(1)
			check(t, err)
			check(t, view.Update(1, value+1, asm.UpdateExist))
		}
		return
	}
	m := newHash(t, 1)
	check(t, m.Update(1, 40, 0))
	private, err := New[uint32, uint64](spec, nil)
	must(t, private, err)
	number, err := m.Inherit()
	check(t, err)
	file, err := m.File()
	check(t, err)
	defer file.Close()

	// The shell keeps what os/exec would close: syscall.Exec is not to be had in a test.
	child := exec.Command(os.Args[0], "-test.run=^TestInheritedDescriptors$", "-test.v")
	child.Env = append(os.Environ(), variable+"="+strconv.Itoa(number)+" "+strconv.Itoa(3))
	child.ExtraFiles = []*os.File{file}
	if number == 3 {
		t.Fatalf("the inherited number collides with that of ExtraFiles")
	}
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := m.Lookup(1); got != 42 || err != nil {
		t.Errorf("after the child: %d, %v, want 42", got, err)
	}
	child = exec.Command(os.Args[0], "-test.run=^TestInheritedDescriptors$")
	child.Env = append(os.Environ(), variable+"="+strconv.Itoa(private.FD()))
	out, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "bad file descriptor") && !strings.Contains(string(out), "not of a map") {
		t.Errorf("a descriptor that is not inherited reached the child: %v\n%s", err, out)
	}
}
