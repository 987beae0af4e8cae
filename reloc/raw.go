package reloc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/purebpf/purebpf/asm"
)

// ParseRaw makes a program of the bytes of its instructions, as a file or the kernel has them. Places that are called or
// whose address is loaded become functions, called func_ and their slot. What instructions had of symbols is lost: the
// descriptors of maps stay the numbers that they are.
//
// Without order the bytes say themselves which it is: only one makes instructions and jumps that are possible, or else it is
// the one in which offsets and immediates are the smaller numbers. When nothing tells them apart it is the machine's. The
// error is that of asm.Decode or asm.NewProgram.
func ParseRaw(name string, t asm.ProgramType, b []byte, order binary.ByteOrder) (*asm.Program, error) {
	if order != nil {
		p, err := parseRaw(name, t, b, order)
		if err != nil {
			return nil, fmt.Errorf("parse the bytes of program %s: %w", name, err)
		}
		return p, nil
	}
	var other binary.ByteOrder = binary.BigEndian
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		other = binary.LittleEndian
	}
	p, err := parseRaw(name, t, b, binary.NativeEndian)
	q, otherErr := parseRaw(name, t, b, other)
	switch {
	case err != nil && otherErr != nil:
		return nil, fmt.Errorf("parse the bytes of program %s: %w; as %v: %w", name, err, other, otherErr)
	case err != nil || otherErr == nil && weight(q) < weight(p):
		return q, nil
	}
	return p, nil
}

func parseRaw(name string, t asm.ProgramType, b []byte, order binary.ByteOrder) (*asm.Program, error) {
	insns, err := asm.Decode(b, order)
	if err != nil {
		return nil, err
	}
	return asm.NewProgram(asm.ProgramSpec{Name: name, Type: t, Instructions: insns, Functions: functions(name, insns)})
}

// functions returns the main function and what is called. A call that leads nowhere is for asm.NewProgram to refuse.
func functions(name string, insns []asm.Instruction) []asm.Label {
	slots := make([]int, len(insns))
	end := 0
	var called []int // slots
	for i, ins := range insns {
		slots[i] = end
		switch {
		case ins.Op == opCall && ins.Src == asm.CallSubprogram, ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
			called = append(called, end+1+int(int32(ins.Imm)))
		}
		end += ins.Slots()
	}
	slices.Sort(called)
	functions := []asm.Label{{Name: name}}
	for _, slot := range slices.Compact(called) {
		if i, ok := slices.BinarySearch(slots, slot); ok && i > 0 {
			functions = append(functions, asm.Label{Name: "func_" + strconv.Itoa(slot), Index: i})
		}
	}
	return functions
}

const opCall = asm.Opcode(uint8(asm.ClassJMP) | uint8(asm.OpCall))

// weight is the number of bits that the offsets and immediates of a program need.
func weight(p *asm.Program) (n int) {
	magnitude := func(v int64) { n += bits.Len64(uint64(v ^ v>>63)) }
	for _, ins := range p.All() {
		magnitude(int64(ins.Off))
		magnitude(int64(int32(ins.Imm)))
		if ins.Slots() == 2 {
			magnitude(ins.Imm >> 32)
		}
	}
	return n
}
