package asm

import (
	"errors"
	"fmt"
	"math"
)

// Instruction is one instruction as data (RFC 9669 section 3). The 64-bit immediate load is one Instruction too, with
// all 64 bits in Imm, although it takes two slots of a program.
//
// Off is in bytes for loads and stores and in slots for jumps. Imm must fit 32 bits, signed, for everything but the
// 64-bit immediate load.
type Instruction struct {
	Op       Opcode
	Dst, Src Register
	Off      int16
	Imm      int64
}

// Slots returns the number of 8-byte slots the instruction takes: 2 for a 64-bit immediate load, else 1.
func (i Instruction) Slots() int {
	if i.Op == OpLdImm64 {
		return 2
	}
	return 1
}

// What is wrong with an instruction. Decode and Check wrap one of them.
var (
	ErrOpcode    = errors.New("unknown opcode")
	ErrRegister  = errors.New("register out of range")
	ErrReserved  = errors.New("reserved field set")
	ErrImmediate = errors.New("immediate out of range")
	ErrTruncated = errors.New("truncated")
)

// Check reports whether i is one of the encodings that the instruction set has: a known opcode, registers up to r10,
// an immediate that fits and every field that the opcode does not use zero (RFC 9669 section 3). The kernel's verifier
// refuses the others too, but for the offset of exit, which it does not look at.
// The error wraps ErrOpcode, ErrRegister, ErrReserved or ErrImmediate.
func (i Instruction) Check() error {
	kind := kinds[i.Op]
	if kind == kindBad {
		return fmt.Errorf("%w %#02x", ErrOpcode, uint8(i.Op))
	}
	if i.Dst > R10 {
		return fmt.Errorf("%w: destination %v", ErrRegister, i.Dst)
	}
	if i.Src > R10 {
		return fmt.Errorf("%w: source %v", ErrRegister, i.Src)
	}
	if kind != kindLdImm64 && i.Imm != int64(int32(i.Imm)) {
		return fmt.Errorf("%w: %d does not fit 32 bits", ErrImmediate, i.Imm)
	}
	return i.checkFields(kind)
}

func (i Instruction) checkFields(kind kind) error {
	const dst, src, off, imm = 1, 2, 4, 8
	reserved := 0
	switch kind {
	case kindALUK:
		reserved = src | off
	case kindALUX:
		reserved = off | imm
	case kindDivK:
		reserved = src
		if i.Off != 0 && i.Off != 1 {
			reserved |= off
		}
	case kindDivX:
		reserved = imm
		if i.Off != 0 && i.Off != 1 {
			reserved |= off
		}
	case kindMovX:
		return i.checkMov()
	case kindNeg:
		reserved = src | off | imm
	case kindEnd:
		if i.Imm != 16 && i.Imm != 32 && i.Imm != 64 {
			return fmt.Errorf("%w: byte swap of %d bits", ErrImmediate, i.Imm)
		}
		reserved = src | off
	case kindJumpK:
		reserved = src
	case kindJumpX:
		reserved = imm
	case kindJA:
		reserved = dst | src | imm
	case kindJAL:
		reserved = dst | src | off
	case kindCall:
		switch i.Src {
		case CallHelper, CallSubprogram:
			reserved = dst | off
		case CallKfunc:
			if i.Off < 0 {
				return fmt.Errorf("%w: index %d of the kernel function's BTF in fd_array", ErrImmediate, i.Off)
			}
			reserved = dst
		default:
			reserved = src
		}
	case kindExit:
		reserved = dst | src | off | imm
	case kindLdx, kindStx:
		reserved = imm
	case kindSt:
		reserved = src
	case kindLdAbs:
		reserved = dst | src | off
	case kindLdInd:
		reserved = dst | off
	case kindAtomic:
		if !atomicOp(AtomicOp(i.Imm), i.Op.Size()) {
			return fmt.Errorf("%w: no atomic operation %#x on %d bytes", ErrImmediate, uint32(i.Imm), i.Op.Size().Bytes())
		}
	case kindLdImm64:
		return i.checkImm64()
	}
	switch {
	case reserved&dst != 0 && i.Dst != 0:
		return fmt.Errorf("%w: destination %v", ErrReserved, i.Dst)
	case reserved&src != 0 && i.Src != 0:
		return fmt.Errorf("%w: source %v", ErrReserved, i.Src)
	case reserved&off != 0 && i.Off != 0:
		return fmt.Errorf("%w: offset %d", ErrReserved, i.Off)
	case reserved&imm != 0 && i.Imm != 0:
		return fmt.Errorf("%w: immediate %d", ErrReserved, i.Imm)
	}
	return nil
}

func (i Instruction) checkMov() error {
	wide := i.Op.Class() == ClassALU64
	switch {
	case i.Off == offAddrSpaceCast && wide:
		// The kernel converts between address space 0 and 1 only.
		if i.Imm != 1 && i.Imm != 1<<16 {
			return fmt.Errorf("%w: address space cast %#x", ErrImmediate, i.Imm)
		}
		return nil
	case i.Off == 0, i.Off == 8, i.Off == 16, i.Off == 32 && wide:
		if i.Imm != 0 {
			return fmt.Errorf("%w: immediate %d", ErrReserved, i.Imm)
		}
		return nil
	}
	return fmt.Errorf("%w: offset %d", ErrReserved, i.Off)
}

func (i Instruction) checkImm64() error {
	switch {
	case i.Src > Imm64MapIndexValue:
		return fmt.Errorf("%w: source %v", ErrReserved, i.Src)
	case i.Off != 0:
		return fmt.Errorf("%w: offset %d", ErrReserved, i.Off)
	}
	switch i.Src {
	case Imm64MapFD, Imm64Func, Imm64MapIndex:
		if high := int32(i.Imm >> 32); high != 0 {
			return fmt.Errorf("%w: second immediate %d", ErrReserved, high)
		}
	}
	return nil
}

func atomicOp(op AtomicOp, s Size) bool {
	switch op {
	case AtomicLoadAcquire, AtomicStoreRelease:
		return true
	case AtomicXchg, AtomicCmpXchg:
		return s == W || s == DW
	}
	switch op &^ AtomicFetch {
	case AtomicAdd, AtomicOr, AtomicAnd, AtomicXor:
		return s == W || s == DW
	}
	return false
}

// kind groups the opcodes that use the same fields.
type kind uint8

const (
	kindBad     kind = iota
	kindALUK         // arithmetic with an immediate
	kindALUX         // arithmetic with a register
	kindDivK         // div, mod: the offset tells signed from unsigned
	kindDivX         //
	kindMovX         // the offset tells sign extension and address space casts
	kindNeg          //
	kindEnd          // byte order
	kindJumpK        // conditional jump
	kindJumpX        //
	kindJA           // goto, may_goto
	kindJAL          // gotol
	kindCall         //
	kindExit         //
	kindLdImm64      //
	kindLdAbs        //
	kindLdInd        //
	kindLdx          // including sign-extending loads
	kindSt           //
	kindStx          //
	kindAtomic       //
)

// kinds has the kind of every opcode.
var kinds = [256]kind{
	// Class LD.
	0x18: kindLdImm64,
	0x20: kindLdAbs, 0x28: kindLdAbs, 0x30: kindLdAbs,
	0x40: kindLdInd, 0x48: kindLdInd, 0x50: kindLdInd,
	// Class LDX: MEM, MEMSX.
	0x61: kindLdx, 0x69: kindLdx, 0x71: kindLdx, 0x79: kindLdx,
	0x81: kindLdx, 0x89: kindLdx, 0x91: kindLdx,
	// Class ST.
	0x62: kindSt, 0x6a: kindSt, 0x72: kindSt, 0x7a: kindSt,
	// Class STX: MEM, ATOMIC.
	0x63: kindStx, 0x6b: kindStx, 0x73: kindStx, 0x7b: kindStx,
	0xc3: kindAtomic, 0xcb: kindAtomic, 0xd3: kindAtomic, 0xdb: kindAtomic,
	// Class ALU.
	0x04: kindALUK, 0x14: kindALUK, 0x24: kindALUK, 0x34: kindDivK, 0x44: kindALUK, 0x54: kindALUK, 0x64: kindALUK,
	0x74: kindALUK, 0x84: kindNeg, 0x94: kindDivK, 0xa4: kindALUK, 0xb4: kindALUK, 0xc4: kindALUK, 0xd4: kindEnd,
	0x0c: kindALUX, 0x1c: kindALUX, 0x2c: kindALUX, 0x3c: kindDivX, 0x4c: kindALUX, 0x5c: kindALUX, 0x6c: kindALUX,
	0x7c: kindALUX, 0x9c: kindDivX, 0xac: kindALUX, 0xbc: kindMovX, 0xcc: kindALUX, 0xdc: kindEnd,
	// Class JMP.
	0x05: kindJA, 0x15: kindJumpK, 0x25: kindJumpK, 0x35: kindJumpK, 0x45: kindJumpK, 0x55: kindJumpK, 0x65: kindJumpK,
	0x75: kindJumpK, 0x85: kindCall, 0x95: kindExit, 0xa5: kindJumpK, 0xb5: kindJumpK, 0xc5: kindJumpK, 0xd5: kindJumpK,
	0xe5: kindJA,
	0x1d: kindJumpX, 0x2d: kindJumpX, 0x3d: kindJumpX, 0x4d: kindJumpX, 0x5d: kindJumpX, 0x6d: kindJumpX, 0x7d: kindJumpX,
	0xad: kindJumpX, 0xbd: kindJumpX, 0xcd: kindJumpX, 0xdd: kindJumpX,
	// Class JMP32.
	0x06: kindJAL, 0x16: kindJumpK, 0x26: kindJumpK, 0x36: kindJumpK, 0x46: kindJumpK, 0x56: kindJumpK, 0x66: kindJumpK,
	0x76: kindJumpK, 0xa6: kindJumpK, 0xb6: kindJumpK, 0xc6: kindJumpK, 0xd6: kindJumpK,
	0x1e: kindJumpX, 0x2e: kindJumpX, 0x3e: kindJumpX, 0x4e: kindJumpX, 0x5e: kindJumpX, 0x6e: kindJumpX, 0x7e: kindJumpX,
	0xae: kindJumpX, 0xbe: kindJumpX, 0xce: kindJumpX, 0xde: kindJumpX,
	// Class ALU64.
	0x07: kindALUK, 0x17: kindALUK, 0x27: kindALUK, 0x37: kindDivK, 0x47: kindALUK, 0x57: kindALUK, 0x67: kindALUK,
	0x77: kindALUK, 0x87: kindNeg, 0x97: kindDivK, 0xa7: kindALUK, 0xb7: kindALUK, 0xc7: kindALUK, 0xd7: kindEnd,
	0x0f: kindALUX, 0x1f: kindALUX, 0x2f: kindALUX, 0x3f: kindDivX, 0x4f: kindALUX, 0x5f: kindALUX, 0x6f: kindALUX,
	0x7f: kindALUX, 0x9f: kindDivX, 0xaf: kindALUX, 0xbf: kindMovX, 0xcf: kindALUX,
}

// fitsInt16 reports whether v can be the offset of an instruction.
func fitsInt16(v int) bool { return v >= math.MinInt16 && v <= math.MaxInt16 }
