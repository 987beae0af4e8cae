package asm

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnreachable is wrapped by the error about an instruction that control never comes to.
var ErrUnreachable = errors.New("unreachable")

// needPasses makes Program run the passes. Only the methods that ask for what the machine does not have refer to them, so
// that the linker leaves them out of a binary whose programs need none.
func (b *Builder) needPasses() { b.passes = (*assembly).runPasses }

func (a *assembly) runPasses() {
	fns := a.functions()
	a.compile(fns)
	a.flatten(fns)
}

// passes are what turns what the author wrote into what the machine runs, in this order.
var passes = [...]struct {
	name string
	run  func(f *fn, a *assembly)
}{
	{"thread", func(f *fn, a *assembly) { f.thread() }},
	{"fold", func(f *fn, a *assembly) { f.fold(dense(a.next)) }},
	{"relate", func(f *fn, a *assembly) { f.relate() }},
	{"allocate", func(f *fn, a *assembly) { f.allocate(&a.next) }},
	{"slots", func(f *fn, a *assembly) { f.shareSlots() }},
	{"stack", func(f *fn, a *assembly) { f.placeStack(a.report) }},
	{"peephole", func(f *fn, a *assembly) { f.peephole() }},
	{"merge", func(f *fn, a *assembly) { f.merge() }},
	{"thread again", func(f *fn, a *assembly) { f.thread() }},
}

// compile checks the functions and runs the passes over them, over none if one is wrong. Functions without virtual
// registers and stack objects are left alone: their instructions come out as they went in.
func (a *assembly) compile(fns []*fn) {
	a.fns = fns
	a.checkFrames()
	a.checkCalls()
	for _, f := range fns {
		if a.dump("built", f); f.abstract() && f.reach(a.report) {
			f.check(a)
		}
	}
	if len(a.errs) > 0 {
		return
	}
	for _, f := range fns {
		if !f.abstract() {
			continue
		}
		for _, p := range passes {
			p.run(f, a)
			a.dump(p.name, f)
		}
	}
	if len(a.errs) == 0 {
		a.checkChains()
	}
}

// checkCalls reports functions that the main function does not come to by calls. Without a type, a program is a library
// of functions that others call.
func (a *assembly) checkCalls() {
	if a.b.spec.Type == UnspecProgram {
		return
	}
	called := map[string]bool{a.fns[0].name: true}
	for again := true; again; {
		again = false
		for _, f := range a.fns {
			for _, b := range f.blocks {
				for k := range b.insts {
					i := &b.insts[k]
					if called[f.name] && (i.kind == RefCall || i.kind == RefFunc) && !called[i.symbol] {
						called[i.symbol], again = true, true
					}
				}
			}
		}
	}
	for _, f := range a.fns {
		if !called[f.name] {
			a.fail(f.from, -1, "function "+f.name, fmt.Errorf("%w: nothing calls it; remove it, or call it with CallFunc", ErrUnreachable))
		}
	}
}

// report records an error of a pass at an instruction or function.
func (a *assembly) report(from origin, err error) { a.fail(from, -1, "", err) }

// abstract reports whether the function uses what the machine does not have.
func (f *fn) abstract() bool {
	for _, b := range f.blocks {
		for k := range b.insts {
			i := &b.insts[k]
			if i.object != nil || i.copy || strings.HasPrefix(i.target, "#") {
				return true
			}
			r := i.registers()
			for _, x := range r.uses[:r.nuses] {
				if x.virtual() {
					return true
				}
			}
			for _, x := range r.defs[:r.ndefs] {
				if x.virtual() {
					return true
				}
			}
		}
	}
	return false
}

// reach drops the blocks that control never comes to, and reports the first instruction of every run of them, as the
// kernel does ("unreachable insn"). It returns whether there were none.
func (f *fn) reach(report func(origin, error)) bool {
	f.number()
	seen := make([]bool, len(f.blocks))
	todo := []*block{f.blocks[0]}
	seen[0] = true
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, s := range b.successors() {
			if !seen[s.index] {
				seen[s.index] = true
				todo = append(todo, s)
			}
		}
	}
	kept, all := f.blocks[:0], true
	for i, b := range f.blocks {
		if seen[i] {
			kept = append(kept, b)
			continue
		}
		if i == 0 || seen[i-1] {
			all = false
			report(b.insts[0].from, fmt.Errorf("%w: %v; every way before it returns or jumps elsewhere, so remove it", ErrUnreachable, b.insts[0].text()))
		}
	}
	f.blocks = kept
	return all
}
