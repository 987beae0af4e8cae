//go:build linux

package loader_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// collection loads an object until the end of the test.
func collection(t testing.TB, o *reloc.Object, opts *loader.CollectionOptions) *loader.Collection {
	t.Helper()
	c, err := loader.LoadObject(o, opts)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// names lists a directory, without the iterators that the kernel may put into a new file system.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".debug") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestCollectionPin(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fs := kerneltest.BPFFS(t)
	c := collection(t, object(t, pass), nil)
	dir := filepath.Join(fs, "app")
	if err := c.Pin(dir + "/"); err != nil {
		t.Fatal(err)
	}
	wantError(t, "again", c.Pin(dir), "pin in "+dir+": directory not empty (there are pins in it)")
	if diff := cmp.Diff([]string{"app"}, names(t, fs)); diff != "" {
		t.Errorf("the file system has (-want +got):\n%s", diff)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	pins, err := loader.Pins(dir)
	if err != nil {
		t.Fatal(err)
	}
	type pin struct {
		path string
		kind loader.ObjectKind
	}
	var got []pin
	for _, p := range pins {
		got = append(got, pin{p.Path, p.Kind})
	}
	want := []pin{
		{filepath.Join(dir, "count"), loader.MapObject},
		{filepath.Join(dir, "count_runs"), loader.ProgramObject},
		{filepath.Join(dir, "second"), loader.ProgramObject},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(pin{})); diff != "" {
		t.Fatalf("pins (-want +got):\n%s", diff)
	}

	// The pinned program still counts in the pinned map.
	p, err := loader.OpenPinned(pins[1].Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if info := infoOf(t, p); info.ID != pins[1].ID || len(info.MapIDs) != 1 || info.MapIDs[0] != pins[0].ID {
		t.Errorf("program %d with maps %v; the pins are of program %d and map %d", info.ID, info.MapIDs, pins[1].ID, pins[0].ID)
	}
	if _, err := p.Run(&loader.RunOptions{Data: make([]byte, 64)}); err != nil {
		t.Fatal(err)
	}
	raw, err := maps.OpenPinned(pins[0].Path, maps.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	count, err := maps.View[uint32, uint64](raw)
	if err != nil {
		t.Fatal(err)
	}
	if n := counted(t, count); n != 1 {
		t.Errorf("counted %d runs, want 1", n)
	}
}

// Maps that were given are left alone, and dots become something that the kernel takes.
func TestCollectionPinLeavesGivenMaps(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fs := kerneltest.BPFFS(t)
	dir := filepath.Join(fs, "app")
	if err := os.Mkdir(dir, 0o700); err != nil { // an empty one is fine
		t.Fatal(err)
	}
	o, err := reloc.NewObject(build(t, "main.v2", asm.SocketFilter, func(b *asm.Builder) {
		b.DeclareMap(countSpec)
		b.DeclareMap(asm.MapSpec{Name: ".bss", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.LdMap(asm.R1, "count")
		b.LdMap(asm.R1, ".bss")
		pass(b)
	}))
	if err != nil {
		t.Fatal(err)
	}
	c := collection(t, o, &loader.CollectionOptions{Maps: map[string]*maps.Raw{"count": counter(t).Raw}})
	if diff := cmp.Diff([]string{"count", ".bss"}, c.Maps()); diff != "" {
		t.Errorf("maps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"main.v2"}, c.Programs()); diff != "" {
		t.Errorf("programs (-want +got):\n%s", diff)
	}
	if err := c.Pin(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"_bss", "main_v2"}, names(t, dir)); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}

// Whatever fails, nothing is pinned and no directory is left.
func TestCollectionPinFails(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fs := kerneltest.BPFFS(t)
	spec := returning(t, "a", asm.SocketFilter, 0).Spec()
	spec.Name = "a/b" // not from a Builder
	ab, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	slash, err := reloc.NewObject(returning(t, "first", asm.SocketFilter, 0), ab)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := reloc.NewObject(returning(t, "a.b", asm.SocketFilter, 0), returning(t, "a_b", asm.SocketFilter, 0))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	for _, test := range []struct {
		name   string
		object *reloc.Object
		dir    string
		want   string
		is     error
	}{
		{"name that is no file's", slash, filepath.Join(fs, "app"), `"a/b" cannot be the name of a file: invalid argument`, unix.EINVAL},
		{"two of the same name", twice, filepath.Join(fs, "app"), "file exists", unix.EEXIST},
		{"no bpf file system", slash, filepath.Join(elsewhere, "app"), elsewhere + ": invalid argument: it is not in a BPF file system", unix.EINVAL},
		{"no directory above", slash, filepath.Join(fs, "none", "app"), "no such file or directory", unix.ENOENT},
		{"no path", slash, "", "pin in : invalid argument", unix.EINVAL},
		{"the file system itself", twice, fs, "", nil},
	} {
		err := collection(t, test.object, nil).Pin(test.dir)
		wantError(t, test.name, err, test.want)
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, err, test.is)
		}
		if left := names(t, fs); len(left) > 0 {
			t.Errorf("%s: left %q behind", test.name, left)
		}
		if left := names(t, elsewhere); len(left) > 0 {
			t.Errorf("%s: left %q behind", test.name, left)
		}
	}
}

const pinForever = "PUREBPF_TEST_PIN_FOREVER"

// TestCollectionPinKilled kills a process that pins directories of many programs one after the other. Each of them must be
// complete, and the next call must remove what it left.
func TestCollectionPinKilled(t *testing.T) {
	const programs = 40
	if fs := os.Getenv(pinForever); fs != "" {
		c := collection(t, many(t, programs), nil)
		for n := 0; ; n++ {
			if err := c.Pin(filepath.Join(fs, fmt.Sprint("app", n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fs := kerneltest.BPFFS(t)
	abandoned := 0
	for attempt := range 12 {
		dir := filepath.Join(fs, fmt.Sprint("try", attempt))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		child := exec.Command("/proc/self/exe", "-test.run=^TestCollectionPinKilled$")
		child.Env = append(os.Environ(), pinForever+"="+dir)
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); len(names(t, dir)) < 2 && time.Now().Before(deadline); {
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Duration(attempt) * 77 * time.Microsecond)
		child.Process.Kill()
		child.Wait()
		complete := 0
		for _, name := range names(t, dir) {
			if strings.HasPrefix(name, "_purebpf_") {
				abandoned++
				continue
			}
			if n := len(names(t, filepath.Join(dir, name))); n != programs {
				t.Errorf("%s has %d pins of %d", name, n, programs)
			}
			complete++
		}
		if complete == 0 {
			t.Error("the process pinned nothing")
		}
		if err := collection(t, many(t, 1), nil).Pin(filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		for _, name := range names(t, dir) {
			if strings.HasPrefix(name, "_purebpf_") {
				t.Errorf("%s is left, with %d pins", name, len(names(t, filepath.Join(dir, name))))
			}
		}
	}
	if abandoned == 0 {
		t.Log("no process was killed between two pins")
	}
}

func many(t testing.TB, n int) *reloc.Object {
	t.Helper()
	programs := make([]*asm.Program, n)
	for i := range programs {
		programs[i] = returning(t, fmt.Sprint("program", i), asm.SocketFilter, i)
	}
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Several processes may pin beside each other; none takes the draft of another for abandoned.
func TestCollectionPinParallel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fs := kerneltest.BPFFS(t)
	c := collection(t, many(t, 10), nil)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			if err := c.Pin(filepath.Join(fs, fmt.Sprint("app", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := names(t, fs); len(got) != 16 {
		t.Errorf("there are %q, want 16 directories", got)
	}
}
