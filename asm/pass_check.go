package asm

import (
	"errors"
	"fmt"
	"slices"
)

// What check refuses. Each error says how to mend it.
var (
	ErrNoValue   = errors.New("no value yet")
	ErrClobbered = errors.New("lost in a call")
	ErrNull      = errors.New("null pointer")
	ErrPointer   = errors.New("pointer misused")
	ErrField     = errors.New("bad context access")
	ErrNoBound   = errors.New("loop without a bound")
)

// checker follows what is known of every register and every byte of the stack objects through a function.
type checker struct {
	a     *assembly
	f     *fn
	at    []value // by dense register number
	stack stackState
	quiet bool // while the states are still growing
}

// state is what is known where a block begins, of the registers that are live there.
type state struct {
	known bool
	regs  []entry
	stack stackState
}

type entry struct {
	reg   int // dense
	value value
}

// check reports uses of registers that cannot be right on some way through the function. It goes over the blocks until
// what is known where each begins does not change any more, and then once more to report.
func (f *fn) check(a *assembly) {
	n := dense(a.next)
	live := f.live(n)
	in := make([]state, len(f.blocks))
	c := &checker{a: a, f: f, quiet: true, at: make([]value, n), stack: f.stackObjects()}
	c.at[R10] = value{kind: stackAt}
	for i := range f.args {
		c.at[int(R1)+i] = value{kind: someValue}
	}
	if f.name == a.b.spec.Name && a.b.spec.Type != UnspecProgram {
		c.at[R1] = value{kind: contextAt}
	}
	in[0] = state{known: true, stack: c.stack.clone()}
	live.in[0].each(func(r int) { in[0].regs = append(in[0].regs, entry{r, c.at[r]}) })
	waiting := newBitset(len(f.blocks))
	waiting.add(0)
	for todo := []*block{f.blocks[0]}; len(todo) > 0; {
		b := todo[0]
		todo = todo[1:]
		waiting.remove(b.index)
		c.enter(&in[b.index])
		c.block(b)
		for _, s := range b.successors() {
			if c.flow(b, s, &in[s.index], live.in[s.index]) && !waiting.has(s.index) {
				waiting.add(s.index)
				todo = append(todo, s)
			}
		}
	}
	c.quiet = false
	for _, b := range f.blocks {
		c.enter(&in[b.index])
		c.block(b)
	}
	f.checkLoops(a, live)
}

// enter sets what is known where a block begins. What is not live there is written before it is read.
func (c *checker) enter(in *state) {
	for _, e := range in.regs {
		c.at[e.reg] = e.value
	}
	c.stack.copy(in.stack)
}

// flow joins what is known at the end of b with what is known at the beginning of s, and reports whether that changed.
func (c *checker) flow(b, s *block, in *state, live bitset) (changed bool) {
	if !in.known {
		in.known = true
		in.stack = c.stack.clone()
		live.each(func(r int) { in.regs = append(in.regs, entry{r, c.edge(b, s, r)}) })
		return true
	}
	changed = in.stack.join(c.stack)
	for k := range in.regs {
		was := &in.regs[k].value
		here := c.edge(b, s, in.regs[k].reg)
		now := join(*was, here)
		if now == *was {
			continue
		}
		// An address that is not followed any more may be used for anything.
		for _, lost := range []value{*was, here} {
			if lost.object != nil && now.object == nil {
				in.stack.lose(lost.object)
			}
		}
		*was, changed = now, true
	}
	return changed
}

// edge is what is known of a register at the beginning of s when control comes from b: a comparison with 0 tells
// whether a pointer, and with it all copies of it, is null.
func (c *checker) edge(b, s *block, reg int) value {
	v := c.at[reg]
	l := b.last()
	if v.null == notNull || l == nil || l.to == nil || l.to == b.next || kinds[l.ins.Op] != kindJumpK || l.ins.Imm != 0 || l.ins.Op.Class() != ClassJMP {
		return v
	}
	if tested := c.at[dense(l.ins.Dst)]; tested.null == notNull || tested.origin != v.origin {
		return v
	}
	switch op := l.ins.Op.JumpOp(); {
	case op != OpJEq && op != OpJNE: // what the kernel takes for a test
		return v
	case (op == OpJEq) == (s == l.to):
		v.null = isNull
	default:
		v.null = notNull
	}
	return v
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
	case c.quiet:
	case v.gone != nil && (r < R1 || r > R5):
		c.fail(i, fmt.Errorf("%w: %s at %v returns nothing; leave its result alone", ErrNoValue, v.gone.source(), v.gone.from.position()))
	case v.gone != nil:
		c.fail(i, fmt.Errorf("%w: %v does not survive the call of %s at %v; read a Copy that was made before", ErrClobbered, r, v.gone.source(), v.gone.from.position()))
	case r == R0 && kinds[i.ins.Op] == kindExit:
		c.fail(i, fmt.Errorf("%w: r0, the result of %s, is not set on every way that leads here; end with Return", ErrNoValue, c.f.name))
	default:
		c.fail(i, fmt.Errorf("%w: %s", ErrNoValue, c.unset(r)))
	}
	v.kind = someValue
	return *v
}

// unset says why a register may have no value.
func (c *checker) unset(r Register) string {
	writes := func(f *fn) *inst {
		for _, b := range f.blocks {
			for k := range b.insts {
				regs := b.insts[k].registers()
				if slices.Contains(regs.defs[:regs.ndefs], r) && !slices.Contains(regs.uses[:regs.nuses], r) {
					return &b.insts[k]
				}
			}
		}
		return nil
	}
	if w := writes(c.f); w != nil {
		return fmt.Sprintf("%v gets its value at %v, but not on every way that leads here; set it before the ways part", r, w.from.position())
	}
	for _, f := range c.a.fns {
		if w := writes(f); r.virtual() && w != nil {
			return fmt.Sprintf("%v belongs to function %s, where it gets its value at %v; hand it over as an argument", r, f.name, w.from.position())
		}
	}
	return fmt.Sprintf("nothing sets %v; begin with Mov, or make it with Copy or Load", r)
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
	if kinds[i.ins.Op] == kindCall {
		c.call(i)
		return
	}
	if i.copy && c.at[dense(i.ins.Src)].kind == noValue { // the result of a helper that has none, which nobody may want
		c.set(i.ins.Dst, c.at[dense(i.ins.Src)])
		return
	}
	for _, u := range r.uses[:r.nuses] {
		c.read(i, u)
	}
	result := value{kind: someValue}
	switch kinds[i.ins.Op] {
	case kindMovX:
		result = c.move(i)
	case kindALUK, kindALUX, kindDivK, kindDivX, kindNeg, kindEnd:
		result = c.arithmetic(i)
	case kindLdImm64:
		result = immediate(i)
	case kindLdx:
		result = c.load(i)
	case kindSt, kindStx:
		c.store(i)
	case kindAtomic:
		c.atomic(i)
	case kindJumpX, kindJumpK:
		c.compare(i)
	case kindExit:
		c.exit(i)
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

func immediate(i *inst) value {
	switch i.ins.Src {
	case Imm64Value:
		return constantValue(i.ins.Imm)
	case Imm64MapFD:
		return value{kind: mapAt, symbol: i.symbol}
	case Imm64MapIndex:
		return value{kind: mapAt}
	case Imm64MapValue, Imm64MapIndexValue:
		return value{kind: mapValue}
	case Imm64Func:
		return value{kind: funcAt}
	}
	return value{kind: someValue}
}

func (c *checker) move(i *inst) value {
	v := c.at[dense(i.ins.Src)]
	switch {
	case i.isMove():
		return v
	case i.ins.Off == offAddrSpaceCast:
		return value{kind: someValue}
	case v.isPointer():
		c.fail(i, fmt.Errorf("%w: a part of %v is no address; copy all of it with Mov", ErrPointer, v))
		c.lose(v)
	}
	return value{kind: number}
}

// arithmetic allows pointers what the verifier allows them: to be moved by a number, in 64 bits.
func (c *checker) arithmetic(i *inst) value {
	op, wide := i.ins.Op.ALUOp(), i.ins.Op.Class() == ClassALU64
	if op == OpMov {
		if !wide {
			return constantValue(int64(uint32(i.ins.Imm)))
		}
		return constantValue(i.ins.Imm)
	}
	left := c.at[dense(i.ins.Dst)]
	right := value{kind: number}
	switch {
	case kinds[i.ins.Op] == kindEnd:
	case i.ins.Op.Source() == X:
		right = c.at[dense(i.ins.Src)]
	default:
		right = constantValue(i.ins.Imm)
	}
	if !left.isPointer() && !right.isPointer() {
		if left.kind == number && right.kind == number {
			return value{kind: number}
		}
		return value{kind: someValue}
	}
	return c.movePointer(i, op, wide, left, right)
}

func (c *checker) movePointer(i *inst, op ALUOp, wide bool, left, right value) value {
	p, by := left, right
	if !p.isPointer() {
		p, by = right, left
	}
	switch {
	case op == OpSub && left.isPointer() && right.isPointer():
		c.lose(right)
	case op == OpEnd || op == OpNeg || !wide && op != OpSub:
		c.fail(i, fmt.Errorf("%w: %v has 64 bits and can only be moved; use Add or Sub", ErrPointer, p))
	case op != OpAdd && !(op == OpSub && left.isPointer()), left.isPointer() && right.isPointer():
		c.fail(i, fmt.Errorf("%w: %v can only be moved; use Add or Sub with a number", ErrPointer, p))
	case !wide:
		c.fail(i, fmt.Errorf("%w: %v has 64 bits and can only be moved; use Add or Sub", ErrPointer, p))
	case op == OpSub && p.kind == stackAt:
		c.fail(i, fmt.Errorf("%w: the verifier lets nothing be subtracted from %v; Add a negative number", ErrPointer, p))
	case p.null != notNull:
		c.fail(i, fmt.Errorf("%w: %v; move it only where it is not 0", ErrNull, p.nullReason()))
	case p.fixed():
		c.fail(i, fmt.Errorf("%w: %v cannot be moved; the offset goes into the load or store", ErrPointer, p))
	default:
		if i.object != nil { // the address of a stack object begins as r10 with its place added
			return value{kind: stackAt, object: i.object, known: true, n: i.ins.Imm}
		}
		if by.known && p.known {
			p.n += by.n
			if op == OpSub {
				p.n -= 2 * by.n
			}
			return p
		}
		c.lose(p)
		return value{kind: p.kind, pointer: p.pointer}
	}
	c.lose(p)
	return value{kind: someValue}
}

// compare allows pointers to be compared with 0 and with each other, in all their bits.
func (c *checker) compare(i *inst) {
	left, right := c.at[dense(i.ins.Dst)], constantValue(i.ins.Imm)
	if i.ins.Op.Source() == X {
		right = c.at[dense(i.ins.Src)]
	}
	if !left.isPointer() {
		return
	}
	switch {
	case i.ins.Op.Class() == ClassJMP32:
		c.fail(i, fmt.Errorf("%w: %v has 64 bits; compare all of them, without 32 in the name", ErrPointer, left))
		c.tested(left)
	case i.ins.Op.JumpOp() == OpJSet:
		c.fail(i, fmt.Errorf("%w: the bits of %v mean nothing; compare it with 0 or with another pointer", ErrPointer, left))
	case left.kind == mapAt:
		c.fail(i, fmt.Errorf("%w: %v is never 0; compare the result of the lookup", ErrPointer, left))
	case right.kind == number && right.known && right.n != 0:
		c.fail(i, fmt.Errorf("%w: %v is compared with %d; compare it with 0 or with another pointer", ErrPointer, left, right.n))
	}
}

// exit holds the result of the program against what the kernel takes: a number.
func (c *checker) exit(i *inst) {
	if v := c.at[R0]; v.isPointer() && c.f == c.a.fns[0] {
		c.fail(i, fmt.Errorf("%w: the result of a program is a number and not %v; Load what is there", ErrPointer, v))
	}
}
