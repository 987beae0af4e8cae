package asm

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// directive reads what follows the word of a directive, which is at offset at.
func (p *parser) directive(w string, at int) bool {
	u := p.unit
	switch w {
	case ".program":
		return p.programDirective(at)
	case ".attach_to":
		s, ok := p.text(at)
		u.spec.AttachTo = s
		return ok
	case ".load_flags":
		flags, ok := p.flags(loadFlagNames[:])
		u.spec.Flags = LoadFlags(flags)
		return ok
	case ".license":
		s, ok := p.text(at)
		if ok && s == "" {
			return p.fail(at, "an empty licence; a program without the directive has %q", DefaultLicense)
		}
		u.spec.License = s
		return ok
	case ".map", ".inner":
		return p.mapDirective(w == ".inner", at)
	case ".key", ".value":
		return p.layoutDirective(w == ".key", at)
	case ".contents":
		return p.contentsDirective(at)
	case ".comment":
		s, ok := p.text(at)
		if ok && s == "" {
			return p.fail(at, "an empty comment")
		}
		u.comment = s
		return ok
	case ".resolved":
		return p.resolvedDirective()
	case ".type":
		return p.typeDirective()
	case ".file":
		return p.fileDirective()
	case ".loc":
		return p.locDirective()
	case ".equ", ".set":
		return p.equDirective(w)
	}
	return p.sectionDirective(w, at)
}

// programDirective begins a program: .program name type attach_type.
func (p *parser) programDirective(at int) bool {
	p.skip()
	nameAt := p.at
	name := p.word()
	p.newUnit(at) // also without a name: its labels are not those of the program before
	if err := checkName(name); err != nil {
		return p.fail(nameAt, "name of a program: %w", err)
	}
	s := &p.unit.spec
	s.Name = name
	p.skip()
	if p.statementEnds() {
		return true
	}
	typeAt := p.at
	n, ok := p.kindName(func(w string) (uint32, bool) { t, ok := ProgramTypeByName(w); return uint32(t), ok })
	if !ok {
		w := p.src[typeAt:p.at]
		return p.fail(typeAt, "%q is no program type%s", w, p.didYouMean(w, slices.Values(programTypeNames[:])))
	}
	s.Type = ProgramType(n)
	p.skip()
	if p.statementEnds() {
		return true
	}
	typeAt = p.at
	n, ok = p.kindName(func(w string) (uint32, bool) { t, ok := AttachTypeByName(w); return uint32(t), ok })
	if !ok {
		w := p.src[typeAt:p.at]
		return p.fail(typeAt, "%q is no attach type%s", w, p.didYouMean(w, slices.Values(attachTypeNames[:])))
	}
	s.AttachType = AttachType(n)
	return true
}

// kindName reads the name of a type, or its number.
func (p *parser) kindName(find func(string) (uint32, bool)) (uint32, bool) {
	if byteClass[p.peek()]&isDigit != 0 {
		n, ok := p.number()
		return uint32(n.v), ok && n.v < 1<<32
	}
	w := p.word()
	if w == "" {
		return 0, false
	}
	return find(w)
}

// statementEnds reports whether nothing follows in the statement.
func (p *parser) statementEnds() bool {
	switch p.peek() {
	case 0, ';', '#':
		return true
	case '/':
		return strings.HasPrefix(p.src[p.at:p.end], "//")
	}
	return false
}

// text reads a string in quotes, with Go's escapes of one byte and LLVM's octal ones.
func (p *parser) text(at int) (string, bool) {
	p.skip()
	if p.peek() != '"' {
		return "", p.expected("a string in quotes")
	}
	p.at++
	start := p.at
	for p.at < p.end && p.src[p.at] != '"' && p.src[p.at] != '\\' {
		p.at++
	}
	if p.peek() == '"' {
		p.at++
		return strings.Clone(p.src[start : p.at-1]), true
	}
	b := []byte(p.src[start:p.at])
	for p.at < p.end {
		c := p.src[p.at]
		p.at++
		switch c {
		case '"':
			return string(b), true
		case '\\':
			e, ok := p.escape()
			if !ok {
				return "", false
			}
			b = append(b, e)
		default:
			b = append(b, c)
		}
	}
	return "", p.fail(start-1, "a string without its closing quote")
}

func (p *parser) escape() (byte, bool) {
	at := p.at - 1
	c := p.peek()
	p.at++
	switch c {
	case 'n':
		return '\n', true
	case 't':
		return '\t', true
	case 'r':
		return '\r', true
	case '"', '\\':
		return c, true
	case 'x':
		if p.at+2 <= p.end {
			if v, err := strconv.ParseUint(p.src[p.at:p.at+2], 16, 8); err == nil {
				p.at += 2
				return byte(v), true
			}
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v := int(c - '0')
		for k := 0; k < 2 && p.at < p.end && p.src[p.at] >= '0' && p.src[p.at] <= '7'; k++ {
			v = v*8 + int(p.src[p.at]-'0')
			p.at++
		}
		if v < 256 {
			return byte(v), true
		}
	}
	return 0, p.fail(at, `unknown escape; there are \n, \t, \r, \", \\, \x and two hexadecimal digits, \ and up to three octal ones`)
}

// appendQuoted appends s as text reads it.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == utf8.RuneError && n == 1, r < ' ', r == 0x7f:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'x', digits[s[0]>>4], digits[s[0]&15])
		default:
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return append(b, '"')
}

// loadFlagNames and mapFlagNames have the names of flags by their bits.
var (
	loadFlagNames = [...]string{"strict_alignment", "any_alignment", "test_rnd_hi32", "test_state_freq", "sleepable",
		"xdp_has_frags", "", "test_reg_invariants"}
	mapFlagNames = [...]string{"no_prealloc", "no_common_lru", "numa_node", "rdonly", "wronly", "stack_build_id", "zero_seed",
		"rdonly_prog", "wronly_prog", "clone", "mmapable", "preserve_elems", "inner_map"}
)

// flags reads names of flags and numbers with | between them.
func (p *parser) flags(names []string) (flags uint32, ok bool) {
	for {
		p.skip()
		at := p.at
		if byteClass[p.peek()]&isDigit != 0 {
			n, ok := p.number()
			if !ok {
				return 0, false
			}
			if n.v >= 1<<32 {
				return 0, p.fail(at, "flags %s do not fit 32 bits", p.src[at:p.at])
			}
			flags |= uint32(n.v)
		} else {
			w := p.word()
			bit, ok := indexOf(names, w)
			if !ok {
				return 0, p.fail(at, "%q is none of the flags %s%s", w, strings.Join(names, " "), p.didYouMean(w, slices.Values(names)))
			}
			flags |= 1 << bit
		}
		if !p.acceptByte('|') {
			return flags, true
		}
	}
}

// appendFlags appends flags as their names, and what has none as a number.
func appendFlags(b []byte, flags uint32, names []string) []byte {
	rest, start := flags, len(b)
	for bit, name := range names {
		if flags&(1<<bit) != 0 && name != "" {
			if len(b) > start {
				b = append(b, '|')
			}
			b = append(b, name...)
			rest &^= 1 << bit
		}
	}
	if rest != 0 || flags == 0 {
		if len(b) > start {
			b = append(b, '|')
		}
		b = strconv.AppendUint(append(b, "0x"...), uint64(rest), 16)
	}
	return b
}

// typeDirective reads LLVM's .type name,@function.
func (p *parser) typeDirective() bool {
	p.skip()
	at := p.at
	name := p.word()
	if err := checkName(name); err != nil {
		return p.fail(at, "%s: %w", name, err)
	}
	if !p.want(',') || !p.want('@') {
		return false
	}
	switch at := p.at; p.word() {
	case "function":
		p.unit.function(name)
	case "object":
	default:
		p.at = at
		return p.expected("function or object")
	}
	return true
}

// resolvedDirective reads what the next instruction referred to before the program was linked: .resolved map workers.
func (p *parser) resolvedDirective() bool {
	p.skip()
	at := p.at
	var kind ReferenceKind
	switch p.word() {
	case "map":
		kind = RefMap
		if p.acceptWord("value") {
			kind = RefMapValue
		}
	case "subprogram":
		kind = RefCall
	case "function":
		kind = RefFunc
	default:
		p.at = at
		return p.expected("map, map value, subprogram or function")
	}
	p.skip()
	at = p.at
	name := p.word()
	if err := checkName(name); err != nil {
		return p.fail(at, "%s: %w", name, err)
	}
	p.unit.spec.Resolved = append(p.unit.spec.Resolved, Reference{Index: len(p.unit.insns), Kind: kind, Symbol: strings.Clone(name)})
	return true
}

// fileDirective reads LLVM's .file 1 "path" or .file 1 "directory" "name".
func (p *parser) fileDirective() bool {
	p.skip()
	if p.peek() == '"' { // the name of the whole
		p.at = p.end
		return true
	}
	n, ok := p.number()
	if !ok {
		return false
	}
	if n.neg || n.v > uint64(max(1, len(p.files))) {
		return p.fail(n.at, "file %s follows %d files: they are numbered from 0 or 1", p.src[n.at:p.at], len(p.files))
	}
	path, ok := p.text(p.at)
	if !ok {
		return false
	}
	p.skip()
	if p.peek() == '"' {
		name, ok := p.text(p.at)
		if !ok {
			return false
		}
		if !strings.HasPrefix(name, "/") {
			name = path + "/" + name
		}
		path = name
	}
	if p.acceptWord("md5") {
		p.at = p.end
	}
	for uint64(len(p.files)) <= n.v {
		p.files = append(p.files, "")
	}
	p.files[n.v] = path
	return true
}

// locDirective reads LLVM's .loc 1 57 and more that does not matter here: where the next instructions come from. The text
// of the source line may stand behind it in quotes, or alone.
func (p *parser) locDirective() bool {
	p.skip()
	if p.peek() == '"' {
		return p.sourceText()
	}
	file, ok := p.number()
	if !ok {
		return false
	}
	line, ok := p.number()
	if !ok {
		return false
	}
	if file.neg || file.v >= uint64(max(1, len(p.files))) {
		return p.fail(file.at, "there is no .file of this number")
	}
	if line.neg || line.v >= 1<<31 {
		return p.fail(line.at, "a line number that does not fit 31 bits")
	}
	pos := Position{Line: int(line.v)}
	if pos.Line > 0 && file.v < uint64(len(p.files)) {
		pos.File = p.files[file.v]
	}
	p.unit.locate(pos)
	p.unit.line = ""
	if p.skip(); p.peek() == '"' {
		return p.sourceText()
	}
	p.at = p.end
	return true
}

// sourceText reads the text of a source line, the comment on all its instructions.
func (p *parser) sourceText() (ok bool) {
	p.unit.line, ok = p.text(p.at)
	return ok
}
