package main

import (
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// withFunctions returns the program with copies of the object's functions that it calls, and with its references to maps
// as they are.
func withFunctions(o *reloc.Object, p *asm.Program) (*asm.Program, error) {
	if !slices.ContainsFunc(p.References(), callsFunction) {
		return p, nil
	}
	return linkSome(o, p, nil)
}

func callsFunction(r asm.Reference) bool { return r.Kind == asm.RefCall || r.Kind == asm.RefFunc }

// isFunction reports whether a program is a function of others only.
func isFunction(p *asm.Program) bool { return p.Type() == asm.UnspecProgram }

// linkSome links a program of an object with the descriptors of some of its maps. References to the others stay.
func linkSome(o *reloc.Object, p *asm.Program, descriptors map[string]int) (*asm.Program, error) {
	if isFunction(p) {
		return linkFunction(o, p, descriptors)
	}
	// Object.Link wants a descriptor for every map. Those that have none get one, and lose it again.
	symbols := make(reloc.Symbols)
	for name := range mapReferences(o) {
		symbols[name] = reloc.MapFD(descriptors[name])
	}
	all, err := o.Link(symbols)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(q *asm.Program) bool { return q.Name() == p.Name() })
	spec := all[i].Spec()
	var resolved []asm.Reference
	for _, r := range spec.Resolved {
		if _, ok := descriptors[r.Symbol]; ok {
			resolved = append(resolved, r)
		} else {
			spec.References = append(spec.References, r)
		}
	}
	spec.Resolved = resolved
	return asm.NewProgram(spec)
}

// linkFunction is linkSome for a program without a type, which Object.Link would leave out.
func linkFunction(o *reloc.Object, p *asm.Program, descriptors map[string]int) (*asm.Program, error) {
	typed, err := withType(p, asm.SocketFilter)
	if err != nil {
		return nil, err
	}
	programs := o.Programs()
	programs[slices.Index(programs, p)] = typed
	if o, err = reloc.NewObject(programs...); err != nil {
		return nil, err
	}
	linked, err := linkSome(o, typed, descriptors)
	if err != nil {
		return nil, err
	}
	return withType(linked, asm.UnspecProgram)
}

func withType(p *asm.Program, t asm.ProgramType) (*asm.Program, error) {
	spec := p.Spec()
	spec.Type = t
	return asm.NewProgram(spec)
}

// mapReferences returns the names of the maps that an object's programs refer to.
func mapReferences(o *reloc.Object) map[string]bool {
	names := make(map[string]bool)
	for _, p := range o.Programs() {
		for _, r := range p.References() {
			if !callsFunction(r) {
				names[r.Symbol] = true
			}
		}
	}
	return names
}

// called returns the names of the functions that an object's programs call.
func called(o *reloc.Object) map[string]bool {
	names := make(map[string]bool)
	for _, p := range o.Programs() {
		for _, r := range p.References() {
			if callsFunction(r) {
				names[r.Symbol] = true
			}
		}
	}
	return names
}
