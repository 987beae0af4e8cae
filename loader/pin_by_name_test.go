//go:build linux

package loader_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

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
