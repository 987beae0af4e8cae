package asm

import "fmt"

// Cond is a condition for JumpIf, made by the comparison methods of Register:
//
//	b.JumpIf(asm.R0.SLt(0), "failed") // if r0 s< 0 goto failed
type Cond struct {
	class Class
	op    JumpOp
	left  Register
	right Operand

	logic logic // And, Or and Not of kids
	kids  []Cond
}

func cond(c Class, op JumpOp, left Register, right Operand) Cond {
	return Cond{class: c, op: op, left: left, right: right}
}

// Eq is r == x. Comparisons are on 64 bits, a constant being sign-extended from 32, and unsigned where it matters,
// unless their names say otherwise.
func (r Register) Eq(x Operand) Cond { return cond(ClassJMP, OpJEq, r, x) }

// NotEq is r != x.
func (r Register) NotEq(x Operand) Cond { return cond(ClassJMP, OpJNE, r, x) }

// Lt is r < x, unsigned.
func (r Register) Lt(x Operand) Cond { return cond(ClassJMP, OpJLT, r, x) }

// Le is r <= x, unsigned.
func (r Register) Le(x Operand) Cond { return cond(ClassJMP, OpJLE, r, x) }

// Gt is r > x, unsigned.
func (r Register) Gt(x Operand) Cond { return cond(ClassJMP, OpJGT, r, x) }

// Ge is r >= x, unsigned.
func (r Register) Ge(x Operand) Cond { return cond(ClassJMP, OpJGE, r, x) }

// SLt is r s< x, signed.
func (r Register) SLt(x Operand) Cond { return cond(ClassJMP, OpJSLT, r, x) }

// SLe is r s<= x, signed.
func (r Register) SLe(x Operand) Cond { return cond(ClassJMP, OpJSLE, r, x) }

// SGt is r s> x, signed.
func (r Register) SGt(x Operand) Cond { return cond(ClassJMP, OpJSGT, r, x) }

// SGe is r s>= x, signed.
func (r Register) SGe(x Operand) Cond { return cond(ClassJMP, OpJSGE, r, x) }

// HasBits is r & x != 0: any of the bits of x is set.
func (r Register) HasBits(x Operand) Cond { return cond(ClassJMP, OpJSet, r, x) }

// Eq32 is Eq on the lower 32 bits. The comparisons with 32 in their names need version 3.
func (r Register) Eq32(x Operand) Cond { return cond(ClassJMP32, OpJEq, r, x) }

// NotEq32 is NotEq on the lower 32 bits.
func (r Register) NotEq32(x Operand) Cond { return cond(ClassJMP32, OpJNE, r, x) }

// Lt32 is Lt on the lower 32 bits.
func (r Register) Lt32(x Operand) Cond { return cond(ClassJMP32, OpJLT, r, x) }

// Le32 is Le on the lower 32 bits.
func (r Register) Le32(x Operand) Cond { return cond(ClassJMP32, OpJLE, r, x) }

// Gt32 is Gt on the lower 32 bits.
func (r Register) Gt32(x Operand) Cond { return cond(ClassJMP32, OpJGT, r, x) }

// Ge32 is Ge on the lower 32 bits.
func (r Register) Ge32(x Operand) Cond { return cond(ClassJMP32, OpJGE, r, x) }

// SLt32 is SLt on the lower 32 bits.
func (r Register) SLt32(x Operand) Cond { return cond(ClassJMP32, OpJSLT, r, x) }

// SLe32 is SLe on the lower 32 bits.
func (r Register) SLe32(x Operand) Cond { return cond(ClassJMP32, OpJSLE, r, x) }

// SGt32 is SGt on the lower 32 bits.
func (r Register) SGt32(x Operand) Cond { return cond(ClassJMP32, OpJSGT, r, x) }

// SGe32 is SGe on the lower 32 bits.
func (r Register) SGe32(x Operand) Cond { return cond(ClassJMP32, OpJSGE, r, x) }

// HasBits32 is HasBits on the lower 32 bits.
func (r Register) HasBits32(x Operand) Cond { return cond(ClassJMP32, OpJSet, r, x) }

// inverse has the operation that jumps when the given one does not. OpJSet has none.
var inverse = [16]JumpOp{
	OpJEq >> 4: OpJNE, OpJNE >> 4: OpJEq,
	OpJGT >> 4: OpJLE, OpJLE >> 4: OpJGT, OpJGE >> 4: OpJLT, OpJLT >> 4: OpJGE,
	OpJSGT >> 4: OpJSLE, OpJSLE >> 4: OpJSGT, OpJSGE >> 4: OpJSLT, OpJSLT >> 4: OpJSGE,
}

// JumpIf jumps to label when c holds: if r1 == r2 goto label. That is one instruction, unless c combines several.
func (b *Builder) JumpIf(c Cond, label string) {
	if c.logic != leaf {
		b.branch(c, label, true, b.here())
		return
	}
	b.compare(c, label, b.here())
}

// compare appends the conditional jump of a single comparison.
func (b *Builder) compare(c Cond, label string, from origin) {
	n := node{ins: Instruction{Op: JumpOpcode(c.class, c.op, K), Dst: c.left}, target: label, from: from}
	width := 64
	if c.class == ClassJMP32 {
		width = 32
	}
	if c.class == 0 {
		n.ins.Op = JumpOpcode(ClassJMP, OpJA, K)
		b.reject(&n, fmt.Errorf("%w: a condition without a comparison", ErrOperand))
	} else {
		n.ins.Op |= b.operand(&n, c.right, width)
	}
	b.jump(n)
}

// Jump jumps to label: goto label. The distance has 16 bits.
func (b *Builder) Jump(label string) {
	b.jump(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpJA, K)}, target: label, from: b.here()})
}

// JumpLong jumps to label with a distance of 32 bits: gotol label. Version 4, Linux 6.6.
func (b *Builder) JumpLong(label string) {
	b.jump(node{ins: Instruction{Op: JumpOpcode(ClassJMP32, OpJA, K)}, target: label, from: b.here()})
}

// MayGoto jumps to label when the program has run too long, and falls through otherwise: may_goto label. It bounds a
// loop for the verifier. Linux 6.9.
func (b *Builder) MayGoto(label string) {
	b.jump(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpJCond, K)}, target: label, from: b.here()})
}

// jump appends a jump to a label. Whether there is such a label is seen when all are known, but for the empty name,
// which nothing can have.
func (b *Builder) jump(n node) {
	if n.target == "" {
		b.reject(&n, fmt.Errorf("%w %q", ErrLabel, n.target))
	} else if n.target[0] == '#' {
		if b.jumped == nil {
			b.jumped = make(map[string]bool)
		}
		b.jumped[n.target] = true
	}
	b.add(n)
}

// CallHelper calls a helper function of the kernel. Its arguments are in r1 to r5, its result will be in r0.
func (b *Builder) CallHelper(h Helper) {
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallHelper, Imm: int64(h)}, args: max(0, h.MinArgs()), from: b.here()})
}

// CallSubprogram calls a subprogram of this program or, when it has none of that name, of the object it is linked in.
// Linux 4.16.
func (b *Builder) CallSubprogram(name string) {
	n := node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallSubprogram, Imm: -1}, kind: RefCall, symbol: name, args: -1, from: b.here()}
	b.symbol(n)
}

// CallKfunc calls the kernel function with the given BTF id, of the kernel itself for index 0 or of the module whose BTF
// descriptor is at index of the program's fd_array. Linux 5.13.
func (b *Builder) CallKfunc(btfID int32, index int16) {
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallKfunc, Off: index, Imm: int64(btfID)}, args: -1, from: b.here()})
}

// Exit ends the function; r0 is its result.
func (b *Builder) Exit() {
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpExit, K)}, from: b.here()})
}
