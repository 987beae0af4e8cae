package asm

// Opcode is the first byte of an instruction (RFC 9669 section 3). Its low three bits are the class; what the others
// mean depends on it.
type Opcode uint8

// Class is the low three bits of an opcode (RFC 9669 section 3.3).
type Class uint8

// The instruction classes.
const (
	ClassLD    Class = 0 // 64-bit immediates and the legacy packet loads
	ClassLDX   Class = 1 // load into a register
	ClassST    Class = 2 // store an immediate
	ClassSTX   Class = 3 // store a register, atomic operations
	ClassALU   Class = 4 // 32-bit arithmetic
	ClassJMP   Class = 5 // jumps on 64-bit comparisons, call, exit
	ClassJMP32 Class = 6 // jumps on 32-bit comparisons
	ClassALU64 Class = 7 // 64-bit arithmetic
)

// Source says for arithmetic and jumps where the right operand comes from.
type Source uint8

// The two sources.
const (
	K Source = 0 // the immediate
	X Source = 8 // the source register
)

// Size is the width of a memory access, as the opcode has it.
type Size uint8

// The sizes of memory accesses.
const (
	W  Size = 0x00 // 4 bytes
	H  Size = 0x08 // 2 bytes
	B  Size = 0x10 // 1 byte
	DW Size = 0x18 // 8 bytes
)

// Bytes returns the width in bytes, 0 for a value that is not a size.
func (s Size) Bytes() int {
	switch s {
	case B:
		return 1
	case H:
		return 2
	case W:
		return 4
	case DW:
		return 8
	}
	return 0
}

// sizeOf returns the size of that many bytes, W for a number that is none.
func sizeOf(bytes int) Size {
	switch bytes {
	case 1:
		return B
	case 2:
		return H
	case 8:
		return DW
	}
	return W
}

// Mode is the way a load or store addresses memory (RFC 9669 section 5).
type Mode uint8

// The addressing modes.
const (
	ModeImm    Mode = 0x00 // 64-bit immediate
	ModeAbs    Mode = 0x20 // legacy packet access at a fixed offset
	ModeInd    Mode = 0x40 // legacy packet access at a register
	ModeMem    Mode = 0x60 // register + offset
	ModeMemSX  Mode = 0x80 // register + offset, sign-extending load (version 4)
	ModeAtomic Mode = 0xc0 // atomic operation
)

// ALUOp is an arithmetic operation (RFC 9669 section 4.1). The low byte stands in the opcode; the signed variants have
// the value of the offset field in the high byte.
type ALUOp uint16

// The arithmetic operations.
const (
	OpAdd  ALUOp = 0x00
	OpSub  ALUOp = 0x10
	OpMul  ALUOp = 0x20
	OpDiv  ALUOp = 0x30 // unsigned; by zero gives 0
	OpOr   ALUOp = 0x40
	OpAnd  ALUOp = 0x50
	OpLsh  ALUOp = 0x60 // the count is taken modulo the width
	OpRsh  ALUOp = 0x70 // logical
	OpNeg  ALUOp = 0x80 // no right operand
	OpMod  ALUOp = 0x90 // unsigned; by zero leaves the destination
	OpXor  ALUOp = 0xa0
	OpMov  ALUOp = 0xb0
	OpArsh ALUOp = 0xc0 // arithmetic shift right
	OpEnd  ALUOp = 0xd0 // byte order, the immediate is the width in bits

	OpSDiv    = OpDiv | 1<<8  // signed division (version 4)
	OpSMod    = OpMod | 1<<8  // signed, truncates toward zero: -13 % 3 = -1 (version 4)
	OpMovSX8  = OpMov | 8<<8  // sign-extending moves, register source only (version 4)
	OpMovSX16 = OpMov | 16<<8 //
	OpMovSX32 = OpMov | 32<<8 // 64-bit only

	offAddrSpaceCast = 1 // of OpMov, 64-bit, register source
)

// JumpOp is the operation of a jump class opcode (RFC 9669 section 4.3).
type JumpOp uint8

// The jump operations.
const (
	OpJA    JumpOp = 0x00 // always; in class JMP32 the 32-bit immediate is the distance (gotol, version 4)
	OpJEq   JumpOp = 0x10
	OpJGT   JumpOp = 0x20 // unsigned
	OpJGE   JumpOp = 0x30 // unsigned
	OpJSet  JumpOp = 0x40 // dst & src != 0
	OpJNE   JumpOp = 0x50
	OpJSGT  JumpOp = 0x60 // signed
	OpJSGE  JumpOp = 0x70 // signed
	OpCall  JumpOp = 0x80
	OpExit  JumpOp = 0x90
	OpJLT   JumpOp = 0xa0 // unsigned
	OpJLE   JumpOp = 0xb0 // unsigned
	OpJSLT  JumpOp = 0xc0 // signed
	OpJSLE  JumpOp = 0xd0 // signed
	OpJCond JumpOp = 0xe0 // may_goto
)

// AtomicOp is the immediate of an atomic instruction (RFC 9669 section 5.3; the last two are Linux 6.15's).
type AtomicOp int32

// The atomic operations. AtomicFetch is or-ed to the first four.
const (
	AtomicAdd          AtomicOp = 0x00
	AtomicOr           AtomicOp = 0x40
	AtomicAnd          AtomicOp = 0x50
	AtomicXor          AtomicOp = 0xa0
	AtomicFetch        AtomicOp = 0x01
	AtomicXchg         AtomicOp = 0xe0 | AtomicFetch
	AtomicCmpXchg      AtomicOp = 0xf0 | AtomicFetch // compares with r0 and leaves the old value there
	AtomicLoadAcquire  AtomicOp = 0x100              // every size
	AtomicStoreRelease AtomicOp = 0x110              // every size
)

// What the source register field of a call means.
const (
	CallHelper     Register = 0 // BPF_CALL: the immediate is a helper id
	CallSubprogram Register = 1 // BPF_PSEUDO_CALL: the immediate is a distance in slots
	CallKfunc      Register = 2 // BPF_PSEUDO_KFUNC_CALL: the immediate is a BTF id, the offset an index into fd_array
)

// What the source register field of a 64-bit immediate load means (RFC 9669 section 5.4).
const (
	Imm64Value         Register = 0 // a number
	Imm64MapFD         Register = 1 // BPF_PSEUDO_MAP_FD
	Imm64MapValue      Register = 2 // BPF_PSEUDO_MAP_VALUE: descriptor in the low half, offset in the high half
	Imm64BTFID         Register = 3 // BPF_PSEUDO_BTF_ID: id in the low half, BTF descriptor in the high half
	Imm64Func          Register = 4 // BPF_PSEUDO_FUNC: distance in slots
	Imm64MapIndex      Register = 5 // BPF_PSEUDO_MAP_IDX: index into fd_array
	Imm64MapIndexValue Register = 6 // BPF_PSEUDO_MAP_IDX_VALUE: index in the low half, offset in the high half
)

// OpLdImm64 is the opcode of the only instruction of two slots.
const OpLdImm64 = Opcode(uint8(ClassLD) | uint8(ModeImm) | uint8(DW))

// Class returns the instruction class.
func (o Opcode) Class() Class { return Class(o & 7) }

// Source returns where the right operand of an arithmetic or jump instruction comes from.
func (o Opcode) Source() Source { return Source(o & 8) }

// Size returns the width of a load or store.
func (o Opcode) Size() Size { return Size(o & 0x18) }

// Mode returns the addressing mode of a load or store.
func (o Opcode) Mode() Mode { return Mode(o & 0xe0) }

// JumpOp returns the operation of a jump instruction.
func (o Opcode) JumpOp() JumpOp { return JumpOp(o & 0xf0) }

// ALUOp returns the operation of an arithmetic instruction without what the offset field adds to it.
func (o Opcode) ALUOp() ALUOp { return ALUOp(o & 0xf0) }

// MemOpcode returns the opcode of a load or store.
func MemOpcode(c Class, m Mode, s Size) Opcode { return Opcode(uint8(c) | uint8(m) | uint8(s)) }

// ALUOpcode returns the opcode of an arithmetic instruction; the high byte of op goes to the offset field.
func ALUOpcode(c Class, op ALUOp, s Source) Opcode { return Opcode(uint8(c) | uint8(op) | uint8(s)) }

// JumpOpcode returns the opcode of a jump instruction.
func JumpOpcode(c Class, op JumpOp, s Source) Opcode { return Opcode(uint8(c) | uint8(op) | uint8(s)) }
