//go:build linux

package sys

import "unsafe"

// PointerTo returns a pointer to *p. A nil p gives the null pointer.
func PointerTo[T any](p *T) Pointer { return makePointer(unsafe.Pointer(p)) }

// BytesPointer returns a pointer to the first byte of b. An empty b gives the null pointer: the kernel refuses some
// pointers with a length of zero and some lengths of zero without a null pointer.
func BytesPointer(b []byte) Pointer { return SlicePointer(b) }

// SlicePointer returns a pointer to the first element of s, the null pointer when s is empty.
func SlicePointer[T any](s []T) Pointer {
	if len(s) == 0 {
		return Pointer{}
	}
	return makePointer(unsafe.Pointer(unsafe.SliceData(s)))
}

// StringPointer returns a pointer to a copy of s that ends in NUL. It allocates that copy. What follows a NUL inside s
// is lost to the kernel: check names that come from outside.
func StringPointer(s string) Pointer {
	return BytesPointer(append([]byte(s), 0))
}

// IsNil reports whether the pointer is null.
func (p Pointer) IsNil() bool { return p.addr == nil }

// Bytes returns the memory of *p. T must not contain pointers.
func Bytes[T any](p *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p))
}

// SliceBytes returns the memory of the elements of s. T must not contain pointers.
func SliceBytes[T any](s []T) []byte {
	var element T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), uintptr(len(s))*unsafe.Sizeof(element))
}
