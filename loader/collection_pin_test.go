//go:build linux

package loader_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// shared has a program that counts its runs in a map that is pinned by name, or loads something wrong.
func shared(t testing.TB, spec asm.MapSpec, second func(b *asm.Builder)) *reloc.Object {
	t.Helper()
	spec.PinByName = true
	o, err := reloc.NewObject(
		build(t, "count_runs", asm.SocketFilter, func(b *asm.Builder) {
			b.DeclareMap(spec)
			b.LdMap(asm.R1, spec.Name)
			b.Mov(asm.R0, 0)
			b.Exit()
		}),
		build(t, "second", asm.SocketFilter, second))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPinByName(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fs := kerneltest.BPFFS(t)
	opts := &loader.CollectionOptions{PinPath: fs}
	spec := asm.MapSpec{Name: "shared.count", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 7, Flags: asm.MapNoPrealloc}

	// A program that is refused leaves no pin.
	if _, err := loader.LoadObject(shared(t, spec, func(b *asm.Builder) { b.Exit() }), opts); err == nil {
		t.Fatal("the verifier takes a program without a result")
	}
	if left := names(t, fs); len(left) > 0 {
		t.Fatalf("a failed load left %q", left)
	}

	one := collection(t, shared(t, spec, pass), opts)
	if diff := cmp.Diff([]string{"shared_count"}, names(t, fs)); diff != "" {
		t.Fatalf("pinned (-want +got):\n%s", diff)
	}
	first, _ := one.Map("shared.count")
	if err := first.Update([]byte{1, 0, 0, 0}, []byte("01234567"), asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	two := collection(t, shared(t, spec, pass), opts)
	second, _ := two.Map("shared.count")
	value := make([]byte, 8)
	if err := second.Lookup([]byte{1, 0, 0, 0}, value, 0); err != nil || string(value) != "01234567" {
		t.Errorf("the second object has %q, %v", value, err)
	}
	// Pin is for what has no pin yet.
	dir := filepath.Join(fs, "app")
	if err := two.Pin(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"count_runs", "second"}, names(t, dir)); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}

	for _, test := range []struct {
		name string
		edit func(*asm.MapSpec)
		want string
	}{
		{"type", func(s *asm.MapSpec) { s.Type = asm.MapLRUHash; s.Flags = 0 }, "type is hash, want lru_hash"},
		{"key", func(s *asm.MapSpec) { s.KeySize = 8 }, "key size is 4, want 8"},
		{"value", func(s *asm.MapSpec) { s.ValueSize = 4 }, "value size is 8, want 4"},
		{"entries", func(s *asm.MapSpec) { s.MaxEntries = 8 }, "number of entries is 7, want 8"},
		{"flags", func(s *asm.MapSpec) { s.Flags = 0 }, "flags are 0x1, want 0x0"},
	} {
		other := spec
		test.edit(&other)
		_, err := loader.LoadObject(shared(t, other, pass), opts)
		wantError(t, test.name, err, "load object: map shared.count pinned at "+filepath.Join(fs, "shared_count")+": ", test.want)
		if !errors.Is(err, maps.ErrMismatch) {
			t.Errorf("%s: %v is not maps.ErrMismatch", test.name, err)
		}
	}
}

func TestPinByNameRefuses(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fs := kerneltest.BPFFS(t)
	spec := asm.MapSpec{Name: "shared", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	if err := load(t, returning(t, "no_map", asm.SocketFilter, 0)).Pin(filepath.Join(fs, "shared")); err != nil {
		t.Fatal(err)
	}
	before := bpfDescriptors(t)
	for _, test := range []struct{ name, dir, want string }{
		{"nowhere", "", "load object: map shared is pinned by name, and CollectionOptions.PinPath does not say where"},
		{"no bpf file system", t.TempDir(), "it is not in a BPF file system"},
		{"no directory", filepath.Join(fs, "none"), "no such file or directory"},
		{"a program of that name", fs, "the map is another one than expected: the descriptor is of bpf-prog, not of a map"},
	} {
		_, err := loader.LoadObject(shared(t, spec, pass), &loader.CollectionOptions{PinPath: test.dir})
		wantError(t, test.name, err, test.want)
	}
	// Maps that are given need no place.
	given := map[string]*maps.Raw{"shared": counter(t).Raw}
	collection(t, shared(t, spec, pass), &loader.CollectionOptions{Maps: given}).Close()
	given["shared"].Close()
	if after := bpfDescriptors(t); after != before {
		t.Errorf("%d descriptors of BPF objects before, %d after", before, after)
	}
}

// Of many that load the same object at once, all get the same map.
func TestPinByNameRace(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	fs := kerneltest.BPFFS(t)
	spec := asm.MapSpec{Name: "shared", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	o := shared(t, spec, pass)
	ids := make([]uint32, 16)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			c, err := loader.LoadObject(o, &loader.CollectionOptions{PinPath: fs})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			m, _ := c.Map("shared")
			info, err := m.Info()
			if err != nil {
				t.Error(err)
			}
			ids[i] = info.ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] || id == 0 {
			t.Fatalf("maps %v, want one", ids)
		}
	}
}

func TestPins(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fs := kerneltest.BPFFS(t)
	sub := filepath.Join(fs, "b", "c")
	if err := os.MkdirAll(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	cgroup := kerneltest.Cgroup(t)
	link, err := loader.AttachCgroup(cgroup, load(t, returning(t, "ops", asm.SockOps, 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if err := link.Pin(filepath.Join(fs, "a_link")); err != nil {
		t.Fatal(err)
	}
	linked, err := link.Info()
	if err != nil {
		t.Fatal(err)
	}
	m := counter(t)
	if err := m.Pin(filepath.Join(sub, "map")); err != nil {
		t.Fatal(err)
	}
	about, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	got, err := loader.Pins(fs)
	got = slices.DeleteFunc(got, func(p loader.Pinned) bool { return strings.HasSuffix(p.Path, ".debug") })
	want := []loader.Pinned{
		{Path: filepath.Join(fs, "a_link"), Kind: loader.LinkObject, ID: linked.ID},
		{Path: filepath.Join(sub, "map"), Kind: loader.MapObject, ID: about.ID},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("pins: %v (-want +got):\n%s", err, diff)
	}
	_, err = loader.Pins(t.TempDir())
	wantError(t, "no bpf file system", err, "list the pins in ", "it is not in a BPF file system")
	_, err = loader.Pins(filepath.Join(fs, "none"))
	wantError(t, "no directory", err, "no such file or directory")

	mounts, err := loader.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(mounts, "\n")+"\n", fs+"\n") {
		t.Errorf("mounts %q without %s", mounts, fs)
	}
}

// Pins that cannot be opened are named, and the others listed.
func TestPinsUnprivileged(t *testing.T) {
	const dirEnv = "PUREBPF_TEST_PINS"
	if os.Getenv(dirEnv) == "" {
		kerneltest.Need(t, kerneltest.CAP_BPF)
		fs := kerneltest.BPFFS(t)
		if err := os.Chmod(fs, 0o755); err != nil {
			t.Fatal(err)
		}
		p := load(t, returning(t, "filter", asm.SocketFilter, 0))
		for _, name := range []string{"closed", "open"} {
			if err := p.Pin(filepath.Join(fs, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(fs, "open"), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Setenv(dirEnv, fs)
	}
	kerneltest.Unprivileged(t, func(t *testing.T) {
		fs := os.Getenv(dirEnv)
		pins, err := loader.Pins(fs)
		wantError(t, "closed", err, "open pin "+filepath.Join(fs, "closed")+": permission denied")
		if len(pins) != 1 || pins[0].Path != filepath.Join(fs, "open") || pins[0].Kind != loader.ProgramObject {
			t.Errorf("pins %+v, want the one that everybody may open", pins)
		}
	}, kerneltest.CAP_BPF)
}
