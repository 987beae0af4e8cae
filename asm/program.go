package asm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strconv"
)

// DefaultLicense is the licence of a program whose author does not say: every helper is allowed under it.
const DefaultLicense = "Dual MIT/GPL"

// NoLicense is the licence of a program that comes without one: helpers that are for GPL programs only are refused to it.
// It is the kernel's word for a module that does not say (set_license of kernel/module/main.c).
const NoLicense = "unspecified"

// Program is an assembled program. It never changes: its methods hand out copies, so one value may be linked, printed
// and loaded from many goroutines and any number of times.
type Program struct {
	spec  ProgramSpec
	slots []int32 // slots[i] is the first slot of instruction i; one more entry has the total
}

// ProgramSpec is everything that a Program consists of, as plain data: for whoever makes programs from something else
// than a Builder, or one program from another.
type ProgramSpec struct {
	// Name of the program and of its first function. The kernel gets its first 15 bytes.
	Name       string
	Type       ProgramType
	AttachType AttachType // expected_attach_type, for the program types that are loaded for one
	// AttachTo names what the program is made for, where its type and attach type do not say all: the function of a kprobe,
	// "sched/sched_switch" of a tracepoint. It is what follows the slash in the name of an ELF section.
	AttachTo string
	Flags    LoadFlags
	License  string // empty means DefaultLicense

	Instructions []Instruction
	// References are the instructions that name a symbol and are not complete without its value, in order.
	References []Reference
	// Functions are the main function and the subprograms, in order. Empty means one function, the whole program.
	Functions []Label
	// Labels name jump targets, in order. They only serve printing.
	Labels []Label
	// Maps describe maps that References name. A map may be referred to without being described.
	Maps []MapSpec
	// Positions has where each instruction was asked for, or nothing.
	Positions []Position
	// Comments are what the author says about lines, for each instruction of such a line, in order.
	Comments []Comment
	// Resolved are references that were there before the program was linked, in order. They only serve printing.
	Resolved []Reference
}

// Label is a name for an instruction.
type Label struct {
	Name  string
	Index int // of the instruction
}

// ReferenceKind is what a reference wants of its symbol.
type ReferenceKind uint8

const (
	// RefMap is a 64-bit immediate load of a map: source 1, the immediate becomes the map's descriptor.
	RefMap ReferenceKind = iota + 1
	// RefMapValue is a 64-bit immediate load of an address inside a map's only value: source 2, the low half becomes the
	// map's descriptor, the high half is the offset in bytes.
	RefMapValue
	// RefCall is a call of a subprogram: source 1, the immediate becomes the distance to it in slots.
	RefCall
	// RefFunc is a 64-bit immediate load of a subprogram's address for a callback: source 4, the immediate becomes the
	// distance to it in slots.
	RefFunc
)

// String returns what the symbol has to be: map, map value, subprogram or function.
func (k ReferenceKind) String() string {
	switch k {
	case RefMap:
		return "map"
	case RefMapValue:
		return "map value"
	case RefCall:
		return "subprogram"
	case RefFunc:
		return "function"
	}
	return "reference kind " + strconv.Itoa(int(k))
}

// placeholder is the immediate of an instruction whose symbol has no value yet.
func (k ReferenceKind) placeholder() int32 {
	if k == RefCall || k == RefFunc {
		return -1
	}
	return 0
}

// Reference is a use of a symbol: what nginx and ELF call a relocation.
type Reference struct {
	Index  int // of the instruction
	Kind   ReferenceKind
	Symbol string
}

// ErrReference is wrapped by the error about a reference that its instruction cannot carry.
var ErrReference = errors.New("bad reference")

// NewProgram checks spec and makes a program of a copy of it. It refuses a program without instructions, instructions
// that Instruction.Check refuses, jumps that do not lead to an instruction of their function, calls that do not lead to
// the first instruction of a function, references outside the program or to an instruction that cannot carry them
// or that have a value already where the symbol's goes (ErrReference), two maps of one name (ErrName),
// and labels, functions, positions and comments that do not fit the instructions.
func NewProgram(spec ProgramSpec) (*Program, error) {
	p, _, err := newProgram(spec.clone())
	if err != nil {
		return nil, fmt.Errorf("program %s: %w", spec.Name, err)
	}
	return p, nil
}

// newProgram is NewProgram of a spec that nobody else has. The error is about the instruction at, when that is not -1.
func newProgram(spec ProgramSpec) (p *Program, at int, err error) {
	p = &Program{spec: spec}
	s := &p.spec
	if s.License == "" {
		s.License = DefaultLicense
	}
	if len(s.Instructions) == 0 {
		return nil, -1, errors.New("no instructions")
	}
	if len(s.Functions) == 0 {
		s.Functions = []Label{{Name: s.Name}}
	}
	p.slots = slotTable(s.Instructions)
	if at, err := p.check(); err != nil {
		return nil, at, err
	}
	return p, -1, nil
}

func slotTable(insns []Instruction) []int32 {
	slots := make([]int32, len(insns)+1)
	n := int32(0)
	for i := range insns {
		slots[i] = n
		n += int32(insns[i].Slots())
	}
	slots[len(insns)] = n
	return slots
}

func (s ProgramSpec) clone() ProgramSpec {
	s.Instructions = slices.Clone(s.Instructions)
	s.References = slices.Clone(s.References)
	s.Functions = slices.Clone(s.Functions)
	s.Labels = slices.Clone(s.Labels)
	s.Maps = slices.Clone(s.Maps)
	for i := range s.Maps {
		s.Maps[i] = s.Maps[i].clone()
	}
	s.Positions = slices.Clone(s.Positions)
	s.Comments = slices.Clone(s.Comments)
	s.Resolved = slices.Clone(s.Resolved)
	return s
}

// check returns what is wrong, and with which instruction, -1 when it is not about one.
func (p *Program) check() (at int, err error) {
	s := &p.spec
	if err := checkLabels("function", s.Functions, len(s.Instructions)); err != nil {
		return -1, err
	}
	for i, f := range s.Functions {
		switch {
		case i == 0 && f.Index != 0:
			return -1, fmt.Errorf("function %s: the first function begins at instruction %d, not 0", f.Name, f.Index)
		case i > 0 && f.Index == s.Functions[i-1].Index:
			return -1, fmt.Errorf("function %s: no instructions", s.Functions[i-1].Name)
		}
	}
	if err := checkLabels("label", s.Labels, len(s.Instructions)); err != nil {
		return -1, err
	}
	if err := checkMaps(s.Maps); err != nil {
		return -1, err
	}
	if err := checkReferences(s); err != nil {
		return -1, err
	}
	next := 0 // reference
	for i, ins := range s.Instructions {
		if err := ins.Check(); err != nil {
			return i, fmt.Errorf("instruction %d: %w", i, err)
		}
		if next < len(s.References) && s.References[next].Index == i {
			next++
			continue
		}
		if distance, ok := ins.distance(); ok {
			slot := int64(p.slots[i]) + 1 + distance
			to, ok := p.index(slot)
			if !ok {
				return i, fmt.Errorf("instruction %d: %v: leads to slot %d, where no instruction of the program is", i, ins, slot)
			}
			call := kinds[ins.Op] == kindCall || kinds[ins.Op] == kindLdImm64
			f := functionOf(s.Functions, to)
			switch {
			case call && s.Functions[f].Index != to:
				return i, fmt.Errorf("instruction %d: %v: leads to slot %d, where no function begins", i, ins, slot)
			case !call && f != functionOf(s.Functions, i):
				return i, fmt.Errorf("instruction %d: %v: leads to slot %d, in another function", i, ins, slot)
			}
		}
	}
	return -1, checkLines(s)
}

// functionOf returns the index of the function that instruction i is in. functions are in order.
func functionOf(functions []Label, i int) int {
	return sort.Search(len(functions), func(f int) bool { return functions[f].Index > i }) - 1
}

func checkLabels(what string, labels []Label, instructions int) error {
	last := 0
	for _, l := range labels {
		switch {
		case l.Index < 0 || l.Index >= instructions:
			return fmt.Errorf("%s %s: instruction %d is outside the program of %d", what, l.Name, l.Index, instructions)
		case l.Index < last:
			return fmt.Errorf("%s %s: instruction %d follows %d: not in order", what, l.Name, l.Index, last)
		}
		last = l.Index
	}
	return nil
}

// checkMaps reports maps of one name, of which a reference cannot tell one.
func checkMaps(maps []MapSpec) error {
	seen := make(map[string]bool, len(maps))
	for i := range maps {
		name := maps[i].Name
		if seen[name] {
			return fmt.Errorf("map %s: %w: there are two of it", name, ErrName)
		}
		seen[name] = true
	}
	return nil
}

func checkReferences(s *ProgramSpec) error {
	last := -1
	for _, r := range s.References {
		switch {
		case r.Index < 0 || r.Index >= len(s.Instructions):
			return fmt.Errorf("%w to %v %s: instruction %d is outside the program of %d", ErrReference, r.Kind, r.Symbol, r.Index, len(s.Instructions))
		case r.Index <= last:
			return fmt.Errorf("%w to %v %s: instruction %d follows %d: not in order", ErrReference, r.Kind, r.Symbol, r.Index, last)
		case r.Symbol == "":
			return fmt.Errorf("%w to %v at instruction %d: no symbol", ErrReference, r.Kind, r.Index)
		}
		last = r.Index
		ins := s.Instructions[r.Index]
		fits, want := false, "a 64-bit immediate load"
		switch r.Kind {
		case RefMap:
			fits = ins.Op == OpLdImm64 && ins.Src == Imm64MapFD
			want += " with source 1"
		case RefMapValue:
			fits = ins.Op == OpLdImm64 && ins.Src == Imm64MapValue
			want += " with source 2"
		case RefFunc:
			fits = ins.Op == OpLdImm64 && ins.Src == Imm64Func
			want += " with source 4"
		case RefCall:
			fits = kinds[ins.Op] == kindCall && ins.Src == CallSubprogram
			want = "a call with source 1"
		default:
			want = "of a known kind"
		}
		if !fits {
			return fmt.Errorf("%w to %v %s: instruction %d, %v, is not %s", ErrReference, r.Kind, r.Symbol, r.Index, ins, want)
		}
		if got := int32(ins.Imm); got != r.Kind.placeholder() {
			return fmt.Errorf("%w to %v %s: instruction %d, %v, has the immediate %d where the symbol's value goes, not %d",
				ErrReference, r.Kind, r.Symbol, r.Index, ins, got, r.Kind.placeholder())
		}
	}
	return nil
}

// distance returns how many slots behind the next one the instruction leads to, when it is a jump, a subprogram call or
// the load of a function.
func (i Instruction) distance() (int64, bool) {
	switch kinds[i.Op] {
	case kindJumpK, kindJumpX, kindJA:
		return int64(i.Off), true
	case kindJAL:
		return i.Imm, true
	case kindCall:
		return i.Imm, i.Src == CallSubprogram
	case kindLdImm64:
		return int64(int32(i.Imm)), i.Src == Imm64Func
	}
	return 0, false
}

// Spec returns a copy of what the program consists of.
func (p *Program) Spec() ProgramSpec { return p.spec.clone() }

// Name returns the program's name.
func (p *Program) Name() string { return p.spec.Name }

// Type returns the program's type.
func (p *Program) Type() ProgramType { return p.spec.Type }

// AttachType returns the attach type that the program is loaded for.
func (p *Program) AttachType() AttachType { return p.spec.AttachType }

// AttachTo returns the name of what the program is made for, see ProgramSpec.AttachTo.
func (p *Program) AttachTo() string { return p.spec.AttachTo }

// Flags returns the flags that the program has to be loaded with.
func (p *Program) Flags() LoadFlags { return p.spec.Flags }

// License returns the program's licence.
func (p *Program) License() string { return p.spec.License }

// Len returns the number of instructions. A 64-bit immediate load counts as one.
func (p *Program) Len() int { return len(p.spec.Instructions) }

// Slots returns the number of 8-byte slots that the instructions take. The kernel counts these.
func (p *Program) Slots() int { return int(p.slots[p.Len()]) }

// At returns instruction i.
func (p *Program) At(i int) Instruction { return p.spec.Instructions[i] }

// All iterates over the instructions and their indices.
func (p *Program) All() iter.Seq2[int, Instruction] { return slices.All(p.spec.Instructions) }

// Slot returns the first slot of instruction i.
func (p *Program) Slot(i int) int { return int(p.slots[i]) }

// Index returns the instruction that begins or, for the second half of a 64-bit immediate, ends at slot, and whether
// there is one.
func (p *Program) Index(slot int) (int, bool) {
	if slot < 0 || slot >= p.Slots() {
		return 0, false
	}
	return sort.Search(p.Len(), func(i int) bool { return int(p.slots[i+1]) > slot }), true
}

// index returns the instruction that begins at slot.
func (p *Program) index(slot int64) (int, bool) {
	if slot < 0 || slot >= int64(p.Slots()) {
		return 0, false
	}
	i, _ := p.Index(int(slot))
	return i, int64(p.slots[i]) == slot
}

// References returns the instructions that still need the value of a symbol, in order.
func (p *Program) References() []Reference { return slices.Clone(p.spec.References) }

// Linked reports whether no reference is left, so that the program can be loaded.
func (p *Program) Linked() bool { return len(p.spec.References) == 0 }

// Functions returns the main function and the subprograms, in order.
func (p *Program) Functions() []Label { return slices.Clone(p.spec.Functions) }

// Maps returns the maps that the program describes.
func (p *Program) Maps() []MapSpec { return p.spec.clone().Maps }

// Callee returns the function, as an index into Functions, that instruction i calls or loads the address of inside the
// program, and in which of the two ways. A call that is still a reference has no callee here.
func (p *Program) Callee(i int) (function int, kind ReferenceKind, ok bool) {
	ins := p.At(i)
	switch {
	case kinds[ins.Op] == kindCall && ins.Src == CallSubprogram:
		kind = RefCall
	case ins.Op == OpLdImm64 && ins.Src == Imm64Func:
		kind = RefFunc
	default:
		return 0, 0, false
	}
	if slices.ContainsFunc(p.spec.References, func(r Reference) bool { return r.Index == i }) {
		return 0, 0, false
	}
	distance, _ := ins.distance()
	to, ok := p.index(int64(p.slots[i]) + 1 + distance)
	if !ok {
		return 0, 0, false
	}
	f := functionOf(p.spec.Functions, to)
	return f, kind, p.spec.Functions[f].Index == to
}

// AppendTo appends the program's bytes, 8 for every slot, in the target's byte order. Where a reference is left, a map's
// descriptor is 0 and a call's distance -1, as in an object file. It does not allocate when b has room.
func (p *Program) AppendTo(b []byte, order binary.ByteOrder) []byte {
	return appendInstructions(b, p.spec.Instructions, 8*p.Slots(), bigEndian(order))
}
