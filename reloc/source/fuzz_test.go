package source_test

import (
	"regexp"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/source"
)

var (
	literals    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\[^\n])*"|` + "`[^`]*`")
	identifiers = regexp.MustCompile(`[A-Za-z_]\w*`)
	between     = regexp.MustCompile(`(?:\s|" \+\s*")+`)
)

// skeleton returns what is left of source in C or Go without comments, the insides of strings, names and blanks.
func skeleton(text []byte) string {
	s := literals.ReplaceAllStringFunc(string(text), func(s string) string {
		if s[0] == '/' {
			return " "
		}
		return `""`
	})
	return between.ReplaceAllString(identifiers.ReplaceAllString(s, "x"), " ")
}

func named(program, file, symbol, text string) (*reloc.Object, error) {
	p, err := asm.NewProgram(asm.ProgramSpec{
		Name: program, Type: asm.SocketFilter, AttachTo: "to " + text, License: "licence " + text,
		Instructions: []asm.Instruction{{Op: asm.OpLdImm64, Dst: 1, Src: asm.Imm64MapFD}, {Op: exit}, {Op: exit}},
		References:   []asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: symbol}},
		Functions:    []asm.Label{{Name: program}, {Name: text, Index: 2}},
		Labels:       []asm.Label{{Name: text, Index: 1}},
		Comments:     []asm.Comment{{Index: 1, Text: text}},
		Positions:    []asm.Position{{File: file, Line: 1}, {File: file, Line: 2}, {}},
		Maps: []asm.MapSpec{{Name: symbol, Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Contents: "four",
			Value: asm.NewStruct(text, asm.Member{Name: "m" + text, Size: asm.W})}},
	})
	if err != nil {
		return nil, err
	}
	return reloc.NewObject(p)
}

// Whatever strings a program has, they stay in comments and literals and become identifiers: the source around them is
// the same as for a tame program.
func FuzzNames(f *testing.F) {
	for _, s := range awkward() {
		f.Add(s, s, "map "+s, s)
	}
	write := func(t *testing.T, o *reloc.Object) (c, text []byte) {
		t.Helper()
		c, err := source.AppendC(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = source.AppendGo(nil, o, nil); err != nil {
			t.Fatal(err)
		}
		return c, text
	}
	f.Fuzz(func(t *testing.T, program, file, symbol, text string) {
		o, err := named(program, file, symbol, text)
		if err != nil {
			return // a program and a map of one name, a function of the map's, no symbol
		}
		if _, err := o.Link(reloc.Symbols{symbol: reloc.MapFD(0)}); err != nil {
			return
		}
		tame, err := named("program", "file", "symbol", "text")
		if err != nil {
			t.Fatal(err)
		}
		c, source := write(t, o)
		tameC, tameSource := write(t, tame)
		if got, want := skeleton(c), skeleton(tameC); got != want {
			t.Errorf("C: %s\nbecame %s, want %s", c, got, want)
		}
		if got, want := skeleton(source), skeleton(tameSource); got != want {
			t.Errorf("Go: %s\nbecame %s, want %s", source, got, want)
		}
	})
}
