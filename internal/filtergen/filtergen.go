// Package filtergen makes random classic filters and packets for tests that run the same filter in two ways and compare.
//
// A filter reads mostly what is there, so that it gets somewhere, and folds its registers into what it returns: a
// difference in any of their bits shows in the number of bytes that the kernel keeps, of which there are few.
package filtergen

import (
	"math/rand/v2"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// What filters return that do not end early: MinLength to MaxLength. 0 is what they return when they end early.
const (
	MinLength = 16
	MaxLength = MinLength + 255
)

// Program returns a random filter that uses, of the extensions, only those given.
func Program(r *rand.Rand, extensions []classic.Extension) *classic.Program {
	for {
		g := generator{r: r, extensions: extensions}
		if p, err := classic.Decode(g.program()); err == nil {
			return p
		}
		// It read a scratch word that not every path has written.
	}
}

// Packet returns random bytes: often enough for every filter to return what it says, sometimes few.
func Packet(r *rand.Rand) []byte {
	n := MaxLength + 1 + r.IntN(60)
	if r.IntN(6) == 0 {
		n = 1 + r.IntN(80)
	}
	common := [...]byte{0, 0, 1, 2, 4, 5, 6, 8, 0x11, 0x45, 0x80, 0xff}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
		if r.IntN(2) == 0 {
			b[i] = common[r.IntN(len(common))]
		}
	}
	return b
}

type generator struct {
	r          *rand.Rand
	extensions []classic.Extension
	out        []bpf.RawInstruction
}

func (g *generator) emit(op classic.Opcode, k uint32) {
	g.out = append(g.out, bpf.RawInstruction{Op: uint16(op), K: k})
}

func (g *generator) program() []bpf.RawInstruction {
	if g.r.IntN(2) == 0 {
		g.emit(classic.OpLdImm, g.constant())
		g.emit(classic.OpLdxImm, g.constant())
		g.emit(classic.OpSt, 0)
		g.emit(classic.OpStx, 15)
	}
	for end := len(g.out) + 1 + g.r.IntN(30); len(g.out) < end; {
		g.instruction(max(0, end-len(g.out)-1))
	}
	for _, ins := range fold {
		g.emit(ins.op, ins.k)
	}
	return g.out
}

// fold is the end of every program: A and X to a number of 8 bits, in which each of theirs counts.
var fold = [...]struct {
	op classic.Opcode
	k  uint32
}{
	{classic.OpMulK, 0x9e3779b1}, {classic.OpAddX, 0},
	{classic.OpTax, 0}, {classic.OpRshK, 16}, {classic.OpXorX, 0},
	{classic.OpTax, 0}, {classic.OpRshK, 8}, {classic.OpXorX, 0},
	{classic.OpAndK, 0xff}, {classic.OpAddK, MinLength}, {classic.OpRetA, 0},
}

// instruction emits one instruction. rest more will follow before the end.
func (g *generator) instruction(rest int) {
	r := g.r
	switch r.IntN(16) {
	case 0, 1, 2:
		g.emit(pick(r, classic.OpLdAbsB, classic.OpLdAbsH, classic.OpLdAbsW), g.offset())
	case 3, 4:
		if r.IntN(4) > 0 { // an X that is an offset
			g.emit(classic.OpAndK, 0x1f)
			g.emit(classic.OpTax, 0)
		}
		g.emit(pick(r, classic.OpLdIndB, classic.OpLdIndH, classic.OpLdIndW), g.offset())
	case 5:
		g.emit(classic.OpLdxMsh, g.offset())
	case 6:
		g.emit(pick(r, classic.OpLdLen, classic.OpLdxLen, classic.OpNeg), 0)
	case 7:
		g.emit(pick(r, classic.OpLdImm, classic.OpLdxImm), g.constant())
	case 8:
		g.emit(pick(r, classic.OpLdMem, classic.OpLdxMem, classic.OpSt, classic.OpStx), pick(r, uint32(0), 15))
	case 9:
		g.emit(classic.OpAndK, pick(r, uint32(7), 0x1f, 0x3f, 0xff)) // makes an offset of a number
	case 10, 11:
		g.emit(pick(r, classic.OpTax, classic.OpTxa), 0)
	case 12, 13:
		g.arithmetic()
	case 14:
		g.jump(rest)
	case 15:
		if len(g.extensions) > 0 {
			const skfADOff = 0xfffff000
			e := g.extensions[r.IntN(len(g.extensions))]
			g.emit(pick(r, classic.OpLdAbsB, classic.OpLdAbsH, classic.OpLdAbsW), skfADOff+uint32(e))
		} else if r.IntN(4) == 0 {
			g.emit(classic.OpRetK, g.constant())
		}
	}
}

func (g *generator) arithmetic() {
	constant := []classic.Opcode{classic.OpAddK, classic.OpSubK, classic.OpMulK, classic.OpDivK, classic.OpModK,
		classic.OpAndK, classic.OpOrK, classic.OpXorK, classic.OpLshK, classic.OpRshK}
	op := pick(g.r, constant...)
	switch {
	case g.r.IntN(2) == 0:
		g.emit(op|0x08, 0) // the same with X
	case op == classic.OpLshK || op == classic.OpRshK:
		g.emit(op, g.r.Uint32N(32))
	default:
		g.emit(op, max(1, g.constant()))
	}
}

func (g *generator) jump(rest int) {
	r := g.r
	if r.IntN(6) == 0 {
		g.emit(classic.OpJa, r.Uint32N(uint32(min(rest, 4)+1)))
		return
	}
	op := pick(r, classic.OpJeqK, classic.OpJgtK, classic.OpJgeK, classic.OpJsetK,
		classic.OpJeqX, classic.OpJgtX, classic.OpJgeX, classic.OpJsetX)
	ins := bpf.RawInstruction{Op: uint16(op), K: g.constant()}
	ins.Jt, ins.Jf = uint8(r.IntN(min(rest, 8)+1)), uint8(r.IntN(min(rest, 8)+1))
	g.out = append(g.out, ins)
}

// offset returns where to load from.
func (g *generator) offset() uint32 {
	const skfNetOff, skfLLOff = 0xfff00000, 0xffe00000
	switch g.r.IntN(40) {
	case 0, 1, 2, 3, 4, 5:
		return skfNetOff + g.r.Uint32N(48)
	case 6, 7:
		return skfLLOff + g.r.Uint32N(64)
	case 8:
		return g.r.Uint32N(400)
	case 9:
		return pick(g.r, uint32(0x7fffffff), 0x7ffffffc, 0x80000000, 0xffdfffff, 0xffefffff, 0xffffefff, skfNetOff-2)
	}
	return g.r.Uint32N(48)
}

func (g *generator) constant() uint32 {
	switch g.r.IntN(6) {
	case 0:
		return g.r.Uint32()
	case 1:
		return pick(g.r, uint32(0x7fffffff), 0x80000000, 0xffffffff, 0xfffffffe, 0xffff, 0x10000)
	case 2:
		return uint32(1) << g.r.IntN(32)
	}
	return g.r.Uint32N(70)
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
