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

// Sizes and offsets are those that C gives the same structs on a 64-bit machine.
func TestStructNested(t *testing.T) {
	point := asm.NewStruct("point", asm.Member{Name: "x", Size: asm.H, Signed: true}, asm.Member{Name: "y", Size: asm.H, Signed: true})
	flow := asm.NewStruct("flow", asm.Member{Name: "kind", Size: asm.B}, asm.Member{Name: "from", Struct: point},
		asm.Member{Name: "to", Struct: point, Count: 3}, asm.Member{Name: "balance", Size: asm.DW, Signed: true})
	alarm := asm.NewStruct("alarm", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "timer", Struct: asm.Timer()},
		asm.Member{Name: "flow", Struct: flow}, asm.Member{Name: "on", Size: asm.B})
	for _, test := range []struct {
		layout      *asm.Struct
		size, align int
		want        string
	}{
		{point, 4, 2, "0 s16 x, 2 s16 y"},
		{flow, 32, 8, "0 u8 kind, 2 struct point from, 6 struct point to[3], 24 s64 balance"},
		{alarm, 64, 8, "0 struct bpf_spin_lock lock, 8 struct bpf_timer timer, 24 struct flow flow, 56 u8 on"},
		{asm.NewStruct("", asm.Member{Size: asm.W, Signed: true}), 4, 4, "s32"},
		{asm.NewStruct("", asm.Member{Struct: point, Count: 2}), 8, 2, "struct point[2]"},
	} {
		if got := test.layout.String(); got != test.want || test.layout.Size() != test.size || test.layout.Align() != test.align {
			t.Errorf("%s: %q of %d bytes, aligned to %d; want %q, %d, %d", test.layout.Name(), got, test.layout.Size(), test.layout.Align(),
				test.want, test.size, test.align)
		}
	}
	for member, want := range map[string]int{"timer": 8, "lock.val": 0, "flow.balance": 48, "flow.from.y": 28, "flow.to": 30} {
		if got, ok := alarm.Offset(member); got != want || !ok {
			t.Errorf("%s at %d, %v; want %d", member, got, ok, want)
		}
	}
	for _, member := range []string{"", "flow.", ".val", "flow.to.x", "flow.kind.x", "timer.x"} { // to is an array
		if got, ok := alarm.Offset(member); ok {
			t.Errorf("%q at %d, want none", member, got)
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
		{"a sign", s, asm.NewStruct("s", asm.Member{Name: "a", Size: asm.B, Signed: true}, asm.Member{Name: "b", Size: asm.W, Count: 2}), false},
		{"the same padding, said", s, asm.NewStruct("s", asm.Member{Name: "a", Size: asm.B}, asm.Member{Size: asm.B, Count: 3},
			asm.Member{Name: "b", Size: asm.W, Count: 2}), true},
		{"more padding", s, asm.NewStruct("s", asm.Member{Name: "a", Size: asm.B}, asm.Member{Size: asm.B, Count: 7},
			asm.Member{Name: "b", Size: asm.W, Count: 2}), false},
		{"the same struct in it", asm.NewStruct("o", asm.Member{Name: "s", Struct: s}), asm.NewStruct("o", asm.Member{Name: "s", Struct: same}), true},
		{"another struct in it", asm.NewStruct("o", asm.Member{Name: "s", Struct: s}),
			asm.NewStruct("o", asm.Member{Name: "s", Struct: asm.NewStruct("s", asm.Member{Name: "a", Size: asm.DW}, asm.Member{Name: "b", Size: asm.W})}), false},
		{"a number and bytes", asm.NewStruct("", asm.Member{Size: asm.W}), asm.NewStruct("", asm.Member{Size: asm.B, Count: 4}), false},
		{"a number and a struct of it", asm.NewStruct("", asm.Member{Size: asm.W}), asm.NewStruct("", asm.Member{Name: "n", Size: asm.W}), false},
		{"numbers", asm.NewStruct("", asm.Member{Size: asm.W}), asm.NewStruct("", asm.Member{Size: asm.W}), true},
		{"none", s, none, false},
		{"none and none", none, none, true},
	} {
		if got := test.a.Equal(test.b); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
