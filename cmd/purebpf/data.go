package main

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// joinData returns the programs of all objects. Sections of global data that several objects have are put behind each
// other, as a linker does, and the references to them moved; constants that are the same stay once.
func joinData(objects []*reloc.Object) ([]*asm.Program, error) {
	joined := make(map[string]asm.MapSpec)
	var programs []*asm.Program
	offsets := make([]map[string]uint32, len(objects))
	for i, o := range objects {
		offsets[i] = make(map[string]uint32)
		for _, m := range o.Maps() {
			if !isSection(m) {
				continue
			}
			before, ok := joined[m.Name]
			switch {
			case !ok:
				joined[m.Name] = m
				continue
			case before.Equal(m) && m.Flags&asm.MapReadOnlyProg != 0:
				continue
			}
			both, offset, err := joinSection(before, m)
			if err != nil {
				return nil, err
			}
			joined[m.Name], offsets[i][m.Name] = both, offset
		}
	}
	for i, o := range objects {
		for _, p := range o.Programs() {
			moved, err := moveData(p, joined, offsets[i])
			if err != nil {
				return nil, err
			}
			programs = append(programs, moved)
		}
	}
	return programs, nil
}

// isSection reports whether a map is a section of global data, such as .rodata.
func isSection(m asm.MapSpec) bool {
	return strings.HasPrefix(m.Name, ".") && m.Type == asm.MapArray && m.MaxEntries == 1
}

// sectionAlign is what the parts of a section are aligned to, in bytes. No variable needs more.
const sectionAlign = 16

// joinSection puts a section behind another.
func joinSection(a, b asm.MapSpec) (both asm.MapSpec, offset uint32, err error) {
	both, offset = a, (a.ValueSize+sectionAlign-1)&^(sectionAlign-1)
	both.ValueSize = offset + b.ValueSize
	switch {
	case both.ValueSize < b.ValueSize || offset < a.ValueSize:
		return both, 0, fmt.Errorf("map %s: 4 GiB and more of data", a.Name)
	case a.Flags != b.Flags:
		return both, 0, fmt.Errorf("map %s: has flags %#x in one input and %#x in another", a.Name, uint32(a.Flags), uint32(b.Flags))
	}
	if a.Contents != "" || b.Contents != "" {
		both.Contents = padded(a.Contents, offset) + padded(b.Contents, b.ValueSize)
	}
	both.Value = joinLayouts(a, b, offset)
	return both, offset, nil
}

func padded(contents string, size uint32) string {
	return contents + strings.Repeat("\x00", int(size)-len(contents))
}

// joinLayouts returns the layout of both sections, nil if it cannot be told or variables of one name are in both.
func joinLayouts(a, b asm.MapSpec, offset uint32) *asm.Struct {
	if a.Value == nil || b.Value == nil {
		return nil
	}
	var members []asm.Member
	names := make(map[string]bool)
	end := 0
	for at, m := range a.Value.Members() {
		members, names[m.Name] = append(members, m), true
		end = at + m.Bytes()
	}
	if gap := int(offset) - end; gap > 0 {
		members = append(members, asm.Member{Size: asm.B, Count: gap})
	}
	for _, m := range b.Value.Members() {
		if m.Name != "" && names[m.Name] {
			return nil
		}
		members = append(members, m)
	}
	joined := asm.NewStruct(a.Value.Name(), members...)
	if joined.Size() != int(offset+b.ValueSize) {
		return nil
	}
	return joined
}

// moveData describes the joined sections in a program, and adds to what it refers to in them where they are now.
func moveData(p *asm.Program, joined map[string]asm.MapSpec, offsets map[string]uint32) (*asm.Program, error) {
	spec := p.Spec()
	for i, m := range spec.Maps {
		if section, ok := joined[m.Name]; ok {
			spec.Maps[i] = section
		}
	}
	for _, r := range spec.References {
		if r.Kind == asm.RefMapValue {
			spec.Instructions[r.Index].Imm += int64(offsets[r.Symbol]) << 32
		}
	}
	return asm.NewProgram(spec)
}
