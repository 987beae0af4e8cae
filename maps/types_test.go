//go:build linux

package maps

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

var (
	flowKey = asm.NewStruct("flow", asm.Member{Name: "addr", Size: asm.B, Count: 4}, asm.Member{Name: "port", Size: asm.H},
		asm.Member{Name: "proto", Size: asm.B}, asm.Member{Size: asm.B})
	trafficValue = asm.NewStruct("traffic", asm.Member{Name: "packets", Size: asm.W}, asm.Member{Name: "bytes", Size: asm.DW})
)

// laidOut is a map with named members in its keys and values.
func laidOut(t asm.MapType) asm.MapSpec {
	spec := asm.MapSpec{Name: "flows", Type: t, KeySize: 8, ValueSize: 16, MaxEntries: 4, Key: flowKey, Value: trafficValue}
	switch t {
	case asm.MapArray, asm.MapPerCPUArray:
		spec.KeySize, spec.Key = 4, nil
	case asm.MapSkStorage, asm.MapInodeStorage, asm.MapTaskStorage, asm.MapCgrpStorage:
		spec.KeySize, spec.Key, spec.MaxEntries, spec.Flags = 4, nil, 0, asm.MapNoPrealloc
	case asm.MapReuseportSockArray:
		spec.KeySize, spec.Key, spec.ValueSize = 4, nil, 8
		spec.Value = asm.NewStruct("socket", asm.Member{Name: "cookie", Size: asm.DW})
	case asm.MapLPMTrie:
		spec.Flags = asm.MapNoPrealloc
	}
	return spec
}

// fields reads a type of a map back from the kernel: the names of a struct with their offsets and sizes, or the type's.
func fields(t *testing.T, object uint32, id uint32) []btf.Field {
	t.Helper()
	blob, err := sys.BTFBlob(object)
	check(t, err)
	s, err := btf.Parse(blob)
	check(t, err)
	typ, err := s.Type(btf.TypeID(id))
	check(t, err)
	if typ.Kind == btf.Int {
		return []btf.Field{{Name: typ.Name, Size: uint64(typ.Size)}}
	}
	all, err := s.Fields(typ)
	check(t, err)
	for i := range all {
		all[i].Type = 0
	}
	return all
}

// The names in keys and values are in the kernel afterwards, for every type of map that takes them.
func TestLayoutTravels(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	number := func(name string, size uint64) []btf.Field { return []btf.Field{{Name: name, Size: size}} }
	flow := []btf.Field{{Name: "addr", Size: 4}, {Name: "port", Offset: 4, Size: 2}, {Name: "proto", Offset: 6, Size: 1}}
	traffic := []btf.Field{{Name: "packets", Size: 4}, {Name: "bytes", Offset: 8, Size: 8}}
	for _, test := range []struct {
		kind       asm.MapType
		key, value []btf.Field
	}{
		{asm.MapHash, flow, traffic},
		{asm.MapPerCPUHash, flow, traffic},
		{asm.MapLRUHash, flow, traffic},
		{asm.MapLRUPerCPUHash, flow, traffic},
		{asm.MapLPMTrie, flow, traffic},
		{asm.MapArray, number("unsigned int", 4), traffic},
		{asm.MapPerCPUArray, number("unsigned int", 4), traffic},
		{asm.MapSkStorage, number("unsigned int", 4), traffic},
		{asm.MapTaskStorage, number("unsigned int", 4), traffic},
		{asm.MapReuseportSockArray, number("unsigned int", 4), number("cookie", 8)},
	} {
		raw, err := Create(laidOut(test.kind), nil)
		if err != nil {
			t.Errorf("%v: %v", test.kind, err)
			continue
		}
		t.Cleanup(func() { raw.Close() })
		info, err := raw.Info()
		check(t, err)
		if info.BTF == 0 {
			t.Errorf("%v: the map has no types", test.kind)
			continue
		}
		if diff := cmp.Diff(test.key, fields(t, info.BTF, info.BTFKeyType)); diff != "" {
			t.Errorf("%v: key (-want +got):\n%s", test.kind, diff)
		}
		if diff := cmp.Diff(test.value, fields(t, info.BTF, info.BTFValueType)); diff != "" {
			t.Errorf("%v: value (-want +got):\n%s", test.kind, diff)
		}
	}
}

// What is not laid out is described by its size.
func TestHalfALayout(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	bytes := func(n uint64) []btf.Field { return []btf.Field{{Name: "bytes", Size: n}} }
	for _, test := range []struct {
		name       string
		spec       asm.MapSpec
		key, value []btf.Field
	}{
		{"key", asm.MapSpec{Type: asm.MapHash, KeySize: 8, ValueSize: 3, MaxEntries: 1, Key: flowKey}, nil, bytes(3)},
		{"value", asm.MapSpec{Type: asm.MapHash, KeySize: 6, ValueSize: 16, MaxEntries: 1, Value: trafficValue}, bytes(6), nil},
		{"value behind a short key", asm.MapSpec{Type: asm.MapHash, KeySize: 2, ValueSize: 16, MaxEntries: 1, Value: trafficValue},
			[]btf.Field{{Name: "unsigned short", Size: 2}}, nil},
		{"value of a trie", asm.MapSpec{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 16, MaxEntries: 1, Value: trafficValue, Flags: asm.MapNoPrealloc}, bytes(8), nil},
	} {
		raw, err := Create(test.spec, nil)
		check(t, err)
		t.Cleanup(func() { raw.Close() })
		info, err := raw.Info()
		check(t, err)
		if info.BTF == 0 {
			t.Errorf("%s: the map has no types", test.name)
			continue
		}
		if test.key != nil {
			if diff := cmp.Diff(test.key, fields(t, info.BTF, info.BTFKeyType)); diff != "" {
				t.Errorf("%s: key (-want +got):\n%s", test.name, diff)
			}
		}
		if test.value != nil {
			if diff := cmp.Diff(test.value, fields(t, info.BTF, info.BTFValueType)); diff != "" {
				t.Errorf("%s: value (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

// Maps that the kernel takes no types for are made without, and so are those whose author gave none.
func TestLayoutStaysBehind(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	word := asm.NewStruct("word", asm.Member{Name: "word", Size: asm.W})
	for _, spec := range []asm.MapSpec{
		{Type: asm.MapHash, KeySize: 8, ValueSize: 16, MaxEntries: 1},
		{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Key: word, Value: word},
		{Type: asm.MapCPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 1, Value: word},
		{Type: asm.MapDevMap, KeySize: 4, ValueSize: 4, MaxEntries: 1, Value: word},
		{Type: asm.MapQueue, ValueSize: 4, MaxEntries: 1, Value: word},
		{Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 1, Key: flowKey},
		{Type: asm.MapSockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1, Value: word},
		// A struct has at most 16 MiB less one byte in BTF.
		{Type: asm.MapArray, KeySize: 4, ValueSize: 1<<24 + 8, MaxEntries: 1, Value: asm.NewStruct("huge", asm.Member{Name: "bytes", Size: asm.B, Count: 1<<24 + 8})},
	} {
		raw, err := Create(spec, nil)
		if err != nil {
			t.Errorf("%v: %v", spec.Type, err)
			continue
		}
		t.Cleanup(func() { raw.Close() })
		info, err := raw.Info()
		check(t, err)
		if info.BTF != 0 && spec.ValueSize < 1<<24 {
			t.Errorf("%v: the map has types", spec.Type)
		}
	}
}

func TestLayoutRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		spec asm.MapSpec
		want string
	}{
		{"key", asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 16, MaxEntries: 1, Key: flowKey},
			"flow, the layout of the key, has 8 bytes, the key 4: invalid argument"},
		{"value", asm.MapSpec{Type: asm.MapHash, KeySize: 8, ValueSize: 8, MaxEntries: 1, Key: flowKey, Value: trafficValue},
			"traffic, the layout of the value, has 16 bytes, the value 8: invalid argument"},
		{"member", asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 0, Value: asm.NewStruct("none", asm.Member{Name: "a", Count: -1, Size: asm.DW})},
			"none, the layout of the value"},
	} {
		_, err := Create(test.spec, nil)
		if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// The kernel finds a lock by its name, or the map is not made: it would be taken for one with a lock.
func TestLayoutLock(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	value := asm.NewStruct("counter", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "n", Size: asm.W, Signed: true})
	locked := asm.MapSpec{Name: "locked", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Value: value}
	raw, err := Create(locked, nil)
	must(t, raw, err)
	if err := raw.Update(make([]byte, 4), []byte{1, 2, 3, 4, 5, 6, 7, 8}, asm.UpdateLock); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if err := raw.Lookup(make([]byte, 4), got, 0); err != nil || !bytes.Equal(got, []byte{0, 0, 0, 0, 5, 6, 7, 8}) {
		t.Errorf("%v, %v; want the value without the lock", got, err)
	}
	plain := locked
	plain.Value = asm.NewStruct("counter", asm.Member{Name: "lock", Size: asm.W}, asm.Member{Name: "n", Size: asm.W})
	raw, err = Create(plain, nil)
	must(t, raw, err)
	if err := raw.Update(make([]byte, 4), make([]byte, 8), asm.UpdateLock); !errors.Is(err, unix.EINVAL) {
		t.Errorf("an update that takes the lock of a value without one: %v, want EINVAL", err)
	}
	two := locked
	two.ValueSize, two.Value = 8, asm.NewStruct("two", asm.Member{Name: "a", Struct: asm.SpinLock()}, asm.Member{Name: "b", Struct: asm.SpinLock()})
	if raw, err := Create(two, nil); err == nil {
		raw.Close()
		t.Error("a map with two locks in its values was made")
	}
}

// Contents are in an array before anybody can look, and stay if programs may not write them.
func TestContents(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	for _, test := range []struct {
		flags  asm.MapFlags
		frozen bool
	}{{0, false}, {asm.MapReadOnlyProg, true}} {
		spec := asm.MapSpec{Name: "data", Type: asm.MapArray, KeySize: 4, ValueSize: 5, MaxEntries: 1, Flags: test.flags, Contents: "hello"}
		raw, err := Create(spec, nil)
		must(t, raw, err)
		got := make([]byte, 8)[:5]
		check(t, raw.Lookup(make([]byte, 4), got, 0))
		info, err := raw.Info()
		check(t, err)
		if string(got) != "hello" || info.Frozen != test.frozen {
			t.Errorf("flags %#x: contents %q, frozen %v", test.flags, got, info.Frozen)
		}
	}
	for _, spec := range []asm.MapSpec{
		{Type: asm.MapHash, KeySize: 4, ValueSize: 5, MaxEntries: 1, Contents: "hello"},
		{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Contents: "hello"},
	} {
		_, err := Create(spec, nil)
		if err == nil || !strings.Contains(err.Error(), "the spec has contents of 5 bytes; only an array has any, of the size of its value") {
			t.Errorf("%v: %v", spec.Type, err)
		}
	}
}

func TestReadCounters(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	counters := asm.NewCounters("stats", "hit", "miss", "late")
	m, err := NewPerCPU[uint32, [3]uint64](counters.Map(), nil)
	must(t, m, err)
	cpus, err := PossibleCPUs()
	check(t, err)
	values, want := make([][3]uint64, cpus), map[string]uint64{"hit": 0, "miss": 0, "late": 0}
	for i := range values {
		values[i] = [3]uint64{uint64(i + 1), 1 << 40, 0}
		want["hit"] += uint64(i + 1)
		want["miss"] += 1 << 40
	}
	check(t, m.Update(0, values, 0))
	got, err := ReadCounters(m.Raw, counters)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	if _, err := ReadCounters(m.Raw, asm.NewCounters("stats", "hit")); !errors.Is(err, unix.EINVAL) ||
		!strings.Contains(err.Error(), "1 counters are 8 bytes of a percpu_array") {
		t.Errorf("other counters: %v", err)
	}
	if _, err := ReadCounters(newHash(t, 1).Raw, asm.NewCounters("hash", "hit")); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a hash: %v", err)
	}
	check(t, m.Close())
	if _, err := ReadCounters(m.Raw, counters); err == nil {
		t.Error("a closed map is read")
	}
}
