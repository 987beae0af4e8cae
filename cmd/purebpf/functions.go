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
	if isFunction(p) { // LinkSome returns functions when there is nothing else
		var err error
		if o, err = reloc.NewObject(slices.DeleteFunc(o.Programs(), func(q *asm.Program) bool { return !isFunction(q) })...); err != nil {
			return nil, err
		}
	}
	linked, err := o.LinkSome(nil)
	if err != nil {
		return nil, err
	}
	return linked[slices.IndexFunc(linked, func(q *asm.Program) bool { return q.Name() == p.Name() })], nil
}

func callsFunction(r asm.Reference) bool { return r.Kind == asm.RefCall || r.Kind == asm.RefFunc }

// isFunction reports whether a program is a function of others only.
func isFunction(p *asm.Program) bool { return p.Type() == asm.UnspecProgram }

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
