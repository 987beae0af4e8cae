package asm

import (
	"fmt"
	"strconv"
)

// Register is one of the machine's registers (RFC 9669 section 2.2).
//
// R0 holds results, R1 to R5 carry arguments and do not survive a call, R6 to R9 survive calls, and R10 is the read-only
// frame pointer: the stack is the 512 bytes below it.
type Register uint16

// The registers of the machine.
const (
	R0 Register = iota
	R1
	R2
	R3
	R4
	R5
	R6
	R7
	R8
	R9
	R10
)

// FP is the frame pointer.
const FP = R10

// String returns the register's name in assembly: r10.
func (r Register) String() string {
	if r.virtual() {
		return "v" + strconv.Itoa(int(r-firstVirtual))
	}
	return "r" + strconv.Itoa(int(r))
}

// U8 is the byte at r + off.
func (r Register) U8(off int) Mem { return Mem{Base: r, Off: off, Size: B} }

// U16 is the two bytes at r + off, in the target's byte order.
func (r Register) U16(off int) Mem { return Mem{Base: r, Off: off, Size: H} }

// U32 is the four bytes at r + off, in the target's byte order.
func (r Register) U32(off int) Mem { return Mem{Base: r, Off: off, Size: W} }

// U64 is the eight bytes at r + off, in the target's byte order.
func (r Register) U64(off int) Mem { return Mem{Base: r, Off: off, Size: DW} }

// S8 is the byte at r + off; a load extends its sign to 64 bits (instruction set version 4).
func (r Register) S8(off int) Mem { return Mem{Base: r, Off: off, Size: B, Signed: true} }

// S16 is the two bytes at r + off; a load extends their sign to 64 bits (instruction set version 4).
func (r Register) S16(off int) Mem { return Mem{Base: r, Off: off, Size: H, Signed: true} }

// S32 is the four bytes at r + off; a load extends their sign to 64 bits (instruction set version 4).
func (r Register) S32(off int) Mem { return Mem{Base: r, Off: off, Size: W, Signed: true} }

// Field is the field f of the context struct that r points to.
func (r Register) Field(f Field) Mem { return r.Elem(f, 0) }

// Elem is element i of the array field f of the context struct that r points to, such as remote_ip6[3].
func (r Register) Elem(f Field, i int) Mem {
	m := Mem{Base: r, Off: f.Offset() + i*f.Size(), Size: sizeOf(f.Size()), field: f}
	if i < 0 || i >= f.Count() {
		m.wrong = fmt.Sprintf("%v has %d elements, and none at index %d", f, f.Count(), i)
	}
	return m
}

// Mem is a place in memory: Size bytes at Base + Off. Make one with the methods of Register:
//
//	b.Ldx(asm.R0, asm.R1.U32(16)) // r0 = *(u32 *)(r1 + 16)
type Mem struct {
	Base   Register
	Off    int // bytes, -32768 to 32767
	Size   Size
	Signed bool // Ldx extends the sign; nothing else takes such a place

	wrong  string       // why there is no such place
	field  Field        // that was named, 0 for none
	object *StackObject // Off is relative to it, Base is the frame pointer
}
