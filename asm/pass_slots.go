package asm

// shareSlots gives spilled registers one place on the stack when no two of them hold a value that is needed at the same
// time. A frame has room for 64 of them, and a chain of calls of functions together not for more.
func (f *fn) shareSlots() {
	numbers := make(map[*StackObject]int)
	var slots []*StackObject
	for _, b := range f.blocks {
		for k := range b.insts {
			if o := b.insts[k].object; o != nil && o.spill {
				if _, ok := numbers[o]; !ok {
					numbers[o] = len(slots)
					slots = append(slots, o)
				}
			}
		}
	}
	if len(slots) < 2 {
		return
	}
	together := f.slotsTogether(slots, numbers)
	place := make([]int, len(slots))
	for s := range slots {
		taken := newBitset(len(slots))
		together[s].each(func(t int) {
			if t < s {
				taken.add(place[t])
			}
		})
		for taken.has(place[s]) {
			place[s]++
		}
	}
	for _, b := range f.blocks {
		for k := range b.insts {
			if i := &b.insts[k]; i.object != nil && i.object.spill {
				i.object = slots[place[numbers[i.object]]]
			}
		}
	}
}

// slotsTogether returns for every slot those that hold another value while it is written. A slot is written by its
// stores as a whole and read by its loads, so what is needed where follows as it does for registers.
func (f *fn) slotsTogether(slots []*StackObject, numbers map[*StackObject]int) []bitset {
	f.number()
	together, in := make([]bitset, len(slots)), make([]bitset, len(f.blocks))
	for i := range together {
		together[i] = newBitset(len(slots))
	}
	for i := range in {
		in[i] = newBitset(len(slots))
	}
	for again := true; again; {
		again = false
		for n := len(f.blocks) - 1; n >= 0; n-- {
			b := f.blocks[n]
			needed := newBitset(len(slots))
			for _, s := range b.successors() {
				needed.union(in[s.index])
			}
			for k := len(b.insts) - 1; k >= 0; k-- {
				i := &b.insts[k]
				if i.object == nil || !i.object.spill {
					continue
				}
				s := numbers[i.object]
				if kinds[i.ins.Op] == kindLdx {
					needed.add(s)
					continue
				}
				needed.remove(s)
				together[s].union(needed)
				needed.each(func(t int) { together[t].add(s) })
			}
			if in[n].union(needed) {
				again = true
			}
		}
	}
	return together
}
