package asm

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// AppendTo appends the instruction's 8 or 16 bytes in the target's byte order (RFC 9669 section 3.1) and returns the
// extended slice. It appends nothing and returns an error when Check does.
func (i Instruction) AppendTo(b []byte, order binary.ByteOrder) ([]byte, error) {
	if err := i.Check(); err != nil {
		return b, err
	}
	return appendInstructions(b, []Instruction{i}, 8*i.Slots(), bigEndian(order)), nil
}

// AppendInstructions appends the bytes of all of insns. It does not allocate when b has room for them. It appends
// nothing and returns an error that names the first instruction that Check refuses, if there is one.
func AppendInstructions(b []byte, insns []Instruction, order binary.ByteOrder) ([]byte, error) {
	size := 0
	for n := range insns {
		if err := insns[n].Check(); err != nil {
			return b, fmt.Errorf("encode instruction %d: %w", n, err)
		}
		size += 8 * insns[n].Slots()
	}
	return appendInstructions(b, insns, size, bigEndian(order)), nil
}

// bigEndian reports whether order is big endian. An order that is none of package binary's is asked; that allocates the
// question.
func bigEndian(order binary.ByteOrder) bool {
	switch order {
	case binary.LittleEndian:
		return false
	case binary.BigEndian:
		return true
	case binary.NativeEndian:
		return binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	}
	return order.Uint16([]byte{0, 1}) == 1
}

// appendInstructions appends the size bytes that checked instructions take.
func appendInstructions(b []byte, insns []Instruction, size int, big bool) []byte {
	start := len(b)
	b = slices.Grow(b, size)[:start+size]
	if big {
		encodeBig(b[start:], insns)
	} else {
		encodeLittle(b[start:], insns)
	}
	return b
}

func encodeLittle(b []byte, insns []Instruction) {
	for n := range insns {
		i := &insns[n]
		binary.LittleEndian.PutUint64(b, uint64(i.Op)|uint64(i.Src)<<12|uint64(i.Dst)<<8|
			uint64(uint16(i.Off))<<16|uint64(uint32(i.Imm))<<32)
		b = b[8:]
		if i.Op == OpLdImm64 {
			binary.LittleEndian.PutUint64(b, uint64(i.Imm)&^0xffffffff)
			b = b[8:]
		}
	}
}

func encodeBig(b []byte, insns []Instruction) {
	for n := range insns {
		i := &insns[n]
		binary.BigEndian.PutUint64(b, uint64(i.Op)<<56|uint64(i.Dst)<<52|uint64(i.Src)<<48|
			uint64(uint16(i.Off))<<32|uint64(uint32(i.Imm)))
		b = b[8:]
		if i.Op == OpLdImm64 {
			binary.BigEndian.PutUint64(b, uint64(i.Imm)>>32)
			b = b[8:]
		}
	}
}

// DecodeInstruction decodes the first instruction of b and returns it with the number of bytes it takes, 8 or 16. It is
// as strict as Instruction.Check and refuses a 64-bit immediate load whose second slot is missing (ErrTruncated) or
// holds anything but the upper half of the immediate (ErrReserved).
func DecodeInstruction(b []byte, order binary.ByteOrder) (Instruction, int, error) {
	i, n, err := decode(b, bigEndian(order))
	if err != nil {
		return Instruction{}, 0, err
	}
	return i, n, nil
}

// Decode decodes all of b. The error names the slot, counted from 0, that is wrong.
func Decode(b []byte, order binary.ByteOrder) ([]Instruction, error) {
	big := bigEndian(order)
	insns := make([]Instruction, 0, len(b)/8)
	for at := 0; at < len(b); {
		i, n, err := decode(b[at:], big)
		if err != nil {
			return nil, fmt.Errorf("decode slot %d: %w", at/8, err)
		}
		insns = append(insns, i)
		at += n
	}
	return insns, nil
}

func decode(b []byte, big bool) (Instruction, int, error) {
	if len(b) < 8 {
		return Instruction{}, 0, fmt.Errorf("%w: %d bytes of an instruction's 8", ErrTruncated, len(b))
	}
	i := decodeSlot(b, big)
	n := 8
	if i.Op == OpLdImm64 {
		if len(b) < 16 {
			return i, 0, fmt.Errorf("%w: second half of a 64-bit immediate is missing", ErrTruncated)
		}
		high := decodeSlot(b[8:], big)
		const what = "%w: second half of a 64-bit immediate has "
		switch {
		case high.Op != 0:
			return i, 0, fmt.Errorf(what+"opcode %#02x", ErrReserved, uint8(high.Op))
		case high.Dst != 0:
			return i, 0, fmt.Errorf(what+"destination %v", ErrReserved, high.Dst)
		case high.Src != 0:
			return i, 0, fmt.Errorf(what+"source %v", ErrReserved, high.Src)
		case high.Off != 0:
			return i, 0, fmt.Errorf(what+"offset %d", ErrReserved, high.Off)
		}
		i.Imm = high.Imm<<32 | int64(uint32(i.Imm))
		n = 16
	}
	if err := i.Check(); err != nil {
		return i, 0, err
	}
	return i, n, nil
}

func decodeSlot(b []byte, big bool) Instruction {
	if big {
		return Instruction{
			Op:  Opcode(b[0]),
			Dst: Register(b[1] >> 4),
			Src: Register(b[1] & 15),
			Off: int16(binary.BigEndian.Uint16(b[2:])),
			Imm: int64(int32(binary.BigEndian.Uint32(b[4:]))),
		}
	}
	return Instruction{
		Op:  Opcode(b[0]),
		Dst: Register(b[1] & 15),
		Src: Register(b[1] >> 4),
		Off: int16(binary.LittleEndian.Uint16(b[2:])),
		Imm: int64(int32(binary.LittleEndian.Uint32(b[4:]))),
	}
}
