package asm

import (
	"fmt"
	"slices"
)

// stackState is which bytes of the stack objects have been stored to. The kernel lets privileged programs read others,
// and then a map's key depends on what was on the stack before.
type stackState []objectState

type objectState struct {
	object *StackObject
	lost   bool // the address is somewhere where stores through it are not seen
	stored [StackSize / 64]uint64
}

// stackObjects returns the state at the beginning of a function.
func (f *fn) stackObjects() (s stackState) {
	for _, b := range f.blocks {
		for k := range b.insts {
			if o := b.insts[k].object; o != nil && s.find(o) == nil {
				s = append(s, objectState{object: o})
			}
		}
	}
	return s
}

func (s stackState) find(o *StackObject) *objectState {
	for i := range s {
		if s[i].object == o {
			return &s[i]
		}
	}
	return nil
}

func (s stackState) clone() stackState { return slices.Clone(s) }

func (s stackState) copy(t stackState) { copy(s, t) }

// join keeps what is certain on both ways and reports whether that changed s.
func (s stackState) join(t stackState) (changed bool) {
	for i := range s {
		a, b := &s[i], &t[i]
		if b.lost && !a.lost {
			a.lost, changed = true, true
		}
		for w := range a.stored {
			if both := a.stored[w] & b.stored[w]; both != a.stored[w] {
				a.stored[w], changed = both, true
			}
		}
	}
	return changed
}

func (s stackState) lose(o *StackObject) {
	if o := s.find(o); o != nil {
		o.lost = true
	}
}

// store marks n bytes of an object from off on as stored to.
func (s stackState) store(o *StackObject, off, n int64) {
	state := s.find(o)
	if state == nil {
		return
	}
	for i := max(off, 0); i < min(off+n, int64(o.size), StackSize); i++ {
		state.stored[i/64] |= 1 << (i % 64)
	}
}

// missing returns the first byte of n from off on that has no value, and the byte behind the last one of that run.
func (s stackState) missing(o *StackObject, off, n int64) (first, end int64, ok bool) {
	state := s.find(o)
	if state == nil || state.lost {
		return 0, 0, false
	}
	has := func(i int64) bool { return state.stored[i/64]&(1<<(i%64)) != 0 }
	stop := min(off+n, int64(o.size), StackSize)
	for first = max(off, 0); first < stop && has(first); first++ {
	}
	for end = first; end < stop && !has(end); end++ {
	}
	return first, end, first < stop
}

// lose says that a register's value goes where it is not followed. What it points to may be stored to from now on.
func (c *checker) lose(v value) {
	if v.object != nil {
		c.stack.lose(v.object)
	}
}

// readStack reports bytes of a stack object that have no value, once.
func (c *checker) readStack(i *inst, o *StackObject, off, n int64) {
	first, end, missing := c.stack.missing(o, off, n)
	if !missing {
		return
	}
	which := fmt.Sprintf("bytes %d to %d of %s are", first, end-1, o.name)
	if end == first+1 {
		which = fmt.Sprintf("byte %d of %s is", first, o.name)
	}
	c.fail(i, fmt.Errorf("%w: %s not stored to on every way that leads here; Zero sets all of it", ErrNoValue, which))
	if !c.quiet {
		c.stack.store(o, 0, int64(o.size))
	}
}
