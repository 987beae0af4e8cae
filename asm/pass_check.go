package asm

import (
	"errors"
	"fmt"
)

// What check refuses. Each error says how to mend it.
var (
	ErrNoValue   = errors.New("used before it has a value")
	ErrClobbered = errors.New("does not survive the call")
	ErrNull      = errors.New("used before it was compared with 0")
	ErrPointer   = errors.New("pointer misused")
	ErrField     = errors.New("bad context access")
	ErrNoBound   = errors.New("loop without a bound")
)

// valueKind is what is known of a register's value.
type valueKind uint8

const (
	noValue     valueKind = iota
	someValue             // a value, nothing is known of it
	number                // not a pointer
	contextAt             // the program's context
	stackAt               // an address in the frame
	mapAt                 // a map, for helpers
	mapValue              // an address in a map's value
	funcAt                // a subprogram
	fieldTarget           // what a context field points to, see value.pointer
)

var valueNames = [...]string{
	noValue: "nothing", someValue: "a value", number: "a number", contextAt: "the context", stackAt: "a stack address",
	mapAt: "a map", mapValue: "a map value's address", funcAt: "a function", fieldTarget: "a pointer",
}

// value is what a register holds at one point of the program.
type value struct {
	kind    valueKind
	null    bool        // a pointer that may be 0
	pointer PointerKind // of fieldTarget
	origin  *inst       // of a pointer that may be 0: the copies of one pointer are tested together
	gone    *inst       // of noValue: the call that took it
}

func (v value) String() string {
	if v.kind == fieldTarget {
		return "a pointer to " + v.pointer.String()
	}
	return valueNames[v.kind]
}

func (v value) isPointer() bool {
	return v.kind == contextAt || v.kind == stackAt || v.kind == mapAt || v.kind == mapValue || v.kind == fieldTarget
}

// join is what is known where two ways meet.
func join(a, b value) value {
	switch {
	case a == b:
		return a
	case a.kind == noValue || b.kind == noValue:
		if a.kind != noValue {
			a = b
		}
		return value{gone: a.gone}
	case a.kind == b.kind && a.pointer == b.pointer && a.origin == b.origin:
		a.null = a.null || b.null
		return a
	case a.kind == b.kind && a.pointer == b.pointer && !a.null && !b.null:
		a.origin = nil
		return a
	}
	return value{kind: someValue}
}

// checker follows what is known of every register through a function.
type checker struct {
	a     *assembly
	f     *fn
	at    []value // by dense register number
	quiet bool    // while the states are still growing
}

// entry is what is known of one register where a block begins.
type entry struct {
	reg   int // dense
	value value
}

// check reports uses of registers that cannot be right on some way through the function. It goes over the blocks until
// what is known where each begins does not change any more, and then once more to report. Only the registers that are
// live where a block begins are kept for it.
func (f *fn) check(a *assembly) {
	n := dense(a.next)
	live := f.live(n)
	in := make([][]entry, len(f.blocks))
	c := &checker{a: a, f: f, quiet: true, at: make([]value, n)}
	c.at[R10] = value{kind: stackAt}
	for i := range f.args {
		c.at[int(R1)+i] = value{kind: someValue}
	}
	if f.name == a.b.spec.Name {
		c.at[R1] = value{kind: contextAt}
	}
	live.in[0].each(func(r int) { in[0] = append(in[0], entry{r, c.at[r]}) })
	waiting := newBitset(len(f.blocks))
	waiting.add(0)
	for todo := []*block{f.blocks[0]}; len(todo) > 0; {
		b := todo[0]
		todo = todo[1:]
		waiting.remove(b.index)
		c.enter(in[b.index])
		c.block(b)
		for _, s := range b.successors() {
			changed := in[s.index] == nil
			k := 0
			live.in[s.index].each(func(r int) {
				v := c.edge(b, s, r)
				if len(in[s.index]) == k {
					in[s.index] = append(in[s.index], entry{r, v})
				} else if was := &in[s.index][k].value; join(*was, v) != *was {
					*was = join(*was, v)
					changed = true
				}
				k++
			})
			if in[s.index] == nil {
				in[s.index] = []entry{}
			}
			if changed && !waiting.has(s.index) {
				waiting.add(s.index)
				todo = append(todo, s)
			}
		}
	}
	c.quiet = false
	for _, b := range f.blocks {
		c.enter(in[b.index])
		c.block(b)
	}
	f.checkLoops(a)
}

// enter sets what is known where a block begins. What is not live there is written before it is read.
func (c *checker) enter(in []entry) {
	for _, e := range in {
		c.at[e.reg] = e.value
	}
}

// edge is what is known of a register at the beginning of s when control comes from b: a comparison with 0 tells
// whether a pointer, and with it all copies of it, is null.
func (c *checker) edge(b, s *block, reg int) value {
	v := c.at[reg]
	l := b.last()
	if !v.null || l == nil || l.to == nil || l.to == b.next || kinds[l.ins.Op] != kindJumpK || l.ins.Imm != 0 || l.ins.Op.Class() != ClassJMP {
		return v
	}
	if tested := c.at[dense(l.ins.Dst)]; !tested.null || tested.origin != v.origin {
		return v
	}
	var notNull bool
	switch l.ins.Op.JumpOp() {
	case OpJEq:
		notNull = s != l.to
	case OpJNE, OpJGT:
		notNull = s == l.to
	default:
		return v
	}
	if notNull {
		v.null = false
		return v
	}
	return value{kind: number}
}

func (c *checker) fail(i *inst, err error) {
	if !c.quiet {
		c.a.fail(i.from, -1, i.text(), err)
	}
}

// read reports a register that has no value at i, once: then it counts as having one.
func (c *checker) read(i *inst, r Register) value {
	v := &c.at[dense(r)]
	if v.kind != noValue {
		return *v
	}
	switch {
	case v.gone != nil:
		c.fail(i, fmt.Errorf("%v %w at %v: calls keep r6 to r9 and virtual registers only", r, ErrClobbered, v.gone.from.position()))
	case !r.virtual() && r == R0 && kinds[i.ins.Op] == kindExit:
		c.fail(i, fmt.Errorf("r0, the function's result, is %w: end with Return, or set r0 on every way here", ErrNoValue))
	default:
		c.fail(i, fmt.Errorf("%v is %w: give it one on every way that leads here", r, ErrNoValue))
	}
	v.kind = someValue
	return *v
}

func (c *checker) set(r Register, v value) {
	if r != R10 {
		c.at[dense(r)] = v
	}
}

func (c *checker) block(b *block) {
	for k := range b.insts {
		c.step(&b.insts[k])
	}
}

// step checks one instruction and applies it.
func (c *checker) step(i *inst) {
	r := i.registers()
	switch kinds[i.ins.Op] {
	case kindCall:
		c.call(i)
		return
	}
	for _, u := range r.uses[:r.nuses] {
		c.read(i, u)
	}
	result := value{kind: someValue}
	switch kinds[i.ins.Op] {
	case kindMovX:
		if i.isMove() {
			result = c.at[dense(i.ins.Src)]
		} else if i.ins.Off != offAddrSpaceCast {
			result = value{kind: number}
		}
	case kindALUK, kindALUX, kindDivK, kindDivX, kindNeg, kindEnd:
		result = c.arithmetic(i)
	case kindLdImm64:
		switch i.ins.Src {
		case Imm64Value:
			result = value{kind: number}
		case Imm64MapFD, Imm64MapIndex:
			result = value{kind: mapAt}
		case Imm64MapValue, Imm64MapIndexValue:
			result = value{kind: mapValue}
		case Imm64Func:
			result = value{kind: funcAt}
		}
	case kindLdx:
		result = c.load(i)
	case kindSt, kindStx:
		c.storeTo(i)
	case kindAtomic:
		base := i.ins.Dst
		if AtomicOp(i.ins.Imm) == AtomicLoadAcquire {
			base = i.ins.Src
		}
		c.dereference(i, base)
	case kindJumpX, kindJumpK:
		c.compare(i)
	}
	for _, d := range r.defs[:r.ndefs] {
		c.set(d, result)
	}
	if r.clobbers {
		c.clobber(i)
	}
}

func (c *checker) clobber(i *inst) {
	for r := R1; r <= R5; r++ {
		c.at[r] = value{gone: i}
	}
}

// arithmetic allows pointers what the verifier allows them: to be moved by a number, in 64 bits.
func (c *checker) arithmetic(i *inst) value {
	op, wide := i.ins.Op.ALUOp(), i.ins.Op.Class() == ClassALU64
	left := c.at[dense(i.ins.Dst)]
	right := value{kind: number}
	if i.ins.Op.Source() == X && kinds[i.ins.Op] != kindEnd {
		right = c.at[dense(i.ins.Src)]
	}
	if op == OpMov {
		return value{kind: number}
	}
	if !left.isPointer() && !right.isPointer() {
		if left.kind == number && right.kind == number {
			return value{kind: number}
		}
		return value{kind: someValue}
	}
	p := left
	if !p.isPointer() {
		p = right
	}
	switch {
	case !wide:
		c.fail(i, fmt.Errorf("%w: 32-bit arithmetic on %v; use the 64-bit form", ErrPointer, p))
	case p.null:
		c.fail(i, fmt.Errorf("%v is %w: test it with If before moving it", p, ErrNull))
	case p.kind == mapAt || p.kind == funcAt:
		c.fail(i, fmt.Errorf("%w: arithmetic on %v", ErrPointer, p))
	case op == OpSub && left.isPointer() && right.isPointer():
		return value{kind: number}
	case op == OpAdd && !(left.isPointer() && right.isPointer()), op == OpSub && left.isPointer():
		p.origin = nil
		return p
	default:
		c.fail(i, fmt.Errorf("%w: %v can only be moved, by adding or subtracting a number", ErrPointer, p))
	}
	return value{kind: someValue}
}

// compare allows pointers to be compared with 0 and packet pointers with each other.
func (c *checker) compare(i *inst) {
	left := c.at[dense(i.ins.Dst)]
	if left.kind == mapAt {
		c.fail(i, fmt.Errorf("%w: %v is never 0; compare the result of the lookup", ErrPointer, left))
	}
}

// dereference reports an address that is none.
func (c *checker) dereference(i *inst, base Register) value {
	v := c.at[dense(base)]
	switch {
	case v.null:
		c.fail(i, fmt.Errorf("%v is %w: the lookup may have found nothing; test it with If before using it", base, ErrNull))
		// Reported once for this pointer.
		for r := range c.at {
			if c.at[r].origin == v.origin {
				c.at[r].null = false
			}
		}
	case v.kind == number:
		c.fail(i, fmt.Errorf("%w: %v holds a number, not an address", ErrPointer, base))
	case v.kind == mapAt:
		c.fail(i, fmt.Errorf("%w: %v holds a map; its values are read through bpf_map_lookup_elem", ErrPointer, base))
	case v.kind == fieldTarget && v.pointer.Kind() == PointerPacketEnd:
		c.fail(i, fmt.Errorf("%w: %v is the packet's end, good for comparison only", ErrPointer, base))
	}
	return v
}

func (c *checker) load(i *inst) value {
	v := c.dereference(i, i.ins.Src)
	size := i.ins.Op.Size().Bytes()
	of := c.a.b.spec.Type.Context()
	switch {
	case v.kind == contextAt && of != 0:
		f, element, ok := FieldAt(of, int(i.ins.Off))
		switch {
		case !ok:
			c.fail(i, fmt.Errorf("%w: %v has no field at %d", ErrField, of, i.ins.Off))
		case !f.ReadableBy(c.a.b.spec.Type):
			c.fail(i, fmt.Errorf("%w: %v cannot be read in a %v program", ErrField, f, c.a.b.spec.Type))
		case !f.CanLoad(int(i.ins.Off)-f.Offset(), size):
			c.fail(i, fmt.Errorf("%w: %v has %d bytes and is not read with a load of %d at %d",
				ErrField, f, f.Size(), size, int(i.ins.Off)-f.Offset()-element*f.Size()))
		case f.Pointer() != PointerNone:
			return value{kind: fieldTarget, pointer: f.Pointer().Kind(), null: f.Pointer().OrNull(), origin: i}
		}
		return value{kind: number}
	case v.kind == stackAt && size == 8, v.kind == contextAt:
		return value{kind: someValue} // it may be a pointer that was put there
	case size < 8:
		return value{kind: number}
	}
	return value{kind: someValue}
}

func (c *checker) storeTo(i *inst) {
	v := c.dereference(i, i.ins.Dst)
	of := c.a.b.spec.Type.Context()
	if v.kind != contextAt || of == 0 {
		return
	}
	f, _, ok := FieldAt(of, int(i.ins.Off))
	switch {
	case !ok:
		c.fail(i, fmt.Errorf("%w: %v has no field at %d", ErrField, of, i.ins.Off))
	case !f.WritableBy(c.a.b.spec.Type):
		c.fail(i, fmt.Errorf("%w: %v cannot be written in a %v program", ErrField, f, c.a.b.spec.Type))
	case !f.CanStore(int(i.ins.Off)-f.Offset(), i.ins.Op.Size().Bytes()):
		c.fail(i, fmt.Errorf("%w: %v has %d bytes and is not written with a store of %d", ErrField, f, f.Size(), i.ins.Op.Size().Bytes()))
	}
}

// call holds the arguments against what the helper takes.
func (c *checker) call(i *inst) {
	h := Helper(i.ins.Imm)
	helper := i.ins.Src == CallHelper && h.Valid()
	for n := range i.args {
		r := R1 + Register(n)
		v := c.read(i, r)
		if !helper {
			continue
		}
		kind := h.Args()[n]
		switch k := kind.Kind(); {
		case v.null && !kind.Has(ArgOrNull) && k != ArgAnything:
			c.fail(i, fmt.Errorf("argument %d is %w: test it with If first", n+1, ErrNull))
		case v.kind == someValue:
		case k == ArgMap && v.kind != mapAt && v.kind != mapValue: // a map of maps gives maps
			c.fail(i, fmt.Errorf("%w: argument %d is %v, %v wants a map: asm.Map names one", ErrOperand, n+1, v, h))
		case k != ArgMap && k != ArgAnything && v.kind == mapAt:
			c.fail(i, fmt.Errorf("%w: argument %d is a map, %v wants %v", ErrOperand, n+1, h, kind))
		case k == ArgContext && v.kind != contextAt:
			c.fail(i, fmt.Errorf("%w: argument %d is %v, %v wants the context as the program got it: Builder.Context", ErrOperand, n+1, v, h))
		case memory(k) && v.kind == number && !kind.Has(ArgOrNull):
			c.fail(i, fmt.Errorf("%w: argument %d is a number, %v wants a %v", ErrOperand, n+1, h, kind))
		case (k == ArgSize || k == ArgSizeOrZero) && v.isPointer():
			c.fail(i, fmt.Errorf("%w: argument %d is %v, %v wants a number of bytes", ErrOperand, n+1, v, h))
		}
	}
	result := value{kind: someValue}
	if helper {
		ret := h.Returns()
		switch {
		case ret.Kind() == ReturnMapValue:
			result = value{kind: mapValue, null: ret.OrNull(), origin: i}
		case ret.Kind() == ReturnInteger:
			result = value{kind: number}
		}
	}
	c.set(R0, result)
	c.clobber(i)
}

func memory(k ArgKind) bool {
	return k == ArgMapKey || k == ArgMapValue || k >= ArgMem && k <= ArgMem40
}

// checkLoops reports loops that nothing leaves: the verifier refuses a program that may not end.
func (f *fn) checkLoops(a *assembly) {
	// A block from which no exit can be reached is part of, or leads into nothing but, such a loop.
	f.number()
	preds := f.predecessors()
	ends := make([]bool, len(f.blocks))
	var todo []*block
	for i, b := range f.blocks {
		if len(b.successors()) == 0 {
			ends[i] = true
			todo = append(todo, b)
		}
	}
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, p := range preds[b.index] {
			if !ends[p.index] {
				ends[p.index] = true
				todo = append(todo, p)
			}
		}
	}
	for i, b := range f.blocks {
		if !ends[i] && len(b.insts) > 0 {
			a.fail(b.insts[0].from, -1, "", fmt.Errorf("%w: nothing leads out of it; compare a counter with a constant, or use Forever, which the kernel bounds", ErrNoBound))
			return
		}
	}
}
