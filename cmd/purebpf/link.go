package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

var linkCommand = command{
	name: "link", args: "INPUT...", summary: "link programs to each other and to maps",
	help: `
Puts the programs of all inputs into one object. A program may call functions of another input, and refer to a map that
another input describes. What is called must be there, and nothing may be there twice. Global data of the inputs (.data,
.rodata, .bss) is put together.

-map NAME=FD puts a descriptor in wherever the programs name a map, as a loader does: functions are then copied behind
the programs that call them. -map NAME=TYPE:KEY:VALUE:ENTRIES describes a map that no input describes, with the sizes of
keys and values in bytes. Maps that are not given stay names.`,
	examples: []string{
		"purebpf link sockredir-record sockredir-redirect -o sockredir.o",
		"purebpf link dcid -map workers=5 -to hex",
		"purebpf link filter.s functions.s -map counts=array:4:8:65536 -o filter.o",
	},
	setup: func(f *flags) action {
		in, out := f.input(), f.output("elf")
		given := f.list("map", "NAME=...", "a map: NAME=FD, or NAME=TYPE:KEY:VALUE:ENTRIES")
		return func(c *console, args []string) error {
			if len(args) == 0 {
				return misuse("what? Files, - for standard input, or %s", alternatives(shippedNames()))
			}
			descriptors, described, err := parseMaps(*given)
			if err != nil {
				return err
			}
			var objects []*reloc.Object
			for _, arg := range args {
				one, err := in.read(c, arg)
				if err != nil {
					return err
				}
				if one.classic != nil && !*out.extended {
					return fmt.Errorf("%s %w", one.name, errClassic)
				}
				o, err := one.extended()
				if err != nil {
					return err
				}
				objects = append(objects, o)
			}
			programs, err := joinData(objects)
			if err != nil {
				return err
			}
			o, err := linkObject(programs, descriptors, described)
			if err != nil {
				return err
			}
			return out.write(c, &input{name: strings.Join(args, ", "), object: o}, "elf")
		}
	},
}

// parseMaps reads the values of -map.
func parseMaps(given []string) (descriptors map[string]int, described []asm.MapSpec, err error) {
	descriptors = make(map[string]int)
	seen := make(map[string]bool)
	for _, s := range given {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" || value == "" {
			return nil, nil, misuse("-map %s: want NAME=FD or NAME=TYPE:KEY:VALUE:ENTRIES", s)
		}
		if seen[name] {
			return nil, nil, misuse("-map %s: %s is given twice", s, name)
		}
		seen[name] = true
		if strings.Contains(value, ":") {
			m, err := parseMap(name, value)
			if err != nil {
				return nil, nil, misuse("-map %s: %v", s, err)
			}
			described = append(described, m)
			continue
		}
		fd, err := strconv.ParseInt(value, 10, 32)
		if err != nil || fd < 0 {
			return nil, nil, misuse("-map %s: %q is no descriptor, nor TYPE:KEY:VALUE:ENTRIES", s, value)
		}
		descriptors[name] = int(fd)
	}
	return descriptors, described, nil
}

func parseMap(name, value string) (asm.MapSpec, error) {
	parts := strings.Split(value, ":")
	if len(parts) != 4 {
		return asm.MapSpec{}, errors.New("want TYPE:KEY:VALUE:ENTRIES")
	}
	t, ok := asm.MapTypeByName(parts[0])
	if !ok {
		var names []string
		for t := asm.MapHash; t <= asm.MapInsnArray; t++ {
			names = append(names, t.String())
		}
		return asm.MapSpec{}, fmt.Errorf("no map type %q%s", parts[0], didYouMean(parts[0], names))
	}
	m := asm.MapSpec{Name: name, Type: t}
	for i, size := range []*uint32{&m.KeySize, &m.ValueSize, &m.MaxEntries} {
		n, err := strconv.ParseUint(parts[i+1], 10, 32)
		if err != nil {
			return m, fmt.Errorf("%q is no number of 32 bits", parts[i+1])
		}
		*size = uint32(n)
	}
	return m, nil
}

// linkObject puts programs together, describes maps and puts descriptors in.
func linkObject(programs []*asm.Program, descriptors map[string]int, described []asm.MapSpec) (*reloc.Object, error) {
	var errs []error
	for i, p := range programs {
		spec := p.Spec()
		for _, m := range described {
			refers := func(r asm.Reference) bool { return r.Symbol == m.Name && !callsFunction(r) }
			known := slices.IndexFunc(spec.Maps, func(o asm.MapSpec) bool { return o.Name == m.Name })
			switch {
			case known >= 0 && !spec.Maps[known].Equal(m):
				errs = append(errs, fmt.Errorf("map %s: program %s describes it in another way: %s",
					m.Name, p.Name(), describe(spec.Maps[known])))
			case known < 0 && slices.ContainsFunc(spec.References, refers):
				spec.Maps = append(spec.Maps, m)
			}
		}
		var err error
		if programs[i], err = asm.NewProgram(spec); err != nil {
			return nil, err
		}
	}
	o, err := reloc.NewObject(programs...)
	if err != nil {
		return nil, err
	}
	referred := mapReferences(o)
	for _, m := range described {
		if !referred[m.Name] {
			errs = append(errs, fmt.Errorf("%w %s: no program refers to it", reloc.ErrUnknownSymbol, m.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(descriptors)) {
		if !referred[name] {
			errs = append(errs, fmt.Errorf("%w %s: no program refers to it", reloc.ErrUnknownSymbol, name))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	// Linking says what is missing. Its result is only needed where there are descriptors.
	symbols := make(reloc.Symbols)
	for name, fd := range descriptors {
		symbols[name] = reloc.MapFD(fd)
	}
	linked, err := o.LinkSome(symbols)
	switch {
	case err != nil:
		return nil, err
	case len(descriptors) == 0:
		return o, nil
	}
	return reloc.NewObject(linked...)
}

func describe(m asm.MapSpec) string {
	return fmt.Sprintf("%v:%d:%d:%d", m.Type, m.KeySize, m.ValueSize, m.MaxEntries)
}
