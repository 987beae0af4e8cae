// Package reloc makes programs ready to load: it fills in the descriptors of the maps they name and the subprograms they
// call.
//
// A program that asm.Builder made refers to its maps by name. Link gives the names their values and returns new
// programs; what it was given stays as it was, so one object may be linked any number of times, with other maps and
// from many goroutines:
//
//	object, err := reloc.NewObject(program)
//	...
//	linked, err := object.Link(reloc.Symbols{"workers": reloc.MapFD(fd)})
//
// Link is strict: a symbol that nothing describes or refers to, a reference that no symbol satisfies and a symbol of
// another kind than the program expects are errors, and all of them are reported together.
package reloc

import (
	"errors"
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// What is wrong with the symbols that an object is linked with. Errors of Link wrap these.
var (
	ErrUnknownSymbol = errors.New("unknown symbol")         // given, but nothing describes or refers to it
	ErrUnresolved    = errors.New("unresolved symbol")      // referred to, but not given
	ErrWrongKind     = errors.New("symbol of a wrong kind") // given, but not what the reference needs
	ErrDuplicate     = errors.New("duplicate definition")   // two programs or maps of one name
)

// Object is a set of programs and the maps that they name. It never changes.
type Object struct {
	programs []*asm.Program
	maps     []asm.MapSpec
}

// NewObject puts programs together. Programs that describe a map of the same name share that map and must describe it
// alike; no two programs, and no program and map, may have the same name.
func NewObject(programs ...*asm.Program) (*Object, error) {
	o := &Object{programs: append([]*asm.Program(nil), programs...)}
	var errs []error
	first, maps := make(map[string]*asm.Program, len(programs)), make(map[string]int)
	for _, p := range programs {
		if q, ok := first[p.Name()]; !ok {
			first[p.Name()] = p
		} else if q != p {
			errs = append(errs, fmt.Errorf("%w: program %s", ErrDuplicate, p.Name()))
		}
		for _, m := range p.Maps() {
			known, ok := maps[m.Name]
			switch {
			case !ok:
				maps[m.Name] = len(o.maps)
				o.maps = append(o.maps, m)
			case !o.maps[known].Equal(m):
				errs = append(errs, fmt.Errorf("%w: program %s describes map %s in another way than the programs before it", ErrDuplicate, p.Name(), m.Name))
			}
		}
	}
	for i := range o.maps {
		name := o.maps[i].Name
		if _, ok := first[name]; ok {
			errs = append(errs, fmt.Errorf("%w: %s is a program and a map", ErrDuplicate, name))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("make object: %w", errors.Join(errs...))
	}
	return o, nil
}

// Programs returns the programs in the order they were given.
func (o *Object) Programs() []*asm.Program { return slices.Clone(o.programs) }

// Program returns the program of the given name.
func (o *Object) Program(name string) (*asm.Program, bool) {
	for _, p := range o.programs {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// Maps returns what the programs say of the maps that they name, in the order of first mention. Maps that no program
// describes are not among them; whoever links gives these.
func (o *Object) Maps() []asm.MapSpec {
	var specs []asm.MapSpec
	for _, p := range o.programs {
		for _, m := range p.Maps() { // Program.Maps copies, inner specs too
			if !slices.ContainsFunc(specs, func(s asm.MapSpec) bool { return s.Name == m.Name }) {
				specs = append(specs, m)
			}
		}
	}
	return specs
}

// mapSpec returns what the programs say of a map, nil if they say nothing.
func (o *Object) mapSpec(name string) *asm.MapSpec {
	for i := range o.maps {
		if m := &o.maps[i]; m.Name == name {
			return m
		}
	}
	return nil
}

// Symbols gives values to names.
type Symbols map[string]Symbol

// Symbol is the value of a name. Make one with MapFD or Map; the zero value is not a symbol.
type Symbol struct {
	kind symbolKind
	fd   int
	spec asm.MapSpec
}

type symbolKind uint8

const (
	noSymbol symbolKind = iota
	mapFD
	mapWithSpec
)

// MapFD is a map of which only the descriptor is known. The caller keeps the descriptor open until the program is
// loaded; from then on the program holds the map.
func MapFD(fd int) Symbol { return Symbol{kind: mapFD, fd: fd} }

// Map is a map whose type and sizes are known, so that Link can hold them against what the programs say of it.
func Map(fd int, spec asm.MapSpec) Symbol { return Symbol{kind: mapWithSpec, fd: fd, spec: spec} }

// Link gives a single program the values of its symbols, as Object.Link does.
func Link(p *asm.Program, symbols Symbols) (*asm.Program, error) {
	o, err := NewObject(p)
	if err != nil {
		return nil, err
	}
	linked, err := o.link(symbols, o.programs)
	if err != nil {
		return nil, err
	}
	return linked[0], nil
}

// Link returns the object's programs, in their order, with every reference resolved: to the descriptors in symbols, and
// to the functions of the object's other programs, which are copied behind the program that calls them. Programs of
// type asm.UnspecProgram are such functions only and are left out.
//
// Functions come in the order in which they are first needed, depth first, as libbpf places them.
//
// The error joins everything that is wrong; its parts wrap ErrUnknownSymbol, ErrUnresolved or ErrWrongKind. An object of
// functions only is ErrWrongKind, too: clang's objects are such where the name of a section does not tell the type.
func (o *Object) Link(symbols Symbols) ([]*asm.Program, error) {
	var main []*asm.Program
	for _, p := range o.programs {
		if p.Type() != asm.UnspecProgram {
			main = append(main, p)
		}
	}
	if len(main) == 0 && len(o.programs) > 0 {
		return nil, fmt.Errorf("link: %w: no program of the object has a type, and those of type unspec are functions of others (%s is the first)",
			ErrWrongKind, o.programs[0].Name())
	}
	return o.link(symbols, main)
}

func (o *Object) link(symbols Symbols, programs []*asm.Program) ([]*asm.Program, error) {
	errs := o.checkSymbols(symbols)
	linked := make([]*asm.Program, 0, len(programs))
	for _, p := range programs {
		l := linker{object: o, symbols: symbols, main: p}
		q, err := l.link()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		linked = append(linked, q)
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("link: %w", errors.Join(errs...))
	}
	return linked, nil
}

// checkSymbols reports the symbols that cannot be right for any program of the object, in the order of their names.
func (o *Object) checkSymbols(symbols Symbols) (errs []error) {
	names := make([]string, 0, len(symbols))
	for name := range symbols {
		i := len(names)
		names = append(names, name)
		for ; i > 0 && names[i-1] > name; i-- {
			names[i] = names[i-1]
		}
		names[i] = name
	}
	for _, name := range names {
		s := symbols[name]
		spec := o.mapSpec(name)
		_, function, err := o.function(name)
		switch {
		case s.kind == noSymbol:
			errs = append(errs, fmt.Errorf("%w: %s is the zero Symbol", ErrWrongKind, name))
		case s.fd < 0:
			errs = append(errs, fmt.Errorf("%w: %s is a map with descriptor %d", ErrWrongKind, name, s.fd))
		case err == nil:
			errs = append(errs, fmt.Errorf("%w: %s is the function %s of the object, not a map", ErrWrongKind, name, function.Name))
		case spec == nil && !o.refersTo(name):
			errs = append(errs, fmt.Errorf("%w %s: no program refers to it", ErrUnknownSymbol, name))
		case spec != nil && s.kind == mapWithSpec:
			if err := compatible(&s.spec, spec); err != nil {
				errs = append(errs, fmt.Errorf("%w: map %s %w", ErrWrongKind, name, err))
			}
		}
	}
	return errs
}

func (o *Object) refersTo(symbol string) bool {
	for _, p := range o.programs {
		for _, r := range p.References() {
			if r.Symbol == symbol {
				return true
			}
		}
	}
	return false
}

// compatible reports in what a map differs from what the programs compiled for it rely on.
func compatible(got, want *asm.MapSpec) error {
	switch {
	case got.Type != want.Type:
		return fmt.Errorf("is of type %v, the programs expect %v", got.Type, want.Type)
	case got.KeySize != want.KeySize:
		return fmt.Errorf("has keys of %d bytes, the programs expect %d", got.KeySize, want.KeySize)
	case got.ValueSize != want.ValueSize:
		return fmt.Errorf("has values of %d bytes, the programs expect %d", got.ValueSize, want.ValueSize)
	}
	return nil
}

// function finds a function by name: a program's main function, or a subprogram that only one program has.
func (o *Object) function(name string) (*asm.Program, asm.Label, error) {
	if p, ok := o.Program(name); ok {
		return p, p.Functions()[0], nil
	}
	var in *asm.Program
	var found asm.Label
	for _, p := range o.programs {
		for _, f := range p.Functions() {
			if f.Name != name {
				continue
			}
			if in != nil {
				return nil, asm.Label{}, fmt.Errorf("%w: programs %s and %s both have a subprogram %s", ErrDuplicate, in.Name(), p.Name(), name)
			}
			in, found = p, f
		}
	}
	if in == nil {
		return nil, asm.Label{}, fmt.Errorf("%w %s", ErrUnresolved, name)
	}
	return in, found, nil
}
