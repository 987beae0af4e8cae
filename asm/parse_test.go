package asm_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// parseOne parses a text of one program.
func parseOne(t testing.TB, text string) *asm.Program {
	t.Helper()
	programs, err := asm.ParseText("test.s", []byte(text))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	if len(programs) != 1 {
		t.Fatalf("%d programs in\n%s", len(programs), text)
	}
	return programs[0]
}

// Every encoding of the instruction set comes back from its text in both syntaxes, on its own and in a program.
func TestParseEncodings(t *testing.T) {
	for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
		for _, c := range everyCall() {
			b := newBuilder()
			b.Label("back")
			c.call(b)
			b.Label("next")
			b.Exit()
			b.Subprogram("sub")
			b.Exit()
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			text := string(p.AppendText(nil, syntax))
			got := parseOne(t, text)
			if want, got := p.AppendTo(nil, binary.LittleEndian), got.AppendTo(nil, binary.LittleEndian); !bytes.Equal(want, got) {
				t.Errorf("%s: % x, want % x, of\n%s", c.name, got, want, text)
			}
		}
	}
}
