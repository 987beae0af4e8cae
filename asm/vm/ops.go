package vm

import "github.com/purebpf/purebpf/asm"

// insn is a decoded instruction: 16 bytes, everything resolved that can be before the program runs.
type insn struct {
	op       op
	dst, src uint8
	size     uint8  // width in bytes of a memory access that exec leaves to slow
	off      int32  // distance in bytes of a store of an immediate; index into the code of a jump's target
	imm      uint64 // extended to 64 bits as the operation wants it; distance in bytes of other memory accesses
}

// op is what an instruction does. The numbers are dense, so that the switch on them becomes a jump table. Everything up
// to opExit is done by Machine.exec, the rest by Machine.slow.
type op uint8

const (
	opMovK op = iota // also moves of 32 bits and loads of 64-bit immediates
	opMovX
	opMov32X
	opMovSX8
	opMovSX16
	opMovSX32
	opMov32SX8
	opMov32SX16

	// 64-bit arithmetic: each X follows its K. Subtraction of an immediate is an addition.
	opAddK
	opAddX
	opSubX
	opMulK
	opMulX
	opDivK
	opDivX
	opSDivK
	opSDivX
	opModK
	opModX
	opSModK
	opSModX
	opOrK
	opOrX
	opAndK
	opAndX
	opXorK
	opXorX
	opLshK
	opLshX
	opRshK
	opRshX
	opArshK
	opArshX
	opNeg

	// 32-bit arithmetic in the same order.
	opAdd32K
	opAdd32X
	opSub32X
	opMul32K
	opMul32X
	opDiv32K
	opDiv32X
	opSDiv32K
	opSDiv32X
	opMod32K
	opMod32X
	opSMod32K
	opSMod32X
	opOr32K
	opOr32X
	opAnd32K
	opAnd32X
	opXor32K
	opXor32X
	opLsh32K
	opLsh32X
	opRsh32K
	opRsh32X
	opArsh32K
	opArsh32X
	opNeg32

	opZext16 // conversions to the target's own byte order truncate
	opZext32
	opSwap16
	opSwap32
	opSwap64

	opJA
	opMayGoto
	opJEqK
	opJEqX
	opJNEK
	opJNEX
	opJGTK
	opJGTX
	opJGEK
	opJGEX
	opJLTK
	opJLTX
	opJLEK
	opJLEX
	opJSetK
	opJSetX
	opJSGTK
	opJSGTX
	opJSGEK
	opJSGEX
	opJSLTK
	opJSLTX
	opJSLEK
	opJSLEX

	opJEq32K
	opJEq32X
	opJNE32K
	opJNE32X
	opJGT32K
	opJGT32X
	opJGE32K
	opJGE32X
	opJLT32K
	opJLT32X
	opJLE32K
	opJLE32X
	opJSet32K
	opJSet32X
	opJSGT32K
	opJSGT32X
	opJSGE32K
	opJSGE32X
	opJSLT32K
	opJSLT32X
	opJSLE32K
	opJSLE32X

	opLd8
	opLd16
	opLd32
	opLd64
	opLdSX8
	opLdSX16
	opLdSX32
	opSt8
	opSt16
	opSt32
	opSt64
	opStx8
	opStx16
	opStx32
	opStx64

	opCount // counts the instruction that follows

	// From here on Machine.slow.

	opExit
	opCall     // subprogram: off is the callee's first instruction
	opHelper   // imm is the index into program.helpers
	opAtomic   // imm is the asm.AtomicOp
	opLdAbs    // imm is the offset in the packet
	opLdInd    //
	opTrace    // shows the instruction that follows
	opFellOff  // the end of a function without exit
	opKfunc    // call of a kernel function, which nobody has
	opTailCall //
	opLoop     // bpf_loop
	opForEach  // bpf_for_each_map_elem
)

// alu has the operation on 64 bits with an immediate for every asm.ALUOp, indexed by its high nibble. X is the next one,
// the one on 32 bits is opAdd32K-opAddK further.
var alu = [16]op{
	asm.OpAdd >> 4: opAddK, asm.OpMul >> 4: opMulK, asm.OpDiv >> 4: opDivK, asm.OpMod >> 4: opModK, asm.OpOr >> 4: opOrK,
	asm.OpAnd >> 4: opAndK, asm.OpXor >> 4: opXorK, asm.OpLsh >> 4: opLshK, asm.OpRsh >> 4: opRshK, asm.OpArsh >> 4: opArshK,
}

// jumps has the comparison of 64 bits with an immediate for every asm.JumpOp, indexed by its high nibble. X is the next
// one, the one of 32 bits is opJEq32K-opJEqK further.
var jumps = [16]op{
	asm.OpJEq >> 4: opJEqK, asm.OpJNE >> 4: opJNEK, asm.OpJGT >> 4: opJGTK, asm.OpJGE >> 4: opJGEK, asm.OpJLT >> 4: opJLTK,
	asm.OpJLE >> 4: opJLEK, asm.OpJSet >> 4: opJSetK, asm.OpJSGT >> 4: opJSGTK, asm.OpJSGE >> 4: opJSGEK,
	asm.OpJSLT >> 4: opJSLTK, asm.OpJSLE >> 4: opJSLEK,
}
