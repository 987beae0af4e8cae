package asm

import (
	"slices"
	"strings"
)

// mapDirective reads .map name type and the properties of the map, or, with inner, what the map of the line before holds.
func (p *parser) mapDirective(inner bool, at int) bool {
	var m MapSpec
	u := p.unit
	u.fill()
	if inner {
		switch m := u.lastMap(); {
		case m == nil:
			return p.fail(at, ".inner describes what the map above holds, and there is none")
		case m != &u.spec.Maps[len(u.spec.Maps)-1]:
			return p.fail(at, "a second .inner: the kernel takes no maps in maps in maps")
		case !m.Type.holdsMaps():
			return p.fail(at, ".inner describes what the map above holds, and %s is a %v; an array_of_maps or a hash_of_maps holds maps", m.Name, m.Type)
		}
	}
	p.skip()
	if !inner {
		nameAt := p.at
		name := p.word()
		if err := checkName(name); err != nil {
			return p.fail(nameAt, "name of a map: %w", err)
		}
		if u.mapNames[name] {
			return p.fail(nameAt, "there is a map %s already", name)
		}
		m.Name = strings.Clone(name)
		p.skip()
	}
	typeAt := p.at
	n, ok := p.kindName(func(w string) (uint32, bool) { t, ok := MapTypeByName(w); return uint32(t), ok })
	if !ok {
		w := p.src[typeAt:p.at]
		return p.fail(typeAt, "%q is no map type%s", w, p.didYouMean(w, slices.Values(mapTypeNames[:])))
	}
	m.Type = MapType(n)
	if inner && m.Type.holdsMaps() {
		return p.fail(typeAt, "%v: the kernel takes no maps in maps in maps", m.Type)
	}
	for p.skip(); !p.statementEnds(); p.skip() {
		if !p.property(&m, inner) {
			return false
		}
	}
	if inner {
		u.lastMap().Inner = &m
	} else {
		u.spec.Maps = append(u.spec.Maps, m)
		if u.mapNames == nil {
			u.mapNames = make(map[string]bool)
		}
		u.mapNames[m.Name] = true
	}
	return true
}

// holdsMaps reports whether the values of a map of this type are maps.
func (t MapType) holdsMaps() bool { return t == MapArrayOfMaps || t == MapHashOfMaps }

// lastMap returns the map that was described last, nil for none.
func (u *unit) lastMap() *MapSpec {
	if len(u.spec.Maps) == 0 {
		return nil
	}
	m := &u.spec.Maps[len(u.spec.Maps)-1]
	if m.Inner != nil {
		return m.Inner
	}
	return m
}

// property reads one of the properties of a map, such as entries=16.
func (p *parser) property(m *MapSpec, inner bool) bool {
	at := p.at
	w := p.word()
	if w == "pinned" {
		m.PinByName = true
		return true
	}
	var to *uint32
	switch w {
	case "key":
		to = &m.KeySize
	case "value":
		to = &m.ValueSize
	case "entries":
		to = &m.MaxEntries
	case "numa_node":
		to = &m.NUMANode
	case "extra", "flags":
	case "name":
		if inner {
			break
		}
		fallthrough
	default:
		p.at = at
		return p.expected("a property of a map: key=, value=, entries=, flags=, extra=, numa_node= or pinned")
	}
	if !p.want('=') {
		return false
	}
	switch w {
	case "flags":
		flags, ok := p.flags(mapFlagNames[:])
		m.Flags = MapFlags(flags)
		return ok
	case "name":
		s, ok := p.text(at)
		m.Name = s
		return ok
	}
	n, ok := p.number()
	switch {
	case !ok:
		return false
	case n.neg || to != nil && n.v >= 1<<32:
		return p.fail(n.at, "%s does not fit 32 bits without a sign", p.src[n.at:p.at])
	case to == nil:
		m.Extra = n.v
	default:
		*to = uint32(n.v)
	}
	return true
}

// layoutDirective reads how keys or values of the map above are laid out: struct flow { u32 addr; u16 port[2]; }, or a
// number or array alone: u32[4].
func (p *parser) layoutDirective(key bool, at int) bool {
	m := p.unit.lastMap()
	if m == nil {
		return p.fail(at, "a layout of the map above, and there is none")
	}
	whole, ok := p.member(maxDepth)
	if !ok {
		return false
	}
	if whole.Name != "" {
		return p.fail(at, "a number or an array that is all of a key or value has no name; %s would be that of a member", whole.Name)
	}
	s := NewStruct("", whole)
	if whole.Struct != nil && whole.Count == 0 {
		s = whole.Struct
	}
	if err := s.check(); err != nil {
		return p.fail(at, "%w", err)
	}
	size, what := &m.ValueSize, "value"
	if key {
		size, what = &m.KeySize, "key"
	}
	if n := uint32(s.Size()); *size != n && *size != 0 {
		return p.fail(at, "%ss have %d bytes, this layout %d", what, *size, n)
	}
	*size = uint32(s.Size())
	if key {
		m.Key = s
	} else {
		m.Value = s
	}
	return true
}

// structure reads what is behind the word struct: flow { u32 addr; }.
func (p *parser) structure(depth int) (*Struct, bool) {
	at := p.at
	if depth == 0 {
		return nil, p.fail(at, "structs in structs, more than %d deep", maxDepth)
	}
	name, ok := p.memberName()
	if !ok || !p.want('{') {
		return nil, false
	}
	var members []Member
	size := 0
	for !p.acceptByte('}') {
		p.skip()
		at := p.at
		m, ok := p.member(depth - 1)
		if !ok || !p.want(';') {
			return nil, false
		}
		if m.Bytes() > maxStruct-size {
			return nil, p.fail(at, "a struct of more than %d bytes", maxStruct)
		}
		size += m.Bytes()
		members = append(members, m)
	}
	return NewStruct(name, members...), true
}

// maxStruct is the largest size of a struct: the kernel's keys and values are smaller.
const maxStruct = 1 << 24

// member reads a member of a struct: u16 port[2].
func (p *parser) member(depth int) (m Member, ok bool) {
	p.skip()
	at := p.at
	switch p.word() {
	case "u8":
		m.Size = B
	case "u16":
		m.Size = H
	case "u32":
		m.Size = W
	case "u64":
		m.Size = DW
	case "s8":
		m.Size, m.Signed = B, true
	case "s16":
		m.Size, m.Signed = H, true
	case "s32":
		m.Size, m.Signed = W, true
	case "s64":
		m.Size, m.Signed = DW, true
	case "struct":
		if m.Struct, ok = p.structure(depth); !ok {
			return m, false
		}
	default:
		p.at = at
		return m, p.expected("a type: u8, u16, u32, u64, s8, s16, s32, s64 or struct")
	}
	if m.Name, ok = p.memberName(); !ok {
		return m, false
	}
	if p.acceptByte('[') {
		n, ok := p.number()
		if !ok {
			return m, false
		}
		if n.neg || n.v == 0 || n.v > maxStruct {
			return m, p.fail(n.at, "a member has 1 to %d elements", maxStruct)
		}
		m.Count = int(n.v)
		if !p.want(']') {
			return m, false
		}
	}
	return m, true
}

// memberName reads the name of a member or struct, which may be missing, and in quotes.
func (p *parser) memberName() (string, bool) {
	p.skip()
	if p.peek() == '"' {
		return p.text(p.at)
	}
	return strings.Clone(p.word()), true
}

// contentsDirective reads bytes of the first element of the map above; more of the directive add to them.
func (p *parser) contentsDirective(at int) bool {
	m := p.unit.lastMap()
	if m == nil {
		return p.fail(at, "contents of the map above, and there is none")
	}
	s, ok := p.text(at)
	if p.unit.filled != m {
		p.unit.fill()
		p.unit.filled = m
	}
	p.unit.contents = append(p.unit.contents, s...)
	return ok
}

// fill gives the map of the last .contents what they said.
func (u *unit) fill() {
	if u.filled != nil {
		u.filled.Contents, u.filled, u.contents = string(u.contents), nil, nil
	}
}
