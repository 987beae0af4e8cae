package elf_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc/elf"
)

// objectFiles returns all objects of testdata/clang.
func objectFiles(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, pattern := range []string{"testdata/clang/*.o", "testdata/clang/refused/*.o"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data)
		}
	}
	return all
}

// allocated returns how many bytes the process has allocated since it began.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// maxAllocated bounds what Read allocates for n bytes. Most of it is what the instructions of 8 bytes become: 16
// bytes, a position of 24, a comment of 24 and sometimes a reference of 32, each twice since programs are copies.
// What is small the runtime counts late, in spans of some kilobytes for each of its sizes: these are the two
// megabytes.
func maxAllocated(n int) uint64 { return 2<<20 + 64*uint64(n) }

func readBounded(t testing.TB, data []byte) {
	before := allocated()
	o, err := elf.Read("fuzz.o", data)
	if used := allocated() - before; used > maxAllocated(len(data)) {
		t.Errorf("%d bytes allocated for %d", used, len(data))
	}
	if err != nil {
		return
	}
	for _, p := range o.Programs() {
		if _, err := asm.Decode(p.AppendTo(nil, binary.LittleEndian), binary.LittleEndian); err != nil {
			t.Errorf("program %s: %v", p.Name(), err)
		}
	}
	symbols, _ := descriptors(o)
	_, _ = o.Link(symbols)
}

// TestReadAllocates holds the objects of the corpus to the bound.
func TestReadAllocates(t *testing.T) {
	for _, data := range objectFiles(t) {
		readBounded(t, data)
	}
}

// TestReadTruncated reads every beginning of an object, and the object with each byte changed.
func TestReadTruncated(t *testing.T) {
	for _, name := range []string{"callback.el.o", "data.eb.o", "trace.plain.o"} {
		data, err := os.ReadFile(filepath.Join("testdata/clang", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 7 {
			if _, err := elf.Read("short.o", data[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are an object", name, n, len(data))
			}
		}
		for at := range data {
			changed := append([]byte(nil), data...)
			changed[at] ^= 0x80 >> (at % 8)
			readBounded(t, changed)
		}
	}
}

// Objects are large for a fuzzer, which likes to spend its time on making them smaller: use -fuzzminimizetime 10x.
func FuzzRead(f *testing.F) {
	for _, data := range objectFiles(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { readBounded(t, data) })
}
