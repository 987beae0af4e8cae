package asm

import (
	"fmt"
	"math"
)

// Virtual returns a register of its own. The builder finds a machine register for it, or a place on the stack.
// Everything that takes one of the machine's registers takes a virtual one; a program may use both.
func (b *Builder) Virtual() Register {
	b.needPasses()
	if b.next == math.MaxUint16 {
		b.fail(b.here(), "virtual register", fmt.Errorf("%w: a program has at most %d", ErrRegister, math.MaxUint16-int(firstVirtual)))
		return firstVirtual
	}
	r := b.next
	b.next++
	return r
}

// Context returns the pointer to the context that the main function begins with, in a register that survives calls.
func (b *Builder) Context() Register {
	if b.context == 0 {
		b.context = b.Virtual()
		b.contextFrom = b.here()
	}
	return b.context
}

// Copy returns x in a new register: another register's value, or any 64-bit constant.
func (b *Builder) Copy(x Operand) Register {
	v := b.Virtual()
	b.set(v, x, b.here())
	return v
}

// set appends dst = x for any x that is a value.
func (b *Builder) set(dst Register, x any, from origin) {
	if r, ok := x.(Register); ok {
		b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: dst, Src: r}, from: from})
		return
	}
	v, _, ok := constant(x)
	n := node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, K), Dst: dst, Imm: v}, from: from}
	switch {
	case !ok:
		b.reject(&n, fmt.Errorf("%w: %T, want a Register or an integer", ErrOperand, x))
	case v != int64(int32(v)):
		if v == int64(uint32(v)) {
			n.ins.Op = ALUOpcode(ClassALU, OpMov, K) // zeroes the upper half
			n.ins.Imm = int64(int32(v))
		} else {
			n.ins.Op = OpLdImm64
		}
	}
	b.add(n)
}

// Load returns the value at m, extended to 64 bits.
func (b *Builder) Load(m Mem) Register {
	v := b.Virtual()
	b.load(v, m, b.here())
	return v
}

func (b *Builder) load(dst Register, m Mem, from origin) {
	mode := ModeMem
	if m.Signed && m.Size != DW { // all 64 bits are there, no sign to extend
		mode = ModeMemSX
	}
	m.Signed = false
	b.access(node{ins: Instruction{Op: MemOpcode(ClassLDX, mode, W), Dst: dst, Src: m.Base}, from: from}, m)
}

// LoadBE returns the big-endian value at m, such as a header field in network order, as a number.
func (b *Builder) LoadBE(m Mem) Register {
	from := b.here()
	v := b.Virtual()
	b.load(v, m, from)
	if n := m.Size.Bytes(); n > 1 {
		b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU, OpEnd, X), Dst: v, Imm: int64(8 * n)}, from: from})
	}
	return v
}

// Store stores a register or a constant at m. A constant of 8 bytes that does not fit an instruction goes through a
// register.
func (b *Builder) Store(m Mem, x Operand) {
	from := b.here()
	if r, ok := x.(Register); ok {
		b.access(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, W), Dst: m.Base, Src: r}, from: from}, m)
		return
	}
	if v, _, ok := constant(x); ok && m.Size == DW && v != int64(int32(v)) {
		t := b.Virtual()
		b.set(t, x, from)
		b.access(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, W), Dst: m.Base, Src: t}, from: from}, m)
		return
	}
	n := node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, W), Dst: m.Base}, from: from}
	b.storeConstant(n, m, x)
}

// MapRef names a map as an argument of a helper.
type MapRef struct{ symbol string }

// Map refers to the map that symbol names.
func Map(symbol string) MapRef { return MapRef{symbol} }

// FuncRef names a subprogram as an argument of a helper that calls back.
type FuncRef struct{ name string }

// Func refers to the subprogram of the given name.
func Func(name string) FuncRef { return FuncRef{name} }

// Call calls a helper with its arguments and returns the result in a new register. An argument is a Register, an
// integer, a MapRef, a FuncRef, or a stack object, a Mem in one or a Global, which stand for their address. Their number and,
// as far as it is known, their kind and the size of the memory they point to are held against what the helper takes.
func (b *Builder) Call(h Helper, args ...any) Register {
	from := b.here()
	if n := h.NumArgs(); n < 0 {
		b.fail(from, "call "+h.String(), fmt.Errorf("%w: the kernel has no such helper; CallHelper takes any number", ErrOperand))
	} else if n != len(args) {
		b.fail(from, "call "+h.Name(), fmt.Errorf("%w: %d arguments; it takes %s", ErrOperand, len(args), h.signature()))
	}
	b.helper(h, args, from)
	return b.result(from)
}

// helper appends a call of h with the moves of its arguments.
func (b *Builder) helper(h Helper, args []any, from origin) {
	b.arguments(args, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallHelper, Imm: int64(h)}, args: len(args), from: from})
}

// CallFunc calls a subprogram that Function made, here or in another program of the object, with up to five arguments, and
// returns its result in a new register. Linux 4.16.
func (b *Builder) CallFunc(name string, args ...any) Register {
	from := b.here()
	if len(args) > 5 {
		b.fail(from, "call "+name, fmt.Errorf("%w: %d arguments; a function takes up to 5, more go through memory", ErrOperand, len(args)))
		args = args[:5]
	}
	b.arguments(args, from)
	n := node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallSubprogram, Imm: -1}, kind: RefCall, symbol: name, args: len(args), from: from}
	b.symbol(n)
	return b.result(from)
}

// result copies r0 to a new register; the copy vanishes when nobody reads it.
func (b *Builder) result(from origin) Register {
	v := b.Virtual()
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: v, Src: R0}, copy: true, from: from})
	return v
}

// arguments appends the moves into r1 to r5.
func (b *Builder) arguments(args []any, from origin) {
	for i, a := range args {
		if i >= 5 {
			return // reported by the count
		}
		dst := R1 + Register(i)
		switch a := a.(type) {
		case MapRef:
			b.symbol(node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64MapFD}, kind: RefMap, symbol: a.symbol, from: from})
		case FuncRef:
			b.symbol(node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64Func, Imm: 1<<32 - 1}, kind: RefFunc, symbol: a.name, from: from})
		case *StackObject, *Global, Mem:
			b.address(dst, a, from)
		default:
			b.set(dst, a, from)
		}
	}
}

// Return ends the function with x as its result.
func (b *Builder) Return(x Operand) {
	from := b.here()
	b.set(R0, x, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpExit, K)}, from: from})
}

// Function begins a subprogram of up to five arguments and calls body with them, in registers that survive calls. It has a
// stack frame and registers of its own: what it needs of its caller it gets as an argument. Write it behind the end of the
// function before. Linux 4.16.
func (b *Builder) Function(name string, args int, body func(args []Register)) {
	from := b.here()
	if !b.function("function "+name, name, from) {
		return
	}
	if args < 0 || args > 5 {
		b.fail(from, "function "+name, fmt.Errorf("%w: %d arguments; it can have up to 5, more go through memory", ErrOperand, args))
		args = max(0, min(args, 5))
	}
	if b.arity == nil {
		b.arity = make(map[string]int)
	}
	b.arity[name] = args
	values := make([]Register, args)
	for i := range values {
		values[i] = b.Virtual()
		b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: values[i], Src: R1 + Register(i)}, copy: true, from: from})
	}
	if body == nil {
		b.within("function "+name, from, nil)
		return
	}
	b.within("function "+name, from, func() { body(values) })
}
