package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// programStore is a PROG_ARRAY: kernel/bpf/arraymap.c.
type programStore struct {
	unsupported
	machines []*Machine
}

func (s *programStore) at(i uint32) *Machine {
	if i < uint32(len(s.machines)) {
		return s.machines[i]
	}
	return nil
}

func (s *programStore) remove(key []byte) Errno {
	switch i := s.m.order().Uint32(key); {
	case i >= uint32(len(s.machines)):
		return E2BIG
	case s.machines[i] == nil:
		return ENOENT
	default:
		s.machines[i] = nil
		return 0
	}
}

// UpdateProgram stores a program in a PROG_ARRAY. A tail call runs it in the machine that makes the call, with the maps of
// to and the context, Env and budget of the caller. Both have to be of the same program type and byte order.
func (m *Map) UpdateProgram(index uint32, to *Machine) error {
	s, ok := m.store.(*programStore)
	switch {
	case !ok:
		return fmt.Errorf("map %s of type %v holds no programs: %w", m.spec.Name, m.spec.Type, EINVAL)
	case index >= uint32(len(s.machines)):
		return m.error("update", E2BIG)
	case to.big != m.big:
		return fmt.Errorf("map %s: update: program %s is for the other byte order: %w", m.spec.Name, to.Program().Name(), EINVAL)
	}
	for _, other := range s.machines {
		if other != nil && other.Program().Type() != to.Program().Type() {
			return fmt.Errorf("map %s: update: program %s of type %v beside one of type %v: %w", m.spec.Name,
				to.Program().Name(), to.Program().Type(), other.Program().Type(), EINVAL)
		}
	}
	s.machines[index] = to
	return nil
}

// storageStore is SK_STORAGE: a value for every socket, gone with it (net/core/bpf_sk_storage.c).
type storageStore struct {
	unsupported
	elems  map[*Socket]int
	values [][]byte
	free   []int
}

func (s *storageStore) value(elem, _ int) []byte { return s.values[elem] }

// of returns the element of a socket, which is made with a value of zeros when it is not there and wanted, else -1.
func (s *storageStore) of(socket *Socket, create bool) (elem int, made bool) {
	if elem, ok := s.elems[socket]; ok {
		return elem, false
	}
	if !create {
		return -1, false
	}
	if n := len(s.free); n > 0 {
		elem, s.free = s.free[n-1], s.free[:n-1]
		clear(s.values[elem])
	} else {
		elem = len(s.values)
		s.values = append(s.values, make([]byte, s.m.spec.ValueSize))
	}
	s.elems[socket] = elem
	socket.members = append(socket.members, member{s.m, elem})
	return elem, true
}

func (s *storageStore) drop(elem int, socket *Socket) {
	delete(s.elems, socket)
	s.free = append(s.free, elem)
}

// Storage returns what an SK_STORAGE map has for a socket, nil if nothing. It is the map's own memory.
func (m *Map) Storage(of *Socket) []byte {
	if s, ok := m.store.(*storageStore); ok {
		if elem, _ := s.of(of, false); elem >= 0 {
			return s.values[elem]
		}
	}
	return nil
}

// UpdateStorage stores what an SK_STORAGE map has for a socket.
func (m *Map) UpdateStorage(of *Socket, value []byte, flags asm.UpdateFlags) error {
	s, ok := m.store.(*storageStore)
	switch {
	case !ok:
		return fmt.Errorf("map %s of type %v stores nothing for sockets: %w", m.spec.Name, m.spec.Type, EINVAL)
	case flags > asm.UpdateExist || len(value) != int(m.spec.ValueSize):
		return m.error("update", EINVAL)
	}
	elem, _ := s.of(of, false)
	switch {
	case elem >= 0 && flags == asm.UpdateNoExist:
		return m.error("update", EEXIST)
	case elem < 0 && flags == asm.UpdateExist:
		return m.error("update", ENOENT)
	case elem < 0:
		elem, _ = s.of(of, true)
	}
	copy(s.values[elem], value)
	return nil
}
