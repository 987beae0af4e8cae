//go:build linux

package maps

import (
	"errors"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// Iterator goes through a map once. Range over All or Keys, then look at Err:
//
//	workers := m.Iterate()
//	for key, value := range workers.All() {
//		...
//	}
//	if err := workers.Err(); err != nil {
//		...
//	}
//
// The map may change meanwhile, by programs, by others and by the body of the loop; deleting the current key is the
// ordinary case. Every key comes at most once, and a key that is there from beginning to end comes exactly once. Keys
// added or deleted meanwhile may come or not. A value is read when its turn comes, and a key that is gone by then is
// left out of All.
//
// Behind this: a hash map is read in batches of whole buckets, which deletions do not disturb. Where the kernel has no
// batches (sockhash, LPM trie), the key after each one is fetched before it is handed out, and when the kernel starts
// again at the first key because that one was deleted too, the keys already seen are skipped. Should this happen over
// and over, the iteration ends with ErrIterationAborted instead of running for ever.
//
// An iteration left with break can be continued by ranging again. One goroutine at a time.
type Iterator[K, V any] struct {
	cursor cursor
	key    func([]byte) K
	value  func(K) (V, error)
}

func newIterator[K, V any](r *Raw, key func([]byte) K, value func(K) (V, error)) *Iterator[K, V] {
	return &Iterator[K, V]{cursor: cursor{raw: r}, key: key, value: value}
}

// All yields the keys and their values.
func (it *Iterator[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key := range it.Keys() {
			value, err := it.value(key)
			if errors.Is(err, ErrKeyNotExist) {
				continue
			}
			if err != nil {
				it.cursor.err = err
				return
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

// Keys yields the keys and leaves the values alone. Some may be deleted by the time they come.
func (it *Iterator[K, V]) Keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		key := make([]byte, it.cursor.raw.spec.KeySize)
		for it.cursor.next(key) {
			if !yield(it.key(key)) {
				return
			}
		}
	}
}

// Err returns what ended the iteration before its time, nil if nothing did.
func (it *Iterator[K, V]) Err() error { return it.cursor.err }

// Iterate goes through all keys and values. The slices it yields are valid until the next step.
func (r *Raw) Iterate() *Iterator[[]byte, []byte] {
	value := make([]byte, r.valueLen)
	return newIterator(r, func(key []byte) []byte { return key }, func(key []byte) ([]byte, error) {
		return value, r.Lookup(key, value, 0)
	})
}

// cursor finds the keys of a map, one after the other.
type cursor struct {
	raw  *Raw
	err  error
	step func(key []byte) (bool, error)
}

func (c *cursor) next(key []byte) bool {
	if c.err != nil {
		return false
	}
	if c.step == nil {
		if c.step, c.err = c.start(); c.err != nil {
			return false
		}
	}
	more, err := c.step(key)
	c.err = err
	return more && err == nil
}

func (c *cursor) start() (func([]byte) (bool, error), error) {
	if hasBuckets(c.raw.spec.Type) {
		chunk := newChunk(c.raw)
		err := chunk.fill()
		if err == nil {
			return chunk.next, nil
		}
		// Batches came to the types one after the other. EINVAL is the answer to an unknown command, before Linux 5.6.
		if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, unix.EINVAL) {
			return nil, err
		}
	}
	walk := &walk{raw: c.raw, ahead: make([]byte, c.raw.spec.KeySize)}
	if !isArray(c.raw.spec.Type) {
		walk.seen = map[string]struct{}{}
	}
	walk.limit = stepLimit(c.raw.spec.MaxEntries)
	var err error
	walk.more, err = c.raw.NextKey(nil, walk.ahead)
	return walk.next, err
}

// hasBuckets reports whether batches of a map consist of whole buckets of a hash table.
func hasBuckets(t asm.MapType) bool {
	switch t {
	case asm.MapHash, asm.MapLRUHash, asm.MapPerCPUHash, asm.MapLRUPerCPUHash, asm.MapHashOfMaps:
		return true
	}
	return false
}

// chunk holds the keys of some buckets.
type chunk struct {
	raw          *Raw
	at           BatchCursor
	keys, values []byte
	pos, end     int
}

// chunkBytes is roughly the memory of a chunk, as far as that holds one element at least.
const chunkBytes = 32 << 10

func newChunk(r *Raw) *chunk {
	c := &chunk{raw: r}
	perElement := max(int(r.spec.KeySize)+r.valueLen, 1)
	c.grow(max(1, min(chunkBytes/perElement, int(r.spec.MaxEntries))))
	return c
}

func (c *chunk) grow(elements int) {
	c.keys = make([]byte, elements*int(c.raw.spec.KeySize))
	c.values = make([]byte, elements*c.raw.valueLen)
}

// fill reads the next buckets. It leaves the chunk empty at the end of the map.
func (c *chunk) fill() error {
	c.pos, c.end = 0, 0
	for {
		n, err := c.raw.LookupBatch(&c.at, c.keys, c.values, 0)
		c.end = n * int(c.raw.spec.KeySize)
		elements := len(c.keys) / int(c.raw.spec.KeySize)
		switch {
		case errors.Is(err, ErrBatchEnd):
			return nil
		case errors.Is(err, unix.ENOSPC) && elements <= int(c.raw.spec.MaxEntries):
			c.grow(2 * elements)
		default:
			return err
		}
	}
}

func (c *chunk) next(key []byte) (bool, error) {
	if c.pos == c.end {
		if err := c.fill(); err != nil || c.end == 0 {
			return false, err
		}
	}
	c.pos += copy(key, c.keys[c.pos:c.end])
	return true, nil
}

// walk goes from key to key.
type walk struct {
	raw *Raw
	// ahead is the key after the one handed out last, if more is set.
	ahead []byte
	more  bool
	// seen are the keys handed out; nil for arrays, whose keys do not vanish.
	seen map[string]struct{}
	// limit is the number of steps left.
	limit uint64
}

// stepLimit is enough to start again several times.
func stepLimit(maxEntries uint32) uint64 {
	if maxEntries == 0 { // cgroup storage has no limit of its own
		return 1 << 32
	}
	return 16 * (uint64(maxEntries) + 1)
}

func (w *walk) next(key []byte) (bool, error) {
	for w.more {
		if w.limit == 0 {
			return false, w.raw.wrap(opNextKey, ErrIterationAborted)
		}
		w.limit--
		copy(key, w.ahead)
		var err error
		if w.more, err = w.raw.NextKey(key, w.ahead); err != nil {
			return false, err
		}
		if w.seen == nil {
			return true, nil
		}
		if _, again := w.seen[string(key)]; !again {
			w.seen[string(key)] = struct{}{}
			return true, nil
		}
	}
	return false, nil
}
