package vm

import "github.com/purebpf/purebpf/asm"

// hashStore is a hash, perhaps with a value for every CPU, perhaps one that drops what was not used for longest:
// kernel/bpf/hashtab.c. An update of an existing key replaces the value in place.
//
// The kernel's LRU lists are approximate: it looks at bits that a lookup sets, and drops many elements at once. Here the
// one goes whose last update, or lookup by a program, is longest ago.
type hashStore struct {
	m     *Map
	cpus  int
	lru   bool
	elems map[string]int
	slots []slot
	free  []int // slots that were used and are empty

	newest, oldest int // ends of the list of elements by use, -1 when it is empty
}

type slot struct {
	used         bool
	key          string
	keyBytes     []byte
	value        []byte // of all CPUs
	newer, older int
}

func newHash(m *Map, cpus int, lru bool) *hashStore {
	return &hashStore{m: m, cpus: cpus, lru: lru, elems: make(map[string]int), newest: -1, oldest: -1}
}

func (s *hashStore) find(key []byte) int {
	if elem, ok := s.elems[string(key)]; ok {
		return elem
	}
	return -1
}

func (s *hashStore) value(elem, cpu int) []byte {
	size := int(s.m.spec.ValueSize)
	at := cpu % s.cpus * size
	return s.slots[elem].value[at : at+size : at+size]
}

func (s *hashStore) key(elem int) []byte { return s.slots[elem].keyBytes }

func (s *hashStore) next(elem int) int {
	for elem++; elem < len(s.slots); elem++ {
		if s.slots[elem].used {
			return elem
		}
	}
	return -1
}

func (s *hashStore) update(key, value []byte, flags asm.UpdateFlags, cpu int) Errno {
	if flags > asm.UpdateExist {
		return EINVAL
	}
	elem := s.find(key)
	switch {
	case elem >= 0 && flags == asm.UpdateNoExist:
		return EEXIST
	case elem < 0 && flags == asm.UpdateExist:
		return ENOENT
	case elem < 0:
		if len(s.elems) >= int(s.m.spec.MaxEntries) {
			if !s.lru {
				return E2BIG
			}
			s.removeSlot(s.oldest)
		}
		elem = s.insert(key)
	default:
		s.touch(elem)
	}
	put(s, s.m, elem, value, cpu, s.cpus)
	return 0
}

// insert makes an element with a value of zeros.
func (s *hashStore) insert(key []byte) int {
	var elem int
	if n := len(s.free); n > 0 {
		elem, s.free = s.free[n-1], s.free[:n-1]
		clear(s.slots[elem].value)
	} else {
		elem = len(s.slots)
		s.slots = append(s.slots, slot{value: make([]byte, s.cpus*int(s.m.spec.ValueSize))})
	}
	e := &s.slots[elem]
	e.used, e.key, e.keyBytes = true, string(key), append(e.keyBytes[:0], key...)
	s.elems[e.key] = elem
	s.link(elem)
	return elem
}

func (s *hashStore) remove(key []byte) Errno {
	elem := s.find(key)
	if elem < 0 {
		return ENOENT
	}
	s.removeSlot(elem)
	return 0
}

func (s *hashStore) removeSlot(elem int) {
	e := &s.slots[elem]
	delete(s.elems, e.key)
	s.unlink(elem)
	e.used, e.key = false, ""
	s.free = append(s.free, elem)
}

// touch makes elem the one used last.
func (s *hashStore) touch(elem int) {
	if s.lru && s.newest != elem {
		s.unlink(elem)
		s.link(elem)
	}
}

func (s *hashStore) link(elem int) {
	s.slots[elem].newer, s.slots[elem].older = -1, s.newest
	if s.newest >= 0 {
		s.slots[s.newest].newer = elem
	} else {
		s.oldest = elem
	}
	s.newest = elem
}

func (s *hashStore) unlink(elem int) {
	e := &s.slots[elem]
	if e.newer >= 0 {
		s.slots[e.newer].older = e.older
	} else {
		s.newest = e.older
	}
	if e.older >= 0 {
		s.slots[e.older].newer = e.newer
	} else {
		s.oldest = e.newer
	}
}

// trieStore is a trie of prefixes, the longest of which is found: kernel/bpf/lpm_trie.c. Here it is a hash of prefixes
// that is asked for one length after the other.
type trieStore struct {
	hash    *hashStore
	lengths []int  // how many prefixes of every length there are
	scratch []byte // a key without the bits behind the prefix
}

func newTrie(m *Map) *trieStore {
	bits := 8 * (int(m.spec.KeySize) - 4)
	return &trieStore{hash: newHash(m, 1, false), lengths: make([]int, bits+1), scratch: make([]byte, m.spec.KeySize)}
}

// prefix returns the first n bits of a key and how many they are.
func (s *trieStore) prefix(key []byte, n int) []byte {
	clear(s.scratch)
	s.hash.m.order().PutUint32(s.scratch, uint32(n))
	to, from := s.scratch[4:], key[4:]
	copy(to, from[:n/8])
	if n%8 != 0 {
		to[n/8] = from[n/8] &^ (0xff >> (n % 8))
	}
	return s.scratch
}

// length returns the length of the prefix that a key is, and whether it may be as long.
func (s *trieStore) length(key []byte) (int, bool) {
	n := s.hash.m.order().Uint32(key)
	return int(n), n < uint32(len(s.lengths))
}

func (s *trieStore) find(key []byte) int {
	n, ok := s.length(key)
	if !ok {
		return -1
	}
	for ; n >= 0; n-- {
		if s.lengths[n] == 0 {
			continue
		}
		if elem := s.hash.find(s.prefix(key, n)); elem >= 0 {
			return elem
		}
	}
	return -1
}

func (s *trieStore) value(elem, cpu int) []byte { return s.hash.value(elem, cpu) }
func (s *trieStore) key(elem int) []byte        { return s.hash.key(elem) }
func (s *trieStore) next(elem int) int          { return s.hash.next(elem) }

func (s *trieStore) update(key, value []byte, flags asm.UpdateFlags, cpu int) Errno {
	n, ok := s.length(key)
	if flags > asm.UpdateExist || !ok {
		return EINVAL
	}
	prefix := s.prefix(key, n)
	isNew := s.hash.find(prefix) < 0
	switch e := s.hash.update(prefix, value, flags, cpu); {
	case e == E2BIG:
		return ENOSPC
	case e != 0:
		return e
	}
	if isNew {
		s.lengths[n]++
	}
	copy(s.hash.slots[s.hash.find(prefix)].keyBytes, key)
	return 0
}

func (s *trieStore) remove(key []byte) Errno {
	n, ok := s.length(key)
	if !ok {
		return EINVAL
	}
	e := s.hash.remove(s.prefix(key, n))
	if e == 0 {
		s.lengths[n]--
	}
	return e
}
