package classic_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// FuzzDecode: whatever is accepted prints, comes back the same from the numbers and from x/net's types.
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
		_, _ = p.String(), p.Tcpdump()
		again, err := bpf.Assemble(p.Instructions())
		if err != nil || !slices.Equal(raw, again) {
			t.Errorf("through x/net: %v\nwas %v\nnow %v", err, raw, again)
		}
		for _, text := range []string{p.Decimal(), p.OneLine()} {
			q, err := classic.ParseDecimal(text)
			if err != nil || !slices.Equal(raw, q.Raw()) {
				t.Errorf("through %q: %v", text, err)
			}
		}
		q, err := classic.ParseCArray(p.CArray())
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
	f.Fuzz(func(t *testing.T, text string) { parsesAgain(t, text, classic.ParseDecimal) })
}

func FuzzParseCArray(f *testing.F) {
	f.Add("{ 0x28, 0, 0, 0x0000000c },\n{ 026, 0, 0, 0 }")
	f.Add("/* a */ { 6, 0, // b\n 0, 1 },")
	f.Fuzz(func(t *testing.T, text string) { parsesAgain(t, text, classic.ParseCArray) })
}

func parsesAgain(t *testing.T, text string, parse func(string) (*classic.Program, error)) {
	p, err := parse(text)
	if err != nil {
		return
	}
	q, err := classic.ParseDecimal(p.Decimal())
	if err != nil || !slices.Equal(p.Raw(), q.Raw()) {
		t.Errorf("%q does not come back: %v", p.Decimal(), err)
	}
}
