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

	programNames map[string]*asm.Program
	mapNames     map[string]int // indices of maps
	functions    map[string]function
}

// function is a function of a program of the object.
type function struct {
	program *asm.Program
	index   int          // in program.Functions
	other   *asm.Program // has a function of that name, too
}

// NewObject puts programs together. Programs that describe a map of the same name share that map and must describe it
// alike; no two programs, and no program and map, may have the same name.
func NewObject(programs ...*asm.Program) (*Object, error) {
	o := &Object{
		programs:     append([]*asm.Program(nil), programs...),
		programNames: make(map[string]*asm.Program, len(programs)),
		mapNames:     make(map[string]int),
		functions:    make(map[string]function, len(programs)),
	}
	var errs []error
	for _, p := range programs {
		o.addFunctions(p)
		if q, ok := o.programNames[p.Name()]; !ok {
			o.programNames[p.Name()] = p
		} else if q != p {
			errs = append(errs, fmt.Errorf("%w: program %s", ErrDuplicate, p.Name()))
		}
		for _, m := range p.Maps() {
			known, ok := o.mapNames[m.Name]
			switch {
			case !ok:
				o.mapNames[m.Name] = len(o.maps)
				o.maps = append(o.maps, m)
			case !o.maps[known].Equal(m):
				errs = append(errs, fmt.Errorf("%w: program %s describes map %s in another way than the programs before it", ErrDuplicate, p.Name(), m.Name))
			}
		}
	}
	for i := range o.maps {
		name := o.maps[i].Name
		if _, ok := o.programNames[name]; ok {
			errs = append(errs, fmt.Errorf("%w: %s is a program and a map", ErrDuplicate, name))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("make object: %w", errors.Join(errs...))
	}
	return o, nil
}

func (o *Object) addFunctions(p *asm.Program) {
	for i, f := range p.Functions() {
		known, ok := o.functions[f.Name]
		switch {
		case !ok:
			o.functions[f.Name] = function{program: p, index: i}
		case known.other == nil && (known.program != p || known.index != i):
			known.other = p
			o.functions[f.Name] = known
		}
	}
}

// Programs returns the programs in the order they were given.
func (o *Object) Programs() []*asm.Program { return slices.Clone(o.programs) }

// Program returns the program of the given name.
func (o *Object) Program(name string) (*asm.Program, bool) {
	p, ok := o.programNames[name]
	return p, ok
}

// Maps returns what the programs say of the maps that they name, in the order of first mention. Maps that no program
// describes are not among them; whoever links gives these.
func (o *Object) Maps() []asm.MapSpec {
	var specs []asm.MapSpec
	seen := make(map[string]bool, len(o.maps))
	for _, p := range o.programs {
		for _, m := range p.Maps() { // Program.Maps copies, inner specs too
			if !seen[m.Name] {
				seen[m.Name] = true
				specs = append(specs, m)
			}
		}
	}
	return specs
}

// mapSpec returns what the programs say of a map, nil if they say nothing.
func (o *Object) mapSpec(name string) *asm.MapSpec {
	if i, ok := o.mapNames[name]; ok {
		return &o.maps[i]
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
	linked, err := o.link(symbols, o.programs, true)
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
	main := o.main()
	if len(main) == 0 && len(o.programs) > 0 {
		return nil, fmt.Errorf("link: %w: no program of the object has a type, and those of type unspec are functions of others (%s is the first)",
			ErrWrongKind, o.programs[0].Name())
	}
	return o.link(symbols, main, true)
}

// LinkSome is Link for whoever does not have all of the maps: references to maps that are not in symbols stay, so that
// the result can be linked again. Of an object of functions only it returns all, each with those that it calls.
func (o *Object) LinkSome(symbols Symbols) ([]*asm.Program, error) {
	main := o.main()
	if len(main) == 0 {
		main = o.programs
	}
	return o.link(symbols, main, false)
}

// main returns the programs that are not functions of others only.
func (o *Object) main() []*asm.Program {
	var main []*asm.Program
	for _, p := range o.programs {
		if p.Type() != asm.UnspecProgram {
			main = append(main, p)
		}
	}
	return main
}

func (o *Object) link(symbols Symbols, programs []*asm.Program, all bool) ([]*asm.Program, error) {
	errs := o.checkSymbols(symbols)
	linked := make([]*asm.Program, 0, len(programs))
	for _, p := range programs {
		l := linker{object: o, symbols: symbols, main: p, all: all}
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
		names = append(names, name)
	}
	slices.Sort(names)
	var referred map[string]bool
	for _, name := range names {
		s := symbols[name]
		spec := o.mapSpec(name)
		f, err := o.function(name)
		if spec == nil && referred == nil {
			referred = o.referred()
		}
		switch {
		case s.kind == noSymbol:
			errs = append(errs, fmt.Errorf("%w: %s is the zero Symbol", ErrWrongKind, name))
		case s.fd < 0:
			errs = append(errs, fmt.Errorf("%w: %s is a map with descriptor %d", ErrWrongKind, name, s.fd))
		case err == nil:
			errs = append(errs, fmt.Errorf("%w: %s is the function %s of the object, not a map", ErrWrongKind, name, f.program.Functions()[f.index].Name))
		case spec == nil && !referred[name]:
			errs = append(errs, fmt.Errorf("%w %s: no program refers to it", ErrUnknownSymbol, name))
		case spec != nil && s.kind == mapWithSpec:
			if err := compatible(&s.spec, spec); err != nil {
				errs = append(errs, fmt.Errorf("%w: map %s %w", ErrWrongKind, name, err))
			}
		}
	}
	return errs
}

// referred returns the symbols that programs refer to.
func (o *Object) referred() map[string]bool {
	names := make(map[string]bool)
	for _, p := range o.programs {
		for _, r := range p.References() {
			names[r.Symbol] = true
		}
	}
	return names
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
func (o *Object) function(name string) (function, error) {
	if p, ok := o.programNames[name]; ok {
		return function{program: p}, nil
	}
	f, ok := o.functions[name]
	switch {
	case !ok:
		return f, fmt.Errorf("%w %s", ErrUnresolved, name)
	case f.other != nil:
		return f, fmt.Errorf("%w: programs %s and %s both have a subprogram %s", ErrDuplicate, f.program.Name(), f.other.Name(), name)
	}
	return f, nil
}
