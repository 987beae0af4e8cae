package asm

import (
	"fmt"
	"slices"
	"strings"
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
	members := make([]Member, len(c.names))
	for i, name := range c.names {
		members[i] = Member{Name: name, Size: DW}
	}
	value := NewStruct(c.name, members...)
	return MapSpec{Name: c.name, Type: MapPerCPUArray, KeySize: 4, ValueSize: uint32(value.Size()), MaxEntries: 1, Value: value}
}

// Names returns the names of the counters, in the order of the map's value.
func (c *Counters) Names() []string { return slices.Clone(c.names) }

// Count adds n, a register or a constant, to a counter of this CPU.
func (b *Builder) Count(c *Counters, counter string, n Operand) {
	from := b.here()
	if err := c.check(counter); err != nil {
		b.fail(from, "count "+counter, err)
		return
	}
	b.declare(c.Map(), from)
	key := b.keys[c.name]
	if key == nil {
		if b.keys == nil {
			b.keys = make(map[string]*StackObject)
		}
		key = b.stack(c.name+" key", 4, nil, from)
		b.keys[c.name] = key
	}
	index := slices.Index(c.names, counter)
	b.access(node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, W), Dst: FP}, from: from}, key.U32(0))
	b.helper(FnMapLookupElem, []any{Map(c.name), key}, from)
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

// check reports what is wrong with the set, and a counter that it does not have.
func (c *Counters) check(counter string) error {
	if c == nil {
		return fmt.Errorf("%w: no Counters; make them with NewCounters", ErrOperand)
	}
	for i, name := range c.names {
		if slices.Contains(c.names[:i], name) {
			return fmt.Errorf("%w: %s has two counters %s; leave one of them out", ErrOperand, c.name, name)
		}
	}
	if !slices.Contains(c.names, counter) {
		return fmt.Errorf("%w: the counters of %s are %s; give NewCounters this one too", ErrOperand, c.name, strings.Join(c.names, ", "))
	}
	return nil
}
