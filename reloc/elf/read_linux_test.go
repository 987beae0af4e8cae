package elf_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// native reports whether the objects of a variant are for this machine.
func native(variant string) bool {
	return (variant == "eb") == (binary.NativeEndian.Uint16([]byte{0, 1}) == 1)
}

// notLoaded says of an object why this kernel does not load it.
func notLoaded(variant, source string) string {
	switch {
	case variant == "plain" && source == "callback":
		return "the kernel takes the address of a function from programs with types only"
	case variant == "v4" && loader.HaveCPU(asm.V4) != nil:
		return "the kernel does not have version 4 of the instruction set"
	case variant != "v1" && loader.HaveCPU(asm.V3) != nil:
		return "the kernel does not have version 3 of the instruction set"
	case source == "callback" && loader.HaveHelper(asm.XDP, asm.FnLoop) != nil:
		return "the kernel does not have bpf_loop"
	case source == "maps" && loader.HaveMapType(asm.MapBloomFilter) != nil:
		return "the kernel does not have bloom filters"
	case source == "trace" && loader.HaveMapType(asm.MapRingBuf) != nil:
		return "the kernel does not have ring buffers"
	}
	return ""
}

// loadAll loads an object until the end of the test.
func loadAll(t *testing.T, o *reloc.Object, source string) *loader.Collection {
	t.Helper()
	opts := &loader.CollectionOptions{PinPath: kerneltest.BPFFS(t)}
	if source == "reuseport" && len(o.Maps()) == 0 { // its map is the user's
		m, err := maps.Create(asm.MapSpec{Name: "quic_sockmap", Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 16}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		opts.Maps = map[string]*maps.Raw{"quic_sockmap": m}
	}
	c, err := loader.LoadObject(o, opts)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestReadAndLoad loads every object for this machine: each program of it, and every map.
func TestReadAndLoad(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	for _, v := range variants {
		if !native(v.name) {
			continue
		}
		eachObject(t, v.name, func(t *testing.T, source string) {
			o := typed(t, open(t, source+"."+v.name+".o"))
			if why := notLoaded(v.name, source); why != "" {
				if c, err := loader.LoadObject(o, nil); err == nil {
					c.Close()
					t.Errorf("the kernel loads it, although %s", why)
				}
				return
			}
			c := loadAll(t, o, source)
			for _, p := range o.Programs() {
				if _, ok := c.Program(p.Name()); ok != (p.Type() != asm.UnspecProgram) {
					t.Errorf("program %s of type %v: loaded %v", p.Name(), p.Type(), ok)
				}
			}
			for _, m := range o.Maps() {
				if _, ok := c.Map(m.Name); !ok {
					t.Errorf("map %s was not made", m.Name)
				}
			}
		})
	}
}

// TestReadAndRun has the kernel run the programs that it runs on data. It counts a packet's length behind its
// Ethernet header for socket filters, and from there for classifiers.
func TestReadAndRun(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	runnable(t, func(t *testing.T, o *reloc.Object, variant, source, program string, want func(int) uint32) {
		if !native(variant) || notLoaded(variant, source) != "" {
			return // the simulator runs it
		}
		for _, n := range []int{20, 21, 22, 23, 7, 64, 200} {
			c := loadAll(t, o, source)
			if m, ok := c.Map("slots"); ok {
				for key := range uint32(8) {
					k, v := binary.NativeEndian.AppendUint32(nil, key), binary.NativeEndian.AppendUint32(nil, key*key)
					if err := m.Update(k, v, asm.UpdateAny); err != nil {
						t.Fatal(err)
					}
				}
			}
			p, ok := c.Program(program)
			if !ok {
				t.Fatalf("no program %s", program)
			}
			size := n
			if p.Type() == asm.SocketFilter {
				size += 14
			} else if size < 14 {
				continue
			}
			got, err := p.Run(&loader.RunOptions{Data: make([]byte, size)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Return != want(n) {
				t.Errorf("%d bytes: returned %d, want %d", n, int32(got.Return), int32(want(n)))
			}
		}
	})
}

// TestReadWithoutLicense: without one, the kernel refuses what is for GPL programs only.
func TestReadWithoutLicense(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	if !native("el") {
		t.Skip("for machines of the other byte order")
	}
	b := newBroken(t, "tc.el.o")
	copy(b.data[b.section("license"):], make([]byte, len("Dual BSD/GPL")))
	o, err := elf.Read("tc.o", b.data)
	if err != nil {
		t.Fatal(err)
	}
	c, err := loader.LoadObject(o, nil)
	if err == nil {
		c.Close()
	}
	if want := "cannot call GPL-restricted function"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant ... %s", err, want)
	}
}
