package vm

import (
	"github.com/purebpf/purebpf/asm"
)

// queueStore is a queue or stack: kernel/bpf/queue_stack_maps.c.
type queueStore struct {
	m      *Map
	last   bool // a stack: what came last goes first
	values [][]byte
}

func (s *queueStore) find([]byte) int       { return -1 }
func (s *queueStore) value(int, int) []byte { return nil }
func (s *queueStore) key(int) []byte        { return nil }
func (s *queueStore) next(int) int          { return -1 }
func (s *queueStore) remove([]byte) Errno   { return EINVAL }

// update appends a value, in the place of the oldest one when there is no room and UpdateExist is asked for.
func (s *queueStore) update(_, value []byte, flags asm.UpdateFlags, _ int) Errno {
	if flags == asm.UpdateNoExist || flags > asm.UpdateExist {
		return EINVAL
	}
	if len(s.values) >= int(s.m.spec.MaxEntries) {
		if flags != asm.UpdateExist {
			return E2BIG
		}
		s.values = append(s.values[:0], s.values[1:]...)
	}
	s.values = append(s.values, append([]byte(nil), value...))
	return 0
}

// take copies what is next to b, and removes it if told so. Without any it fills b with zeros.
func (s *queueStore) take(b []byte, remove bool) Errno {
	n := len(s.values)
	if n == 0 {
		clear(b)
		return ENOENT
	}
	at := 0
	if s.last {
		at = n - 1
	}
	copy(b, s.values[at])
	if remove {
		s.values = append(s.values[:at], s.values[at+1:]...)
	}
	return 0
}

func (s *queueStore) read([]byte) ([]byte, Errno) {
	b := make([]byte, s.m.spec.ValueSize)
	if e := s.take(b, false); e != 0 {
		return nil, e
	}
	return b, 0
}

// ringStore is a ring buffer: kernel/bpf/ringbuf.c. A record takes 8 bytes more than its length, rounded up to 8. Behind
// the ring is room for the last record to go beyond its end, so that every record is in one piece.
type ringStore struct {
	unsupported
	memory             []byte
	records            []record // in order, from the oldest one that was not read
	consumer, producer uint64   // positions in bytes since the beginning
}

type record struct {
	at, size uint64
	state    recordState
}

type recordState uint8

const (
	recordReserved recordState = iota
	recordSubmitted
	recordDiscarded
)

const ringHeader = 8 // BPF_RINGBUF_HDR_SZ

func newRing(m *Map) *ringStore {
	return &ringStore{unsupported: unsupported{m}}
}

// reserve returns the memory of a new record and its number, nil if there is no room.
func (s *ringStore) reserve(size uint64) (b []byte, n uint64) {
	ring := uint64(s.m.spec.MaxEntries)
	if size > ring {
		return nil, 0
	}
	length := (size + ringHeader + 7) &^ 7
	if length > ring || s.producer+length-s.consumer > ring-1 {
		return nil, 0
	}
	if s.memory == nil {
		s.memory = make([]byte, 2*ring)
	}
	r := record{at: s.producer, size: size}
	s.producer += length
	s.records = append(s.records, r)
	at := r.at%ring + ringHeader
	return s.memory[at : at+size : at+size], r.at
}

// commit submits or discards the record reserved at a position and reports whether there is one.
func (s *ringStore) commit(at uint64, to recordState) bool {
	for i := range s.records {
		if r := &s.records[i]; r.at == at && r.state == recordReserved {
			r.state = to
			return true
		}
	}
	return false
}

// next returns the oldest record that was submitted and takes it out. One that is only reserved holds up those behind it.
func (s *ringStore) take() ([]byte, bool) {
	for len(s.records) > 0 && s.records[0].state != recordReserved {
		r := s.records[0]
		s.records = append(s.records[:0], s.records[1:]...)
		s.consumer = r.at + (r.size+ringHeader+7)&^7
		if r.state == recordSubmitted {
			at := r.at%uint64(s.m.spec.MaxEntries) + ringHeader
			return append([]byte(nil), s.memory[at:at+r.size]...), true
		}
	}
	return nil, false
}

// ReadRecord takes the oldest record out of a ring buffer and reports whether there was one.
func (m *Map) ReadRecord() (record []byte, ok bool) {
	s, ok := m.store.(*ringStore)
	if !ok {
		return nil, false
	}
	return s.take()
}
