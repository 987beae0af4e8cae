package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

// input is what an argument of the command line stands for: an object or a classic program.
type input struct {
	name    string // as it was given, for messages
	format  string // of the file, "" of a program that the tool ships
	object  *reloc.Object
	classic *classic.Program
	// classicName is the name of a classic program that was read from a format that has one for it.
	classicName string
}

// inputFlags are the flags of the commands that read programs.
type inputFlags struct{ from, order, kind *string }

// input declares the flags that say how to read an argument.
func (f *flags) input() *inputFlags { return f.inputOf(inputFormats()) }

func (f *flags) inputOf(formats []string) *inputFlags {
	return &inputFlags{
		from:  f.choice("from", "FORMAT", "", "the format of the input, where it cannot be told:\n"+folded(formats), formats...),
		order: f.choice("from-order", "", "", "the byte order of raw and hexadecimal input, where it cannot be told", "little", "big"),
		kind:  f.text("type", "TYPE", "", "the type of programs that do not say theirs: socket_filter, xdp, ..."),
	}
}

// folded returns words in lines that fit the help.
func folded(words []string) string {
	var b strings.Builder
	column := 0
	for i, w := range words {
		switch {
		case i == 0:
		case column+len(w) > 70:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
		}
		b.WriteString(w)
		column += 1 + len(w)
	}
	return b.String()
}

// read reads what one argument stands for: a program that the tool ships, a file, or standard input for "-".
func (in *inputFlags) read(c *console, arg string) (*input, error) {
	if *in.from == "" {
		kind, err := in.programType()
		if err != nil {
			return nil, err
		}
		shipped, err := shippedInput(arg)
		if err != nil {
			return nil, err
		}
		if shipped != nil {
			return shipped, shipped.setType(kind)
		}
	}
	return in.readFile(c, arg)
}

// readFile reads a file, or standard input for "-".
func (in *inputFlags) readFile(c *console, arg string) (*input, error) {
	kind, err := in.programType()
	if err != nil {
		return nil, err
	}
	name, data, err := c.readFile(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(arg, `/\.`):
		return nil, fmt.Errorf("%w, and no program has that name%s", err, didYouMean(arg, shippedNames()))
	case err != nil:
		return nil, err
	}
	d := document{name: name, data: data, kind: kind}
	if *in.order != "" {
		d.order = byteOrder(*in.order)
	}
	return d.read(*in.from)
}

func (in *inputFlags) programType() (asm.ProgramType, error) {
	if *in.kind == "" {
		return asm.UnspecProgram, nil
	}
	t, ok := asm.ProgramTypeByName(*in.kind)
	if !ok {
		return 0, misuse("no program type %q%s", *in.kind, didYouMean(*in.kind, programTypeNames()))
	}
	return t, nil
}

func programTypeNames() []string {
	var names []string
	for t := asm.SocketFilter; t <= asm.Netfilter; t++ {
		names = append(names, t.String())
	}
	return names
}

// byteOrder returns the order of that name, and this machine's for "".
func byteOrder(name string) binary.ByteOrder {
	native := binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	if name == "big" || name == "" && native {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// toExtended returns the input with an object, to which a classic program is converted.
func (in *input) toExtended() (*input, error) {
	o, err := in.extended()
	if err != nil {
		return nil, err
	}
	return &input{name: in.name, format: in.format, object: o}, nil
}

// extended returns the object, to which a classic program is converted.
func (in *input) extended() (*reloc.Object, error) {
	if in.classic == nil {
		return in.object, nil
	}
	p, err := classic.Convert(in.classic)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	spec := p.Spec()
	spec.Name, spec.Functions = in.nameOfClassic(), nil
	if p, err = asm.NewProgram(spec); err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	return reloc.NewObject(p)
}

// program returns the program of the given name, or the only one if name is empty: functions that others call do not
// count then. A classic program is converted.
func (in *input) program(name string) (*asm.Program, error) {
	o, err := in.extended()
	if err != nil {
		return nil, err
	}
	all := o.Programs()
	if name == "" {
		all = mainPrograms(o)
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name())
	}
	i := slices.Index(names, name)
	switch {
	case name == "" && len(all) == 1:
		return all[0], nil
	case name == "":
		return nil, fmt.Errorf("%s: has %d programs; which one: %s?", in.name, len(all), alternatives(names))
	case i < 0:
		return nil, fmt.Errorf("%s: has no program %s%s", in.name, name, didYouMean(name, names))
	}
	return all[i], nil
}

// mainPrograms returns the programs of an object that are not functions of others only; all if there is nothing else.
func mainPrograms(o *reloc.Object) []*asm.Program {
	all := o.Programs()
	named := slices.DeleteFunc(o.Programs(), isFunction)
	if len(named) == 0 {
		return all
	}
	return named
}

// shippedNames are the names of the programs and the object that the tool ships.
func shippedNames() []string {
	return []string{dcidName, bytemodName, recordName, redirectName, objectName}
}

// shippedInput returns the program that the tool ships under the name, nil if there is none.
func shippedInput(name string) (*input, error) {
	if !slices.Contains(shippedNames(), name) {
		return nil, nil
	}
	all, err := programs()
	if err != nil {
		return nil, err
	}
	if name == objectName {
		var both []*asm.Program
		for _, p := range all {
			if p.name == recordName || p.name == redirectName {
				both = append(both, p.extended)
			}
		}
		o, err := reloc.NewObject(both...)
		return &input{name: name, object: o}, err
	}
	for _, p := range all {
		switch {
		case p.name != name:
		case p.classic != nil:
			return &input{name: name, classic: p.classic}, nil
		default:
			o, err := reloc.NewObject(p.extended)
			return &input{name: name, object: o}, err
		}
	}
	return nil, nil
}

// baseName makes a name for a program of a file, of letters, digits and '_'.
func baseName(path string) string {
	base, _, _ := strings.Cut(filepath.Base(path), ".")
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, base)
	switch {
	case strings.Trim(name, "_") == "" || path == "<stdin>":
		return "program"
	case name[0] <= '9':
		return "_" + name
	}
	return name
}
