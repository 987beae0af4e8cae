//go:build linux

package maps

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// The answers of the kernel on which callers branch. Test for them with errors.Is; the kernel's errno is in the same
// error. What an operation does not exist for (batches of a sockhash, lookup in a cgroup array) is errors.ErrUnsupported.
var (
	// ErrKeyNotExist: the map has no such key, an array no such index, a socket array no socket there.
	ErrKeyNotExist = errors.New("key does not exist")
	// ErrKeyExist: an update with asm.UpdateNoExist found the key.
	ErrKeyExist = errors.New("key exists")
	// ErrFull: the map holds as many elements as its spec allows.
	ErrFull = errors.New("map is full")
	// ErrEmpty: the queue or stack holds nothing.
	ErrEmpty = errors.New("nothing in it")
	// ErrBatchEnd: there are no more elements after those returned together with it.
	ErrBatchEnd = errors.New("no more elements")
	// ErrIterationAborted: other processes or programs deleted elements faster than the iteration went on.
	ErrIterationAborted = errors.New("too many elements deleted meanwhile")
)

// Error is a failed operation on a map.
type Error struct {
	// Op is what was attempted, such as "look up key".
	Op string
	// Name is the name of the map as in its spec, or as the kernel knows it.
	Name string
	Type asm.MapType
	// Err is the reason: an errno, perhaps together with one of the sentinels of this package or an explanation.
	Err error
}

func (e *Error) Error() string {
	return e.Op + " in map " + strconv.Quote(e.Name) + " (" + e.Type.String() + "): " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// answer is an errno whose meaning is known: it reads like the sentinel and is both.
type answer struct {
	sentinel error
	errno    unix.Errno
}

func (a *answer) Error() string   { return a.sentinel.Error() }
func (a *answer) Unwrap() []error { return []error{a.sentinel, a.errno} }

// reason is an errno with an explanation.
type reason struct {
	errno unix.Errno
	text  string
}

func (r *reason) Error() string { return r.errno.Error() + " (" + r.text + ")" }
func (r *reason) Unwrap() error { return r.errno }

// op is an operation on the elements of a map.
type op uint8

const (
	opLookup op = iota
	opUpdate
	opDelete
	opLookupAndDelete
	opNextKey
	opLookupBatch
	opLookupAndDeleteBatch
	opUpdateBatch
	opDeleteBatch
)

// keyOps is the number of operations, from the first, of which ENOENT says that the key is missing.
const keyOps = opLookupAndDelete + 1

func (o op) String() string {
	switch o {
	case opLookup:
		return "look up key"
	case opUpdate:
		return "update key"
	case opDelete:
		return "delete key"
	case opLookupAndDelete:
		return "look up and delete key"
	case opNextKey:
		return "get next key"
	case opLookupBatch:
		return "look up batch"
	case opLookupAndDeleteBatch:
		return "look up and delete batch"
	case opUpdateBatch:
		return "update batch"
	}
	return "delete batch"
}

// misses are the errors of an ordinary day. They are made with the map, so that looking for a key which is not there
// allocates nothing.
type misses struct {
	absent [keyOps]Error
	exists Error
}

func (r *Raw) makeMisses() {
	sentinel := ErrKeyNotExist
	if r.spec.Type == asm.MapQueue || r.spec.Type == asm.MapStack {
		sentinel = ErrEmpty
	}
	absent := &answer{sentinel, unix.ENOENT}
	for o := range keyOps {
		r.misses.absent[o] = *r.wrap(o, absent)
	}
	r.misses.exists = *r.wrap(opUpdate, &answer{ErrKeyExist, unix.EEXIST})
}

func (r *Raw) wrap(o op, err error) *Error {
	return &Error{Op: o.String(), Name: r.spec.Name, Type: r.spec.Type, Err: err}
}

// fail gives the kernel's answer to an operation its meaning.
func (r *Raw) fail(o op, err error) error {
	errno, ok := err.(unix.Errno)
	if !ok {
		return r.wrap(o, err)
	}
	switch errno {
	case unix.ENOENT:
		if o < keyOps {
			return &r.misses.absent[o]
		}
		if o == opLookupBatch || o == opLookupAndDeleteBatch {
			return r.wrap(o, &answer{ErrBatchEnd, errno})
		}
		return r.wrap(o, &answer{ErrKeyNotExist, errno})
	case unix.EEXIST:
		if o == opUpdate {
			return &r.misses.exists
		}
		return r.wrap(o, &answer{ErrKeyExist, errno})
	case unix.E2BIG:
		if isArray(r.spec.Type) {
			return r.wrap(o, &answer{ErrKeyNotExist, errno})
		}
		return r.wrap(o, &answer{ErrFull, errno})
	case sys.ENOTSUPP:
		return r.wrap(o, &answer{errors.ErrUnsupported, errno})
	case unix.EINVAL:
		// A sockmap has no other word for an index without a socket.
		if o == opDelete && r.spec.Type == asm.MapSockMap {
			return r.wrap(o, &answer{ErrKeyNotExist, errno})
		}
	case unix.EPERM:
		return r.wrap(o, &reason{errno, "the map is frozen, or was opened for reading or for writing only"})
	}
	return r.wrap(o, errno)
}

// isArray reports whether the keys of a map are indices below its number of entries.
func isArray(t asm.MapType) bool {
	switch t {
	case asm.MapArray, asm.MapPerCPUArray, asm.MapProgArray, asm.MapPerfEventArray, asm.MapCgroupArray, asm.MapArrayOfMaps,
		asm.MapDevMap, asm.MapSockMap, asm.MapCPUMap, asm.MapXSKMap, asm.MapReuseportSockArray:
		return true
	}
	return false
}
