package asm_test

import (
	"bytes"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// BenchmarkParseText parses random programs as AppendText prints them, in texts of more than 4096 lines.
func BenchmarkParseText(b *testing.B) {
	g := newRandomText(b, 3)
	for _, syntax := range []struct {
		name string
		s    asm.Syntax
	}{{"LLVM", asm.LLVM}, {"kernel", asm.Kernel}} {
		var s asm.ProgramSpec
		// One program of many functions, since the text has no directives.
		for k := 0; len(s.Instructions) < 4200; k++ {
			one := g.program("main")
			start := len(s.Instructions)
			s.Instructions = append(s.Instructions, one.Instructions...)
			for _, f := range one.Functions {
				f.Name, f.Index = "f"+string(rune('a'+k%26))+string(rune('a'+k/26))+f.Name, f.Index+start
				s.Functions = append(s.Functions, f)
			}
			for _, r := range one.References {
				r.Index += start
				s.References = append(s.References, r)
			}
		}
		p, err := asm.NewProgram(s)
		if err != nil {
			b.Fatal(err)
		}
		text := p.AppendText(nil, syntax.s)
		lines := bytes.Count(text, []byte("\n"))
		b.Run(syntax.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := asm.ParseText("bench.s", text); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
