package classic_test

import (
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm/classic"
)

func TestParse(t *testing.T) {
	const want = "2,40 0 0 12,22 0 0 0"
	tests := []struct{ name, text, err string }{
		{"bpf_asm", "ldh [12]\nret a\n", ""},
		{"bpf_asm, comments", "# one\n; two\n/* three\n*/ ldh [12]\nret a\n", ""},
		{"bpf_dbg", "l0:\tldh [12]\nl1:\tret a\n", ""},
		{"tcpdump -d", "(000) ldh      [12]\n(001) ret      \n", ""},
		{"tcpdump -dd", "{ 0x28, 0, 0, 0x0000000c },\n{ 0x16, 0, 0, 0x00000000 },\n", ""},
		{"tcpdump -dd, comments", "// { one\n/*/ 2 */\n\n{ 0x28, 0, 0, 12 }, { 0x16, 0, 0, 0 }", ""},
		{"tcpdump -ddd", "2\n40 0 0 12\n22 0 0 0\n", ""},
		{"xt_bpf", "2,40 0 0 12,22 0 0 0", ""},

		{"byte order mark, text", "\ufeffldh [12]\nret a\n", ""},
		{"byte order mark, C", "\ufeff{ 0x28, 0, 0, 12 }, { 0x16, 0, 0, 0 }", ""},
		{"byte order mark, decimal", "\ufeff2,40 0 0 12,22 0 0 0", ""},

		{"nothing", "", "1:1: no instructions"},
		{"comment alone", "/*/", "1:1: comment without an end"},
		{"C that is cut", "{ 0x28, 0,", "1:11: expected jf, found the end of the text"},
		{"decimal that is cut", "2\n40 0 0 12\n", "3:1: 1 instructions, but the first number announces 2"},
		{"text that is cut", "ldh", "1:4: expected what to load, such as [12], [x + 2] or an extension, found the end of the text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.Parse(file, []byte(tt.text))
			compareParsed(t, p, err, want, tt.err)
		})
	}
}

// Instructions know their line.
func TestParseTextPosition(t *testing.T) {
	p, err := classic.ParseText("dir/arp.bpf", []byte("; arp\n\nldh [12]\nend: ret\n\ta\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Position(0).String() + " " + p.Position(1).String(); got != "arp.bpf:3 arp.bpf:4" {
		t.Errorf("%s, want arp.bpf:3 arp.bpf:4", got)
	}
}

// A label behind the program that nothing jumps to is no mistake.
func TestParseTextUnusedLabel(t *testing.T) {
	p, err := classic.ParseText(file, []byte("ret a\nend: also:"))
	compareParsed(t, p, err, "1,22 0 0 0", "")
}

func BenchmarkParseText(b *testing.B) {
	p, err := classic.ParseDecimal(file, []byte(benchmarkFilter))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"String": p.String(), "Tcpdump": p.Tcpdump()} {
		b.Run(name, func(b *testing.B) {
			data := []byte(text)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := classic.ParseText(file, data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*strings.Count(text, "\n"))/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// benchmarkFilter is `tcpdump -ddd tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)`.
const benchmarkFilter = "30,40 0 0 12,21 27 0 34525,21 0 26 2048,48 0 0 23,21 0 24 6,40 0 0 20,69 22 0 8191," +
	"177 0 0 14,72 0 0 14,21 2 0 80,72 0 0 16,21 0 17 80,40 0 0 16,2 0 0 1,48 0 0 14,84 0 0 15," +
	"100 0 0 2,7 0 0 5,96 0 0 1,28 0 0 0,2 0 0 5,177 0 0 14,80 0 0 26,84 0 0 240,116 0 0 2," +
	"7 0 0 9,96 0 0 5,29 1 0 0,6 0 0 262144,6 0 0 0"
