package asm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// The text of a source line stands once, where the line or its text changes, and comes back as the comment on each
// instruction of the line. A comment on a single instruction stands behind it.
func TestSourceLines(t *testing.T) {
	a, b := asm.Position{File: "/src/a.c", Line: 3}, asm.Position{File: "/src/a.c", Line: 4}
	none := asm.Position{}
	for _, test := range []struct {
		name      string
		positions []asm.Position
		comments  []string // of each of six instructions
		want      string
	}{
		{"lines of C", []asm.Position{a, a, a, b, b, a}, []string{"x = 1;", "x = 1;", "x = 1;", `f("y");`, `f("y");`, "x = 1;"},
			`.file 1 "/src/a.c"
.loc 1 3 "x = 1;"
p:
	r0 = 0
	r0 = 1
	r0 = 2
.loc 1 4 "f(\"y\");"
	r0 = 3
	r0 = 4
.loc 1 3
	exit                                     # x = 1;
`},
		{"one instruction is said more of", []asm.Position{a, a, a, a, a, a}, []string{"x = 1;", "x = 1;", "here", "x = 1;", "two\nlines", "x = 1;"},
			`.file 1 "/src/a.c"
.loc 1 3 "x = 1;"
p:
	r0 = 0
	r0 = 1
	r0 = 2                                   # here
	r0 = 3
.comment "two\nlines"
	r0 = 4
	exit
`},
		{"the text ends within the line", []asm.Position{a, a, a, a, a, a}, []string{"x = 1;", "x = 1;", "", "", "x = 1;", ""},
			`.file 1 "/src/a.c"
.loc 1 3 "x = 1;"
p:
	r0 = 0
	r0 = 1
.loc 1 3
	r0 = 2
	r0 = 3
	r0 = 4                                   # x = 1;
	exit
`},
		{"another text for the same line", []asm.Position{a, a, a, a, a, b}, []string{"x = 1;", "x = 1;", "y = 2;", "y = 2;", "", "y = 2;"},
			`.file 1 "/src/a.c"
.loc 1 3 "x = 1;"
p:
	r0 = 0
	r0 = 1
.loc 1 3 "y = 2;"
	r0 = 2
	r0 = 3
.loc 1 3
	r0 = 4
.loc 1 4
	exit                                     # y = 2;
`},
		{"text without positions", nil, []string{"", "x = 1;", "x = 1;", "", "# odd", "# odd"},
			`.loc 0 0
p:
	r0 = 0
.loc "x = 1;"
	r0 = 1
	r0 = 2
.loc ""
	r0 = 3
.loc "# odd"
	r0 = 4
	exit
`},
		{"text where the position is not known", []asm.Position{a, none, none, none, none, none}, []string{"", "x = 1;", "x = 1;", "", "", "z"},
			`.file 1 "/src/a.c"
.loc 1 3
p:
	r0 = 0
.loc 0 0 "x = 1;"
	r0 = 1
	r0 = 2
.loc 0 0
	r0 = 3
	r0 = 4
	exit                                     # z
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := asm.ProgramSpec{Name: "p", Positions: test.positions, Functions: []asm.Label{{Name: "p"}}}
			for n, text := range test.comments {
				i := asm.Instruction{Op: 0xb7, Imm: int64(n)}
				if n == len(test.comments)-1 {
					i = asm.Instruction{Op: 0x95}
				}
				spec.Instructions = append(spec.Instructions, i)
				if text != "" {
					spec.Comments = append(spec.Comments, asm.Comment{Index: n, Text: text})
				}
			}
			p, err := asm.NewProgram(spec)
			if err != nil {
				t.Fatal(err)
			}
			source := string(asm.AppendSource(nil, p))
			if diff := cmp.Diff(".program p\n.license \"Dual MIT/GPL\"\n"+test.want, source); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := equalSpecs([]*asm.Program{p}, []*asm.Program{parseOne(t, source)}); diff != "" {
				t.Errorf("program (-want +got):\n%s", diff)
			}
		})
	}
}

// A comment behind instructions replaces the text of their source line, on all instructions of the text's line.
func TestCommentInsteadOfLine(t *testing.T) {
	p := parseOne(t, "\ufeff.loc \"x = 1;\"\nr0 = 0; r1 = 0 # both\nr2 = 0\n.comment \"first\"\nr3 = 0; r4 = 0 # second\n.loc \"\"\nexit")
	want := []asm.Comment{{Index: 0, Text: "both"}, {Index: 1, Text: "both"}, {Index: 2, Text: "x = 1;"}, {Index: 3, Text: "first"},
		{Index: 4, Text: "second"}}
	if diff := cmp.Diff(want, p.Spec().Comments); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var lines []int
	for _, at := range p.Spec().Positions {
		lines = append(lines, at.Line)
	}
	if diff := cmp.Diff([]int{2, 2, 3, 5, 5, 7}, lines); diff != "" {
		t.Errorf("lines of the text (-want +got):\n%s", diff)
	}
}

// A byte order mark before a text says nothing; elsewhere it is refused.
func TestByteOrderMark(t *testing.T) {
	parseOne(t, "\ufeffexit")
	_, err := asm.ParseText("t.s", []byte("exit\n\ufeffexit"))
	if want := `t.s:2:1: expected an instruction, found "\ufeff"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// Where the text does not say where its instructions come from, they come from the text; what a tool printed does not.
func TestPositionsOfText(t *testing.T) {
	at := func(lines ...int) (all []asm.Position) {
		for _, n := range lines {
			all = append(all, asm.Position{File: "test.s", Line: n})
		}
		return all
	}
	for _, test := range []struct {
		name, text string
		want       []asm.Position
	}{
		{"text", "r0 = 0\n\nexit\n", at(1, 3)},
		{"two on a line", "\nr0 = 0; exit\n", at(2, 2)},
		{"second program", ".program a xdp\nexit\n.program b xdp\n\texit\n", at(4)},
		{"the text knows", ".file 1 \"a.c\"\n.loc 1 7\nr0 = 0\nexit\n", []asm.Position{{File: "a.c", Line: 7}, {File: "a.c", Line: 7}}},
		{"nobody knows", ".loc 0 0\nr0 = 0\nexit\n", nil},
		{"verifier's log", "0: (b7) r0 = 0\n1: (95) exit\n", nil},
		{"verifier's log of line 0", "; x @ a.c:0\n0: (b7) r0 = 0\n1: (95) exit\n", nil},
		{"llvm-objdump", "0000000000000000 <f>:\n       0:\tb7 00 00 00 00 00 00 00\tr0 = 0x0\n       1:\t95 00 00 00 00 00 00 00\texit\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			programs, err := asm.ParseText("test.s", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			p := programs[len(programs)-1]
			if diff := cmp.Diff(test.want, p.Spec().Positions); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
