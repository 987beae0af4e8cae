package classic_test

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm/classic"
)

// textRow is a text and the instructions it means, as code jt jf k. After the text comes `ret #0`, so that the program
// ends. TestTextOfBPFAsm holds the rows against bpf_asm, but those that it refuses, here with the reason.
type textRow struct{ name, text, want, refused string }

const (
	noWord    = "has no such word"
	noPlace   = "has no such place for a word"
	noOperand = "wants an operand"
	noSign    = "takes +12 for one number"
	noIndex   = "wants labels"
	noElse    = "takes one label"
	noLabel   = "wants two letters"
	noPlural  = "takes one label an instruction"
	noSpace   = "takes #len for one word"
	noReturn  = "reads LF alone"
)

// textRows has every mnemonic with every operand, after tools/bpf/bpf_exp.y of Linux 6.1. The codes are those of
// linux/bpf_common.h: class | size | mode, class | operation | source.
var textRows = []textRow{
	{"ld constant", "ld #42", "0 0 0 42", ""},
	{"ld constant, blank", "ld # 42", "0 0 0 42", ""},
	{"ld absolute", "ld [12]", "32 0 0 12", ""},
	{"ld absolute, hexadecimal", "ld [0xC]", "32 0 0 12", ""},
	{"ld from the network header", "ld [-1048564]", "32 0 0 4293918732", ""},
	{"ld indirect", "ld [x + 12]", "64 0 0 12", ""},
	{"ld indirect, %", "ld [%x + 12]", "64 0 0 12", ""},
	{"ld indirect, negative", "ld [x + -12]", "64 0 0 4294967284", ""},
	{"ld indirect, two plus", "ld [x + +12]", "64 0 0 12", ""},
	{"ld indirect, bpf_dbg", "ld [x+12]", "64 0 0 12", noSign},
	{"ld indirect, minus", "ld [x-12]", "64 0 0 4294967284", noSign},
	{"ld scratch", "st M[3] ld M[3]", "2 0 0 3,96 0 0 3", ""},
	{"ld len", "ld len", "128 0 0 0", ""},
	{"ld #len", "ld #len", "128 0 0 0", ""},
	{"ld # len", "ld # len", "128 0 0 0", noSpace},
	{"ld #pktlen", "ld #pktlen", "128 0 0 0", noWord},
	{"ldi", "ldi 42", "0 0 0 42", ""},
	{"ldi #", "ldi #42", "0 0 0 42", ""},
	{"ldh absolute", "ldh [12]", "40 0 0 12", ""},
	{"ldh indirect", "ldh [x + 12]", "72 0 0 12", ""},
	{"ldh indirect, %", "ldh [%x + 12]", "72 0 0 12", ""},
	{"ldh extension", "ldh #proto", "40 0 0 4294963200", ""},
	{"ldb absolute", "ldb [12]", "48 0 0 12", ""},
	{"ldb indirect", "ldb [x + 12]", "80 0 0 12", ""},
	{"ldb indirect, %", "ldb [%x + 12]", "80 0 0 12", ""},
	{"ldb extension", "ldb type", "48 0 0 4294963204", ""},
	{"ldx constant", "ldx #42", "1 0 0 42", ""},
	{"ldx scratch", "stx M[3] ldx M[3]", "3 0 0 3,97 0 0 3", ""},
	{"ldx len", "ldx len", "129 0 0 0", ""},
	{"ldx #len", "ldx #len", "129 0 0 0", ""},
	{"ldx #pktlen", "ldx #pktlen", "129 0 0 0", noWord},
	{"ldx header length", "ldx 4*([14]&0xf)", "177 0 0 14", ""},
	{"ldxb header length", "ldxb 4*([14]&0xf)", "177 0 0 14", ""},
	{"ldxb header length, blanks", "ldxb 4 * ( [ 14 ] & 15 )", "177 0 0 14", ""},
	{"ldxi", "ldxi 42", "1 0 0 42", ""},
	{"ldxi #", "ldxi #42", "1 0 0 42", ""},
	{"st", "st M[15]", "2 0 0 15", ""},
	{"stx", "stx M[15]", "3 0 0 15", ""},

	{"proto", "ld proto", "32 0 0 4294963200", ""},
	{"type", "ld #type", "32 0 0 4294963204", ""},
	{"ifidx", "ld ifidx", "32 0 0 4294963208", ""},
	{"nla", "ld #nla", "32 0 0 4294963212", ""},
	{"nlan", "ld nlan", "32 0 0 4294963216", ""},
	{"mark", "ld #mark", "32 0 0 4294963220", ""},
	{"queue", "ld queue", "32 0 0 4294963224", ""},
	{"hatype", "ld #hatype", "32 0 0 4294963228", ""},
	{"rxhash", "ld rxhash", "32 0 0 4294963232", ""},
	{"cpu", "ld #cpu", "32 0 0 4294963236", ""},
	{"xor_x", "ld #xor_x", "32 0 0 4294963240", noWord},
	{"vlan_tci", "ld vlan_tci", "32 0 0 4294963244", ""},
	{"vlan_pr", "ld vlan_pr", "32 0 0 4294963248", ""},
	{"vlan_avail", "ld #vlan_avail", "32 0 0 4294963248", ""},
	{"vlanp", "ldb [vlanp]", "48 0 0 4294963248", noPlace},
	{"poff", "ld poff", "32 0 0 4294963252", ""},
	{"rand", "ld #rand", "32 0 0 4294963256", ""},
	{"random", "ld [random]", "32 0 0 4294963256", noPlace},
	{"vlan_tpid", "ld vlan_tpid", "32 0 0 4294963260", ""},
	{"[proto]", "ldh [proto]", "40 0 0 4294963200", noPlace},

	{"add constant", "add #1", "4 0 0 1", ""},
	{"add x", "add x", "12 0 0 0", ""},
	{"add %x", "add %x", "12 0 0 0", ""},
	{"sub constant", "sub #1", "20 0 0 1", ""},
	{"sub x", "sub x", "28 0 0 0", ""},
	{"mul constant", "mul #1", "36 0 0 1", ""},
	{"mul x", "mul %x", "44 0 0 0", ""},
	{"div constant", "div #1", "52 0 0 1", ""},
	{"div x", "div x", "60 0 0 0", ""},
	{"or constant", "or #1", "68 0 0 1", ""},
	{"or x", "or %x", "76 0 0 0", ""},
	{"and constant", "and #0xfff", "84 0 0 4095", ""},
	{"and x", "and x", "92 0 0 0", ""},
	{"lsh constant", "lsh #31", "100 0 0 31", ""},
	{"lsh x", "lsh %x", "108 0 0 0", ""},
	{"rsh constant", "rsh #31", "116 0 0 31", ""},
	{"rsh x", "rsh x", "124 0 0 0", ""},
	{"neg", "neg", "132 0 0 0", ""},
	{"mod constant", "mod #1", "148 0 0 1", ""},
	{"mod x", "mod %x", "156 0 0 0", ""},
	{"xor constant", "xor #-1", "164 0 0 4294967295", ""},
	{"xor x", "xor x", "172 0 0 0", ""},
	{"tax", "tax", "7 0 0 0", ""},
	{"txa", "txa", "135 0 0 0", ""},

	{"ja", "ja to neg to: tax", "5 0 0 1,132 0 0 0,7 0 0 0", ""},
	{"jmp", "jmp to to: tax", "5 0 0 0,7 0 0 0", ""},
	{"ja index", "l0: ja 2 neg", "5 0 0 1,132 0 0 0", noIndex},
	{"jeq", "jeq #1, to neg to: tax", "21 1 0 1,132 0 0 0,7 0 0 0", ""},
	{"jeq, two labels", "jeq #1, to, no neg no: neg to: tax", "21 2 1 1,132 0 0 0,132 0 0 0,7 0 0 0", ""},
	{"jeq x", "jeq x, to neg to: tax", "29 1 0 0,132 0 0 0,7 0 0 0", ""},
	{"jeq %x", "jeq %x, to neg to: tax", "29 1 0 0,132 0 0 0,7 0 0 0", ""},
	{"jeq x, two labels", "jeq x, to, no neg no: neg to: tax", "29 2 1 0,132 0 0 0,132 0 0 0,7 0 0 0", ""},
	{"jne", "jne #1, to neg to: tax", "21 0 1 1,132 0 0 0,7 0 0 0", ""},
	{"jneq", "jneq #1, to neg to: tax", "21 0 1 1,132 0 0 0,7 0 0 0", ""},
	{"jneq x", "jneq x, to neg to: tax", "29 0 1 0,132 0 0 0,7 0 0 0", ""},
	{"jne, two labels", "jne #1, to, no neg no: neg to: tax", "21 1 2 1,132 0 0 0,132 0 0 0,7 0 0 0", noElse},
	{"jgt", "jgt #1, to, no neg no: neg to: tax", "37 2 1 1,132 0 0 0,132 0 0 0,7 0 0 0", ""},
	{"jgt x", "jgt x, to neg to: tax", "45 1 0 0,132 0 0 0,7 0 0 0", ""},
	{"jge", "jge #1, to neg to: tax", "53 1 0 1,132 0 0 0,7 0 0 0", ""},
	{"jge x", "jge %x, to, no neg no: neg to: tax", "61 2 1 0,132 0 0 0,132 0 0 0,7 0 0 0", ""},
	{"jset", "jset #0x1fff, to neg to: tax", "69 1 0 8191,132 0 0 0,7 0 0 0", ""},
	{"jset x", "jset x, to neg to: tax", "77 1 0 0,132 0 0 0,7 0 0 0", ""},
	{"jlt", "jlt #1, to neg to: tax", "53 0 1 1,132 0 0 0,7 0 0 0", ""},
	{"jlt x", "jlt x, to neg to: tax", "61 0 1 0,132 0 0 0,7 0 0 0", ""},
	{"jle", "jle #1, to neg to: tax", "37 0 1 1,132 0 0 0,7 0 0 0", ""},
	{"jle %x", "jle %x, to neg to: tax", "45 0 1 0,132 0 0 0,7 0 0 0", ""},
	{"jeq, tcpdump", "jeq #0x800 jt 2\tjf 1 neg", "21 1 0 2048,132 0 0 0", noIndex},
	{"jgt x, tcpdump", "jgt x jt 1\tjf 2 neg", "45 0 1 0,132 0 0 0", noIndex},

	{"ret constant", "ret #0x40000", "6 0 0 262144", ""},
	{"ret negative", "ret #-1", "6 0 0 4294967295", ""},
	{"ret a", "ret a", "22 0 0 0", ""},
	{"ret %a", "ret %a", "22 0 0 0", ""},
	{"ret alone", "ret      ", "22 0 0 0", noOperand},

	{"largest number", "ld #4294967295", "0 0 0 4294967295", ""},
	{"smallest number", "ld #-2147483648", "0 0 0 2147483648", ""},
	{"binary number", "ld #0b101", "0 0 0 5", ""},
	{"octal number", "ld #017", "0 0 0 15", ""},
	{"plus", "ld #+5", "0 0 0 5", ""},
	{"upper case", "LDH [0XAB] JEQ #0XA, Lab RET A Lab: STX m[0]", "40 0 0 171,21 1 0 10,22 0 0 0,3 0 0 0", ""},
	{"labels differ by case", "ja La la: tax La: txa", "5 0 0 1,7 0 0 0,135 0 0 0", ""},
	{"label of one letter", "ja d d: tax", "5 0 0 0,7 0 0 0", noLabel},
	{"two labels at one place", "jeq #1, no ja to no: to: tax", "21 1 0 1,5 0 0 0,7 0 0 0", noPlural},
	{"label that is an extension", "ja mark mark: tax", "5 0 0 0,7 0 0 0", noLabel},
	{"no blanks", "ldh[12]ldx 4*([14]&0xf)jeq#1,to to:neg", "40 0 0 12,177 0 0 14,21 0 0 1,132 0 0 0", ""},
	{"over lines", "ldh\n [\n12\n]\njeq #1\n,\nto\nto\n:\nneg", "40 0 0 12,21 0 0 1,132 0 0 0", ""},
	{"operand of ret in the next line", "ret\n a", "22 0 0 0", ""},
	{"comments", "; one\n/* two\n three */ld #5 ;four\n# five\nneg/**/tax", "0 0 0 5,132 0 0 0,7 0 0 0", ""},
	{"CRLF", "ldh [12]\r\n\tneg\r\n", "40 0 0 12,132 0 0 0", noReturn},
}

func (r textRow) program() string { return r.text + "\nret #0\n" }

func (r textRow) instructions() string { return r.want + ",6 0 0 0" }

func TestParseText(t *testing.T) {
	for _, tt := range textRows {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.ParseText(file, []byte(tt.program()))
			if err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(p.OneLine(), ","); got != tt.instructions() {
				t.Errorf("%s\nwant %s", got, tt.instructions())
			}
		})
	}
}

// bpfAsm assembles with the kernel's own assembler, built of tools/bpf of its source.
func bpfAsm(t *testing.T, text string) (instructions string, err error) {
	t.Helper()
	path, err := exec.LookPath("bpf_asm")
	if err != nil {
		t.Skip("no bpf_asm is installed")
	}
	cmd := exec.Command(path)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	_, instructions, _ = strings.Cut(strings.TrimSuffix(string(out), ",\n"), ",")
	return instructions, err
}

func TestTextOfBPFAsm(t *testing.T) {
	bpfAsm(t, "ret #0") // skips once for all rows
	for _, tt := range textRows {
		t.Run(tt.name, func(t *testing.T) {
			got, err := bpfAsm(t, tt.program())
			switch {
			case tt.refused != "" && err == nil && got == tt.instructions():
				t.Errorf("bpf_asm takes it, although it %s", tt.refused)
			case tt.refused == "" && (err != nil || got != tt.instructions()):
				t.Errorf("bpf_asm: %q, %v\nwant %s", got, err, tt.instructions())
			}
		})
	}
}

// bpf_asm makes the same instructions of what String prints.
func TestStringForBPFAsm(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		raw := usedFields(anyProgram(r, 1+r.IntN(100)))
		p, err := classic.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(p.OneLine(), ",")
		got, err := bpfAsm(t, p.String())
		if err != nil || got != want {
			t.Fatalf("error %v, bpf_asm made of\n%s%s\nwant %s", err, p, got, want)
		}
	}
}
