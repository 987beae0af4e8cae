package asm

import "strconv"

// Syntax is one of the two dialects of BPF's pseudo-C.
type Syntax uint8

const (
	// LLVM is what LLVM's assembler reads: r0 = *(u32 *)(r1 + 16). What it has no words for is printed so that nothing
	// is lost: an indirect packet load with an offset as skb[r7 + 4], a subprogram call without a name as call pc+2, the
	// BTF of a kernel module's function as its index in fd_array, call kernel-function[3]#4711.
	LLVM Syntax = iota
	// Kernel is what the verifier's log and bpftool print (kernel/bpf/disasm.c): r0 = *(u32 *)(r1 +16). Where the kernel
	// prints less than the instruction has, more is printed: that index, and a 64-bit immediate that is a BTF id, which
	// the kernel prints as a number, as btf[id:4711].
	Kernel
)

// String returns the instruction in LLVM's syntax.
func (i Instruction) String() string { return string(i.AppendText(nil, LLVM)) }

// AppendText appends the instruction in the given syntax, without a line end. One that Check refuses is printed as its
// fields.
func (i Instruction) AppendText(b []byte, s Syntax) []byte {
	p := printer{b: b, kernel: s == Kernel}
	if i.Check() != nil {
		p.raw(i)
	} else {
		p.instruction(i)
	}
	return p.b
}

// printer appends text. Its small methods are kept from being inlined at each of their hundred calls: every program that
// reports an error carries this code.
type printer struct {
	b      []byte
	kernel bool
}

//go:noinline
func (p *printer) str(parts ...string) {
	for _, s := range parts {
		p.b = append(p.b, s...)
	}
}

//go:noinline
func (p *printer) dec(v int64) { p.b = strconv.AppendInt(p.b, v, 10) }

//go:noinline
func (p *printer) hex(v uint64) {
	p.b = append(p.b, "0x"...)
	p.b = strconv.AppendUint(p.b, v, 16)
}

// signed appends v with its sign, as distances are written.
//
//go:noinline
func (p *printer) signed(v int64) {
	if v >= 0 {
		p.b = append(p.b, '+')
	}
	p.dec(v)
}

func (p *printer) reg(r Register) { p.sub(r, true) }

// sub appends the register's 64-bit name or that of its lower half.
//
//go:noinline
func (p *printer) sub(r Register, wide bool) {
	switch {
	case r.virtual() && wide:
		p.str("v")
	case r.virtual():
		p.str("vw")
	case wide:
		p.str("r")
	default:
		p.str("w")
	}
	if r.virtual() {
		r -= firstVirtual
	}
	p.dec(int64(r))
}

// raw appends an instruction that is none.
func (p *printer) raw(i Instruction) {
	p.str("(")
	p.hex(uint64(i.Op))
	p.str(") dst=")
	p.dec(int64(i.Dst))
	p.str(" src=")
	p.dec(int64(i.Src))
	p.str(" off=")
	p.dec(int64(i.Off))
	p.str(" imm=")
	p.dec(i.Imm)
}

func (p *printer) instruction(i Instruction) {
	switch kinds[i.Op] {
	case kindALUK, kindALUX, kindDivK, kindDivX, kindMovX, kindNeg, kindEnd:
		p.alu(i)
	case kindJumpK, kindJumpX:
		p.condition(i)
		p.str(" ")
		p.jump("goto", int64(i.Off))
	case kindJA:
		if i.Op.JumpOp() == OpJCond {
			p.jump("may_goto", int64(i.Off))
		} else {
			p.jump("goto", int64(i.Off))
		}
	case kindJAL:
		p.jump("gotol", i.Imm)
	case kindCall:
		p.call(i)
	case kindExit:
		p.str("exit")
	case kindLdImm64:
		p.imm64(i)
	case kindLdAbs, kindLdInd:
		p.packet(i)
	case kindLdx:
		p.reg(i.Dst)
		p.str(" = *")
		p.mem(i)
	case kindSt:
		p.str("*")
		p.mem(i)
		p.str(" = ")
		p.dec(i.Imm)
	case kindStx:
		p.str("*")
		p.mem(i)
		p.str(" = ")
		p.reg(i.Src)
	case kindAtomic:
		p.atomic(i)
	default:
		p.raw(i)
	}
}

// jumpTo appends a jump, call or load of a function with the name of what it leads to.
func (p *printer) jumpTo(i Instruction, name string) {
	switch kinds[i.Op] {
	case kindJumpK, kindJumpX:
		p.condition(i)
		p.str(" goto ")
	case kindJA:
		if i.Op.JumpOp() == OpJCond {
			p.str("may_")
		}
		p.str("goto ")
	case kindJAL:
		p.str("gotol ")
	case kindCall:
		p.str("call ")
	case kindLdImm64:
		p.reg(i.Dst)
		p.str(" = ", name, " ll")
		return
	}
	p.str(name)
}

// aluSigns has the operator of every arithmetic operation, indexed by the operation's high nibble.
var aluSigns = [16]string{
	OpAdd >> 4: "+=", OpSub >> 4: "-=", OpMul >> 4: "*=", OpDiv >> 4: "/=", OpOr >> 4: "|=", OpAnd >> 4: "&=",
	OpLsh >> 4: "<<=", OpRsh >> 4: ">>=", OpMod >> 4: "%=", OpXor >> 4: "^=", OpMov >> 4: "=", OpArsh >> 4: "s>>=",
}

func (p *printer) alu(i Instruction) {
	op, wide := i.Op.ALUOp(), i.Op.Class() == ClassALU64
	switch op {
	case OpEnd:
		p.reg(i.Dst)
		switch {
		case wide:
			p.str(" = bswap")
		case i.Op.Source() == X:
			p.str(" = be")
		default:
			p.str(" = le")
		}
		p.dec(i.Imm)
		p.str(" ")
		p.reg(i.Dst)
		return
	case OpNeg:
		p.sub(i.Dst, wide)
		p.str(" = -")
		p.sub(i.Dst, wide)
		return
	}
	p.sub(i.Dst, wide)
	p.str(" ")
	switch {
	case op == OpMov && i.Op.Source() == X && i.Off == offAddrSpaceCast:
		p.str("= addr_space_cast(")
		p.reg(i.Src)
		p.str(", ")
		p.dec(i.Imm >> 16)
		p.str(", ")
		p.dec(i.Imm & 0xffff)
		p.str(")")
		return
	case op == OpMov && i.Off != 0:
		p.str("= (s")
		p.dec(int64(i.Off))
		p.str(")")
		p.sub(i.Src, wide)
		return
	case i.Off != 0: // signed division
		p.str("s")
	}
	p.str(aluSigns[op>>4], " ")
	if i.Op.Source() == X {
		p.sub(i.Src, wide)
	} else {
		p.dec(i.Imm)
	}
}

// jumpSigns has the comparison of every conditional jump, indexed by the operation's high nibble.
var jumpSigns = [16]string{
	OpJEq >> 4: "==", OpJGT >> 4: ">", OpJGE >> 4: ">=", OpJSet >> 4: "&", OpJNE >> 4: "!=", OpJSGT >> 4: "s>",
	OpJSGE >> 4: "s>=", OpJLT >> 4: "<", OpJLE >> 4: "<=", OpJSLT >> 4: "s<", OpJSLE >> 4: "s<=",
}

func (p *printer) condition(i Instruction) {
	wide := i.Op.Class() == ClassJMP
	p.str("if ")
	p.sub(i.Dst, wide)
	p.str(" ", jumpSigns[i.Op.JumpOp()>>4], " ")
	switch {
	case i.Op.Source() == X:
		p.sub(i.Src, wide)
	case p.kernel:
		p.hex(uint64(uint32(i.Imm)))
	default:
		p.dec(i.Imm)
	}
}

func (p *printer) jump(word string, distance int64) {
	p.str(word, " ")
	if p.kernel {
		p.str("pc")
	}
	p.signed(distance)
}

func (p *printer) call(i Instruction) {
	p.str("call ")
	switch i.Src {
	case CallSubprogram:
		p.str("pc")
		p.signed(i.Imm)
	case CallKfunc:
		p.str("kernel-function")
		if i.Off != 0 {
			p.str("[")
			p.dec(int64(i.Off))
			p.str("]")
		}
		p.str("#")
		p.dec(i.Imm)
	default:
		if p.kernel {
			name := Helper(i.Imm).Name()
			if name == "" {
				name = "unknown"
			}
			p.str(name, "#")
		}
		p.dec(i.Imm)
	}
}

func (p *printer) imm64(i Instruction) {
	low, high := uint64(uint32(i.Imm)), int64(i.Imm>>32)
	if !p.kernel {
		if i.Src != Imm64Value {
			p.str("ld_pseudo ")
			p.reg(i.Dst)
			p.str(", ")
			p.dec(int64(i.Src))
			p.str(", ")
			p.dec(i.Imm)
			return
		}
		p.reg(i.Dst)
		p.str(" = ")
		p.dec(i.Imm)
		p.str(" ll")
		return
	}
	p.reg(i.Dst)
	p.str(" = ")
	switch i.Src {
	case Imm64MapFD, Imm64MapValue:
		p.str("map[fd:")
	case Imm64MapIndex, Imm64MapIndexValue:
		p.str("map[idx:")
	case Imm64BTFID:
		p.str("btf[id:")
		p.dec(int64(low))
		if high != 0 {
			p.str(",fd:")
			p.dec(int64(uint32(high)))
		}
		p.str("]")
		return
	case Imm64Func:
		p.str("subprog[")
		p.signed(int64(int32(low)))
		p.str("]")
		return
	default:
		p.hex(uint64(i.Imm))
		return
	}
	p.dec(int64(low))
	p.str("]")
	switch i.Src {
	case Imm64MapValue:
		p.str("[0]")
		p.signed(high)
	case Imm64MapIndexValue:
		p.signed(high)
	}
}

func (p *printer) packet(i Instruction) {
	p.str("r0 = *(u")
	p.dec(int64(8 * i.Op.Size().Bytes()))
	p.str(" *)skb[")
	if i.Op.Mode() == ModeInd {
		p.reg(i.Src)
		if p.kernel || i.Imm != 0 {
			p.str(" + ")
			p.dec(i.Imm)
		}
	} else {
		p.dec(i.Imm)
	}
	p.str("]")
}

// mem appends the memory operand: a load's base is the source register, a store's is the destination.
func (p *printer) mem(i Instruction) {
	base, sign := i.Dst, "(u"
	if i.Op.Class() == ClassLDX {
		base = i.Src
		if i.Op.Mode() == ModeMemSX {
			sign = "(s"
		}
	}
	p.str(sign)
	p.dec(int64(8 * i.Op.Size().Bytes()))
	p.str(" *)(")
	p.address(base, i.Off)
	p.str(")")
}

// address appends base and offset.
func (p *printer) address(base Register, off int16) {
	p.reg(base)
	p.str(" ")
	if p.kernel {
		p.signed(int64(off))
		return
	}
	if off < 0 {
		p.str("- ")
		p.dec(-int64(off))
		return
	}
	p.str("+ ")
	p.dec(int64(off))
}
