package elf

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// mapsSection is where libbpf looks for the definitions of maps.
const mapsSection = ".maps"

// pinByName is LIBBPF_PIN_BY_NAME of bpf_helpers.h.
const pinByName = 1

// isData reports whether a map of that name is a section of global data.
func isData(name string) bool {
	return inSection(name, asm.SectionBSS) || inSection(name, asm.SectionData) || inSection(name, asm.SectionRodata)
}

// inSection reports whether a name is that of a section or continues it, as .data.first does.
func inSection(name, section string) bool {
	return name == section || strings.HasPrefix(name, section+".")
}

// data writes a map of global data as a section, and its variables.
func (w *writer) data(m *asm.MapSpec) {
	if !isData(m.Name) {
		return
	}
	constant, zeros := inSection(m.Name, asm.SectionRodata), inSection(m.Name, asm.SectionBSS)
	if err := checkData(m, constant, zeros); err != nil {
		w.fail("map %s: %w", m.Name, err)
		return
	}
	p := &part{name: m.Name, kind: progBits, flags: flagAlloc | flagWrite, align: 8, data: make([]byte, m.ValueSize)}
	copy(p.data, m.Contents)
	if constant {
		p.flags = flagAlloc
	}
	if zeros {
		p.kind, p.data, p.size = noBits, nil, int(m.ValueSize)
	}
	w.file.add(p)
	w.symbols[m.Name] = w.file.section(p)

	var variables []btf.Member
	define := func(name string, at, size int, t btf.TypeID) {
		name = w.unique(name, "")
		variables = append(variables, btf.Member{Type: w.types.Var(name, t, btf.Global), Offset: uint32(8 * at)})
		w.file.define(&symbol{name: name, bind: bindGlobal, kind: kindObject, part: p, value: at, size: size})
	}
	if m.Value == nil {
		define(btf.Identifier(strings.TrimPrefix(m.Name, ".")), 0, int(m.ValueSize), w.types.Numbers(asm.B, m.ValueSize))
	} else {
		for at, member := range m.Value.Members() {
			if member.Name != "" {
				define(btf.Identifier(member.Name), at, member.Bytes(), w.types.Member(member))
			}
		}
	}
	w.types.DataSec(m.Name, m.ValueSize, variables...)
}

// maxPadding is how many zeros behind the contents of a map stand in a file.
const maxPadding = 64 << 20

// checkData reports what a loader would make in another way of a section of that name.
func checkData(m *asm.MapSpec, constant, zeros bool) error {
	flags := m.Flags &^ asm.MapMmapable // libbpf adds it
	switch {
	case m.Type != asm.MapArray || m.KeySize != 4 || m.MaxEntries != 1 || m.Inner != nil:
		return fmt.Errorf("a %v with keys of %d bytes and %d entries; global data are an array of one element", m.Type, m.KeySize, m.MaxEntries)
	case m.ValueSize == 0 || m.ValueSize > math.MaxInt32:
		return fmt.Errorf("a section of %d bytes", m.ValueSize)
	case uint64(len(m.Contents)) > uint64(m.ValueSize):
		return fmt.Errorf("%d bytes of contents for %d", len(m.Contents), m.ValueSize)
	case !zeros && int(m.ValueSize)-len(m.Contents) > maxPadding:
		return fmt.Errorf("%d bytes of contents for %d; a file would have the rest as zeros, and takes at most %d: .bss is for zeros",
			len(m.Contents), m.ValueSize, maxPadding)
	case constant && flags != asm.MapReadOnlyProg:
		return fmt.Errorf("flags %#x; a loader makes it read-only for programs", uint32(m.Flags))
	case !constant && flags != 0:
		return fmt.Errorf("flags %#x; a loader makes it without", uint32(m.Flags))
	case m.Extra != 0 || m.NUMANode != 0 || m.PinByName:
		return errors.New("a section can be neither pinned nor placed")
	case zeros && strings.Trim(m.Contents, "\x00") != "":
		return errors.New("has contents, and the section is zeros; use .data")
	case m.Value != nil && m.Value.Size() != int(m.ValueSize):
		return fmt.Errorf("its layout has %d bytes, its value %d", m.Value.Size(), m.ValueSize)
	}
	return nil
}

// definitions writes the maps that are not global data: variables in .maps whose types say everything, as the macros
// __uint, __type and __array of bpf_helpers.h make them.
func (w *writer) definitions() {
	var p *part
	var variables []btf.Member
	for i := range w.maps {
		m := &w.maps[i]
		if isData(m.Name) {
			continue
		}
		if p == nil {
			p = w.file.add(&part{name: mapsSection, kind: progBits, flags: flagAlloc | flagWrite, align: 8})
		}
		t, size, err := w.definition(m)
		if btf.Identifier(m.Name) != m.Name {
			err = errors.New("in an object file the name of a map is a C identifier of at most 127 bytes")
		}
		if err != nil {
			w.fail("map %s: %w", m.Name, err)
			continue
		}
		at := len(p.data)
		p.data = append(p.data, make([]byte, size)...)
		variables = append(variables, btf.Member{Type: w.types.Var(m.Name, t, btf.Global), Offset: uint32(8 * at)})
		w.symbols[m.Name] = w.file.define(&symbol{name: m.Name, bind: bindGlobal, kind: kindObject, part: p, value: at, size: size})
	}
	if p != nil {
		w.types.DataSec(mapsSection, uint32(len(p.data)), variables...)
	}
}

// definition returns a struct that describes a map, and its size in bytes. Its members are pointers: to arrays with as
// many elements as the number to say, and to the types of keys, values and inner maps.
func (w *writer) definition(m *asm.MapSpec) (btf.TypeID, int, error) {
	holds := m.Type == asm.MapArrayOfMaps || m.Type == asm.MapHashOfMaps
	switch {
	case m.Type == asm.MapUnspec || m.Type == asm.MapStructOps:
		return 0, 0, fmt.Errorf("an object file has no maps of type %v", m.Type)
	case m.Contents != "":
		return 0, 0, errors.New("has contents; an object file has those of maps named .rodata, .data, .rodata.x and .data.x")
	case m.Extra > math.MaxUint32:
		return 0, 0, fmt.Errorf("map_extra %#x has more than 32 bits", m.Extra)
	case holds != (m.Inner != nil):
		return 0, 0, fmt.Errorf("inner map described: %v; a %v needs one: %v", m.Inner != nil, m.Type, holds)
	case holds && m.ValueSize != 4:
		return 0, 0, fmt.Errorf("values of %d bytes; inner maps are found by 4", m.ValueSize)
	}
	d := definition{types: w.types}
	d.number("type", uint32(m.Type))
	var key, value btf.TypeID
	both := btf.NeedsTypes(m.Type) || btf.TakesTypes(m.Type) && (m.Key != nil || m.Value != nil)
	if both || m.Key != nil || m.Value != nil {
		var err error
		if key, value, err = w.types.MapTypes(m); err != nil {
			return 0, 0, err
		}
	}
	if key != 0 && (both || m.Key != nil) {
		d.pointer("key", key)
	} else {
		d.number("key_size", m.KeySize)
	}
	switch {
	case value != 0 && (both || m.Value != nil):
		d.pointer("value", value)
	case !holds:
		d.number("value_size", m.ValueSize)
	}
	d.number("max_entries", m.MaxEntries)
	d.number("map_flags", uint32(m.Flags))
	d.number("map_extra", uint32(m.Extra))
	d.number("numa_node", m.NUMANode)
	if m.PinByName {
		d.number("pinning", pinByName)
	}
	size := 8 * len(d.members)
	if holds { // the last member, of no size
		if m.Inner.PinByName {
			return 0, 0, errors.New("its inner map is to be pinned")
		}
		inner, _, err := w.definition(m.Inner)
		if err != nil {
			return 0, 0, fmt.Errorf("inner map: %w", err)
		}
		d.add("values", w.types.Array(w.types.Pointer(inner), w.types.Number(asm.W, false), 0))
	}
	return w.types.Struct("", uint32(size), d.members...), size, nil
}

// definition is a struct that describes a map.
type definition struct {
	types   *btf.Encoder
	members []btf.Member
}

func (d *definition) add(name string, t btf.TypeID) {
	d.members = append(d.members, btf.Member{Name: name, Type: t, Offset: uint32(64 * len(d.members))})
}

func (d *definition) pointer(name string, t btf.TypeID) { d.add(name, d.types.Pointer(t)) }

// number says n unless it is 0, which is what a loader takes for what is not said.
func (d *definition) number(name string, n uint32) {
	if n == 0 {
		return
	}
	elem := asm.W
	if n > math.MaxUint32/4 { // the kernel refuses an array of more than 4 GiB
		elem = asm.B
	}
	d.pointer(name, d.types.Numbers(elem, n))
}
