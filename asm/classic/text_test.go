package classic_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// The files of testdata hold a pcap expression and what others made of it: tcpdump 4.99.3 with libpcap 1.10.3
// (tcpdump -d -y EN10MB EXPRESSION, -dd, -ddd), and a bpf_asm source that Linux 6.1's bpf_asm assembles to the
// instructions of -ddd and, with -c, to the last section. The source is bpf_dbg's disassembly with what bpf_asm
// does not accept mended: `ja 5` to `ja l5`, `[x+14]` to `[x + 14]`, and the names of extensions.
func TestOtherTools(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			sections := readSections(t, file)
			decimal := sections["tcpdump -ddd"]
			p, err := classic.ParseDecimal(file, []byte(decimal))
			if err != nil {
				t.Fatal(err)
			}
			for name, got := range map[string]string{
				"tcpdump -d":   p.Tcpdump(),
				"tcpdump -dd":  p.CArray(),
				"tcpdump -ddd": p.Decimal(),
				"bpf_asm":      p.String(),
			} {
				if diff := cmp.Diff(sections[name], got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}

			fromC, err := classic.ParseCArray(file, []byte(sections["tcpdump -dd"]))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p.Raw(), fromC.Raw()); diff != "" {
				t.Errorf("-ddd and -dd differ:\n%s", diff)
			}

			// libpcap leaves numbers in tax that bpf_asm, having no words for them, does not.
			withoutUnused := regexp.MustCompile(`(?m)^7 0 0 \d+$`).ReplaceAllString(decimal, "7 0 0 0")
			fromBPFAsm, err := classic.ParseCArray(file, []byte(sections["bpf_asm -c"]))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withoutUnused, fromBPFAsm.Decimal()); diff != "" {
				t.Errorf("-ddd and bpf_asm -c differ:\n%s", diff)
			}

			// What `tcpdump -ddd | tr '\n' ,` makes, for bpf_dbg and iptables.
			joined := strings.ReplaceAll(decimal, "\n", ",")
			oneLine, err := classic.ParseDecimal(file, []byte(joined))
			if err != nil {
				t.Fatal(err)
			}
			if got := oneLine.OneLine() + ","; got != joined {
				t.Errorf("one line %q, want %q", got, joined)
			}
		})
	}
}

// readSections reads a file of sections, each after a line `-- name --`.
func readSections(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	header := regexp.MustCompile(`(?m)^-- (.*) --\n`)
	text := string(data)
	marks := header.FindAllStringSubmatchIndex(text, -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		sections[text[m[2]:m[3]]] = text[m[1]:end]
	}
	return sections
}

func TestParseDecimal(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // as OneLine
		err        string
	}{
		{"manual page of iptables-extensions", "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", ""},
		{"bpf_asm", "1,6 0 0 4294967295,\n", "1,6 0 0 4294967295", ""},
		{"blanks", " \t1 , 6  0\t0 0 , ", "", "1:1: expected the number of instructions, found ' '"},
		{"blanks around commas", "1 , 6  0\t0 0 , ", "1,6 0 0 0", ""},
		{"no last line break", "1\n22 0 0 0", "1,22 0 0 0", ""},
		{"CRLF", "1\r\n22 0 0 0\r\n", "1,22 0 0 0", ""},

		{"nothing", "", "", "1:1: expected the number of instructions, found the end of the text"},
		{"no instructions", "0\n", "", "1:1: 0 instructions, the kernel takes 1 to 4096"},
		{"too many", "4097\n", "", "1:1: 4097 instructions, the kernel takes 1 to 4096"},
		{"far too many", "99999999999999999999", "", "1:1: the number of instructions 99999999999999999999 does not fit 32 bits"},
		{"count only", "2", "", "1:2: 0 instructions, but the first number announces 2"},
		{"one missing", "2\n6 0 0 0\n", "", "3:1: 1 instructions, but the first number announces 2"},
		{"one more", "1\n6 0 0 0\n6 0 0 0\n", "", "3:1: '6' after the 1 instructions that the first number announces"},
		{"rest", "1\n6 0 0 0\n\n;", "", "4:1: ';' after the 1 instructions that the first number announces"},
		{"empty line", "2\n6 0 0 0\n\n6 0 0 0\n", "", "3:1: expected code, found the end of the line"},
		{"comma among lines", "2\n6 0 0 0,6 0 0 0\n", "", "2:8: expected a line break after the instruction, found ','"},
		{"line among commas", "2,6 0 0 0\n6 0 0 0", "", "1:10: expected a comma after the instruction, found the end of the line"},
		{"other separator", "1;6 0 0 0", "", "1:2: expected a line break or a comma, found ';'"},
		{"three fields", "1\n6 0 0\n", "", "2:6: expected a blank and k, found the end of the line"},
		{"five fields", "1\n6 0 0 0 0\n", "", "2:9: expected a line break after the instruction, found '0'"},
		{"code of 17 bits", "1\n65536 0 0 0\n", "", "2:1: code 65536 does not fit 16 bits"},
		{"jt of 9 bits", "1\n6 256 0 0\n", "", "2:3: jt 256 does not fit 8 bits"},
		{"jf of 9 bits", "1\n6 0 256 0\n", "", "2:5: jf 256 does not fit 8 bits"},
		{"k of 33 bits", "1\n6 0 0 4294967296\n", "", "2:7: k 4294967296 does not fit 32 bits"},
		{"negative", "1\n6 0 0 -1\n", "", "2:7: expected k, found '-'"},
		{"hexadecimal", "1\n0x6 0 0 0\n", "", "2:1: code 0x6: decimal numbers have no leading zero"},
		{"letters", "1\n6 0 0 a\n", "", "2:7: k a is not a number"},
		{"beyond ASCII", "1\n6 0 0 é", "", "2:7: expected k, found 'é'"},
		{"what the kernel refuses", "3\n6 0 0 0\n  52 0 0 0\n7 0 0 0\n", "",
			"3:3: instruction 1: div #0: division by the constant zero\n" +
				"4:1: instruction 2: tax: the last instruction must be a return"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.ParseDecimal(file, []byte(tt.text))
			compareParsed(t, p, err, tt.want, tt.err)
		})
	}
}

func TestParseCArray(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // as OneLine
		err        string
	}{
		{"one", "{ 0x16, 0, 0, 0x00000000 }", "1,22 0 0 0", ""},
		{"dense", "{0x28,0,0,12},{22,0,0,0}", "2,40 0 0 12,22 0 0 0", ""},
		{"octal as bpf_asm -c has it", "{ 0000,  0,  0, 0000000000 },{ 026, 0, 0, 0 },", "2,0 0 0 0,22 0 0 0", ""},
		{"upper case", "{ 0X6, 0, 0, 0XFFFFFFFF }", "1,6 0 0 4294967295", ""},
		{"comments", "/* a\n b */ { /* code */ 6, 0, // jt\n 0, 1 /*k*/ } , // end", "1,6 0 0 1", ""},

		// The numbers of the following are what gcc makes of them.
		{"macros", "BPF_STMT(BPF_LD|BPF_H|BPF_ABS, 12), BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, 0x806, 0, 1),\nBPF_STMT(BPF_RET+BPF_K, 0x40000), BPF_STMT(BPF_RET|BPF_K, 0),",
			"4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0", ""},
		{"names in braces", "{ BPF_LD|BPF_B|BPF_IND, 0, 0, 2 }, { BPF_MISC | BPF_TAX, 0, 0, 0 }, { BPF_RET | BPF_A, 0, 0, 0 }", "3,80 0 0 2,7 0 0 0,22 0 0 0", ""},
		{"extensions", "BPF_STMT(BPF_LD|BPF_W|BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL), BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_NET_OFF+9), BPF_STMT(BPF_RET|BPF_A, 0)",
			"3,32 0 0 4294963200,48 0 0 4293918729,22 0 0 0", ""},
		{"protocols", "{ 0x15, 0, 0, ETH_P_IPV6 }, { 0x15, 0, 0, IPPROTO_UDP }, { 6, 0, 0, 0 }", "3,21 0 0 34525,21 0 0 17,6 0 0 0", ""},
		{"precedence", "{ 6, 0, 0, 1 | 6 & 3 ^ 4 + 2 * 3 << 1 - 1 }, { 6, 0, 0, (1 | 6) & ~3 }", "2,6 0 0 9,6 0 0 4", ""},
		{"unsigned", "{ 6, 0, 0, ~0xffff0000U }, { 6, 0, 0, ~0 }, { 6, 0, 0, -1 }, { 6, 0, 0, 0xffffffffUL >> 4 }",
			"4,6 0 0 65535,6 0 0 4294967295,6 0 0 4294967295,6 0 0 268435455", ""},
		{"comments in macros", "BPF_STMT /* ret */ (/**/ 6 // code\n, /* k */ 7 /**/ )", "1,6 0 0 7", ""},
		{"file", `#include <linux/filter.h>
#define LONG \
	struct sock_filter none[] = {
/* struct sock_filter none[] = { */
static const char *text = "struct sock_filter none[] = {\"", quote = '"';
extern struct sock_filter other[2];
void f(struct sock_filter x[], struct sock_filter *y);
static const struct sock_filter a_filter[3] __attribute__((unused, aligned(8))) = {
	/* code jt jf k */
	{ 0x28, 0, 0, 0x0000000c }, /* ldh [12] */
	BPF_STMT(BPF_RET | BPF_A, 0),
};
static const struct sock_fprog a_prog = {
	sizeof(a_filter) / sizeof(a_filter[0]),
	(struct sock_filter *) a_filter,
};
`, "2,40 0 0 12,22 0 0 0", ""},

		{"nothing", "", "", "1:1: no instructions"},
		{"blanks", "\n \n", "", "3:1: no instructions"},
		{"no comma between", "{ 6, 0, 0, 0 }\n{ 6, 0, 0, 0 }", "", "2:1: a comma is missing between two instructions"},
		{"two commas between", "{ 6, 0, 0, 0 },, { 6, 0, 0, 0 }", "", "1:16: expected an instruction as { code, jt, jf, k }, found ','"},
		{"array", "struct sock_filter code[] = {", "", "1:30: the array does not end"},
		{"another array", "int code[] = { 6, 0 };", "",
			"1:1: expected an instruction as { code, jt, jf, k }, or a definition of an array of struct sock_filter, found 'i'"},
		{"pointer", "struct sock_filter *code = { 0 };", "",
			"1:1: expected an instruction as { code, jt, jf, k }, or a definition of an array of struct sock_filter, found 's'"},
		{"second array", "struct sock_filter a[] = {\n{6,0,0,1}};\nstruct sock_filter b[1] = {{6,0,0,1}};", "",
			"3:28: a second array of struct sock_filter: a program has one"},
		{"what the kernel refuses in an array", "struct sock_filter a[] = {\n BPF_STMT(BPF_LD, 0)\n};\nint b;", "",
			"2:2: instruction 0: ld #0: the last instruction must be a return"},
		{"unknown macro", "BPF_STMT(BPF_RET, 0), BPF_EXIT()", "", "1:23: expected an instruction as { code, jt, jf, k }, found 'B'"},
		{"unknown name", "BPF_STMT(BPF_RET | BPF_C, 0)", "",
			"1:20: code BPF_C: no constant of linux/filter.h or linux/bpf_common.h; write its number"},
		{"macro of three", "BPF_STMT(BPF_RET, 0, 0)", "", "1:20: expected ) after k, found ','"},
		{"jump of three", "BPF_JUMP(BPF_JMP, 0, 0)", "", "1:23: expected a comma after jt, found ')'"},
		{"jt of a macro", "BPF_JUMP(BPF_JMP|BPF_JEQ, 0, 256, 0)", "", "1:30: jt 256 does not fit 8 bits"},
		{"negative jt", "{ 0x15, -1, 0, 0 }", "", "1:9: jt -1 does not fit 8 bits"},
		{"sum that is too large", "{ 6, 0, 0, 0xffffffff + 1 }", "", "1:23: k: the result of + does not fit 32 bits"},
		{"product that is too large", "{ 6, 0, 0, 0xffffffff * 0xffffffff }", "", "1:23: k: the result of * does not fit 32 bits"},
		{"shift of a negative number", "{ 6, 0, 0, -1 >> 4 }", "", "1:15: k: the result of >> does not fit 32 bits"},
		{"shift by 32", "{ 6, 0, 0, 1 << 32 }", "", "1:14: k: the result of << does not fit 32 bits"},
		{"too negative", "{ 6, 0, 0, -2147483649 }", "", "1:12: k: the result of - does not fit 32 bits"},
		{"parenthesis", "{ 6, 0, 0, (1 }", "", "1:15: k: expected ) for the parenthesis in column 12 of line 1, found '}'"},
		{"parentheses", "{ 6, 0, 0, " + strings.Repeat("(", 65) + "1", "", "1:76: k: more than 64 signs and parentheses in each other"},
		{"three fields", "{ 6, 0, 0 },", "", "1:11: expected a comma after jf, found '}'"},
		{"five fields", "{ 6, 0, 0, 0, 0 },", "", "1:13: expected } after k, found ','"},
		{"not closed", "{ 6, 0, 0, 0", "", "1:13: expected } after k, found the end of the text"},
		{"cut", "{ 6,\n\t", "", "2:2: expected jt, found the end of the text"},
		{"comment not closed", "{ 6, /* 0, 0, 0 }", "", "1:6: comment without an end"},
		{"code of 17 bits", "{ 0x10006, 0, 0, 0 }", "", "1:3: code 0x10006 does not fit 16 bits"},
		{"jt of 9 bits", "{ 0x15, 256, 0, 0 }", "", "1:9: jt 256 does not fit 8 bits"},
		{"jf of 9 bits", "{ 0x15, 0, 0x100, 0 }", "", "1:12: jf 0x100 does not fit 8 bits"},
		{"k of 33 bits", "{ 6, 0, 0, 0x100000000 }", "", "1:12: k 0x100000000 does not fit 32 bits"},
		{"k of 65 bits", "{ 6, 0, 0, 0x10000000000000000 }", "", "1:12: k 0x10000000000000000 does not fit 32 bits"},
		{"bad octal", "{ 08, 0, 0, 0 }", "", "1:3: code 08 is not a number"},
		{"bad hexadecimal", "{ 0x, 0, 0, 0 }", "", "1:3: code 0x is not a number"},
		{"bad suffix", "{ 6, 0, 0, 1f }", "", "1:12: k 1f is not a number"},
		{"underscore", "{ 6, 0, 0, 1_0 }", "", "1:13: expected } after k, found '_'"},
		{"too many", strings.Repeat("{ 6, 0, 0, 0 },\n", 4097), "", "4097:1: more than 4096 instructions, the kernel takes no more"},
		{"what the kernel refuses", "{ 6, 0, 0, 0 },\n /**/ { 0x64, 0, 0, 32 }, { 0x16, 0, 0, 0 }", "",
			"2:7: instruction 1: lsh #32: shift by 32 bits or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.ParseCArray(file, []byte(tt.text))
			compareParsed(t, p, err, tt.want, tt.err)
		})
	}
}

// file is the name of texts in tests. The messages that tests have are without it.
const file = "filter.txt"

func compareParsed(t *testing.T, p *classic.Program, err error, want, wantErr string) {
	t.Helper()
	if err != nil {
		if diff := cmp.Diff(wantErr, strings.ReplaceAll(err.Error(), file+":", "")); diff != "" {
			t.Errorf("message (-want +got):\n%s", diff)
		}
		var list *asm.ParseErrors
		if !errors.As(err, &list) || list.Errors[0].File != file {
			t.Errorf("%T is no list of mistakes in %s", err, file)
		}
		return
	}
	if wantErr != "" {
		t.Fatalf("accepted, want %s", wantErr)
	}
	if got := p.OneLine(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
