package asm

// peephole removes what the passes before leave behind, on machine registers and inside a block: copies between
// registers that hold the same value already, and loads of a spilled register that one still holds.
func (f *fn) peephole() {
	for _, b := range f.blocks {
		var k known
		kept := b.insts[:0]
		for _, in := range b.insts {
			if in.isMove() && k.same(in.ins.Dst, in.ins.Src) {
				continue
			}
			if in.object != nil && in.object.spill && kinds[in.ins.Op] == kindLdx {
				if r, ok := k.holds(in.object); ok {
					if r == in.ins.Dst {
						continue
					}
					in.node = node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: in.ins.Dst, Src: r}, from: in.from}
				}
			}
			k.step(&in)
			kept = append(kept, in)
		}
		b.insts = kept
	}
}

// known is what peephole knows at a point of a block. Registers with the same number above 0 hold the same value.
type known struct {
	value [int(R10) + 1]int
	last  int
	slots []slotValue
}

type slotValue struct {
	slot  *StackObject
	value int
}

func (k *known) of(r Register) int {
	if k.value[r] == 0 {
		k.last++
		k.value[r] = k.last
	}
	return k.value[r]
}

func (k *known) same(a, b Register) bool {
	return a == b || k.value[a] != 0 && k.value[a] == k.value[b]
}

// holds returns a register that has the value of a slot.
func (k *known) holds(slot *StackObject) (Register, bool) {
	for _, s := range k.slots {
		if s.slot != slot {
			continue
		}
		for r, v := range k.value {
			if v == s.value {
				return Register(r), true
			}
		}
	}
	return 0, false
}

func (k *known) store(slot *StackObject, value int) {
	for i := range k.slots {
		if k.slots[i].slot == slot {
			k.slots[i].value = value
			return
		}
	}
	k.slots = append(k.slots, slotValue{slot, value})
}

func (k *known) step(in *inst) {
	spilled := in.object != nil && in.object.spill
	switch {
	case in.isMove():
		k.value[in.ins.Dst] = k.of(in.ins.Src)
		return
	case spilled && kinds[in.ins.Op] == kindStx:
		k.store(in.object, k.of(in.ins.Src))
		return
	}
	r := in.registers()
	for _, d := range r.defs[:r.ndefs] {
		k.value[d] = 0
	}
	if r.clobbers {
		for c := R1; c <= R5; c++ {
			k.value[c] = 0
		}
	}
	if spilled && kinds[in.ins.Op] == kindLdx {
		k.store(in.object, k.of(in.ins.Dst))
	}
}
