package classic_test

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// FuzzDecode: whatever is accepted comes back the same from the texts, the numbers and x/net's types.
func FuzzDecode(f *testing.F) {
	for _, tt := range instructions {
		f.Add(structs([]bpf.RawInstruction{ins(0x02, 0, 0, 15), tt.want, ins(0x16, 0, 0, 0), ins(0x16, 0, 0, 0), ins(0x16, 0, 0, 0), ins(0x16, 0, 0, 0)}))
	}
	for _, tt := range refused {
		f.Add(structs(tt.program))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw []bpf.RawInstruction
		for ; len(data) >= 8; data = data[8:] {
			raw = append(raw, ins(binary.BigEndian.Uint16(data), data[2], data[3], binary.BigEndian.Uint32(data[4:])))
		}
		p, err := classic.Decode(raw)
		if err != nil {
			return
		}
		textComesBack(t, p)
		again, err := bpf.Assemble(p.Instructions())
		if err != nil || !slices.Equal(raw, again) {
			t.Errorf("through x/net: %v\nwas %v\nnow %v", err, raw, again)
		}
		for _, text := range []string{p.Decimal(), p.OneLine()} {
			q, err := classic.ParseDecimal(file, []byte(text))
			if err != nil || !slices.Equal(raw, q.Raw()) {
				t.Errorf("through %q: %v", text, err)
			}
		}
		q, err := classic.ParseCArray(file, []byte(p.CArray()))
		if err != nil || !slices.Equal(raw, q.Raw()) {
			t.Errorf("through %q: %v", p.CArray(), err)
		}
	})
}

func structs(program []bpf.RawInstruction) []byte {
	var b []byte
	for _, ins := range program {
		b = binary.BigEndian.AppendUint16(b, ins.Op)
		b = append(b, ins.Jt, ins.Jf)
		b = binary.BigEndian.AppendUint32(b, ins.K)
	}
	return b
}

func FuzzParseDecimal(f *testing.F) {
	f.Add("4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0")
	f.Add("2\n128 0 0 0\n22 0 0 0\n")
	f.Add("1\r\n6 0 0 4294967295\r\n")
	f.Add("4096\n6 0 0 0\n")
	f.Fuzz(func(t *testing.T, text string) { parsesAgain(t, text, classic.ParseDecimal) })
}

func FuzzParseCArray(f *testing.F) {
	f.Add("{ 0x28, 0, 0, 0x0000000c },\n{ 026, 0, 0, 0 }")
	f.Add("/* a */ { 6, 0, // b\n 0, 1 },")
	f.Add("BPF_STMT(BPF_LD|BPF_W|BPF_ABS, SKF_AD_OFF + (4 << 2) * ~0x1U), BPF_JUMP(BPF_JMP+BPF_JEQ, ETH_P_IP, 0, 0), { BPF_RET | BPF_A, 0, 0, -1 }")
	f.Add("#include <a>\nchar *s = \"\\\"\"; struct sock_filter f[2] __attribute__((a)) = {\n{ 6, 0, 0, 1 },\n};\nint x;")
	f.Fuzz(func(t *testing.T, text string) { parsesAgain(t, text, classic.ParseCArray) })
}

// FuzzParseText: what is accepted comes back from both printers, and nothing costs more than a little.
func FuzzParseText(f *testing.F) {
	for _, tt := range textRows {
		f.Add(tt.program())
	}
	f.Add("(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n(002) ret      \n(003) ret      #-1\n")
	f.Add("jne #1, far\nja far\n/* */ # \nfar: also: ret %a")
	f.Fuzz(func(t *testing.T, text string) {
		if p := parsesAgain(t, text, classic.ParseText); p != nil {
			textComesBack(t, p)
		}
	})
}

// FuzzParse: every text has one form, and the form's own parser agrees.
func FuzzParse(f *testing.F) {
	f.Add("2,48 0 0 9,6 0 0 0")
	f.Add("{ 0x28, 0, 0, 0x0000000c },\n{ 026, 0, 0, 0 }")
	f.Add("/* a */ ; b\nret a")
	f.Fuzz(func(t *testing.T, text string) { parsesAgain(t, text, classic.Parse) })
}

// parsesAgain parses the text, holds the memory that takes against its length, and lets the program come back from its
// numbers. It returns nil for a text that is refused.
func parsesAgain(t *testing.T, text string, parse func(string, []byte) (*classic.Program, error)) *classic.Program {
	t.Helper()
	data := []byte(text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := parse(file, data)
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(allocationFactor*(allocatedAtAll+allocatedPerByte*len(data))); got > limit {
		t.Errorf("%d bytes allocated for a text of %d, want at most %d", got, len(data), limit)
	}
	if err != nil {
		if _, ok := err.(*asm.ParseErrors); !ok {
			t.Errorf("%T is no list of mistakes", err)
		}
		return nil
	}
	q, err := classic.ParseDecimal(file, []byte(p.Decimal()))
	if err != nil || !slices.Equal(p.Raw(), q.Raw()) {
		t.Errorf("%q does not come back: %v", p.Decimal(), err)
	}
	return p
}

// A parser may allocate so much for a text of any length, among others for the list of mistakes, and so much more for
// each byte of it.
const (
	allocatedAtAll   = 64 << 10
	allocatedPerByte = 32
)

// The worst of texts: each byte of them makes a parser remember as much as it ever does.
func TestParseAllocates(t *testing.T) {
	tests := []struct {
		name, text string
		parse      func(string, []byte) (*classic.Program, error)
	}{
		{"numbers that announce more than there is", "4096\n", classic.ParseDecimal},
		{"short numbers", "4096" + strings.Repeat("\n6 0 0 0", 4096), classic.ParseDecimal},
		{"bad numbers", "4096" + strings.Repeat("\n1 0 0 4", 4096), classic.ParseDecimal},
		{"short C", strings.Repeat("{6,0,0,0},", 4096), classic.ParseCArray},
		{"short instructions", strings.Repeat("neg\n", 4095) + "ret", classic.ParseText},
		{"short jumps", strings.Repeat("ja d\n", 4095) + "d:ret", classic.ParseText},
		{"labels", lines(4096, "%x:\n") + "ret", classic.ParseText},
		{"labels and instructions", lines(4095, "_%x:neg\n") + "ret", classic.ParseText},
		{"labels that are not defined", lines(4095, "ja _%x\n") + "ret", classic.ParseText},
		{"mistakes", strings.Repeat("x\n", 100_000), classic.ParseText},
		{"mistakes in scratch words", strings.Repeat("ld M[1]\n", 4095) + "ret", classic.ParseText},
		{"one long word", strings.Repeat("x", 1<<20), classic.ParseText},
		{"long label", strings.Repeat("x", 1<<20) + ":ret", classic.ParseText},
		{"one long number", "ld #" + strings.Repeat("9", 1<<20), classic.ParseText},
		{"comments", "ret" + strings.Repeat("/**/", 100_000), classic.ParseText},
		{"blank lines", strings.Repeat("\n", 1<<20) + "ret", classic.ParseText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { parsesAgain(t, tt.text, tt.parse) })
	}
}
