//go:build linux

package loader

import (
	"errors"
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// CollectionOptions say how to load an object. The zero value and nil are the defaults.
type CollectionOptions struct {
	// Maps are used instead of new ones, under the names by which the programs refer to them. They stay the caller's. A
	// name that no program refers to is an error, and so is a map of another type or other sizes than described.
	Maps map[string]*maps.Raw
	// PinPath is the directory of a BPF file system for maps with asm.MapSpec.PinByName: one that is pinned there under its
	// name is used, if it is as described; otherwise it is made, and pinned there once all programs are loaded. libbpf
	// takes /sys/fs/bpf. It is needed for objects with such maps only; those in Maps do not count.
	PinPath string
	// Programs says how to load each program. Source lines are sent, unless Lines is NoLines.
	Programs Options
}

// Collection is an object in the kernel: its programs and its maps. It owns those that LoadObject made.
type Collection struct {
	programs []*Program
	maps     []collectedMap
}

type collectedMap struct {
	name string
	*maps.Raw
	own    bool
	byName bool   // has a pin of its own, or gets one
	pinAt  string // where it is still to be pinned
}

// LoadObject makes the maps that the object's programs describe, links the programs to them and loads the programs.
// When a step fails, what the steps before it made is closed again, and nothing is pinned. Errors are those of maps.Create,
// reloc.Object.Link and Load, and maps.ErrMismatch for a pinned map that is not as described.
func LoadObject(o *reloc.Object, opts *CollectionOptions) (*Collection, error) {
	if o == nil {
		return nil, errors.New("load object: no object")
	}
	if opts == nil {
		opts = new(CollectionOptions)
	}
	for attempt := 1; ; attempt++ {
		c := new(Collection)
		err := c.load(o, opts)
		if err == nil {
			return c, nil
		}
		c.Close()
		if attempt == loadAttempts || !errors.Is(err, errPinRace) {
			return nil, fmt.Errorf("load object: %w", err)
		}
	}
}

// loadAttempts bounds the repetitions after another process pinned a map of the same name first.
const loadAttempts = 8

func (c *Collection) load(o *reloc.Object, opts *CollectionOptions) error {
	symbols := make(reloc.Symbols)
	given := make([]string, 0, len(opts.Maps))
	for name := range opts.Maps {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		m := opts.Maps[name]
		if m == nil {
			return fmt.Errorf("map %s: the map given is nil", name)
		}
		c.maps = append(c.maps, collectedMap{name: name, Raw: m})
		symbols[name] = reloc.Map(m.FD(), m.Spec())
	}
	for _, spec := range o.Maps() {
		if _, given := opts.Maps[spec.Name]; given {
			continue
		}
		m := collectedMap{name: spec.Name, own: true}
		var err error
		if spec.PinByName {
			m, err = mapByName(opts.PinPath, spec)
		} else {
			m.Raw, err = maps.Create(spec, nil)
		}
		if err != nil {
			return err
		}
		c.maps = append(c.maps, m)
		symbols[spec.Name] = reloc.Map(m.FD(), spec)
	}
	linked, err := o.Link(symbols)
	if err != nil {
		return err
	}
	how := opts.Programs
	if how.Lines == DefaultLines {
		how.Lines = SendLines
	}
	for _, p := range linked {
		loaded, err := Load(p, &how)
		if err != nil {
			return err
		}
		c.programs = append(c.programs, loaded)
	}
	return c.pinByName()
}

// Programs returns the names of the programs, in the order of the object. Program has what belongs to a name.
func (c *Collection) Programs() []string {
	names := make([]string, len(c.programs))
	for i, p := range c.programs {
		names[i] = p.name
	}
	return names
}

// Maps returns the names of the maps, those given first, by name, then the others in the order of the object. Map has what belongs to a name.
func (c *Collection) Maps() []string {
	names := make([]string, len(c.maps))
	for i, m := range c.maps {
		names[i] = m.name
	}
	return names
}

// Program returns the program of the given name. It stays the collection's.
func (c *Collection) Program(name string) (*Program, bool) {
	for _, p := range c.programs {
		if p.name == name {
			return p, true
		}
	}
	return nil, false
}

// Map returns the map of the given name, whether it was made or given. It stays the owner's.
func (c *Collection) Map(name string) (*maps.Raw, bool) {
	for _, m := range c.maps {
		if m.name == name {
			return m.Raw, true
		}
	}
	return nil, false
}

// TakeProgram takes a program out of the collection: it is the caller's now, and Close leaves it alone.
func (c *Collection) TakeProgram(name string) (*Program, bool) {
	p, ok := c.Program(name)
	c.programs = slices.DeleteFunc(c.programs, func(q *Program) bool { return q == p })
	return p, ok
}

// TakeMap takes a map out of the collection: it is the caller's now, and Close leaves it alone.
func (c *Collection) TakeMap(name string) (*maps.Raw, bool) {
	m, ok := c.Map(name)
	c.maps = slices.DeleteFunc(c.maps, func(n collectedMap) bool { return n.Raw == m })
	return m, ok
}

// Close closes the programs and the maps that LoadObject made. What is attached stays attached. Closing again does
// nothing.
func (c *Collection) Close() error {
	var errs []error
	for _, p := range c.programs {
		errs = append(errs, p.Close())
	}
	for _, m := range c.maps {
		if m.own {
			errs = append(errs, m.Close())
		}
	}
	c.programs, c.maps = nil, nil
	return errors.Join(errs...)
}
