package asm

import (
	"fmt"
	"slices"
)

// Counters is a set of named counters, one of each for every CPU, so that counting needs no atomic operation:
//
//	stats := asm.NewCounters("stats", "hit", "miss")
//	...
//	b.Count(stats, "hit", 1)
//
// maps.ReadCounters reads them by name, and so does bpftool map dump.
type Counters struct {
	name  string
	names []string
}

// NewCounters names a map of counters and the counters in it.
func NewCounters(mapName string, counters ...string) *Counters {
	return &Counters{name: mapName, names: slices.Clone(counters)}
}

// Map describes the map: a per-CPU array whose only entry is a struct of u64, in the order of Names.
func (c *Counters) Map() MapSpec {
	value := &Struct{name: c.name}
	for _, name := range c.names {
		value.members = append(value.members, Member{Name: name, Size: DW})
	}
	return MapSpec{Name: c.name, Type: MapPerCPUArray, KeySize: 4, ValueSize: uint32(value.Size()), MaxEntries: 1, Value: value}
}

// Names returns the names of the counters, in the order of the map's value.
func (c *Counters) Names() []string { return slices.Clone(c.names) }

// Count adds n, a register or a constant, to a counter of this CPU.
func (b *Builder) Count(c *Counters, counter string, n Operand) {
	from := b.here()
	index := slices.Index(c.names, counter)
	if index < 0 {
		b.fail(from, "count "+counter, fmt.Errorf("%w: the counters of %s are %v", ErrOperand, c.name, c.names))
		return
	}
	if !slices.ContainsFunc(b.spec.Maps, func(m MapSpec) bool { return m.Name == c.name }) {
		b.spec.Maps = append(b.spec.Maps, c.Map())
	}
	key := b.keys[c.name]
	if key == nil {
		if b.keys == nil {
			b.keys = make(map[string]*StackObject)
		}
		b.needPasses()
		key = &StackObject{name: c.name + " key", size: 4}
		b.keys[c.name] = key
	}
	b.access(node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, W), Dst: FP}, from: from}, key.U32(0))
	b.arguments([]any{Map(c.name), key}, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallHelper, Imm: int64(FnMapLookupElem)}, args: 2, from: from})
	value := b.result(from)
	none := b.unique()
	b.branch(value.Eq(0), none, true, from)
	sum := b.Virtual()
	b.load(sum, value.U64(8*index), from)
	add := node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: sum}, from: from}
	add.ins.Op |= b.operand(&add, n, 64)
	b.add(add)
	b.access(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, W), Dst: value, Src: sum}, from: from}, value.U64(8*index))
	b.mark(none, from)
}
