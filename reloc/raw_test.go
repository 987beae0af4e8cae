package reloc_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/reloc"
)

var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

// A program is found in its bytes, whose order need not be told.
func TestParseRaw(t *testing.T) {
	programs := []*asm.Program{build(t, "calls", asm.XDP, func(b *asm.Builder) {
		b.LdImm64(asm.R1, int64(-2))
		b.CallSubprogram("one")
		b.LdFunc(asm.R2, "two")
		b.Mov(asm.R0, 1)
		b.Exit()
		b.Function("one", 0, func([]asm.Register) { b.Return(7) })
		b.Function("two", 0, func([]asm.Register) { b.Return(8) })
	})}
	for _, write := range corpus.Programs() {
		p, err := write()
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	for _, p := range programs {
		for _, order := range orders {
			raw := p.AppendTo(nil, order)
			for _, told := range []binary.ByteOrder{order, nil} {
				q, err := reloc.ParseRaw("x", asm.XDP, raw, told)
				if err != nil {
					t.Fatalf("%s: %v", p.Name(), err)
				}
				if diff := cmp.Diff(p.Spec().Instructions, q.Spec().Instructions); diff != "" {
					t.Errorf("%s, %v, told %v (-want +got):\n%s", p.Name(), order, told, diff)
				}
			}
		}
	}
	q, err := reloc.ParseRaw("x", asm.XDP, programs[0].AppendTo(nil, binary.BigEndian), binary.BigEndian)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]asm.Label{{Name: "x"}, {Name: "func_7", Index: 5}, {Name: "func_9", Index: 7}}, q.Functions()); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if q.Type() != asm.XDP || q.Name() != "x" {
		t.Errorf("%v %s", q.Type(), q.Name())
	}
}

func TestParseRawRefuses(t *testing.T) {
	jump := asm.Instruction{Op: 0x05, Off: 5}
	out, err := jump.AppendTo(nil, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	call := asm.Instruction{Op: 0x85, Src: 1, Imm: 5}
	nowhere, err := call.AppendTo(nil, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		raw   []byte
		order binary.ByteOrder
		want  string
	}{
		{"nothing", nil, nil, "parse the bytes of program x: program x: no instructions"},
		{"half an instruction", []byte{0x95, 0, 0, 0}, binary.LittleEndian, "parse the bytes of program x: decode slot 0: truncated: 4 bytes of an instruction's 8"},
		{"text", []byte("r0 = 1; exit; ;;"), nil, "Endian: decode slot "},
		{"jump out of the program", out, binary.LittleEndian, "leads to slot 6, where no instruction"},
		{"call out of the program", nowhere, binary.LittleEndian, "leads to slot 6, where no instruction"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := reloc.ParseRaw("x", asm.XDP, tt.raw, tt.order); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

// What is taken has the bytes that it was made of, in one of the orders.
func FuzzParseRaw(f *testing.F) {
	for _, write := range corpus.Programs() {
		p, err := write()
		if err != nil {
			f.Fatal(err)
		}
		for _, order := range orders {
			f.Add(p.AppendTo(nil, order))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := reloc.ParseRaw("x", asm.UnspecProgram, raw, nil)
		if err != nil {
			return
		}
		is := func(order binary.ByteOrder) bool { return string(p.AppendTo(nil, order)) == string(raw) }
		if !is(binary.LittleEndian) && !is(binary.BigEndian) {
			t.Errorf("%x became\n%v", raw, p)
		}
	})
}
