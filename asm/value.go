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
	b.place(&n, m)
	if m.Size.Bytes() > 0 {
		b.operand(&n, x, 8*m.Size.Bytes())
	}
	b.add(n)
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
// where it shows, their kind are held against the helper's.
func (b *Builder) Call(h Helper, args ...any) Register {
	from := b.here()
	if n := h.NumArgs(); n < 0 {
		b.fail(from, fmt.Sprintf("call %d", h), fmt.Errorf("%w: no such helper; CallHelper takes any number", ErrOperand))
	} else if n != len(args) {
		b.fail(from, "call "+h.Name(), fmt.Errorf("%w: %d arguments, the helper takes %d", ErrOperand, len(args), n))
	}
	for i, a := range args {
		if err := h.checkArg(i, a); err != nil {
			b.fail(from, fmt.Sprintf("call %s: argument %d", h.Name(), i+1), err)
		}
	}
	b.arguments(args, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpCall, K), Src: CallHelper, Imm: int64(h)}, args: len(args), from: from})
	return b.result(from)
}

// CallFunc calls a subprogram that Function made, with up to five arguments, and returns its result in a new register.
func (b *Builder) CallFunc(name string, args ...any) Register {
	from := b.here()
	if len(args) > 5 {
		b.fail(from, "call "+name, fmt.Errorf("%w: %d arguments, a function takes 5", ErrOperand, len(args)))
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

// checkArg reports an argument that cannot be of the kind that the helper wants.
func (h Helper) checkArg(i int, a any) error {
	if h.NumArgs() <= i {
		return nil
	}
	_, isMap := a.(MapRef)
	_, isFunc := a.(FuncRef)
	_, _, isConst := constant(a)
	kind := h.Args()[i]
	switch {
	case kind.Kind() == ArgMap && !isMap && (isConst || isFunc):
		return fmt.Errorf("%w: %T, want a map", ErrOperand, a)
	case kind.Kind() != ArgMap && isMap:
		return fmt.Errorf("%w: a map, want %v", ErrOperand, kind)
	case kind.Kind() != ArgFunc && isFunc:
		return fmt.Errorf("%w: a function, want %v", ErrOperand, kind)
	case kind.Kind() == ArgContext && isConst:
		return fmt.Errorf("%w: %v, want the context", ErrOperand, a)
	}
	return nil
}

// Return ends the function with x as its result.
func (b *Builder) Return(x Operand) {
	from := b.here()
	b.set(R0, x, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpExit, K)}, from: from})
}

// Function begins a subprogram of up to five arguments and calls body with them, in registers that survive calls.
func (b *Builder) Function(name string, args int, body func(args []Register)) {
	from := b.here()
	if len(b.nodes) == 0 {
		b.fail(from, "function "+name, fmt.Errorf("the main function %s has no instructions yet", b.spec.Name))
	}
	if args < 0 || args > 5 {
		b.fail(from, "function "+name, fmt.Errorf("%w: %d arguments, a function takes 5", ErrOperand, args))
		args = 0
	}
	b.define(name, true, from)
	if b.arity == nil {
		b.arity = make(map[string]int)
	}
	b.arity[name] = args
	values := make([]Register, args)
	for i := range values {
		values[i] = b.Virtual()
		b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: values[i], Src: R1 + Register(i)}, copy: true, from: from})
	}
	body(values)
}
