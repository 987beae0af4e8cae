package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// slow runs the instruction in, one that exec does not do, or not with these operands. It reports whether the program
// has come to its end.
func (m *Machine) slow(in *insn) (done bool, err error) {
	switch in.op {
	case opExit:
		return m.exit()
	case opHelper:
		r0, err := m.prog.helpers[in.imm](&m.call)
		if err != nil {
			return false, err
		}
		m.reg[0] = r0
		m.clobber()
	case opCall:
		return false, m.enterFunction(int(in.off), frame{kind: frameCall})
	case opTailCall:
		return false, m.tailCall()
	case opLoop:
		return false, m.loop()
	case opForEach:
		return false, m.forEach()
	case opAtomic:
		return false, m.atomic(in)
	case opLdAbs, opLdInd:
		return m.legacyLoad(in)
	case opTrace:
		m.trace()
	case opFellOff:
		return false, ErrNoExit
	case opKfunc:
		return false, fmt.Errorf("%w: functions of the kernel are not simulated", ErrHelper)
	case opLd8, opLd16, opLd32, opLd64:
		v, err := m.load(m.reg[in.src&15]+in.imm, int(in.size))
		if err != nil {
			return false, err
		}
		m.reg[in.dst&15] = v
	case opLdSX8, opLdSX16, opLdSX32:
		v, err := m.load(m.reg[in.src&15]+in.imm, int(in.size))
		if err != nil {
			return false, err
		}
		shift := 64 - 8*uint(in.size)
		m.reg[in.dst&15] = uint64(int64(v<<shift) >> shift)
	case opSt8, opSt16, opSt32, opSt64:
		return false, m.store(m.reg[in.dst&15]+uint64(int64(in.off)), int(in.size), in.imm)
	case opStx8, opStx16, opStx32, opStx64:
		return false, m.store(m.reg[in.dst&15]+in.imm, int(in.size), m.reg[in.src&15])
	}
	return false, nil
}

// clobbered is what r1 to r5 hold after a call of a helper. A program must not look at it.
const clobbered = 0xdeadbeefdeadbeef

func (m *Machine) clobber() {
	for i := 1; i <= 5; i++ {
		m.reg[i] = clobbered
	}
}

func (m *Machine) trace() {
	s := &m.step
	s.m = m
	s.Program = m.prog.source
	s.Index = int(m.prog.index[m.pc-1])
	s.Instruction = s.Program.At(s.Index)
	s.Frame = m.depth
	copy(s.Registers[:], m.reg[:])
	m.prog.trace(s)
}

// atomic runs an atomic operation. Nothing else runs at the same time, so that it need not be atomic here.
func (m *Machine) atomic(in *insn) error {
	r := &m.reg
	width, op := int(in.size), asm.AtomicOp(int32(in.imm))
	if op == asm.AtomicLoadAcquire {
		v, err := m.load(r[in.src&15]+uint64(int64(in.off)), width)
		if err == nil {
			r[in.dst&15] = v
		}
		return err
	}
	addr, operand := r[in.dst&15]+uint64(int64(in.off)), r[in.src&15]
	if op == asm.AtomicStoreRelease {
		return m.store(addr, width, operand)
	}
	if _, err := m.memory(addr, width, false); err != nil {
		return err
	}
	b, err := m.memory(addr, width, true)
	if err != nil {
		return err
	}
	old, mask := m.number(b), ^uint64(0)
	if width == 4 {
		mask = 1<<32 - 1
	}
	switch op &^ asm.AtomicFetch {
	case asm.AtomicAdd:
		m.putNumber(b, old+operand)
	case asm.AtomicOr:
		m.putNumber(b, old|operand)
	case asm.AtomicAnd:
		m.putNumber(b, old&operand)
	case asm.AtomicXor:
		m.putNumber(b, old^operand)
	case asm.AtomicXchg &^ asm.AtomicFetch:
		m.putNumber(b, operand)
	case asm.AtomicCmpXchg &^ asm.AtomicFetch:
		if old == r[0]&mask {
			m.putNumber(b, operand)
		}
		r[0] = old
		return nil
	}
	if op&asm.AtomicFetch != 0 {
		r[in.src&15] = old
	}
	return nil
}

// legacyLoad loads a number in network order from the packet to r0. A load outside the packet ends the program with 0,
// whatever frame it is in: bpf_gen_ld_abs of net/core/filter.c makes an exit of it, and the verifier allows it in the
// main function only if it returns a number.
func (m *Machine) legacyLoad(in *insn) (done bool, err error) {
	if m.ctx == nil || m.reg[6] != address(idContext, 0) {
		return false, fmt.Errorf("%w: r6 has to be the context", ErrPointer)
	}
	offset := int64(int32(in.imm))
	if in.op == opLdInd {
		offset = int64(int32(uint32(in.imm) + uint32(m.reg[in.src&15])))
	}
	var v uint64
	b, ok := m.packet.legacy(offset, int(in.size))
	if !ok {
		m.clobber()
		m.reg[0] = 0
		return m.exit()
	}
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	m.clobber()
	m.reg[0] = v
	return false, nil
}
