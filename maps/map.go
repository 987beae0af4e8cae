//go:build linux

package maps

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Map is a map with keys of type K and values of type V. Both are fixed-size types without pointers and padding, in the
// byte order of the machine; the index of an array is a uint32. Make one with New or View.
type Map[K, V any] struct {
	*Raw
}

// New creates a map. KeySize and ValueSize of the spec may be 0, which takes them from K and V. opts may be nil. The
// errors are those of Create and View.
func New[K, V any](spec asm.MapSpec, opts *Options) (*Map[K, V], error) {
	return createView(spec, opts, fitTypes[K, V], View[K, V])
}

// View gives typed access to a map. It checks that the map is of a type that has one value for each key and that the
// sizes are those of K and V. The Raw stays the caller's: closing it or the view closes both.
func View[K, V any](raw *Raw) (*Map[K, V], error) {
	if err := view(raw, "Map", fitTypes[K, V]); err != nil {
		return nil, err
	}
	return &Map[K, V]{raw}, nil
}

// createView makes a map and a view of it: fitTypes completes the spec before, view checks the whole after.
func createView[T any](spec asm.MapSpec, opts *Options, fit func(*asm.MapSpec) error, view func(*Raw) (T, error)) (T, error) {
	var none T
	if err := fit(&spec); err != nil {
		return none, createError(spec, err)
	}
	raw, err := Create(spec, opts)
	if err != nil {
		return none, err
	}
	v, err := view(raw)
	if err != nil {
		raw.Close()
		return none, err
	}
	return v, nil
}

func view(raw *Raw, kind string, fit func(*asm.MapSpec) error) error {
	spec := raw.spec
	err := checkView(spec.Type, kind)
	if err == nil {
		err = fit(&spec)
	}
	if err != nil {
		return fmt.Errorf("view map %q (%v): %w", spec.Name, spec.Type, err)
	}
	return nil
}

// Lookup returns the value of key. Errors: ErrKeyNotExist.
func (m *Map[K, V]) Lookup(key K) (V, error) {
	var value V
	err := m.Raw.Lookup(sys.Bytes(&key), sys.Bytes(&value), 0)
	return value, err
}

// LookupInto is Lookup without copies, and with flags: 0 or asm.UpdateLock.
func (m *Map[K, V]) LookupInto(key *K, value *V, flags asm.UpdateFlags) error {
	return m.Raw.Lookup(sys.Bytes(key), sys.Bytes(value), flags)
}

// Update stores value under key. Errors: ErrKeyExist with asm.UpdateNoExist, ErrKeyNotExist with asm.UpdateExist and for
// an index beyond the end of an array, ErrFull.
func (m *Map[K, V]) Update(key K, value V, flags asm.UpdateFlags) error {
	return m.Raw.Update(sys.Bytes(&key), sys.Bytes(&value), flags)
}

// UpdateFrom is Update without copies.
func (m *Map[K, V]) UpdateFrom(key *K, value *V, flags asm.UpdateFlags) error {
	return m.Raw.Update(sys.Bytes(key), sys.Bytes(value), flags)
}

// Delete removes key. Errors: ErrKeyNotExist.
func (m *Map[K, V]) Delete(key K) error {
	return m.Raw.Delete(sys.Bytes(&key))
}

// LookupAndDelete removes key and returns the value it had, as one step (Linux 5.14). Errors: ErrKeyNotExist.
func (m *Map[K, V]) LookupAndDelete(key K) (V, error) {
	var value V
	err := m.Raw.LookupAndDelete(sys.Bytes(&key), sys.Bytes(&value), 0)
	return value, err
}

// Iterate goes through all keys and values.
func (m *Map[K, V]) Iterate() *Iterator[K, V] {
	return newIterator(m.Raw, keyOf[K], m.Lookup)
}

// LookupBatch copies up to len(keys) elements from the cursor on and returns their number. values must be as long as
// keys. See Raw.LookupBatch.
func (m *Map[K, V]) LookupBatch(at *BatchCursor, keys []K, values []V, flags asm.UpdateFlags) (int, error) {
	return m.Raw.LookupBatch(at, sys.SliceBytes(keys), sys.SliceBytes(values), flags)
}

// LookupAndDeleteBatch is LookupBatch that removes what it returns.
func (m *Map[K, V]) LookupAndDeleteBatch(at *BatchCursor, keys []K, values []V, flags asm.UpdateFlags) (int, error) {
	return m.Raw.LookupAndDeleteBatch(at, sys.SliceBytes(keys), sys.SliceBytes(values), flags)
}

// UpdateBatch stores values[i] under keys[i] and returns how many it stored, also together with an error. flags is 0 or
// asm.UpdateLock. See Raw.UpdateBatch.
func (m *Map[K, V]) UpdateBatch(keys []K, values []V, flags asm.UpdateFlags) (int, error) {
	return m.Raw.UpdateBatch(sys.SliceBytes(keys), sys.SliceBytes(values), flags)
}

// DeleteBatch removes keys and returns how many it removed, also together with an error.
func (m *Map[K, V]) DeleteBatch(keys []K) (int, error) {
	return m.Raw.DeleteBatch(sys.SliceBytes(keys))
}

// keyOf reads a key from memory.
func keyOf[K any](b []byte) K {
	var key K
	copy(sys.Bytes(&key), b)
	return key
}
