package asm_test

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// BenchmarkParseText reads a text of 4200 instructions with their labels. Its first two results are lines of it in each
// syntax; llvm-mc is LLVM's assembler as a command, with the text forty times as long, so that its start hardly counts,
// and parse is ParseText with that one.
func BenchmarkParseText(b *testing.B) {
	for _, syntax := range []struct {
		name string
		s    asm.Syntax
	}{{"LLVM", asm.LLVM}, {"kernel", asm.Kernel}} {
		text := benchText(b, 4200, syntax.s)
		b.Run(syntax.name, func(b *testing.B) { benchParse(b, text) })
	}
	long := benchText(b, 40*4200, asm.LLVM)
	b.Run("long/parse", func(b *testing.B) { benchParse(b, long) })
	b.Run("long/llvm-mc", func(b *testing.B) {
		llvm := llvmMC(b)
		for b.Loop() {
			cmd := exec.Command(llvm, "-triple=bpfel", "-mcpu=v4", "-filetype=obj", "-o", "/dev/null")
			cmd.Stdin = bytes.NewReader(long)
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v: %.300s", err, out)
			}
		}
		reportLines(b, long)
	})
}

func benchParse(b *testing.B, text []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := asm.ParseText("bench.s", text); err != nil {
			b.Fatal(err)
		}
	}
	reportLines(b, text)
}

func reportLines(b *testing.B, text []byte) {
	b.ReportMetric(float64(bytes.Count(text, []byte("\n")))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// benchText returns the text of a program of about n instructions in many functions, since the text has no directives.
func benchText(b *testing.B, n int, syntax asm.Syntax) []byte {
	g := newRandomText(b, 3)
	var specs []asm.ProgramSpec
	for instructions := 0; instructions < n; {
		one := g.program("main")
		instructions += len(one.Instructions)
		specs = append(specs, one)
	}
	return together(b, specs, make(map[string]int)).AppendText(nil, syntax)
}
