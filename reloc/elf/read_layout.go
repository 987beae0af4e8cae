package elf

import (
	"fmt"
	"strconv"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// layout lays out as an asm.Struct what C laid out in another way, by padding of its own. What is neither a number
// nor an array of numbers becomes bytes, and so does what is not aligned to its size.
type layout struct {
	members []asm.Member
	end     uint64
}

// add adds a member of a type at an offset in bytes.
func (l *layout) add(t *types, name string, offset uint64, id btf.TypeID) error {
	element, n, err := t.elements(id)
	if err != nil {
		return err
	}
	total, err := t.sizeof(id)
	if err != nil {
		return err
	}
	if total == 0 { // an array at the end that has no elements yet
		return nil
	}
	if offset < l.end {
		return fmt.Errorf("offset %d is inside what is before it, which ends at %d", offset, l.end)
	}
	l.pad(offset)
	m := asm.Member{Name: name, Size: asm.B, Count: int(total)}
	if size, ok := numberOf(element); ok && offset%uint64(size.Bytes()) == 0 {
		m.Size, m.Count = size, int(n)
		if array, err := t.resolve(id); err == nil && array.Kind != btf.Array {
			m.Count = 0
		}
	}
	l.members, l.end = append(l.members, m), offset+uint64(total)
	return nil
}

// numberOf returns the size of a number in memory.
func numberOf(t *btf.Type) (asm.Size, bool) {
	size := t.Size
	switch t.Kind {
	case btf.Pointer:
		size = 8
	case btf.Int, btf.Enum, btf.Enum64, btf.Float:
	default:
		return 0, false
	}
	switch size {
	case 1:
		return asm.B, true
	case 2:
		return asm.H, true
	case 4:
		return asm.W, true
	case 8:
		return asm.DW, true
	}
	return 0, false
}

// sized adds a member of which only the size is known: a number when it has the size of one.
func (l *layout) sized(name string, offset, size uint64) {
	l.pad(offset)
	m := asm.Member{Name: name, Size: asm.B, Count: int(size)}
	if n, ok := numberOf(&btf.Type{Kind: btf.Int, Size: uint32(size)}); ok && offset%size == 0 {
		m.Size, m.Count = n, 0
	}
	l.members, l.end = append(l.members, m), offset+size
}

func (l *layout) pad(to uint64) {
	if to > l.end {
		l.members, l.end = append(l.members, asm.Member{Size: asm.B, Count: int(to - l.end)}), to
	}
}

// close returns the struct of the given size. Numbers of which it is not a multiple are bytes: asm.Struct would
// pad it.
func (l *layout) close(name string, size uint64) (*asm.Struct, error) {
	if l.end > size {
		return nil, fmt.Errorf("%d bytes of members in %d", l.end, size)
	}
	l.pad(size)
	s := asm.NewStruct(name, l.members...)
	if uint64(s.Size()) == size {
		return s, nil
	}
	for i := range l.members {
		m := &l.members[i]
		if n := m.Size.Bytes(); size%uint64(n) != 0 {
			m.Size, m.Count = asm.B, n*max(1, m.Count)
		}
	}
	return asm.NewStruct(name, l.members...), nil
}

// structOf lays out a struct of C, nil for a type that is none. Bit fields are padding.
func (t *types) structOf(id btf.TypeID) (*asm.Struct, error) {
	if known, ok := t.layouts[id]; ok {
		return known, nil
	}
	s, err := t.resolve(id)
	if err != nil || s.Kind != btf.Struct || len(s.Members) == 0 {
		return nil, err
	}
	var l layout
	for i, m := range s.Members {
		if m.Bits != 0 || m.Offset%8 != 0 {
			continue
		}
		name := m.Name
		if name == "" { // an anonymous struct or union
			name = "member" + strconv.Itoa(i)
		}
		if err := l.add(t, name, uint64(m.Offset/8), m.Type); err != nil {
			return nil, fmt.Errorf("struct %s: member %s: %w", s.Name, name, err)
		}
	}
	name := s.Name
	if named, err := t.get(id); err == nil && name == "" {
		name = named.Name
	}
	laid, err := l.close(name, uint64(s.Size))
	if err == nil {
		t.layouts[id] = laid
	}
	return laid, err
}
