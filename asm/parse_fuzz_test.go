package asm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// allocationBound is how many bytes ParseText may allocate: a multiple of the text, since the shortest instructions take
// few bytes of it and each has a place in several tables, which grow by doubling, and some for an empty text.
func allocationBound(text []byte) uint64 { return 1<<18 + 600*uint64(len(text)) }

// ParseText neither panics nor allocates without bound, and what it reads can be written and read again.
func FuzzParseText(f *testing.F) {
	for _, p := range randomPrograms(f, 20) {
		f.Add(p.AppendText(nil, asm.LLVM))
		f.Add(p.AppendText(nil, asm.Kernel))
		f.Add(asm.AppendSource(nil, p))
	}
	for _, test := range spellings {
		f.Add([]byte(test.text))
	}
	for _, test := range parseErrors {
		f.Add([]byte(test.text))
	}
	f.Add([]byte(everyDirective))
	files, err := filepath.Glob("testdata/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		if text, err := os.ReadFile(path); err == nil && len(text) < 20_000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		programs, err := asm.ParseText("fuzz.s", text)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > allocationBound(text) {
			t.Fatalf("%d bytes allocated for a text of %d", n, len(text))
		}
		if err != nil {
			var list *asm.ParseErrors
			if programs != nil || !errors.As(err, &list) || len(list.Errors) == 0 {
				t.Fatalf("%d programs beside the error %v", len(programs), err)
			}
			return
		}
		source := asm.AppendSource(nil, programs...)
		again, err := asm.ParseText("again.s", source)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, source)
		}
		if diff := equalSpecs(programs, again); diff != "" {
			t.Fatalf("source differs (-first +second):\n%s\nin\n%s", diff, source)
		}
		for _, p := range programs {
			code := p.AppendTo(nil, binary.LittleEndian)
			for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
				text := p.AppendText(nil, syntax)
				again, err := asm.ParseText("again.s", text)
				if err != nil {
					t.Fatalf("%v\nin\n%s", err, text)
				}
				if !bytes.Equal(code, again[0].AppendTo(nil, binary.LittleEndian)) {
					t.Fatalf("other bytes in syntax %d:\n%s", syntax, text)
				}
			}
		}
	})
}
