package elf

import (
	"fmt"
	"strconv"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// layout lays out as an asm.Struct what C laid out, with padding of its own where alignments do not say it all. What is
// neither a number nor a struct nor an array of these becomes bytes, and so does what is not aligned to its size.
type layout struct {
	types *types
	parts []placed
	end   uint64
	seen  int // members looked at
}

// How many members a struct may have, and how deep structs may be in structs.
const (
	maxMembers = 1 << 16
	maxNested  = 16
)

// placed is a member at an offset in bytes.
type placed struct {
	offset uint64
	member asm.Member
}

// add adds a member of a type at an offset in bytes.
func (l *layout) add(name string, offset uint64, id btf.TypeID) error {
	m, err := l.types.member(id)
	if err != nil || m.Struct == nil && m.Size.Bytes() == 0 { // an array at the end that has no elements yet
		return err
	}
	if offset < l.end {
		return fmt.Errorf("offset %d is inside what is before it, which ends at %d", offset, l.end)
	}
	if offset%uint64(alignment(m)) != 0 {
		if m, err = l.types.bytes(m); err != nil {
			return err
		}
	}
	m.Name = name
	l.parts, l.end = append(l.parts, placed{offset, m}), offset+uint64(m.Bytes())
	return nil
}

// sized adds a member of which only the size is known: a number when it has the size of one.
func (l *layout) sized(name string, offset, size uint64) {
	m := asm.Member{Name: name, Size: asm.B, Count: int(size)}
	if n, ok := numberOf(&btf.Type{Kind: btf.Int, Size: uint32(size)}); ok && offset%size == 0 {
		m.Size, m.Count = n, 0
	}
	l.parts, l.end = append(l.parts, placed{offset, m}), offset+size
}

// close returns the struct of the given size. What has an alignment of which it is not a multiple becomes bytes:
// asm.Struct would pad it.
func (l *layout) close(name string, size uint64) (*asm.Struct, error) {
	if l.end > size {
		return nil, fmt.Errorf("%d bytes of members in %d", l.end, size)
	}
	s := l.padded(name, size)
	if uint64(s.Size()) == size {
		return s, nil
	}
	for i := range l.parts {
		m := &l.parts[i].member
		if size%uint64(alignment(*m)) != 0 {
			var err error
			if *m, err = l.types.bytes(*m); err != nil {
				return nil, err
			}
		}
	}
	return l.padded(name, size), nil
}

// padded returns a struct of at least the given size with the parts where they are.
func (l *layout) padded(name string, size uint64) *asm.Struct {
	var members []asm.Member
	pad := func(n uint64) { members = append(members, asm.Member{Size: asm.B, Count: int(n)}) }
	end := uint64(0)
	for _, p := range l.parts {
		align := uint64(alignment(p.member))
		if (end+align-1)/align*align != p.offset {
			pad(p.offset - end)
		}
		members, end = append(members, p.member), p.offset+uint64(p.member.Bytes())
	}
	s := asm.NewStruct(name, members...)
	switch {
	case uint64(s.Size()) >= size:
		return s
	case end == 0 && btf.Special(name) && size%8 == 0: // nothing but bit fields, which are aligned like the others' numbers
		members = []asm.Member{{Size: asm.DW, Count: int(size / 8)}}
	default:
		pad(size - end)
	}
	return asm.NewStruct(name, members...)
}

func alignment(m asm.Member) int {
	if m.Struct != nil {
		return m.Struct.Align()
	}
	return m.Size.Bytes()
}

// bytes makes a member one of bytes. The kernel would not find there what it looks for.
func (t *types) bytes(m asm.Member) (asm.Member, error) {
	if special := t.special[m.Struct]; special != "" {
		return m, fmt.Errorf("struct %s is not aligned", special)
	}
	return asm.Member{Name: m.Name, Size: asm.B, Count: m.Bytes()}, nil
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

// member describes a member of the given type, without its name. One of no bytes has no Size.
func (t *types) member(id btf.TypeID) (asm.Member, error) {
	none := asm.Member{Size: 0xff}
	element, n, err := t.elements(id)
	if err != nil {
		return none, err
	}
	total, err := t.sizeof(id)
	if err != nil || total == 0 {
		return none, err
	}
	if err := t.refuse(element); err != nil {
		return none, err
	}
	whole, err := t.resolve(id)
	if err != nil {
		return none, err
	}
	count := 0
	if whole.Kind == btf.Array {
		count = int(n)
	}
	if size, ok := numberOf(element); ok {
		return asm.Member{Size: size, Count: count, Signed: element.Signed}, nil
	}
	if element.Kind == btf.Struct {
		s, err := t.structOf(element.ID)
		if err != nil {
			return none, err
		}
		if _, plain := s.Plain(); !plain && s != nil {
			return asm.Member{Struct: s, Count: count}, nil
		}
	}
	return asm.Member{Size: asm.B, Count: int(total)}, nil
}

// layoutOf lays out a key or value of the given type, nil for one of no bytes.
func (t *types) layoutOf(id btf.TypeID) (*asm.Struct, error) {
	whole, err := t.resolve(id)
	if err != nil {
		return nil, err
	}
	if whole.Kind == btf.Struct {
		if err := t.refuse(whole); err != nil {
			return nil, err
		}
		return t.structOf(id)
	}
	m, err := t.member(id)
	if err != nil || m.Struct == nil && m.Size.Bytes() == 0 {
		return nil, err
	}
	return asm.NewStruct("", m), nil
}

// structOf lays out a struct of C, nil for one of no bytes. Bit fields and the members of unions are padding or bytes.
func (t *types) structOf(id btf.TypeID) (*asm.Struct, error) {
	if known, ok := t.layouts[id]; ok {
		return known, nil
	}
	s, err := t.resolve(id)
	if err != nil || s.Size == 0 {
		return nil, err
	}
	if t.depth == maxNested {
		return nil, fmt.Errorf("struct %s: structs in structs, more than %d deep", s.Name, maxNested)
	}
	t.depth++
	defer func() { t.depth-- }()
	l := layout{types: t}
	if err := l.members(s, 0); err != nil {
		return nil, err
	}
	name := s.Name
	if named, err := t.get(id); err == nil && name == "" {
		name = named.Name
	}
	laid, err := l.close(name, uint64(s.Size))
	if err != nil {
		return nil, fmt.Errorf("struct %s: %w", name, err)
	}
	t.layouts[id] = laid
	if btf.Special(name) {
		t.special[laid] = name
	}
	for _, p := range l.parts {
		if inner := t.special[p.member.Struct]; inner != "" {
			t.special[laid] = inner
		}
	}
	return laid, nil
}

// members adds the members of a struct that begins at an offset. Those of a struct without a name in it are its own, as in
// C.
func (l *layout) members(s *btf.Type, base uint64) error {
	for i, m := range s.Members {
		if l.seen++; l.seen > maxMembers { // structs without names that are there many times
			return fmt.Errorf("struct %s: more than %d members", s.Name, maxMembers)
		}
		if m.Bits != 0 || m.Offset%8 != 0 {
			continue
		}
		name, offset := m.Name, base+uint64(m.Offset/8)
		if name == "" {
			inner, err := l.types.resolve(m.Type)
			if err != nil {
				return err
			}
			if inner.Kind == btf.Struct && inner.Name == "" {
				if l.types.depth == maxNested {
					return fmt.Errorf("struct %s: structs in structs, more than %d deep", s.Name, maxNested)
				}
				l.types.depth++
				err := l.members(inner, offset)
				l.types.depth--
				if err != nil {
					return err
				}
				continue
			}
			name = "member" + strconv.Itoa(i) // a union
		}
		if err := l.add(name, offset, m.Type); err != nil {
			return fmt.Errorf("struct %s: member %s: %w", s.Name, name, err)
		}
	}
	return nil
}

// refuse reports what the kernel handles in values when their types have tags, which asm.Struct has not.
func (t *types) refuse(element *btf.Type) error {
	if element.Kind == btf.Struct && btf.NeedsTag(element.Name) {
		return &notDone{"struct " + element.Name + " in a value"}
	}
	if element.Kind != btf.Pointer {
		return nil
	}
	tag, err := t.get(element.Ref)
	if err == nil && tag.Kind == btf.TypeTag {
		switch tag.Name {
		case "kptr", "kptr_untrusted", "kptr_ref", "percpu_kptr", "uptr":
			return &notDone{"a pointer to an object of the kernel (" + tag.Name + ") in a value"}
		}
	}
	return nil
}
