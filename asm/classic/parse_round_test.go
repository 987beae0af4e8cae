package classic_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// What String and Tcpdump print of a program comes back as the same instructions, without the fields that an
// instruction does not use and that neither prints.
func TestTextComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 10_000 {
		p, err := classic.Decode(anyProgram(r, 1+r.IntN(60)+r.IntN(2)*r.IntN(600)*(n%20/19)))
		if err != nil {
			t.Fatal(err)
		}
		textComesBack(t, p)
	}
}

func textComesBack(t *testing.T, p *classic.Program) {
	t.Helper()
	for name, text := range map[string]string{"String": p.String(), "Tcpdump": p.Tcpdump()} {
		q, err := classic.ParseText(file, []byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if want := usedFields(p.Raw()); !slices.Equal(want, q.Raw()) {
			t.Fatalf("%s (-want +got):\n%s", name, cmp.Diff(want, q.Raw()))
		}
	}
}

// withK are the opcodes that use K, by linux/filter.h and the kernel's interpreter of old.
var withK = []classic.Opcode{
	classic.OpLdImm, classic.OpLdAbsW, classic.OpLdAbsH, classic.OpLdAbsB, classic.OpLdIndW, classic.OpLdIndH, classic.OpLdIndB,
	classic.OpLdMem, classic.OpLdxImm, classic.OpLdxMem, classic.OpLdxMsh, classic.OpSt, classic.OpStx,
	classic.OpAddK, classic.OpSubK, classic.OpMulK, classic.OpDivK, classic.OpModK, classic.OpOrK, classic.OpAndK, classic.OpXorK,
	classic.OpLshK, classic.OpRshK, classic.OpJa, classic.OpJeqK, classic.OpJgtK, classic.OpJgeK, classic.OpJsetK, classic.OpRetK,
}

var withoutK = []classic.Opcode{
	classic.OpLdLen, classic.OpLdxLen, classic.OpAddX, classic.OpSubX, classic.OpMulX, classic.OpDivX, classic.OpModX,
	classic.OpOrX, classic.OpAndX, classic.OpXorX, classic.OpLshX, classic.OpRshX, classic.OpNeg,
	classic.OpJeqX, classic.OpJgtX, classic.OpJgeX, classic.OpJsetX, classic.OpRetA, classic.OpTax, classic.OpTxa,
}

func usedFields(program []bpf.RawInstruction) []bpf.RawInstruction {
	for i := range program {
		ins := &program[i]
		if slices.Contains(withoutK, classic.Opcode(ins.Op)) {
			ins.K = 0
		}
		if jump := ins.Op&7 == 5 && classic.Opcode(ins.Op) != classic.OpJa; !jump {
			ins.Jt, ins.Jf = 0, 0
		}
	}
	return program
}

// anyProgram returns a valid program of n instructions and more, with whatever in the fields that are not used.
func anyProgram(r *rand.Rand, n int) []bpf.RawInstruction {
	var program []bpf.RawInstruction
	for word := range uint32(classic.ScratchWords) {
		program = append(program, bpf.RawInstruction{Op: uint16(classic.OpSt), K: word})
	}
	for ; n > 0; n-- {
		op := withK[r.IntN(len(withK))]
		if r.IntN(3) == 0 {
			op = withoutK[r.IntN(len(withoutK))]
		}
		k := r.Uint32() >> r.IntN(32)
		if r.IntN(4) == 0 {
			k = -k
		}
		ins := bpf.RawInstruction{Op: uint16(op), Jt: uint8(r.IntN(256)), Jf: uint8(r.IntN(256)), K: k}
		switch op {
		case classic.OpLdMem, classic.OpLdxMem, classic.OpSt, classic.OpStx:
			ins.K %= classic.ScratchWords
		case classic.OpDivK, classic.OpModK:
			ins.K |= 1
		case classic.OpLshK, classic.OpRshK:
			ins.K %= 32
		case classic.OpLdAbsW, classic.OpLdAbsH, classic.OpLdAbsB:
			if r.IntN(3) == 0 || ins.K >= 0xfffff000 {
				ins.K = 0xfffff000 + 4*r.Uint32N(16) // SKF_AD_OFF and one of the extensions
			}
		case classic.OpJa:
			ins.K = r.Uint32N(uint32(n))
		case classic.OpJeqK, classic.OpJgtK, classic.OpJgeK, classic.OpJsetK, classic.OpJeqX, classic.OpJgtX, classic.OpJgeX, classic.OpJsetX:
			ins.Jt, ins.Jf = uint8(r.IntN(min(n, 256))), uint8(r.IntN(min(n, 256)))
		}
		program = append(program, ins)
	}
	return append(program, bpf.RawInstruction{Op: uint16(classic.OpRetK), K: r.Uint32()})
}

// What tcpdump -d prints and what bpf_asm assembles are the instructions of tcpdump -ddd: the files of TestOtherTools.
func TestParseTextOfOtherTools(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("files %v, error %v", files, err)
	}
	for _, path := range files {
		sections := readSections(t, path)
		want, err := classic.ParseDecimal(path, []byte(sections["tcpdump -ddd"]))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"tcpdump -d", "tcpdump -dd", "tcpdump -ddd", "bpf_asm", "bpf_asm -c"} {
			p, err := classic.Parse(path, []byte(sections[name]))
			if err != nil {
				t.Errorf("%s: %s: %v", path, name, err)
				continue
			}
			if diff := cmp.Diff(usedFields(want.Raw()), usedFields(p.Raw())); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", path, name, diff)
			}
		}
	}
}

var record = flag.Bool("record", false, "record what the installed tcpdump says of the expressions in "+expressionsFile)

const expressionsFile = "testdata/expressions.tcpdump"

// The file has pcap expressions, each with what `tcpdump -d` and `tcpdump -ddd` made of it. `go test -run Expressions
// -record` records it again.
func TestParseTextOfExpressions(t *testing.T) {
	data, err := os.ReadFile(expressionsFile)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimPrefix(string(data), "expression: "), "\nexpression: ")
	if *record {
		blocks = recordExpressions(t, blocks)
	}
	if len(blocks) < 40 {
		t.Errorf("%d expressions, want 40 or more", len(blocks))
	}
	for _, block := range blocks {
		expression, rest, _ := strings.Cut(block, "\n")
		text, decimal, _ := strings.Cut(rest, "\n-ddd\n")
		t.Run(expression, func(t *testing.T) {
			want, err := classic.ParseDecimal(expressionsFile, []byte(decimal))
			if err != nil {
				t.Fatal(err)
			}
			p, err := classic.ParseText(expressionsFile, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(usedFields(want.Raw()), p.Raw()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(text+"\n", p.Tcpdump()); diff != "" {
				t.Errorf("printed (-want +got):\n%s", diff)
			}
			textComesBack(t, want)
		})
	}
}

func recordExpressions(t *testing.T, blocks []string) []string {
	tcpdump := func(arg, expression string) string {
		out, err := exec.Command("tcpdump", arg, "-y", "EN10MB", expression).Output()
		if err != nil {
			t.Fatalf("tcpdump %s %q: %v", arg, expression, err)
		}
		return string(out)
	}
	var file strings.Builder
	for i, block := range blocks {
		expression, _, _ := strings.Cut(block, "\n")
		blocks[i] = expression + "\n" + tcpdump("-d", expression) + "-ddd\n" + tcpdump("-ddd", expression)
		file.WriteString("expression: " + blocks[i])
	}
	if err := os.WriteFile(expressionsFile, []byte(file.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		blocks[i] = strings.TrimSuffix(blocks[i], "\n")
	}
	return blocks
}
