package btf

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// Two functions: of three instructions, the second being of two slots and the third on the line of the second, and of one.
// The kernel counts slots, an object file bytes.
func TestRecordsOfFunctions(t *testing.T) {
	order := binary.LittleEndian
	for _, test := range []struct {
		name      string
		records   func(e *Encoder) *Records
		functions []uint32 // slot or byte of each
		lines     []uint32
	}{
		{"slots", Slots, []uint32{0, 4}, []uint32{0, 1, 4}},
		{"bytes", Bytes, []uint32{0, 32}, []uint32{0, 8, 32}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := NewEncoder(order)
			r := test.records(e)
			main, sub := e.Func("main", e.Main(), Global), e.Func("sub", e.Subprogram(), Static)
			r.Begin(0, main)
			r.Line(0, asm.Position{File: "/a.go", Line: 7}, "r0 = 1")
			r.Line(1, asm.Position{File: "/a.go", Line: 8}, "two\nlines")
			r.Line(3, asm.Position{File: "/a.go", Line: 8}, "two\nlines")
			r.Begin(4, sub)
			r.Line(4, asm.Position{File: "/a.go", Line: 8}, "two\nlines")

			functions, err := ReadFuncInfos(r.Functions, FuncInfoSize, order)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]FuncInfo{{test.functions[0], main}, {test.functions[1], sub}}, functions); diff != "" {
				t.Errorf("functions (-want +got):\n%s", diff)
			}
			file, first, second := e.Text("/a.go"), e.Text("r0 = 1"), e.Text("two lines")
			want := []LineInfo{
				{Slot: test.lines[0], File: file, Text: first, Line: 7},
				{Slot: test.lines[1], File: file, Text: second, Line: 8},
				{Slot: test.lines[2], File: file, Text: second, Line: 8},
			}
			lines, err := ReadLineInfos(r.Lines, LineInfoSize, order)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// An instruction without a position has one all the same where others have: the kernel wants a name for the file.
func TestRecordsWithoutPosition(t *testing.T) {
	e := NewEncoder(binary.BigEndian)
	r := Slots(e)
	r.Begin(0, e.Func("main", e.Main(), Global))
	r.Line(0, asm.Position{}, "exit")
	lines, err := ReadLineInfos(r.Lines, LineInfoSize, binary.BigEndian)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]LineInfo{{File: e.Text("-"), Text: e.Text("exit")}}, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
