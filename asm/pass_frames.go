package asm

import (
	"fmt"
	"strings"
)

// callChain is the calls from a function on whose frames are the largest together.
type callChain struct {
	size int    // of the frames, in bytes
	next *fn    // that it calls, nil at the end
	from origin // of the call
}

// checkChains reports a chain of calls whose frames have no room together: functions that call each other share the
// StackSize bytes (check_max_stack_depth in the kernel's verifier). It comes when all frames have their sizes. The kernel
// leaves out what only code on ways that it knows are never taken needs; nobody writes programs for that.
func (a *assembly) checkChains() {
	functions := make(map[string]*fn)
	for _, f := range a.fns {
		functions[f.name] = f
	}
	chains := make(map[*fn]callChain)
	var follow func(f *fn) callChain
	follow = func(f *fn) callChain {
		if c, ok := chains[f]; ok {
			return c
		}
		chains[f] = callChain{} // for one that calls itself, which is refused for that
		var deepest callChain
		for _, b := range f.blocks {
			for k := range b.insts {
				i := &b.insts[k]
				callee, ok := functions[i.symbol]
				if !ok || i.kind != RefCall && i.kind != RefFunc {
					continue
				}
				if c := follow(callee); deepest.next == nil || c.size > deepest.size {
					deepest = callChain{size: c.size, next: callee, from: i.from}
				}
			}
		}
		deepest.size += f.frameSize()
		chains[f] = deepest
		return deepest
	}
	main := a.fns[0]
	chain := follow(main)
	if chain.size <= StackSize || chain.next == nil {
		return
	}
	var frames []string
	for f := main; f != nil && len(frames) < len(a.fns); f = chains[f].next {
		frames = append(frames, fmt.Sprintf("%s %d", f.name, f.frameSize()))
	}
	a.report(chain.from, fmt.Errorf("%w: functions that call each other share a frame of %d bytes, and these need %d: %s; move stack objects to map values, or keep fewer values over calls",
		ErrStack, StackSize, chain.size, strings.Join(frames, ", ")))
}

// frameSize returns what the kernel counts for the function's frame with its compiler on: multiples of 16 bytes, down to
// the last one that the code names. Room that nothing uses any more is none.
func (f *fn) frameSize() int {
	low := 0
	for _, b := range f.blocks {
		for k := range b.insts {
			i := &b.insts[k]
			switch ins := i.ins; kinds[ins.Op] {
			case kindLdx:
				if ins.Src == FP {
					low = max(low, -int(ins.Off))
				}
			case kindSt, kindStx, kindAtomic:
				if ins.Dst == FP {
					low = max(low, -int(ins.Off))
				}
			case kindALUK:
				if i.object != nil {
					low = max(low, -int(ins.Imm))
				}
			}
		}
	}
	return (low + 15) / 16 * 16
}
