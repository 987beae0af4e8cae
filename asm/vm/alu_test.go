package vm_test

import (
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// edges are the operands of every operation.
var edges = []uint64{0, 1, 2, 3, 7, 8, 13, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
	0xfffffff3, 0xffffffff, 0x100000000, 0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000080000000,
	0xffffffff80000000, 0xfffffffffffffff3, 0xfffffffffffffffe, 0xffffffffffffffff}

// unsigned and signed are the numbers that the low bits of v stand for.
func unsigned(v uint64, bits uint) *big.Int {
	n := new(big.Int).SetUint64(v)
	return n.Mod(n, new(big.Int).Lsh(big.NewInt(1), bits))
}

func signed(v uint64, bits uint) *big.Int {
	n := unsigned(v, bits)
	if n.Bit(int(bits)-1) == 1 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), bits))
	}
	return n
}

// calculate is RFC 9669 section 4.1 with numbers of any size.
func calculate(op asm.ALUOp, bits uint, a, b uint64) uint64 {
	x, y := unsigned(a, bits), unsigned(b, bits)
	count := uint(new(big.Int).Mod(y, big.NewInt(int64(bits))).Uint64())
	n := new(big.Int)
	switch op {
	case asm.OpAdd:
		n.Add(x, y)
	case asm.OpSub:
		n.Sub(x, y)
	case asm.OpMul:
		n.Mul(x, y)
	case asm.OpDiv:
		if y.Sign() != 0 {
			n.Div(x, y)
		}
	case asm.OpSDiv: // toward zero
		if y.Sign() != 0 {
			n.Quo(signed(a, bits), signed(b, bits))
		}
	case asm.OpMod:
		n = x
		if y.Sign() != 0 {
			n.Mod(x, y)
		}
	case asm.OpSMod:
		n = x
		if y.Sign() != 0 {
			n.Rem(signed(a, bits), signed(b, bits))
		}
	case asm.OpOr:
		n.Or(x, y)
	case asm.OpAnd:
		n.And(x, y)
	case asm.OpXor:
		n.Xor(x, y)
	case asm.OpMov:
		n = y
	case asm.OpMovSX8:
		n = signed(b, 8)
	case asm.OpMovSX16:
		n = signed(b, 16)
	case asm.OpMovSX32:
		n = signed(b, 32)
	case asm.OpNeg:
		n.Neg(x)
	case asm.OpLsh:
		n.Lsh(x, count)
	case asm.OpRsh:
		n.Rsh(x, count)
	case asm.OpArsh:
		n.Rsh(signed(a, bits), count) // rounds down, as a shift of two's complement does
	}
	return n.Mod(n, new(big.Int).Lsh(big.NewInt(1), bits)).Uint64()
}

// run makes a program of instructions and runs it.
func run(t testing.TB, opts *vm.Options, insns ...asm.Instruction) (uint64, error) {
	t.Helper()
	p, err := asm.NewProgram(asm.ProgramSpec{Name: "test", Instructions: insns, Functions: functions(insns)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := vm.New(p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m.Run(nil)
}

// operands makes a program of one instruction, or a few, that finds r1 and r2, and r0 with the value of r1, in its context.
func operands(t testing.TB, insns ...asm.Instruction) func(a, b uint64) (uint64, error) {
	t.Helper()
	first := []asm.Instruction{{Op: 0x79, Dst: asm.R2, Src: asm.R1, Off: 8}, {Op: 0x79, Dst: asm.R1, Src: asm.R1}, mov(asm.R0, asm.R1)}
	p, err := asm.NewProgram(asm.ProgramSpec{Name: "test", Instructions: append(append(first, insns...), exit)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := vm.New(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	memory := &vm.MemoryContext{Data: make([]byte, 16)}
	return func(a, b uint64) (uint64, error) {
		binary.LittleEndian.PutUint64(memory.Data, a)
		binary.LittleEndian.PutUint64(memory.Data[8:], b)
		return m.Run(memory)
	}
}

func ldImm64(dst asm.Register, v uint64) asm.Instruction {
	return asm.Instruction{Op: asm.OpLdImm64, Dst: dst, Imm: int64(v)}
}

var exit = asm.Instruction{Op: 0x95}

func TestArithmetic(t *testing.T) {
	for _, op := range aluOps {
		for _, class := range []asm.Class{asm.ClassALU, asm.ClassALU64} {
			bits := uint(64)
			if class == asm.ClassALU {
				bits = 32
			}
			if op == asm.OpMovSX32 && bits == 32 {
				continue // that is a plain move
			}
			i := asm.Instruction{Op: asm.ALUOpcode(class, op&0xff, asm.X), Src: asm.R2, Off: int16(op >> 8)}
			if op == asm.OpNeg {
				i.Op, i.Src = asm.ALUOpcode(class, op, asm.K), 0
			}
			calculated := operands(t, i)
			for _, a := range edges {
				for _, b := range edges {
					want := calculate(op, bits, a, b)
					if got, err := calculated(a, b); err != nil || got != want {
						t.Errorf("r0 = %#x, r2 = %#x: %v: %#x (error %v), want %#x", a, b, i, got, err, want)
					}
				}
			}
			if op >= asm.OpMovSX8 || op == asm.OpNeg {
				continue
			}
			for _, b := range edges {
				i.Op, i.Src, i.Imm = asm.ALUOpcode(class, op&0xff, asm.K), 0, int64(int32(b))
				calculated := operands(t, i)
				for _, a := range edges {
					want := calculate(op, bits, a, uint64(i.Imm))
					if got, err := calculated(a, 0); err != nil || got != want {
						t.Errorf("r0 = %#x: %v: %#x (error %v), want %#x", a, i, got, err, want)
					}
				}
			}
		}
	}
}

// What other interpreters get wrong, by hand.
func TestArithmeticByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b uint64
		i    asm.Instruction
		want uint64
	}{
		{"division by zero", 5, 0, asm.Instruction{Op: 0x3f, Src: asm.R2}, 0},
		{"division by zero, 32 bits", 5 << 32, 0, asm.Instruction{Op: 0x3c, Src: asm.R2}, 0},
		{"signed division by zero", 5, 0, asm.Instruction{Op: 0x3f, Src: asm.R2, Off: 1}, 0},
		{"modulo zero leaves the destination", 0x500000005, 0, asm.Instruction{Op: 0x9f, Src: asm.R2}, 0x500000005},
		{"modulo zero in 32 bits clears the upper half", 0x500000005, 0, asm.Instruction{Op: 0x9c, Src: asm.R2}, 5},
		{"divisor is zero in 32 bits", 0x500000005, 1 << 32, asm.Instruction{Op: 0x3c, Src: asm.R2}, 0},
		{"the immediate of a division is extended with its sign, then unsigned", 1 << 63, 0, asm.Instruction{Op: 0x37, Imm: -1}, 0},
		{"the same at the largest number", 1<<64 - 1, 0, asm.Instruction{Op: 0x37, Imm: -1}, 1},
		{"signed modulo truncates: -13 % 3", 1<<64 - 13, 3, asm.Instruction{Op: 0x9f, Src: asm.R2, Off: 1}, 1<<64 - 1},
		{"signed modulo: 13 % -3", 13, 1<<64 - 3, asm.Instruction{Op: 0x9f, Src: asm.R2, Off: 1}, 1},
		{"least number by -1", 1 << 63, 1<<64 - 1, asm.Instruction{Op: 0x3f, Src: asm.R2, Off: 1}, 1 << 63},
		{"least number modulo -1", 1 << 63, 1<<64 - 1, asm.Instruction{Op: 0x9f, Src: asm.R2, Off: 1}, 0},
		{"least number of 32 bits by -1", 1 << 31, 1<<32 - 1, asm.Instruction{Op: 0x3c, Src: asm.R2, Off: 1}, 1 << 31},
		{"shift counts are masked", 1, 65, asm.Instruction{Op: 0x6f, Src: asm.R2}, 2},
		{"shift counts are masked, 32 bits", 1, 33, asm.Instruction{Op: 0x6c, Src: asm.R2}, 2},
		{"arithmetic shift in 32 bits", 0xffffffff80000000, 4, asm.Instruction{Op: 0xcc, Src: asm.R2}, 0xf8000000},
		{"move of 32 bits clears the upper half", 0, 0x1122334455667788, asm.Instruction{Op: 0xbc, Src: asm.R2}, 0x55667788},
		{"move of an immediate of 32 bits does too", 1<<64 - 1, 0, asm.Instruction{Op: 0xb4, Imm: -1}, 0xffffffff},
		{"sign extension to 32 bits clears the upper half", 1<<64 - 1, 0x80, asm.Instruction{Op: 0xbc, Src: asm.R2, Off: 8}, 0xffffff80},
		{"address space cast", 0, 0x1122334455667788, asm.Instruction{Op: 0xbf, Src: asm.R2, Off: 1, Imm: 1}, 0x1122334455667788},
	} {
		if got, err := run(t, nil, ldImm64(asm.R0, c.a), ldImm64(asm.R2, c.b), c.i, exit); err != nil || got != c.want {
			t.Errorf("%s: %v: %#x (error %v), want %#x", c.name, c.i, got, err, c.want)
		}
	}
}

func TestByteOrder(t *testing.T) {
	const v = 0x1122334455667788
	for _, c := range []struct {
		name        string
		op          asm.Opcode
		bits        int64
		little, big uint64 // on a machine of that order
	}{
		{"le16", 0xd4, 16, 0x7788, 0x8877},
		{"le32", 0xd4, 32, 0x55667788, 0x88776655},
		{"le64", 0xd4, 64, v, 0x8877665544332211},
		{"be16", 0xdc, 16, 0x8877, 0x7788},
		{"be32", 0xdc, 32, 0x88776655, 0x55667788},
		{"be64", 0xdc, 64, 0x8877665544332211, v},
		{"bswap16", 0xd7, 16, 0x8877, 0x8877},
		{"bswap32", 0xd7, 32, 0x88776655, 0x88776655},
		{"bswap64", 0xd7, 64, 0x8877665544332211, 0x8877665544332211},
	} {
		for order, want := range map[binary.ByteOrder]uint64{binary.LittleEndian: c.little, binary.BigEndian: c.big} {
			got, err := run(t, &vm.Options{Order: order}, ldImm64(asm.R0, v), asm.Instruction{Op: c.op, Imm: c.bits}, exit)
			if err != nil || got != want {
				t.Errorf("%s, %v: %#x (error %v), want %#x", c.name, order, got, err, want)
			}
		}
	}
}

// compare is RFC 9669 section 4.3 with numbers of any size.
func compare(op asm.JumpOp, bits uint, a, b uint64) bool {
	x, y := unsigned(a, bits), unsigned(b, bits)
	switch op {
	case asm.OpJSGT, asm.OpJSGE, asm.OpJSLT, asm.OpJSLE:
		x, y = signed(a, bits), signed(b, bits)
	}
	c := x.Cmp(y)
	switch op {
	case asm.OpJEq:
		return c == 0
	case asm.OpJNE:
		return c != 0
	case asm.OpJGT, asm.OpJSGT:
		return c > 0
	case asm.OpJGE, asm.OpJSGE:
		return c >= 0
	case asm.OpJLT, asm.OpJSLT:
		return c < 0
	case asm.OpJLE, asm.OpJSLE:
		return c <= 0
	}
	return new(big.Int).And(x, y).Sign() != 0 // OpJSet
}

func TestJumps(t *testing.T) {
	for _, op := range jumpOps {
		for bits, class := range map[uint]asm.Class{64: asm.ClassJMP, 32: asm.ClassJMP32} {
			taken := func(i asm.Instruction) func(a, b uint64) (uint64, error) {
				return operands(t, movK(asm.R0, 1), i, movK(asm.R0, 0))
			}
			i := asm.Instruction{Op: asm.JumpOpcode(class, op, asm.X), Dst: asm.R1, Src: asm.R2, Off: 1}
			byRegister := taken(i)
			for _, b := range edges {
				k := asm.Instruction{Op: asm.JumpOpcode(class, op, asm.K), Dst: asm.R1, Off: 1, Imm: int64(int32(b))}
				byNumber := taken(k)
				for _, a := range edges {
					if got, err := byRegister(a, b); err != nil || (got == 1) != compare(op, bits, a, b) {
						t.Errorf("r1 = %#x, r2 = %#x: %v: %d (error %v)", a, b, i, got, err)
					}
					if got, err := byNumber(a, 0); err != nil || (got == 1) != compare(op, bits, a, uint64(k.Imm)) {
						t.Errorf("r1 = %#x: %v: %d (error %v)", a, k, got, err)
					}
				}
			}
		}
	}
}

// Every width and both orders, by hand: v is stored, and a part of it loaded.
func TestLoadStore(t *testing.T) {
	const v = 0x81828384f5f6f7f8
	at := func(class asm.Class, mode asm.Mode, size asm.Size, off int16) asm.Instruction {
		i := asm.Instruction{Op: asm.MemOpcode(class, mode, size), Off: off}
		if class == asm.ClassLDX {
			i.Src = asm.FP
		} else {
			i.Dst = asm.FP
		}
		return i
	}
	stx := func(size asm.Size, off int16) asm.Instruction {
		i := at(asm.ClassSTX, asm.ModeMem, size, off)
		i.Src = asm.R1
		return i
	}
	st := func(size asm.Size, off int16, imm int64) asm.Instruction {
		i := at(asm.ClassST, asm.ModeMem, size, off)
		i.Imm = imm
		return i
	}
	for _, c := range []struct {
		name        string
		store, load asm.Instruction
		little, big uint64
	}{
		{"all", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), v, v},
		{"first byte", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.B, -8), 0xf8, 0x81},
		{"last byte", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.B, -1), 0x81, 0xf8},
		{"first 2 bytes", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.H, -8), 0xf7f8, 0x8182},
		{"first 4 bytes", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.W, -8), 0xf5f6f7f8, 0x81828384},
		{"last 4 bytes", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMem, asm.W, -4), 0x81828384, 0xf5f6f7f8},
		{"signed byte", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMemSX, asm.B, -8), 0xfffffffffffffff8, 0xffffffffffffff81},
		{"signed 2 bytes", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMemSX, asm.H, -8), 0xfffffffffffff7f8, 0xffffffffffff8182},
		{"signed 4 bytes", stx(asm.DW, -8), at(asm.ClassLDX, asm.ModeMemSX, asm.W, -8), 0xfffffffff5f6f7f8, 0xffffffff81828384},
		{"store of a byte", stx(asm.B, -8), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xf8, 0xf8 << 56},
		{"store of 2 bytes", stx(asm.H, -8), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xf7f8, 0xf7f8 << 48},
		{"store of 4 bytes", stx(asm.W, -8), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xf5f6f7f8, 0xf5f6f7f8 << 32},
		{"immediate of a byte", st(asm.B, -8, -2), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xfe, 0xfe << 56},
		{"immediate of 2 bytes", st(asm.H, -8, -2), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xfffe, 0xfffe << 48},
		{"immediate of 4 bytes", st(asm.W, -8, -2), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xfffffffe, 0xfffffffe << 32},
		{"immediate of 8 bytes is extended", st(asm.DW, -8, -2), at(asm.ClassLDX, asm.ModeMem, asm.DW, -8), 0xfffffffffffffffe, 0xfffffffffffffffe},
	} {
		for order, want := range map[binary.ByteOrder]uint64{binary.LittleEndian: c.little, binary.BigEndian: c.big} {
			if got, err := run(t, &vm.Options{Order: order}, ldImm64(asm.R1, v), c.store, c.load, exit); err != nil || got != want {
				t.Errorf("%s, %v: %#x (error %v), want %#x", c.name, order, got, err, want)
			}
		}
	}
}

// Every atomic operation in both widths: what is in memory, in the source register and in r0 afterwards.
func TestAtomic(t *testing.T) {
	const memory, operand, r0 = 0x1111111180000001, 0x22222222f0000003, 0x3333333380000001
	type result struct{ memory, source, r0 uint64 }
	for _, c := range []struct {
		name string
		size asm.Size
		op   asm.AtomicOp
		want result
	}{
		{"add", asm.DW, asm.AtomicAdd, result{0x3333333470000004, operand, r0}},
		{"add, 4 bytes", asm.W, asm.AtomicAdd, result{0x1111111170000004, operand, r0}},
		{"or", asm.DW, asm.AtomicOr, result{0x33333333f0000003, operand, r0}},
		{"or, 4 bytes", asm.W, asm.AtomicOr, result{0x11111111f0000003, operand, r0}},
		{"and", asm.DW, asm.AtomicAnd, result{0x80000001, operand, r0}},
		{"and, 4 bytes", asm.W, asm.AtomicAnd, result{0x1111111180000001, operand, r0}},
		{"xor", asm.DW, asm.AtomicXor, result{0x3333333370000002, operand, r0}},
		{"xor, 4 bytes", asm.W, asm.AtomicXor, result{0x1111111170000002, operand, r0}},
		{"fetch add", asm.DW, asm.AtomicAdd | asm.AtomicFetch, result{0x3333333470000004, memory, r0}},
		{"fetch add, 4 bytes", asm.W, asm.AtomicAdd | asm.AtomicFetch, result{0x1111111170000004, 0x80000001, r0}},
		{"fetch or", asm.DW, asm.AtomicOr | asm.AtomicFetch, result{0x33333333f0000003, memory, r0}},
		{"fetch and", asm.DW, asm.AtomicAnd | asm.AtomicFetch, result{0x80000001, memory, r0}},
		{"fetch xor", asm.DW, asm.AtomicXor | asm.AtomicFetch, result{0x3333333370000002, memory, r0}},
		{"exchange", asm.DW, asm.AtomicXchg, result{operand, memory, r0}},
		{"exchange, 4 bytes", asm.W, asm.AtomicXchg, result{0x11111111f0000003, 0x80000001, r0}},
		{"compare, not equal", asm.DW, asm.AtomicCmpXchg, result{memory, operand, memory}},
		{"compare, equal in 4 bytes", asm.W, asm.AtomicCmpXchg, result{0x11111111f0000003, operand, 0x80000001}},
		{"store release", asm.DW, asm.AtomicStoreRelease, result{operand, operand, r0}},
		{"store release, 4 bytes", asm.W, asm.AtomicStoreRelease, result{0x11111111f0000003, operand, r0}},
		{"store release, 1 byte", asm.B, asm.AtomicStoreRelease, result{0x1111111180000003, operand, r0}},
	} {
		prefix := []asm.Instruction{ldImm64(asm.R1, memory), {Op: 0x7b, Dst: asm.FP, Src: asm.R1, Off: -8}, ldImm64(asm.R1, operand), ldImm64(asm.R0, r0),
			{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeAtomic, c.size), Dst: asm.FP, Src: asm.R1, Off: -8, Imm: int64(c.op)}}
		look := func(last ...asm.Instruction) uint64 {
			v, err := run(t, nil, append(append(prefix[:len(prefix):len(prefix)], last...), exit)...)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			return v
		}
		got := result{
			memory: look(asm.Instruction{Op: 0x79, Src: asm.FP, Off: -8}),
			source: look(mov(asm.R0, asm.R1)),
			r0:     look(),
		}
		if got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
	for size, want := range map[asm.Size]uint64{asm.B: 0x01, asm.H: 0x0001, asm.W: 0x80000001, asm.DW: memory} {
		got, err := run(t, nil, ldImm64(asm.R1, memory), asm.Instruction{Op: 0x7b, Dst: asm.FP, Src: asm.R1, Off: -8},
			asm.Instruction{Op: asm.MemOpcode(asm.ClassSTX, asm.ModeAtomic, size), Src: asm.FP, Off: -8, Imm: int64(asm.AtomicLoadAcquire)}, exit)
		if err != nil || got != want {
			t.Errorf("load acquire of %d bytes: %#x (error %v), want %#x", size.Bytes(), got, err, want)
		}
	}
}
