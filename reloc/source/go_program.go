package source

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// program writes a program as data and the function that returns it.
func (w *goWriter) program(i int) {
	p, name := w.programs[i], w.names.programs[i]
	w.printf("\n// %sProgram returns program %s: %v, %d slots", name, oneLine(p.Name()), p.Type(), p.Slots())
	if !p.Linked() {
		w.printf(", not linked yet")
	}
	w.printf(".\nfunc %sProgram() (*asm.Program, error) {\n\treturn program(asm.ProgramSpec{\n\t\tName: %q,\n", name, p.Name())
	w.printf("\t\tType: %d, // %v\n", uint32(p.Type()), p.Type())
	if t := p.AttachType(); t != 0 {
		w.printf("\t\tAttachType: %d, // %v\n", uint32(t), t)
	}
	if p.AttachTo() != "" {
		w.printf("\t\tAttachTo: %q,\n", p.AttachTo())
	}
	if p.Flags() != 0 {
		w.printf("\t\tFlags: %#x,\n", uint32(p.Flags()))
	}
	w.printf("\t\tLicense: %q,\n", p.License())
	if functions := p.Functions(); len(functions) > 1 || functions[0].Name != p.Name() {
		w.printf("\t\tFunctions: []asm.Label{\n")
		for _, f := range functions {
			w.printf("\t\t\t{Name: %q, Index: %d},\n", f.Name, f.Index)
		}
		w.printf("\t\t},\n")
	}
	if !p.Linked() {
		w.printf("\t\tReferences: []asm.Reference{\n")
		for _, r := range p.References() {
			kind := "asm.RefMap"
			if r.Kind == asm.RefMapValue {
				kind = "asm.RefMapValue"
			}
			w.printf("\t\t\t{Index: %d, Kind: %s, Symbol: %q},\n", r.Index, kind, r.Symbol)
		}
		w.printf("\t\t},\n")
	}
	var specs []string
	for _, m := range p.Maps() {
		if at := slices.IndexFunc(w.maps, func(u mapUse) bool { return u.described && u.Name == m.Name }); at >= 0 {
			specs = append(specs, w.names.maps[at]+"Spec()")
		}
	}
	if specs != nil {
		w.printf("\t\tMaps: []asm.MapSpec{%s},\n", strings.Join(specs, ", "))
	}
	if comments := p.Spec().Comments; len(comments) > 0 {
		w.printf("\t\tComments: []asm.Comment{\n")
		for _, c := range comments {
			w.printf("\t\t\t{Index: %d, Text: %q},\n", c.Index, c.Text)
		}
		w.printf("\t\t},\n")
	}
	w.printf("\t}, code%s[:])\n}\n\nvar code%s = [...]insn{\n", name, name)
	if len(w.files) > 0 {
		w.printf("\t// line file op dst src off imm\n")
	} else {
		w.printf("\t// op dst src off imm\n")
	}
	for i, r := range rows(p) {
		for _, l := range r.labels {
			w.printf("\t// %s:\n", l)
		}
		if r.source != "" {
			w.printf("\t// %s\n", r.source)
		}
		imm := r.Imm
		if r.symbol != "" {
			imm &^= 0xffffffff // the place for the descriptor
		}
		place := ""
		if len(w.files) > 0 {
			file, line := w.position(p.Position(i))
			place = fmt.Sprintf("%d, %d, ", line, file)
		}
		w.printf("\t{%s0x%02x, %d, %d, %d, %d}, // %s\n", place, uint8(r.Op), r.Dst, r.Src, r.Off, imm, r.text)
	}
	w.printf("}\n")
}

// position returns the number of a file, 0 for none, and a line. What does not fit the fields of insn is left out.
func (w *goWriter) position(at asm.Position) (file, line int) {
	if at.Line <= 0 || at.Line > 1<<16-1 {
		return 0, 0
	}
	name := filepath.Base(at.File)
	i := slices.Index(w.files, name)
	if i < 0 {
		if len(w.files) == 1<<8-1 {
			return 0, 0
		}
		i = len(w.files)
		w.files = append(w.files, name)
	}
	return i + 1, at.Line
}

// spec writes the function that describes a map.
func (w *goWriter) spec(i int) {
	m, name := &w.maps[i].MapSpec, w.names.maps[i]
	w.printf("\n// %sSpec describes the map %s.\nfunc %sSpec() asm.MapSpec {\n\treturn asm.MapSpec", name, oneLine(m.Name), name)
	w.mapSpec(m)
	w.printf("\n}\n")
}

func (w *goWriter) mapSpec(m *asm.MapSpec) {
	w.printf("{\n\t\tName: %q,\n\t\tType: %d, // %v\n", m.Name, uint32(m.Type), m.Type)
	for _, f := range []struct {
		name  string
		value uint64
	}{{"KeySize", uint64(m.KeySize)}, {"ValueSize", uint64(m.ValueSize)}, {"MaxEntries", uint64(m.MaxEntries)}, {"NUMANode", uint64(m.NUMANode)}} {
		if f.value != 0 {
			w.printf("\t\t%s: %d,\n", f.name, f.value)
		}
	}
	if m.Flags != 0 {
		w.printf("\t\tFlags: %#x,\n", uint32(m.Flags))
	}
	if m.Extra != 0 {
		w.printf("\t\tExtra: %#x,\n", m.Extra)
	}
	if m.PinByName {
		w.printf("\t\tPinByName: true,\n")
	}
	if m.Contents != "" {
		w.printf("\t\tContents: %s,\n", contents(m.Contents))
	}
	w.layout("Key", m.Key)
	w.layout("Value", m.Value)
	if m.Inner != nil {
		w.printf("\t\tInner: &asm.MapSpec")
		w.mapSpec(m.Inner)
		w.printf(",\n")
	}
	w.printf("\t}")
}

// contents returns bytes as a literal, 32 on a line.
func contents(s string) string {
	const width = 32
	var lines []string
	for len(s) > width {
		lines = append(lines, fmt.Sprintf("%q", s[:width]))
		s = s[width:]
	}
	lines = append(lines, fmt.Sprintf("%q", s))
	return strings.Join(lines, " +\n")
}

func (w *goWriter) layout(field string, s *asm.Struct) {
	if s == nil {
		return
	}
	w.printf("\t\t%s: ", field)
	w.structure(s)
	w.printf(",\n")
}

func (w *goWriter) structure(s *asm.Struct) {
	w.printf("asm.NewStruct(%q", s.Name())
	for _, m := range s.Members() {
		w.printf(",\n\t\t\tasm.Member{")
		if m.Name != "" {
			w.printf("Name: %q, ", m.Name)
		}
		if m.Struct != nil {
			w.printf("Struct: ")
			w.structure(m.Struct)
		} else {
			size := map[int]string{1: "asm.B", 2: "asm.H", 4: "asm.W", 8: "asm.DW"}[m.Size.Bytes()]
			if size == "" {
				size = fmt.Sprint(uint8(m.Size))
			}
			w.printf("Size: %s", size)
		}
		if m.Signed && m.Struct == nil {
			w.printf(", Signed: true")
		}
		if m.Count != 0 {
			w.printf(", Count: %d", m.Count)
		}
		w.printf("}")
	}
	w.printf(")")
}

// support writes what all programs share.
func (w *goWriter) support() {
	w.printf("\n// insn is an instruction")
	if len(w.files) > 0 {
		w.printf(" and where it was asked for: file counts files from 1, 0 stands for unknown")
	}
	w.printf(".\ntype insn struct {\n")
	if len(w.files) > 0 {
		w.printf("\tline uint16\n\tfile uint8\n")
	}
	w.printf("\top, dst, src uint8\n\toff int16\n\timm int64\n}\n")
	if len(w.files) > 0 {
		w.printf("\nvar files = [...]string{\n")
		for _, f := range w.files {
			w.printf("\t%q,\n", f)
		}
		w.printf("}\n")
	}
	w.printf(`
func program(spec asm.ProgramSpec, code []insn) (*asm.Program, error) {
	spec.Instructions = make([]asm.Instruction, len(code))
`)
	if len(w.files) > 0 {
		w.printf("\tspec.Positions = make([]asm.Position, len(code))\n")
	}
	w.printf(`	for i, c := range code {
		spec.Instructions[i] = asm.Instruction{Op: asm.Opcode(c.op), Dst: asm.Register(c.dst), Src: asm.Register(c.src), Off: c.off, Imm: c.imm}
`)
	if len(w.files) > 0 {
		w.printf("\t\tif c.file > 0 {\n\t\t\tspec.Positions[i] = asm.Position{File: files[c.file-1], Line: int(c.line)}\n\t\t}\n")
	}
	w.printf("\t}\n\treturn asm.NewProgram(spec)\n}\n")
}
