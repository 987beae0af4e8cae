package vm

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/purebpf/purebpf/asm"
)

// ErrProgram is wrapped by the errors of New about a program that no machine can run: one that writes to the frame
// pointer, names a map that it was not given, or calls a subprogram that is not linked to it.
var ErrProgram = errors.New("cannot be run")

// program is a decoded program. It never changes, but for the hits, and machines that call each other's tail share it.
type program struct {
	source  *asm.Program
	code    []insn
	index   []int32  // of the asm instruction for every one of code
	statics []region // the maps that the program names and the values that it addresses directly
	helpers []HelperFunc
	entries []int    // the first instructions of functions in code
	hits    []uint64 // of every asm instruction, if wanted
	trace   func(*Step)
}

// decoder makes a program.
type decoder struct {
	p    *program
	opts *Options
	maps map[string]*Map

	refs    map[int]asm.Reference // by instruction
	starts  []int32               // index into code of every asm instruction
	ends    map[int]bool          // the last instructions of functions
	helpers map[asm.Helper]uint64 // index into program.helpers
}

// decode makes the program of a machine with the given maps.
func decode(source *asm.Program, opts *Options, maps map[string]*Map) (*program, error) {
	d := decoder{
		p:       &program{source: source, trace: opts.Trace},
		opts:    opts,
		maps:    maps,
		refs:    make(map[int]asm.Reference),
		starts:  make([]int32, source.Len()),
		ends:    map[int]bool{source.Len() - 1: true},
		helpers: make(map[asm.Helper]uint64),
	}
	for _, r := range source.References() {
		d.refs[r.Index] = r
	}
	for _, f := range source.Functions() {
		d.ends[f.Index-1] = true
	}
	for i, ins := range source.All() {
		d.starts[i] = int32(len(d.p.code))
		if opts.Coverage {
			d.emit(i, insn{op: opCount, imm: uint64(i)})
		}
		if opts.Trace != nil {
			d.emit(i, insn{op: opTrace})
		}
		in, err := d.instruction(i, ins)
		if err != nil {
			return nil, &Fault{Program: source.Name(), Index: i, Instruction: ins, Position: source.Position(i),
				Err: fmt.Errorf("%w: %w", ErrProgram, err)}
		}
		d.emit(i, in)
		if d.ends[i] {
			d.emit(i, insn{op: opFellOff})
		}
	}
	d.resolve()
	if opts.Coverage {
		d.p.hits = make([]uint64, source.Len())
	}
	return d.p, nil
}

func (d *decoder) emit(i int, in insn) {
	d.p.code = append(d.p.code, in)
	d.p.index = append(d.p.index, int32(i))
}

// resolve turns the targets of jumps and calls, until then indices of asm instructions, into indices into the code.
func (d *decoder) resolve() {
	for _, f := range d.p.source.Functions() {
		d.p.entries = append(d.p.entries, int(d.starts[f.Index]))
	}
	for c := range d.p.code {
		in := &d.p.code[c]
		switch {
		case in.op >= opJA && in.op <= opJSLE32X, in.op == opCall:
			in.off = d.starts[in.off]
		case in.op == opMovK && in.size == movFunc:
			in.imm = address(idFuncs, int(d.starts[in.imm]))
		}
	}
}

// movFunc marks, in the size of an opMovK, the load of a function's address.
const movFunc = 1

// instruction decodes asm instruction i.
func (d *decoder) instruction(i int, ins asm.Instruction) (insn, error) {
	in := insn{dst: uint8(ins.Dst), src: uint8(ins.Src), imm: uint64(ins.Imm)}
	class := ins.Op.Class()
	writes := class == asm.ClassALU || class == asm.ClassALU64 || class == asm.ClassLDX || ins.Op == asm.OpLdImm64
	if class == asm.ClassSTX && ins.Op.Mode() == asm.ModeAtomic {
		op := asm.AtomicOp(ins.Imm)
		if op == asm.AtomicLoadAcquire {
			writes = true
		} else if op != asm.AtomicCmpXchg && op != asm.AtomicStoreRelease && op&asm.AtomicFetch != 0 && ins.Src == asm.FP {
			return in, errors.New("frame pointer is read only")
		}
	}
	if writes && ins.Dst == asm.FP {
		return in, errors.New("frame pointer is read only")
	}
	switch class {
	case asm.ClassALU, asm.ClassALU64:
		return d.arithmetic(in, ins)
	case asm.ClassJMP, asm.ClassJMP32:
		return d.jump(in, i, ins)
	case asm.ClassLD:
		return d.load(in, i, ins)
	}
	return d.memory(in, ins)
}

func (d *decoder) arithmetic(in insn, ins asm.Instruction) (insn, error) {
	narrow, register := ins.Op.Class() == asm.ClassALU, ins.Op.Source() == asm.X
	wide32 := op(0)
	if narrow {
		wide32 = opAdd32K - opAddK
	}
	switch o := ins.Op.ALUOp(); o {
	case asm.OpMov:
		switch {
		case !register && narrow:
			in.op, in.imm = opMovK, uint64(uint32(ins.Imm))
		case !register:
			in.op = opMovK
		case ins.Off == 1: // addr_space_cast: there is one address space here
			in.op = opMovX
		default:
			in.op = move(narrow, ins.Off)
		}
	case asm.OpNeg:
		in.op = opNeg + wide32
	case asm.OpEnd:
		in.op, in.imm = d.byteOrder(ins), 0
	case asm.OpSub:
		in.op = opSubX + wide32
		if !register {
			in.op, in.imm = opAddK+wide32, uint64(-ins.Imm)
		}
	default:
		in.op = alu[o>>4] + wide32
		if register {
			in.op++
		}
		if ins.Off == 1 {
			in.op += opSDivK - opDivK // the same distance as from opModK to opSModK
		}
	}
	return in, nil
}

// move returns the operation of a move between registers that extends the sign of so many bits, 0 for none.
func move(narrow bool, bits int16) op {
	switch {
	case narrow && bits == 8:
		return opMov32SX8
	case narrow && bits == 16:
		return opMov32SX16
	case narrow:
		return opMov32X
	case bits == 8:
		return opMovSX8
	case bits == 16:
		return opMovSX16
	case bits == 32:
		return opMovSX32
	}
	return opMovX
}

// byteOrder returns the operation of a byte order instruction: bswap swaps always, le and be where the target's order is
// the other one.
func (d *decoder) byteOrder(ins asm.Instruction) op {
	swap := ins.Op.Class() == asm.ClassALU64 || (ins.Op.Source() == asm.X) != d.opts.big()
	switch {
	case ins.Imm == 16 && swap:
		return opSwap16
	case ins.Imm == 32 && swap:
		return opSwap32
	case ins.Imm == 64 && swap:
		return opSwap64
	case ins.Imm == 16:
		return opZext16
	case ins.Imm == 32:
		return opZext32
	}
	return opOrK // with 0
}

func (d *decoder) jump(in insn, i int, ins asm.Instruction) (insn, error) {
	target := func(distance int64) int32 {
		to, _ := d.p.source.Index(d.p.source.Slot(i) + 1 + int(distance))
		return int32(to)
	}
	switch o := ins.Op.JumpOp(); o {
	case asm.OpExit:
		in.op = opExit
	case asm.OpCall:
		return d.call(in, i, ins)
	case asm.OpJA:
		in.op, in.off = opJA, target(int64(ins.Off))
		if ins.Op.Class() == asm.ClassJMP32 {
			in.off = target(ins.Imm)
		}
	case asm.OpJCond:
		in.op, in.off = opMayGoto, target(int64(ins.Off))
	default:
		in.op, in.off = jumps[o>>4], target(int64(ins.Off))
		if ins.Op.Class() == asm.ClassJMP32 {
			in.op += opJEq32K - opJEqK
		}
		if ins.Op.Source() == asm.X {
			in.op++
		}
	}
	return in, nil
}

func (d *decoder) call(in insn, i int, ins asm.Instruction) (insn, error) {
	switch ins.Src {
	case asm.CallSubprogram:
		f, _, ok := d.p.source.Callee(i)
		if !ok {
			return in, fmt.Errorf("subprogram %s is not part of the program", d.refs[i].Symbol)
		}
		in.op, in.off = opCall, int32(d.p.source.Functions()[f].Index)
		return in, nil
	case asm.CallKfunc:
		in.op = opKfunc
		return in, nil
	}
	h := asm.Helper(uint32(ins.Imm))
	own := d.opts.Helpers[h]
	switch {
	case own != nil:
	case h == asm.FnTailCall:
		in.op = opTailCall
		return in, nil
	case h == asm.FnLoop:
		in.op = opLoop
		return in, nil
	case h == asm.FnForEachMapElem:
		in.op = opForEach
		return in, nil
	default:
		own = builtin(h)
	}
	if own == nil {
		own = missingHelper // only an error when it is called
	}
	n, ok := d.helpers[h]
	if !ok {
		n = uint64(len(d.p.helpers))
		d.helpers[h] = n
		d.p.helpers = append(d.p.helpers, own)
	}
	in.op, in.imm = opHelper, n
	return in, nil
}

// load decodes 64-bit immediates and the legacy packet loads.
func (d *decoder) load(in insn, i int, ins asm.Instruction) (insn, error) {
	if ins.Op != asm.OpLdImm64 {
		in.op, in.size = opLdAbs, uint8(ins.Op.Size().Bytes())
		if ins.Op.Mode() == asm.ModeInd {
			in.op = opLdInd
		}
		return in, nil
	}
	in.op = opMovK
	switch ins.Src {
	case asm.Imm64Value:
		return in, nil
	case asm.Imm64Func:
		f, _, ok := d.p.source.Callee(i)
		if !ok {
			return in, fmt.Errorf("function %s is not part of the program", d.refs[i].Symbol)
		}
		in.size, in.imm = movFunc, uint64(d.p.source.Functions()[f].Index)
		return in, nil
	case asm.Imm64BTFID:
		return in, errors.New("variables of the kernel are not simulated")
	}
	m, err := d.mapOf(i, ins)
	switch {
	case err != nil:
		return in, err
	case m.big != d.opts.big():
		return in, fmt.Errorf("map %s is of the other byte order", m.spec.Name)
	}
	if ins.Src == asm.Imm64MapFD || ins.Src == asm.Imm64MapIndex {
		id, err := d.static(region{kind: regionMap, of: m})
		in.imm = address(id, 0)
		return in, err
	}
	value, offset := m.direct(), ins.Imm>>32
	switch {
	case value == nil:
		return in, fmt.Errorf("map %s of type %v has no value to address directly", m.spec.Name, m.spec.Type)
	case offset < 0 || offset >= int64(len(value)):
		return in, fmt.Errorf("offset %d is outside the value of map %s (%d bytes)", uint32(offset), m.spec.Name, len(value))
	}
	id, err := d.static(m.valueRegion(value))
	in.imm = address(id, int(offset))
	return in, err
}

// mapOf returns the map that instruction i loads.
func (d *decoder) mapOf(i int, ins asm.Instruction) (*Map, error) {
	if r, ok := d.refs[i]; ok {
		if m := d.maps[r.Symbol]; m != nil {
			return m, nil
		}
		return nil, fmt.Errorf("map %s is neither given nor described by the program", r.Symbol)
	}
	fd := int32(ins.Imm)
	if m := d.opts.Descriptors[int(fd)]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("no map is given for descriptor %d", fd)
}

// static returns the number of the region that describes the same as r for the whole run. There is room for those of as
// many maps as the kernel lets a program have.
func (d *decoder) static(r region) (int, error) {
	for i, s := range d.p.statics {
		if s.kind == r.kind && s.of == r.of {
			return idStatic + i, nil
		}
	}
	if len(d.p.statics) == idDynamic-idStatic {
		return 0, fmt.Errorf("a program has at most %d maps", maxMaps)
	}
	d.p.statics = append(d.p.statics, r)
	return idStatic + len(d.p.statics) - 1, nil
}

// memory decodes loads, stores and atomic operations.
func (d *decoder) memory(in insn, ins asm.Instruction) (insn, error) {
	in.off, in.size = int32(ins.Off), uint8(ins.Op.Size().Bytes())
	distance := uint64(int64(ins.Off)) // in the immediate, where there is none, exec has less to do
	switch {
	case ins.Op.Mode() == asm.ModeAtomic:
		in.op = opAtomic
		return in, nil
	case ins.Op.Mode() == asm.ModeMemSX:
		in.op, in.imm = opLdSX8, distance
	case ins.Op.Class() == asm.ClassLDX:
		in.op, in.imm = opLd8, distance
	case ins.Op.Class() == asm.ClassST:
		in.op = opSt8
	default:
		in.op, in.imm = opStx8, distance
	}
	in.op += op(bits.TrailingZeros8(in.size)) // 8, 16, 32 and 64 bits follow each other
	return in, nil
}
