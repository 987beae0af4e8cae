package asm

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendSource appends the complete text of programs, which ParseText reads back to equal ones: their instructions in
// LLVM's syntax, with helpers by name, and directives for what AppendText leaves out: names, types, licences, maps,
// functions, comments and positions. The text is what one edits; that of AppendText is what LLVM's assembler reads.
//
// Labels that begin with .L are not kept: they are the text's own. The names of a program that a Builder did not make are
// written as they are, also those that no text can have, such as r1 or one that two labels have; ParseText refuses them.
func AppendSource(b []byte, programs ...*Program) []byte {
	for k, p := range programs {
		if k > 0 {
			b = append(b, '\n')
		}
		w := sourceWriter{programPrinter: programPrinter{printer: printer{b: b}, p: p, refs: p.spec.References}}
		w.program()
		b = w.b
	}
	return b
}

// sourceWriter writes one program.
type sourceWriter struct {
	programPrinter
	files []string // of positions, by their number less 1
}

func (w *sourceWriter) program() {
	s := &w.p.spec
	w.str(".program ", s.Name)
	if s.Type != UnspecProgram || s.AttachType != 0 {
		w.str(" ")
		w.kind(s.Type.String(), uint32(s.Type))
	}
	if s.AttachType != 0 {
		w.str(" ")
		w.kind(s.AttachType.String(), uint32(s.AttachType))
	}
	w.str("\n")
	if s.AttachTo != "" {
		w.quoted(".attach_to ", s.AttachTo)
	}
	if s.Flags != 0 {
		w.str(".load_flags ")
		w.b = append(appendFlags(w.b, uint32(s.Flags), loadFlagNames[:]), '\n')
	}
	w.quoted(".license ", s.License)
	for k := range s.Maps {
		w.mapSpec(&s.Maps[k], false)
	}
	w.declare()
	for _, f := range s.Functions[1:] {
		w.str(".type ", f.Name, ",@function\n")
	}
	w.instructions()
}

// kind appends the name of a type, or its number when it has no name of one word.
func (w *sourceWriter) kind(name string, number uint32) {
	if strings.Contains(name, " ") {
		name = strconv.FormatUint(uint64(number), 10)
	}
	w.str(name)
}

func (w *sourceWriter) quoted(word, s string) {
	w.str(word)
	w.b = append(appendQuoted(w.b, s), '\n')
}

func (w *sourceWriter) mapSpec(m *MapSpec, inner bool) {
	if inner {
		w.str(".inner ")
	} else {
		w.str(".map ", m.Name, " ")
	}
	w.kind(m.Type.String(), uint32(m.Type))
	if inner && m.Name != "" {
		w.str(" name=")
		w.b = appendQuoted(w.b, m.Name)
	}
	for _, property := range []struct {
		name  string
		value uint64
	}{
		{" key=", uint64(m.KeySize)}, {" value=", uint64(m.ValueSize)}, {" entries=", uint64(m.MaxEntries)},
		{" extra=", m.Extra}, {" numa_node=", uint64(m.NUMANode)},
	} {
		if property.value != 0 {
			w.str(property.name)
			w.b = strconv.AppendUint(w.b, property.value, 10)
		}
	}
	if m.Flags != 0 {
		w.str(" flags=")
		w.b = appendFlags(w.b, uint32(m.Flags), mapFlagNames[:])
	}
	if m.PinByName {
		w.str(" pinned")
	}
	w.str("\n")
	w.layout(".key", m.Key)
	w.layout(".value", m.Value)
	for rest := m.Contents; rest != ""; {
		n := min(len(rest), contentsLine)
		w.quoted(".contents ", rest[:n])
		rest = rest[n:]
	}
	if m.Inner != nil {
		w.mapSpec(m.Inner, true)
	}
}

// contentsLine is how many bytes of a map's contents stand in a line.
const contentsLine = 64

func (w *sourceWriter) layout(word string, s *Struct) {
	if s == nil {
		return
	}
	w.str(word, " ")
	if m, ok := s.Plain(); ok {
		w.member(m)
	} else {
		w.structure(s)
	}
	w.str("\n")
}

func (w *sourceWriter) structure(s *Struct) {
	w.str("struct ")
	w.name(s.name)
	w.str(" {")
	for _, m := range s.members {
		w.str(" ")
		w.member(m)
		w.str(";")
	}
	w.str(" }")
}

func (w *sourceWriter) member(m Member) {
	if m.Struct != nil {
		w.structure(m.Struct)
	} else {
		w.str(m.kind())
	}
	if m.Name != "" {
		w.str(" ")
		w.name(m.Name)
	}
	if m.Count > 0 {
		w.str("[")
		w.dec(int64(m.Count))
		w.str("]")
	}
}

// name appends a name, in quotes if it is not one word.
func (w *sourceWriter) name(s string) {
	if s != "" && s != "." && nameBytes(s) {
		w.str(s)
		return
	}
	w.b = appendQuoted(w.b, s)
}

// instructions appends the instructions with their labels, positions and comments.
func (w *sourceWriter) instructions() {
	s := &w.p.spec
	names, functions, labels, comments, resolved := w.namesWith(localLabel), s.Functions, s.Labels, s.Comments, s.Resolved
	defined := make(map[string]bool)
	for _, l := range slices.Concat(s.Functions, s.Labels) {
		defined[l.Name] = true
	}
	for _, r := range s.References {
		defined[r.Symbol] = true
	}
	if len(s.Positions) == 0 {
		w.str(".loc 0 0\n")
	}
	line := "" // text of the source line that the last .loc has
	for i, ins := range w.p.All() {
		moved := len(s.Positions) > 0 && (i == 0 || s.Positions[i] != s.Positions[i-1])
		if moved {
			line = ""
		}
		comment := ""
		if len(comments) > 0 && comments[0].Index == i {
			comment = comments[0].Text
			comments = comments[1:]
		}
		switch {
		case comment == line && !moved:
		case comment == "" || w.goesOn(i, comment, comments):
			line = comment
			w.location(i, line)
		case moved:
			w.location(i, "")
		}
		if comment == line {
			comment = ""
		}
		if comment != "" && !plain(comment) {
			w.quoted(".comment ", comment)
			comment = ""
		}
		if r, ok := take(&resolved, i); ok {
			w.str(".resolved ", r.Kind.String(), " ", r.Symbol, "\n")
		}
		w.begin(i, &functions, &labels, names[i])
		w.str("\t")
		start := len(w.b)
		r, ok := w.next(i)
		switch {
		case ok:
			w.jumpTo(ins, r.text(ins))
		case kinds[ins.Op] == kindCall && ins.Src == CallHelper && Helper(ins.Imm).Valid() && ins.Imm > 0 &&
			!defined[Helper(ins.Imm).Name()]:
			w.jumpTo(ins, Helper(ins.Imm).Name())
		default:
			w.target(i, ins, names)
		}
		if comment != "" {
			for n := len(w.b) - start; n < commentColumn; n++ {
				w.str(" ")
			}
			w.str(" # ", comment)
		}
		w.str("\n")
	}
}

// commentColumn is where comments stand behind instructions.
const commentColumn = 40

// plain reports whether a comment comes back as it is from behind a '#'.
func plain(comment string) bool {
	if comment == "" || !utf8.ValidString(comment) || strings.Trim(comment, " \t#/") != comment {
		return false
	}
	for _, c := range []byte(comment) {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// goesOn reports whether the instruction behind i is of the same source line: it has the same comment and position. rest
// are the comments behind that of i.
func (w *sourceWriter) goesOn(i int, comment string, rest []Comment) bool {
	if len(rest) == 0 || rest[0] != (Comment{Index: i + 1, Text: comment}) {
		return false
	}
	positions := w.p.spec.Positions
	return len(positions) == 0 || positions[i+1] == positions[i]
}

// location appends where instruction i and those behind it come from, and the text of their source line if there is one.
func (w *sourceWriter) location(i int, line string) {
	if positions := w.p.spec.Positions; len(positions) > 0 {
		w.position(positions[i])
	} else {
		w.str(".loc")
	}
	if line != "" || len(w.p.spec.Positions) == 0 {
		w.str(" ")
		w.b = appendQuoted(w.b, line)
	}
	w.str("\n")
}

// position appends a .loc without its end.
func (w *sourceWriter) position(pos Position) {
	file := 0
	if pos.File != "" {
		if file = slices.Index(w.files, pos.File) + 1; file == 0 {
			w.files = append(w.files, pos.File)
			file = len(w.files)
			w.str(".file ")
			w.dec(int64(file))
			w.quoted(" ", pos.File)
		}
	}
	w.str(".loc ")
	w.dec(int64(file))
	w.str(" ")
	w.dec(int64(pos.Line))
}
