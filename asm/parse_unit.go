package asm

import (
	"slices"
	"strconv"
)

// unit is a program that is being read.
type unit struct {
	spec   ProgramSpec
	insns  []Instruction
	places []spot
	fixups []fixup
	labels []labelAt
	byName map[string]int32 // index into labels
	slots  []int32
	// isFunction has the names that are declared to be functions, here or elsewhere.
	isFunction map[string]bool
}

type labelAt struct {
	name     string
	index    int32
	at       spot
	function bool
}

// label defines a label, or a function, at the next instruction.
func (u *unit) label(p *parser, name string, at int) bool {
	if err := checkName(name); err != nil {
		return p.fail(at, "label %s: %w", name, err)
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

// program makes the program, or notes what is wrong and returns nil.
func (u *unit) program(p *parser, name string) *Program {
	if len(u.insns) == 0 {
		p.errorAt(spot{p.line, 1}, "no instructions")
		return nil
	}
	u.slots = slotTable(u.insns)
	for k := range u.labels {
		if l := &u.labels[k]; int(l.index) == len(u.insns) {
			p.errorAt(l.at, "label %s: no instruction follows", l.name)
		}
	}
	u.resolve(p)
	if len(p.errors.Errors) > 0 {
		return nil
	}
	u.functions(name)
	u.spec.Instructions = u.insns
	prog, err := NewProgram(u.spec)
	if err != nil {
		p.errorAt(spot{p.line, 1}, "%w", err)
		return nil
	}
	return prog
}

func (u *unit) resolve(p *parser) {
	for k := range u.fixups {
		f := &u.fixups[k]
		u.resolveOne(p, f)
	}
}

func (u *unit) resolveOne(p *parser, f *fixup) {
	i := &u.insns[f.index]
	to := int32(-1)
	var distance int64
	if k, ok := u.byName[f.name]; ok {
		to = k
		distance = int64(u.slots[u.labels[k].index]) - int64(u.slots[f.index]) - 1
	}
	switch f.kind {
	case fixJump, fixLong:
		switch {
		case to < 0:
			p.errorAt(f.at, "undefined label %s", f.name)
		case f.kind == fixLong:
			i.Imm = distance
		case distance != int64(int16(distance)):
			p.errorAt(f.at, "label %s is %+d slots away, a distance of more than 16 bits", f.name, distance)
		default:
			i.Off = int16(distance)
		}
	case fixCall, fixFunction:
		if to >= 0 {
			i.Imm = distance
			u.labels[to].function = true
			return
		}
		if h, ok := HelperByName(f.name); ok && f.kind == fixCall && !u.isFunction[f.name] {
			i.Src, i.Imm = CallHelper, int64(h)
			return
		}
		u.reference(f, RefCall)
	case fixFunc, fixSymbol:
		switch {
		case to >= 0:
			i.Src, i.Imm = Imm64Func, int64(uint32(distance))
			u.labels[to].function = true
		case f.kind == fixFunc || u.isFunction[f.name]:
			i.Src, i.Imm = Imm64Func, 1<<32-1
			u.reference(f, RefFunc)
		default:
			i.Src = Imm64MapFD
			u.reference(f, RefMap)
		}
	case fixMap:
		u.reference(f, RefMap)
	case fixValue:
		i.Src = Imm64MapValue
		u.reference(f, RefMapValue)
	}
}

func (u *unit) reference(f *fixup, kind ReferenceKind) {
	u.spec.References = append(u.spec.References, Reference{Index: int(f.index), Kind: kind, Symbol: f.name})
}

// functions tells functions from labels.
func (u *unit) functions(name string) {
	// Calls by distance, too, lead to functions.
	var numeric []int32
	refs := u.spec.References
	for n, i := range u.insns {
		if _, ok := take(&refs, n); ok {
			continue
		}
		if k := kinds[i.Op]; k == kindCall && i.Src == CallSubprogram || k == kindLdImm64 && i.Src == Imm64Func {
			distance, _ := i.distance()
			if to, ok := slices.BinarySearch(u.slots[:len(u.insns)], u.slots[n]+1+int32(distance)); ok {
				numeric = append(numeric, int32(to))
			}
		}
	}
	slices.Sort(numeric)
	main := ""
	last := int32(-1)
	for _, l := range u.labels {
		function := l.function
		if l.index == 0 && main == "" {
			main, function = l.name, true
		}
		for len(numeric) > 0 && numeric[0] < l.index {
			u.function(&last, "", numeric[0])
			numeric = numeric[1:]
		}
		if _, ok := slices.BinarySearch(numeric, l.index); ok {
			function = true
		}
		function = function || u.isFunction[l.name]
		if function && l.index != last {
			u.function(&last, l.name, l.index)
			continue
		}
		u.spec.Labels = append(u.spec.Labels, Label{Name: l.name, Index: int(l.index)})
	}
	for _, n := range numeric {
		u.function(&last, "", n)
	}
	if main == "" {
		main = name
		if len(u.spec.Functions) == 0 || u.spec.Functions[0].Index != 0 {
			u.spec.Functions = slices.Insert(u.spec.Functions, 0, Label{Name: name})
		} else {
			u.spec.Functions[0].Name = name
		}
	}
	if u.spec.Name == "" {
		u.spec.Name = main
	}
}

func (u *unit) function(last *int32, name string, index int32) {
	if index == *last {
		return
	}
	*last = index
	if name == "" {
		name = "sub" + strconv.Itoa(int(u.slots[index]))
		for {
			if _, ok := u.byName[name]; !ok {
				break
			}
			name = "_" + name
		}
	}
	u.spec.Functions = append(u.spec.Functions, Label{Name: name, Index: int(index)})
}
