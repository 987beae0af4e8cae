//go:build linux

package maps

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Raw is a map whose keys and values are bytes, in the byte order of the machine. It serves every type of map; Map and
// the other types of this package are views of it.
//
// A Raw owns a descriptor: Close it. All methods may be called from any goroutine, Close too.
type Raw struct {
	fd   *sys.FD
	spec asm.MapSpec
	// valueLen is the number of bytes of a value as seen from user space.
	valueLen int
	misses   misses
}

func newRaw(fd *sys.FD, spec asm.MapSpec) (*Raw, error) {
	r := &Raw{fd: fd, spec: spec, valueLen: int(spec.ValueSize)}
	if spec.Type.PerCPU() {
		cpus, err := PossibleCPUs()
		if err != nil {
			return nil, err
		}
		r.valueLen = cpus * perCPUStride(int(spec.ValueSize))
	}
	r.makeMisses()
	return r, nil
}

// Spec returns the description of the map: the one it was created from, or what the kernel says of a map that was
// opened, where Name has at most 15 bytes and Inner is missing.
func (r *Raw) Spec() asm.MapSpec { return r.spec }

// ValueLen returns the number of bytes of a value as the methods of Raw take it: ValueSize of the spec, or for a per-CPU
// map ValueSize rounded up to 8 for every possible CPU.
func (r *Raw) ValueLen() int { return r.valueLen }

// FD returns the descriptor, -1 after Close. It stays the map's; the map must stay reachable while the number is used.
func (r *Raw) FD() int { return r.fd.Int() }

// Close gives the descriptor up. The map itself lives on while programs, pins or other descriptors hold it. Closing
// twice is harmless.
func (r *Raw) Close() error {
	if err := r.fd.Close(); err != nil {
		return fmt.Errorf("close map %q: %w", r.spec.Name, err)
	}
	return nil
}

// Lookup copies the value of key to value. flags is 0 or asm.UpdateLock, which takes the value's spin lock.
//
// A nil key reads the head of a queue or stack without removing it. A storage map has a descriptor as key. Errors:
// ErrKeyNotExist, ErrEmpty, errors.ErrUnsupported.
func (r *Raw) Lookup(key, value []byte, flags asm.UpdateFlags) error {
	return r.elem(opLookup, key, value, flags)
}

// Update stores value under key. A queue, stack or bloom filter has a nil key.
//
// Errors: ErrKeyExist with asm.UpdateNoExist, ErrKeyNotExist with asm.UpdateExist and for an index beyond the end of an
// array, ErrFull.
func (r *Raw) Update(key, value []byte, flags asm.UpdateFlags) error {
	return r.elem(opUpdate, key, value, flags)
}

// Delete removes key. The elements of arrays cannot be deleted (EINVAL), those of socket arrays and the like can.
// Errors: ErrKeyNotExist.
func (r *Raw) Delete(key []byte) error {
	if len(key) != int(r.spec.KeySize) {
		return r.wrap(opDelete, sizeError("key", len(key), int(r.spec.KeySize)))
	}
	fd, err := r.fd.Acquire()
	if err != nil {
		return r.wrap(opDelete, err)
	}
	err = sys.MapDelete(fd, sys.BytesPointer(key))
	r.fd.Release()
	if err != nil {
		return r.fail(opDelete, err)
	}
	return nil
}

// LookupAndDelete copies the value of key to value and removes it, as one step. A nil key takes from a queue or stack.
// Hash maps have it from Linux 5.14 on. Errors: as Lookup.
func (r *Raw) LookupAndDelete(key, value []byte, flags asm.UpdateFlags) error {
	return r.elem(opLookupAndDelete, key, value, flags)
}

func (r *Raw) elem(o op, key, value []byte, flags asm.UpdateFlags) error {
	if len(key) != int(r.spec.KeySize) {
		return r.wrap(o, sizeError("key", len(key), int(r.spec.KeySize)))
	}
	if len(value) != r.valueLen {
		return r.wrap(o, sizeError("value", len(value), r.valueLen))
	}
	fd, err := r.fd.Acquire()
	if err != nil {
		return r.wrap(o, err)
	}
	switch o {
	case opLookup:
		err = sys.MapLookup(fd, sys.BytesPointer(key), sys.BytesPointer(value), uint64(flags))
	case opUpdate:
		err = sys.MapUpdate(fd, sys.BytesPointer(key), sys.BytesPointer(value), uint64(flags))
	default:
		err = sys.MapLookupAndDelete(fd, sys.BytesPointer(key), sys.BytesPointer(value), uint64(flags))
	}
	r.fd.Release()
	if err != nil {
		return r.fail(o, err)
	}
	return nil
}

func sizeError(what string, got, want int) error {
	return fmt.Errorf("%s of %d bytes given, the map's has %d: %w", what, got, want, unix.EINVAL)
}

// NextKey copies the key after key to next; a nil key gives the first. It reports false after the last one. When key
// was deleted meanwhile, most types of maps start again with the first key: Iterate copes with that.
func (r *Raw) NextKey(key, next []byte) (bool, error) {
	if key != nil && len(key) != int(r.spec.KeySize) {
		return false, r.wrap(opNextKey, sizeError("key", len(key), int(r.spec.KeySize)))
	}
	if len(next) != int(r.spec.KeySize) {
		return false, r.wrap(opNextKey, sizeError("room for a key", len(next), int(r.spec.KeySize)))
	}
	fd, err := r.fd.Acquire()
	if err != nil {
		return false, r.wrap(opNextKey, err)
	}
	err = sys.MapGetNextKey(fd, sys.BytesPointer(key), sys.BytesPointer(next))
	r.fd.Release()
	switch err {
	case nil:
		return true, nil
	case unix.ENOENT:
		return false, nil
	}
	return false, r.fail(opNextKey, err)
}

// Freeze takes the right to change the map from user space, for good and for everybody. Programs go on as before.
func (r *Raw) Freeze() error {
	return r.use("freeze", sys.MapFreeze)
}

// Inherit lets programs that this process executes keep the descriptor, and returns its number, which they have to be
// told: they take it over with Adopt. For a child of os/exec, File is the better way.
func (r *Raw) Inherit() (fd int, err error) {
	if err := r.fd.SetInherit(true); err != nil {
		return -1, fmt.Errorf("inherit map %q: %w", r.spec.Name, err)
	}
	return r.fd.Int(), nil
}

// File returns a second descriptor of the map as a file, which the caller closes. It fits ExtraFiles of os/exec.Cmd.
func (r *Raw) File() (*os.File, error) {
	var file *os.File
	err := r.use("duplicate the descriptor of", func(fd int) error {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err == nil {
			file = os.NewFile(uintptr(n), r.spec.Name)
		}
		return err
	})
	return file, err
}

// use calls f with the descriptor and names the map in its error.
func (r *Raw) use(what string, f func(fd int) error) error {
	fd, err := r.fd.Acquire()
	if err == nil {
		err = f(fd)
		r.fd.Release()
	}
	if err != nil {
		return fmt.Errorf("%s map %q (%v): %w", what, r.spec.Name, r.spec.Type, err)
	}
	return nil
}
