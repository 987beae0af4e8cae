package reloc

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/purebpf/purebpf/asm"
)

// linker makes one program: the main program as it is, then each function of other programs that it needs, once. A
// function comes when it is first referred to, and what it needs itself comes with it, before what the rest of its
// caller needs: depth first, as libbpf does it (bpf_object__reloc_code), so that both submit the same instructions.
type linker struct {
	object  *Object
	symbols Symbols
	main    *asm.Program
	all     bool // every map needs a descriptor

	out       asm.ProgramSpec
	placed    map[part]int                      // the functions in out, and their first instructions there
	specs     map[*asm.Program]*asm.ProgramSpec // of the programs that they are from
	taken     map[string]bool                   // names of functions and labels in out
	described map[string]bool                   // names of maps in out
	calls     []call                            // what needs a distance when everything has its place
	resolved  []asm.Reference                   // to maps
	open      []asm.Reference                   // to maps without a descriptor
	errs      []error
}

// call is an instruction of out and the first instruction of the function that it calls or takes the address of.
type call struct{ index, target int }

// part is a function of a program.
type part struct {
	program  *asm.Program
	function int // index in program.Functions
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
	l.placed = make(map[part]int)
	for i, f := range l.out.Functions {
		l.placed[part{l.main, i}] = f.Index
	}
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
	byIndex := func(a, b asm.Reference) int { return a.Index - b.Index }
	if len(uses) > 0 { // else the program was linked before
		l.out.Resolved = append(l.out.Resolved, l.resolved...)
		slices.SortFunc(l.out.Resolved, byIndex)
	}
	slices.SortFunc(l.open, byIndex)
	l.out.References = l.open
	return asm.NewProgram(l.out)
}

// resolve gives the uses in one part of out what they need, in their order.
func (l *linker) resolve(uses []use) {
	for i := range uses {
		switch u := &uses[i]; u.kind {
		case asm.RefMap, asm.RefMapValue:
			r := asm.Reference{Index: u.index, Kind: u.kind, Symbol: u.symbol}
			if _, ok := l.symbols[u.symbol]; !ok && !l.all {
				l.open = append(l.open, r)
				continue
			}
			l.mapReference(u)
			l.resolved = append(l.resolved, r)
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
		if _, err := l.object.function(u.symbol); err == nil {
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
	callee := part{u.from, u.local}
	if u.local < 0 {
		f, err := l.object.function(u.symbol)
		if err != nil {
			if _, ok := l.symbols[u.symbol]; ok {
				err = fmt.Errorf("%w: %s is a map, not a %v", ErrWrongKind, u.symbol, u.kind)
			}
			l.fail(u, err)
			return 0, false
		}
		if t := f.program.Type(); t != asm.UnspecProgram && t != l.main.Type() {
			l.fail(u, fmt.Errorf("%w: %s is a function of a %v program, called in a %v program", ErrWrongKind, u.symbol, t, l.main.Type()))
			return 0, false
		}
		callee = part{f.program, f.index}
	}
	if begin, ok := l.placed[callee]; ok {
		return begin, true
	}
	return l.place(callee), true
}

// place copies a function behind what is there, and then the functions that it needs.
func (l *linker) place(p part) int {
	program, function := p.program, p.function
	begin := len(l.out.Instructions)
	l.placed[p] = begin
	spec := l.spec(program)
	first, end := spec.Functions[function].Index, len(spec.Instructions)
	if function+1 < len(spec.Functions) {
		end = spec.Functions[function+1].Index
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
	labels := spec.Labels[sort.Search(len(spec.Labels), func(i int) bool { return spec.Labels[i].Index >= first }):]
	for _, label := range labels {
		if label.Index >= end {
			break
		}
		l.out.Labels = append(l.out.Labels, asm.Label{Name: l.unique(label.Name, program), Index: begin + label.Index - first})
	}
	var uses []use
	references := spec.References
	references = references[sort.Search(len(references), func(i int) bool { return references[i].Index >= first }):]
	for i := first; i < end; i++ {
		u := use{index: begin + i - first, from: program, local: -1, origin: i}
		if len(references) > 0 && references[0].Index == i {
			u.kind, u.symbol = references[0].Kind, references[0].Symbol
			uses = append(uses, u)
			references = references[1:]
		} else if target, kind, ok := program.Callee(i); ok {
			// A call inside the program the function comes from: its callee comes along.
			u.kind, u.symbol, u.local = kind, spec.Functions[target].Name, target
			uses = append(uses, u)
		}
	}
	l.resolve(uses)
	return begin
}

// spec returns what a program consists of. The first time it adds the descriptions of the program's maps to out.
func (l *linker) spec(program *asm.Program) *asm.ProgramSpec {
	if s := l.specs[program]; s != nil {
		return s
	}
	spec := program.Spec()
	if l.specs == nil {
		l.specs, l.described = make(map[*asm.Program]*asm.ProgramSpec), make(map[string]bool)
		for i := range l.out.Maps {
			l.described[l.out.Maps[i].Name] = true
		}
	}
	l.specs[program] = &spec
	for _, m := range spec.Maps {
		if !l.described[m.Name] {
			l.described[m.Name] = true
			l.out.Maps = append(l.out.Maps, m)
		}
	}
	return &spec
}

// unique returns a name for a function or label of another program that is not taken in out, and takes it.
func (l *linker) unique(name string, program *asm.Program) string {
	if l.taken == nil {
		l.taken = make(map[string]bool)
		for _, labels := range [][]asm.Label{l.out.Functions, l.out.Labels} {
			for _, x := range labels {
				l.taken[x.Name] = true
			}
		}
	}
	if l.taken[name] {
		name = program.Name() + "." + name
	}
	for l.taken[name] {
		name += "_"
	}
	l.taken[name] = true
	return name
}
