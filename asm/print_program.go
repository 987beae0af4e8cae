package asm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String returns the program's text in LLVM's syntax.
func (p *Program) String() string { return string(p.AppendText(nil, LLVM)) }

// AppendText appends the program, a line for each instruction and each label. In LLVM's syntax jumps and calls name
// labels, so that LLVM's assembler makes the same bytes of it; a jump target without a name is called L and its slot.
// In the kernel's syntax each line begins with the slot and the opcode, as in the verifier's log.
func (p *Program) AppendText(b []byte, s Syntax) []byte {
	t := programPrinter{p: p, printer: printer{b: b, kernel: s == Kernel}, refs: p.spec.References}
	if s == Kernel {
		t.lines()
	} else {
		t.labelled()
	}
	return t.b
}

type programPrinter struct {
	printer
	p    *Program
	refs []Reference // not printed yet
}

// next returns the reference of instruction i, when it has one; i only grows.
func (t *programPrinter) next(i int) (Reference, bool) { return take(&t.refs, i) }

// take removes the reference of instruction i from the first place of refs.
func take(refs *[]Reference, i int) (Reference, bool) {
	if len(*refs) == 0 || (*refs)[0].Index != i {
		return Reference{}, false
	}
	r := (*refs)[0]
	*refs = (*refs)[1:]
	return r, true
}

func (t *programPrinter) lines() {
	for i, ins := range t.p.All() {
		t.dec(int64(t.p.slots[i]))
		t.str(": (")
		if ins.Op < 16 {
			t.str("0")
		}
		t.b = strconv.AppendUint(t.b, uint64(ins.Op), 16)
		t.str(") ")
		r, ok := t.next(i)
		switch {
		case !ok:
			t.instruction(ins)
		case r.Kind == RefCall:
			t.str("call ", r.Symbol)
		default:
			t.reg(ins.Dst)
			switch r.Kind {
			case RefFunc:
				t.str(" = subprog[", r.Symbol, "]")
			case RefMap:
				t.str(" = map[", r.Symbol, "]")
			case RefMapValue:
				t.str(" = map[", r.Symbol, "][0]")
				t.signed(ins.Imm >> 32)
			}
		}
		t.str("\n")
	}
}

func (t *programPrinter) labelled() {
	names := t.names()
	functions, labels := t.p.spec.Functions, t.p.spec.Labels
	t.declare()
	for i, ins := range t.p.All() {
		t.begin(i, &functions, &labels, names[i])
		t.str("\t")
		r, ok := t.next(i)
		switch {
		case ok:
			t.jumpTo(ins, r.text(ins))
		default:
			t.target(i, ins, names)
		}
		t.str("\n")
	}
}

// declare says of symbols that they are functions, where their use would not tell: an address may be that of a map, and
// the name after call that of a helper, or one that looks like it.
func (t *programPrinter) declare() {
	var done []string
	for _, r := range t.refs {
		if r.Kind == RefCall {
			if !strings.HasPrefix(r.Symbol, helperPrefix) {
				continue
			}
		}
		if (r.Kind == RefFunc || r.Kind == RefCall) && !slices.Contains(done, r.Symbol) {
			t.str(".type ", r.Symbol, ",@function\n")
			done = append(done, r.Symbol)
		}
	}
}

// text returns the symbol as LLVM writes it in instruction i: config+8. The offset tells a map's value from the map.
func (r Reference) text(i Instruction) string {
	if r.Kind == RefMapValue {
		return fmt.Sprintf("%s%+d", r.Symbol, i.Imm>>32)
	}
	return r.Symbol
}

// begin appends the labels of instruction i: those the author gave and the one that jumps use, when they gave none. It
// removes them from the first places of functions and labels.
func (t *programPrinter) begin(i int, functions, labels *[]Label, used string) {
	for _, given := range [...]*[]Label{functions, labels} {
		for len(*given) > 0 && (*given)[0].Index == i {
			t.str((*given)[0].Name, ":\n")
			if (*given)[0].Name == used {
				used = ""
			}
			*given = (*given)[1:]
		}
	}
	if used != "" {
		t.str(used, ":\n")
	}
}

// names returns for every instruction that a jump or call leads to the name to use.
func (t *programPrinter) names() []string { return t.namesWith("L") }

// namesWith is names with what begins the names of those that have none.
func (t *programPrinter) namesWith(prefix string) []string {
	names := make([]string, t.p.Len())
	taken := make(map[string]bool)
	for _, l := range slices.Concat(t.p.spec.Functions, t.p.spec.Labels) {
		taken[l.Name] = true
	}
	for _, r := range t.p.spec.References {
		taken[r.Symbol] = true
	}
	refs := t.p.spec.References
	for i, ins := range t.p.All() {
		if len(refs) > 0 && refs[0].Index == i {
			refs = refs[1:]
			continue
		}
		if distance, ok := ins.distance(); ok {
			to, _ := t.p.index(int64(t.p.slots[i]) + 1 + distance)
			name := prefix + strconv.Itoa(int(t.p.slots[to]))
			for taken[name] {
				name += "_"
			}
			names[to] = name
		}
	}
	for _, l := range t.p.spec.Labels {
		if names[l.Index] != "" {
			names[l.Index] = l.Name
		}
	}
	for _, f := range t.p.spec.Functions {
		if names[f.Index] != "" {
			names[f.Index] = f.Name
		}
	}
	return names
}

// target appends an instruction with the name of what it leads to.
func (t *programPrinter) target(i int, ins Instruction, names []string) {
	distance, ok := ins.distance()
	if !ok {
		t.instruction(ins)
		return
	}
	to, _ := t.p.index(int64(t.p.slots[i]) + 1 + distance)
	t.jumpTo(ins, names[to])
}
