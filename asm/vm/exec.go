package vm

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// exec runs the program until an instruction that it does not do itself, which is the one before m.pc then, or until the
// budget is used up.
//
// It is the part that has to be fast, and written for the compiler: it calls nothing, so that what it works with stays in
// registers of the CPU, and leaves whatever is rare to slow. A jump that is taken falls out of the switch, everything
// else goes on with the next instruction. Memory is reached through m.read and m.write, which have the bytes of a region
// at its number, and nothing where every access is a matter for slow.
func (m *Machine) exec() {
	code, r := m.code, &m.reg
	pc := m.pc
loop:
	for {
		in := &code[pc]
		pc++
		switch in.op {
		case opMovK:
			r[in.dst&15] = in.imm
			continue
		case opMovX:
			r[in.dst&15] = r[in.src&15]
			continue
		case opMov32X:
			r[in.dst&15] = uint64(uint32(r[in.src&15]))
			continue
		case opMovSX8:
			r[in.dst&15] = uint64(int8(r[in.src&15]))
			continue
		case opMovSX16:
			r[in.dst&15] = uint64(int16(r[in.src&15]))
			continue
		case opMovSX32:
			r[in.dst&15] = uint64(int32(r[in.src&15]))
			continue
		case opMov32SX8:
			r[in.dst&15] = uint64(uint32(int8(r[in.src&15])))
			continue
		case opMov32SX16:
			r[in.dst&15] = uint64(uint32(int16(r[in.src&15])))
			continue

		case opAddK:
			r[in.dst&15] += in.imm
			continue
		case opAddX:
			r[in.dst&15] += r[in.src&15]
			continue
		case opSubX:
			r[in.dst&15] -= r[in.src&15]
			continue
		case opMulK:
			r[in.dst&15] *= in.imm
			continue
		case opMulX:
			r[in.dst&15] *= r[in.src&15]
			continue
		case opDivK:
			if in.imm == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] /= in.imm
			continue
		case opDivX:
			if r[in.src&15] == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] /= r[in.src&15]
			continue
		case opSDivK:
			// Division of the least number by -1 wraps in Go, as it has to here.
			if in.imm == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(int64(r[in.dst&15]) / int64(in.imm))
			continue
		case opSDivX:
			if r[in.src&15] == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(int64(r[in.dst&15]) / int64(r[in.src&15]))
			continue
		case opModK:
			if in.imm != 0 {
				r[in.dst&15] %= in.imm
			}
			continue
		case opModX:
			if r[in.src&15] != 0 {
				r[in.dst&15] %= r[in.src&15]
			}
			continue
		case opSModK:
			if in.imm != 0 {
				r[in.dst&15] = uint64(int64(r[in.dst&15]) % int64(in.imm))
			}
			continue
		case opSModX:
			if r[in.src&15] != 0 {
				r[in.dst&15] = uint64(int64(r[in.dst&15]) % int64(r[in.src&15]))
			}
			continue
		case opOrK:
			r[in.dst&15] |= in.imm
			continue
		case opOrX:
			r[in.dst&15] |= r[in.src&15]
			continue
		case opAndK:
			r[in.dst&15] &= in.imm
			continue
		case opAndX:
			r[in.dst&15] &= r[in.src&15]
			continue
		case opXorK:
			r[in.dst&15] ^= in.imm
			continue
		case opXorX:
			r[in.dst&15] ^= r[in.src&15]
			continue
		case opLshK:
			r[in.dst&15] <<= in.imm & 63
			continue
		case opLshX:
			r[in.dst&15] <<= r[in.src&15] & 63
			continue
		case opRshK:
			r[in.dst&15] >>= in.imm & 63
			continue
		case opRshX:
			r[in.dst&15] >>= r[in.src&15] & 63
			continue
		case opArshK:
			r[in.dst&15] = uint64(int64(r[in.dst&15]) >> (in.imm & 63))
			continue
		case opArshX:
			r[in.dst&15] = uint64(int64(r[in.dst&15]) >> (r[in.src&15] & 63))
			continue
		case opNeg:
			r[in.dst&15] = -r[in.dst&15]
			continue

		case opAdd32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) + uint32(in.imm))
			continue
		case opAdd32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) + uint32(r[in.src&15]))
			continue
		case opSub32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) - uint32(r[in.src&15]))
			continue
		case opMul32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) * uint32(in.imm))
			continue
		case opMul32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) * uint32(r[in.src&15]))
			continue
		case opDiv32K:
			if uint32(in.imm) == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) / uint32(in.imm))
			continue
		case opDiv32X:
			if uint32(r[in.src&15]) == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) / uint32(r[in.src&15]))
			continue
		case opSDiv32K:
			if uint32(in.imm) == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) / int32(in.imm)))
			continue
		case opSDiv32X:
			if uint32(r[in.src&15]) == 0 {
				r[in.dst&15] = 0
				continue
			}
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) / int32(r[in.src&15])))
			continue
		case opMod32K:
			if uint32(in.imm) == 0 {
				r[in.dst&15] &= math.MaxUint32
				continue
			}
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) % uint32(in.imm))
			continue
		case opMod32X:
			if uint32(r[in.src&15]) == 0 {
				r[in.dst&15] &= math.MaxUint32
				continue
			}
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) % uint32(r[in.src&15]))
			continue
		case opSMod32K:
			if uint32(in.imm) == 0 {
				r[in.dst&15] &= math.MaxUint32
				continue
			}
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) % int32(in.imm)))
			continue
		case opSMod32X:
			if uint32(r[in.src&15]) == 0 {
				r[in.dst&15] &= math.MaxUint32
				continue
			}
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) % int32(r[in.src&15])))
			continue
		case opOr32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) | uint32(in.imm))
			continue
		case opOr32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) | uint32(r[in.src&15]))
			continue
		case opAnd32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) & uint32(in.imm))
			continue
		case opAnd32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) & uint32(r[in.src&15]))
			continue
		case opXor32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) ^ uint32(in.imm))
			continue
		case opXor32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) ^ uint32(r[in.src&15]))
			continue
		case opLsh32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) << (in.imm & 31))
			continue
		case opLsh32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) << (r[in.src&15] & 31))
			continue
		case opRsh32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) >> (in.imm & 31))
			continue
		case opRsh32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) >> (r[in.src&15] & 31))
			continue
		case opArsh32K:
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) >> (in.imm & 31)))
			continue
		case opArsh32X:
			r[in.dst&15] = uint64(uint32(int32(r[in.dst&15]) >> (r[in.src&15] & 31)))
			continue
		case opNeg32:
			r[in.dst&15] = uint64(-uint32(r[in.dst&15]))
			continue

		case opZext16:
			r[in.dst&15] &= math.MaxUint16
			continue
		case opZext32:
			r[in.dst&15] &= math.MaxUint32
			continue
		case opSwap16:
			r[in.dst&15] = uint64(bits.ReverseBytes16(uint16(r[in.dst&15])))
			continue
		case opSwap32:
			r[in.dst&15] = uint64(bits.ReverseBytes32(uint32(r[in.dst&15])))
			continue
		case opSwap64:
			r[in.dst&15] = bits.ReverseBytes64(r[in.dst&15])
			continue

		case opJA:
		case opMayGoto:
			if m.goes > 0 {
				m.goes--
				continue
			}
		case opJEqK:
			if r[in.dst&15] != in.imm {
				continue
			}
		case opJEqX:
			if r[in.dst&15] != r[in.src&15] {
				continue
			}
		case opJNEK:
			if r[in.dst&15] == in.imm {
				continue
			}
		case opJNEX:
			if r[in.dst&15] == r[in.src&15] {
				continue
			}
		case opJGTK:
			if r[in.dst&15] <= in.imm {
				continue
			}
		case opJGTX:
			if r[in.dst&15] <= r[in.src&15] {
				continue
			}
		case opJGEK:
			if r[in.dst&15] < in.imm {
				continue
			}
		case opJGEX:
			if r[in.dst&15] < r[in.src&15] {
				continue
			}
		case opJLTK:
			if r[in.dst&15] >= in.imm {
				continue
			}
		case opJLTX:
			if r[in.dst&15] >= r[in.src&15] {
				continue
			}
		case opJLEK:
			if r[in.dst&15] > in.imm {
				continue
			}
		case opJLEX:
			if r[in.dst&15] > r[in.src&15] {
				continue
			}
		case opJSetK:
			if r[in.dst&15]&in.imm == 0 {
				continue
			}
		case opJSetX:
			if r[in.dst&15]&r[in.src&15] == 0 {
				continue
			}
		case opJSGTK:
			if int64(r[in.dst&15]) <= int64(in.imm) {
				continue
			}
		case opJSGTX:
			if int64(r[in.dst&15]) <= int64(r[in.src&15]) {
				continue
			}
		case opJSGEK:
			if int64(r[in.dst&15]) < int64(in.imm) {
				continue
			}
		case opJSGEX:
			if int64(r[in.dst&15]) < int64(r[in.src&15]) {
				continue
			}
		case opJSLTK:
			if int64(r[in.dst&15]) >= int64(in.imm) {
				continue
			}
		case opJSLTX:
			if int64(r[in.dst&15]) >= int64(r[in.src&15]) {
				continue
			}
		case opJSLEK:
			if int64(r[in.dst&15]) > int64(in.imm) {
				continue
			}
		case opJSLEX:
			if int64(r[in.dst&15]) > int64(r[in.src&15]) {
				continue
			}

		case opJEq32K:
			if uint32(r[in.dst&15]) != uint32(in.imm) {
				continue
			}
		case opJEq32X:
			if uint32(r[in.dst&15]) != uint32(r[in.src&15]) {
				continue
			}
		case opJNE32K:
			if uint32(r[in.dst&15]) == uint32(in.imm) {
				continue
			}
		case opJNE32X:
			if uint32(r[in.dst&15]) == uint32(r[in.src&15]) {
				continue
			}
		case opJGT32K:
			if uint32(r[in.dst&15]) <= uint32(in.imm) {
				continue
			}
		case opJGT32X:
			if uint32(r[in.dst&15]) <= uint32(r[in.src&15]) {
				continue
			}
		case opJGE32K:
			if uint32(r[in.dst&15]) < uint32(in.imm) {
				continue
			}
		case opJGE32X:
			if uint32(r[in.dst&15]) < uint32(r[in.src&15]) {
				continue
			}
		case opJLT32K:
			if uint32(r[in.dst&15]) >= uint32(in.imm) {
				continue
			}
		case opJLT32X:
			if uint32(r[in.dst&15]) >= uint32(r[in.src&15]) {
				continue
			}
		case opJLE32K:
			if uint32(r[in.dst&15]) > uint32(in.imm) {
				continue
			}
		case opJLE32X:
			if uint32(r[in.dst&15]) > uint32(r[in.src&15]) {
				continue
			}
		case opJSet32K:
			if uint32(r[in.dst&15])&uint32(in.imm) == 0 {
				continue
			}
		case opJSet32X:
			if uint32(r[in.dst&15])&uint32(r[in.src&15]) == 0 {
				continue
			}
		case opJSGT32K:
			if int32(r[in.dst&15]) <= int32(in.imm) {
				continue
			}
		case opJSGT32X:
			if int32(r[in.dst&15]) <= int32(r[in.src&15]) {
				continue
			}
		case opJSGE32K:
			if int32(r[in.dst&15]) < int32(in.imm) {
				continue
			}
		case opJSGE32X:
			if int32(r[in.dst&15]) < int32(r[in.src&15]) {
				continue
			}
		case opJSLT32K:
			if int32(r[in.dst&15]) >= int32(in.imm) {
				continue
			}
		case opJSLT32X:
			if int32(r[in.dst&15]) >= int32(r[in.src&15]) {
				continue
			}
		case opJSLE32K:
			if int32(r[in.dst&15]) > int32(in.imm) {
				continue
			}
		case opJSLE32X:
			if int32(r[in.dst&15]) > int32(r[in.src&15]) {
				continue
			}

		case opLd8:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o < int64(len(b)) {
					r[in.dst&15] = uint64(b[o])
					continue
				}
			}
			break loop
		case opLd16:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o <= int64(len(b))-2 {
					r[in.dst&15] = uint64(binary.LittleEndian.Uint16(b[o : o+2]))
					continue
				}
			}
			break loop
		case opLd32:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o <= int64(len(b))-4 {
					r[in.dst&15] = uint64(binary.LittleEndian.Uint32(b[o : o+4]))
					continue
				}
			}
			break loop
		case opLd64:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o <= int64(len(b))-8 {
					r[in.dst&15] = binary.LittleEndian.Uint64(b[o : o+8])
					continue
				}
			}
			break loop
		case opLdSX8:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o < int64(len(b)) {
					r[in.dst&15] = uint64(int8(b[o]))
					continue
				}
			}
			break loop
		case opLdSX16:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o <= int64(len(b))-2 {
					r[in.dst&15] = uint64(int16(binary.LittleEndian.Uint16(b[o : o+2])))
					continue
				}
			}
			break loop
		case opLdSX32:
			a := r[in.src&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.read[id], int64(uint32(a)); o <= int64(len(b))-4 {
					r[in.dst&15] = uint64(int32(binary.LittleEndian.Uint32(b[o : o+4])))
					continue
				}
			}
			break loop

		case opSt8:
			a := r[in.dst&15] + uint64(int64(in.off))
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o < int64(len(b)) {
					b[o] = byte(in.imm)
					continue
				}
			}
			break loop
		case opSt16:
			a := r[in.dst&15] + uint64(int64(in.off))
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-2 {
					binary.LittleEndian.PutUint16(b[o:o+2], uint16(in.imm))
					continue
				}
			}
			break loop
		case opSt32:
			a := r[in.dst&15] + uint64(int64(in.off))
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-4 {
					binary.LittleEndian.PutUint32(b[o:o+4], uint32(in.imm))
					continue
				}
			}
			break loop
		case opSt64:
			a := r[in.dst&15] + uint64(int64(in.off))
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-8 {
					binary.LittleEndian.PutUint64(b[o:o+8], in.imm)
					continue
				}
			}
			break loop
		case opStx8:
			a := r[in.dst&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o < int64(len(b)) {
					b[o] = byte(r[in.src&15])
					continue
				}
			}
			break loop
		case opStx16:
			a := r[in.dst&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-2 {
					binary.LittleEndian.PutUint16(b[o:o+2], uint16(r[in.src&15]))
					continue
				}
			}
			break loop
		case opStx32:
			a := r[in.dst&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-4 {
					binary.LittleEndian.PutUint32(b[o:o+4], uint32(r[in.src&15]))
					continue
				}
			}
			break loop
		case opStx64:
			a := r[in.dst&15] + in.imm
			if id := a >> 32; id < fastRegions {
				if b, o := m.write[id], int64(uint32(a)); o <= int64(len(b))-8 {
					binary.LittleEndian.PutUint64(b[o:o+8], r[in.src&15])
					continue
				}
			}
			break loop

		case opCount:
			m.hits[in.imm]++
			continue
		default:
			break loop
		}

		// A jump is taken. The way back is what a loop costs.
		to := int(in.off)
		if to < pc {
			m.budget -= pc - to
			if m.budget < 0 {
				break
			}
		}
		pc = to
	}
	m.pc = pc
}
