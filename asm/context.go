package asm

// Field is a field of a context struct, such as sk_reuseport_md.data_end.
type Field uint16

// Offset returns the distance in bytes of the field from the start of its struct.
func (f Field) Offset() int { return 0 }

// Size returns the width in bytes of the field, of one element when it is an array.
func (f Field) Size() int { return 0 }

// At returns the offset in bytes of element i of an array field.
func (f Field) At(i int) int { return f.Offset() + i*f.Size() }
