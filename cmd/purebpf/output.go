package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// outputFlags are the flags of the commands that write programs.
type outputFlags struct {
	flags                                        *flags
	file, to, order, program, pkg, symbol, ctype *string
	extended                                     *bool
}

// output declares the flags that say where to and in which format a command writes. Standard says what is written without
// -to and an extension of -o that tells, "" for nothing.
func (f *flags) output(standard string) *outputFlags {
	return &outputFlags{
		flags:    f,
		file:     f.path("o", "FILE", "", "the file to write, standard output if not given"),
		to:       f.choice("to", "FORMAT", "", formatHelp(standard), outputFormats()...),
		program:  f.text("program", "NAME", "", "write one program of several"),
		extended: f.on("extended", "make eBPF of a classic program, as the kernel does"),
		order:    f.choice("order", "", "", "the byte order of objects and bytes, by default this machine's", "little", "big"),
		pkg:      f.text("package", "NAME", "", "the package of -to go, by default the name of the program"),
		symbol:   f.text("symbol", "NAME", "", "the name of the program in -to c-nginx"),
		ctype:    f.text("struct", "NAME", "", "the type of the program in -to c-nginx"),
	}
}

// formatHelp lists the formats.
func formatHelp(standard string) string {
	s := "the format, by default that of FILE's extension"
	if standard != "" {
		s += ", else " + standard
	}
	s += ":"
	for _, f := range formats() {
		if f.write != nil {
			s += fmt.Sprintf("\n%-11s  %s", f.name, f.what)
			if len(f.extensions) > 0 {
				s += " (" + strings.Join(f.extensions, " ") + ")"
			}
		}
	}
	return s
}

// write writes programs in the format that the flags choose, or in the standard one.
func (o *outputFlags) write(c *console, in *input, standard string) error {
	if *o.extended {
		var err error
		if in, err = in.toExtended(); err != nil {
			return err
		}
	}
	name := *o.to
	if name == "" && slices.Contains(outputFormats(), extensionFormat(*o.file)) {
		name = extensionFormat(*o.file)
	}
	if name == "" {
		name = standard
	}
	if name == "" {
		return misuse("which format? -to %s", alternatives(outputFormats()))
	}
	f := findFormat(name)
	if err := o.check(f); err != nil {
		return err
	}
	b, err := f.write(in, &outputOptions{
		order: byteOrder(*o.order), program: *o.program, pkg: *o.pkg, symbol: *o.symbol, ctype: *o.ctype,
	})
	if err != nil {
		return err
	}
	return c.writeOut(*o.file, b, f)
}

// check refuses flags that are for other formats.
func (o *outputFlags) check(f format) error {
	for _, part := range []struct {
		flag    string
		formats []string
	}{
		{"order", []string{"elf", "raw", "classic-raw", "hex", "classic-hex"}},
		{"package", []string{"go"}},
		{"symbol", []string{"c-nginx"}},
		{"struct", []string{"c-nginx"}},
	} {
		if o.flags.given(part.flag) && !slices.Contains(part.formats, f.name) {
			return misuse("-%s is for -to %s, not for %s", part.flag, alternatives(part.formats), f.name)
		}
	}
	return nil
}

// writeOut writes to a file, or to standard output if path is empty or "-".
func (c *console) writeOut(path string, b []byte, f format) error {
	if path != "" && path != "-" {
		return writeFile(path, b)
	}
	if f.binary && c.screen {
		return misuse("%s is not for a terminal: give -o FILE, or -to hex or another format of text", f.name)
	}
	_, err := c.stdout.Write(b)
	return err
}

// printJSON prints what a script reads: v, indented, and a line end.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
