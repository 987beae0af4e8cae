package classic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

func TestParseTextRefuses(t *testing.T) {
	// far is a program of n instructions before the label far.
	far := func(first string, n int) string {
		return first + strings.Repeat("tax\n", n) + "far: ret a\n"
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "1:1: no instructions"},
		{"comments alone", "; a\n/* b */\n", "3:1: no instructions"},
		{"comment without an end", "ret a\n  /* b\nc", "2:3: comment without an end"},
		{"unknown instruction", "lda [12]\nret a", "1:1: no instruction is called lda"},
		{"libpcap has no word", "(000) unimp 0xff\n(001) ret a", "1:7: no instruction is called unimp"},
		{"long word", strings.Repeat("abcdefghij", 9), "1:1: no instruction is called abcdefghijabcdefghijabcdefghijabcdefghij..."},
		{"no instruction", "{ 0x16, 0, 0, 0 },", "1:1: expected an instruction, found \"{\""},
		{"beyond ASCII", "ret a\né", "2:1: expected an instruction, found \"é\""},
		{"not UTF-8", "ret a\n\xff", "2:1: expected an instruction, found \"\\xff\""},
		{"null byte", "ret a\n\x00", "2:1: expected an instruction, found \"\\x00\""},
		{"rest of a line", "ldh [12] 5\nret a", "1:10: expected an instruction, found \"5\""},
		{"all lines", "ldh (12)\nadd 5\nret 0\nret a",
			"1:5: expected what to load, such as [12], [x + 2] or an extension, found \"(\"\n" +
				"2:5: expected a constant as #5, or x, found \"5\"\n3:5: expected a constant as #5, or a, found \"0\""},
		{"more than 20 lines", strings.Repeat("bad\n", 25), strings.TrimSuffix(lines(20, "%d:1: no instruction is called bad\n"), "\n") + "\n... and 5 more"},

		{"33 bits", "ld #4294967296\nret a", "1:5: 4294967296 does not fit 32 bits"},
		{"33 bits, hexadecimal", "ld #0x100000000\nret a", "1:5: 0x100000000 does not fit 32 bits"},
		{"65 bits", "ld #18446744073709551616\nret a", "1:5: 18446744073709551616 does not fit 32 bits"},
		{"33 bits, negative", "ld #-2147483649\nret a", "1:5: -2147483649 does not fit 32 bits"},
		{"33 bits as an offset", "ldb [x + 4294967296]\nret a", "1:10: 4294967296 does not fit 32 bits"},
		{"octal", "ld #08\nret a", "1:5: 08 is not a number"},
		{"hexadecimal", "ld #0xg\nret a", "1:5: 0xg is not a number"},
		{"binary", "ld #0b2\nret a", "1:5: 0b2 is not a number"},
		{"prefix alone", "ld #0x\nret a", "1:5: 0x is not a number"},
		{"underscore", "ld #1_000\nret a", "1:5: 1_000 is not a number"},
		{"two signs", "ld #--1\nret a", "1:6: expected a number, found \"-\""},

		{"not closed", "ldh [12\nret a", "1:8: expected ], found the end of the line"},
		{"end of the text", "ldh [12", "1:8: expected ], found the end of the text"},
		{"no offset", "ldh [x]\nret a", "1:7: expected + and the offset, found \"]\""},
		{"other register", "ldh [%a + 2]\nret a", "1:7: expected x, found \"a\""},
		{"extension", "ld #vlan\nret a", "1:5: ld of vlan: there is no such extension"},
		{"len in half a word", "ldh #len\nret a", "1:6: ldh of len: there is no such extension"},
		{"constant in half a word", "ldh #5\nret a", "1:6: ldh loads no constants: that is ld"},
		{"scratch in a byte", "ldb M[1]\nret a", "1:5: ldb of M: there is no such extension"},
		{"ldx of the packet", "ldx [12]\nret a", "1:5: expected what to load: a constant, len, M[n] or 4*([offset]&0xf), found \"[\""},
		{"ldxb of a constant", "ldxb #1\nret a", "1:6: expected 4*([offset]&0xf), found \"#\""},
		{"factor", "ldx 5*([14]&0xf)\nret a", "1:5: the machine has 4*([offset]&0xf) and no other numbers"},
		{"mask", "ldxb 4*([14]&0xff)\nret a", "1:6: the machine has 4*([offset]&0xf) and no other numbers"},
		{"header length, cut", "ldx 4*([14]\nret a", "1:12: expected 4*([offset]&0xf), found the end of the line"},
		{"st of a constant", "st #1\nret a", "1:4: expected M[n], found \"#\""},
		{"ret x", "ret x", "1:5: the kernel has no ret x: txa and ret a"},
		{"ret %x", "ret %x", "1:6: the kernel has no ret x: txa and ret a"},
		{"ret of a number", "ret 0", "1:5: expected a constant as #5, or a, found \"0\""},
		{"ret %", "ret %\n", "1:6: expected a, found the end of the text"},

		{"no label", "ja\nto: ret a", "1:3: expected a label, found the end of the line"},
		{"no such label", "jeq #1, to, no\nno: ret a", "1:9: label to is not defined"},
		{"no comma", "jeq #1 to\nto: ret a", "1:8: expected a comma and a label, found \"to\""},
		{"mnemonic as a label", "ja add\nadd: ret a", "1:4: expected a label, found \"add\"\n2:1: add cannot be a label"},
		{"register as a label", "x: ret a", "1:1: x cannot be a label"},
		{"label twice", "to: tax\n  to: ret a", "2:3: label to is defined before at 1:1"},
		{"label behind the program", "ja end\nret a\nend:", "1:4: no instruction follows label end (line 3)"},
		{"back to a label", "to: tax\nja to\nret a", "2:4: label to (line 1) is not ahead: classic programs jump forward only"},
		{"to itself", "to: jeq #1, to\nret a", "1:13: label to (line 1) is not ahead: classic programs jump forward only"},
		{"farther than 255", far("jeq #1, far\n", 256), "1:9: label far (line 258) is 256 instructions away," +
			" a conditional jump skips at most 255: lead it to a ja on the way"},
		{"farther than 255, other label", far("jne #1, far\n", 300), "1:9: label far (line 302) is 300 instructions away," +
			" a conditional jump skips at most 255: lead it to a ja on the way"},
		{"index without its own", "ja 2\ntax\nret a", "1:4: 2 is not clear as a target: tools count from the program's start" +
			" or from the next instruction; name a label"},
		{"index after a comma", "jeq #1, 0, 1\ntax\nret a", "1:9: 0 is not clear as a target: tools count from the program's" +
			" start or from the next instruction; name a label"},

		{"lines missing", "(000) tax\n(002) ret a", "2:2: instruction (002) follows 1 others: lines are missing or there are too many"},
		{"begins in the middle", "(010) ret a", "1:2: instruction (010) follows 0 others: lines are missing or there are too many"},
		{"index not closed", "(000 ret a", "1:6: expected ) after the index, found \"ret\""},
		{"index is a word", "(tax) ret a", "1:2: expected the index of the instruction, found \"tax\""},
		{"index too large", "(99999999999) ret a", "1:2: 99999999999 is no index of an instruction"},
		{"jt alone", "jeq #1 jt 1\nret a", "1:12: expected jf, found the end of the line"},
		{"jt of a label", "jeq #1 jt to jf 1\nret a", "1:11: expected the index of an instruction, found \"to\""},
		{"jt behind the program", "jeq #1 jt 1 jf 2\nret a", "1:16: jumps to instruction 2, but there are 2"},
		{"jt of 33 bits", "jeq #1 jt 1 jf 4294967297\nret a", "1:16: 4294967297 is no index of an instruction"},
		{"jt too far", "jeq #1 jt 1 jf 257\n" + far("", 256), "1:16: instruction 257 is 256 instructions away," +
			" a conditional jump skips at most 255: lead it to a ja on the way"},
		{"a loop, as tcpdump -d prints for ip6 protochain 6", "(000) ldb      [20]\n(001) jeq      #0x6             jt 3\tjf 2\n" +
			"(002) ja       0\n(003) ret      #262144", "3:16: jumps back to instruction 0: classic programs jump forward only;" +
			" loops, which libpcap makes of protochain, are for user space"},

		{"what the kernel refuses", "st M[16]\n div #0\nlsh #32\nld [-4095]\nret a",
			"1:1: instruction 0: st M[16]: scratch memory has the words M[0] to M[15]\n" +
				"2:2: instruction 1: div #0: division by the constant zero\n" +
				"3:1: instruction 2: lsh #32: shift by 32 bits or more\n" +
				"4:1: instruction 3: ld [-4095]: no extension 1 in Linux"},
		{"beside another mistake", "mod #0\nbad\nret a",
			"1:1: instruction 0: mod #0: division by the constant zero\n2:1: no instruction is called bad"},
		{"two in a line", "div #0 mod #0 ret a", "1:1: instruction 0: div #0: division by the constant zero\n" +
			"1:8: instruction 1: mod #0: division by the constant zero"},
		{"more than 20", strings.Repeat("div #0\n", 30) + "ret a",
			strings.TrimSuffix(lines(20, "%[1]d:1: instruction %[2]d: div #0: division by the constant zero\n"), "\n") + "\n... and 10 more"},
		{"scratch not written", "ld M[0]\nret a", "1:1: instruction 0: ld M[0]: reads M[0], which not every path to it has written"},
		{"no return", "tax", "1:1: instruction 0: tax: the last instruction must be a return"},
		{"too many", strings.Repeat("tax\n", 4097), "4097:1: more than 4096 instructions, the kernel takes no more"},
		{"too many labels", lines(4097, "l%d:\n") + "ret a", "4097:1: more than 4096 labels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := classic.ParseText(file, []byte(tt.text))
			if err == nil {
				t.Fatalf("accepted, want %s", tt.want)
			}
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(err.Error(), file+":", "")); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			var list *asm.ParseErrors
			if !errors.As(err, &list) {
				t.Errorf("%T is no list", err)
			}
		})
	}
}

// lines returns n lines of the format, which takes the number from 1 and from 0.
func lines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if strings.Count(format, "%") > 1 {
			fmt.Fprintf(&b, format, i+1, i)
		} else {
			fmt.Fprintf(&b, format, i+1)
		}
	}
	return b.String()
}
