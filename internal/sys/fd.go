//go:build linux

package sys

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// firstFD is the lowest number that a descriptor may have: bpf(2) reads 0 as "none" in many attributes, and 1 and 2 are
// written to by code that does not know what they are.
const firstFD = 3

// The two marks in FD.state; the bits below count the calls in flight.
const (
	fdClosed = 1 << 62 // Close was called
	fdGone   = 1 << 61 // the number was given back to the kernel
)

// FD owns one descriptor. It is close-on-exec and its number is above 2. A descriptor that becomes unreachable without
// Close is closed by the garbage collector, as an os.File is.
//
// Close may be called while another goroutine is inside a system call with the same descriptor: as long as that one
// uses Acquire, the number stays taken until Release, and no later call can hit another file that got the same number.
type FD struct {
	raw   int
	state atomic.Int64
}

// newFD takes ownership of a number fresh from the kernel. It is closed when that fails.
func newFD(n int) (*FD, error) {
	if n < firstFD {
		above, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, firstFD)
		unix.Close(n)
		if err != nil {
			return nil, err
		}
		n = above
	}
	fd := &FD{raw: n}
	// Not AddCleanup: its first use in a process costs a third of what loading a short program does.
	runtime.SetFinalizer(fd, (*FD).Close)
	return fd, nil
}

// AdoptFD takes over descriptor n, for instance one inherited across exec. The number itself is consumed: the FD has
// another one, close-on-exec, and n is closed, so that adopting it twice fails with EBADF instead of giving the
// descriptor a second owner. After an error n is still open, if it ever was.
func AdoptFD(n int) (*FD, error) {
	own, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, firstFD)
	if err != nil {
		return nil, err
	}
	unix.Close(n)
	return newFD(own)
}

// Acquire returns the number for use in a system call and keeps it from being closed until Release. After Close it
// returns an error that wraps os.ErrClosed, and Release must not be called.
func (fd *FD) Acquire() (int, error) {
	if fd.state.Add(1)&fdClosed != 0 {
		fd.Release()
		return -1, errClosed
	}
	return fd.raw, nil
}

var errClosed = fmt.Errorf("use of a closed descriptor: %w", os.ErrClosed)

// Release ends what Acquire began.
func (fd *FD) Release() {
	if fd.state.Add(-1) == fdClosed {
		fd.destroy()
	}
	runtime.KeepAlive(fd)
}

// destroy gives the number back, once: of several callers only the one whose exchange succeeds closes it.
func (fd *FD) destroy() error {
	if !fd.state.CompareAndSwap(fdClosed, fdClosed|fdGone) {
		return nil
	}
	runtime.SetFinalizer(fd, nil)
	return unix.Close(fd.raw)
}

// Close gives the descriptor up. Calls in flight finish first. Closing again does nothing and returns nil.
func (fd *FD) Close() error {
	for {
		state := fd.state.Load()
		if state&fdClosed != 0 {
			return nil
		}
		if fd.state.CompareAndSwap(state, state|fdClosed) {
			if state == 0 {
				return fd.destroy()
			}
			return nil
		}
	}
}

// Int returns the number, -1 after Close. The FD must stay reachable while the number is in use: runtime.KeepAlive.
func (fd *FD) Int() int {
	if fd.state.Load()&fdClosed != 0 {
		return -1
	}
	return fd.raw
}

// Dup returns a second descriptor of the same object, with an owner of its own.
func (fd *FD) Dup() (*FD, error) {
	n, err := fd.Acquire()
	if err != nil {
		return nil, err
	}
	defer fd.Release()
	dup, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, firstFD)
	if err != nil {
		return nil, err
	}
	return newFD(dup)
}

// SetInherit says whether a program that this process executes gets the descriptor, under the same number. It does not
// until this is called. A child started by another goroutine in the meantime gets it too.
func (fd *FD) SetInherit(inherit bool) error {
	n, err := fd.Acquire()
	if err != nil {
		return err
	}
	defer fd.Release()
	flags := unix.FD_CLOEXEC
	if inherit {
		flags = 0
	}
	_, err = unix.FcntlInt(uintptr(n), unix.F_SETFD, flags)
	return err
}
