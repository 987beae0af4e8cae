package elf

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/purebpf/purebpf/asm"
)

// function is a function of a program, which the file has once.
type function struct {
	program    *asm.Program
	index      int    // in program.Functions
	own        string // its name in the program
	name       string // and in the file
	first, end int    // its instructions
	part       *part
	slot       int // in part
}

// textSection is where libbpf and cilium/ebpf look for functions that programs call.
const textSection = ".text"

// place puts every function into a section: the first of a program into the one that names its type, all others into
// .text.
func (w *writer) place() {
	slots := make(map[*part]int)
	for _, p := range w.object.Programs() {
		functions := p.Functions()
		w.begins[p] = len(w.functions)
		for i, f := range functions {
			fn := &function{program: p, index: i, own: f.Name, first: f.Index, end: p.Len()}
			if i+1 < len(functions) {
				fn.end = functions[i+1].Index
			}
			section := textSection
			if fn.main() {
				var err error
				if section, err = sectionOf(p); err != nil {
					w.errs = append(w.errs, err)
				}
			}
			fn.part = w.codePart(section)
			fn.slot = slots[fn.part]
			slots[fn.part] += fn.slots()
			w.functions = append(w.functions, fn)
			w.byName[f.Name] = append(w.byName[f.Name], fn)
		}
	}
	// What other programs may call keeps its name before what they may not.
	for _, shared := range [...]bool{true, false} {
		for _, f := range w.functions {
			if f.shared() == shared {
				w.name(f)
			}
		}
	}
	for _, f := range w.functions {
		bind := uint8(bindLocal)
		if f.main() {
			bind = bindGlobal
		}
		w.file.define(&symbol{name: f.name, bind: bind, kind: kindFunc, part: f.part, value: 8 * f.slot, size: 8 * f.slots()})
	}
}

func (w *writer) name(f *function) {
	if f.name = f.program.Name(); f.index > 0 {
		f.name = w.unique(f.own, f.program.Name())
	}
}

// codePart returns the section of that name.
func (w *writer) codePart(name string) *part {
	for _, p := range w.file.parts {
		if p.name == name {
			return p
		}
	}
	return w.file.add(&part{name: name, kind: progBits, flags: flagAlloc | flagExec, align: 8})
}

// main reports whether it is a program by itself.
func (f *function) main() bool { return f.index == 0 && !f.shared() }

// shared reports whether it belongs to functions for all programs.
func (f *function) shared() bool { return f.program.Type() == asm.UnspecProgram }

func (f *function) slots() int {
	return f.begin(f.end) - f.begin(f.first)
}

// begin returns the first slot of instruction i in the program.
func (f *function) begin(i int) int {
	if i == f.program.Len() {
		return f.program.Slots()
	}
	return f.program.Slot(i)
}

// code writes a function's instructions and what they refer to.
func (w *writer) code(f *function) {
	p := f.program
	references := p.References()
	references = references[sort.Search(len(references), func(n int) bool { return references[n].Index >= f.first }):]
	insns := make([]asm.Instruction, 0, f.end-f.first)
	for i := f.first; i < f.end; i++ {
		ins := p.At(i)
		var err error
		slot := f.slot + p.Slot(i) - p.Slot(f.first)
		if len(references) > 0 && references[0].Index == i {
			err = w.reference(f, &ins, slot, references[0])
			references = references[1:]
		} else if callee, kind, ok := p.Callee(i); ok {
			err = w.call(f, &ins, slot, kind, w.functionOf(p, callee))
		} else if ins.Op == asm.OpLdImm64 {
			err = selfContained(ins)
		}
		if err != nil {
			w.fail("%v: program %s: instruction %d: %w", p.Position(i), p.Name(), i, err)
		}
		insns = append(insns, ins)
	}
	var err error
	if f.part.data, err = asm.AppendInstructions(f.part.data, insns, w.file.order); err != nil {
		w.fail("program %s: %w", p.Name(), err)
	}
}

// selfContained refuses a load that means something in one process only.
func selfContained(ins asm.Instruction) error {
	switch ins.Src {
	case asm.Imm64MapFD, asm.Imm64MapValue:
		return fmt.Errorf("%v: has the descriptor of a map; write the program before it is linked", ins)
	case asm.Imm64MapIndex, asm.Imm64MapIndexValue:
		return fmt.Errorf("%v: refers to a map by its place in a list of descriptors", ins)
	}
	return nil
}

// reference resolves a use of a symbol.
func (w *writer) reference(f *function, ins *asm.Instruction, slot int, r asm.Reference) error {
	switch r.Kind {
	case asm.RefMap, asm.RefMapValue:
		return w.mapReference(f, ins, slot, r)
	}
	callee, err := w.find(r.Symbol)
	if err != nil {
		return err
	}
	return w.call(f, ins, slot, r.Kind, callee)
}

// mapReference leaves the load of a map to the loader. As in clang's objects, the file has the symbol and, for data, the
// offset in the section as immediate; which kind of load it is follows from the symbol's section.
func (w *writer) mapReference(f *function, ins *asm.Instruction, slot int, r asm.Reference) error {
	s := w.symbols[r.Symbol]
	switch {
	case s == nil && slices.ContainsFunc(w.maps, func(m asm.MapSpec) bool { return m.Name == r.Symbol }):
		return nil // reported with the map
	case s == nil:
		return fmt.Errorf("map %s is not described, so that nothing can make it from an object file", r.Symbol)
	case r.Kind == asm.RefMap && s.kind == kindSection:
		return fmt.Errorf("map %s is the section %[1]s: an object file refers to its variables and not to the map", r.Symbol)
	case r.Kind == asm.RefMapValue && s.kind != kindSection:
		return fmt.Errorf("the value of map %s: an object file refers to those of .rodata, .data and .bss only", r.Symbol)
	}
	offset := int64(0)
	if r.Kind == asm.RefMapValue {
		if offset = ins.Imm >> 32 & 0xffffffff; offset >= int64(s.part.bytes()) {
			return fmt.Errorf("byte %d of the %d of %s", offset, s.part.bytes(), r.Symbol)
		}
	}
	ins.Src, ins.Imm = 0, offset
	f.part.relocations = append(f.part.relocations, relocation{offset: 8 * slot, kind: relocate64, symbol: s})
	return nil
}

// call resolves a call or the address of a function. Within .text the distance of a call is known, as clang has it for
// static functions; all else is relative to .text: in slots for calls, which count from the next one, in bytes for addresses.
func (w *writer) call(f *function, ins *asm.Instruction, slot int, kind asm.ReferenceKind, callee *function) error {
	text := callee.part
	if text.name != textSection {
		return fmt.Errorf("%s is a program of its own; an object file calls functions in .text only", callee.name)
	}
	r := relocation{offset: 8 * slot, kind: relocateCall, symbol: w.file.section(text)}
	switch {
	case kind == asm.RefFunc:
		ins.Src, ins.Imm = 0, int64(8*callee.slot)
		r.kind = relocate64
	case f.part == text:
		ins.Imm = int64(callee.slot - slot - 1)
		return nil
	default:
		ins.Imm = int64(callee.slot - 1)
	}
	f.part.relocations = append(f.part.relocations, r)
	return nil
}

func (w *writer) functionOf(p *asm.Program, index int) *function {
	return w.functions[w.begins[p]+index]
}

// find finds a function by the name that programs call it by, as Object.Link does: a program's own, or that of a
// subprogram which only one program has.
func (w *writer) find(name string) (*function, error) {
	if p, ok := w.object.Program(name); ok {
		return w.functionOf(p, 0), nil
	}
	switch found := w.byName[name]; len(found) {
	case 0:
		return nil, errors.New("no program of the object has a subprogram " + name)
	case 1:
		return found[0], nil
	default:
		return nil, fmt.Errorf("programs %s and %s both have a subprogram %s", found[0].program.Name(), found[1].program.Name(), name)
	}
}
