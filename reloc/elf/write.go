package elf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/reloc"
)

// Options say how to write an object. The zero value and nil are the defaults.
type Options struct {
	// Order is the byte order of the machines that the object is for. Nil is the order of this one; give an order where
	// the bytes have to be the same wherever they are made.
	Order binary.ByteOrder
}

// Append appends the object as a relocatable ELF file for EM_BPF, which bpftool, libbpf, cilium/ebpf and Read take. The
// same object gives the same bytes.
//
// Programs stand in sections of libbpf's names, by which it finds out their types; subprograms, of all programs, stand in
// .text. Maps are described in .maps; global data are sections of their own. BTF names functions, map keys, values and
// variables, and .BTF.ext has the source lines of instructions. Where no instruction has one it has none; libbpf remarks on
// that and loads the programs.
//
// Numbers of kernel functions and types, which are those of one kernel's BTF, go in as they are.
//
// An object file cannot say everything. The error joins what it cannot: a program type or flag without a section name,
// programs of different licences, a call of another program, a reference to a map that nothing describes or to a
// descriptor, contents of a map that is not named as a data section, more than 64 MiB of zeros behind the contents of one
// that is (.bss takes them), a map whose name is no identifier. Of more than 20 it counts the others. Nothing is appended
// then.
func Append(b []byte, o *reloc.Object, opts *Options) ([]byte, error) {
	var order appendOrder = binary.NativeEndian
	if opts != nil && opts.Order != nil {
		if order = binary.LittleEndian; opts.Order.Uint16([]byte{0, 1}) == 1 {
			order = binary.BigEndian
		}
	}
	w := &writer{
		object: o, maps: o.Maps(), file: file{order: order}, types: btf.NewEncoder(order),
		begins: make(map[*asm.Program]int), byName: make(map[string][]*function),
		taken: make(map[string]bool), symbols: make(map[string]*symbol),
	}
	w.write()
	if w.more > 0 {
		w.errs = append(w.errs, fmt.Errorf("and %d more", w.more))
	}
	if len(w.errs) > 0 {
		return b, fmt.Errorf("write object: %w", errors.Join(w.errs...))
	}
	return w.file.append(b), nil
}

// appendOrder is a byte order of package binary.
type appendOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// writer makes a file of an object.
type writer struct {
	object *reloc.Object
	maps   []asm.MapSpec
	file   file
	types  *btf.Encoder

	functions []*function
	begins    map[*asm.Program]int   // where in functions those of a program begin
	byName    map[string][]*function // by their names in the programs
	symbols   map[string]*symbol     // of maps; for data the section's
	taken     map[string]bool        // names of symbols
	errs      []error                // the first
	more      int                    // errors beyond these
}

func (w *writer) write() {
	w.reserve()
	w.place()
	for i := range w.maps {
		w.data(&w.maps[i])
	}
	w.definitions()
	w.license()
	for _, f := range w.functions {
		w.code(f)
	}
	if len(w.errs) > 0 {
		return
	}
	w.describe()
	if w.file.full() {
		w.fail("%d sections: with their relocations they are more than a file has", len(w.file.parts))
	}
}

// maxErrors is how many errors Append tells.
const maxErrors = 20

// fail reports what the file cannot say.
func (w *writer) fail(format string, args ...any) {
	if len(w.errs) == maxErrors {
		w.more++
		return
	}
	w.errs = append(w.errs, fmt.Errorf(format, args...))
}

// reserve takes the names that programs and maps have to keep.
func (w *writer) reserve() {
	programs := w.object.Programs()
	if len(programs) == 0 {
		w.fail("no programs")
	}
	for _, p := range programs {
		if p.Name() == "" || strings.Contains(p.Name(), "\x00") {
			w.fail("program %q: that is no name for a symbol", p.Name())
		}
		w.taken[p.Name()] = true
	}
	for i := range w.maps {
		w.taken[w.maps[i].Name] = true
	}
}

// unique takes a name for what only the file itself refers to.
func (w *writer) unique(name, owner string) string {
	if w.taken[name] && owner != "" {
		name = owner + "." + name
	}
	unique := name
	for n := 1; w.taken[unique]; n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	w.taken[unique] = true
	return unique
}

// license writes the licence, of which an object has one.
func (w *writer) license() {
	var license, first string
	for _, p := range w.object.Programs() {
		switch {
		case p.Type() == asm.UnspecProgram && license != "", license == p.License():
			// Functions have that of the program they end up in.
		case first == "":
			if license = p.License(); p.Type() != asm.UnspecProgram {
				first = p.Name()
			}
		default:
			w.fail("programs %s and %s have the licences %q and %q, an object has one", first, p.Name(), license, p.License())
		}
	}
	switch {
	case strings.Contains(license, "\x00"):
		w.fail("the licence %q has a NUL", license)
	case license != asm.NoLicense:
		w.file.add(&part{name: "license", kind: progBits, flags: flagAlloc | flagWrite, align: 1, data: append([]byte(license), 0)})
	}
}
