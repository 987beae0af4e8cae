package asm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// An interpreter for what a Builder was told before any pass has seen it: as many registers as there are names, a place
// of its own for every stack object in every frame, jumps to nodes. It is what the passes must preserve. The programs
// that they make run in it too, with the machine's ten registers and 512 bytes of stack. Reading a register or a byte
// of the stack that was never written is an error in both.

// interpreted is a program for the interpreter.
type interpreted struct {
	steps     []interpretedStep
	registers int // dense numbers
	context   Register
	kind      ProgramType
}

type interpretedStep struct {
	ins    Instruction
	to     int // the step that a jump or call leads to, -1 for none
	symbol string
	object *StackObject
	where  func() Position
}

// interpretBuilder is the program as the author wrote it.
func interpretBuilder(b *Builder) interpreted {
	p := interpreted{registers: dense(b.next), context: b.context, kind: b.spec.Type}
	for _, n := range b.nodes {
		s := interpretedStep{ins: n.ins, to: -1, symbol: n.symbol, object: n.object, where: n.from.position}
		switch {
		case n.target != "":
			s.to = b.labels[n.target].index
		case n.kind == RefCall || n.kind == RefFunc:
			s.to = b.labels[n.symbol].index
		}
		p.steps = append(p.steps, s)
	}
	return p
}

// interpretProgram is the program as the kernel gets it.
func interpretProgram(p *Program) interpreted {
	q := interpreted{registers: int(R10) + 1, kind: p.Type()}
	for i, ins := range p.All() {
		s := interpretedStep{ins: ins, to: -1, where: func() Position { return p.Position(i) }}
		if d, ok := ins.distance(); ok {
			s.to, _ = p.Index(int(int64(p.Slot(i)) + 1 + d))
		}
		q.steps = append(q.steps, s)
	}
	for _, r := range p.References() {
		q.steps[r.Index].symbol = r.Symbol
	}
	return q
}

var (
	errInterpreted = errors.New("interpreter") // the program did what the verifier would not allow
	errSteps       = errors.New("too many steps")
	errPacketEnds  = errors.New("packet load behind the end")
)

// interpreter runs one program once.
type interpreter struct {
	interpreted
	*world
	steps int // that may still be taken
}

// activation is the frame of a function that runs.
type activation struct {
	regs    []uint64
	known   []bool
	objects map[*StackObject]uint64 // addresses
}

// interpret runs p and returns r0. What it changes is changed in w.
func interpret(p interpreted, w *world, steps int) (uint64, error) {
	in := &interpreter{interpreted: p, world: w, steps: steps}
	w.memory = w.memory[:w.fixed]
	a := in.activate()
	a.set(R1, w.contextAddress)
	if p.context != 0 {
		a.set(p.context, w.contextAddress)
	}
	r0, err := in.function(0, a)
	if errors.Is(err, errPacketEnds) {
		return 0, nil // the kernel ends the program with 0
	}
	return r0, err
}

func (in *interpreter) activate() *activation {
	a := &activation{regs: make([]uint64, in.registers), known: make([]bool, in.registers), objects: make(map[*StackObject]uint64)}
	a.set(FP, in.allocate("frame", make([]byte, StackSize), make([]bool, StackSize))+StackSize)
	return a
}

func (a *activation) set(r Register, v uint64) { a.regs[dense(r)], a.known[dense(r)] = v, true }

func (a *activation) clobber() {
	for r := R1; r <= R5; r++ {
		a.known[r] = false
	}
}

func (a *activation) get(r Register) (uint64, error) {
	if !a.known[dense(r)] {
		return 0, fmt.Errorf("%w: %v has no value", errInterpreted, r)
	}
	return a.regs[dense(r)], nil
}

// call runs the function at step pc in a frame of its own.
func (in *interpreter) call(pc int, args ...uint64) (uint64, error) {
	mark := len(in.memory)
	a := in.activate()
	for i, v := range args {
		a.set(R1+Register(i), v)
	}
	r0, err := in.function(pc, a)
	in.memory = in.memory[:mark]
	return r0, err
}

func (in *interpreter) function(pc int, a *activation) (uint64, error) {
	for {
		if in.steps--; in.steps < 0 {
			return 0, errSteps
		}
		if pc < 0 || pc >= len(in.interpreted.steps) {
			return 0, fmt.Errorf("%w: no instruction %d", errInterpreted, pc)
		}
		s := &in.interpreted.steps[pc]
		if kinds[s.ins.Op] == kindExit {
			return a.get(R0)
		}
		jump, err := in.step(s, a)
		if err != nil {
			if _, ok := err.(*interpreterError); ok || errors.Is(err, errSteps) || errors.Is(err, errPacketEnds) {
				return 0, err
			}
			return 0, &interpreterError{fmt.Errorf("%v: step %d: %v: %w", s.where(), pc, s.ins, err)}
		}
		pc++
		if jump {
			pc = s.to
		}
	}
}

// interpreterError says where the program did what it must not.
type interpreterError struct{ err error }

func (e *interpreterError) Error() string { return e.err.Error() }
func (e *interpreterError) Unwrap() error { return e.err }

func (in *interpreter) step(s *interpretedStep, a *activation) (jump bool, err error) {
	ins := s.ins
	i := inst{node: node{ins: ins}}
	if kinds[ins.Op] != kindCall {
		r := i.registers()
		for _, u := range r.uses[:r.nuses] {
			if _, err := a.get(u); err != nil {
				return false, err
			}
		}
	}
	dst, src := a.regs[min(dense(ins.Dst), len(a.regs)-1)], uint64(0)
	switch kinds[ins.Op] {
	case kindALUX, kindDivX, kindMovX, kindJumpX, kindLdx, kindStx, kindLdInd, kindAtomic:
		src = a.regs[dense(ins.Src)]
	default:
		src = uint64(ins.Imm)
	}
	switch kinds[ins.Op] {
	case kindALUK, kindALUX, kindDivK, kindDivX, kindMovX, kindNeg, kindEnd:
		if s.object != nil { // the address of a stack object
			a.set(ins.Dst, in.objectAddress(s.object, a)+uint64(ins.Imm))
			return false, nil
		}
		v, err := interpretALU(ins, dst, src)
		a.set(ins.Dst, v)
		return false, err
	case kindJumpK, kindJumpX:
		return interpretCondition(ins, dst, src), nil
	case kindJA, kindJAL:
		return ins.Op.JumpOp() == OpJA, nil // may_goto falls through
	case kindLdImm64:
		v, err := in.immediate(s)
		a.set(ins.Dst, v)
		return false, err
	case kindCall:
		return false, in.callStep(s, a)
	case kindLdAbs, kindLdInd:
		off := int64(ins.Imm)
		if kinds[ins.Op] == kindLdInd {
			off += int64(int32(src))
		}
		n := ins.Op.Size().Bytes()
		if off < 0 || off+int64(n) > int64(len(in.packet)) {
			return false, errPacketEnds
		}
		var v uint64
		for _, c := range in.packet[off : off+int64(n)] {
			v = v<<8 | uint64(c)
		}
		a.clobber()
		a.set(R0, v)
		return false, nil
	}
	return false, in.memoryStep(s, a, dst, src)
}

// memoryStep runs loads, stores and atomic operations.
func (in *interpreter) memoryStep(s *interpretedStep, a *activation, dst, src uint64) error {
	ins, n := s.ins, s.ins.Op.Size().Bytes()
	base := dst
	acquire := kinds[ins.Op] == kindAtomic && AtomicOp(ins.Imm) == AtomicLoadAcquire
	if kinds[ins.Op] == kindLdx || acquire {
		base = src
	}
	at := base + uint64(int64(ins.Off))
	if s.object != nil {
		at = in.objectAddress(s.object, a) + uint64(int64(ins.Off))
	}
	switch {
	case kinds[ins.Op] == kindLdx || acquire:
		v, err := in.load(at, n)
		if ins.Op.Mode() == ModeMemSX {
			v = uint64(int64(v<<(64-8*n)) >> (64 - 8*n))
		}
		a.set(ins.Dst, v)
		return err
	case kinds[ins.Op] == kindSt || kinds[ins.Op] == kindStx || AtomicOp(ins.Imm) == AtomicStoreRelease:
		return in.store(at, n, src)
	}
	if at%uint64(n) != 0 {
		return fmt.Errorf("%w: atomic operation at %#x", errInterpreted, at)
	}
	old, err := in.load(at, n)
	if err != nil {
		return err
	}
	v := old
	switch op := AtomicOp(ins.Imm); op &^ AtomicFetch {
	case AtomicAdd:
		v += src
	case AtomicOr:
		v |= src
	case AtomicAnd:
		v &= src
	case AtomicXor:
		v ^= src
	case AtomicXchg &^ AtomicFetch:
		v = src
	case AtomicCmpXchg &^ AtomicFetch:
		expected := a.regs[R0]
		if n == 4 {
			expected = uint64(uint32(expected))
		}
		if expected == old {
			v = src
		}
		a.set(R0, old)
		return in.store(at, n, v)
	}
	if AtomicOp(ins.Imm)&AtomicFetch != 0 {
		a.set(ins.Src, old)
	}
	return in.store(at, n, v)
}

func interpretALU(ins Instruction, dst, src uint64) (uint64, error) {
	wide := ins.Op.Class() == ClassALU64
	if kinds[ins.Op] == kindEnd {
		return interpretEnd(ins, dst), nil
	}
	if kinds[ins.Op] == kindMovX && ins.Off != 0 {
		if ins.Off == offAddrSpaceCast {
			return 0, fmt.Errorf("%w: address space cast", errInterpreted)
		}
		src = uint64(int64(src<<(64-ins.Off)) >> (64 - ins.Off))
	}
	mask, width := ^uint64(0), uint64(64)
	sign := func(v uint64) int64 { return int64(v) }
	if !wide {
		mask, width = 1<<32-1, 32
		sign = func(v uint64) int64 { return int64(int32(v)) }
	}
	x, y := dst&mask, src&mask
	signed := ins.Off == 1
	var v uint64
	switch ins.Op.ALUOp() {
	case OpMov:
		v = y
	case OpAdd:
		v = x + y
	case OpSub:
		v = x - y
	case OpMul:
		v = x * y
	case OpOr:
		v = x | y
	case OpAnd:
		v = x & y
	case OpXor:
		v = x ^ y
	case OpNeg:
		v = -x
	case OpLsh:
		v = x << (y % width)
	case OpRsh:
		v = x >> (y % width)
	case OpArsh:
		v = uint64(sign(x) >> (y % width))
	case OpDiv:
		switch {
		case y == 0:
		case signed && sign(y) == -1:
			v = -x
		case signed:
			v = uint64(sign(x) / sign(y))
		default:
			v = x / y
		}
	case OpMod:
		switch {
		case y == 0:
			v = x
		case signed && sign(y) == -1:
		case signed:
			v = uint64(sign(x) % sign(y))
		default:
			v = x % y
		}
	default:
		return 0, fmt.Errorf("%w: operation %v", errInterpreted, ins)
	}
	return v & mask, nil
}

func interpretEnd(ins Instruction, v uint64) uint64 {
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	swap := ins.Op.Class() == ClassALU64 || little == (ins.Op.Source() == X)
	if swap {
		v = bits.ReverseBytes64(v) >> (64 - ins.Imm)
	}
	return v & (^uint64(0) >> (64 - ins.Imm))
}

func interpretCondition(ins Instruction, x, y uint64) bool {
	sx, sy := int64(x), int64(y)
	if ins.Op.Class() == ClassJMP32 {
		x, y = uint64(uint32(x)), uint64(uint32(y))
		sx, sy = int64(int32(x)), int64(int32(y))
	}
	switch ins.Op.JumpOp() {
	case OpJEq:
		return x == y
	case OpJNE:
		return x != y
	case OpJGT:
		return x > y
	case OpJGE:
		return x >= y
	case OpJLT:
		return x < y
	case OpJLE:
		return x <= y
	case OpJSGT:
		return sx > sy
	case OpJSGE:
		return sx >= sy
	case OpJSLT:
		return sx < sy
	case OpJSLE:
		return sx <= sy
	}
	return x&y != 0
}
