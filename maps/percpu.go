//go:build linux

package maps

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// PerCPU is a map with a value of type V for every key and every possible CPU: percpu_hash, percpu_array,
// lru_percpu_hash, percpu_cgroup_storage. A program sees the value of the CPU it runs on; here they come as a slice of
// PossibleCPUs elements, whose index is the number of the CPU. Make one with NewPerCPU or ViewPerCPU.
type PerCPU[K, V any] struct {
	*Raw
	cpus, size, stride int
	// scratch holds buffers in the kernel's layout, where every value begins at a multiple of 8. It is not used when the
	// size of V is such a multiple, because a []V has that layout then.
	scratch sync.Pool
}

// NewPerCPU creates a per-CPU map. KeySize and ValueSize of the spec may be 0, which takes them from K and V. opts may
// be nil.
func NewPerCPU[K, V any](spec asm.MapSpec, opts *Options) (*PerCPU[K, V], error) {
	return createView(spec, opts, fitTypes[K, V], ViewPerCPU[K, V])
}

// ViewPerCPU gives typed access to a per-CPU map; see View.
func ViewPerCPU[K, V any](raw *Raw) (*PerCPU[K, V], error) {
	if err := view(raw, "PerCPU", fitTypes[K, V]); err != nil {
		return nil, err
	}
	size := int(raw.spec.ValueSize)
	m := &PerCPU[K, V]{Raw: raw, size: size, stride: perCPUStride(size)}
	m.cpus = raw.valueLen / m.stride
	return m, nil
}

// Lookup returns the values of key in a new slice. Errors: ErrKeyNotExist.
func (m *PerCPU[K, V]) Lookup(key K) ([]V, error) {
	values := make([]V, m.cpus)
	if err := m.LookupInto(&key, values); err != nil {
		return nil, err
	}
	return values, nil
}

// LookupInto copies the values of key to values, which must have PossibleCPUs elements, without allocation.
func (m *PerCPU[K, V]) LookupInto(key *K, values []V) error {
	return m.with(opLookup, 1, values, func(b []byte) error { return m.Raw.Lookup(sys.Bytes(key), b, 0) })
}

// Update stores values, which must have PossibleCPUs elements, under key.
func (m *PerCPU[K, V]) Update(key K, values []V, flags asm.UpdateFlags) error {
	return m.with(opUpdate, 1, values, func(b []byte) error { return m.Raw.Update(sys.Bytes(&key), b, flags) })
}

// Delete removes key. Errors: ErrKeyNotExist.
func (m *PerCPU[K, V]) Delete(key K) error { return m.Raw.Delete(sys.Bytes(&key)) }

// LookupAndDelete removes key and copies the values it had to values (Linux 5.14).
func (m *PerCPU[K, V]) LookupAndDelete(key K, values []V) error {
	return m.with(opLookupAndDelete, 1, values, func(b []byte) error { return m.Raw.LookupAndDelete(sys.Bytes(&key), b, 0) })
}

// Iterate goes through all keys and values. The slice of values is valid until the next step.
func (m *PerCPU[K, V]) Iterate() *Iterator[K, []V] {
	values := make([]V, m.cpus)
	return newIterator(m.Raw, keyOf[K], func(key K) ([]V, error) { return values, m.LookupInto(&key, values) })
}

// LookupBatch copies up to len(keys) elements from the cursor on and returns their number. The values of keys[i] are
// the PossibleCPUs elements of values from i*PossibleCPUs on. See Raw.LookupBatch.
func (m *PerCPU[K, V]) LookupBatch(at *BatchCursor, keys []K, values []V) (n int, err error) {
	err = m.with(opLookupBatch, len(keys), values, func(b []byte) (err error) {
		n, err = m.Raw.LookupBatch(at, sys.SliceBytes(keys), b, 0)
		return err
	})
	return n, err
}

// UpdateBatch stores the values of all keys, arranged as for LookupBatch, and returns how many it stored.
func (m *PerCPU[K, V]) UpdateBatch(keys []K, values []V) (n int, err error) {
	err = m.with(opUpdateBatch, len(keys), values, func(b []byte) (err error) {
		n, err = m.Raw.UpdateBatch(sys.SliceBytes(keys), b, 0)
		return err
	})
	return n, err
}

// DeleteBatch removes keys and returns how many it removed, also together with an error.
func (m *PerCPU[K, V]) DeleteBatch(keys []K) (int, error) {
	return m.Raw.DeleteBatch(sys.SliceBytes(keys))
}

// with calls f with the values of elements keys in the kernel's layout, and copies them back. It copies in both
// directions always: next to the system call that costs nothing, and f alone knows what it does.
func (m *PerCPU[K, V]) with(o op, elements int, values []V, f func([]byte) error) error {
	if want := elements * m.cpus; len(values) != want {
		return m.wrap(o, fmt.Errorf("%d values given for %d keys and %d possible CPUs: %w", len(values), elements, m.cpus, unix.EINVAL))
	}
	flat := sys.SliceBytes(values)
	if m.size == m.stride {
		return f(flat)
	}
	buffer, _ := m.scratch.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer m.scratch.Put(buffer)
	if need := len(values) * m.stride; cap(*buffer) < need {
		*buffer = make([]byte, need)
	} else {
		*buffer = (*buffer)[:need]
	}
	for i := range values {
		copy((*buffer)[i*m.stride:], flat[i*m.size:(i+1)*m.size])
	}
	err := f(*buffer)
	for i := range values {
		copy(flat[i*m.size:(i+1)*m.size], (*buffer)[i*m.stride:])
	}
	return err
}
