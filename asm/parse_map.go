package asm

import "strings"

// mapDirective reads .map name type and the properties of the map, or, with inner, what the map of the line before holds.
func (p *parser) mapDirective(inner bool, at int) bool {
	var m MapSpec
	u := p.unit
	u.fill()
	if inner && u.lastMap() == nil {
		return p.fail(at, ".inner describes what the map above holds, and there is none")
	}
	p.skip()
	if !inner {
		nameAt := p.at
		name := p.word()
		if err := checkName(name); err != nil {
			return p.fail(nameAt, "name of a map: %w", err)
		}
		for _, o := range u.spec.Maps {
			if o.Name == name {
				return p.fail(nameAt, "there is a map %s already", name)
			}
		}
		m.Name = strings.Clone(name)
		p.skip()
	}
	typeAt := p.at
	n, ok := p.kindName(func(w string) (uint32, bool) { t, ok := MapTypeByName(w); return uint32(t), ok })
	if !ok {
		return p.fail(typeAt, "%q is no map type", p.src[typeAt:p.at])
	}
	m.Type = MapType(n)
	for p.skip(); !p.statementEnds(); p.skip() {
		if !p.property(&m, inner) {
			return false
		}
	}
	if inner {
		u.lastMap().Inner = &m
	} else {
		u.spec.Maps = append(u.spec.Maps, m)
	}
	return true
}

// lastMap returns the map that was described last, nil for none.
func (u *unit) lastMap() *MapSpec {
	if len(u.spec.Maps) == 0 {
		return nil
	}
	m := &u.spec.Maps[len(u.spec.Maps)-1]
	for m.Inner != nil {
		m = m.Inner
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

// layoutDirective reads how keys or values of the map above are laid out: struct flow { u32 addr; u16 port[2]; }.
func (p *parser) layoutDirective(key bool, at int) bool {
	m := p.unit.lastMap()
	if m == nil {
		return p.fail(at, "a layout of the map above, and there is none")
	}
	if !p.acceptWord("struct") {
		return p.expected("struct")
	}
	s := &Struct{}
	p.skip()
	if p.peek() == '"' {
		name, ok := p.text(p.at)
		if !ok {
			return false
		}
		s.name = name
	} else {
		s.name = strings.Clone(p.word())
	}
	if !p.want('{') {
		return false
	}
	for !p.acceptByte('}') {
		if !p.member(s) {
			return false
		}
	}
	if err := s.check(); err != nil {
		return p.fail(at, "%w", err)
	}
	size, what := &m.ValueSize, "value"
	if key {
		size, what = &m.KeySize, "key"
	}
	if n := uint32(s.Size()); *size != n && *size != 0 {
		return p.fail(at, "%ss have %d bytes, this struct %d", what, *size, n)
	}
	*size = uint32(s.Size())
	if key {
		m.Key = s
	} else {
		m.Value = s
	}
	return true
}

// maxStruct is the largest size of a struct: the kernel's keys and values are smaller.
const maxStruct = 1 << 24

// member reads a member of a struct: u16 port[2];.
func (p *parser) member(s *Struct) bool {
	var m Member
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
	default:
		p.at = at
		return p.expected("a member that begins with u8, u16, u32 or u64")
	}
	p.skip()
	if p.peek() == '"' {
		name, ok := p.text(p.at)
		if !ok {
			return false
		}
		m.Name = name
	} else {
		m.Name = strings.Clone(p.word())
	}
	if p.acceptByte('[') {
		n, ok := p.number()
		if !ok {
			return false
		}
		if n.neg || n.v == 0 || n.v > maxStruct {
			return p.fail(n.at, "a member has 1 to %d elements", maxStruct)
		}
		m.Count = int(n.v)
		if !p.want(']') {
			return false
		}
	}
	s.members = append(s.members, m)
	if s.Size() > maxStruct {
		return p.fail(at, "a struct of more than %d bytes", maxStruct)
	}
	return p.want(';')
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
