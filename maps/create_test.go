//go:build linux

package maps

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// TestCreateEveryType makes a map of each type with the smallest spec that the kernel takes for it. A type that the
// kernel's own list does not have must be refused with EINVAL; one that it has must be made, unless the kernel may have
// been built without it.
func TestCreateEveryType(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	page := uint32(os.Getpagesize())
	inner := &asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	congestion, congestionSize := structOps(t, "bpf_struct_ops_tcp_congestion_ops")
	known := knownTypes(t)
	for _, test := range []struct {
		asm.MapSpec
		opts *Options
		// config is what the kernel may have been built without.
		config string
	}{
		{MapSpec: asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapPerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapStackTrace, KeySize: 4, ValueSize: 8, MaxEntries: 1}, config: "PERF_EVENTS"},
		{MapSpec: asm.MapSpec{Type: asm.MapCgroupArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, config: "CGROUPS"},
		{MapSpec: asm.MapSpec{Type: asm.MapLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapLRUPerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1, Flags: asm.MapNoPrealloc}},
		{MapSpec: asm.MapSpec{Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, Inner: inner}},
		{MapSpec: asm.MapSpec{Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, Inner: inner}},
		{MapSpec: asm.MapSpec{Type: asm.MapDevMap, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapSockMap, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapCPUMap, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapXSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, config: "XDP_SOCKETS"},
		{MapSpec: asm.MapSpec{Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapCgroupStorage, KeySize: 16, ValueSize: 8}, config: "CGROUP_BPF"},
		{MapSpec: asm.MapSpec{Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapPerCPUCgroupStorage, KeySize: 16, ValueSize: 8}, config: "CGROUP_BPF"},
		{MapSpec: asm.MapSpec{Type: asm.MapQueue, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapStack, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapSkStorage, KeySize: 4, ValueSize: 5, Flags: asm.MapNoPrealloc}},
		{MapSpec: asm.MapSpec{Type: asm.MapDevMapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{MapSpec: asm.MapSpec{Type: asm.MapStructOps, KeySize: 4, ValueSize: congestionSize, MaxEntries: 1},
			opts: &Options{KernelValueType: congestion}, config: "BPF_JIT"},
		{MapSpec: asm.MapSpec{Type: asm.MapRingBuf, MaxEntries: page}},
		{MapSpec: asm.MapSpec{Type: asm.MapInodeStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc}, config: "BPF_LSM"},
		{MapSpec: asm.MapSpec{Type: asm.MapTaskStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc}},
		{MapSpec: asm.MapSpec{Type: asm.MapBloomFilter, ValueSize: 8, MaxEntries: 1, Extra: 3}},
		{MapSpec: asm.MapSpec{Type: asm.MapUserRingBuf, MaxEntries: page}},
		{MapSpec: asm.MapSpec{Type: asm.MapCgrpStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc}},
		{MapSpec: asm.MapSpec{Type: asm.MapArena, MaxEntries: 1, Flags: asm.MapMmapable}, config: "MMU and a JIT that knows arenas"},
		{MapSpec: asm.MapSpec{Type: asm.MapInsnArray, KeySize: 4, ValueSize: 16, MaxEntries: 1}},
	} {
		t.Run(test.Type.String(), func(t *testing.T) {
			test.Name = "a type: " + test.Type.String()
			raw, err := Create(test.MapSpec, test.opts)
			if !known(test.Type) {
				if !errors.Is(err, unix.EINVAL) {
					t.Errorf("a type unknown to this kernel: %v, want EINVAL", err)
				}
				return
			}
			if test.config != "" && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)) {
				t.Logf("this kernel was built without CONFIG_%s: %v", test.config, err)
				return
			}
			must(t, raw, err)
			info, err := raw.Info()
			check(t, err)
			if err := match(info.Spec, test.MapSpec); err != nil {
				t.Error(err)
			}
			if want := "a_type__" + test.Type.String(); !strings.HasPrefix(want, info.Spec.Name) || len(info.Spec.Name) != min(len(want), 15) {
				t.Errorf("the kernel's name is %q, want the beginning of %q", info.Spec.Name, want)
			}
			if info.ID == 0 {
				t.Error("the map has no id")
			}
		})
	}
}

// knownTypes reads enum bpf_map_type of the running kernel.
func knownTypes(t *testing.T) func(asm.MapType) bool {
	kernel, err := btf.Kernel()
	check(t, err)
	enum, err := kernel.Find("bpf_map_type", btf.Enum)
	check(t, err)
	return func(typ asm.MapType) bool {
		for _, v := range enum.Values {
			if v.Value == int64(typ) && v.Name != "__MAX_BPF_MAP_TYPE" {
				return true
			}
		}
		return false
	}
}

// structOps returns the id and the size of the value type of a struct_ops map.
func structOps(t *testing.T, name string) (id, size uint32) {
	kernel, err := btf.Kernel()
	check(t, err)
	typ, err := kernel.Find(name, btf.Struct)
	if err != nil {
		t.Logf("no struct_ops map: %v", err)
		return 0, 0
	}
	return uint32(typ.ID), typ.Size
}

// TestCreatePerfEventArrayForEveryCPU: objects that clang made leave the number to the loader.
func TestCreatePerfEventArrayForEveryCPU(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	m, err := Create(asm.MapSpec{Name: "samples", Type: asm.MapPerfEventArray, KeySize: 4, ValueSize: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	want, err := PossibleCPUs()
	if err != nil {
		t.Fatal(err)
	}
	info, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	if got := int(info.Spec.MaxEntries); got != want || want < 1 {
		t.Errorf("the kernel made %d elements, want one for each of %d CPUs", got, want)
	}
	if got := int(m.Spec().MaxEntries); got != want {
		t.Errorf("the map's spec has %d elements, want %d", got, want)
	}
}

func TestCreateErrors(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	inner := &asm.MapSpec{Name: "in", Type: asm.MapArray, KeySize: 4, ValueSize: 8}
	for _, test := range []struct {
		name  string
		spec  asm.MapSpec
		errno error
		want  string
	}{
		{"no entries", asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc}, unix.EINVAL,
			`create map "m" (hash, key 4, value 8, 0 entries, flags 0x1): invalid argument`},
		{"no inner", asm.MapSpec{Name: "m", Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil,
			"the spec has no Inner: what are the maps in it?"},
		{"inner", asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Inner: inner}, nil,
			"the spec has an Inner, but this type holds no maps"},
		{"bad inner", asm.MapSpec{Name: "m", Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, Inner: inner}, unix.EINVAL,
			`1 entries, flags 0x0): create map "in" (array, key 4, value 8, 0 entries, flags 0x0): invalid argument`},
		{"storage key", asm.MapSpec{Name: "m", Type: asm.MapSkStorage, KeySize: 8, ValueSize: 4, Flags: asm.MapNoPrealloc}, unix.EINVAL,
			"the key of a sk_storage map has 4 bytes"},
		{"unknown type", asm.MapSpec{Name: "m", Type: 999, KeySize: 4, ValueSize: 4, MaxEntries: 1}, unix.EINVAL, "(map type 999,"},
	} {
		raw, err := Create(test.spec, nil)
		if err == nil {
			raw.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || test.errno != nil && !errors.Is(err, test.errno) {
			t.Errorf("%s: got %v, want %q and %v", test.name, err, test.want, test.errno)
		}
	}
}

// The matrix of capabilities in the documentation of Create.
func TestCreateWithoutCapabilities(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, err := Create(asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil)
		if err == nil || !strings.HasSuffix(err.Error(), "operation not permitted (missing CAP_BPF)") || !errors.Is(err, unix.EPERM) {
			t.Errorf("hash: %v", err)
		}
		_, err = Create(asm.MapSpec{Name: "m", Type: asm.MapSockHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil)
		if err == nil || !strings.HasSuffix(err.Error(), "operation not permitted (missing CAP_BPF, CAP_NET_ADMIN)") {
			t.Errorf("sockhash: %v", err)
		}
		_, err = OpenID(1, ReadWrite)
		if err == nil || !strings.HasSuffix(err.Error(), "operation not permitted (missing CAP_SYS_ADMIN)") {
			t.Errorf("open: %v", err)
		}
	})
}

func TestCreateWithCapBPFAlone(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		raw, err := Create(asm.MapSpec{Name: "m", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
		must(t, raw, err)
		_, err = Create(asm.MapSpec{Name: "m", Type: asm.MapSockHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil)
		if err == nil || !strings.HasSuffix(err.Error(), "operation not permitted (missing CAP_NET_ADMIN)") {
			t.Errorf("sockhash: %v", err)
		}
	}, kerneltest.CAP_BPF)
}
