//go:build linux

package maps

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// BatchCursor is a place in a map between two batches. The zero value is the beginning. It belongs to one map and must
// not be used by two goroutines at a time.
type BatchCursor struct {
	// in and out are opaque: an index, the number of a bucket, or a key.
	in, out []byte
	started bool
	ended   bool
}

// LookupBatch copies elements from the cursor on, as many as keys and values have room for, and returns their number;
// the cursor moves behind them. keys and values hold the elements one behind the other. flags is 0 or asm.UpdateLock.
//
// After the last element the error is ErrBatchEnd, together with the last elements or with none. A hash map is read
// bucket by bucket: an element that is there all the time comes exactly once, whatever else is deleted or added;
// ENOSPC means that a bucket does not fit into the slices, and the call can be repeated with longer ones. Types without
// batches give errors.ErrUnsupported: LookupBatch exists from Linux 5.6 on for arrays and hashes, but not for maps of
// sockets. An LPM trie is read by its keys, with the weakness of NextKey.
func (r *Raw) LookupBatch(at *BatchCursor, keys, values []byte, flags asm.UpdateFlags) (n int, err error) {
	return r.readBatch(opLookupBatch, at, keys, values, flags)
}

// LookupAndDeleteBatch is LookupBatch that removes what it returns. Only hash maps have it.
func (r *Raw) LookupAndDeleteBatch(at *BatchCursor, keys, values []byte, flags asm.UpdateFlags) (n int, err error) {
	return r.readBatch(opLookupAndDeleteBatch, at, keys, values, flags)
}

func (r *Raw) readBatch(o op, at *BatchCursor, keys, values []byte, flags asm.UpdateFlags) (int, error) {
	if at.ended {
		return 0, r.fail(o, unix.ENOENT)
	}
	if at.in == nil {
		room := max(int(r.spec.KeySize), 8)
		at.in, at.out = make([]byte, room), make([]byte, room)
	}
	attr := sys.MapBatchAttr{OutBatch: sys.BytesPointer(at.out)}
	if at.started {
		attr.InBatch = sys.BytesPointer(at.in)
	}
	n, err := r.batch(o, &attr, keys, values, flags)
	switch err {
	case nil:
		if n == 0 {
			return 0, nil
		}
	case unix.ENOENT:
		at.ended = true
		return n, r.fail(o, err)
	case unix.ENOSPC:
		return 0, r.wrap(o, &reason{unix.ENOSPC, "the elements of one bucket need longer slices"})
	default:
		return n, r.explain(o, err)
	}
	at.in, at.out = at.out, at.in
	at.started = true
	return n, nil
}

// UpdateBatch stores values under keys, both one behind the other, and returns how many it stored, also together with
// an error. flags is 0 or asm.UpdateLock: the kernel takes no conditions here. Arrays and hashes have it from Linux 5.6
// on. Errors: ErrFull, ErrKeyNotExist for an index beyond the end of an array.
func (r *Raw) UpdateBatch(keys, values []byte, flags asm.UpdateFlags) (n int, err error) {
	n, err = r.batch(opUpdateBatch, &sys.MapBatchAttr{}, keys, values, flags)
	return n, r.explain(opUpdateBatch, err)
}

// DeleteBatch removes keys, one behind the other, and returns how many it removed, also together with an error. It stops
// at the first key that is not there, with ErrKeyNotExist. Hashes have it from Linux 5.6 on.
func (r *Raw) DeleteBatch(keys []byte) (n int, err error) {
	n, err = r.batch(opDeleteBatch, &sys.MapBatchAttr{}, keys, nil, 0)
	return n, r.explain(opDeleteBatch, err)
}

// explain is fail for the error of batch, which may be nil or wrapped already.
func (r *Raw) explain(o op, err error) error {
	if errno, ok := err.(unix.Errno); ok {
		return r.fail(o, errno)
	}
	return err
}

// batch returns the number of elements done and a bare errno, or an *Error for arguments that never reach the kernel.
func (r *Raw) batch(o op, attr *sys.MapBatchAttr, keys, values []byte, flags asm.UpdateFlags) (int, error) {
	count, err := r.countBatch(o, keys, values)
	if err != nil {
		return 0, r.wrap(o, err)
	}
	if count == 0 {
		return 0, nil
	}
	fd, err := r.fd.Acquire()
	if err != nil {
		return 0, r.wrap(o, err)
	}
	attr.MapFD = uint32(fd)
	attr.Count = uint32(count)
	attr.Keys, attr.Values = sys.BytesPointer(keys), sys.BytesPointer(values)
	attr.ElemFlags = uint64(flags)
	switch o {
	case opLookupBatch:
		err = sys.MapLookupBatch(attr)
	case opLookupAndDeleteBatch:
		err = sys.MapLookupAndDeleteBatch(attr)
	case opUpdateBatch:
		err = sys.MapUpdateBatch(attr)
	default:
		err = sys.MapDeleteBatch(attr)
	}
	r.fd.Release()
	n := int(attr.Count)
	if err != nil && err != unix.ENOENT && n == count {
		// The kernel refused before it began to count: all elements and an error do not go together, except at the end
		// of a map.
		n = 0
	}
	return n, err
}

func (r *Raw) countBatch(o op, keys, values []byte) (int, error) {
	keySize := int(r.spec.KeySize)
	if keySize == 0 {
		return 0, fmt.Errorf("the map has no keys: %w", unix.EINVAL)
	}
	count := len(keys) / keySize
	if len(keys)%keySize != 0 {
		return 0, fmt.Errorf("%d bytes of keys given, the map's have %d each: %w", len(keys), keySize, unix.EINVAL)
	}
	if o != opDeleteBatch && len(values) != count*r.valueLen {
		return 0, fmt.Errorf("%d bytes of values given for %d keys, the map's have %d each: %w", len(values), count, r.valueLen, unix.EINVAL)
	}
	return count, checkCount(count)
}

// checkCount refuses what does not fit the 32 bits of the attributes.
func checkCount(n int) error {
	if uint64(n) > math.MaxUint32 {
		return fmt.Errorf("%d elements in one batch: %w", n, unix.EINVAL)
	}
	return nil
}
