package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

var dumpCommand = command{
	name: "dump", args: "INPUT", summary: "list programs: bytes beside text, source lines, maps",
	help: `
Lists the programs of a file of any format, of standard input for -, or one that list names: what each is, the bytes of
each instruction beside its text, the line of the source that asked for it, and the maps. Where a program names a map,
the map's descriptor is missing.`,
	examples: []string{
		"purebpf dump dcid",
		"purebpf dump sockredir -program redirect_msg -order big",
		"purebpf dump bytemod",
		"purebpf dump dcid -json",
	},
	setup: func(f *flags) action {
		in := f.input()
		program := f.text("program", "NAME", "", "list one program of several")
		order := f.choice("order", "", "", "the byte order of the bytes, by default this machine's", "little", "big")
		json := f.on("json", "print it for a script")
		return func(c *console, args []string) error {
			arg, err := oneInput(args)
			if err != nil {
				return err
			}
			programs, err := in.read(c, arg)
			if err != nil {
				return err
			}
			l, err := newListing(programs, *program, byteOrder(*order))
			if err != nil {
				return err
			}
			if *json {
				return c.printJSON(l)
			}
			_, err = c.stdout.Write(l.text())
			return err
		}
	},
}

// listing is what dump shows.
type listing struct {
	Programs []listedProgram `json:"programs"`
	Maps     []listedMap     `json:"maps,omitempty"`
}

type listedProgram struct {
	Name         string              `json:"name"`
	Type         string              `json:"type"` // "classic" of a classic program
	AttachType   string              `json:"attach_type,omitempty"`
	AttachTo     string              `json:"attach_to,omitempty"`
	License      string              `json:"license,omitempty"`
	Slots        int                 `json:"slots"`
	Instructions []listedInstruction `json:"instructions"`
}

type listedInstruction struct {
	Slot   int      `json:"slot"`
	Labels []string `json:"labels,omitempty"`
	Bytes  string   `json:"bytes"` // in hexadecimal
	Text   string   `json:"text"`
	Source string   `json:"source,omitempty"` // file:line
	Note   string   `json:"comment,omitempty"`
	Symbol string   `json:"symbol,omitempty"`
	Kind   string   `json:"reference,omitempty"` // what the symbol is: map, map value, subprogram, function
}

type listedMap struct {
	Name       string `json:"name"`
	Type       string `json:"type,omitempty"` // nothing if no program describes the map
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Flags      uint32 `json:"flags,omitempty"`
	Contents   string `json:"contents,omitempty"` // in hexadecimal
}

func newListing(in *input, program string, order binary.ByteOrder) (*listing, error) {
	if in.classic != nil {
		return &listing{Programs: []listedProgram{listClassic(in, order)}}, nil
	}
	var l listing
	programs := in.object.Programs()
	if program != "" {
		p, err := in.program(program)
		if err != nil {
			return nil, err
		}
		programs = []*asm.Program{p}
	}
	described := make(map[string]bool)
	for _, p := range programs {
		l.Programs = append(l.Programs, listProgram(p, order))
		for _, m := range p.Maps() {
			if !described[m.Name] {
				l.Maps = append(l.Maps, listMap(m))
			}
			described[m.Name] = true
		}
	}
	for _, p := range programs {
		for _, r := range p.References() {
			if !callsFunction(r) && !described[r.Symbol] {
				described[r.Symbol] = true
				l.Maps = append(l.Maps, listedMap{Name: r.Symbol})
			}
		}
	}
	return &l, nil
}

func listMap(m asm.MapSpec) listedMap {
	return listedMap{
		Name: m.Name, Type: m.Type.String(), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
		Flags: uint32(m.Flags), Contents: fmt.Sprintf("%x", m.Contents),
	}
}

func listProgram(p *asm.Program, order binary.ByteOrder) listedProgram {
	l := listedProgram{
		Name: p.Name(), Type: p.Type().String(), AttachTo: p.AttachTo(), License: p.License(), Slots: p.Slots(),
	}
	if p.AttachType() != 0 {
		l.AttachType = p.AttachType().String()
	}
	b, text, refs := p.AppendTo(nil, order), instructionTexts(p), p.References()
	for i, ins := range p.All() {
		begin := slotSize * p.Slot(i)
		li := listedInstruction{
			Slot: p.Slot(i), Bytes: fmt.Sprintf("%x", b[begin:begin+slotSize*ins.Slots()]),
			Labels: text[i].labels, Text: text[i].text, Note: p.Comment(i),
		}
		if at := p.Position(i); at.Line > 0 {
			li.Source = at.String()
		}
		if len(refs) > 0 && refs[0].Index == i {
			li.Symbol, li.Kind = refs[0].Symbol, refs[0].Kind.String()
			refs = refs[1:]
		}
		l.Instructions = append(l.Instructions, li)
	}
	return l
}

// instructionText is a line of a program's text, with the labels before it.
type instructionText struct {
	labels []string
	text   string
}

// instructionTexts returns the text of every instruction in LLVM's syntax, in which jumps name labels.
func instructionTexts(p *asm.Program) []instructionText {
	all := make([]instructionText, 0, p.Len())
	var labels []string
	for line := range strings.Lines(p.String()) {
		line = strings.TrimSuffix(line, "\n")
		if text, ok := strings.CutPrefix(line, "\t"); ok {
			all = append(all, instructionText{labels, text})
			labels = nil
		} else {
			labels = append(labels, strings.TrimSuffix(line, ":"))
		}
	}
	return all
}

func listClassic(in *input, order binary.ByteOrder) listedProgram {
	p := in.classic
	l := listedProgram{Name: in.nameOfClassic(), Type: "classic", Slots: p.Len()}
	b, text := classicBytes(p, order), strings.Split(p.String(), "\n")
	for i := range p.All() {
		label, instruction, _ := strings.Cut(text[i], ":\t")
		li := listedInstruction{
			Slot: i, Labels: []string{label}, Bytes: fmt.Sprintf("%x", b[slotSize*i:][:slotSize]), Text: instruction,
		}
		if at := p.Position(i); at.Line > 0 {
			li.Source = at.String()
		}
		l.Instructions = append(l.Instructions, li)
	}
	return l
}

// nameOfClassic returns the name of a classic program. Most that were read have none, and are called as their file.
func (in *input) nameOfClassic() string {
	return cmp.Or(in.classic.Name(), in.classicName, baseName(in.name))
}

// text returns the listing for people.
func (l *listing) text() []byte {
	var b bytes.Buffer
	for i, p := range l.Programs {
		if i > 0 {
			b.WriteByte('\n')
		}
		p.print(&b)
	}
	for i, m := range l.Maps {
		if i == 0 {
			b.WriteByte('\n')
		}
		m.print(&b)
	}
	return b.Bytes()
}

func (p *listedProgram) print(b *bytes.Buffer) {
	fmt.Fprintf(b, "program %s: %s", p.Name, p.Type)
	if p.AttachType != "" {
		fmt.Fprintf(b, " %s", p.AttachType)
	}
	if p.AttachTo != "" {
		fmt.Fprintf(b, " at %s", p.AttachTo)
	}
	fmt.Fprintf(b, ", %d slots, %d bytes", p.Slots, slotSize*p.Slots)
	if p.License != "" {
		fmt.Fprintf(b, ", licence %q", p.License)
	}
	b.WriteByte('\n')
	source := ""
	for _, ins := range p.Instructions {
		ins.print(b, p.Type == "classic", &source)
	}
}

// print prints an instruction, and before it the line of the source if that is another than for the one before.
func (ins *listedInstruction) print(b *bytes.Buffer, classic bool, source *string) {
	if ins.Source != *source && ins.Source != "" {
		fmt.Fprintln(b, strings.TrimSpace("; "+ins.Source+" "+ins.Note))
	}
	*source = ins.Source
	text := ins.Text
	if classic {
		text = ins.Labels[0] + ":  " + text
	} else {
		for _, label := range ins.Labels {
			fmt.Fprintf(b, "%s:\n", label)
		}
	}
	if ins.Symbol != "" {
		text = fmt.Sprintf("%-28s ; %s", text, ins.Kind)
	}
	for slot := 0; 2*slotSize*slot < len(ins.Bytes); slot++ {
		fmt.Fprintf(b, "%4d  %s  %s", ins.Slot+slot, spaced(ins.Bytes[2*slotSize*slot:][:2*slotSize]), text)
		b.Truncate(len(bytes.TrimRight(b.Bytes(), " ")))
		b.WriteByte('\n')
		text = ""
	}
}

// spaced puts a blank between bytes in hexadecimal.
func spaced(hex string) string {
	var b strings.Builder
	for i := 0; i < len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hex[i : i+2])
	}
	return b.String()
}

func (m *listedMap) print(b *bytes.Buffer) {
	if m.Type == "" {
		fmt.Fprintf(b, "map %s: not described\n", m.Name)
		return
	}
	fmt.Fprintf(b, "map %s: %s, keys of %d bytes, values of %d, at most %d entries",
		m.Name, m.Type, m.KeySize, m.ValueSize, m.MaxEntries)
	if m.Flags != 0 {
		fmt.Fprintf(b, ", flags %#x", m.Flags)
	}
	if m.Contents != "" {
		fmt.Fprintf(b, ", contents %s", spaced(m.Contents))
	}
	b.WriteByte('\n')
}
