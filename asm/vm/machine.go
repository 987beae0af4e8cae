package vm

import (
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/purebpf/purebpf/asm"
)

const (
	maxFrames    = 8       // MAX_CALL_FRAMES of include/linux/bpf_verifier.h
	stackSize    = 512     // MAX_BPF_STACK of include/linux/filter.h
	maxTailCalls = 33      // MAX_TAIL_CALL_CNT of include/linux/bpf.h
	maxLoops     = 1 << 23 // BPF_MAX_LOOPS of include/linux/bpf.h: bpf_loop and may_goto
)

// DefaultBudget is the number of instructions that one run may take when Options do not say otherwise.
const DefaultBudget = 1 << 26

// Options of a Machine. The zero value, and nil, are the defaults.
type Options struct {
	// Maps are the maps that the program names, by their symbols. Those that are not given but described by the program
	// (asm.Program.Maps), such as its global data, are made by New.
	Maps map[string]*Map

	// Descriptors are the maps of a program that is linked already, by the descriptors in its instructions. Indices into
	// fd_array count as descriptors here.
	Descriptors map[int]*Map

	// Helpers are functions of the user's for calls of helpers. They go before those that this package has.
	Helpers map[asm.Helper]HelperFunc

	// Order is the byte order of the simulated CPU: binary.LittleEndian, also when nil, or binary.BigEndian. A big-endian
	// machine is slower.
	Order binary.ByteOrder

	// Strict refuses to read bytes of the stack that were never written, as the kernel does for programs loaded without
	// CAP_PERFMON. Without it they read as zeros. It makes accesses of the stack slower.
	Strict bool

	// Budget is the number of instructions after which a run ends with ErrBudget, 0 for DefaultBudget. It is counted at
	// jumps back, calls and exits, and only roughly: a stretch of code counts whole, also where a jump left parts of it
	// out.
	Budget int

	// Env is what helpers tell of the system. Nil is a value of the machine's own: Machine.Env.
	Env *Env

	// Trace is called before each instruction of the program. Programs that it makes a tail call to have their own.
	Trace func(*Step)

	// Coverage counts how often each instruction is run: Machine.Coverage.
	Coverage bool
}

func (o *Options) big() bool { return o.Order != nil && o.Order.Uint16([]byte{0, 1}) == 1 }

// Step is what Options.Trace sees: the state before an instruction. It is valid during the call.
type Step struct {
	Program     *asm.Program
	Index       int // of the instruction
	Instruction asm.Instruction
	Frame       int        // 0, or how many calls deep
	Registers   [11]uint64 // r0 to r10

	m *Machine
}

// Machine runs one program. It may be run any number of times, by one goroutine at a time; its maps, and the Env, keep
// what they hold from run to run.
type Machine struct {
	// What exec works with.
	code        []insn
	pc          int // index into code of the next instruction
	budget      int
	goes        int // how often may_goto still goes on in this frame
	reg         [16]uint64
	read, write [fastRegions][]byte // the memory of regions as far as it needs no further checks
	hits        []uint64

	main      *program
	prog      *program // the one that runs: main, or one that main made a tail call to
	opts      Options
	maps      map[string]*Map
	env       *Env
	big       bool
	strict    bool
	regions   []region
	gone      []int // numbers of regions that are gone
	cpu       int   // Env.CPU
	ctx       Context
	packet    packet
	fields    fieldCache
	frames    [maxFrames]frame
	depth     int
	tails     int    // tail calls made
	reserved  int    // records of ring buffers neither submitted nor discarded
	headMoved int64  // bytes that bpf_xdp_adjust_head took from the packet, or added when negative
	run       uint32 // number of the run
	call      Call
	step      Step
	stack     [maxFrames][stackSize]byte
	written   [maxFrames]bytesWritten
}

// New makes a machine that runs p.
//
// A program that cannot be run gives a *Fault that wraps ErrProgram and names the instruction and its Go line. Calls of
// helpers that this package does not have are refused only when they are reached.
func New(p *asm.Program, opts *Options) (*Machine, error) {
	m := &Machine{}
	if opts != nil {
		m.opts = *opts
	}
	if m.opts.Budget < 0 {
		return nil, fmt.Errorf("program %s: a budget of %d instructions", p.Name(), m.opts.Budget)
	}
	if m.opts.Budget == 0 {
		m.opts.Budget = DefaultBudget
	}
	m.env = m.opts.Env
	if m.env == nil {
		m.env = new(Env)
	}
	m.big, m.strict = m.opts.big(), m.opts.Strict
	m.maps = maps.Clone(m.opts.Maps)
	if m.maps == nil {
		m.maps = make(map[string]*Map)
	}
	for _, spec := range p.Maps() {
		if m.maps[spec.Name] != nil {
			continue
		}
		made, err := newMap(spec, m.big)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", p.Name(), err)
		}
		m.maps[spec.Name] = made
	}
	var err error
	if m.main, err = decode(p, &m.opts, m.maps); err != nil {
		return nil, err
	}
	m.call.m = m
	m.regions = make([]region, idDynamic, idDynamic+16)
	m.regions[idFuncs].kind = regionFuncs
	return m, nil
}

// Program returns the program that the machine was made for.
func (m *Machine) Program() *asm.Program { return m.main.source }

// Map returns the map that the program names so, nil if it names none. It is one of Options.Maps or was made by New.
func (m *Machine) Map(name string) *Map { return m.maps[name] }

// Env returns what helpers tell of the system.
func (m *Machine) Env() *Env { return m.env }

// Coverage returns for each instruction how often it was run since the machine was made, nil without Options.Coverage.
// The slice is the machine's own.
func (m *Machine) Coverage() []uint64 { return m.main.hits }

// Run runs the program on a context, which may be nil for one that does not look at it, and returns what it leaves in r0.
// What it did besides, it did to the context, to packets in it and to the maps. A program that does what it must not gives
// a *Fault. Run does not allocate memory unless the program makes maps grow.
func (m *Machine) Run(ctx Context) (r0 uint64, err error) {
	if m.cpu = m.env.CPU; m.cpu < 0 || m.cpu >= CPUs {
		return 0, fmt.Errorf("program %s: CPU %d, want 0 to %d", m.Program().Name(), m.cpu, CPUs-1)
	}
	m.begin()
	if ctx != nil {
		if err := m.enterContext(ctx); err != nil {
			return 0, err
		}
	}
	err = m.finish(m.loopUntilExit())
	if err != nil {
		return 0, err
	}
	return m.reg[0], nil
}

// loopUntilExit runs the program to its end.
func (m *Machine) loopUntilExit() error {
	for {
		m.exec()
		if m.budget < 0 {
			return m.fault(ErrBudget)
		}
		done, err := m.slow(&m.code[m.pc-1])
		if err != nil {
			return m.fault(err)
		}
		if done {
			return nil
		}
	}
}

// finish brings back what the program wrote to copies, and looks whether it left something open.
func (m *Machine) finish(err error) error {
	m.savePacket()
	if leak := m.releaseRecords(); leak != nil && err == nil {
		err = m.fault(leak)
	}
	return err
}

// begin makes everything ready for the first instruction.
func (m *Machine) begin() {
	m.run++
	m.budget, m.tails, m.headMoved = m.opts.Budget, 0, 0
	m.reg = [16]uint64{}
	m.ctx = nil
	for d := 1; d <= m.depth; d++ {
		m.set(idStack+d, region{})
	}
	m.depth = 0
	m.set(idContext, region{})
	m.enter(m.main)
	m.truncate()
	m.openFrame(0, 0)
}

// enter makes p the program that runs.
func (m *Machine) enter(p *program) {
	if m.prog == p {
		return
	}
	if m.prog != nil {
		for i := range m.prog.statics {
			m.set(idStatic+i, region{})
		}
	}
	m.prog, m.code, m.hits = p, p.code, p.hits
	for i, r := range p.statics {
		m.set(idStatic+i, r)
	}
}

// truncate forgets the regions that came up while the program ran.
func (m *Machine) truncate() {
	if n := min(len(m.regions), fastRegions); n > idDynamic {
		clear(m.read[idDynamic:n])
		clear(m.write[idDynamic:n])
	}
	clear(m.regions[idDynamic:])
	m.regions, m.gone = m.regions[:idDynamic], m.gone[:0]
}

// openFrame gives frame d an empty stack and continues at pc.
func (m *Machine) openFrame(d, pc int) {
	clear(m.stack[d][:])
	if m.strict {
		m.written[d] = bytesWritten{}
	}
	m.set(idStack+d, region{kind: regionStack, read: true, write: true, data: m.stack[d][:]})
	m.depth = d
	m.frames[d].entry = pc
	m.goes = maxLoops
	m.reg[10] = address(idStack+d, stackSize)
	m.pc = pc
}
