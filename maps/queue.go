//go:build linux

package maps

import (
	"errors"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Queue is a map without keys: a queue (first in, first out), a stack (last in, first out) or a bloom filter. Make one
// with NewQueue or ViewQueue.
type Queue[V any] struct {
	*Raw
}

// NewQueue creates a queue, stack or bloom filter. ValueSize of the spec may be 0, which takes it from V. opts may be
// nil.
func NewQueue[V any](spec asm.MapSpec, opts *Options) (*Queue[V], error) {
	return createView(spec, opts, fitTypes[struct{}, V], ViewQueue[V])
}

// ViewQueue gives typed access to a queue, stack or bloom filter; see View.
func ViewQueue[V any](raw *Raw) (*Queue[V], error) {
	if err := view(raw, "Queue", fitTypes[struct{}, V]); err != nil {
		return nil, err
	}
	return &Queue[V]{raw}, nil
}

// Push adds a value. With asm.UpdateExist a full queue or stack drops its oldest value instead of failing with ErrFull.
func (q *Queue[V]) Push(value V, flags asm.UpdateFlags) error {
	return q.Raw.Update(nil, sys.Bytes(&value), flags)
}

// Pop removes a value and returns it. Errors: ErrEmpty; a bloom filter gives nothing back (errors.ErrUnsupported).
func (q *Queue[V]) Pop() (V, error) {
	var value V
	err := q.Raw.LookupAndDelete(nil, sys.Bytes(&value), 0)
	return value, err
}

// Peek returns the value that Pop would. Errors: ErrEmpty.
func (q *Queue[V]) Peek() (V, error) {
	var value V
	err := q.Raw.Lookup(nil, sys.Bytes(&value), 0)
	return value, err
}

// Contains reports whether a bloom filter may hold value: false is certain, true is not.
func (q *Queue[V]) Contains(value V) (bool, error) {
	err := q.Raw.Lookup(nil, sys.Bytes(&value), 0)
	if errors.Is(err, ErrKeyNotExist) {
		return false, nil
	}
	return err == nil, err
}
