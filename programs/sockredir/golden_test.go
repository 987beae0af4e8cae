package sockredir

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/golden"
)

func programs(t testing.TB) []*asm.Program {
	t.Helper()
	o, err := Object(nil)
	if err != nil {
		t.Fatal(err)
	}
	return o.Programs()
}

// TestGolden holds the programs against the bytes in testdata. TestGoldenLLVM holds them against LLVM's assembler.
func TestGolden(t *testing.T) {
	for _, p := range programs(t) {
		golden.Check(t, filepath.Join("testdata", p.Name()+".golden"), listing(p))
	}
}

// listing has slot, bytes for little and big endian, and text of every instruction.
func listing(p *asm.Program) string {
	little, big := p.AppendTo(nil, binary.LittleEndian), p.AppendTo(nil, binary.BigEndian)
	var out strings.Builder
	i := 0
	for line := range strings.Lines(p.String()) {
		text, instruction := strings.CutPrefix(line, "\t")
		if !instruction {
			out.WriteString(line) // a label
			continue
		}
		for slot := p.Slot(i); slot < p.Slot(i)+p.At(i).Slots(); slot++ {
			fmt.Fprintf(&out, "%3d  % x  % x", slot, little[8*slot:8*slot+8], big[8*slot:8*slot+8])
			if slot == p.Slot(i) {
				out.WriteString("  " + text)
			} else {
				out.WriteString("\n")
			}
		}
		i++
	}
	return out.String()
}

// TestGoldenLLVM assembles the programs' text with LLVM.
func TestGoldenLLVM(t *testing.T) {
	llvm := llvmMC(t)
	for _, p := range programs(t) {
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
			if diff := cmp.Diff(fmt.Sprintf("% x", want), fmt.Sprintf("% x", got)); diff != "" {
				t.Errorf("%s %s (-LLVM +ours):\n%s", p.Name(), target.triple, diff)
			}
		}
	}
}

// assemble returns the section .text that LLVM makes of the program's text. Stores of constants are version 4 for LLVM.
func assemble(t *testing.T, llvm, triple string, p *asm.Program) []byte {
	path := filepath.Join(t.TempDir(), "object")
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
	for version := 25; version >= 18; version-- {
		if path, err := exec.LookPath(fmt.Sprintf("llvm-mc-%d", version)); err == nil {
			return path
		}
	}
	t.Skip("no llvm-mc of version 18 or later is installed")
	return ""
}
