//go:build linux

package sys

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[1]) })
	return p[0], p[1]
}

func isOpen(n int) bool {
	_, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	return err == nil
}

func TestAdoptFDTakesTheNumberAway(t *testing.T) {
	r, _ := pipe(t)
	fd, err := AdoptFD(r)
	if err != nil {
		t.Fatal(err)
	}
	if isOpen(r) {
		t.Errorf("the adopted number %d is still open", r)
	}
	if _, err := AdoptFD(r); err != unix.EBADF {
		t.Errorf("adopting %d again: %v, want EBADF", r, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
		t.Errorf("flags %#x, %v, want close-on-exec", flags, err)
	}
	if err := fd.SetInherit(true); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_GETFD, 0); err != nil || flags != 0 {
		t.Errorf("flags %#x, %v, want inheritance", flags, err)
	}
	dup, err := fd.Dup()
	if err != nil {
		t.Fatal(err)
	}
	n := fd.Int()
	for range 2 {
		if err := fd.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if isOpen(n) || !isOpen(dup.Int()) || fd.Int() != -1 {
		t.Errorf("after Close: %d open %v, duplicate open %v, Int %d", n, isOpen(n), isOpen(dup.Int()), fd.Int())
	}
	if err := dup.Close(); err != nil {
		t.Error(err)
	}
	_, errAcquire := fd.Acquire()
	_, errDup := fd.Dup()
	for _, err := range []error{errAcquire, errDup, fd.SetInherit(false)} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v, want os.ErrClosed", err)
		}
	}
}

func TestFDIsAboveTwo(t *testing.T) {
	// Stand where number 0 is free, as in a daemon.
	stdin, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(0)
	defer func() {
		unix.Dup3(stdin, 0, 0)
		unix.Close(stdin)
	}()
	n, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil || n != 0 {
		t.Fatalf("open: %d, %v", n, err)
	}
	fd, err := newFD(n)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	if fd.Int() <= 2 || isOpen(0) {
		t.Errorf("descriptor %d, 0 open: %v", fd.Int(), isOpen(0))
	}
}

func TestFDCloseWaitsForCalls(t *testing.T) {
	r, _ := pipe(t)
	fd, err := AdoptFD(r)
	if err != nil {
		t.Fatal(err)
	}
	n, err := fd.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	fd.Close()
	if !isOpen(n) {
		t.Error("closed while in use")
	}
	if _, err := fd.Acquire(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Acquire after Close: %v", err)
	}
	if !isOpen(n) {
		t.Error("a refused Acquire closed the descriptor")
	}
	fd.Release()
	if isOpen(n) {
		t.Error("still open after the last call")
	}
}

func TestFDConcurrentClose(t *testing.T) {
	for range 200 {
		r, _ := unixPipe(t)
		fd, err := AdoptFD(r)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if n, err := fd.Acquire(); err == nil {
					if !isOpen(n) {
						t.Error("closed while in use")
					}
					fd.Release()
				}
				if i%2 == 0 {
					fd.Close()
				}
			})
		}
		wg.Wait()
		if isOpen(fd.raw) {
			t.Fatal("not closed")
		}
	}
}

func unixPipe(t *testing.T) (int, int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	unix.Close(p[1])
	return p[0], p[1]
}

func TestFDIsClosedByTheCollector(t *testing.T) {
	r, _ := pipe(t)
	fd, err := AdoptFD(r)
	if err != nil {
		t.Fatal(err)
	}
	n := fd.Int()
	runtime.KeepAlive(fd)
	fd = nil
	for range 100 {
		if runtime.GC(); !isOpen(n) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("still open after a hundred collections")
}
