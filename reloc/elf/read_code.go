package elf

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// code is a function: a part of a section of instructions.
type code struct {
	name    string
	section int
	offset  uint64 // in bytes, as are all offsets in sections
	size    uint64
	local   bool // not seen outside the object: never a program
}

// readFunctions finds out which functions the sections of instructions consist of.
func (r *reader) readFunctions() error {
	for i := range r.symbols {
		s := &r.symbols[i]
		if s.kind != kindFunc || int(s.section) >= len(r.sections) || !r.sections[s.section].executable() {
			continue
		}
		name, err := r.nameOf(s)
		if err != nil {
			return err
		}
		r.functions = append(r.functions, code{name, int(s.section), s.value, s.size, s.bind == bindLocal})
	}
	slices.SortStableFunc(r.functions, func(a, b code) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.offset, b.offset))
	})
	next := 0
	for i := range r.sections {
		if s := &r.sections[i]; s.executable() {
			if s.added {
				return fmt.Errorf("section %s: relocations with addends (SHT_RELA); those of BPF have none", s.name)
			}
			end := next
			for end < len(r.functions) && r.functions[end].section == i {
				end++
			}
			if err := divide(r.functions[next:end], s); err != nil {
				return fmt.Errorf("section %s: %w", s.name, err)
			}
			next = end
		}
	}
	return nil
}

// divide makes sure that each instruction of a section is in one function. A function without a size, as
// assemblers write it, goes on to the next.
func divide(functions []code, s *elfSection) error {
	end := uint64(0)
	for i := range functions {
		f := &functions[i]
		limit := s.size
		if i+1 < len(functions) {
			limit = min(limit, functions[i+1].offset)
		}
		if f.size == 0 && f.offset < limit {
			f.size = limit - f.offset
		}
		switch {
		case f.name == "":
			return fmt.Errorf("offset %#x: a function without a name", f.offset)
		case f.offset > s.size || f.size > s.size-f.offset:
			return fmt.Errorf("function %s: %d bytes at %#x are beyond the section's %d", f.name, f.size, f.offset, s.size)
		case f.size == 0 || f.size%8 != 0 || f.offset%8 != 0:
			return fmt.Errorf("function %s: %d bytes at %#x are no instructions of 8 bytes", f.name, f.size, f.offset)
		case f.offset < end:
			return fmt.Errorf("function %s: begins at %#x in function %s; %w", f.name, f.offset, functions[i-1].name,
				&notDone{"two functions that share instructions (alias)"})
		case f.offset > end:
			return fmt.Errorf("offset %#x: instructions up to function %s at %#x are in no function", end, f.name, f.offset)
		}
		end = f.offset + f.size
	}
	if end < s.size {
		return fmt.Errorf("offset %#x: instructions up to the end at %#x are in no function (symbol of type STT_FUNC)", end, s.size)
	}
	return nil
}

// functionAt returns the function that begins at an offset of a section.
func (r *reader) functionAt(section int, offset int64) (*code, bool) {
	i := sort.Search(len(r.functions), func(i int) bool {
		f := &r.functions[i]
		return f.section > section || f.section == section && int64(f.offset) >= offset
	})
	if i == len(r.functions) || r.functions[i].section != section || int64(r.functions[i].offset) != offset {
		return nil, false
	}
	return &r.functions[i], true
}

// readCode reads a function's instructions and what they refer to.
func (r *reader) readCode(f *code, spec *asm.ProgramSpec) error {
	s := &r.sections[f.section]
	spec.Name, spec.License = f.name, r.license
	if !f.local {
		spec.Type, spec.AttachType, spec.Flags, spec.AttachTo, _ = parseSection(s.name)
	}
	spec.Instructions = make([]asm.Instruction, 0, f.size/8)
	offsets := make([]uint64, 0, f.size/8)
	begin := sort.Search(len(s.relocations), func(i int) bool { return s.relocations[i].offset >= f.offset })
	relocations := s.relocations[begin:]
	for at, end := f.offset, f.offset+f.size; at < end; {
		ins, n, err := asm.DecodeInstruction(s.data[at:end], r.order)
		if err != nil {
			return fmt.Errorf("offset %#x: %w", at, err)
		}
		var rel *elfRelocation
		if len(relocations) > 0 && relocations[0].offset < at+uint64(n) {
			if rel, relocations = &relocations[0], relocations[1:]; rel.offset != at {
				return fmt.Errorf("offset %#x: a relocation inside an instruction, or the second of one", rel.offset)
			}
		}
		ref, err := r.refer(&ins, place{f.section, at}, rel)
		if err != nil {
			return fmt.Errorf("offset %#x: %v: %w", at, ins, err)
		}
		if ref.Kind != 0 {
			ref.Index = len(spec.Instructions)
			spec.References = append(spec.References, ref)
		}
		spec.Instructions, offsets = append(spec.Instructions, ins), append(offsets, at)
		at += uint64(n)
	}
	r.readLines(s.name, offsets, spec)
	return nil
}

// refer makes the reference of an instruction that depends on the place of something else, and takes what the
// object has instead of it out of the instruction.
func (r *reader) refer(ins *asm.Instruction, at place, rel *elfRelocation) (asm.Reference, error) {
	call := isCall(ins)
	switch {
	case rel == nil && call: // of a function of the same section that is not seen outside
		return r.referToFunction(ins, at.section, int64(at.offset)+8+8*ins.Imm)
	case rel == nil && ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
		return asm.Reference{}, errors.New("the address of a function, without a relocation that says of which")
	case rel == nil:
		return asm.Reference{}, nil
	case !(call && rel.kind == relocateCall) && !(ins.Op == asm.OpLdImm64 && rel.kind == relocate64):
		return asm.Reference{}, fmt.Errorf("relocation of type %d: want %d on a 64-bit immediate load or %d on a call of a function",
			rel.kind, relocate64, relocateCall)
	}
	s := &r.symbols[rel.symbol]
	name, err := r.nameOf(s)
	switch {
	case err != nil:
		return asm.Reference{}, err
	case s.section == inNoSection:
		return r.referToNothing(ins, name, s)
	case s.section == inCommon:
		return asm.Reference{}, fmt.Errorf("%s is in no section: give it a value, or compile with -fno-common", name)
	case int(s.section) >= len(r.sections):
		return asm.Reference{}, fmt.Errorf("%s is in section %#x of %d", name, s.section, len(r.sections))
	case s.value > math.MaxUint32:
		return asm.Reference{}, fmt.Errorf("%s is at %#x", name, s.value)
	}
	section := &r.sections[s.section]
	switch {
	case call && section.executable():
		return r.referToFunction(ins, int(s.section), int64(s.value)+8+8*ins.Imm)
	case call:
		return asm.Reference{}, fmt.Errorf("%s is in section %s, which has no instructions", name, section.name)
	}
	return r.referTo(ins, int(s.section), int64(s.value)+int64(int32(ins.Imm)), name)
}

// isCall reports whether the instruction calls a function by its distance.
func isCall(ins *asm.Instruction) bool {
	return ins.Op == asm.JumpOpcode(asm.ClassJMP, asm.OpCall, asm.K) && ins.Src == asm.CallSubprogram
}

// referToFunction is a reference to the function that begins at offset.
func (r *reader) referToFunction(ins *asm.Instruction, section int, offset int64) (asm.Reference, error) {
	f, ok := r.functionAt(section, offset)
	if !ok {
		return asm.Reference{}, fmt.Errorf("no function begins at offset %#x of section %s", offset, r.sections[section].name)
	}
	if ins.Op == asm.OpLdImm64 {
		ins.Src, ins.Imm = asm.Imm64Func, 1<<32-1
		return asm.Reference{Kind: asm.RefFunc, Symbol: f.name}, nil
	}
	ins.Imm = -1
	return asm.Reference{Kind: asm.RefCall, Symbol: f.name}, nil
}

// referToNothing is a reference to a symbol that the object does not define: a map that whoever links has.
func (r *reader) referToNothing(ins *asm.Instruction, name string, s *elfSymbol) (asm.Reference, error) {
	switch {
	case name == "":
		return asm.Reference{}, errors.New("a symbol without a name")
	case r.types != nil && r.types.externs[name]:
		// The types say what it is; it is refused as that.
	case s.bind == bindWeak:
		r.missing.add("weak symbol " + name)
	case isCall(ins):
		r.missing.add("function " + name + " of the kernel (kfunc) or of another object")
	case ins.Imm != 0:
		return asm.Reference{}, fmt.Errorf("%s is not in this object, and %d bytes behind a map is nothing", name, ins.Imm)
	}
	if isCall(ins) { // the object will be refused
		return asm.Reference{}, nil
	}
	ins.Src, ins.Imm = asm.Imm64MapFD, 0
	return asm.Reference{Kind: asm.RefMap, Symbol: name}, nil
}

// referTo is a reference to a place in a section of maps, data or instructions.
func (r *reader) referTo(ins *asm.Instruction, section int, offset int64, name string) (asm.Reference, error) {
	s := &r.sections[section]
	data, ok := r.dataAt[section]
	switch {
	case s.executable():
		return r.referToFunction(ins, section, offset)
	case s.holdsMaps():
		symbol, ok := r.mapAt[place{section, uint64(offset)}]
		if !ok {
			return asm.Reference{}, fmt.Errorf("%s: no map is defined at offset %#x of section %s", name, offset, s.name)
		}
		ins.Src, ins.Imm = asm.Imm64MapFD, 0
		return asm.Reference{Kind: asm.RefMap, Symbol: symbol}, nil
	case ok && (offset < 0 || uint64(offset) > s.size):
		return asm.Reference{}, fmt.Errorf("%s: offset %d is outside section %s of %d bytes", name, offset, s.name, s.size)
	case ok:
		ins.Src, ins.Imm = asm.Imm64MapValue, offset<<32
		return asm.Reference{Kind: asm.RefMapValue, Symbol: data}, nil
	}
	return asm.Reference{}, fmt.Errorf("%s is in section %s, which has neither maps nor data nor instructions", name, s.name)
}

// readLines gives the instructions at offsets of a section the lines that they come from.
func (r *reader) readLines(section string, offsets []uint64, spec *asm.ProgramSpec) {
	records := r.lines[section]
	next := sort.Search(len(records), func(i int) bool { return uint64(records[i].Slot) >= offsets[0]/8 })
	if next == len(records) || uint64(records[next].Slot) > offsets[len(offsets)-1]/8 {
		return
	}
	spec.Positions = make([]asm.Position, len(offsets))
	var last btf.LineInfo
	text := ""
	for i, offset := range offsets {
		for next < len(records) && uint64(records[next].Slot) <= offset/8 {
			last = records[next]
			text = strings.TrimSpace(r.types.Text(last.Text))
			next++
		}
		if last.Line == 0 {
			continue
		}
		spec.Positions[i] = asm.Position{File: r.types.Text(last.File), Line: int(last.Line)}
		if text != "" {
			spec.Comments = append(spec.Comments, asm.Comment{Index: i, Text: text})
		}
	}
}
