package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	format  string // one of inputFormats, or "" of a program that the tool ships
	object  *reloc.Object
	classic *classic.Program
}

// inputFlags are the flags of the commands that read programs.
type inputFlags struct {
	flags             *flags
	from, order, kind *string
}

// input declares the flags that say how to read an argument.
func (f *flags) input() *inputFlags {
	return &inputFlags{
		flags: f,
		from:  f.choice("from", "FORMAT", "", "the format of the input, where it cannot be told", inputFormats()...),
		order: f.choice("from-order", "", "", "the byte order of raw and hexadecimal input, by default this machine's", "little", "big"),
		kind:  f.text("type", "TYPE", "", "the type of programs that do not say theirs: socket_filter, xdp, ..."),
	}
}

// read reads what one argument stands for: a program that the tool ships, a file, or standard input for "-".
func (in *inputFlags) read(c *console, arg string) (*input, error) {
	kind, err := in.programType()
	if err != nil {
		return nil, err
	}
	if *in.from == "" {
		if shipped, err := shippedInput(arg); shipped != nil || err != nil {
			return shipped, err
		}
	}
	name, data, err := c.readFile(arg)
	if err != nil {
		return nil, err
	}
	d := document{name: name, data: data, order: byteOrder(*in.order), kind: kind}
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

// extended returns the object, to which a classic program is converted.
func (in *input) extended() (*reloc.Object, error) {
	if in.classic == nil {
		return in.object, nil
	}
	p, err := classic.Convert(in.classic)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	return reloc.NewObject(p)
}

// program returns the program of the given name, or the only one if name is empty. A classic program is converted.
func (in *input) program(name string) (*asm.Program, error) {
	o, err := in.extended()
	if err != nil {
		return nil, err
	}
	all := in.mainPrograms(o)
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

// mainPrograms returns the programs of an object that are not functions of others only; these if there is nothing else.
func (in *input) mainPrograms(o *reloc.Object) []*asm.Program {
	all := o.Programs()
	named := slices.DeleteFunc(slices.Clone(all), func(p *asm.Program) bool { return p.Type() == asm.UnspecProgram })
	if len(named) == 0 {
		return all
	}
	return named
}

// shippedInput returns the program that the tool ships under the name, nil if there is none.
func shippedInput(name string) (*input, error) {
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

// maxInput is the size of the largest input that is read, in bytes. Objects of a million instructions are half of it.
const maxInput = 64 << 20

// readFile returns the contents of a file, or of standard input for "-", and its name for messages.
func (c *console) readFile(arg string) (name string, data []byte, err error) {
	if arg == "-" {
		data, err = readAll("standard input", c.stdin)
		return "<stdin>", data, err
	}
	file, err := os.Open(arg)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(arg, `/\.`) {
		all, listErr := programs()
		if listErr != nil {
			return "", nil, listErr
		}
		return "", nil, fmt.Errorf("%w, and no program is called %s: %s%s", err, arg, names(all), didYouMean(arg, programNames(all)))
	}
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	data, err = readAll(arg, file)
	return arg, data, err
}

func readAll(name string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(data) > maxInput:
		return nil, fmt.Errorf("read %s: more than %d MiB", name, maxInput>>20)
	}
	return data, nil
}

// baseName makes a name for a program of a file.
func baseName(path string) string {
	base := filepath.Base(path)
	base, _, _ = strings.Cut(base, ".")
	if base == "" || base == "-" || base == "<stdin>" {
		return "program"
	}
	return base
}
