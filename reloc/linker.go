package reloc

import (
	"errors"
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// linker makes one program: the main program as it is, then each function of other programs that it needs, once. A
// function comes when it is first referred to, and what it needs itself comes with it, before what the rest of its
// caller needs: depth first, as libbpf does it (bpf_object__reloc_code), so that both submit the same instructions.
type linker struct {
	object  *Object
	symbols Symbols
	main    *asm.Program

	out      asm.ProgramSpec
	placed   []part          // what out is made of
	calls    []call          // what needs a distance when everything has its place
	resolved []asm.Reference // to maps
	errs     []error
}

// call is an instruction of out and the first instruction of the function that it calls or takes the address of.
type call struct{ index, target int }

// part is a function's place in the program that is being made.
type part struct {
	program  *asm.Program
	function int // index in program.Functions, -1 for the whole program
	begin    int // first instruction in out
}

// use is an instruction of out that needs a symbol or a function.
type use struct {
	index  int // instruction in out
	kind   asm.ReferenceKind
	symbol string
	from   *asm.Program
	local  int // for a function of from itself its index, else -1
	origin int // instruction in from
}

func (l *linker) link() (*asm.Program, error) {
	l.out = l.main.Spec()
	l.out.References = nil
	l.placed = []part{{program: l.main, function: -1}}
	references := l.main.References()
	uses := make([]use, len(references))
	for i, r := range references {
		uses[i] = use{index: r.Index, kind: r.Kind, symbol: r.Symbol, from: l.main, local: -1, origin: r.Index}
	}
	l.resolve(uses)
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	slots := make([]int, len(l.out.Instructions)+1)
	for i, ins := range l.out.Instructions {
		slots[i+1] = slots[i] + ins.Slots()
	}
	for _, c := range l.calls {
		distance := int64(slots[c.target] - slots[c.index] - 1)
		if ins := &l.out.Instructions[c.index]; ins.Op == asm.OpLdImm64 {
			ins.Imm = int64(uint32(distance))
		} else {
			ins.Imm = distance
		}
	}
	if len(uses) > 0 { // else the program was linked before
		slices.SortFunc(l.resolved, func(a, b asm.Reference) int { return a.Index - b.Index })
		l.out.Resolved = l.resolved
	}
	return asm.NewProgram(l.out)
}

// resolve gives the uses in one part of out what they need, in their order.
func (l *linker) resolve(uses []use) {
	for i := range uses {
		switch u := &uses[i]; u.kind {
		case asm.RefMap, asm.RefMapValue:
			l.mapReference(u)
			l.resolved = append(l.resolved, asm.Reference{Index: u.index, Kind: u.kind, Symbol: u.symbol})
		default:
			if target, ok := l.function(u); ok {
				l.calls = append(l.calls, call{u.index, target})
			}
		}
	}
}

// fail reports a use that cannot be resolved, at the author's line.
func (l *linker) fail(u *use, err error) {
	l.errs = append(l.errs, fmt.Errorf("%v: program %s: instruction %d: %w", u.from.Position(u.origin), u.from.Name(), u.origin, err))
}

// mapReference patches a map's descriptor into the instruction, as nginx's ngx_bpf_program_link does, but not before
// it has made sure that it is one.
func (l *linker) mapReference(u *use) {
	s, ok := l.symbols[u.symbol]
	spec := l.object.mapSpec(u.symbol)
	if spec == nil && s.kind == mapWithSpec {
		spec = &s.spec
	}
	switch {
	case !ok:
		if _, _, err := l.object.function(u.symbol); err == nil {
			l.fail(u, fmt.Errorf("%w: %s is a function of the object, the program needs a %v", ErrWrongKind, u.symbol, u.kind))
			return
		}
		l.fail(u, fmt.Errorf("%w %s", ErrUnresolved, u.symbol))
		return
	case s.kind == noSymbol || s.fd < 0:
		return // reported for the object as a whole
	case u.kind == asm.RefMapValue && spec != nil && spec.Type != asm.MapArray && spec.Type != asm.MapArena && spec.Type != asm.MapInsnArray:
		l.fail(u, fmt.Errorf("%w: %s is a map of type %v; only the value of an array has an address", ErrWrongKind, u.symbol, spec.Type))
		return
	}
	ins := &l.out.Instructions[u.index]
	ins.Imm = ins.Imm&^0xffffffff | int64(uint32(s.fd))
}

// function returns the first instruction in out of the function that u calls, after placing it if it is not there yet.
func (l *linker) function(u *use) (int, bool) {
	program, index := u.from, u.local
	if index < 0 {
		p, f, err := l.object.function(u.symbol)
		if err != nil {
			if _, ok := l.symbols[u.symbol]; ok {
				err = fmt.Errorf("%w: %s is a map, not a %v", ErrWrongKind, u.symbol, u.kind)
			}
			l.fail(u, err)
			return 0, false
		}
		if p.Type() != asm.UnspecProgram && p.Type() != l.main.Type() {
			l.fail(u, fmt.Errorf("%w: %s is a function of a %v program, called in a %v program", ErrWrongKind, u.symbol, p.Type(), l.main.Type()))
			return 0, false
		}
		program, index = p, slices.Index(p.Functions(), f)
	}
	for _, p := range l.placed {
		switch {
		case p.program != program:
		case p.function == index:
			return p.begin, true
		case p.function < 0:
			return program.Functions()[index].Index, true
		}
	}
	return l.place(program, index), true
}

// place copies a function behind what is there, and then the functions that it needs.
func (l *linker) place(program *asm.Program, function int) int {
	begin := len(l.out.Instructions)
	l.placed = append(l.placed, part{program, function, begin})
	spec := program.Spec()
	first, end := spec.Functions[function].Index, len(spec.Instructions)
	if function+1 < len(spec.Functions) {
		end = spec.Functions[function+1].Index
	}
	for _, m := range spec.Maps {
		if !slices.ContainsFunc(l.out.Maps, func(o asm.MapSpec) bool { return o.Name == m.Name }) {
			l.out.Maps = append(l.out.Maps, m)
		}
	}
	known := len(l.out.Positions) > 0
	for i := first; i < end; i++ {
		l.out.Instructions = append(l.out.Instructions, spec.Instructions[i])
		if known {
			l.out.Positions = append(l.out.Positions, program.Position(i))
		}
		if text := program.Comment(i); text != "" {
			l.out.Comments = append(l.out.Comments, asm.Comment{Index: begin + i - first, Text: text})
		}
	}
	l.out.Functions = append(l.out.Functions, asm.Label{Name: l.unique(spec.Functions[function].Name, program), Index: begin})
	for _, label := range spec.Labels {
		if label.Index >= first && label.Index < end {
			l.out.Labels = append(l.out.Labels, asm.Label{Name: l.unique(label.Name, program), Index: begin + label.Index - first})
		}
	}
	var uses []use
	references := spec.References
	for i := first; i < end; i++ {
		u := use{index: begin + i - first, from: program, local: -1, origin: i}
		for len(references) > 0 && references[0].Index < i {
			references = references[1:]
		}
		if len(references) > 0 && references[0].Index == i {
			u.kind, u.symbol = references[0].Kind, references[0].Symbol
			uses = append(uses, u)
		} else if target, kind, ok := program.Callee(i); ok {
			// A call inside the program the function comes from: its callee comes along.
			u.kind, u.symbol, u.local = kind, spec.Functions[target].Name, target
			uses = append(uses, u)
		}
	}
	l.resolve(uses)
	return begin
}

// unique returns a name for a function or label of another program that is not taken in out.
func (l *linker) unique(name string, program *asm.Program) string {
	taken := func(s string) bool {
		same := func(x asm.Label) bool { return x.Name == s }
		return slices.ContainsFunc(l.out.Functions, same) || slices.ContainsFunc(l.out.Labels, same)
	}
	if !taken(name) {
		return name
	}
	name = program.Name() + "." + name
	for taken(name) {
		name += "_"
	}
	return name
}
