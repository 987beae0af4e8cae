package graph_test

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/asm/graph"
	"github.com/purebpf/purebpf/programs/dcid"
)

// shown are programs whose output is in testdata.
func shown(t *testing.T) map[string]*graph.Graph {
	t.Helper()
	selector, err := dcid.Program(&dcid.Options{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	port80, err := classic.Decode([]bpf.RawInstruction{
		{Op: 0x28, K: 12},
		{Op: 0x15, Jf: 6, K: 0x800},
		{Op: 0x30, K: 23},
		{Op: 0x15, Jf: 4, K: 6},
		{Op: 0xb1, K: 14},
		{Op: 0x48, K: 16},
		{Op: 0x15, Jf: 1, K: 80},
		{Op: 0x06, K: 0x40000},
		{Op: 0x06},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*graph.Graph{"dcid": graph.New(selector), "nested": graph.New(nested(t)), "port80": graph.NewClassic(port80)}
}

func TestGolden(t *testing.T) {
	for name, g := range shown(t) {
		// Lines of other packages would make these files stale with each change there.
		o := &graph.Options{NoLines: name == "dcid"}
		golden.CheckText(t, string(g.AppendText(nil, o)), "testdata/"+name+".txt")
		golden.CheckText(t, string(g.AppendDOT(nil, o)), "testdata/"+name+".dot")
		golden.CheckText(t, string(g.AppendSVG(nil, o)), "testdata/"+name+".svg")
	}
	g := graph.New(nested(t))
	golden.CheckText(t, string(g.AppendText(nil, &graph.Options{Syntax: asm.Kernel})), "testdata/nested.kernel.txt")
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(b *asm.Builder)
		opts  graph.Options
		want  string
	}{
		{"one instruction", func(b *asm.Builder) { b.Exit() }, graph.Options{NoLines: true}, `
f: socket_filter, 1 instruction, 1 block

f:
    0  exit
`},
		{"title and the kernel's syntax", func(b *asm.Builder) {
			b.LdMap(asm.R1, "m")
			b.JumpIf(asm.R1.Eq(-1), "end")
			b.CallHelper(asm.FnKtimeGetNS)
			b.Label("end")
			b.Exit()
		}, graph.Options{NoLines: true, Title: "T", Syntax: asm.Kernel}, `
T

f:
    0  (18) r1 = map[m]
    2  (15) if r1 == 0xffffffff goto pc+1
  to end (taken), L3 (not taken)

L3:
  from f (not taken)
    3  (85) call bpf_ktime_get_ns#5
  to end (next)

end:
  from f (taken), L3 (next)
    4  (95) exit
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := asm.NewBuilder("f", asm.SocketFilter)
			test.write(b)
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want[1:], string(graph.New(p).AppendText(nil, &test.opts))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// strange has names that output must not take for anything else.
func strange(t testing.TB) *asm.Program {
	t.Helper()
	p, err := asm.NewProgram(asm.ProgramSpec{
		Name:         "a\"b\\l<c>&amp;\x1b[31m",
		Instructions: []asm.Instruction{{Op: 0x15}, {Op: 0x18, Src: 1}, {Op: 0x85, Src: 1, Imm: -1}, {Op: 0x95}, {Op: 0x95}},
		Functions:    []asm.Label{{Name: "a\"b\\l<c>&amp;\x1b[31m"}, {Name: "]]>--\n\tx", Index: 4}},
		Labels:       []asm.Label{{Name: "\xff\u202e\x00世界", Index: 1}},
		References:   []asm.Reference{{Index: 1, Kind: asm.RefMap, Symbol: "m\nap: x"}, {Index: 2, Kind: asm.RefCall, Symbol: "\r</text>"}},
		Positions:    []asm.Position{{File: "a<b>\n.go", Line: 1}, {}, {}, {}, {}},
		Comments:     []asm.Comment{{Index: 0, Text: "\x1b]0;title\a"}, {Index: 2, Text: strings.Repeat("世", 100)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What stands in names and comments does not get at the reader's terminal, nor into the structure of the output.
func TestStrangeNames(t *testing.T) {
	g := graph.New(strange(t))
	for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
		o := &graph.Options{Syntax: syntax, Title: "a\x1bb"}
		text := string(g.AppendText(nil, o))
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r < ' ' || r == '\u202e' || r == '\ufffd' }); i >= 0 {
			t.Errorf("text has %q\n%s", text[i:min(i+8, len(text))], text)
		}
		// Title, two functions, three blocks, an empty line before each, five instructions, two lines of source, edges.
		for _, want := range []string{`a\x1bb`, `\xff\u202e\x00世界:`, `m\nap: x`, `\r</text>`, `function ]]>--\n x`, `a<b>\n.go:1  \x1b]0;title\a`} {
			if !strings.Contains(text, want) {
				t.Errorf("text lacks %q:\n%s", want, text)
			}
		}
		checkDOT(t, g.AppendDOT(nil, o))
		checkSVG(t, g, g.AppendSVG(nil, o))
	}
}

// Output is the same whenever it is asked for, and comes behind what there is.
func TestAppend(t *testing.T) {
	p := randomProgram(t, rand.New(rand.NewPCG(7, 8)), 200)
	for name, f := range map[string]func(*graph.Graph, []byte, *graph.Options) []byte{
		"text": (*graph.Graph).AppendText, "DOT": (*graph.Graph).AppendDOT, "SVG": (*graph.Graph).AppendSVG,
	} {
		want := append([]byte("before"), f(graph.New(p), nil, nil)...)
		for range 5 {
			if got := f(graph.New(p), []byte("before"), &graph.Options{}); !bytes.Equal(got, want) {
				t.Errorf("%s differs", name)
			}
		}
	}
}

// checkDOT reads as much of the language of Graphviz as there is in our output: quoted strings, HTML labels whose tags are
// in each other, brackets, and edges between nodes that there are.
func checkDOT(t testing.TB, text []byte) {
	t.Helper()
	s := string(text)
	nodes := make(map[string]bool)
	var depth []byte
	var words []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			end := i + 1
			for end < len(s) && s[end] != '"' {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(s) {
				t.Fatalf("string without end: %.60q", s[i:])
			}
			words = append(words, s[i:end+1])
			i = end + 1
			continue
		case c == '<':
			end, tags := i+1, []string(nil)
			for end < len(s) && s[end] != '>' {
				switch s[end] {
				case '<':
					close := strings.IndexByte(s[end:], '>')
					if close < 0 {
						t.Fatalf("tag without end: %.60q", s[end:])
					}
					tag := s[end+1 : end+close]
					name, _, _ := strings.Cut(strings.Trim(tag, "/"), " ")
					switch {
					case strings.HasSuffix(tag, "/"):
					case strings.HasPrefix(tag, "/"):
						if len(tags) == 0 || tags[len(tags)-1] != name {
							t.Fatalf("</%s> inside %v", name, tags)
						}
						tags = tags[:len(tags)-1]
					default:
						tags = append(tags, name)
					}
					end += close
				case '&':
					if semicolon := strings.IndexByte(s[end:], ';'); semicolon < 2 || semicolon > 7 {
						t.Fatalf("a bare ampersand: %.20q", s[end:])
					}
				}
				end++
			}
			if len(tags) > 0 {
				t.Fatalf("%v without end", tags)
			}
			i = end + 1
			continue
		case c == '{' || c == '[':
			depth = append(depth, c)
		case c == '}' || c == ']':
			if len(depth) == 0 || depth[len(depth)-1] != c-2 {
				t.Fatalf("%c inside %q", c, depth)
			}
			depth = depth[:len(depth)-1]
		case c == '\n':
			if len(words) >= 3 && words[1] == "->" {
				if !nodes[words[0]] || !nodes[words[2]] {
					t.Fatalf("an edge between nodes that there are not: %q", words)
				}
			} else if len(words) > 1 && strings.HasPrefix(words[0], "b") {
				nodes[words[0]] = true
			}
			words = nil
		case c != ' ' && c != '\t' && c != '=':
			end := i
			for end < len(s) && !strings.ContainsRune(" \t\n=[]{}\"<", rune(s[end])) {
				end++
			}
			words = append(words, s[i:end])
			i = end
			continue
		}
		i++
	}
	if len(depth) > 0 {
		t.Fatalf("%q without end", depth)
	}
	if !strings.HasPrefix(s, "digraph ") {
		t.Fatalf("begins with %.20q", s)
	}
}

func TestDOT(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 50 {
		checkDOT(t, graph.New(randomProgram(t, r, 1+r.IntN(100))).AppendDOT(nil, nil))
	}
}

// Graphviz takes all that there is for text and makes the boxes and edges of it that it is to make.
func TestGraphviz(t *testing.T) {
	if _, err := exec.LookPath("dot"); err != nil {
		t.Skip("no dot (Graphviz) to read the output")
	}
	graphs := shown(t)
	graphs["strange"] = graph.New(strange(t))
	for name, g := range graphs {
		cmd := exec.Command("dot", "-Tplain")
		cmd.Stdin = bytes.NewReader(g.AppendDOT(nil, nil))
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.Output()
		if err != nil || errors.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, errors.String())
		}
		nodes, edges := bytes.Count(out, []byte("\nnode ")), bytes.Count(out, []byte("\nedge "))
		called := make(map[[2]int]bool)
		for _, c := range g.Calls() {
			if c.Function >= 0 {
				called[[2]int{c.Block, c.Function}] = true
			}
		}
		if want := len(g.Blocks()); nodes != want {
			t.Errorf("%s: %d nodes, want %d", name, nodes, want)
		}
		if want := len(g.Edges()) + len(called); edges != want {
			t.Errorf("%s: %d edges, want %d", name, edges, want)
		}
	}
}
