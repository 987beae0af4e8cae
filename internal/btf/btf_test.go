package btf

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/purebpf/purebpf/asm/golden"
)

// blob builds BTF by hand: header, types, strings.
func blob(order binary.AppendByteOrder, types []uint32, strings string) []byte {
	b := order.AppendUint16(nil, magic)
	b = append(b, version, 0)
	for _, v := range []uint32{headerSize, 0, uint32(4 * len(types)), uint32(4 * len(types)), uint32(len(strings))} {
		b = order.AppendUint32(b, v)
	}
	for _, v := range types {
		b = order.AppendUint32(b, v)
	}
	return append(b, strings...)
}

const flag = 1 << 31

// example is this C, with the ids of the types:
//
//	typedef unsigned int u32;                                // 1 int, 2 typedef
//	struct pair { u32 a; union { u32 b; char c[3]; }; u32 d:4; };
//	                                    // 3 pair, 4 union, 5 char, 6 array
//	enum sign { neg = -1 };                                  // 7
//	enum big { huge = 1ULL << 40 };                          // 8
//	u32 f(u32 a, ...);                                       // 9 proto, 10 func
//	const struct pair *                                      // 11 const, 12 pointer
var exampleTypes = []uint32{
	1, uint32(Int) << 24, 4, 32,
	14, uint32(Typedef) << 24, 1,
	18, uint32(Struct)<<24 | flag | 3, 12, 23, 2, 0, 0, 4, 32, 29, 2, 4<<24 | 64,
	0, uint32(Union)<<24 | 2, 4, 25, 2, 0, 27, 6, 0,
	31, uint32(Int) << 24, 1, 1<<24 | 8,
	0, uint32(Array) << 24, 0, 5, 1, 3,
	36, uint32(Enum)<<24 | flag | 1, 4, 41, 0xffffffff,
	45, uint32(Enum64)<<24 | 1, 8, 49, 0, 1 << 8,
	0, uint32(FuncProto)<<24 | 2, 2, 23, 2, 0, 0,
	54, uint32(Func) << 24, 9,
	0, uint32(Const) << 24, 3,
	0, uint32(Pointer) << 24, 11,
}

const exampleStrings = "\x00unsigned int\x00u32\x00pair\x00a\x00b\x00c\x00d\x00char\x00sign\x00neg\x00big\x00huge\x00f\x00"

func TestParseBothByteOrders(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		s, err := Parse(blob(order, exampleTypes, exampleStrings))
		if err != nil {
			t.Fatal(err)
		}
		var got []Type
		for id := range s.Len() {
			typ, err := s.Type(TypeID(id + 1))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, typ)
		}
		want := []Type{
			{ID: 1, Name: "unsigned int", Kind: Int, Size: 4},
			{ID: 2, Name: "u32", Kind: Typedef, Ref: 1},
			{ID: 3, Name: "pair", Kind: Struct, Size: 12, Members: []Member{
				{Name: "a", Type: 2}, {Type: 4, Offset: 32}, {Name: "d", Type: 2, Offset: 64, Bits: 4}}},
			{ID: 4, Kind: Union, Size: 4, Members: []Member{{Name: "b", Type: 2}, {Name: "c", Type: 6}}},
			{ID: 5, Name: "char", Kind: Int, Size: 1, Signed: true},
			{ID: 6, Kind: Array, Ref: 5, Len: 3},
			{ID: 7, Name: "sign", Kind: Enum, Size: 4, Signed: true, Values: []EnumValue{{"neg", -1}}},
			{ID: 8, Name: "big", Kind: Enum64, Size: 8, Values: []EnumValue{{"huge", 1 << 40}}},
			{ID: 9, Kind: FuncProto, Ref: 2, Members: []Member{{Name: "a", Type: 2}, {}}},
			{ID: 10, Name: "f", Kind: Func, Ref: 9},
			{ID: 11, Kind: Const, Ref: 3},
			{ID: 12, Kind: Pointer, Ref: 11},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
}

func TestFieldsFlattenAnonymousMembers(t *testing.T) {
	s, err := Parse(blob(binary.LittleEndian, exampleTypes, exampleStrings))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := s.Find("pair", Struct)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Fields(pair)
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{{"a", 2, 0, 4, 0}, {"b", 2, 4, 4, 0}, {"c", 6, 4, 3, 0}, {"d", 2, 8, 4, 4}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for id, want := range map[TypeID]uint64{2: 4, 3: 12, 6: 3, 8: 8, 11: 12, 12: 8} {
		if got, err := s.Sizeof(id); got != want || err != nil {
			t.Errorf("Sizeof(%d) = %d, %v, want %d", id, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	le := binary.LittleEndian
	with := func(off int, v byte) []byte {
		b := blob(le, exampleTypes, exampleStrings)
		b[off] = v
		return b
	}
	for _, test := range []struct {
		name string
		blob []byte
		want string
	}{
		{"empty", nil, "0 bytes are too few for the header"},
		{"magic", with(0, 1), "no magic number: 01 eb"},
		{"version", with(2, 9), "version 9 is unknown"},
		{"header length", with(4, 8), "header of 8 bytes is too short"},
		{"types beyond the end", with(14, 1), "types: section"},
		{"strings beyond the end", with(22, 1), "strings: section"},
		{"no NUL", blob(le, nil, "\x00a"), "does not end in NUL"},
		{"unknown kind", blob(le, []uint32{0, 31 << 24, 0}, "\x00"), "type 1 has the unknown kind 31"},
		{"half a type", blob(le, []uint32{0, uint32(Int) << 24}, "\x00"), "type 1 is truncated"},
		{"no members", blob(le, []uint32{0, uint32(Struct)<<24 | 1, 4}, "\x00"), "type 1 is truncated"},
	} {
		_, err := Parse(test.blob)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestMalformedReferences(t *testing.T) {
	s, err := Parse(blob(binary.LittleEndian, []uint32{
		0, uint32(Typedef) << 24, 1, // 1: a typedef of itself
		0, uint32(Struct)<<24 | 1, 4, 0, 2, 0, // 2: a structure inside itself
		0, uint32(Typedef) << 24, 99, // 3: a typedef of nothing
		0, uint32(Forward) << 24, 0, // 4: no size
	}, "\x00"))
	if err != nil {
		t.Fatal(err)
	}
	inside, _ := s.Type(2)
	_, errResolve := s.Resolve(1)
	_, errFields := s.Fields(inside)
	_, errSizeof := s.Sizeof(3)
	_, errForward := s.Sizeof(4)
	_, errFind := s.Find("missing")
	for _, test := range []struct {
		err  error
		want string
	}{
		{errResolve, "type 1 refers to itself"},
		{errFields, "type 2 contains itself"},
		{errSizeof, "type 99 is beyond the last one, 4"},
		{errForward, "type 4, a forward, has no size"},
		{errFind, "type not found"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %v, want %q", test.err, test.want)
		}
	}
	if !errors.Is(errFind, ErrNotFound) {
		t.Errorf("%v is not ErrNotFound", errFind)
	}
}

func TestKernel(t *testing.T) {
	s, err := Kernel()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel has no BTF")
	} else if err != nil {
		t.Fatal(err)
	}
	// include/uapi/linux/tcp.h: struct tcphdr has had this layout since before BTF.
	tcp, err := s.Find("tcphdr", Struct)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := s.Fields(tcp)
	if err != nil {
		t.Fatal(err)
	}
	offsets := map[string]uint64{}
	for _, f := range fields {
		offsets[f.Name] = f.Offset
	}
	for name, want := range map[string]uint64{"source": 0, "dest": 2, "seq": 4, "ack_seq": 8, "window": 14, "check": 16, "urg_ptr": 18} {
		if got, ok := offsets[name]; !ok || got != want {
			t.Errorf("tcphdr.%s is at %d, %v, want %d", name, got, ok, want)
		}
	}
	cmds, err := s.Find("bpf_cmd", Enum)
	if err != nil {
		t.Fatal(err)
	}
	if len(cmds.Values) < 6 || cmds.Values[5] != (EnumValue{"BPF_PROG_LOAD", 5}) {
		t.Errorf("bpf_cmd: %v", cmds.Values)
	}
}

// FuzzParse asks every question of whatever parses; only a panic or a hang fails.
func FuzzParse(f *testing.F) {
	f.Add(blob(binary.LittleEndian, exampleTypes, exampleStrings))
	f.Add(blob(binary.BigEndian, exampleTypes, exampleStrings))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		for id := range min(s.Len(), 64) {
			typ, err := s.Type(TypeID(id + 1))
			if err != nil {
				t.Fatalf("type %d of %d: %v", id+1, s.Len(), err)
			}
			s.Resolve(typ.ID)
			s.Sizeof(typ.ID)
			s.Fields(typ)
			s.Find(typ.Name, typ.Kind)
		}
	})
}
