package classic

import "fmt"

// LoadByte is A = the byte of the packet at off.
func (b *Builder) LoadByte(off Offset) { b.load(OpLdAbsB, off) }

// LoadHalf is A = the 16 bits, most significant byte first, of the packet at off.
func (b *Builder) LoadHalf(off Offset) { b.load(OpLdAbsH, off) }

// LoadWord is A = the 32 bits, most significant byte first, of the packet at off.
func (b *Builder) LoadWord(off Offset) { b.load(OpLdAbsW, off) }

// LoadByteIndirect is A = the byte of the packet at X + off.
func (b *Builder) LoadByteIndirect(off Offset) { b.load(OpLdIndB, off) }

// LoadHalfIndirect is A = the 16 bits, most significant byte first, of the packet at X + off.
func (b *Builder) LoadHalfIndirect(off Offset) { b.load(OpLdIndH, off) }

// LoadWordIndirect is A = the 32 bits, most significant byte first, of the packet at X + off.
func (b *Builder) LoadWordIndirect(off Offset) { b.load(OpLdIndW, off) }

// LoadMemShift is X = 4 * (the low four bits of the byte of the packet at off): the length in bytes of an IPv4
// header that starts there. A stays.
func (b *Builder) LoadMemShift(off Offset) { b.load(OpLdxMsh, off) }

func (b *Builder) load(op Opcode, off Offset) {
	k, err := off.k()
	if err != nil {
		b.addBad(call{raw: raw(op, 0)}, err)
		return
	}
	b.emit(op, k)
}

// LoadLen is A = the length of the packet in bytes, from where packet offset 0 is.
func (b *Builder) LoadLen() { b.emit(OpLdLen, 0) }

// LoadLenX is X = the length of the packet in bytes.
func (b *Builder) LoadLenX() { b.emit(OpLdxLen, 0) }

// LoadExtension is A = what Linux knows of the packet or the machine.
func (b *Builder) LoadExtension(e Extension) {
	if !e.Valid() {
		b.addBad(call{raw: raw(OpLdAbsW, 0)}, fmt.Errorf("no extension %d in Linux", uint32(e)))
		return
	}
	b.emit(OpLdAbsW, skfADOff+uint32(e))
}

// LoadConst is A = k.
func (b *Builder) LoadConst(k uint32) { b.emit(OpLdImm, k) }

// LoadConstX is X = k.
func (b *Builder) LoadConstX(k uint32) { b.emit(OpLdxImm, k) }

// LoadScratch is A = M[n], n from 0 to 15. Every path to it must have written M[n].
func (b *Builder) LoadScratch(n int) { b.scratch(OpLdMem, n) }

// LoadScratchX is X = M[n].
func (b *Builder) LoadScratchX(n int) { b.scratch(OpLdxMem, n) }

// StoreScratch is M[n] = A, n from 0 to 15.
func (b *Builder) StoreScratch(n int) { b.scratch(OpSt, n) }

// StoreScratchX is M[n] = X.
func (b *Builder) StoreScratchX(n int) { b.scratch(OpStx, n) }

func (b *Builder) scratch(op Opcode, n int) {
	if n < 0 || n >= ScratchWords {
		b.addBad(call{raw: raw(op, 0)}, fmt.Errorf("no M[%d]: scratch memory has the words M[0] to M[%d]", n, ScratchWords-1))
		return
	}
	b.emit(op, uint32(n))
}

// Add is A += k. Arithmetic wraps at 32 bits and is unsigned.
func (b *Builder) Add(k uint32) { b.emit(OpAddK, k) }

// AddX is A += X.
func (b *Builder) AddX() { b.emit(OpAddX, 0) }

// Sub is A -= k.
func (b *Builder) Sub(k uint32) { b.emit(OpSubK, k) }

// SubX is A -= X.
func (b *Builder) SubX() { b.emit(OpSubX, 0) }

// Mul is A *= k.
func (b *Builder) Mul(k uint32) { b.emit(OpMulK, k) }

// MulX is A *= X.
func (b *Builder) MulX() { b.emit(OpMulX, 0) }

// Div is A /= k, k not 0.
func (b *Builder) Div(k uint32) { b.emit(OpDivK, k) }

// DivX is A /= X. X = 0 ends the program with 0.
func (b *Builder) DivX() { b.emit(OpDivX, 0) }

// Mod is A %= k, k not 0. Linux 3.7 and later.
func (b *Builder) Mod(k uint32) { b.emit(OpModK, k) }

// ModX is A %= X. X = 0 ends the program with 0.
func (b *Builder) ModX() { b.emit(OpModX, 0) }

// And is A &= k.
func (b *Builder) And(k uint32) { b.emit(OpAndK, k) }

// AndX is A &= X.
func (b *Builder) AndX() { b.emit(OpAndX, 0) }

// Or is A |= k.
func (b *Builder) Or(k uint32) { b.emit(OpOrK, k) }

// OrX is A |= X.
func (b *Builder) OrX() { b.emit(OpOrX, 0) }

// Xor is A ^= k. Linux 3.7 and later.
func (b *Builder) Xor(k uint32) { b.emit(OpXorK, k) }

// XorX is A ^= X.
func (b *Builder) XorX() { b.emit(OpXorX, 0) }

// Lsh is A <<= k, k below 32.
func (b *Builder) Lsh(k uint32) { b.emit(OpLshK, k) }

// LshX is A <<= X & 31.
func (b *Builder) LshX() { b.emit(OpLshX, 0) }

// Rsh is A >>= k, k below 32.
func (b *Builder) Rsh(k uint32) { b.emit(OpRshK, k) }

// RshX is A >>= X & 31.
func (b *Builder) RshX() { b.emit(OpRshX, 0) }

// Neg is A = -A.
func (b *Builder) Neg() { b.emit(OpNeg, 0) }

// TAX is X = A.
func (b *Builder) TAX() { b.emit(OpTax, 0) }

// TXA is A = X.
func (b *Builder) TXA() { b.emit(OpTxa, 0) }

// Return ends the program with k: for a socket filter the number of bytes of the packet to keep (0 drops it), for
// a reuseport group the index of the socket.
func (b *Builder) Return(k uint32) { b.emit(OpRetK, k) }

// ReturnA ends the program with A.
func (b *Builder) ReturnA() { b.emit(OpRetA, 0) }
