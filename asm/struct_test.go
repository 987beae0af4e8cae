package asm_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestStructLayout lays members out as C does on the machines that Linux runs BPF on.
func TestStructLayout(t *testing.T) {
	for _, test := range []struct {
		name    string
		members []asm.Member
		size    int
		want    string
	}{
		{"one byte", []asm.Member{{Name: "a", Size: asm.B}}, 1, "0 u8 a"},
		{"in order of size", []asm.Member{{Name: "a", Size: asm.DW}, {Name: "b", Size: asm.W}, {Name: "c", Size: asm.H}, {Name: "d", Size: asm.B}},
			16, "0 u64 a, 8 u32 b, 12 u16 c, 14 u8 d"},
		{"padding between", []asm.Member{{Name: "a", Size: asm.B}, {Name: "b", Size: asm.W}, {Name: "c", Size: asm.B}, {Name: "d", Size: asm.H}},
			12, "0 u8 a, 4 u32 b, 8 u8 c, 10 u16 d"},
		{"padding at the end", []asm.Member{{Name: "a", Size: asm.DW}, {Name: "b", Size: asm.B}}, 16, "0 u64 a, 8 u8 b"},
		{"arrays", []asm.Member{{Name: "mac", Size: asm.B, Count: 6}, {Name: "addr", Size: asm.W, Count: 4}, {Name: "one", Size: asm.H, Count: 1}},
			28, "0 u8 mac[6], 8 u32 addr[4], 24 u16 one[1]"},
		{"nothing", nil, 0, ""},
	} {
		s := asm.NewStruct(test.name, test.members...)
		if got := s.String(); got != test.want || s.Size() != test.size || s.Name() != test.name {
			t.Errorf("%s: %q of %d bytes, want %q of %d", s.Name(), got, s.Size(), test.want, test.size)
		}
	}
}

func TestStructMembers(t *testing.T) {
	members := []asm.Member{{Name: "a", Size: asm.B}, {Name: "b", Size: asm.W, Count: 2}}
	s := asm.NewStruct("s", members...)
	members[0].Name = "changed"
	var got []string
	for at, m := range s.Members() {
		got = append(got, fmt.Sprint(at, " ", m.Name))
	}
	if diff := cmp.Diff([]string{"0 a", "4 b"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if at, ok := s.Offset("b"); at != 4 || !ok {
		t.Errorf("b at %d, %v, want 4", at, ok)
	}
	if _, ok := s.Offset("c"); ok {
		t.Error("there is a c")
	}
	same := asm.NewStruct("s", asm.Member{Name: "a", Size: asm.B}, asm.Member{Name: "b", Size: asm.W, Count: 2})
	none := (*asm.Struct)(nil)
	for _, test := range []struct {
		name string
		a, b *asm.Struct
		want bool
	}{
		{"itself", s, s, true},
		{"the same again", s, same, true},
		{"another name", s, asm.NewStruct("t", asm.Member{Name: "a", Size: asm.B}, asm.Member{Name: "b", Size: asm.W, Count: 2}), false},
		{"a member less", s, asm.NewStruct("s", asm.Member{Name: "a", Size: asm.B}), false},
		{"none", s, none, false},
		{"none and none", none, none, true},
	} {
		if got := test.a.Equal(test.b); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
