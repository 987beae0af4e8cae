package elf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"
)

// What else the reader needs of the format (gABI 4.1), see write_file.go.
const (
	relATab     = 4      // SHT_RELA
	bindWeak    = 2      // STB_WEAK
	inNoSection = 0      // SHN_UNDEF
	inCommon    = 0xfff2 // SHN_COMMON

	// maxName is more than the name of any symbol or section; a search for its end must not read all of a table.
	maxName = 4096
)

// object is a file whose tables lie within it.
type object struct {
	order    binary.ByteOrder
	sections []elfSection
	symbols  []elfSymbol
	names    string // of the symbols
}

// elfSection is a section with what is in it.
type elfSection struct {
	name        string
	kind        uint32
	flags       uint64
	size        uint64
	data        []byte // without those of noBits
	link        uint32
	info        uint32
	relocations []elfRelocation // of what is in it, by offset
	added       bool            // the relocations are of the form that has its own addend
}

func (h *elfSection) executable() bool { return h.kind == progBits && h.flags&flagExec != 0 }

// elfSymbol is a name for a place.
type elfSymbol struct {
	name    uint32
	bind    uint8
	kind    uint8
	section uint16
	value   uint64 // offset in the section
	size    uint64
}

// elfRelocation says that the bytes at offset depend on a symbol.
type elfRelocation struct {
	offset uint64
	kind   uint32
	symbol uint32
}

// parse reads the tables of a file.
func parse(data []byte) (*object, error) {
	switch {
	case len(data) < headerSize || string(data[:4]) != "\x7fELF":
		return nil, errors.New("not an ELF file")
	case data[4] != 2:
		return nil, fmt.Errorf("ELF class %d: a BPF object has 64 bits, class 2", data[4])
	}
	o := &object{}
	switch data[5] {
	case 1:
		o.order = binary.LittleEndian
	case 2:
		o.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("ELF byte order %d is unknown", data[5])
	}
	if kind := o.order.Uint16(data[16:]); kind != typeRelocatable {
		return nil, fmt.Errorf("ELF type %d: not a relocatable object, type %d", kind, typeRelocatable)
	}
	if machine := o.order.Uint16(data[18:]); machine != machineBPF {
		return nil, fmt.Errorf("ELF machine %d: not BPF, machine %d", machine, machineBPF)
	}
	if err := o.readSections(data); err != nil {
		return nil, err
	}
	if err := o.readSymbols(); err != nil {
		return nil, err
	}
	return o, o.readRelocations()
}

func (o *object) readSections(data []byte) error {
	at, each, n := o.order.Uint64(data[40:]), o.order.Uint16(data[58:]), o.order.Uint16(data[60:])
	if each != sectionHeaderSize {
		return fmt.Errorf("section headers of %d bytes, want %d", each, sectionHeaderSize)
	}
	table, err := slice(data, at, uint64(n)*sectionHeaderSize)
	if err != nil {
		return fmt.Errorf("table of %d sections: %w", n, err)
	}
	o.sections = make([]elfSection, n)
	total := 0
	for i := range o.sections {
		h := table[sectionHeaderSize*i:]
		s := elfSection{kind: o.order.Uint32(h[4:]), flags: o.order.Uint64(h[8:]), size: o.order.Uint64(h[32:]),
			link: o.order.Uint32(h[40:]), info: o.order.Uint32(h[44:])}
		if i > 0 && s.kind != noBits { // of section 0 nothing means what it says
			if s.data, err = slice(data, o.order.Uint64(h[24:]), s.size); err != nil {
				return fmt.Errorf("section %d: %w", i, err)
			}
			// Whatever is made of a section takes room in proportion to it, and so all of them must not be more
			// than the file.
			if total += len(s.data); total > len(data) {
				return fmt.Errorf("section %d: %d bytes of sections in a file of %d: they overlap", i, total, len(data))
			}
		}
		o.sections[i] = s
	}
	names := int(o.order.Uint16(data[62:]))
	if names == 0 || names >= len(o.sections) {
		return fmt.Errorf("the names of sections are in section %d of %d", names, len(o.sections))
	}
	all := string(o.sections[names].data)
	for i := range o.sections {
		if o.sections[i].name, err = text(all, o.order.Uint32(table[sectionHeaderSize*i:])); err != nil {
			return fmt.Errorf("name of section %d: %w", i, err)
		}
	}
	return nil
}

func (o *object) readSymbols() error {
	for i := range o.sections {
		s := &o.sections[i]
		if s.kind != symTab {
			continue
		}
		if o.symbols != nil {
			return fmt.Errorf("section %d, %s: a second table of symbols", i, s.name)
		}
		if uint64(s.link) >= uint64(len(o.sections)) || len(s.data)%symbolSize != 0 {
			return fmt.Errorf("section %s: %d bytes of symbols with names in section %d of %d", s.name, len(s.data), s.link, len(o.sections))
		}
		o.names = string(o.sections[s.link].data)
		o.symbols = make([]elfSymbol, len(s.data)/symbolSize)
		for n := range o.symbols {
			b := s.data[symbolSize*n:]
			o.symbols[n] = elfSymbol{name: o.order.Uint32(b), bind: b[4] >> 4, kind: b[4] & 15, section: o.order.Uint16(b[6:]),
				value: o.order.Uint64(b[8:]), size: o.order.Uint64(b[16:])}
		}
	}
	return nil
}

func (o *object) readRelocations() error {
	for i := range o.sections {
		s := &o.sections[i]
		if s.kind != relTab && s.kind != relATab || uint64(s.info) >= uint64(len(o.sections)) {
			continue
		}
		of := &o.sections[s.info]
		if s.kind == relATab {
			of.added = true
			continue
		}
		if !of.executable() && !of.holdsMaps() && !of.holdsData() {
			continue // of debugging information, and of .BTF and .BTF.ext, which have their values in place
		}
		if of.relocations != nil || len(s.data)%relocationSize != 0 {
			return fmt.Errorf("section %s: %d bytes of relocations for section %s, or not the only ones", s.name, len(s.data), of.name)
		}
		of.relocations = make([]elfRelocation, len(s.data)/relocationSize)
		for n := range of.relocations {
			b := s.data[relocationSize*n:]
			info := o.order.Uint64(b[8:])
			r := elfRelocation{offset: o.order.Uint64(b), kind: uint32(info), symbol: uint32(info >> 32)}
			if uint64(r.symbol) >= uint64(len(o.symbols)) {
				return fmt.Errorf("section %s: relocation %d is for symbol %d of %d", s.name, n, r.symbol, len(o.symbols))
			}
			of.relocations[n] = r
		}
		sort.SliceStable(of.relocations, func(a, b int) bool { return of.relocations[a].offset < of.relocations[b].offset })
	}
	return nil
}

// section returns the first section of a name that is not empty.
func (o *object) section(name string) *elfSection {
	for i := range o.sections {
		if s := &o.sections[i]; s.name == name && s.size > 0 {
			return s
		}
	}
	return nil
}

// nameOf returns the name of a symbol, which is that of its section for the symbol of a section.
func (o *object) nameOf(s *elfSymbol) (string, error) {
	if s.kind == kindSection && uint64(s.section) < uint64(len(o.sections)) {
		return o.sections[s.section].name, nil
	}
	name, err := text(o.names, s.name)
	if err != nil {
		return "", fmt.Errorf("name of a symbol: %w", err)
	}
	return name, nil
}

// slice returns n bytes at an offset.
func slice(data []byte, at, n uint64) ([]byte, error) {
	if at > uint64(len(data)) || n > uint64(len(data))-at {
		return nil, fmt.Errorf("%d bytes at %d are beyond the end at %d", n, at, len(data))
	}
	return data[at : at+n : at+n], nil
}

// text returns the string at an offset of a table of strings, as a part of it.
func text(table string, at uint32) (string, error) {
	if uint64(at) >= uint64(len(table)) {
		return "", fmt.Errorf("offset %d in a table of %d bytes", at, len(table))
	}
	rest := table[at:]
	name, _, ok := strings.Cut(rest[:min(len(rest), maxName)], "\x00")
	if !ok {
		return "", fmt.Errorf("offset %d: no end within %d bytes", at, maxName)
	}
	return name, nil
}

// isOrBelow reports whether a section is of a name, or of one that continues it behind a dot.
func isOrBelow(section, name string) bool {
	rest, ok := strings.CutPrefix(section, name)
	return ok && (rest == "" || rest[0] == '.')
}
