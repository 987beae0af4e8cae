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
	own bool
}

// LoadObject makes the maps that the object's programs describe, links the programs to them and loads the programs.
// When a step fails, what the steps before it made is closed again. Errors are those of maps.Create, reloc.Object.Link
// and Load.
func LoadObject(o *reloc.Object, opts *CollectionOptions) (*Collection, error) {
	if o == nil {
		return nil, errors.New("load object: no object")
	}
	if opts == nil {
		opts = new(CollectionOptions)
	}
	c := new(Collection)
	if err := c.load(o, opts); err != nil {
		c.Close()
		return nil, fmt.Errorf("load object: %w", err)
	}
	return c, nil
}

func (c *Collection) load(o *reloc.Object, opts *CollectionOptions) error {
	symbols := make(reloc.Symbols)
	for name, m := range opts.Maps {
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
		m, err := maps.Create(spec, nil)
		if err != nil {
			return err
		}
		c.maps = append(c.maps, collectedMap{name: spec.Name, Raw: m, own: true})
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
	return nil
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
