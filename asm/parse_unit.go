package asm

import (
	"slices"
	"strings"
)

// unit is a program that is being read.
type unit struct {
	spec   ProgramSpec
	begins spot   // where the program begins
	elf    string // section of the object
	broken bool   // lines of it have errors, so that it is not complete

	insns  []Instruction
	places []spot
	fixups []fixup
	labels []labelAt
	byName map[string]int32 // index into labels
	slots  []int32          // of instructions
	dump   dump

	// isFunction has the names that are declared to be functions, here or elsewhere.
	isFunction map[string]bool
	continues  bool // the section of the unit before, whose isFunction this is

	position  Position // of the next instructions
	positions []Position
	line      string // of source text that the next instructions are of: a comment on each of them
	comment   string // of the next instruction

	mapNames map[string]bool // of spec.Maps
	filled   *MapSpec        // that contents are for
	contents []byte
}

type labelAt struct {
	name     string
	index    int32
	at       spot
	function bool
}

// newUnit begins a program.
func (p *parser) newUnit(at int) {
	if u := p.unit; len(u.insns) == 0 && len(u.labels) == 0 && u.spec.Name == "" && u.elf == "" {
		// What was said before the first program is for all of them.
		u.fill()
		p.shared.License = u.spec.License
		p.shared.Maps = append(p.shared.Maps, u.spec.Maps...)
		p.units = p.units[:len(p.units)-1]
	}
	p.unit = &unit{begins: p.placeOf(at)}
	p.units = append(p.units, p.unit)
}

// label defines a label, or a function, at the next instruction.
func (p *parser) label(name string, at int) bool {
	u := p.unit
	if err := checkName(name); err != nil {
		return p.fail(at, "label %s: %w", name, err)
	}
	if p.object && u.isFunction[name] && len(u.insns) > 0 {
		// A section has one program after the other.
		old := u
		p.newUnit(at)
		u = p.unit
		u.elf, u.spec.Type, u.spec.AttachType, u.spec.AttachTo = old.elf, old.spec.Type, old.spec.AttachType, old.spec.AttachTo
		u.isFunction, u.continues, u.position = old.isFunction, true, old.position
	}
	if k, ok := u.byName[name]; ok {
		return p.fail(at, "label %s is already in line %d", name, u.labels[k].at.line)
	}
	if u.byName == nil {
		u.byName = make(map[string]int32)
	}
	u.byName[name] = int32(len(u.labels))
	u.labels = append(u.labels, labelAt{name: name, index: int32(len(u.insns)), at: p.placeOf(at)})
	return true
}

// locate says where the next instructions come from.
func (u *unit) locate(pos Position) {
	if pos.Line == 0 {
		pos = Position{} // a file alone is no position
	}
	u.position = pos
	if u.positions == nil {
		u.positions = make([]Position, len(u.insns))
	}
}

// program makes the program, or notes what is wrong and returns nil.
func (u *unit) program(p *parser, name string) *Program {
	if u.broken {
		u.suspect(p)
		return nil
	}
	if len(u.insns) == 0 {
		p.errorAt(u.begins, "no instructions")
		return nil
	}
	before := p.errors.count()
	if !u.order(p) || !u.complete(p) {
		return nil
	}
	u.slots = slotTable(u.insns)
	for k := range u.labels {
		if l := &u.labels[k]; int(l.index) == len(u.insns) && !strings.HasPrefix(l.name, localLabel) {
			p.errorAt(l.at, "label %s: no instruction follows", l.name)
		}
	}
	for k := range u.fixups {
		u.resolve(p, &u.fixups[k])
	}
	if p.errors.count() > before {
		return nil
	}
	u.functions(name)
	u.fill()
	u.spec.Instructions, u.spec.Positions = u.insns, u.whence(p)
	u.share(p)
	u.own()
	prog, index, err := newProgram(u.spec)
	if err != nil {
		at := u.begins
		if index >= 0 {
			at = u.places[index]
		}
		p.errorAt(at, "%w", err)
		return nil
	}
	return prog
}

// whence returns where the instructions come from: from where the text says, or else from the text itself, unless it was
// printed by the kernel or LLVM.
func (u *unit) whence(p *parser) []Position {
	switch {
	case u.positions == nil && len(u.dump.slots) == 0:
		u.positions = make([]Position, len(u.insns))
		for n := range u.positions {
			u.positions[n] = Position{File: p.file, Line: int(u.places[n].line)}
		}
	case !slices.ContainsFunc(u.positions, func(at Position) bool { return at != (Position{}) }):
		return nil
	}
	return u.positions
}

// suspect notes what is wrong with a program some lines of which have errors, as far as these cannot be the reason.
func (u *unit) suspect(p *parser) {
	if len(u.dump.slots) > 0 {
		return
	}
	u.slots = slotTable(u.insns)
	for k := range u.fixups {
		u.resolve(p, &u.fixups[k])
	}
}

// share adds what the text says before its programs.
func (u *unit) share(p *parser) {
	if u.spec.License == "" {
		u.spec.License = p.shared.License
	}
	var shared []int
	for _, r := range u.spec.References {
		if k, ok := p.sharedMap(r.Symbol); ok && !u.mapNames[r.Symbol] {
			shared = append(shared, k)
		}
	}
	slices.Sort(shared)
	for _, k := range slices.Compact(shared) {
		u.spec.Maps = append(u.spec.Maps, p.shared.Maps[k])
	}
}

// sharedMap returns the map of this name that the text describes before its programs, as an index.
func (p *parser) sharedMap(name string) (int, bool) {
	if p.mapIndex == nil {
		p.mapIndex = make(map[string]int, len(p.shared.Maps))
		for k := len(p.shared.Maps) - 1; k >= 0; k-- {
			p.mapIndex[p.shared.Maps[k].Name] = k
		}
	}
	k, ok := p.mapIndex[name]
	return k, ok
}

// own makes names of the program independent of the text.
func (u *unit) own() {
	u.spec.Name = strings.Clone(u.spec.Name)
	for _, labels := range [][]Label{u.spec.Functions, u.spec.Labels} {
		for k := range labels {
			labels[k].Name = strings.Clone(labels[k].Name)
		}
	}
	symbols := make(map[string]string)
	for k := range u.spec.References {
		r := &u.spec.References[k]
		s, ok := symbols[r.Symbol]
		if !ok {
			s = strings.Clone(r.Symbol)
			symbols[s] = s
		}
		r.Symbol = s
	}
	last := ""
	for k := range u.spec.Comments {
		c := &u.spec.Comments[k]
		if c.Text != last {
			last = strings.Clone(c.Text)
		}
		c.Text = last
	}
}

// resolve replaces a symbol by the distance to it, or makes a reference of it.
func (u *unit) resolve(p *parser, f *fixup) {
	i := &u.insns[f.index]
	if f.kind == fixText {
		if f.name == ".text" {
			if len(p.lost) == 0 {
				p.errorAt(f.at, "no function is at %#x in .text", f.offset)
			}
			return
		}
		f.kind = fixFunction
		if i.Op == OpLdImm64 {
			f.kind = fixFunc
		}
	}
	to, here := u.byName[f.name]
	var distance int64
	if here {
		l := &u.labels[to]
		distance = int64(u.slots[l.index]) - int64(u.slots[f.index]) - 1
	}
	switch f.kind {
	case fixJump, fixLong:
		switch {
		case !here:
			if !p.mayBeLost(f.name) {
				p.errorAt(f.at, "undefined label %s%s", f.name, p.didYouMean(f.name, u.labelNames))
			}
		case f.kind == fixLong:
			i.Imm = distance
		case distance != int64(int16(distance)):
			p.errorAt(f.at, "label %s is %+d slots away, which does not fit 16 bits", f.name, distance)
		default:
			i.Off = int16(distance)
		}
	case fixCall, fixFunction:
		if here {
			i.Imm = distance
			u.labels[to].function = true
			return
		}
		if h, ok := HelperByName(f.name); ok && f.kind == fixCall && !u.isFunction[f.name] && !p.functions[f.name] {
			i.Src, i.Imm = CallHelper, int64(h)
			return
		}
		if f.kind == fixCall && strings.HasPrefix(f.name, helperPrefix) && !u.isFunction[f.name] && !p.functions[f.name] &&
			!p.defines(f.name) && !p.mayBeLost(f.name) {
			p.errorAt(f.at, "%s is neither a helper nor a function of this text%s; .type %s,@function says that it is one of elsewhere",
				f.name, p.didYouMean(f.name, helperNames), f.name)
			return
		}
		u.reference(f, RefCall)
	case fixFunc, fixSymbol:
		switch {
		case here:
			i.Src, i.Imm = Imm64Func, int64(uint32(distance))
			u.labels[to].function = true
		case f.kind == fixFunc || u.isFunction[f.name] || p.functions[f.name]:
			i.Src, i.Imm = Imm64Func, 1<<32-1
			u.reference(f, RefFunc)
		case u.isConstant(p, f, i.Dst):
		default:
			i.Src = Imm64MapFD
			u.reference(f, RefMap)
		}
	case fixMap:
		i.Src = Imm64MapFD
		u.reference(f, RefMap)
	case fixValue:
		if here {
			p.errorAt(f.at, "%s is a label here; an offset is one in a map's value", f.name)
		}
		i.Src = Imm64MapValue
		u.reference(f, RefMapValue)
	}
}

func (u *unit) reference(f *fixup, kind ReferenceKind) {
	u.spec.References = append(u.spec.References, Reference{Index: int(f.index), Kind: kind, Symbol: f.name})
}

// labelNames are the names of the labels.
func (u *unit) labelNames(yield func(string) bool) {
	for k := range u.labels {
		if !yield(u.labels[k].name) {
			return
		}
	}
}

// helperPrefix begins the names of helpers.
const helperPrefix = "bpf_"

// localLabel begins the names of labels that only serve jumps of the text, as in LLVM's assembler.
const localLabel = ".L"
