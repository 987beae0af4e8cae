//go:build linux && !386 && !arm && !mips && !mipsle

package sys

import "unsafe"

// Pointer is a pointer inside an attribute: 8 bytes on every machine. It keeps what it points to alive.
type Pointer struct {
	addr unsafe.Pointer
}

func makePointer(p unsafe.Pointer) Pointer { return Pointer{addr: p} }
