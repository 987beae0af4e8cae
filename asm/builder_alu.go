package asm

import (
	"fmt"
	"math"
)

// Mov is dst = src.
func (b *Builder) Mov(dst Register, src Operand) { b.alu(ClassALU64, OpMov, dst, src) }

// Add is dst += src.
func (b *Builder) Add(dst Register, src Operand) { b.alu(ClassALU64, OpAdd, dst, src) }

// Sub is dst -= src.
func (b *Builder) Sub(dst Register, src Operand) { b.alu(ClassALU64, OpSub, dst, src) }

// Mul is dst *= src.
func (b *Builder) Mul(dst Register, src Operand) { b.alu(ClassALU64, OpMul, dst, src) }

// Div is dst /= src, unsigned. A register that holds zero gives zero. A negative constant is sign-extended first.
func (b *Builder) Div(dst Register, src Operand) { b.alu(ClassALU64, OpDiv, dst, src) }

// SDiv is dst s/= src, signed, toward zero. Version 4.
func (b *Builder) SDiv(dst Register, src Operand) { b.alu(ClassALU64, OpSDiv, dst, src) }

// Mod is dst %= src, unsigned. A register that holds zero leaves dst as it is.
func (b *Builder) Mod(dst Register, src Operand) { b.alu(ClassALU64, OpMod, dst, src) }

// SMod is dst s%= src; the result has the sign of dst. Version 4.
func (b *Builder) SMod(dst Register, src Operand) { b.alu(ClassALU64, OpSMod, dst, src) }

// Or is dst |= src.
func (b *Builder) Or(dst Register, src Operand) { b.alu(ClassALU64, OpOr, dst, src) }

// And is dst &= src.
func (b *Builder) And(dst Register, src Operand) { b.alu(ClassALU64, OpAnd, dst, src) }

// Xor is dst ^= src.
func (b *Builder) Xor(dst Register, src Operand) { b.alu(ClassALU64, OpXor, dst, src) }

// Lsh is dst <<= src. The machine takes a register's count modulo 64; a constant must be 0 to 63.
func (b *Builder) Lsh(dst Register, src Operand) { b.alu(ClassALU64, OpLsh, dst, src) }

// Rsh is dst >>= src, filling with zeros. Counts as for Lsh.
func (b *Builder) Rsh(dst Register, src Operand) { b.alu(ClassALU64, OpRsh, dst, src) }

// Arsh is dst s>>= src, filling with the sign. Counts as for Lsh.
func (b *Builder) Arsh(dst Register, src Operand) { b.alu(ClassALU64, OpArsh, dst, src) }

// Neg is dst = -dst.
func (b *Builder) Neg(dst Register) { b.alu(ClassALU64, OpNeg, dst, 0) }

// Mov32 is Mov on the lower halves: wdst = wsrc.
func (b *Builder) Mov32(dst Register, src Operand) { b.alu(ClassALU, OpMov, dst, src) }

// Add32 is Add on the lower halves.
func (b *Builder) Add32(dst Register, src Operand) { b.alu(ClassALU, OpAdd, dst, src) }

// Sub32 is Sub on the lower halves.
func (b *Builder) Sub32(dst Register, src Operand) { b.alu(ClassALU, OpSub, dst, src) }

// Mul32 is Mul on the lower halves.
func (b *Builder) Mul32(dst Register, src Operand) { b.alu(ClassALU, OpMul, dst, src) }

// Div32 is Div on the lower halves.
func (b *Builder) Div32(dst Register, src Operand) { b.alu(ClassALU, OpDiv, dst, src) }

// SDiv32 is SDiv on the lower halves. Version 4.
func (b *Builder) SDiv32(dst Register, src Operand) { b.alu(ClassALU, OpSDiv, dst, src) }

// Mod32 is Mod on the lower halves. A register that holds zero leaves the lower half of dst, and zeroes the upper.
func (b *Builder) Mod32(dst Register, src Operand) { b.alu(ClassALU, OpMod, dst, src) }

// SMod32 is SMod on the lower halves. Version 4.
func (b *Builder) SMod32(dst Register, src Operand) { b.alu(ClassALU, OpSMod, dst, src) }

// Or32 is Or on the lower halves.
func (b *Builder) Or32(dst Register, src Operand) { b.alu(ClassALU, OpOr, dst, src) }

// And32 is And on the lower halves.
func (b *Builder) And32(dst Register, src Operand) { b.alu(ClassALU, OpAnd, dst, src) }

// Xor32 is Xor on the lower halves.
func (b *Builder) Xor32(dst Register, src Operand) { b.alu(ClassALU, OpXor, dst, src) }

// Lsh32 is Lsh on the lower halves; counts are modulo 32, constants 0 to 31.
func (b *Builder) Lsh32(dst Register, src Operand) { b.alu(ClassALU, OpLsh, dst, src) }

// Rsh32 is Rsh on the lower halves. Counts as for Lsh32.
func (b *Builder) Rsh32(dst Register, src Operand) { b.alu(ClassALU, OpRsh, dst, src) }

// Arsh32 is Arsh on the lower halves. Counts as for Lsh32.
func (b *Builder) Arsh32(dst Register, src Operand) { b.alu(ClassALU, OpArsh, dst, src) }

// Neg32 is Neg on the lower half.
func (b *Builder) Neg32(dst Register) { b.alu(ClassALU, OpNeg, dst, 0) }

// MovSX is dst = (s8)src, (s16)src or (s32)src: the lower 8, 16 or 32 bits of src with their sign extended to 64 bits.
// Version 4.
func (b *Builder) MovSX(dst, src Register, bits int) { b.movSX(ClassALU64, dst, src, bits, b.here()) }

// MovSX32 is wdst = (s8)wsrc or (s16)wsrc: the lower 8 or 16 bits of src with their sign extended to 32 bits. Version 4.
func (b *Builder) MovSX32(dst, src Register, bits int) { b.movSX(ClassALU, dst, src, bits, b.here()) }

func (b *Builder) movSX(c Class, dst, src Register, bits int, from origin) {
	n := node{ins: Instruction{Op: ALUOpcode(c, OpMov, X), Dst: dst, Src: src, Off: int16(bits)}, from: from}
	if bits != 8 && bits != 16 && (bits != 32 || c == ClassALU) {
		n.ins.Off = 0
		b.reject(&n, fmt.Errorf("%w: sign extension of %d bits", ErrImmediate, bits))
	}
	b.add(n)
}

// LE converts the lower 16, 32 or 64 bits of dst between the target's byte order and little endian, and zeroes the rest.
func (b *Builder) LE(dst Register, bits int) { b.end(ClassALU, K, dst, bits) }

// BE converts the lower 16, 32 or 64 bits of dst between the target's byte order and big endian, the network's, and
// zeroes the rest.
func (b *Builder) BE(dst Register, bits int) { b.end(ClassALU, X, dst, bits) }

// Bswap reverses the lower 2, 4 or 8 bytes of dst, for bits 16, 32 or 64, and zeroes the rest. Version 4.
func (b *Builder) Bswap(dst Register, bits int) { b.end(ClassALU64, K, dst, bits) }

func (b *Builder) end(c Class, s Source, dst Register, bits int) {
	b.add(node{ins: Instruction{Op: ALUOpcode(c, OpEnd, s), Dst: dst, Imm: int64(bits)}, from: b.here()})
}

// AddrSpaceCast is dst = addr_space_cast(src, to, from), for pointers into an arena: the kernel knows the casts from 0 to
// 1 and from 1 to 0. Linux 6.9.
func (b *Builder) AddrSpaceCast(dst, src Register, to, from int) {
	n := node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: dst, Src: src, Off: offAddrSpaceCast}, from: b.here()}
	n.ins.Imm = int64(to)<<16 | int64(from)&0xffff
	if to < 0 || to > 1 || from != 1-to {
		b.reject(&n, fmt.Errorf("%w: no cast from address space %d to %d", ErrImmediate, from, to))
	}
	b.add(n)
}

func (b *Builder) alu(c Class, op ALUOp, dst Register, src Operand) {
	n := node{ins: Instruction{Op: ALUOpcode(c, op&0xff, K), Dst: dst, Off: int16(op >> 8)}, from: b.here()}
	width := 32
	if c == ClassALU64 {
		width = 64
	}
	n.ins.Op |= b.operand(&n, src, width)
	b.add(n)
}

// operand fills in the right side of an operation on width bits and returns its kind for the opcode.
func (b *Builder) operand(n *node, o Operand, width int) Opcode {
	if r, ok := o.(Register); ok {
		n.ins.Src = r
		return Opcode(X)
	}
	v, pattern, ok := constant(o)
	switch {
	case !ok:
		b.reject(n, fmt.Errorf("%w: %T, want a Register or an integer", ErrOperand, o))
	case width < 64 && pattern:
		b.reject(n, fmt.Errorf("%w: %d does not fit %d bits", ErrImmediate, o, width))
	case width < 64 && v > 0 && v>>width == 0:
		// Every pattern of width bits is a constant of that width: 0xffffffff is -1 to a 32-bit operation.
		n.ins.Imm = int64(int32(v))
	case width < 64 && (v < -1<<(width-1) || v > 0):
		n.ins.Imm = v
		b.reject(n, fmt.Errorf("%w: %d does not fit %d bits", ErrImmediate, v, width))
	case v < math.MinInt32 || v > math.MaxInt32:
		n.ins.Imm = v
		b.reject(n, fmt.Errorf("%w: %d does not fit 32 bits with sign; load it with LdImm64", ErrImmediate, v))
	default:
		n.ins.Imm = v
	}
	return Opcode(K)
}

// constant returns the value of an integer of one of Go's own types or of UpdateFlags; pattern is that it stands for the
// bits of a number beyond int64.
func constant(o Operand) (v int64, pattern, ok bool) {
	switch v := o.(type) {
	case int:
		return int64(v), false, true
	case int8:
		return int64(v), false, true
	case int16:
		return int64(v), false, true
	case int32:
		return int64(v), false, true
	case int64:
		return v, false, true
	case uint:
		return int64(v), uint64(v) > math.MaxInt64, true
	case uint8:
		return int64(v), false, true
	case uint16:
		return int64(v), false, true
	case uint32:
		return int64(v), false, true
	case uint64:
		return int64(v), v > math.MaxInt64, true
	case uintptr:
		return int64(v), uint64(v) > math.MaxInt64, true
	case UpdateFlags:
		return int64(v), v > math.MaxInt64, true
	}
	return 0, false, false
}
