package vm

import (
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// classicInsn is a decoded instruction.
type classicInsn struct {
	op     classicOp
	size   uint8 // width in bytes of a classicHeader
	jt, jf uint8 // how many instructions a jump skips
	k      uint32
}

// classicOp is what an instruction does. The numbers are dense, so that the switch on them becomes a jump table. An X at
// the end means that X takes the place of the constant, or of A in loads.
type classicOp uint8

const (
	classicReturn classicOp = iota
	classicReturnA

	classicLoad8 // from the packet data
	classicLoad16
	classicLoad32
	classicIndirect8 // at X + k, from the packet data or, when that is negative, from a header
	classicIndirect16
	classicIndirect32
	classicHeader    // from a header: k is negative
	classicShift     // X = 4 * (byte & 0xf)
	classicExtension // k is the classic.Extension

	classicImm
	classicImmX
	classicLen
	classicLenX
	classicScratch
	classicScratchX
	classicStore
	classicStoreX
	classicTax
	classicTxa

	classicAdd
	classicAddX
	classicSub
	classicSubX
	classicMul
	classicMulX
	classicDiv
	classicDivX
	classicMod
	classicModX
	classicAnd
	classicAndX
	classicOr
	classicOrX
	classicXor
	classicXorX
	classicLsh
	classicLshX
	classicRsh
	classicRshX
	classicNeg

	classicJump
	classicJeq
	classicJeqX
	classicJgt
	classicJgtX
	classicJge
	classicJgeX
	classicJset
	classicJsetX
)

// skfADOff is SKF_AD_OFF of include/uapi/linux/filter.h as the unsigned k of an instruction: where extensions begin.
const skfADOff = 0xfffff000

// decodeClassic decodes an instruction that the kernel takes.
func decodeClassic(ins bpf.RawInstruction) classicInsn {
	in := classicInsn{jt: ins.Jt, jf: ins.Jf, k: ins.K}
	switch op := classic.Opcode(ins.Op); op {
	case classic.OpLdAbsB, classic.OpLdAbsH, classic.OpLdAbsW:
		return in.absolute(op)
	default:
		in.op = classicOpOf(op)
		return in
	}
}

// absolute decodes a load from a constant offset of the packet, which may stand for something else.
func (in classicInsn) absolute(op classic.Opcode) classicInsn {
	switch op {
	case classic.OpLdAbsB:
		in.op, in.size = classicLoad8, 1
	case classic.OpLdAbsH:
		in.op, in.size = classicLoad16, 2
	default:
		in.op, in.size = classicLoad32, 4
	}
	switch {
	case in.k == skfADOff+uint32(classic.ExtALUXorX):
		in.op = classicXorX
	case in.k >= skfADOff:
		in.op, in.k = classicExtension, in.k-skfADOff
	case int32(in.k) < 0:
		in.op = classicHeader
	}
	return in
}

// classicOpOf returns what all opcodes but the absolute loads do.
func classicOpOf(op classic.Opcode) classicOp {
	switch op {
	case classic.OpLdImm:
		return classicImm
	case classic.OpLdIndW:
		return classicIndirect32
	case classic.OpLdIndH:
		return classicIndirect16
	case classic.OpLdIndB:
		return classicIndirect8
	case classic.OpLdMem:
		return classicScratch
	case classic.OpLdLen:
		return classicLen
	case classic.OpLdxImm:
		return classicImmX
	case classic.OpLdxMem:
		return classicScratchX
	case classic.OpLdxLen:
		return classicLenX
	case classic.OpLdxMsh:
		return classicShift
	case classic.OpSt:
		return classicStore
	case classic.OpStx:
		return classicStoreX
	case classic.OpAddK:
		return classicAdd
	case classic.OpAddX:
		return classicAddX
	case classic.OpSubK:
		return classicSub
	case classic.OpSubX:
		return classicSubX
	case classic.OpMulK:
		return classicMul
	case classic.OpMulX:
		return classicMulX
	case classic.OpDivK:
		return classicDiv
	case classic.OpDivX:
		return classicDivX
	case classic.OpModK:
		return classicMod
	case classic.OpModX:
		return classicModX
	case classic.OpAndK:
		return classicAnd
	case classic.OpAndX:
		return classicAndX
	case classic.OpOrK:
		return classicOr
	case classic.OpOrX:
		return classicOrX
	case classic.OpXorK:
		return classicXor
	case classic.OpXorX:
		return classicXorX
	case classic.OpLshK:
		return classicLsh
	case classic.OpLshX:
		return classicLshX
	case classic.OpRshK:
		return classicRsh
	case classic.OpRshX:
		return classicRshX
	case classic.OpNeg:
		return classicNeg
	case classic.OpJa:
		return classicJump
	case classic.OpJeqK:
		return classicJeq
	case classic.OpJeqX:
		return classicJeqX
	case classic.OpJgtK:
		return classicJgt
	case classic.OpJgtX:
		return classicJgtX
	case classic.OpJgeK:
		return classicJge
	case classic.OpJgeX:
		return classicJgeX
	case classic.OpJsetK:
		return classicJset
	case classic.OpJsetX:
		return classicJsetX
	case classic.OpRetA:
		return classicReturnA
	case classic.OpTax:
		return classicTax
	case classic.OpTxa:
		return classicTxa
	}
	return classicReturn // classic.OpRetK
}
