//go:build linux

package loader_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

var countSpec = asm.MapSpec{Name: "count", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}

// object has a program that counts its runs in a map, and one that the verifier may be made to reject.
func object(t testing.TB, second func(b *asm.Builder)) *reloc.Object {
	t.Helper()
	o, err := reloc.NewObject(
		build(t, "count_runs", asm.SocketFilter, func(b *asm.Builder) {
			b.DeclareMap(countSpec)
			b.LdMapValue(asm.R1, "count", 0)
			b.Mov(asm.R2, 1)
			b.AtomicAdd(asm.R1.U64(0), asm.R2)
			b.CallSubprogram("answer")
			b.Exit()
		}),
		build(t, "answer", asm.UnspecProgram, func(b *asm.Builder) {
			b.Mov(asm.R0, 42)
			b.Exit()
		}),
		build(t, "second", asm.SkReuseport, second))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func pass(b *asm.Builder) {
	b.Mov(asm.R0, 1)
	b.Exit()
}

// bpfDescriptors counts the open descriptors of BPF objects.
func bpfDescriptors(t testing.TB) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.Contains(target, "bpf") {
			n++
		}
	}
	return n
}

func TestLoadObject(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	before := bpfDescriptors(t)
	c, err := loader.LoadObject(object(t, pass), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, ok := c.Program("count_runs")
	if !ok {
		t.Fatal("no program count_runs")
	}
	result, err := p.Run(&loader.RunOptions{Data: make([]byte, 64), Repeat: 3})
	if err != nil || result.Return != 42 {
		t.Errorf("run: %+v, %v", result, err)
	}
	raw, ok := c.Map("count")
	if !ok {
		t.Fatal("no map count")
	}
	count, err := maps.View[uint32, uint64](raw)
	if err != nil {
		t.Fatal(err)
	}
	if n := counted(t, count); n != 3 {
		t.Errorf("counted %d runs, want 3", n)
	}
	if _, ok := c.Program("answer"); ok {
		t.Error("the subprogram was loaded as a program")
	}
	if _, ok := c.Map("none"); ok {
		t.Error("a map that does not exist")
	}

	taken, ok := c.TakeProgram("count_runs")
	if !ok || taken != p {
		t.Errorf("took program %v, %v", taken, ok)
	}
	if _, ok := c.TakeMap("none"); ok {
		t.Error("took a map that does not exist")
	}
	takenMap, ok := c.TakeMap("count")
	if !ok {
		t.Error("did not take the map")
	}
	if _, ok := c.TakeProgram("count_runs"); ok {
		t.Error("took a program twice")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Program("second"); ok {
		t.Error("a program in a closed collection")
	}
	if taken.FD() < 0 || takenMap.FD() < 0 {
		t.Error("Close closed what was taken out")
	}
	taken.Close()
	takenMap.Close()
	if after := bpfDescriptors(t); after != before {
		t.Errorf("%d descriptors of BPF objects before, %d after", before, after)
	}
}

func TestLoadObjectGivenMaps(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	mine := counter(t)
	c, err := loader.LoadObject(object(t, pass), &loader.CollectionOptions{Maps: map[string]*maps.Raw{"count": mine.Raw}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Program("count_runs")
	if _, err := p.Run(&loader.RunOptions{Data: make([]byte, 64)}); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Map("count"); !ok || got != mine.Raw {
		t.Errorf("Map: %v, %v", got, ok)
	}
	c.Close()
	if n := counted(t, mine); n != 1 {
		t.Errorf("counted %d runs in the map given, want 1", n)
	}
}

// TestLoadObjectFails looks at what is left when a step fails: nothing.
func TestLoadObjectFails(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	hash, err := maps.Create(asm.MapSpec{Name: "other", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hash.Close()
	badMap, err := reloc.NewObject(build(t, "bad_map", asm.SocketFilter, func(b *asm.Builder) {
		b.DeclareMap(countSpec)
		b.DeclareMap(asm.MapSpec{Name: "impossible", Type: asm.MapArray, KeySize: 3, ValueSize: 8, MaxEntries: 1})
		b.LdMap(asm.R1, "count")
		b.LdMap(asm.R1, "impossible")
		pass(b)
	}))
	if err != nil {
		t.Fatal(err)
	}
	unresolved := object(t, func(b *asm.Builder) {
		b.LdMap(asm.R1, "elsewhere")
		pass(b)
	})
	before := bpfDescriptors(t)
	for _, test := range []struct {
		name   string
		object *reloc.Object
		opts   *loader.CollectionOptions
		is     error
		text   string
	}{
		{"no object", nil, nil, nil, "load object: no object"},
		{"map", badMap, nil, nil, `load object: create map "impossible"`},
		{"link", unresolved, nil, reloc.ErrUnresolved, "unresolved symbol elsewhere"},
		{"unknown map given", object(t, pass), &loader.CollectionOptions{Maps: map[string]*maps.Raw{"cuont": hash}}, reloc.ErrUnknownSymbol,
			"load object: link: unknown symbol cuont: no program refers to it"},
		{"wrong map given", object(t, pass), &loader.CollectionOptions{Maps: map[string]*maps.Raw{"count": hash}}, reloc.ErrWrongKind,
			"map count is of type hash, the programs expect array"},
		{"nil map given", object(t, pass), &loader.CollectionOptions{Maps: map[string]*maps.Raw{"count": nil}}, nil,
			"load object: map count: the map given is nil"},
		{"verifier", object(t, func(b *asm.Builder) { b.Exit() }), nil, os.ErrPermission,
			"load object: collection_test.go:"},
	} {
		_, err := loader.LoadObject(test.object, test.opts)
		wantError(t, test.name, err, test.text)
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, err, test.is)
		}
		if after := bpfDescriptors(t); after != before {
			t.Errorf("%s: %d descriptors of BPF objects before, %d after", test.name, before, after)
		}
	}
	if diff := cmp.Diff("other", hash.Spec().Name); diff != "" || hash.FD() < 0 {
		t.Errorf("the map given was closed: %s", diff)
	}
}
