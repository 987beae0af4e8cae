package btf

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// What the kernel's map types want of the types of their keys: a 32-bit int (array_map_check_btf), a struct
// (trie_check_btf), anything of that size.
func TestMapTypes(t *testing.T) {
	flow := asm.NewStruct("flow", asm.Member{Name: "port", Size: asm.H}, asm.Member{Name: "addr.v6", Size: asm.W, Count: 4})
	point := asm.NewStruct("point", asm.Member{Name: "x", Size: asm.H, Signed: true}, asm.Member{Name: "y", Size: asm.H, Signed: true})
	state := asm.NewStruct("state", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "timer", Struct: asm.Timer()},
		asm.Member{Name: "at", Struct: point, Count: 2}, asm.Member{Name: "from", Struct: point})
	number := func(size asm.Size, signed bool) *asm.Struct {
		return asm.NewStruct("", asm.Member{Size: size, Signed: signed})
	}
	for _, test := range []struct {
		name string
		spec asm.MapSpec
		want []string // key and value
	}{
		{"numbers", asm.MapSpec{Type: asm.MapHash, KeySize: 2, ValueSize: 8},
			[]string{"int unsigned short 2", "int unsigned long long 8"}},
		{"bytes", asm.MapSpec{Type: asm.MapHash, KeySize: 3, ValueSize: 16},
			[]string{"struct key 3 bytes@0", "struct value 16 bytes@0"}},
		{"layouts", asm.MapSpec{Type: asm.MapHash, KeySize: 20, ValueSize: 20, Key: flow, Value: flow},
			[]string{"struct flow 20 port@0 addr_v6@32", "struct flow 20 port@0 addr_v6@32"}},
		{"array", asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 1},
			[]string{"int unsigned int 4", "int unsigned char 1"}},
		{"trie", asm.MapSpec{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 4},
			[]string{"struct key 8 bytes@0", "int unsigned int 4"}},
		{"storage", asm.MapSpec{Type: asm.MapSkStorage, KeySize: 4, ValueSize: 4},
			[]string{"int unsigned int 4", "struct value 4 bytes@0"}},
		{"signed numbers", asm.MapSpec{Type: asm.MapHash, KeySize: 2, ValueSize: 8, Key: number(asm.H, true), Value: number(asm.DW, true)},
			[]string{"int short 2 signed", "int long long 8 signed"}},
		{"index with a sign", asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 1, Key: number(asm.W, true), Value: number(asm.B, true)},
			[]string{"int int 4 signed", "int char 1 signed"}},
		{"index of another type", asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 1, Key: asm.NewStruct("i", asm.Member{Name: "i", Size: asm.W})},
			[]string{"int unsigned int 4", "int unsigned char 1"}},
		{"number for a trie", asm.MapSpec{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 4, Key: number(asm.DW, false)},
			[]string{"struct key 8 bytes@0", "int unsigned int 4"}},
		{"structs in structs", asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 40, Key: point, Value: state},
			[]string{"struct point 4 x@0 y@16", "struct state 40 lock@0 timer@64 at@192 from@256"}},
		{"array of structs", asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 8, Key: point, Value: asm.NewStruct("", asm.Member{Struct: point, Count: 2})},
			[]string{"struct point 4 x@0 y@16", "array  0 of struct point 4 x@0 y@16"}},
		{"no keys", asm.MapSpec{Type: asm.MapQueue, ValueSize: 4}, []string{"void  0", "int unsigned int 4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := NewEncoder(binary.LittleEndian)
			key, value, err := e.MapTypes(&test.spec)
			if err != nil {
				t.Fatal(err)
			}
			blob, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(blob)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, []string{inWords(t, s, key), inWords(t, s, value)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func inWords(t *testing.T, s *Spec, id TypeID) string {
	t.Helper()
	typ, err := s.Type(id)
	if err != nil {
		t.Fatal(err)
	}
	words := fmt.Sprintf("%v %s %d", typ.Kind, typ.Name, typ.Size)
	if typ.Signed {
		words += " signed"
	}
	if typ.Kind == Array {
		words += " of " + inWords(t, s, typ.Ref)
	}
	for _, m := range typ.Members {
		words += fmt.Sprintf(" %s@%d", m.Name, m.Offset)
	}
	return words
}

func TestMapTypesRefuses(t *testing.T) {
	flow := asm.NewStruct("flow", asm.Member{Name: "port", Size: asm.H})
	for _, test := range []struct {
		spec asm.MapSpec
		want string
	}{
		{asm.MapSpec{Type: asm.MapHash, KeySize: 4, Key: flow}, "flow, the layout of the key, has 2 bytes, the key 4"},
		{asm.MapSpec{Type: asm.MapHash, ValueSize: 4, Value: flow}, "flow, the layout of the value, has 2 bytes, the value 4"},
	} {
		if _, _, err := NewEncoder(binary.LittleEndian).MapTypes(&test.spec); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// What is said of a map anyhow is left out, unless there would be no types without it.
func TestTerse(t *testing.T) {
	u32, s32 := asm.NewStruct("", asm.Member{Size: asm.W}), asm.NewStruct("", asm.Member{Size: asm.W, Signed: true})
	flow := asm.NewStruct("flow", asm.Member{Name: "port", Size: asm.H})
	for _, test := range []struct {
		name       string
		kind       asm.MapType
		key, value *asm.Struct
		wantKey    *asm.Struct
		wantValue  *asm.Struct
	}{
		{"numbers", asm.MapHash, u32, u32, u32, u32},
		{"number and struct", asm.MapHash, u32, flow, nil, flow},
		{"struct and number", asm.MapHash, flow, u32, flow, nil},
		{"signed number and struct", asm.MapHash, s32, flow, s32, flow},
		{"number and nothing", asm.MapHash, u32, nil, u32, nil},
		{"nothing", asm.MapHash, nil, nil, nil, nil},
		{"storage of a number", asm.MapSkStorage, u32, u32, nil, u32},
		{"storage of bytes", asm.MapSkStorage, u32, asm.NewStruct("value", asm.Member{Name: "bytes", Size: asm.B, Count: 8}), nil, nil},
	} {
		m := asm.MapSpec{Type: test.kind, KeySize: 4, ValueSize: 4, Key: test.key, Value: test.value}
		if test.key != nil {
			m.KeySize = uint32(test.key.Size())
		}
		if test.value != nil {
			m.ValueSize = uint32(test.value.Size())
		}
		Terse(&m)
		if !m.Key.Equal(test.wantKey) || !m.Value.Equal(test.wantValue) {
			t.Errorf("%s: key %v, value %v; want %v, %v", test.name, m.Key, m.Value, test.wantKey, test.wantValue)
		}
	}
}
