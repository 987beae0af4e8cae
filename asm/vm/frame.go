package vm

import (
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// frameKind is why a function runs.
type frameKind uint8

const (
	frameCall    frameKind = iota // it was called
	frameLoop                     // bpf_loop calls it
	frameForEach                  // bpf_for_each_map_elem calls it
)

// frame is what the machine has to know to return from a function.
type frame struct {
	kind  frameKind
	entry int // the function's first instruction
	goes  int // the caller's

	prog  *program // the caller's
	pc    int      // where the caller goes on
	saved [4]uint64

	// Of callbacks.
	i, n    int    // calls made, calls to make
	context uint64 // the second, or fourth, argument
	m       *Map   // of frameForEach
	elem    int    // the element it was called for
	key     int    // region of its key
}

// enterFunction calls the function at index to of the code.
func (m *Machine) enterFunction(to int, f frame) error {
	d := m.depth + 1
	if d == maxFrames {
		return ErrFrames
	}
	if m.budget -= 1; m.budget < 0 {
		return ErrBudget
	}
	f.goes, f.prog, f.pc = m.goes, m.prog, m.pc
	copy(f.saved[:], m.reg[6:10])
	m.frames[d] = f
	m.openFrame(d, to)
	return nil
}

// exit returns from the function that runs, and reports whether it was the main function.
func (m *Machine) exit() (done bool, err error) {
	f := &m.frames[m.depth]
	if m.budget -= max(1, m.pc-f.entry); m.budget < 0 {
		return false, ErrBudget
	}
	if m.depth == 0 {
		return true, nil
	}
	switch f.kind {
	case frameLoop:
		if f.i++; m.reg[0] == 0 && f.i < f.n {
			return false, m.callback(f)
		}
		m.reg[0] = uint64(f.i)
	case frameForEach:
		f.i++
		f.elem = f.m.store.next(f.elem)
		if m.reg[0] == 0 && f.elem >= 0 {
			return false, m.callback(f)
		}
		m.reg[0] = uint64(f.i)
		m.drop(f.key)
	}
	m.set(idStack+m.depth, region{})
	m.depth--
	copy(m.reg[6:10], f.saved[:])
	m.reg[10] = address(idStack+m.depth, stackSize)
	m.goes, m.pc = f.goes, f.pc
	m.enter(f.prog)
	m.clobber()
	return false, nil
}

// callback starts the function of a callback's frame for the next time.
func (m *Machine) callback(f *frame) error {
	m.clobber()
	if f.kind == frameLoop {
		m.reg[1], m.reg[2] = uint64(f.i), f.context
	} else {
		m.reg[1] = address(m.mapRegion(f.m), 0)
		if f.key != 0 {
			m.drop(f.key)
		}
		f.key = m.add(region{kind: regionKey, read: true, data: f.m.store.key(f.elem), of: f.m})
		m.reg[2] = address(f.key, 0)
		m.reg[3] = m.valueAddress(f.m, f.elem)
		m.reg[4] = f.context
	}
	m.openFrame(m.depth, f.entry)
	return nil
}

// function returns the index into the code of the function with the given address.
func (m *Machine) function(addr uint64) (int, error) {
	id, offset := split(addr)
	if id != idFuncs || offset < 0 || offset >= int64(len(m.code)) {
		return 0, fmt.Errorf("%w: r2 is not the address of a function", ErrArgument)
	}
	if slices.Contains(m.prog.entries, int(offset)) {
		return int(offset), nil
	}
	return 0, fmt.Errorf("%w: r2 is not the address of a function", ErrArgument)
}

// loop is bpf_loop(n, function, context, flags): bpf_loop of kernel/bpf/bpf_iter.c.
func (m *Machine) loop() error {
	n, flags := uint32(m.reg[1]), m.reg[4]
	to, err := m.function(m.reg[2])
	context := m.reg[3]
	switch {
	case err != nil:
		return err
	case flags != 0:
		m.reg[0] = EINVAL.Result()
	case n > maxLoops:
		m.reg[0] = E2BIG.Result()
	case n == 0:
		m.reg[0] = 0
	default:
		if err := m.enterFunction(to, frame{kind: frameLoop, n: int(n), context: context}); err != nil {
			return err
		}
		return m.callback(&m.frames[m.depth])
	}
	m.clobber()
	return nil
}

// forEach is bpf_for_each_map_elem(map, function, context, flags).
func (m *Machine) forEach() error {
	on, err := m.call.Map(1)
	if err != nil {
		return err
	}
	to, err := m.function(m.reg[2])
	context := m.reg[3]
	if err != nil {
		return err
	}
	switch on.spec.Type {
	case asm.MapArray, asm.MapPerCPUArray, asm.MapHash, asm.MapPerCPUHash, asm.MapLRUHash, asm.MapLRUPerCPUHash:
	default:
		return fmt.Errorf("%w: map %s of type %v cannot be gone through", ErrArgument, on.spec.Name, on.spec.Type)
	}
	first := on.store.next(-1)
	switch {
	case m.reg[4] != 0:
		m.reg[0] = EINVAL.Result()
	case first < 0:
		m.reg[0] = 0
	default:
		if err := m.enterFunction(to, frame{kind: frameForEach, m: on, elem: first, context: context}); err != nil {
			return err
		}
		return m.callback(&m.frames[m.depth])
	}
	m.clobber()
	return nil
}

// tailCall is bpf_tail_call(context, map, index): the program of another machine takes over, in the frame of the one
// that calls. It goes on behind the call when there is none, or after the 33rd.
func (m *Machine) tailCall() error {
	if m.reg[1] != address(idContext, 0) || m.ctx == nil {
		return fmt.Errorf("%w: r1 has to be the context", ErrArgument)
	}
	on, err := m.call.Map(2)
	if err != nil {
		return err
	}
	programs, ok := on.store.(*programStore)
	if !ok {
		return fmt.Errorf("%w: map %s of type %v holds no programs", ErrArgument, on.spec.Name, on.spec.Type)
	}
	if m.budget -= max(1, m.pc-m.frames[m.depth].entry); m.budget < 0 {
		return ErrBudget
	}
	to := programs.at(uint32(m.reg[3]))
	if to == nil || m.tails == maxTailCalls {
		m.clobber()
		m.reg[0] = EINVAL.Result() // the kernel leaves what is there; programs must not look
		return nil
	}
	m.tails++
	m.enter(to.main)
	m.clobber()
	m.reg[1] = address(idContext, 0)
	m.openFrame(m.depth, 0)
	return nil
}
