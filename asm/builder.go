package asm

import (
	"errors"
	"fmt"
)

// Builder writes a program. Methods that return a Register, take functions or make objects on the stack think in values
// and blocks, as the package comment shows; all others write one instruction with every call:
//
//	b := asm.NewBuilder("pass_all", asm.SocketFilter)
//	b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffLen)) // r0 = *(u32 *)(r1 + 0)
//	b.JumpIf(asm.R0.NotEq(0), "out")           // if r0 != 0 goto out
//	b.Mov(asm.R0, 1)                           // r0 = 1
//	b.Label("out")
//	b.Exit()
//	p, err := b.Program()
//
// The destination comes first everywhere. Operations work on 64 bits; those on the lower 32 bits, which zero the upper
// half of the destination, have 32 in their names.
//
// Nothing is returned and nothing panics on the way: Program returns all errors, each an *Error that names the line of
// the call. A Builder is for one goroutine.
type Builder struct {
	spec   ProgramSpec
	cpu    CPU
	nodes  []node
	labels map[string]label
	errs   []error
	from   origin // of NewBuilder

	next        Register // the next virtual register, 0 when there is none yet
	context     Register // what Context returned, 0 before
	contextFrom origin
	arity       map[string]int          // arguments of the subprograms that Function made
	loops       []loop                  // that are being written
	inside      []string                // the calls whose bodies are being written, such as If
	uniques     int                     // labels of the builder's own
	jumped      map[string]bool         // those of them that a jump leads to
	marked      int                     // the node that the last label stands before
	keys        map[string]*StackObject // of counters
	comments    []comment
	noLines     bool
	trace       *trace
	passes      func(*assembly) // over virtual registers, stack objects and blocks; nil while there are none
}

// node is an instruction on its way into a program.
type node struct {
	ins    Instruction
	kind   ReferenceKind // of symbol, 0 for none
	symbol string        // map, function
	target string        // label that a jump leads to
	bad    bool          // reported already
	field  Field         // of a load or store: the one that the author named, 0 for none
	copy   bool          // a move that the builder made, which may vanish
	args   int           // of a call: registers that hold arguments, -1 for unknown
	object *StackObject  // of a load, store or addition: the offset is relative to it
	from   origin
}

// label is a place between instructions: before node index.
type label struct {
	index    int
	function bool
	from     origin
}

// Operand is the right side of an operation: a Register, UpdateFlags, or a constant of one of Go's own integer types,
// such as an untyped constant. To operations on 64 bits, unsigned 64-bit constants stand for their bit pattern. Go makes
// an int of an untyped constant, which has 32 bits where Go does: uint32(0xffffffff) and int64(1<<40) compile everywhere.
type Operand = any

// CPU is a version of the instruction set, as LLVM's -mcpu counts them.
type CPU uint8

// The versions. The kernel decides what it takes; the minimum kernels are those of its interpreter and x86-64 JIT.
const (
	V1 CPU = iota + 1 // the first
	V2                // conditional jumps <, <=, s<, s<= (4.14)
	V3                // 32-bit comparisons (5.1), 32-bit arithmetic as LLVM emits it, fetching atomics (5.12)
	V4                // sign extension, signed division, bswap, gotol (6.6)
)

// NewBuilder begins a program. The name is what the kernel, bpftool and our errors call it.
func NewBuilder(name string, t ProgramType) *Builder {
	b := &Builder{spec: ProgramSpec{Name: name, Type: t}, cpu: V3, next: firstVirtual, labels: make(map[string]label)}
	b.from = b.here()
	b.labels[name] = label{function: true, from: b.from}
	if err := checkName(name); err != nil {
		b.fail(b.from, "", err)
	}
	return b
}

// AttachType sets the attach type that the program is loaded for (expected_attach_type).
func (b *Builder) AttachType(t AttachType) { b.spec.AttachType = t }

// License sets the program's licence instead of DefaultLicense. Helpers marked GPL-only need one that the kernel holds
// compatible.
func (b *Builder) License(l string) { b.spec.License = l }

// Target says up to which version the builder may choose instructions on its own account: from V4 on, a jump that does
// not reach in 16 bits becomes a gotol, which needs Linux 6.6. Without a call it is V3. Instructions that the author
// writes are taken from any version.
func (b *Builder) Target(v CPU) { b.cpu = v }

// DeclareMap describes a map that the program names, so that the loader can create it, and returns a reference to it for
// Call. Sizes that are 0 are taken from the layouts Key and Value, if these are given.
func (b *Builder) DeclareMap(spec MapSpec) MapRef {
	b.declare(spec, b.here())
	return MapRef{spec.Name}
}

func (b *Builder) declare(spec MapSpec, from origin) {
	if err := spec.layOut(); err != nil {
		b.fail(from, "map "+spec.Name, err)
	}
	for _, m := range b.spec.Maps {
		if m.Name != spec.Name {
			continue
		}
		if !m.Equal(spec) {
			b.fail(from, "map "+spec.Name, errors.New("declared before with another specification"))
		}
		return
	}
	if err := checkName(spec.Name); err != nil {
		b.fail(from, "map "+spec.Name, err)
	}
	b.spec.Maps = append(b.spec.Maps, spec.clone())
}

// Label names the place before the next instruction. Labels are for the whole program, in one space with subprograms.
func (b *Builder) Label(name string) { b.define(name, false, b.here()) }

// Subprogram ends the function before and begins another, for CallSubprogram and LdFunc.
func (b *Builder) Subprogram(name string) {
	b.function("subprogram "+name, name, b.here())
}

// function begins a function and reports whether it may begin here.
func (b *Builder) function(call, name string, from origin) bool {
	switch n := len(b.inside); {
	case n > 0:
		b.fail(from, call, fmt.Errorf("%w: it begins inside %s; begin it behind the end of the function before", ErrNesting, b.inside[n-1]))
		return false
	case len(b.nodes) == 0:
		b.fail(from, call, fmt.Errorf("the main function %s has no instructions yet; write that first", b.spec.Name))
	}
	b.define(name, true, from)
	b.keys = nil // objects on the stack of the function before
	return true
}

func (b *Builder) define(name string, function bool, from origin) {
	what := "label " + name
	if function {
		what = "subprogram " + name
	}
	if err := checkName(name); err != nil {
		b.fail(from, what, err)
		return
	}
	if old, ok := b.labels[name]; ok {
		b.fail(from, what, fmt.Errorf("defined before at %v", old.from.position()))
		return
	}
	b.labels[name] = label{index: len(b.nodes), function: function, from: from}
	b.marked = len(b.nodes)
	l := Label{Name: name, Index: len(b.nodes)}
	if function {
		b.spec.Functions = append(b.spec.Functions, l)
	} else {
		b.spec.Labels = append(b.spec.Labels, l)
	}
}

// Emit appends an instruction as it is. Jumps and calls in it keep their distances.
func (b *Builder) Emit(i Instruction) { b.add(node{ins: i, args: -1, from: b.here()}) }

func (b *Builder) add(n node) {
	if !n.bad {
		if err := b.machine(n.ins).Check(); err != nil {
			if n.ins.Dst.virtual() && n.ins.Dst >= b.next || n.ins.Src.virtual() && n.ins.Src >= b.next {
				err = fmt.Errorf("%w of another builder; this one's come from Virtual, Copy, Load and the like", err)
			}
			b.reject(&n, err)
		} else if err := refuse(n.ins); err != nil {
			b.reject(&n, err)
		}
	}
	b.nodes = append(b.nodes, n)
}

// machine returns the instruction with r0 in the place of the virtual registers that this builder handed out.
func (b *Builder) machine(i Instruction) Instruction {
	in := inst{node: node{ins: i}}
	in.rename(func(r Register) Register {
		if r.virtual() && r < b.next {
			return R0
		}
		return r
	})
	return in.ins
}

// reject records what is wrong with an instruction that is about to be appended.
func (b *Builder) reject(n *node, err error) {
	n.bad = true
	b.errs = insertError(b.errs, &Error{Position: n.from.position(), Program: b.spec.Name, Index: len(b.nodes), Text: n.text(), Err: err})
}

// fail records an error that is about a call and not about an instruction.
func (b *Builder) fail(from origin, text string, err error) {
	b.errs = insertError(b.errs, &Error{Position: from.position(), Program: b.spec.Name, Index: -1, Text: text, Err: err})
}

// Reasons for which the builder refuses an instruction that is encoded properly. The kernel would refuse it too.
var (
	ErrFramePointer = errors.New("r10 is read-only")
	ErrShift        = errors.New("shift count out of range")
	ErrDivideByZero = errors.New("division by zero")
)

func refuse(i Instruction) error {
	if i.writes(R10) {
		return ErrFramePointer
	}
	switch kinds[i.Op] {
	case kindALUK:
		width := int64(32)
		if i.Op.Class() == ClassALU64 {
			width = 64
		}
		switch i.Op.ALUOp() {
		case OpLsh, OpRsh, OpArsh:
			if i.Imm < 0 || i.Imm >= width {
				return fmt.Errorf("%w: %d of %d bits", ErrShift, i.Imm, width)
			}
		}
	case kindDivK:
		if i.Imm == 0 {
			return ErrDivideByZero
		}
	}
	return nil
}

// writes reports whether the instruction names r as the register it writes. A call writes r0 to r5 without naming them.
func (i Instruction) writes(r Register) bool {
	switch kinds[i.Op] {
	case kindALUK, kindALUX, kindDivK, kindDivX, kindMovX, kindNeg, kindEnd, kindLdImm64, kindLdx:
		return i.Dst == r
	case kindLdAbs, kindLdInd:
		return r == R0
	case kindAtomic:
		switch op := AtomicOp(i.Imm); {
		case op == AtomicLoadAcquire:
			return i.Dst == r
		case op == AtomicStoreRelease:
			return false
		case op == AtomicCmpXchg:
			return r == R0
		default:
			return op&AtomicFetch != 0 && i.Src == r
		}
	}
	return false
}
