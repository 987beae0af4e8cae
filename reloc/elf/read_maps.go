package elf

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// readMaps reads the sections that define maps.
func (r *reader) readMaps() error {
	for i := range r.sections {
		s := &r.sections[i]
		if !s.holdsMaps() || s.size == 0 {
			continue
		}
		symbols, err := r.definitions(i)
		if err != nil {
			return err
		}
		for n := range symbols {
			d := &symbols[n]
			if s.name == "maps" {
				err = r.readLegacyMap(s, d)
			} else {
				err = r.readTypedMap(s, d)
			}
			if err != nil {
				return fmt.Errorf("section %s: map %s: %w", s.name, d.name, err)
			}
			r.mapAt[place{i, d.offset}] = d.name
		}
		if err := r.needContents(s, symbols); err != nil {
			return err
		}
	}
	return nil
}

// variable is a named part of a section.
type variable struct {
	name   string
	offset uint64
	size   uint64
}

// definitions returns the variables of a section in their order. One ends where the next begins.
func (r *reader) definitions(section int) ([]variable, error) {
	var all []variable
	s := &r.sections[section]
	for i := range r.symbols {
		v := &r.symbols[i]
		if int(v.section) != section || v.kind == kindSection {
			continue
		}
		name, err := r.nameOf(v)
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", s.name, err)
		}
		if name == "" || v.value >= s.size {
			return nil, fmt.Errorf("section %s: symbol %q at %#x of %#x", s.name, name, v.value, s.size)
		}
		all = append(all, variable{name: name, offset: v.value})
	}
	slices.SortStableFunc(all, func(a, b variable) int { return cmp.Compare(a.offset, b.offset) })
	for i := range all {
		end := s.size
		if i+1 < len(all) {
			end = all[i+1].offset
		}
		if all[i].size = end - all[i].offset; all[i].size == 0 {
			return nil, fmt.Errorf("section %s: %s and %s are in the same place", s.name, all[i].name, all[i+1].name)
		}
	}
	return all, nil
}

// addMap keeps a map and makes sure that its name is the only one.
func (r *reader) addMap(m asm.MapSpec) error {
	if _, ok := r.mapIndex[m.Name]; ok {
		return fmt.Errorf("a second map %s", m.Name)
	}
	r.mapIndex[m.Name] = len(r.maps)
	r.maps = append(r.maps, m)
	return nil
}

// The size in bytes of struct bpf_map_def of libbpf before version 1.0: type, key_size, value_size, max_entries,
// map_flags.
const legacyBytes = 20

// readLegacyMap reads a struct bpf_map_def. Others have more members, which must not be set since they mean
// something else to everybody. A definition of zeros is no map: the loader has one of that name.
func (r *reader) readLegacyMap(s *elfSection, d *variable) error {
	b := s.data[d.offset : d.offset+d.size]
	if len(b) < legacyBytes {
		return fmt.Errorf("a definition of %d bytes, want at least %d", len(b), legacyBytes)
	}
	zero := true
	for i, c := range b {
		if zero = zero && c == 0; c != 0 && i >= legacyBytes {
			return fmt.Errorf("byte %d of the definition is %#02x: the meaning of what is behind map_flags is not known", i, c)
		}
	}
	if zero {
		return nil
	}
	m := asm.MapSpec{Name: d.name, Type: asm.MapType(r.order.Uint32(b)), KeySize: r.order.Uint32(b[4:]), ValueSize: r.order.Uint32(b[8:]),
		MaxEntries: r.order.Uint32(b[12:]), Flags: asm.MapFlags(r.order.Uint32(b[16:]))}
	if m.Type == asm.MapUnspec {
		return fmt.Errorf("no type")
	}
	return r.addMap(m)
}

// needContents names the maps that begin with other maps or programs in them.
func (r *reader) needContents(s *elfSection, definitions []variable) error {
	if s.added {
		return fmt.Errorf("section %s: relocations with addends (SHT_RELA); those of BPF have none", s.name)
	}
	for _, rel := range s.relocations {
		name, err := r.nameOf(&r.symbols[rel.symbol])
		if err != nil {
			return fmt.Errorf("section %s: %w", s.name, err)
		}
		of := s.name
		if n := sort.Search(len(definitions), func(i int) bool { return definitions[i].offset > rel.offset }); n > 0 {
			of = definitions[n-1].name
		}
		r.missing.add(fmt.Sprintf("%s in map %s from the beginning", name, of))
	}
	return nil
}

// readData makes maps of the sections of variables, as asm.Builder makes them.
func (r *reader) readData() error {
	for i := range r.sections {
		s := &r.sections[i]
		if !s.holdsData() || s.size == 0 {
			continue
		}
		if s.added || len(s.relocations) > 0 {
			r.missing.add("addresses in section " + s.name)
		}
		if s.size > math.MaxInt32 {
			return fmt.Errorf("section %s: %d bytes; a map's value has at most %d", s.name, s.size, math.MaxInt32)
		}
		m := asm.MapSpec{Name: s.name, Type: asm.MapArray, KeySize: 4, ValueSize: uint32(s.size), MaxEntries: 1, Contents: string(s.data)}
		if isOrBelow(s.name, asm.SectionRodata) {
			m.Flags = asm.MapReadOnlyProg
		}
		var err error
		if m.Value, err = r.variables(i); err == nil {
			err = r.addMap(m)
		}
		if err != nil {
			return fmt.Errorf("section %s: %w", s.name, err)
		}
		r.dataAt[i] = s.name
	}
	return nil
}

// variables lays out a section of variables, nil where the types do not say what is in it. Where each is the
// symbols say: the types have zeros instead. They also say how large it is: of an array or struct that is not seen
// outside the object the compiler may have kept some elements only, each as a variable of its own with the type of
// the whole.
func (r *reader) variables(section int) (*asm.Struct, error) {
	s := &r.sections[section]
	members := r.types.section(s.name)
	if len(members) == 0 {
		return nil, nil
	}
	at := make(map[string]*elfSymbol)
	for i := range r.symbols {
		v := &r.symbols[i]
		if int(v.section) == section && v.kind != kindSection && v.value < s.size && v.size <= s.size-v.value {
			name, err := r.nameOf(v)
			if err != nil {
				return nil, err
			}
			at[name] = v
		}
	}
	placed := make([]btf.Member, 0, len(members))
	for _, m := range members {
		v, err := r.types.get(m.Type)
		if err != nil {
			return nil, err
		}
		if symbol, ok := at[v.Name]; ok && symbol.size > 0 {
			placed = append(placed, btf.Member{Name: v.Name, Type: m.Type, Offset: uint32(symbol.value)})
		}
	}
	slices.SortStableFunc(placed, func(a, b btf.Member) int { return cmp.Compare(a.Offset, b.Offset) })
	l := layout{types: r.types}
	for _, m := range placed {
		offset, size := uint64(m.Offset), at[m.Name].size
		if offset < l.end { // two names for one place
			return nil, nil
		}
		if whole, err := r.types.sizeof(m.Type); err == nil && uint64(whole) == size {
			if err := l.add(m.Name, offset, m.Type); err != nil {
				return nil, fmt.Errorf("variable %s: %w", m.Name, err)
			}
			continue
		}
		l.sized(m.Name, offset, size)
	}
	return l.close(s.name, s.size)
}
