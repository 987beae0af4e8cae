//go:build linux

package maps

import (
	"runtime"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Object is something with a descriptor: a loaded program, a map, a perf event.
type Object interface {
	// FD returns the descriptor, which stays the object's.
	FD() int
}

// Objects is a map whose values are other objects of the kernel: prog_array, array_of_maps, hash_of_maps,
// perf_event_array, cgroup_array. It keeps what is in it alive. Make one with NewObjects or ViewObjects.
type Objects[K any] struct {
	*Raw
}

// NewObjects creates a map of objects. KeySize and ValueSize of the spec may be 0, which takes the first from K and
// stands for 4 in the second. opts may be nil.
func NewObjects[K any](spec asm.MapSpec, opts *Options) (*Objects[K], error) {
	return createView(spec, opts, fitTypes[K, uint32], ViewObjects[K])
}

// ViewObjects gives typed access to a map of objects; see View.
func ViewObjects[K any](raw *Raw) (*Objects[K], error) {
	if err := view(raw, "Objects", fitTypes[K, uint32]); err != nil {
		return nil, err
	}
	return &Objects[K]{raw}, nil
}

// Update stores an object under key. EINVAL means that it is not of the kind that belongs there: an inner map of other
// sizes, a program of another type than the first one in a prog_array.
func (o *Objects[K]) Update(key K, object Object, flags asm.UpdateFlags) error {
	value := uint32(object.FD())
	err := o.Raw.Update(sys.Bytes(&key), sys.Bytes(&value), flags)
	runtime.KeepAlive(object)
	return err
}

// ID returns the id of the object under key; OpenID opens a map by it. Errors: ErrKeyNotExist; errors.ErrUnsupported for
// perf_event_array and cgroup_array.
func (o *Objects[K]) ID(key K) (uint32, error) {
	var id uint32
	err := o.Raw.Lookup(sys.Bytes(&key), sys.Bytes(&id), 0)
	return id, err
}

// Delete removes the object under key. Errors: ErrKeyNotExist.
func (o *Objects[K]) Delete(key K) error { return o.Raw.Delete(sys.Bytes(&key)) }

// Iterate goes through all keys and the ids of their objects. An index without an object is left out.
func (o *Objects[K]) Iterate() *Iterator[K, uint32] {
	return newIterator(o.Raw, keyOf[K], o.ID)
}
