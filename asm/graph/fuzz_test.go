package graph_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/graph"
)

// Whatever is a program is shown, whatever its names and comments are. The bytes are instructions of eBPF, else of classic
// BPF; name says what things are called and where functions begin.
func FuzzGraph(f *testing.F) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 20 {
		f.Add(randomProgram(f, r, 1+r.IntN(60)).AppendTo(nil, binary.LittleEndian), "name", uint8(r.IntN(256)))
	}
	f.Add(strange(f).AppendTo(nil, binary.LittleEndian), "a\x1b\xff<&\"\\\n\u202e", uint8(3))
	f.Add([]byte{0x28, 0, 0, 0, 12, 0, 0, 0, 0x15, 0, 0, 1, 0, 8, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}, "", uint8(0))
	f.Fuzz(func(t *testing.T, code []byte, name string, options uint8) {
		if len(code) > 8*300 || len(name) > 100 {
			return
		}
		g := fuzzed(code, name)
		if g == nil {
			return
		}
		o := &graph.Options{NoLines: options&1 != 0, Syntax: asm.Syntax(options >> 1 & 1), Width: int(int8(options))}
		if options&4 != 0 {
			o.Title = name
		}
		text := g.AppendText(nil, o)
		if lines := bytes.Count(text, []byte("\n")); lines < len(code)/16 || bytes.ContainsRune(text, 0x1b) || bytes.ContainsRune(text, '\r') {
			t.Fatalf("%d lines for %d bytes of code, or with control characters", lines, len(code))
		}
		checkDOT(t, g.AppendDOT(nil, o))
		svg := g.AppendSVG(nil, o)
		if len(g.Edges()) < 80 {
			checkSVG(t, g, svg)
		} else {
			parseSVG(t, svg)
		}
	})
}

// fuzzed makes a graph of code as either kind of program, nil if it is neither.
func fuzzed(code []byte, name string) *graph.Graph {
	if insns, err := asm.Decode(code, binary.LittleEndian); err == nil && len(insns) > 0 {
		spec := asm.ProgramSpec{Name: name, Instructions: insns}
		for i := range insns {
			spec.Positions = append(spec.Positions, asm.Position{File: name, Line: i / 2})
			switch i % 8 {
			case 1:
				spec.Labels = append(spec.Labels, asm.Label{Name: name, Index: i})
			case 2:
				spec.Comments = append(spec.Comments, asm.Comment{Index: i, Text: strings.Repeat(name, i%3)})
			}
		}
		if p, err := asm.NewProgram(spec); err == nil {
			return graph.New(p)
		}
	}
	var raw []bpf.RawInstruction
	for ; len(code) >= 8; code = code[8:] {
		raw = append(raw, bpf.RawInstruction{Op: binary.LittleEndian.Uint16(code), Jt: code[2], Jf: code[3], K: binary.LittleEndian.Uint32(code[4:])})
	}
	if p, err := classic.Decode(raw); err == nil {
		return graph.NewClassic(p)
	}
	return nil
}
