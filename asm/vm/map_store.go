package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// maxMemory is how many bytes of values a map may have room for here.
const maxMemory = 1 << 30

// makeStore checks the specification as the kernel's allocation functions do (map_alloc_check and map_alloc of each type
// in kernel/bpf and net/core) and makes the store.
func (m *Map) makeStore() error {
	s := m.spec
	wrong := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, EINVAL)...)
	}
	cpus := 1
	if s.Type.PerCPU() {
		cpus = CPUs
	}
	if memory := uint64(s.MaxEntries) * uint64(s.KeySize+s.ValueSize) * uint64(cpus); memory > maxMemory && s.Type != asm.MapRingBuf {
		return fmt.Errorf("%d entries of %d bytes: %w", s.MaxEntries, s.KeySize+s.ValueSize, E2BIG)
	}
	sizes := func(key, value bool) error {
		switch {
		case s.MaxEntries == 0:
			return wrong("no entries")
		case (s.KeySize != 0) != key:
			return wrong("keys of %d bytes", s.KeySize)
		case (s.ValueSize != 0) != value:
			return wrong("values of %d bytes", s.ValueSize)
		}
		return nil
	}
	index := func() error {
		if s.KeySize != 4 {
			return wrong("keys of %d bytes, want 4", s.KeySize)
		}
		return nil
	}
	sockets := func() error {
		if s.ValueSize != 4 && s.ValueSize != 8 {
			return wrong("values of %d bytes, want 4 or 8", s.ValueSize)
		}
		return nil
	}
	if bad := s.Flags &^ flagsOf(s.Type); bad != 0 {
		return wrong("flags %#x", uint32(bad))
	}
	if neither := asm.MapReadOnlyProg | asm.MapWriteOnlyProg; s.Flags&neither == neither {
		return wrong("neither readable nor writable by programs")
	}
	lru := s.Type == asm.MapLRUHash || s.Type == asm.MapLRUPerCPUHash
	var err error
	switch s.Type {
	case asm.MapArray, asm.MapPerCPUArray:
		if err = first(sizes(true, true), index()); err == nil {
			m.store = newArray(m, cpus)
		}
	case asm.MapHash, asm.MapPerCPUHash, asm.MapLRUHash, asm.MapLRUPerCPUHash:
		if lru && s.Flags&asm.MapNoPrealloc != 0 {
			return fmt.Errorf("no preallocation: %w", ENOTSUPP)
		}
		if cpus > 1 && s.Flags&asm.MapNUMANode != 0 {
			return wrong("flags %#x", uint32(asm.MapNUMANode))
		}
		if err = sizes(true, true); err == nil {
			m.store = newHash(m, cpus, lru)
		}
	case asm.MapLPMTrie:
		switch err = sizes(true, true); {
		case err != nil:
		case s.Flags&asm.MapNoPrealloc == 0:
			return wrong("preallocated")
		case s.KeySize < 5 || s.KeySize > 4+256:
			return wrong("keys of %d bytes, want 5 to 260", s.KeySize)
		default:
			m.store = newTrie(m)
		}
	case asm.MapQueue, asm.MapStack:
		if err = sizes(false, true); err == nil {
			m.store = &queueStore{m: m, last: s.Type == asm.MapStack}
		}
	case asm.MapSockMap:
		if err = first(sizes(true, true), index(), sockets()); err == nil {
			m.store = newSocketArray(m)
		}
	case asm.MapSockHash:
		if err = first(sizes(true, true), sockets()); err == nil {
			m.store = newSocketHash(m)
		}
	case asm.MapReuseportSockArray:
		if err = first(sizes(true, true), index(), sockets()); err == nil {
			m.store = newSocketArray(m)
		}
	case asm.MapProgArray:
		if err = first(sizes(true, true), index()); err == nil {
			if s.ValueSize != 4 {
				return wrong("values of %d bytes, want 4", s.ValueSize)
			}
			m.store = &programStore{unsupported: unsupported{m}, machines: make([]*Machine, s.MaxEntries)}
		}
	case asm.MapRingBuf:
		switch {
		case s.KeySize != 0 || s.ValueSize != 0:
			return wrong("keys or values of their own")
		case s.MaxEntries < 4096 || s.MaxEntries&(s.MaxEntries-1) != 0 || s.MaxEntries > maxMemory:
			return wrong("%d bytes, want a power of 2 of at least 4096", s.MaxEntries)
		}
		m.store = newRing(m)
	case asm.MapSkStorage:
		switch {
		case s.MaxEntries != 0:
			return wrong("%d entries, want 0", s.MaxEntries)
		case s.Flags&asm.MapNoPrealloc == 0:
			return wrong("preallocated")
		case s.ValueSize == 0:
			return wrong("values of 0 bytes")
		}
		if err = index(); err == nil {
			m.store = &storageStore{unsupported: unsupported{m}, elems: make(map[*Socket]int)}
		}
	default:
		return fmt.Errorf("this type is not simulated: %w", ENOTSUPP)
	}
	return err
}

// flagsOf returns the flags that a type takes: the masks that the functions named above compare with.
func flagsOf(t asm.MapType) asm.MapFlags {
	const access = asm.MapReadOnly | asm.MapWriteOnly | asm.MapReadOnlyProg | asm.MapWriteOnlyProg
	switch t {
	case asm.MapArray:
		return access | asm.MapNUMANode | asm.MapMmapable | asm.MapInner
	case asm.MapPerCPUArray:
		return access
	case asm.MapReuseportSockArray:
		return access | asm.MapNUMANode
	case asm.MapProgArray:
		return asm.MapReadOnly | asm.MapWriteOnly | asm.MapNUMANode
	case asm.MapHash, asm.MapPerCPUHash:
		return access | asm.MapNoPrealloc | asm.MapZeroSeed | asm.MapNUMANode
	case asm.MapLRUHash, asm.MapLRUPerCPUHash:
		return access | asm.MapNoPrealloc | asm.MapZeroSeed | asm.MapNUMANode | asm.MapNoCommonLRU
	case asm.MapLPMTrie:
		return access | asm.MapNUMANode | asm.MapNoPrealloc
	case asm.MapQueue, asm.MapStack:
		return access | asm.MapNUMANode
	case asm.MapSockMap, asm.MapSockHash:
		return asm.MapReadOnly | asm.MapWriteOnly | asm.MapNUMANode
	case asm.MapRingBuf:
		return asm.MapNUMANode
	case asm.MapSkStorage:
		return asm.MapNoPrealloc | asm.MapClone
	}
	return ^asm.MapFlags(0)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// unsupported is what a store has that lacks some operations.
type unsupported struct{ m *Map }

func (unsupported) find([]byte) int       { return -1 }
func (unsupported) value(int, int) []byte { return nil }
func (unsupported) key(int) []byte        { return nil }
func (unsupported) next(int) int          { return -1 }
func (unsupported) update(_, _ []byte, _ asm.UpdateFlags, _ int) Errno {
	return ENOTSUPP
}
func (unsupported) remove([]byte) Errno         { return ENOTSUPP }
func (unsupported) read([]byte) ([]byte, Errno) { return nil, ENOTSUPP }

// arrayStore is an array, perhaps with a value for every CPU: kernel/bpf/arraymap.c.
type arrayStore struct {
	m      *Map
	size   int // of a value
	memory []byte
	keys   []byte // of every element
	cpus   int
}

func newArray(m *Map, cpus int) *arrayStore {
	s := &arrayStore{m: m, size: int(m.spec.ValueSize), cpus: cpus}
	s.memory = make([]byte, s.size*cpus*int(m.spec.MaxEntries))
	s.keys = make([]byte, 4*m.spec.MaxEntries)
	for i := range int(m.spec.MaxEntries) {
		m.order().PutUint32(s.keys[4*i:], uint32(i))
	}
	return s
}

func (s *arrayStore) find(key []byte) int {
	if i := s.m.order().Uint32(key); i < s.m.spec.MaxEntries {
		return int(i)
	}
	return -1
}

func (s *arrayStore) value(elem, cpu int) []byte {
	at := (elem*s.cpus + cpu%s.cpus) * s.size
	return s.memory[at : at+s.size : at+s.size]
}

func (s *arrayStore) key(elem int) []byte { return s.keys[4*elem : 4*elem+4] }

func (s *arrayStore) next(elem int) int {
	if elem+1 < int(s.m.spec.MaxEntries) {
		return elem + 1
	}
	return -1
}

func (s *arrayStore) update(key, value []byte, flags asm.UpdateFlags, cpu int) Errno {
	elem := s.find(key)
	switch {
	case flags > asm.UpdateExist:
		return EINVAL
	case elem < 0:
		return E2BIG
	case flags == asm.UpdateNoExist:
		return EEXIST
	}
	put(s, s.m, elem, value, cpu, s.cpus)
	return 0
}

func (s *arrayStore) remove([]byte) Errno { return EINVAL }

// put stores a value for one CPU or, as user space gives them, for all.
func put(s store, m *Map, elem int, value []byte, cpu, cpus int) {
	if cpus == 1 {
		copy(s.value(elem, 0), value)
		return
	}
	if cpu != allCPUs {
		copy(s.value(elem, cpu), value)
		return
	}
	for cpu := range cpus {
		copy(s.value(elem, cpu), value[cpu*m.stride():])
	}
}
