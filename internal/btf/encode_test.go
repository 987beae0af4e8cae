package btf

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// flow writes this C, with the ids of the types:
//
//	unsigned int; unsigned char;                        // 1, 2
//	struct flow { unsigned int addr; unsigned char proto; unsigned char pad[3]; }; // 3 array, 4 struct
//	void *;                                             // 5
//	unsigned int f(void *ctx);                          // 6 proto, 7 func
func flow(e *Encoder) (flow, f TypeID) {
	u32 := e.Int("unsigned int", 4, false)
	u8 := e.Int("unsigned char", 1, false)
	pad := e.Array(u8, u32, 3)
	flow = e.Struct("flow", 8, Member{Name: "addr", Type: u32}, Member{Name: "proto", Type: u8, Offset: 32}, Member{Name: "pad", Type: pad, Offset: 40})
	return flow, e.Func("f", e.FuncProto(u32, Member{Name: "ctx", Type: e.Pointer(0)}), Static)
}

// The bytes are written down by hand after Documentation/bpf/btf.rst.
func TestEncode(t *testing.T) {
	types := []uint32{
		1, uint32(Int) << 24, 4, 32,
		14, uint32(Int) << 24, 1, 8,
		0, uint32(Array) << 24, 0, 2, 1, 3,
		43, uint32(Struct)<<24 | 3, 8, 28, 1, 0, 33, 2, 32, 39, 3, 40,
		0, uint32(Pointer) << 24, 0,
		0, uint32(FuncProto)<<24 | 1, 1, 48, 5,
		52, uint32(Func) << 24, 6,
	}
	// Names of members are there before that of the struct.
	const strings = "\x00unsigned int\x00unsigned char\x00addr\x00proto\x00pad\x00flow\x00ctx\x00f\x00"
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		e := NewEncoder(order)
		flow(e)
		got, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(blob(order, types, strings), got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
}

// Two variables of a section and a global function:
//
//	unsigned int count; unsigned int max; // in .data, at 0 and 8 of 16 bytes
//	int f(void *ctx) { ... }
func TestEncodeSection(t *testing.T) {
	types := []uint32{
		1, uint32(Int) << 24, 4, 32, // 1
		14, uint32(Var) << 24, 1, 1, // 2
		20, uint32(Var) << 24, 1, 0, // 3
		24, uint32(DataSec)<<24 | 2, 16, 2, 0, 4, 3, 8, 4, // 4
		30, uint32(Int) << 24, 4, 1<<24 | 32, // 5
		0, uint32(Pointer) << 24, 0, // 6
		0, uint32(FuncProto)<<24 | 1, 5, 34, 6, // 7
		38, uint32(Func)<<24 | 1, 7, // 8
	}
	const strings = "\x00unsigned int\x00count\x00max\x00.data\x00int\x00ctx\x00f\x00"
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		e := NewEncoder(order)
		count := e.Var("count", e.Number(asm.W, false), Global)
		e.DataSec(".data", 16, Member{Type: count}, Member{Type: e.Var("max", e.Number(asm.W, false), Static), Offset: 64})
		e.Func("f", e.Main(), Global)
		got, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(blob(order, types, strings), got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
}

// Parse reads what Encoder writes.
func TestEncodeParses(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		e := NewEncoder(order)
		id, f := flow(e)
		text := e.Text("r0 = 0")
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		typ, err := s.Type(id)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := s.Fields(typ)
		if err != nil {
			t.Fatal(err)
		}
		want := []Field{{Name: "addr", Type: 1, Size: 4}, {Name: "proto", Type: 2, Offset: 4, Size: 1}, {Name: "pad", Type: 3, Offset: 5, Size: 3}}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("%v: fields (-want +got):\n%s", order, diff)
		}
		if typ, err := s.Type(f); err != nil || typ.Name != "f" || typ.Kind != Func {
			t.Errorf("%v: function %+v, error %v", order, typ, err)
		}
		if s.Len() != 7 || s.Text(text) != "r0 = 0" || e.Text("r0 = 0") != text {
			t.Errorf("%v: %d types, text %q", order, s.Len(), s.Text(text))
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	u32 := func(e *Encoder) TypeID { return e.Int("u32", 4, false) }
	for _, test := range []struct {
		name  string
		write func(e *Encoder)
		want  string
	}{
		{"int size", func(e *Encoder) { e.Int("u24", 3, false) }, "btf: encode: int u24: 3 bytes"},
		{"int name", func(e *Encoder) { e.Int("", 4, false) }, "int without a name"},
		{"pointer", func(e *Encoder) { e.Pointer(1) }, "pointer to type 1, which is not there"},
		{"array of void", func(e *Encoder) { e.Array(0, u32(e), 1) }, "array of type 0, which has no size"},
		{"array index", func(e *Encoder) { e.Array(u32(e), 0, 1) }, "array with an index of type 0, which is no int"},
		{"array size", func(e *Encoder) { e.Array(u32(e), 1, 1<<30) }, "array of 1073741824 elements of 4 bytes"},
		{"member without size", func(e *Encoder) { e.Struct("s", 4, Member{Name: "a", Type: 9}) }, "struct s: member a of type 9, which has no size"},
		{"bit field", func(e *Encoder) { e.Struct("s", 4, Member{Name: "a", Type: u32(e), Bits: 3}) }, "struct s: member a is a bit field"},
		{"bit offset", func(e *Encoder) { e.Struct("s", 8, Member{Name: "a", Type: u32(e), Offset: 4}) }, "struct s: member a is a bit field"},
		{"overlap", func(e *Encoder) {
			e.Struct("s", 8, Member{Name: "a", Type: u32(e)}, Member{Name: "b", Type: 1, Offset: 24})
		}, "struct s: member b at bit 24 begins before the end of the one before it, 32"},
		{"beyond the end", func(e *Encoder) { e.Struct("s", 4, Member{Name: "a", Type: u32(e), Offset: 8}) }, "struct s: member a ends at bit 40, the struct at 32"},
		{"members", func(e *Encoder) { e.Struct("s", 0, make([]Member, 1<<16)...) }, "struct s: 65536 members"},
		{"name of a member", func(e *Encoder) { e.Struct("s", 4, Member{Name: "a b", Type: u32(e)}) }, `name "a b": want at most 127 letters, digits and '_'`},
		{"name of a struct", func(e *Encoder) { e.Struct("1s", 0) }, `name "1s"`},
		{"long name", func(e *Encoder) { e.Struct(strings.Repeat("s", 128), 0) }, "want at most 127"},
		{"result", func(e *Encoder) { e.FuncProto(1) }, "function with a result of type 1, which is not there"},
		{"parameter", func(e *Encoder) { e.FuncProto(0, Member{Name: "", Type: u32(e)}) }, `parameter "" of type 1`},
		{"void parameter", func(e *Encoder) { e.FuncProto(0, Member{Name: "a"}) }, `parameter "a" of type 0`},
		{"func of an int", func(e *Encoder) { e.Func("f", u32(e), Static) }, "function f of type 1, which is no func_proto"},
		{"var of nothing", func(e *Encoder) { e.Var("v", 0, Static) }, "variable v of type 0, which has no size"},
		{"var name", func(e *Encoder) { e.Var("", u32(e), Static) }, "variable without a name"},
		{"section name", func(e *Encoder) { e.DataSec("", 4) }, `section "" with 0 variables`},
		{"section of an int", func(e *Encoder) { e.DataSec(".data", 4, Member{Type: u32(e)}) }, "section .data: type 1 is no variable"},
		{"section too small", func(e *Encoder) { e.DataSec(".data", 3, Member{Type: e.Var("v", u32(e), Static)}) },
			"section .data: a variable of 4 bytes at 0, behind 0, of 3"},
		{"variables overlap", func(e *Encoder) {
			v := Member{Type: e.Var("v", u32(e), Static), Offset: 16}
			e.DataSec(".data", 8, v, v)
		}, "section .data: a variable of 4 bytes at 2, behind 6, of 8"},
		{"func name", func(e *Encoder) { e.Func("", e.FuncProto(0), Static) }, "function without a name"},
		{"NUL", func(e *Encoder) { e.Text("a\x00b") }, `string "a\x00b" has a NUL`},
		{"text", func(e *Encoder) { e.Text(strings.Repeat("x", 1<<24)) }, "more than 16777215 bytes of strings"},
		{"the first mistake", func(e *Encoder) { e.Int("a", 3, false); e.Int("b", 5, false) }, "int a: 3 bytes"},
	} {
		e := NewEncoder(binary.LittleEndian)
		test.write(e)
		_, err := e.Encode()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"select_by_dcid", "select_by_dcid"},
		{"main.sub", "main_sub"},
		{"4tuple", "_tuple"},
		{".rodata", "_rodata"},
		{"größe", "gr____e"},
		{"", "_"},
		{strings.Repeat("n", 200), strings.Repeat("n", 127)},
	} {
		if got := Identifier(test.name); got != test.want {
			t.Errorf("Identifier(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRecords(t *testing.T) {
	f := FuncInfo{Slot: 3, Type: 7}
	l := LineInfo{Slot: 3, File: 0x10, Text: 0x20, Line: 57, Column: 2}
	for _, test := range []struct {
		order       binary.ByteOrder
		append      binary.AppendByteOrder
		funcs, line []byte
	}{
		{binary.LittleEndian, binary.LittleEndian, []byte{3, 0, 0, 0, 7, 0, 0, 0},
			[]byte{3, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 0, 0, 0x02, 0xe4, 0, 0}},
		{binary.BigEndian, binary.BigEndian, []byte{0, 0, 0, 3, 0, 0, 0, 7},
			[]byte{0, 0, 0, 3, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 0, 0xe4, 0x02}},
	} {
		if diff := cmp.Diff(test.funcs, f.Append(nil, test.append)); diff != "" {
			t.Errorf("%v: func (-want +got):\n%s", test.order, diff)
		}
		if diff := cmp.Diff(test.line, l.Append(nil, test.append)); diff != "" {
			t.Errorf("%v: line (-want +got):\n%s", test.order, diff)
		}
		longer := append(append([]byte{}, test.line...), 1, 2, 3, 4) // of a newer kernel
		lines, err := ReadLineInfos(longer, 20, test.order)
		if diff := cmp.Diff([]LineInfo{l}, lines); diff != "" || err != nil {
			t.Errorf("%v: lines, error %v (-want +got):\n%s", test.order, err, diff)
		}
		funcs, err := ReadFuncInfos(test.funcs, 8, test.order)
		if diff := cmp.Diff([]FuncInfo{f}, funcs); diff != "" || err != nil {
			t.Errorf("%v: functions, error %v (-want +got):\n%s", test.order, err, diff)
		}
	}
	far := LineInfo{Line: 1 << 30, Column: 1 << 20}.Append(nil, binary.LittleEndian)
	if got, _ := ReadLineInfos(far, 16, binary.LittleEndian); got[0].Line != MaxLine || got[0].Column != MaxColumn {
		t.Errorf("line 1<<30, column 1<<20 became %+v", got[0])
	}
	if _, err := ReadLineInfos(make([]byte, 17), 16, binary.LittleEndian); err == nil || err.Error() != "btf: 17 bytes of line records of 16" {
		t.Errorf("17 bytes: %v", err)
	}
	if _, err := ReadFuncInfos(make([]byte, 4), 4, binary.LittleEndian); err == nil || err.Error() != "btf: 4 bytes of function records of 4" {
		t.Errorf("records of 4 bytes: %v", err)
	}
}
