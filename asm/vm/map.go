package vm

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/purebpf/purebpf/asm"
)

// Map is a simulated map. It may be shared by machines and looked at from Go, by one goroutine at a time.
//
// The methods speak of bytes, as user space does with the kernel's maps: keys and values have the sizes of the MapSpec, a
// value of a per-CPU map is those of all CPUs one after the other, each rounded up to 8 bytes, and queues and stacks have
// a nil key. Errors wrap the Errno that the kernel returns.
type Map struct {
	spec  asm.MapSpec
	big   bool
	store store
	marks []mark   // of the elements that a running program has the address of
	msg   *Machine // the sk_msg program of a socket map
}

// MapOptions are options of NewMap. The zero value, and nil, are the defaults.
type MapOptions struct {
	// Order is the byte order of the machines that use the map: of indices, prefix lengths and cookies. Nil is
	// binary.LittleEndian.
	Order binary.ByteOrder
}

// NewMap makes a map. The error wraps the Errno with which the kernel refuses the specification.
func NewMap(spec asm.MapSpec, opts *MapOptions) (*Map, error) {
	o := Options{}
	if opts != nil {
		o.Order = opts.Order
	}
	return newMap(spec, o.big())
}

// store is what makes one type of map different from another. Elements have numbers, which do not change while they
// exist; the memory of a value does not move.
type store interface {
	find(key []byte) int // the element of a key, -1 if there is none
	value(elem, cpu int) []byte
	key(elem int) []byte
	next(elem int) int // the element after elem, the first one after -1, -1 after the last one
	update(key, value []byte, flags asm.UpdateFlags, cpu int) Errno
	remove(key []byte) Errno
}

// allCPUs stands for the value of every CPU.
const allCPUs = -1

// newMap makes a map for machines of a byte order.
func newMap(spec asm.MapSpec, big bool) (*Map, error) {
	m := &Map{spec: spec, big: big}
	err := m.makeStore()
	if err != nil {
		return nil, fmt.Errorf("map %s of type %v: %w", spec.Name, spec.Type, err)
	}
	if spec.Contents != "" {
		copy(m.direct(), spec.Contents)
	}
	return m, nil
}

// Spec returns what the map was made from.
func (m *Map) Spec() asm.MapSpec { return m.spec }

// error describes a failed operation, and is nil for 0.
func (m *Map) error(what string, e Errno) error {
	if e == 0 {
		return nil
	}
	return fmt.Errorf("map %s: %s: %w", m.spec.Name, what, e)
}

// Lookup returns a copy of the value of key, what is next in a queue or stack, or the cookie of a socket as 8 bytes.
// ENOENT: there is none.
func (m *Map) Lookup(key []byte) ([]byte, error) {
	if err := m.checkKey("look up", key); err != nil {
		return nil, err
	}
	if r, ok := m.store.(reader); ok {
		b, e := r.read(key)
		return b, m.error("look up", e)
	}
	elem := m.store.find(key)
	if elem < 0 {
		return nil, m.error("look up", ENOENT)
	}
	return m.copyOf(elem), nil
}

// reader is a store that user space reads in another way than by copying an element.
type reader interface {
	read(key []byte) ([]byte, Errno)
}

// copyOf returns a copy of an element's value as user space sees it.
func (m *Map) copyOf(elem int) []byte {
	if !m.spec.Type.PerCPU() {
		return append([]byte(nil), m.store.value(elem, 0)...)
	}
	b := make([]byte, 0, CPUs*m.stride())
	for cpu := range CPUs {
		b = append(b, m.store.value(elem, cpu)...)
		b = b[:(cpu+1)*m.stride()]
	}
	return b
}

// stride is the distance between the values of two CPUs as user space sees them.
func (m *Map) stride() int { return (int(m.spec.ValueSize) + 7) &^ 7 }

// Update stores value under key, or appends it to a queue or stack.
func (m *Map) Update(key, value []byte, flags asm.UpdateFlags) error {
	if err := m.checkKey("update", key); err != nil {
		return err
	}
	size := int(m.spec.ValueSize)
	if m.spec.Type.PerCPU() {
		size = CPUs * m.stride()
	}
	if len(value) != size {
		return fmt.Errorf("map %s: update: value of %d bytes, want %d: %w", m.spec.Name, len(value), size, EINVAL)
	}
	return m.error("update", m.store.update(key, value, flags, allCPUs))
}

// Delete removes key.
func (m *Map) Delete(key []byte) error {
	if err := m.checkKey("delete", key); err != nil {
		return err
	}
	return m.error("delete", m.store.remove(key))
}

// LookupAndDelete returns the value of key and removes it: with a nil key what is next in a queue or stack.
func (m *Map) LookupAndDelete(key []byte) ([]byte, error) {
	if q, ok := m.store.(*queueStore); ok {
		if err := m.checkKey("look up and delete", key); err != nil {
			return nil, err
		}
		b := make([]byte, m.spec.ValueSize)
		if e := q.take(b, true); e != 0 {
			return nil, m.error("look up and delete", e)
		}
		return b, nil
	}
	switch m.spec.Type {
	case asm.MapHash, asm.MapPerCPUHash, asm.MapLRUHash, asm.MapLRUPerCPUHash:
	default:
		return nil, m.error("look up and delete", ENOTSUPP)
	}
	b, err := m.Lookup(key)
	if err == nil {
		err = m.Delete(key)
	}
	return b, err
}

// All iterates over copies of the keys and values, in no particular order. The map may be changed meanwhile.
func (m *Map) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for elem := m.store.next(-1); elem >= 0; elem = m.store.next(elem) {
			key := append([]byte(nil), m.store.key(elem)...)
			value, err := m.Lookup(key)
			if err == nil && !yield(key, value) {
				return
			}
		}
	}
}

func (m *Map) checkKey(what string, key []byte) error {
	if want := int(m.spec.KeySize); len(key) != want {
		return fmt.Errorf("map %s: %s: key of %d bytes, want %d: %w", m.spec.Name, what, len(key), want, EINVAL)
	}
	return nil
}

// byteOrder is what package binary's byte orders can do.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// order is the byte order of numbers in keys and values.
func (m *Map) order() byteOrder {
	if m.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// mark says which region of which machine an element's value is in the machine's present run.
type mark struct {
	m   *Machine
	run uint32
	id  uint32
}

// valueRegion is value as a region of a program.
func (m *Map) valueRegion(value []byte) region {
	return region{
		kind: regionValue, of: m, data: value,
		read: m.spec.Flags&asm.MapWriteOnlyProg == 0, write: m.spec.Flags&asm.MapReadOnlyProg == 0,
	}
}

// direct returns the only value of an array, which programs may address without a lookup, or nil.
func (m *Map) direct() []byte {
	if m.spec.Type != asm.MapArray || m.spec.MaxEntries != 1 {
		return nil
	}
	return m.store.value(0, 0)
}

// valueAddress returns the address of an element's value, of a per-CPU map that of this CPU. It is the same one during a
// run.
func (m *Machine) valueAddress(of *Map, elem int) uint64 { return m.valueAddressOn(of, elem, m.cpu) }

func (m *Machine) valueAddressOn(of *Map, elem, cpu int) uint64 {
	at := elem
	if of.spec.Type.PerCPU() {
		at = elem*CPUs + cpu
	}
	if at >= len(of.marks) {
		of.marks = append(of.marks, make([]mark, at+1-len(of.marks))...)
	}
	k := &of.marks[at]
	if k.m != m || k.run != m.run {
		*k = mark{m, m.run, uint32(m.add(of.valueRegion(of.store.value(elem, cpu))))}
	}
	return address(int(k.id), 0)
}

// mapRegion returns the region of a map that the running program names.
func (m *Machine) mapRegion(of *Map) int {
	for i, r := range m.prog.statics {
		if r.kind == regionMap && r.of == any(of) {
			return idStatic + i
		}
	}
	return idNull
}
