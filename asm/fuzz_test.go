package asm_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// Whatever Decode accepts has one encoding, in both byte orders, and a text in both syntaxes.
func FuzzDecode(f *testing.F) {
	for _, c := range everyCall() {
		b := newBuilder()
		b.Label("back")
		c.call(b)
		b.Label("next")
		b.Exit()
		b.Subprogram("sub")
		b.Exit()
		if p, err := b.Program(); err == nil {
			f.Add(p.AppendTo(nil, binary.LittleEndian), false)
			f.Add(p.AppendTo(nil, binary.BigEndian), true)
		}
	}
	f.Add([]byte{0x18, 0, 0, 0, 0, 0, 0, 0}, false)
	f.Fuzz(func(t *testing.T, code []byte, big bool) {
		var order, other binary.ByteOrder = binary.LittleEndian, binary.BigEndian
		if big {
			order, other = other, order
		}
		insns, err := asm.Decode(code, order)
		if err != nil {
			if insns != nil {
				t.Fatalf("instructions beside the error %v", err)
			}
			return
		}
		again, err := asm.AppendInstructions(nil, insns, order)
		if err != nil || !bytes.Equal(code, again) {
			t.Fatalf("encoded again: % x, %v\nwas % x", again, err, code)
		}
		swapped, err := asm.AppendInstructions(nil, insns, other)
		if err != nil {
			t.Fatal(err)
		}
		back, err := asm.Decode(swapped, other)
		if err != nil {
			t.Fatalf("in the other byte order: %v", err)
		}
		for n, i := range insns {
			if back[n] != i {
				t.Fatalf("instruction %d: %v became %v in the other byte order", n, i, back[n])
			}
			for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
				// A text with a gap in it is one that the printer had no word for.
				text := string(i.AppendText(nil, syntax))
				if text == "" || strings.HasPrefix(text, "(") || strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
					t.Fatalf("instruction %d: text %q", n, text)
				}
			}
		}
		p, err := asm.NewProgram(asm.ProgramSpec{Name: "fuzz", Instructions: insns})
		if err != nil {
			return
		}
		if !bytes.Equal(code, p.AppendTo(nil, order)) {
			t.Fatal("a program of the instructions has other bytes")
		}
		for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
			text := p.AppendText(nil, syntax)
			if lines := bytes.Count(text, []byte("\n")); lines < p.Len() {
				t.Fatalf("%d lines for %d instructions", lines, p.Len())
			}
		}
	})
}
