package elf

import (
	"fmt"
	"math"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// readTypedMap reads the definition of a map of section .maps: an anonymous struct whose members say by their
// types what __uint(max_entries, 64), __type(key, __u32) and __array(values, struct inner) of libbpf's
// bpf_helpers.h say.
func (r *reader) readTypedMap(s *elfSection, d *variable) error {
	if r.types == nil {
		return fmt.Errorf("no section .BTF: compile with -g")
	}
	id, ok := r.types.maps[d.name]
	if !ok {
		return fmt.Errorf("section .BTF has no variable of that name in .maps")
	}
	for i, c := range s.data[d.offset : d.offset+d.size] {
		if c != 0 {
			return fmt.Errorf("byte %d of the definition is %#02x: its types say everything, its bytes nothing", i, c)
		}
	}
	m, err := r.mapSpec(d.name, id, nil)
	if err != nil {
		return err
	}
	return r.addMap(*m)
}

// mapSpec makes a map of the type of its definition. The maps in a map are defined like it.
func (r *reader) mapSpec(name string, id btf.TypeID, outer *asm.MapSpec) (*asm.MapSpec, error) {
	t, err := r.types.resolve(id)
	if err != nil {
		return nil, err
	}
	if t.Kind != btf.Struct {
		return nil, fmt.Errorf("the definition is a %v, not a struct", t.Kind)
	}
	m := &asm.MapSpec{Name: name}
	seen := make(map[string]bool)
	for i := range t.Members {
		field := &t.Members[i]
		if seen[field.Name] {
			return nil, fmt.Errorf("a second member %s", field.Name)
		}
		seen[field.Name] = true
		if err := r.mapField(m, field, outer); err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
	}
	if m.Type == asm.MapUnspec {
		return nil, fmt.Errorf("no type")
	}
	if m.Inner != nil && m.Type != asm.MapArrayOfMaps && m.Type != asm.MapHashOfMaps {
		return nil, fmt.Errorf("values: maps in a map of type %v", m.Type)
	}
	if (m.Inner != nil || m.Type == asm.MapProgArray && seen["values"]) && m.ValueSize == 0 {
		m.ValueSize = 4 // a descriptor
	}
	btf.Terse(m)
	return m, nil
}

// mapField takes what one member of a definition says.
func (r *reader) mapField(m *asm.MapSpec, field *btf.Member, outer *asm.MapSpec) error {
	number := func(into *uint32) error {
		n, err := r.types.number(field.Type)
		if err == nil && n > math.MaxUint32 {
			err = fmt.Errorf("%d does not fit 32 bits", n)
		}
		*into = uint32(n)
		return err
	}
	switch field.Name {
	case "type":
		return number((*uint32)(&m.Type))
	case "max_entries":
		return number(&m.MaxEntries)
	case "map_flags":
		return number((*uint32)(&m.Flags))
	case "numa_node":
		return number(&m.NUMANode)
	case "map_extra":
		var err error
		m.Extra, err = r.types.number(field.Type)
		return err
	case "pinning":
		var by uint32
		if err := number(&by); err != nil {
			return err
		}
		if m.PinByName = by == 1; by > 1 || by != 0 && outer != nil { // LIBBPF_PIN_BY_NAME
			return fmt.Errorf("%d: a map is pinned by its name, 1, or not, 0, and one in another map is not", by)
		}
		return nil
	case "key_size", "value_size":
		size := &m.KeySize
		if field.Name == "value_size" {
			size = &m.ValueSize
		}
		before := *size
		if err := number(size); err != nil {
			return err
		}
		return agree(before, *size)
	case "key":
		return r.typeField(field.Type, &m.KeySize, &m.Key)
	case "value":
		return r.typeField(field.Type, &m.ValueSize, &m.Value)
	case "values":
		if outer != nil {
			return fmt.Errorf("maps in a map in a map")
		}
		return r.valuesField(m, field.Type)
	}
	return fmt.Errorf("unknown member of a definition")
}

// number returns the number that a member stands for: of the elements of the array that it points to (__uint), or
// the only constant of an enum (__ulong).
func (t *types) number(id btf.TypeID) (uint64, error) {
	p, err := t.resolve(id)
	if err != nil {
		return 0, err
	}
	switch {
	case p.Kind == btf.Enum && len(p.Values) == 1:
		return uint64(uint32(p.Values[0].Value)), nil
	case p.Kind == btf.Enum64 && len(p.Values) == 1:
		return uint64(p.Values[0].Value), nil
	case p.Kind != btf.Pointer:
		return 0, fmt.Errorf("a %v, want a pointer to an array", p.Kind)
	}
	array, err := t.resolve(p.Ref)
	if err != nil {
		return 0, err
	}
	if array.Kind != btf.Array {
		return 0, fmt.Errorf("a pointer to a %v, want one to an array", array.Kind)
	}
	return uint64(array.Len), nil
}

// typeField takes the type of keys or values, to which a member points.
func (r *reader) typeField(id btf.TypeID, size *uint32, layout **asm.Struct) error {
	p, err := r.types.resolve(id)
	if err != nil {
		return err
	}
	if p.Kind != btf.Pointer {
		return fmt.Errorf("a %v, want a pointer to the type", p.Kind)
	}
	n, err := r.types.sizeof(p.Ref)
	if err != nil {
		return err
	}
	if err := agree(*size, n); err != nil {
		return err
	}
	*size = n
	*layout, err = r.types.layoutOf(p.Ref)
	return err
}

// agree makes sure that a size that is given in two ways is the same.
func agree(before, after uint32) error {
	if before != 0 && before != after {
		return fmt.Errorf("%d bytes, but also %d", before, after)
	}
	return nil
}

// valuesField takes what is in a map of maps or programs: an array of pointers to the definition of a map or to a
// function.
func (r *reader) valuesField(m *asm.MapSpec, id btf.TypeID) error {
	array, err := r.types.resolve(id)
	if err != nil {
		return err
	}
	if array.Kind != btf.Array {
		return fmt.Errorf("a %v, want an array of pointers", array.Kind)
	}
	p, err := r.types.resolve(array.Ref)
	if err != nil {
		return err
	}
	if p.Kind != btf.Pointer {
		return fmt.Errorf("an array of %v, want one of pointers", p.Kind)
	}
	in, err := r.types.resolve(p.Ref)
	if err != nil {
		return err
	}
	if in.Kind == btf.FuncProto { // a prog_array says so only to have its programs put in
		return nil
	}
	m.Inner, err = r.mapSpec(m.Name+".inner", p.Ref, m)
	return err
}
