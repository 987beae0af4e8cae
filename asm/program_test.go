package asm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// kitchenSink builds a program with everything that a program can have.
func kitchenSink() *asm.Builder {
	b := asm.NewBuilder("sink", asm.SkReuseport)
	b.AttachType(asm.AttachSkReuseportSelect)
	b.License("GPL")
	b.DeclareMap(asm.MapSpec{Name: "counters", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	b.LdMapValue(asm.R1, "counters", 0)
	b.JumpIf(asm.R1.Eq(0), "out")
	b.LdMap(asm.R1, "workers")
	b.CallSubprogram("sub")
	b.CallSubprogram("elsewhere")
	b.Label("out")
	b.Mov(asm.R0, 0)
	b.Exit()
	b.Subprogram("sub")
	b.LdImm64(asm.R0, int64(1<<40))
	b.Exit()
	return b
}

func TestProgram(t *testing.T) {
	p, err := kitchenSink().Program()
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Name, License    string
		Type             asm.ProgramType
		AttachType       asm.AttachType
		Len, Slots       int
		Linked           bool
		References       []asm.Reference
		Functions        []asm.Label
		Maps             []asm.MapSpec
		SlotOf           []int
		IndexOf          []int
		Before0, Past14  bool
		Callee           [3]any
		CalleeUnresolved [3]any
		CalleeOfNoCall   [3]any
	}
	three := func(f int, k asm.ReferenceKind, ok bool) [3]any { return [3]any{f, k.String(), ok} }
	got := facts{
		Name: p.Name(), License: p.License(), Type: p.Type(), AttachType: p.AttachType(), Len: p.Len(), Slots: p.Slots(),
		Linked: p.Linked(), References: p.References(), Functions: p.Functions(), Maps: p.Maps(),
		Callee: three(p.Callee(3)), CalleeUnresolved: three(p.Callee(4)), CalleeOfNoCall: three(p.Callee(1)),
	}
	for i := range p.All() {
		got.SlotOf = append(got.SlotOf, p.Slot(i))
	}
	for slot := range p.Slots() {
		i, _ := p.Index(slot)
		got.IndexOf = append(got.IndexOf, i)
	}
	_, got.Before0 = p.Index(-1)
	_, got.Past14 = p.Index(p.Slots())
	want := facts{
		Name: "sink", License: "GPL", Type: asm.SkReuseport, AttachType: asm.AttachSkReuseportSelect, Len: 9, Slots: 12,
		References: []asm.Reference{
			{Index: 0, Kind: asm.RefMapValue, Symbol: "counters"},
			{Index: 2, Kind: asm.RefMap, Symbol: "workers"},
			{Index: 4, Kind: asm.RefCall, Symbol: "elsewhere"},
		},
		Functions:        []asm.Label{{Name: "sink"}, {Name: "sub", Index: 7}},
		Maps:             []asm.MapSpec{{Name: "counters", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		SlotOf:           []int{0, 2, 3, 5, 6, 7, 8, 9, 11},
		IndexOf:          []int{0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8},
		Callee:           [3]any{1, "subprogram", true},
		CalleeUnresolved: [3]any{0, "reference kind 0", false},
		CalleeOfNoCall:   [3]any{0, "reference kind 0", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if i := p.At(8); i != (asm.Instruction{Op: 0x95}) {
		t.Errorf("last instruction %v, want exit", i)
	}
}

func TestProgramDefaults(t *testing.T) {
	p, err := asm.NewProgram(asm.ProgramSpec{Name: "x", Instructions: []asm.Instruction{{Op: 0x95}}})
	if err != nil {
		t.Fatal(err)
	}
	if p.License() != asm.DefaultLicense || !p.Linked() || p.Position(0) != (asm.Position{}) || cmp.Diff([]asm.Label{{Name: "x"}}, p.Functions()) != "" {
		t.Errorf("licence %q, linked %v, position %v, functions %v", p.License(), p.Linked(), p.Position(0), p.Functions())
	}
}

// A program is a value: what is handed out and handed in belongs to the caller.
func TestProgramDoesNotChange(t *testing.T) {
	b := kitchenSink()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	before := p.Spec()

	// Built again, with more calls to the builder after the first time.
	again, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, again.Spec()); diff != "" {
		t.Errorf("built twice (-first +second):\n%s", diff)
	}
	b.Mov(asm.R5, 5)
	b.Exit()
	b.Label("more")
	b.DeclareMap(asm.MapSpec{Name: "more"})

	// Scribbled over.
	spec := p.Spec()
	copied, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	for i := range spec.Instructions {
		spec.Instructions[i] = asm.Instruction{}
		spec.Positions[i] = asm.Position{}
	}
	for i := range spec.References {
		spec.References[i] = asm.Reference{}
	}
	spec.Functions[0], spec.Labels[0], spec.Maps[0] = asm.Label{}, asm.Label{}, asm.MapSpec{}
	p.References()[0] = asm.Reference{}
	p.Functions()[0] = asm.Label{}
	p.Maps()[0] = asm.MapSpec{}

	if diff := cmp.Diff(before, p.Spec()); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, copied.Spec()); diff != "" {
		t.Errorf("the copy changed (-before +after):\n%s", diff)
	}
}

func TestProgramIsDeterministic(t *testing.T) {
	first, err := kitchenSink().Program()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		p, err := kitchenSink().Program()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.Spec(), p.Spec()); diff != "" {
			t.Fatalf("(-first +later):\n%s", diff)
		}
	}
}

// The race detector has something to find here if a method writes.
func TestProgramIsSafeForConcurrentUse(t *testing.T) {
	p, err := kitchenSink().Program()
	if err != nil {
		t.Fatal(err)
	}
	code, text := p.AppendTo(nil, binary.BigEndian), p.AppendText(nil, asm.Kernel)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if !bytes.Equal(code, p.AppendTo(nil, binary.BigEndian)) || !bytes.Equal(text, p.AppendText(nil, asm.Kernel)) {
					t.Error("bytes or text differ")
				}
				for i := range p.All() {
					p.At(i)
					p.Slot(i)
					p.Position(i)
					p.Callee(i)
				}
				p.Index(3)
				spec := p.Spec()
				spec.Instructions[0] = asm.Instruction{}
				if _, err := asm.NewProgram(p.Spec()); err != nil {
					t.Error(err)
				}
				_ = p.String() + p.Name() + p.License() + p.Type().String() + p.AttachType().String()
				p.References()
				p.Functions()
				p.Maps()
			}
		})
	}
	wg.Wait()
}

func TestNewProgramRefuses(t *testing.T) {
	var (
		exit  = asm.Instruction{Op: 0x95}
		jump  = func(off int16) asm.Instruction { return asm.Instruction{Op: 0x05, Off: off} }
		long  = func(imm int64) asm.Instruction { return asm.Instruction{Op: 0x06, Imm: imm} }
		call  = func(imm int64) asm.Instruction { return asm.Instruction{Op: 0x85, Src: 1, Imm: imm} }
		load  = func(src asm.Register) asm.Instruction { return asm.Instruction{Op: 0x18, Dst: asm.R1, Src: src} }
		insns = func(insns ...asm.Instruction) asm.ProgramSpec { return asm.ProgramSpec{Name: "x", Instructions: insns} }
	)
	with := func(s asm.ProgramSpec, change func(*asm.ProgramSpec)) asm.ProgramSpec {
		change(&s)
		return s
	}
	refer := func(s asm.ProgramSpec, refs ...asm.Reference) asm.ProgramSpec {
		s.References = refs
		return s
	}
	mapRef := func(index int) asm.Reference { return asm.Reference{Index: index, Kind: asm.RefMap, Symbol: "m"} }
	for _, test := range []struct {
		name string
		spec asm.ProgramSpec
		want string
		is   error
	}{
		{"nothing", asm.ProgramSpec{Name: "x"}, "no instructions", nil},
		{"bad instruction", insns(exit, asm.Instruction{Op: 0x95, Imm: 1}), "instruction 1: reserved field set: immediate 1", asm.ErrReserved},

		// Jumps and calls.
		{"jump behind the end", insns(jump(1), exit), "instruction 0: goto +1: leads to slot 2, where no instruction of the program is", nil},
		{"jump before the beginning", insns(exit, jump(-3)), "instruction 1: goto -3: leads to slot -1, where no instruction of the program is", nil},
		{"long jump behind the end", insns(long(1<<31-1), exit), "instruction 0: gotol +2147483647: leads to slot 2147483648, where no instruction of the program is", nil},
		{"jump into a 64-bit immediate", insns(jump(1), load(0), exit), "instruction 0: goto +1: leads to slot 2, where no instruction of the program is", nil},
		{"condition into a 64-bit immediate", insns(load(0), asm.Instruction{Op: 0x15, Off: -2}, exit), "instruction 1: if r0 == 0 goto -2: leads to slot 1, where no instruction of the program is", nil},
		{"may_goto behind the end", insns(asm.Instruction{Op: 0xe5, Off: 5}, exit), "instruction 0: may_goto +5: leads to slot 6, where no instruction of the program is", nil},
		{"call behind the end", insns(call(1), exit), "instruction 0: call pc+1: leads to slot 2, where no instruction of the program is", nil},
		{"unresolved call without a reference", insns(exit, call(-3), exit), "instruction 1: call pc-3: leads to slot -1, where no instruction of the program is", nil},
		{"call into the middle of a function", insns(call(0), exit), "instruction 0: call pc+0: leads to slot 1, where no function begins", nil},
		{"address of the middle of a function", insns(asm.Instruction{Op: 0x18, Src: 4, Imm: 1}, exit), "instruction 0: ld_pseudo r0, 4, 1: leads to slot 2, where no function begins", nil},
		{"jump into another function", with(insns(jump(0), exit), func(s *asm.ProgramSpec) { s.Functions = []asm.Label{{Name: "x"}, {Name: "f", Index: 1}} }),
			"instruction 0: goto +0: leads to slot 1, in another function", nil},

		// References.
		{"reference before the program", refer(insns(load(1), exit), mapRef(-1)), "bad reference to map m: instruction -1 is outside the program of 2", asm.ErrReference},
		{"reference behind the program", refer(insns(load(1), exit), mapRef(2)), "bad reference to map m: instruction 2 is outside the program of 2", asm.ErrReference},
		{"references not in order", refer(insns(load(1), load(1), exit), mapRef(1), mapRef(0)), "bad reference to map m: instruction 0 follows 1: not in order", asm.ErrReference},
		{"two references of an instruction", refer(insns(load(1), exit), mapRef(0), mapRef(0)), "bad reference to map m: instruction 0 follows 0: not in order", asm.ErrReference},
		{"reference without a symbol", refer(insns(load(1), exit), asm.Reference{Kind: asm.RefMap}), "bad reference to map at instruction 0: no symbol", asm.ErrReference},
		{"reference of no kind", refer(insns(load(1), exit), asm.Reference{Symbol: "m"}), "bad reference to reference kind 0 m: instruction 0, ld_pseudo r1, 1, 0, is not of a known kind", asm.ErrReference},
		{"reference of an unknown kind", refer(insns(load(1), exit), asm.Reference{Kind: 9, Symbol: "m"}), "bad reference to reference kind 9 m: instruction 0, ld_pseudo r1, 1, 0, is not of a known kind", asm.ErrReference},
		{"reference with a value", refer(insns(asm.Instruction{Op: 0x18, Dst: 1, Src: 1, Imm: 3}, exit), mapRef(0)), "bad reference to map m: instruction 0, ld_pseudo r1, 1, 3, has the immediate 3 where the symbol's value goes, not 0", asm.ErrReference},
		{"call with a distance", refer(insns(asm.Instruction{Op: 0x85, Src: 1, Imm: 0}, exit), asm.Reference{Kind: asm.RefCall, Symbol: "f"}), "bad reference to subprogram f: instruction 0, call pc+0, has the immediate 0 where the symbol's value goes, not -1", asm.ErrReference},
		{"two maps of one name", with(insns(exit), func(s *asm.ProgramSpec) { s.Maps = []asm.MapSpec{{Name: "m"}, {Name: "m"}} }), "map m: bad name: there are two of it", asm.ErrName},
		{"map on another instruction", refer(insns(load(1), exit), mapRef(1)), "bad reference to map m: instruction 1, exit, is not a 64-bit immediate load with source 1", asm.ErrReference},
		{"map on a number", refer(insns(load(0), exit), mapRef(0)), "bad reference to map m: instruction 0, r1 = 0 ll, is not a 64-bit immediate load with source 1", asm.ErrReference},
		{"map value on a map", refer(insns(load(1), exit), asm.Reference{Kind: asm.RefMapValue, Symbol: "m"}), "bad reference to map value m: instruction 0, ld_pseudo r1, 1, 0, is not a 64-bit immediate load with source 2", asm.ErrReference},
		{"function on a map", refer(insns(load(1), exit), asm.Reference{Kind: asm.RefFunc, Symbol: "f"}), "bad reference to function f: instruction 0, ld_pseudo r1, 1, 0, is not a 64-bit immediate load with source 4", asm.ErrReference},
		{"subprogram on a helper's call", refer(insns(asm.Instruction{Op: 0x85, Imm: 1}, exit), asm.Reference{Kind: asm.RefCall, Symbol: "f"}), "bad reference to subprogram f: instruction 0, call 1, is not a call with source 1", asm.ErrReference},

		// Functions, labels, positions.
		{"first function not at the beginning", with(insns(exit, exit), func(s *asm.ProgramSpec) { s.Functions = []asm.Label{{Name: "f", Index: 1}} }), "function f: the first function begins at instruction 1, not 0", nil},
		{"function behind the program", with(insns(exit), func(s *asm.ProgramSpec) { s.Functions = []asm.Label{{Name: "x"}, {Name: "f", Index: 1}} }), "function f: instruction 1 is outside the program of 1", nil},
		{"function without instructions", with(insns(exit), func(s *asm.ProgramSpec) { s.Functions = []asm.Label{{Name: "x"}, {Name: "f"}} }), "function x: no instructions", nil},
		{"functions not in order", with(insns(exit, exit, exit), func(s *asm.ProgramSpec) {
			s.Functions = []asm.Label{{Name: "x"}, {Name: "f", Index: 2}, {Name: "g", Index: 1}}
		}), "function g: instruction 1 follows 2: not in order", nil},
		{"label before the program", with(insns(exit), func(s *asm.ProgramSpec) { s.Labels = []asm.Label{{Name: "l", Index: -1}} }), "label l: instruction -1 is outside the program of 1", nil},
		{"labels not in order", with(insns(exit, exit), func(s *asm.ProgramSpec) { s.Labels = []asm.Label{{Name: "l", Index: 1}, {Name: "m"}} }), "label m: instruction 0 follows 1: not in order", nil},
		{"too few positions", with(insns(exit, exit), func(s *asm.ProgramSpec) { s.Positions = make([]asm.Position, 1) }), "1 positions for 2 instructions", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := asm.NewProgram(test.spec)
			if want := "program x: " + test.want; p != nil || errorText(err) != want {
				t.Errorf("error %q\nwant  %q", errorText(err), want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v: not a %q", err, test.is)
			}
		})
	}
}
