package elf

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// types are those of section .BTF. Each is decoded once, however many others refer to it.
type types struct {
	*btf.Spec
	known    map[btf.TypeID]*btf.Type
	layouts  map[btf.TypeID]*asm.Struct
	special  map[*asm.Struct]string  // what the kernel looks for in them
	depth    int                     // of the struct that is being laid out, in others
	sections map[string][]btf.Member // what is in a section: variables and functions
	maps     map[string]btf.TypeID   // the types of the variables in section .maps
	externs  map[string]bool         // what the running kernel has, and is refused
}

// maxDepth bounds chains of types, which malformed input can make circular.
const maxDepth = 64

// readTypes reads sections .BTF and .BTF.ext.
func (r *reader) readTypes() error {
	if err := r.needStructOps(); err != nil {
		return err
	}
	s := r.section(".BTF")
	if s == nil {
		return nil
	}
	spec, err := btf.Parse(s.data)
	if err != nil {
		return fmt.Errorf("section .BTF: %w", err)
	}
	r.types = &types{
		Spec: spec, known: make(map[btf.TypeID]*btf.Type), layouts: make(map[btf.TypeID]*asm.Struct), special: make(map[*asm.Struct]string),
		sections: make(map[string][]btf.Member), maps: make(map[string]btf.TypeID), externs: make(map[string]bool),
	}
	for id := range spec.Len() {
		t, err := spec.Type(btf.TypeID(id + 1))
		if err == nil && t.Kind == btf.DataSec {
			r.types.sections[t.Name] = t.Members
		}
	}
	for _, m := range r.types.section(".maps") {
		if v, err := r.types.get(m.Type); err == nil && v.Kind == btf.Var {
			r.types.maps[v.Name] = v.Ref
		}
	}
	r.needExterns()
	if s := r.section(".BTF.ext"); s != nil {
		if err := r.readExt(s.data); err != nil {
			return fmt.Errorf("section .BTF.ext: %w", err)
		}
	}
	return nil
}

// readExt reads struct btf_ext_header of libbpf's btf.h and what it points at: lines, and the relocations that are
// refused. The functions are those of the symbols.
func (r *reader) readExt(data []byte) error {
	if len(data) < 24 || r.order.Uint16(data) != 0xeb9f || data[2] != 1 {
		return fmt.Errorf("%d bytes that do not begin with a header of version 1 in the byte order of the file", len(data))
	}
	header := r.order.Uint32(data[4:])
	part := func(at int) ([]byte, error) {
		if header < uint32(at+8) || len(data) < at+8 {
			return nil, nil // written before there was such a part
		}
		return slice(data, uint64(header)+uint64(r.order.Uint32(data[at:])), uint64(r.order.Uint32(data[at+4:])))
	}
	r.lines = make(map[string][]btf.LineInfo)
	lines, err := part(16)
	if err == nil {
		err = r.readRecords(lines, r.addLines)
	}
	if err != nil {
		return fmt.Errorf("lines: %w", err)
	}
	for _, records := range r.lines {
		slices.SortStableFunc(records, func(a, b btf.LineInfo) int { return cmp.Compare(a.Slot, b.Slot) })
	}
	core, err := part(24)
	if err == nil {
		err = r.readRecords(core, r.needCore)
	}
	if err != nil {
		return fmt.Errorf("CO-RE relocations: %w", err)
	}
	return nil
}

// addLines keeps the lines of a section.
func (r *reader) addLines(section string, records []byte, size int) error {
	lines, err := btf.ReadLineInfos(records, size, r.order)
	for i := range lines {
		lines[i].Slot /= 8 // in an object it counts bytes
	}
	r.lines[section] = append(r.lines[section], lines...)
	return err
}

// readRecords reads a part of .BTF.ext: records of one size, those of each section together.
func (r *reader) readRecords(b []byte, read func(section string, records []byte, size int) error) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) < 4 {
		return fmt.Errorf("%d bytes", len(b))
	}
	size := uint64(r.order.Uint32(b))
	for b = b[4:]; len(b) > 0; {
		if len(b) < 8 {
			return fmt.Errorf("%d bytes are left, want 8 and records", len(b))
		}
		section, n := r.types.Text(r.order.Uint32(b)), uint64(r.order.Uint32(b[4:]))
		if size == 0 || n > uint64(len(b)-8)/size {
			return fmt.Errorf("section %s: %d records of %d bytes, %d bytes are left", section, n, size, len(b)-8)
		}
		if err := read(section, b[8:8+n*size], int(size)); err != nil {
			return fmt.Errorf("section %s: %w", section, err)
		}
		b = b[8+n*size:]
	}
	return nil
}

// section returns what the types say is in a section. There may be no types.
func (t *types) section(name string) []btf.Member {
	if t == nil {
		return nil
	}
	return t.sections[name]
}

func (t *types) get(id btf.TypeID) (*btf.Type, error) {
	if known, ok := t.known[id]; ok {
		return known, nil
	}
	decoded, err := t.Type(id)
	if err != nil {
		return nil, err
	}
	t.known[id] = &decoded
	return &decoded, nil
}

// resolve follows names and qualifiers down to what they stand for.
func (t *types) resolve(id btf.TypeID) (*btf.Type, error) {
	for range maxDepth {
		known, err := t.get(id)
		if err != nil {
			return nil, err
		}
		switch known.Kind {
		case btf.Typedef, btf.Volatile, btf.Const, btf.Restrict, btf.TypeTag, btf.Var:
			id = known.Ref
		default:
			return known, nil
		}
	}
	return nil, fmt.Errorf("type %d refers to itself", id)
}

// elements returns what an array of arrays consists of, and of how many; for anything else the thing itself.
func (t *types) elements(id btf.TypeID) (*btf.Type, uint64, error) {
	n := uint64(1)
	for range maxDepth {
		known, err := t.resolve(id)
		if err != nil || known.Kind != btf.Array {
			return known, n, err
		}
		if n *= uint64(known.Len); n > math.MaxUint32 {
			return nil, 0, fmt.Errorf("type %d is an array of %d elements", id, n)
		}
		id = known.Ref
	}
	return nil, 0, fmt.Errorf("type %d refers to itself", id)
}

// sizeof returns the size of a type in bytes, at most that of a map's key or value.
func (t *types) sizeof(id btf.TypeID) (uint32, error) {
	element, n, err := t.elements(id)
	if err != nil {
		return 0, err
	}
	size := uint64(element.Size)
	switch element.Kind {
	case btf.Int, btf.Float, btf.Struct, btf.Union, btf.Enum, btf.Enum64:
	case btf.Pointer:
		size = 8
	default:
		return 0, fmt.Errorf("type %d, a %v, has no size", id, element.Kind)
	}
	if size *= n; size > math.MaxUint32 {
		return 0, fmt.Errorf("type %d has %d bytes", id, size)
	}
	return uint32(size), nil
}
