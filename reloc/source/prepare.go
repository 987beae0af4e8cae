package source

import (
	"errors"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// resolveCalls returns the object's programs with calls resolved and the references to maps as they were. Programs without
// type are functions for the others to call, unless there are no others: then their type is what the object did not know.
func resolveCalls(o *reloc.Object) ([]*asm.Program, error) {
	linked, err := o.LinkSome(nil)
	if err != nil {
		return nil, err
	}
	if len(linked) == 0 {
		return nil, errors.New("no programs")
	}
	for i, p := range linked {
		spec := p.Spec()
		if len(spec.Resolved) == 0 {
			continue
		}
		spec.Resolved = nil // of an earlier link: these have their descriptors, for better or worse
		if linked[i], err = asm.NewProgram(spec); err != nil {
			return nil, err
		}
	}
	return linked, nil
}

// row is an instruction with what to write about it.
type row struct {
	asm.Instruction
	labels []string // that stand before it
	source string   // the author's line and comment, where they are other than those of the instruction before
	text   string   // in LLVM's syntax
	symbol string   // of the map that it refers to
}

const opCall = asm.Opcode(uint8(asm.ClassJMP) | uint8(asm.OpCall))

// rows returns the program's instructions. Their texts are of one line and printable ASCII.
func rows(p *asm.Program) []row {
	rows := make([]row, 0, p.Len())
	var labels []string
	for text := range strings.Lines(string(printable(p).AppendText(nil, asm.LLVM))) {
		text = strings.TrimSuffix(text, "\n")
		instruction, ok := strings.CutPrefix(text, "\t")
		if !ok {
			labels = append(labels, strings.TrimSuffix(text, ":"))
			continue
		}
		i := len(rows)
		r := row{Instruction: p.At(i), labels: labels, text: instruction}
		if at := p.Position(i); i == 0 || at != p.Position(i-1) {
			r.source = sourceLine(p, i)
		}
		if r.Op == opCall && r.Src == asm.CallHelper {
			r.text = "call " + asm.Helper(r.Imm).String()
		}
		labels = nil
		rows = append(rows, r)
	}
	for _, r := range p.References() {
		rows[r.Index].symbol = r.Symbol
	}
	return rows
}

// sourceLine returns the place in the author's source and the comment on it: "dcid.go:57: short header".
func sourceLine(p *asm.Program, i int) string {
	var parts []string
	if at := p.Position(i); at.Line != 0 {
		parts = append(parts, at.String())
	}
	if text := p.Comment(i); text != "" {
		parts = append(parts, text)
	}
	return oneLine(strings.Join(parts, ": "))
}

// printable returns the program with names of printable ASCII and without comments, for its text.
func printable(p *asm.Program) *asm.Program {
	spec := p.Spec()
	spec.Comments = nil
	for _, names := range [][]asm.Label{spec.Functions, spec.Labels} {
		for i := range names {
			names[i].Name = oneLine(names[i].Name)
		}
	}
	for i := range spec.References {
		spec.References[i].Symbol = oneLine(spec.References[i].Symbol)
	}
	q, err := asm.NewProgram(spec)
	if err != nil {
		return p // cannot be: names are not checked beyond being there
	}
	return q
}

// oneLine replaces what is not printable ASCII.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, s)
}

// describeMap says what a map is in a line.
func describeMap(m *asm.MapSpec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, %d-byte keys, %d-byte values, max_entries %d", m.Type, m.KeySize, m.ValueSize, m.MaxEntries)
	if m.Flags != 0 {
		fmt.Fprintf(&b, ", flags %#x", uint32(m.Flags))
	}
	if m.Extra != 0 {
		fmt.Fprintf(&b, ", extra %#x", m.Extra)
	}
	if m.Flags&asm.MapNUMANode != 0 {
		fmt.Fprintf(&b, ", NUMA node %d", m.NUMANode)
	}
	if m.PinByName {
		b.WriteString(", pinned by name")
	}
	if m.Inner != nil {
		fmt.Fprintf(&b, "; of maps: %s", describeMap(m.Inner))
	}
	return b.String()
}

// unique returns names that nothing in it has taken yet, not even in capitals.
type unique map[string]bool

func (u unique) name(s string) string {
	name := s
	for n := 2; u[strings.ToUpper(name)]; n++ {
		name = fmt.Sprintf("%s_%d", s, n)
	}
	u[strings.ToUpper(name)] = true
	return name
}

// identifier replaces what no identifier has in it.
func identifier(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	return s
}
