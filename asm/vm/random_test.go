package vm_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/purebpf/purebpf/asm"
)

// What random programs work with: r0 to r5, r7 and r8 are numbers, r6 is the context, r9 the value of an array of
// resultSize bytes. The last stackBytes of the stack are initialised.
const (
	resultSize = 256
	stackBytes = 64
	saved      = 192 // where in the value the registers are stored at the end
)

var numbers = []asm.Register{asm.R0, asm.R1, asm.R2, asm.R3, asm.R4, asm.R5, asm.R7, asm.R8}

// generator makes random programs that the kernel's verifier takes: all arithmetic, jumps, loads, stores, atomic
// operations, byte swaps, packet loads, calls of helpers and of subprograms, and loops with a bound.
type generator struct {
	*rand.Rand
	mapFD, hashFD int32
	newer         bool // instructions of Linux 6.15: load_acquire and store_release
	pieces        [][]asm.Instruction
	jumps         map[int]int // by piece: the piece that its first instruction jumps to
	functions     int
}

// program makes a program of about n pieces.
func (g *generator) program(n int) []asm.Instruction {
	g.pieces, g.functions, g.jumps = nil, 0, make(map[int]int)
	g.begin()
	end := len(g.pieces) + n
	for p := len(g.pieces); p < end; p++ {
		if g.IntN(4) == 0 {
			g.jumps[p] = min(p+1+g.IntN(5), end)
			g.add(g.conditional()...)
		} else {
			g.add(g.piece()...)
		}
	}
	for i, r := range numbers {
		g.add(asm.Instruction{Op: 0x7b, Dst: asm.R9, Src: r, Off: int16(saved + 8*i)})
	}
	for slot := range int16(stackBytes / 8) {
		g.add(asm.Instruction{Op: 0x79, Dst: asm.R1, Src: asm.FP, Off: -8 * (slot + 1)},
			asm.Instruction{Op: 0x7b, Dst: asm.R9, Src: asm.R1, Off: 128 + 8*slot})
	}
	g.add(asm.Instruction{Op: 0x95})
	return g.link()
}

func (g *generator) add(insns ...asm.Instruction) { g.pieces = append(g.pieces, insns) }

// begin initialises registers and stack.
func (g *generator) begin() {
	g.add(asm.Instruction{Op: 0xbf, Dst: asm.R6, Src: asm.R1},
		asm.Instruction{Op: asm.OpLdImm64, Dst: asm.R9, Src: asm.Imm64MapValue, Imm: int64(g.mapFD)})
	for _, r := range numbers {
		g.add(asm.Instruction{Op: asm.OpLdImm64, Dst: r, Imm: g.number()})
	}
	for slot := range int16(stackBytes / 8) {
		g.add(asm.Instruction{Op: 0x7a, Dst: asm.FP, Off: -8 * (slot + 1), Imm: int64(int32(g.number()))})
	}
}

// number returns a number, one at some edge as often as not.
func (g *generator) number() int64 {
	edges := [...]int64{0, 1, 2, -1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		-0x80000000, 0x7fffffffffffffff, -0x8000000000000000, -2, 0x8000000080000000 - 1<<63 + -1<<63}
	switch g.IntN(4) {
	case 0:
		return int64(g.Uint64())
	case 1:
		return int64(int32(g.Uint32()))
	}
	return edges[g.IntN(len(edges))]
}

func (g *generator) any() asm.Register { return numbers[g.IntN(len(numbers))] }

func (g *generator) piece() []asm.Instruction {
	switch g.IntN(16) {
	default:
		return []asm.Instruction{g.arithmetic(g.any(), g.any())}
	case 0:
		return []asm.Instruction{g.swap()}
	case 1, 2:
		return g.load()
	case 3, 4:
		return []asm.Instruction{g.store()}
	case 5, 6:
		i := g.atomic()
		if i.Imm == int64(asm.AtomicCmpXchg) && i.Op.Size() == asm.W {
			// When x86 finds both equal it leaves the upper half of its register alone. The verifier of Linux 6.18
			// appends a move that clears it, as RFC 9669 section 5.3 wants it, but in some programs, about one of 30,000
			// of these, it does not.
			return []asm.Instruction{i, {Op: 0xbc}} // w0 = w0
		}
		return []asm.Instruction{i}
	case 7:
		return g.helper()
	case 8:
		return g.subprogram()
	case 9:
		return g.loop()
	case 10:
		return []asm.Instruction{{Op: 0xe5, Off: 1}, g.arithmetic(g.any(), g.any())}
	}
}

var aluOps = []asm.ALUOp{asm.OpAdd, asm.OpSub, asm.OpMul, asm.OpDiv, asm.OpOr, asm.OpAnd, asm.OpLsh, asm.OpRsh, asm.OpNeg,
	asm.OpMod, asm.OpXor, asm.OpMov, asm.OpArsh, asm.OpSDiv, asm.OpSMod, asm.OpMovSX8, asm.OpMovSX16, asm.OpMovSX32}

func (g *generator) arithmetic(dst, src asm.Register) asm.Instruction {
	op, class, source := aluOps[g.IntN(len(aluOps))], asm.ClassALU64, asm.X
	if g.IntN(2) == 0 {
		class = asm.ClassALU
	}
	if g.IntN(2) == 0 && op < asm.OpMovSX8 || op == asm.OpNeg {
		source = asm.K
	}
	if op == asm.OpMovSX32 && class == asm.ClassALU {
		op = asm.OpMovSX16
	}
	i := asm.Instruction{Op: asm.ALUOpcode(class, op&0xff, source), Dst: dst, Off: int16(op >> 8)}
	switch {
	case op == asm.OpNeg:
	case source == asm.X:
		i.Src = src
	default:
		i.Imm = int64(int32(g.number()))
		switch op & 0xff {
		case asm.OpLsh, asm.OpRsh, asm.OpArsh:
			i.Imm &= 31
			if class == asm.ClassALU64 {
				i.Imm += int64(32 * g.IntN(2))
			}
		case asm.OpDiv, asm.OpMod:
			if i.Imm == 0 {
				i.Imm = 3
			}
		}
	}
	return i
}

func (g *generator) swap() asm.Instruction {
	op := []asm.Opcode{0xd4, 0xdc, 0xd7}[g.IntN(3)]
	return asm.Instruction{Op: op, Dst: g.any(), Imm: int64(16 << g.IntN(3))}
}

// place returns a register and an offset for an access of a width: in the stack, aligned, or in the value.
func (g *generator) place(width int, aligned bool) (asm.Register, int16) {
	if g.IntN(2) == 0 {
		return asm.FP, int16(-width * (1 + g.IntN(stackBytes/width)))
	}
	at := g.IntN(129 - width)
	if aligned {
		at -= at % width
	}
	return asm.R9, int16(at)
}

var sizes = []asm.Size{asm.B, asm.H, asm.W, asm.DW}

func (g *generator) load() []asm.Instruction {
	if g.IntN(8) == 0 { // from the packet, which may end the program
		i := asm.Instruction{Op: asm.MemOpcode(asm.ClassLD, asm.ModeAbs, sizes[g.IntN(3)]), Imm: int64(g.IntN(62))}
		if g.IntN(2) == 0 {
			i.Op = asm.MemOpcode(asm.ClassLD, asm.ModeInd, i.Op.Size())
			i.Src = asm.R7
			return append([]asm.Instruction{movK(asm.R7, g.IntN(40)), i}, g.arguments()...)
		}
		return append([]asm.Instruction{i}, g.arguments()...)
	}
	size, mode := sizes[g.IntN(4)], asm.ModeMem
	if g.IntN(3) == 0 && size != asm.DW {
		mode = asm.ModeMemSX
	}
	i := asm.Instruction{Op: asm.MemOpcode(asm.ClassLDX, mode, size), Dst: g.any()}
	i.Src, i.Off = g.place(size.Bytes(), false)
	return []asm.Instruction{i}
}

func (g *generator) store() asm.Instruction {
	size := sizes[g.IntN(4)]
	i := asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeMem, size), Src: g.any()}
	if g.IntN(3) == 0 {
		i = asm.Instruction{Op: asm.MemOpcode(asm.ClassST, asm.ModeMem, size), Imm: int64(int32(g.number()))}
	}
	i.Dst, i.Off = g.place(size.Bytes(), false)
	return i
}

var atomicOps = []asm.AtomicOp{asm.AtomicAdd, asm.AtomicOr, asm.AtomicAnd, asm.AtomicXor}

func (g *generator) atomic() asm.Instruction {
	size := sizes[2+g.IntN(2)]
	op := atomicOps[g.IntN(4)]
	switch g.IntN(5) {
	case 0:
		op |= asm.AtomicFetch
	case 1:
		op = asm.AtomicXchg
	case 2:
		op = asm.AtomicCmpXchg
	case 3:
		if !g.newer {
			break
		}
		size, op = sizes[g.IntN(4)], asm.AtomicStoreRelease
		if g.IntN(2) == 0 {
			i := asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeAtomic, size), Dst: g.any(), Imm: int64(asm.AtomicLoadAcquire)}
			i.Src, i.Off = g.place(size.Bytes(), true)
			return i
		}
	}
	i := asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeAtomic, size), Src: g.any(), Imm: int64(op)}
	i.Dst, i.Off = g.place(size.Bytes(), true)
	for op&asm.AtomicFetch != 0 && i.Dst == asm.FP {
		// The verifier of Linux 6.18 does not follow numbers that are fetched from the stack back to where they come from.
		// It takes ways through a program for equal that are not, and cuts off branches that are taken: about one of
		// 20,000 of these programs.
		i.Dst, i.Off = g.place(size.Bytes(), true)
	}
	return i
}

// arguments gives the argument registers numbers again after a call took them.
func (g *generator) arguments() (insns []asm.Instruction) {
	for r := asm.R1; r <= asm.R5; r++ {
		insns = append(insns, asm.Instruction{Op: 0xb7, Dst: r, Imm: int64(int32(g.number()))})
	}
	return insns
}

func callHelper(h asm.Helper) asm.Instruction { return asm.Instruction{Op: 0x85, Imm: int64(h)} }

func mov(dst, src asm.Register) asm.Instruction { return asm.Instruction{Op: 0xbf, Dst: dst, Src: src} }

func movK(dst asm.Register, k int) asm.Instruction {
	return asm.Instruction{Op: 0xb7, Dst: dst, Imm: int64(k)}
}

func addK(dst asm.Register, k int) asm.Instruction {
	return asm.Instruction{Op: 0x07, Dst: dst, Imm: int64(k)}
}

// helper calls one of the helpers whose result does not depend on anything but the program and its packet.
func (g *generator) helper() (insns []asm.Instruction) {
	stack := func(r asm.Register, at int) {
		insns = append(insns, mov(r, asm.FP), addK(r, -at))
	}
	switch g.IntN(5) {
	case 0: // update of a hash, which sometimes is full
		insns = append(insns, asm.Instruction{Op: asm.OpLdImm64, Dst: asm.R1, Src: asm.Imm64MapFD, Imm: int64(g.hashFD)})
		stack(asm.R2, 8*(1+g.IntN(8)))
		stack(asm.R3, 8*(1+g.IntN(8)))
		insns = append(insns, movK(asm.R4, g.IntN(4)), callHelper(asm.FnMapUpdateElem))
	case 1:
		insns = append(insns, asm.Instruction{Op: asm.OpLdImm64, Dst: asm.R1, Src: asm.Imm64MapFD, Imm: int64(g.hashFD)})
		stack(asm.R2, 8*(1+g.IntN(8)))
		insns = append(insns, callHelper(asm.FnMapDeleteElem))
	case 2: // a lookup, and what is found
		insns = append(insns, asm.Instruction{Op: asm.OpLdImm64, Dst: asm.R1, Src: asm.Imm64MapFD, Imm: int64(g.hashFD)})
		stack(asm.R2, 8*(1+g.IntN(8)))
		insns = append(insns, callHelper(asm.FnMapLookupElem), asm.Instruction{Op: 0x15, Dst: asm.R0, Off: 1},
			asm.Instruction{Op: 0x79, Dst: asm.R0, Src: asm.R0})
	case 3:
		stack(asm.R1, 64)
		stack(asm.R3, 48)
		insns = append(insns, movK(asm.R2, 4*g.IntN(12)), movK(asm.R4, 4*g.IntN(12)),
			asm.Instruction{Op: 0xb4, Dst: asm.R5, Imm: int64(int32(g.number()))}, callHelper(asm.FnCsumDiff))
	case 4:
		insns = append(insns, mov(asm.R1, asm.R6), movK(asm.R2, g.IntN(80)))
		stack(asm.R3, 64)
		insns = append(insns, movK(asm.R4, 1+g.IntN(40)), callHelper(asm.FnSKBLoadBytes))
	}
	return append(insns, g.arguments()...)
}

// subprogram calls a subprogram of its own, which calculates with its arguments.
func (g *generator) subprogram() []asm.Instruction {
	g.functions++
	insns := append([]asm.Instruction{{Op: 0x85, Src: asm.CallSubprogram, Imm: int64(g.functions)}}, g.arguments()...)
	return insns
}

// function is the code of a subprogram.
func (g *generator) function() []asm.Instruction {
	insns := []asm.Instruction{mov(asm.R0, asm.R1)}
	for range 1 + g.IntN(5) {
		r := []asm.Register{asm.R0, asm.R1, asm.R2, asm.R3, asm.R4, asm.R5}
		insns = append(insns, g.arithmetic(r[g.IntN(6)], r[g.IntN(6)]))
	}
	return append(insns, asm.Instruction{Op: 0x95})
}

// loop goes round a few times.
func (g *generator) loop() []asm.Instruction {
	insns := []asm.Instruction{movK(asm.R7, 1+g.IntN(4))}
	n := 1 + g.IntN(3)
	for range n {
		dst := g.any()
		for dst == asm.R7 {
			dst = g.any()
		}
		insns = append(insns, g.arithmetic(dst, g.any()))
	}
	return append(insns, addK(asm.R7, -1), asm.Instruction{Op: 0x55, Dst: asm.R7, Off: int16(-n - 2)})
}

var jumpOps = []asm.JumpOp{asm.OpJEq, asm.OpJGT, asm.OpJGE, asm.OpJSet, asm.OpJNE, asm.OpJSGT, asm.OpJSGE, asm.OpJLT, asm.OpJLE,
	asm.OpJSLT, asm.OpJSLE}

// conditional is a jump whose distance is not known yet.
func (g *generator) conditional() []asm.Instruction {
	class, source := asm.ClassJMP, asm.X
	if g.IntN(2) == 0 {
		class = asm.ClassJMP32
	}
	if g.IntN(2) == 0 {
		source = asm.K
	}
	i := asm.Instruction{Op: asm.JumpOpcode(class, jumpOps[g.IntN(len(jumpOps))], source), Dst: g.any()}
	if source == asm.X {
		i.Src = g.any()
	} else {
		i.Imm = int64(int32(g.number()))
	}
	return []asm.Instruction{i}
}

// link puts the pieces together and fills in the distances.
func (g *generator) link() []asm.Instruction {
	var insns []asm.Instruction
	starts, slot := make([]int, len(g.pieces)+1), 0
	for p, piece := range g.pieces {
		starts[p] = slot
		for _, i := range piece {
			slot += i.Slots()
		}
	}
	starts[len(g.pieces)] = slot
	functions := []int{0}
	var code []asm.Instruction
	for range g.functions {
		functions = append(functions, slot)
		f := g.function()
		slot += len(f)
		code = append(code, f...)
	}
	at := 0
	for p, piece := range g.pieces {
		for n, i := range piece {
			at += i.Slots()
			if to, ok := g.jumps[p]; ok && n == 0 {
				i.Off = int16(starts[to] - at)
			}
			if i.Op == 0x85 && i.Src == asm.CallSubprogram {
				i.Imm = int64(functions[i.Imm] - at)
			}
			insns = append(insns, i)
		}
	}
	return append(insns, code...)
}

// functions finds the functions of linked instructions: what calls lead to.
func functions(insns []asm.Instruction) []asm.Label {
	slots, n := map[int64]int{}, int64(0)
	for i, ins := range insns {
		slots[n] = i
		n += int64(ins.Slots())
	}
	starts := map[int]bool{0: true}
	n = 0
	for _, ins := range insns {
		n += int64(ins.Slots())
		if ins.Op == 0x85 && ins.Src == asm.CallSubprogram || ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func {
			starts[slots[n+int64(int32(ins.Imm))]] = true
		}
	}
	var labels []asm.Label
	for i := range insns {
		if starts[i] {
			labels = append(labels, asm.Label{Name: fmt.Sprintf("f%d", i), Index: i})
		}
	}
	return labels
}
