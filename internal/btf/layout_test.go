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
