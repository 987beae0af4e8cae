// Package oracle helps tests to hold programs against LLVM's assembler, which knows nothing of this module.
package oracle

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// CheckLLVM lets LLVM's assembler make bytes of the program's text, for both byte orders, and compares them with the
// program's. It skips where no llvm-mc of version 18 or later is installed.
func CheckLLVM(t *testing.T, p *asm.Program) {
	t.Helper()
	llvm := llvmMC(t)
	for _, target := range []struct {
		triple string
		order  binary.ByteOrder
		dst    byte // the bits of the second byte that hold the destination register
	}{
		{"bpfel", binary.LittleEndian, 0x0f},
		{"bpfeb", binary.BigEndian, 0xf0},
	} {
		got := p.AppendTo(nil, target.order)
		for _, r := range p.References() {
			// LLVM leaves it to whoever links to mark the immediate as a map, in the bits of the source register.
			got[8*p.Slot(r.Index)+1] &= target.dst
		}
		want := assemble(t, llvm, target.triple, p)
		if diff := cmp.Diff(slots(want), slots(got)); diff != "" {
			t.Errorf("%s for %s (-LLVM +ours):\n%s", p.Name(), target.triple, diff)
		}
	}
}

func slots(b []byte) (lines []string) {
	for ; len(b) >= 8; b = b[8:] {
		lines = append(lines, fmt.Sprintf("% x", b[:8]))
	}
	return lines
}

// assemble returns the section .text that LLVM makes of the program's text. Stores of constants are version 4 for LLVM.
func assemble(t *testing.T, llvm, triple string, p *asm.Program) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), triple+".o")
	cmd := exec.Command(llvm, "-triple="+triple, "-mcpu=v4", "-filetype=obj", "-o", path)
	cmd.Stdin = bytes.NewReader(p.AppendText(nil, asm.LLVM))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// llvmMC finds an assembler that knows version 4 of the instruction set.
func llvmMC(t *testing.T) string {
	for version := 30; version >= 18; version-- {
		if path, err := exec.LookPath(fmt.Sprintf("llvm-mc-%d", version)); err == nil {
			return path
		}
	}
	t.Skip("no llvm-mc of version 18 or later is installed")
	return ""
}
