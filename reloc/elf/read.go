package elf

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/reloc"
)

// Read makes an object of the bytes of an ELF file as clang 14 and later write them for either byte order, with or
// without -g. The file's name serves errors.
//
// Programs are of the type that the name of their section says, as libbpf takes it, whether or not it begins with
// '?'; in a section of another name they are of type asm.UnspecProgram, and whoever knows better makes programs of
// their Spec. Every other function is a program of type asm.UnspecProgram too, whose instructions Object.Link
// copies behind those of its callers. The programs are in the order of the file.
//
// Maps are those of section .maps, with the layouts of keys and values, and of section maps; a definition of zeros
// there only gives a name, as does a variable that is declared (extern) and not defined: such maps are not
// described, and whoever links gives them. Sections .rodata, .data and .bss, and those whose names continue these,
// are maps of that name. Source lines and their text become positions and comments. A program of an object without
// licence has asm.NoLicense.
//
// Errors that wrap errors.ErrUnsupported name what the object needs and this package does not do: relocations
// against the types of a running kernel (CO-RE), functions and variables of the kernel and its configuration
// (kfunc, ksym, kconfig), symbols that may be missing (weak), struct_ops, maps and data that have addresses in
// them when they are created.
func Read(file string, data []byte) (*reloc.Object, error) {
	o, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	r := &reader{object: o, license: asm.NoLicense, mapIndex: make(map[string]int), mapAt: make(map[place]string), dataAt: make(map[int]string)}
	for _, step := range []func() error{r.readLicense, r.readTypes, r.readMaps, r.readData, r.readFunctions, r.readPrograms} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	read, err := reloc.NewObject(r.programs...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return read, nil
}

// reader is what is known of an object so far.
type reader struct {
	*object
	missing missing
	license string
	types   *types                    // nil when the object has none
	lines   map[string][]btf.LineInfo // of a section, in order; a slot is one of the section

	maps     []asm.MapSpec
	mapIndex map[string]int   // of a map's name in maps
	mapAt    map[place]string // what symbols in .maps and maps name
	dataAt   map[int]string   // what the symbols of a section are in

	functions []code // in the order of the file
	programs  []*asm.Program
}

// place is a byte of a section.
type place struct {
	section int
	offset  uint64
}

// holdsMaps reports whether a section has definitions of maps.
func (h *elfSection) holdsMaps() bool {
	return h.kind == progBits && (h.name == ".maps" || h.name == "maps")
}

// holdsData reports whether a section becomes a map.
func (h *elfSection) holdsData() bool {
	switch h.kind {
	case progBits:
		return isOrBelow(h.name, asm.SectionData) || isOrBelow(h.name, asm.SectionRodata)
	case noBits:
		return isOrBelow(h.name, asm.SectionBSS)
	}
	return false
}

// readLicense takes the licence up to its first NUL, as libbpf does.
func (r *reader) readLicense() error {
	s := r.section("license")
	if s == nil {
		return nil
	}
	text, _, _ := strings.Cut(string(s.data), "\x00")
	switch {
	case len(text) > maxName:
		return fmt.Errorf("section license: %d bytes", len(text))
	case text != "":
		r.license = text
	}
	return nil
}

// readPrograms makes programs of the functions. Maps that none of them refers to are described by the first.
func (r *reader) readPrograms() error {
	if err := r.missing.err(); err != nil && len(r.functions) == 0 {
		return err
	}
	if len(r.functions) == 0 {
		return fmt.Errorf("no functions: no section with instructions has a symbol of a function")
	}
	specs := make([]asm.ProgramSpec, len(r.functions))
	described := make(map[string]bool)
	for i := range r.functions {
		f := &r.functions[i]
		if err := r.readCode(f, &specs[i]); err != nil {
			return fmt.Errorf("section %s: function %s: %w", r.sections[f.section].name, f.name, err)
		}
		r.describe(&specs[i], described)
	}
	if err := r.missing.err(); err != nil {
		return err
	}
	for _, m := range r.maps {
		if !described[m.Name] {
			specs[0].Maps = append(specs[0].Maps, m)
		}
	}
	for i := range specs {
		p, err := readProgram(specs[i])
		if err != nil {
			return fmt.Errorf("section %s: %w", r.sections[r.functions[i].section].name, err)
		}
		r.programs = append(r.programs, p)
	}
	return nil
}

// readProgram makes the program. Lines that only say what the instruction is, as Append writes them where the author says
// nothing, are no comments.
func readProgram(spec asm.ProgramSpec) (*asm.Program, error) {
	said := spec.Comments
	spec.Comments = nil
	p, err := asm.NewProgram(spec)
	if err != nil || len(said) == 0 {
		return p, err
	}
	lines := p.Lines()
	own := false // whether the comments of this line are its first instruction
	for n, c := range said {
		if n == 0 || said[n-1] != (asm.Comment{Index: c.Index - 1, Text: c.Text}) || p.Position(c.Index) != p.Position(c.Index-1) {
			own = isInstruction(c.Text, lines[c.Index])
		}
		if !own {
			spec.Comments = append(spec.Comments, c)
		}
	}
	return asm.NewProgram(spec)
}

// isInstruction reports whether text is the instruction, of which the line may call what it jumps to by another name.
func isInstruction(text, line string) bool {
	const jump = "goto "
	at := strings.Index(line, jump)
	return text == line || at >= 0 && strings.HasPrefix(text, line[:at+len(jump)])
}

// describe gives a program the maps that it refers to, in the order of its references.
func (r *reader) describe(spec *asm.ProgramSpec, described map[string]bool) {
	own := make(map[string]bool)
	for _, ref := range spec.References {
		if ref.Kind != asm.RefMap && ref.Kind != asm.RefMapValue || own[ref.Symbol] {
			continue
		}
		own[ref.Symbol] = true
		if at, ok := r.mapIndex[ref.Symbol]; ok {
			described[ref.Symbol] = true
			spec.Maps = append(spec.Maps, r.maps[at])
		}
	}
}
