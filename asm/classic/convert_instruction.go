package classic

import (
	"fmt"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
)

func movK(dst asm.Register, k uint32) asm.Instruction {
	return asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU, asm.OpMov, asm.K), Dst: dst, Imm: int64(int32(k))}
}

func movX(dst, src asm.Register) asm.Instruction {
	return asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU64, asm.OpMov, asm.X), Dst: dst, Src: src}
}

func field(dst asm.Register, f asm.Field) asm.Instruction {
	op := asm.MemOpcode(asm.ClassLDX, asm.ModeMem, asm.W)
	return asm.Instruction{Op: op, Dst: dst, Src: regContext, Off: int16(f.Offset())}
}

func exit() asm.Instruction {
	return asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpExit, asm.K)}
}

// unless0 skips instructions when the register is not 0.
func unless0(r asm.Register, skip int16) asm.Instruction {
	return asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpJNE, asm.K), Dst: r, Off: skip}
}

// prologue zeroes A and X and keeps the context where calls leave it and packet loads expect it.
func (c *converter) prologue() {
	c.emit(movK(regA, 0), movK(regX, 0), movX(regContext, asm.R1))
}

// convert emits what classic instruction i becomes. A and X stay zero-extended to 64 bits.
func (c *converter) convert(i int, ins bpf.RawInstruction) {
	switch op := Opcode(ins.Op); op {
	case OpLdImm:
		c.emit(movK(regA, ins.K))
	case OpLdxImm:
		c.emit(movK(regX, ins.K))
	case OpLdAbsW, OpLdAbsH, OpLdAbsB:
		if e, ok := extensionOf(ins.K); ok {
			c.extension(i, e)
			return
		}
		c.emit(asm.Instruction{Op: asm.Opcode(op), Imm: int64(int32(ins.K))})
	case OpLdIndW, OpLdIndH, OpLdIndB:
		c.emit(asm.Instruction{Op: asm.Opcode(op), Src: regX, Imm: int64(int32(ins.K))})
	case OpLdxMsh:
		c.emit(movX(regX, regA),
			asm.Instruction{Op: asm.Opcode(OpLdAbsB), Imm: int64(int32(ins.K))},
			asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU, asm.OpAnd, asm.K), Dst: regA, Imm: 0xf},
			asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU, asm.OpLsh, asm.K), Dst: regA, Imm: 2},
			movX(regTemp, regX), movX(regX, regA), movX(regA, regTemp))
	case OpLdLen:
		c.emit(field(regA, asm.SkBuffLen))
	case OpLdxLen:
		c.emit(field(regX, asm.SkBuffLen))
	case OpLdMem, OpLdxMem, OpSt, OpStx:
		c.emit(scratch(op, ins.K))
	case OpTax:
		c.emit(movX(regX, regA))
	case OpTxa:
		c.emit(movX(regA, regX))
	case OpJa:
		c.jumpTo(asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpJA, asm.K)}, i+1+int(ins.K))
	case OpJeqK, OpJeqX, OpJgtK, OpJgtX, OpJgeK, OpJgeX, OpJsetK, OpJsetX:
		c.conditional(i, ins)
	case OpRetK:
		c.emit(movK(regA, ins.K), exit())
	case OpRetA:
		c.emit(exit())
	default:
		c.arithmetic(op, ins.K)
	}
}

// scratch returns a load or store of a scratch word.
func scratch(op Opcode, word uint32) asm.Instruction {
	r := regA
	if op == OpLdxMem || op == OpStx {
		r = regX
	}
	off := int16(int(word)-ScratchWords) * 4
	if op == OpSt || op == OpStx {
		return asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeMem, asm.W), Dst: asm.FP, Src: r, Off: off}
	}
	return asm.Instruction{Op: asm.MemOpcode(asm.ClassLDX, asm.ModeMem, asm.W), Dst: r, Src: asm.FP, Off: off}
}

// arithmetic emits an operation on A, whose opcode is that of the one on 32 bits in eBPF.
func (c *converter) arithmetic(op Opcode, k uint32) {
	ins := asm.Instruction{Op: asm.Opcode(op), Dst: regA}
	switch {
	case op == OpNeg:
	case asm.Opcode(op).Source() == asm.X:
		ins.Src = regX
	default:
		ins.Imm = int64(int32(k))
	}
	if op == OpDivX || op == OpModX {
		c.emit(unless0(regX, 2), movK(regA, 0), exit()) // eBPF goes on with 0 or A
	}
	c.emit(ins)
}

// conditional emits a jump with two targets. eBPF has one; the other is the next instruction or gets a jump of its own.
func (c *converter) conditional(i int, ins bpf.RawInstruction) {
	then, otherwise := i+1+int(ins.Jt), i+1+int(ins.Jf)
	op := asm.Opcode(ins.Op)
	jump := asm.Instruction{Op: op, Dst: regA}
	switch {
	case op.Source() == asm.X:
		jump.Src = regX
	case int32(ins.K) < 0:
		// The comparison would extend the sign of the constant to 64 bits.
		c.emit(movK(regTemp, ins.K))
		jump.Op, jump.Src = op|asm.Opcode(asm.X), regTemp
	default:
		jump.Imm = int64(ins.K)
	}
	if ins.Jt == 0 && ins.Jf != 0 && op.JumpOp() != asm.OpJSet { // whose opposite eBPF lacks too
		jump.Op = asm.JumpOpcode(asm.ClassJMP, opposite(op.JumpOp()), jump.Op.Source())
		then, otherwise = otherwise, then
	}
	c.jumpTo(jump, then)
	if otherwise != i+1 {
		c.jumpTo(asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpJA, asm.K)}, otherwise)
	}
}

func opposite(op asm.JumpOp) asm.JumpOp {
	switch op {
	case asm.OpJEq:
		return asm.OpJNE
	case asm.OpJGT:
		return asm.OpJLE
	}
	return asm.OpJLT // of OpJGE
}

// extension emits the load of an extension to A.
func (c *converter) extension(i int, e Extension) {
	switch e {
	case ExtProtocol:
		c.emit(field(regA, asm.SkBuffProtocol), fromNetwork16())
	case ExtPktType:
		c.emit(field(regA, asm.SkBuffPktType))
	case ExtIfindex:
		// The field is 0 without device, the extension then ends the program with A.
		c.emit(field(regTemp, asm.SkBuffIfindex), unless0(regTemp, 1), exit(), movX(regA, regTemp))
	case ExtMark:
		c.emit(field(regA, asm.SkBuffMark))
	case ExtQueue:
		c.emit(field(regA, asm.SkBuffQueueMapping))
	case ExtRxhash:
		c.emit(field(regA, asm.SkBuffHash))
	case ExtCPU:
		c.emit(helperCall(asm.FnGetSMPProcessorID))
	case ExtRandom:
		c.emit(helperCall(asm.FnGetPrandomU32))
	case ExtALUXorX:
		c.arithmetic(OpXorX, 0)
	case ExtVLANTag:
		c.emit(field(regA, asm.SkBuffVLANTci))
	case ExtVLANTagPresent:
		c.emit(field(regA, asm.SkBuffVLANPresent))
	case ExtVLANTPID:
		c.emit(field(regA, asm.SkBuffVLANProto), fromNetwork16())
	default:
		err := fmt.Errorf("%w: %s", ErrConvert, missing(e))
		c.errs = append(c.errs, &asm.Error{Position: c.program.Position(i), Program: c.program.Name(), Index: i,
			Text: describe(c.program.raw[i]), Err: err})
	}
}

// missing says what an extension would need that only the kernel's own programs have.
func missing(e Extension) string {
	switch e {
	case ExtHatype:
		return "struct __sk_buff does not have the hardware type of the device"
	case ExtPayOffset:
		return "no helper runs the flow dissector"
	}
	return "no helper searches for netlink attributes"
}

func fromNetwork16() asm.Instruction {
	return asm.Instruction{Op: asm.ALUOpcode(asm.ClassALU, asm.OpEnd, asm.X), Dst: regA, Imm: 16}
}

func helperCall(h asm.Helper) asm.Instruction {
	return asm.Instruction{Op: asm.JumpOpcode(asm.ClassJMP, asm.OpCall, asm.K), Imm: int64(h)}
}
