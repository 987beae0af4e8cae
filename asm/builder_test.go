package asm_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

func newBuilder() *asm.Builder { return asm.NewBuilder("test", asm.SocketFilter) }

func build(t *testing.T, calls func(*asm.Builder)) *asm.Program {
	t.Helper()
	b := newBuilder()
	calls(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// text returns the program's instructions in LLVM's syntax with distances instead of labels.
func text(p *asm.Program) (lines []string) {
	for _, i := range p.All() {
		lines = append(lines, i.String())
	}
	return lines
}

func TestBuilderLabels(t *testing.T) {
	for _, test := range []struct {
		name  string
		calls func(*asm.Builder)
		want  []string
	}{
		{"forward", func(b *asm.Builder) {
			b.Jump("out")
			b.Mov(asm.R0, 0)
			b.Label("out")
			b.Exit()
		}, []string{"goto +1", "r0 = 0", "exit"}},
		{"forward over a 64-bit immediate", func(b *asm.Builder) {
			b.JumpIf(asm.R1.Eq(0), "out")
			b.LdImm64(asm.R0, 1)
			b.Label("out")
			b.Exit()
		}, []string{"if r1 == 0 goto +2", "r0 = 1 ll", "exit"}},
		{"backward over a 64-bit immediate", func(b *asm.Builder) {
			b.Label("again")
			b.LdImm64(asm.R0, 1)
			b.MayGoto("out")
			b.Jump("again")
			b.Label("out")
			b.Exit()
		}, []string{"r0 = 1 ll", "may_goto +1", "goto -4", "exit"}},
		{"to itself and to the next", func(b *asm.Builder) {
			b.Label("self")
			b.Jump("self")
			b.Jump("next")
			b.Label("next")
			b.Exit()
		}, []string{"goto -1", "goto +0", "exit"}},
		{"two at one place", func(b *asm.Builder) {
			b.Jump("a")
			b.JumpLong("b")
			b.Label("a")
			b.Label("b")
			b.Exit()
		}, []string{"goto +1", "gotol +0", "exit"}},
		{"at the end, unused", func(b *asm.Builder) {
			b.Exit()
			b.Label("end")
		}, []string{"exit"}},
		{"calls of subprograms", func(b *asm.Builder) {
			b.CallSubprogram("second")
			b.LdFunc(asm.R1, "first")
			b.Exit()
			b.Subprogram("first")
			b.Jump("end")
			b.Label("end")
			b.Exit()
			b.Subprogram("second")
			b.CallSubprogram("first")
			b.Exit()
		}, []string{"call pc+5", "ld_pseudo r1, 4, 2", "exit", "goto +0", "exit", "call pc-3", "exit"}},
		{"calls of another program's function", func(b *asm.Builder) {
			b.CallSubprogram("elsewhere")
			b.Exit()
		}, []string{"call pc-1", "exit"}},
		{"names that look like instructions", func(b *asm.Builder) {
			b.Jump("exit")
			b.Label("call")
			b.Label("r12")
			b.Label("_.$1")
			b.Label("exit")
			b.Exit()
		}, []string{"goto +0", "exit"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, text(build(t, test.calls))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestProgramText(t *testing.T) {
	p := build(t, func(b *asm.Builder) {
		b.Mov(asm.R6, asm.R1)
		b.LdMap(asm.R1, "counters")
		b.LdMapValue(asm.R2, "config", 8)
		b.LdMapValue(asm.R3, "config", 0)
		b.CallHelper(asm.FnMapLookupElem)
		b.JumpIf(asm.R0.NotEq(0), "found")
		b.CallSubprogram("miss")
		b.CallSubprogram("elsewhere")
		b.LdFunc(asm.R1, "miss")
		b.LdFunc(asm.R1, "elsewhere")
		b.Emit(asm.Instruction{Op: 0x05, Off: 1})
		b.Label("found")
		b.Mov(asm.R0, 1)
		b.Exit()
		b.Subprogram("miss")
		b.JumpIf(asm.R1.SLt32(-1), "out")
		b.Mov32(asm.R0, 0)
		b.Label("out")
		b.Exit()
	})
	for _, test := range []struct {
		syntax asm.Syntax
		want   string
	}{
		{asm.LLVM, `
.type elsewhere,@function
test:
	r6 = r1
	r1 = counters ll
	r2 = config+8 ll
	r3 = config+0 ll
	call 1
	if r0 != 0 goto found
	call miss
	call elsewhere
	r1 = miss ll
	r1 = elsewhere ll
	goto L17
found:
	r0 = 1
L17:
	exit
miss:
	if w1 s< -1 goto out
	w0 = 0
out:
	exit
`},
		{asm.Kernel, `
0: (bf) r6 = r1
1: (18) r1 = map[counters]
3: (18) r2 = map[config][0]+8
5: (18) r3 = map[config][0]+0
7: (85) call bpf_map_lookup_elem#1
8: (55) if r0 != 0x0 goto pc+7
9: (85) call pc+8
10: (85) call elsewhere
11: (18) r1 = subprog[+6]
13: (18) r1 = subprog[elsewhere]
15: (05) goto pc+1
16: (b7) r0 = 1
17: (95) exit
18: (c6) if w1 s< 0xffffffff goto pc+1
19: (b4) w0 = 0
20: (95) exit
`},
	} {
		if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), string(p.AppendText(nil, test.syntax))); diff != "" {
			t.Errorf("syntax %d (-want +got):\n%s", test.syntax, diff)
		}
	}
}

// A name that Emit's jumps need does not collide with one of the author's.
func TestProgramTextInventsNames(t *testing.T) {
	p := build(t, func(b *asm.Builder) {
		b.Emit(asm.Instruction{Op: 0x05, Off: 1})
		b.Label("L2")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	if got := p.String(); strings.Count(got, "\nL2:") != 1 {
		t.Errorf("two labels of one name:\n%s", got)
	}
}

func TestBuilderRefuses(t *testing.T) {
	const end = "exit"
	for _, test := range []struct {
		name  string
		calls func(*asm.Builder)
		want  string // without position and program
		is    error
	}{
		// Operands.
		{"register r11", func(b *asm.Builder) { b.Mov(11, 1) }, "instruction 0: r11 = 1: register out of range: destination r11", asm.ErrRegister},
		{"source register r11", func(b *asm.Builder) { b.Add32(asm.R1, asm.Register(11)) }, "instruction 0: w1 += w11: register out of range: source r11", asm.ErrRegister},
		{"base register r300", func(b *asm.Builder) { b.Ldx(asm.R1, asm.Register(300).U8(0)) }, "instruction 0: r1 = *(u8 *)(r300 + 0): register out of range: source r300", asm.ErrRegister},
		{"compared register r11", func(b *asm.Builder) { b.JumpIf(asm.R1.Eq(asm.Register(11)), end) }, "instruction 0: if r1 == r11 goto exit: register out of range: source r11", asm.ErrRegister},
		{"register r11 for a map", func(b *asm.Builder) { b.LdMapValue(11, "config", 8) }, "instruction 0: r11 = config+8 ll: register out of range: destination r11", asm.ErrRegister},
		{"operand of no type", func(b *asm.Builder) { b.Mov(asm.R1, nil) }, "instruction 0: r1 = 0: bad operand: <nil>, want a Register or an integer", asm.ErrOperand},
		{"operand of another type", func(b *asm.Builder) { b.Mov(asm.R1, "5") }, "instruction 0: r1 = 0: bad operand: string, want a Register or an integer", asm.ErrOperand},
		{"operand that is a place", func(b *asm.Builder) { b.Add(asm.R1, asm.R2.U8(0)) }, "instruction 0: r1 += 0: bad operand: asm.Mem, want a Register or an integer", asm.ErrOperand},
		{"operand that is not whole", func(b *asm.Builder) { b.Mov(asm.R1, 1.5) }, "instruction 0: r1 = 0: bad operand: float64, want a Register or an integer", asm.ErrOperand},
		{"constant of another type to load", func(b *asm.Builder) { b.LdImm64(asm.R1, asm.R2) }, "instruction 0: r1 = 0 ll: bad operand: asm.Register, want an integer", asm.ErrOperand},
		{"condition without a comparison", func(b *asm.Builder) { b.JumpIf(asm.Cond{}, end) }, "instruction 0: goto exit: bad operand: a condition without a comparison", asm.ErrOperand},
		{"stores of registers", func(b *asm.Builder) { b.St(asm.FP.U64(-8), asm.R1) }, "instruction 0: *(u64 *)(r10 - 8) = 0: bad operand: a register, which Stx stores", asm.ErrOperand},

		// Constants.
		{"33 bits", func(b *asm.Builder) { b.Mov(asm.R1, int64(1<<32)) }, "instruction 0: r1 = 4294967296: immediate out of range: 4294967296 does not fit 32 bits with sign; load it with LdImm64", asm.ErrImmediate},
		{"32 bits without sign for 64", func(b *asm.Builder) { b.And(asm.R1, uint32(0xffffffff)) }, "instruction 0: r1 &= 4294967295: immediate out of range: 4294967295 does not fit 32 bits with sign; load it with LdImm64", asm.ErrImmediate},
		{"below 32 bits with sign", func(b *asm.Builder) { b.Mov(asm.R1, int64(math.MinInt32-1)) }, "instruction 0: r1 = -2147483649: immediate out of range: -2147483649 does not fit 32 bits with sign; load it with LdImm64", asm.ErrImmediate},
		{"comparison on 64 bits", func(b *asm.Builder) { b.JumpIf(asm.R1.Eq(uint32(0xffffffff)), end) }, "instruction 0: if r1 == 4294967295 goto exit: immediate out of range: 4294967295 does not fit 32 bits with sign; load it with LdImm64", asm.ErrImmediate},
		{"33 bits for 32", func(b *asm.Builder) { b.Mov32(asm.R1, uint64(1<<32)) }, "instruction 0: w1 = 4294967296: immediate out of range: 4294967296 does not fit 32 bits", asm.ErrImmediate},
		{"below 32 bits for 32", func(b *asm.Builder) { b.Mov32(asm.R1, int64(math.MinInt32-1)) }, "instruction 0: w1 = -2147483649: immediate out of range: -2147483649 does not fit 32 bits", asm.ErrImmediate},
		{"64 bits that would be a negative int64, for 32", func(b *asm.Builder) { b.Mov32(asm.R1, uint64(math.MaxUint64)) }, "instruction 0: w1 = 0: immediate out of range: 18446744073709551615 does not fit 32 bits", asm.ErrImmediate},
		{"comparison on 32 bits", func(b *asm.Builder) { b.JumpIf(asm.R1.SGe32(int64(1<<32)), end) }, "instruction 0: if w1 s>= 4294967296 goto exit: immediate out of range: 4294967296 does not fit 32 bits", asm.ErrImmediate},
		{"9 bits to store in 8", func(b *asm.Builder) { b.St(asm.FP.U8(-1), 256) }, "instruction 0: *(u8 *)(r10 - 1) = 256: immediate out of range: 256 does not fit 8 bits", asm.ErrImmediate},
		{"below 8 bits to store in 8", func(b *asm.Builder) { b.St(asm.FP.U8(-1), -129) }, "instruction 0: *(u8 *)(r10 - 1) = -129: immediate out of range: -129 does not fit 8 bits", asm.ErrImmediate},
		{"17 bits to store in 16", func(b *asm.Builder) { b.St(asm.FP.U16(-2), 0x10000) }, "instruction 0: *(u16 *)(r10 - 2) = 65536: immediate out of range: 65536 does not fit 16 bits", asm.ErrImmediate},
		{"32 bits without sign to store in 64", func(b *asm.Builder) { b.St(asm.FP.U64(-8), int64(0xffffffff)) }, "instruction 0: *(u64 *)(r10 - 8) = 4294967295: immediate out of range: 4294967295 does not fit 32 bits with sign; load it with LdImm64", asm.ErrImmediate},
		{"offset in a map value", func(b *asm.Builder) { b.LdMapValue(asm.R1, "config", 1<<31) }, "instruction 0: r1 = config-2147483648 ll: immediate out of range: offset 2147483648 does not fit 31 bits", asm.ErrImmediate},
		{"byte order of 8 bits", func(b *asm.Builder) { b.BE(asm.R1, 8) }, "instruction 0: r1 = be8 r1: immediate out of range: byte swap of 8 bits", asm.ErrImmediate},
		{"byte order of 2^16+16 bits", func(b *asm.Builder) { b.Bswap(asm.R1, 1<<16+16) }, "instruction 0: r1 = bswap65552 r1: immediate out of range: byte swap of 65552 bits", asm.ErrImmediate},
		{"sign extension of 9 bits", func(b *asm.Builder) { b.MovSX(asm.R1, asm.R2, 9) }, "instruction 0: r1 = r2: immediate out of range: sign extension of 9 bits", asm.ErrImmediate},
		{"sign extension of 32 bits to 32", func(b *asm.Builder) { b.MovSX32(asm.R1, asm.R2, 32) }, "instruction 0: w1 = w2: immediate out of range: sign extension of 32 bits", asm.ErrImmediate},
		{"sign extension of 2^16+8 bits", func(b *asm.Builder) { b.MovSX(asm.R1, asm.R2, 1<<16+8) }, "instruction 0: r1 = r2: immediate out of range: sign extension of 65544 bits", asm.ErrImmediate},
		{"cast within an address space", func(b *asm.Builder) { b.AddrSpaceCast(asm.R1, asm.R2, 1, 1) }, "instruction 0: r1 = addr_space_cast(r2, 1, 1): immediate out of range: no cast from address space 1 to 1", asm.ErrImmediate},
		{"cast from address space 2^16+1", func(b *asm.Builder) { b.AddrSpaceCast(asm.R1, asm.R2, 0, 1<<16+1) }, "instruction 0: r1 = addr_space_cast(r2, 0, 1): immediate out of range: no cast from address space 65537 to 0", asm.ErrImmediate},
		{"cast to address space 2^16", func(b *asm.Builder) { b.AddrSpaceCast(asm.R1, asm.R2, 1<<16, 1) }, "instruction 0: r1 = addr_space_cast(r2, 65536, 1): immediate out of range: no cast from address space 1 to 65536", asm.ErrImmediate},

		// Memory.
		{"offset above 16 bits", func(b *asm.Builder) { b.Ldx(asm.R1, asm.R2.U8(32768)) }, "instruction 0: r1 = *(u8 *)(r2 + 0): immediate out of range: offset 32768 does not fit 16 bits", asm.ErrImmediate},
		{"offset below 16 bits", func(b *asm.Builder) { b.Stx(asm.R2.U64(-32769), asm.R1) }, "instruction 0: *(u64 *)(r2 + 0) = r1: immediate out of range: offset -32769 does not fit 16 bits", asm.ErrImmediate},
		{"size that is none", func(b *asm.Builder) { b.Ldx(asm.R1, asm.Mem{Base: asm.R2, Size: 5}) }, "instruction 0: r1 = *(u32 *)(r2 + 0): bad operand: 0x5 is not a size", asm.ErrOperand},
		{"size of another opcode's bits", func(b *asm.Builder) { b.Stx(asm.Mem{Base: asm.R2, Size: 0xc0}, asm.R1) }, "instruction 0: *(u32 *)(r2 + 0) = r1: bad operand: 0xc0 is not a size", asm.ErrOperand},
		{"element that is not there", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Elem(asm.SkBuffCB, 5)) }, "instruction 0: r0 = *(u32 *)(r1 + 68): bad operand: __sk_buff.cb has 5 elements, and none at index 5", asm.ErrOperand},
		{"element before the first", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Elem(asm.SkBuffCB, -1)) }, "instruction 0: r0 = *(u32 *)(r1 + 44): bad operand: __sk_buff.cb has 5 elements, and none at index -1", asm.ErrOperand},
		{"field that is none", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(60000)) }, "instruction 0: r0 = *(u32 *)(r1 + 0): bad operand: field 60000 has 0 elements, and none at index 0", asm.ErrOperand},
		{"sign of a store", func(b *asm.Builder) { b.Stx(asm.FP.S8(-1), asm.R1) }, "instruction 0: *(u8 *)(r10 - 1) = r1: bad operand: only Ldx extends a sign", asm.ErrOperand},
		{"sign of an acquiring load", func(b *asm.Builder) { b.LoadAcquire(asm.R0, asm.FP.S32(-4)) }, "instruction 0: w0 = load_acquire((u32 *)(r10 - 4)): bad operand: only Ldx extends a sign", asm.ErrOperand},
		{"atomic operation on a byte", func(b *asm.Builder) { b.FetchAdd(asm.FP.U8(-1), asm.R1) }, "instruction 0: w1 = atomic_fetch_add((u8 *)(r10 - 1), w1): immediate out of range: no atomic operation 0x1 on 1 bytes", asm.ErrImmediate},
		{"packet load of 8 bytes", func(b *asm.Builder) { b.LdAbs(asm.DW, 0) }, "instruction 0: r0 = *(u32 *)skb[0]: bad operand: a packet load takes 1, 2 or 4 bytes", asm.ErrOperand},
		{"packet load of no size", func(b *asm.Builder) { b.LdInd(0xff, asm.R7, 4) }, "instruction 0: r0 = *(u32 *)skb[r7 + 4]: bad operand: a packet load takes 1, 2 or 4 bytes", asm.ErrOperand},

		// What is encoded properly and makes no sense.
		{"shift by 64", func(b *asm.Builder) { b.Lsh(asm.R1, 64) }, "instruction 0: r1 <<= 64: shift count out of range: 64 of 64 bits", asm.ErrShift},
		{"shift by 32 of 32", func(b *asm.Builder) { b.Rsh32(asm.R1, 32) }, "instruction 0: w1 >>= 32: shift count out of range: 32 of 32 bits", asm.ErrShift},
		{"shift by -1", func(b *asm.Builder) { b.Arsh(asm.R1, -1) }, "instruction 0: r1 s>>= -1: shift count out of range: -1 of 64 bits", asm.ErrShift},
		{"division by zero", func(b *asm.Builder) { b.Div(asm.R1, 0) }, "instruction 0: r1 /= 0: division by zero", asm.ErrDivideByZero},
		{"signed remainder by zero", func(b *asm.Builder) { b.SMod32(asm.R1, 0) }, "instruction 0: w1 s%= 0: division by zero", asm.ErrDivideByZero},
		{"write to r10", func(b *asm.Builder) { b.Add(asm.FP, 8) }, "instruction 0: r10 += 8: r10 is read-only", asm.ErrFramePointer},
		{"move to r10", func(b *asm.Builder) { b.MovSX(asm.FP, asm.R1, 8) }, "instruction 0: r10 = (s8)r1: r10 is read-only", asm.ErrFramePointer},
		{"negation of r10", func(b *asm.Builder) { b.Neg32(asm.FP) }, "instruction 0: w10 = -w10: r10 is read-only", asm.ErrFramePointer},
		{"byte order of r10", func(b *asm.Builder) { b.LE(asm.FP, 16) }, "instruction 0: r10 = le16 r10: r10 is read-only", asm.ErrFramePointer},
		{"load to r10", func(b *asm.Builder) { b.Ldx(asm.FP, asm.R1.U64(0)) }, "instruction 0: r10 = *(u64 *)(r1 + 0): r10 is read-only", asm.ErrFramePointer},
		{"map to r10", func(b *asm.Builder) { b.LdMap(asm.FP, "counters") }, "instruction 0: r10 = counters ll: r10 is read-only", asm.ErrFramePointer},
		{"fetch to r10", func(b *asm.Builder) { b.FetchOr(asm.R1.U64(0), asm.FP) }, "instruction 0: r10 = atomic_fetch_or((u64 *)(r1 + 0), r10): r10 is read-only", asm.ErrFramePointer},
		{"exchange with r10", func(b *asm.Builder) { b.Xchg(asm.R1.U64(0), asm.FP) }, "instruction 0: r10 = xchg_64(r1 + 0, r10): r10 is read-only", asm.ErrFramePointer},
		{"acquiring load to r10", func(b *asm.Builder) { b.LoadAcquire(asm.FP, asm.R1.U64(0)) }, "instruction 0: r10 = load_acquire((u64 *)(r1 + 0)): r10 is read-only", asm.ErrFramePointer},

		// Emit.
		{"emitted unknown opcode", func(b *asm.Builder) { b.Emit(asm.Instruction{Op: 0xff, Dst: asm.R1, Imm: 2}) }, "instruction 0: (0xff) dst=1 src=0 off=0 imm=2: unknown opcode 0xff", asm.ErrOpcode},
		{"emitted unknown atomic operation", func(b *asm.Builder) { b.Emit(asm.Instruction{Op: 0xdb, Dst: asm.R1, Src: asm.R2, Off: 8, Imm: 0x20}) }, "instruction 0: (0xdb) dst=1 src=2 off=8 imm=32: immediate out of range: no atomic operation 0x20 on 8 bytes", asm.ErrImmediate},
		{"emitted reserved field", func(b *asm.Builder) { b.Emit(asm.Instruction{Op: 0x07, Src: asm.R1, Imm: 2}) }, "instruction 0: r0 += 2: reserved field set: source r1", asm.ErrReserved},

		// Labels and subprograms.
		{"undefined label", func(b *asm.Builder) { b.Jump("nowhere") }, "instruction 0: goto nowhere: undefined label nowhere", asm.ErrLabel},
		{"undefined label of a condition", func(b *asm.Builder) { b.JumpIf(asm.R1.HasBits32(4), "nowhere") }, "instruction 0: if w1 & 4 goto nowhere: undefined label nowhere", asm.ErrLabel},
		{"undefined label of a long jump", func(b *asm.Builder) { b.JumpLong("nowhere") }, "instruction 0: gotol nowhere: undefined label nowhere", asm.ErrLabel},
		{"undefined label of may_goto", func(b *asm.Builder) { b.MayGoto("nowhere") }, "instruction 0: may_goto nowhere: undefined label nowhere", asm.ErrLabel},
		{"jump to no name", func(b *asm.Builder) { b.Jump("") }, `instruction 0: goto +0: undefined label ""`, asm.ErrLabel},
		{"label twice", func(b *asm.Builder) { b.Label("a"); b.Label("a") }, "label a: defined before at builder_test.go:LINE", nil},
		{"subprogram with a label's name", func(b *asm.Builder) { b.Label("a"); b.Exit(); b.Subprogram("a"); b.Exit() }, "subprogram a: defined before at builder_test.go:LINE", nil},
		{"label with the program's name", func(b *asm.Builder) { b.Label("test") }, "label test: defined before at builder_test.go:LINE", nil},
		{"label without a name", func(b *asm.Builder) { b.Label("") }, "label : bad name: it is empty", asm.ErrName},
		{"label with a space", func(b *asm.Builder) { b.Label("a b") }, "label a b: bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'", asm.ErrName},
		{"label that is a number", func(b *asm.Builder) { b.Label("1") }, "label 1: bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'", asm.ErrName},
		{"label that is a register", func(b *asm.Builder) { b.Label("r1") }, "label r1: bad name: r1 is a word of the assembly language", asm.ErrName},
		{"map that is a word", func(b *asm.Builder) { b.LdMap(asm.R1, "skb") }, "instruction 0: r1 = skb ll: map: bad name: skb is a word of the assembly language", asm.ErrName},
		{"map value without a name", func(b *asm.Builder) { b.LdMapValue(asm.R1, "", 0) }, "instruction 0: r1 = +0 ll: map value: bad name: it is empty", asm.ErrName},
		{"call without a name", func(b *asm.Builder) { b.CallSubprogram("") }, "instruction 0: call : subprogram: bad name: it is empty", asm.ErrName},
		{"function with a blank", func(b *asm.Builder) { b.LdFunc(asm.R1, "a\tb") }, "instruction 0: r1 = a\tb ll: function: bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'", asm.ErrName},
		{"call of a label", func(b *asm.Builder) { b.CallSubprogram("exit") }, "instruction 0: call exit: exit is a label, not a subprogram", nil},
		{"address of a label", func(b *asm.Builder) { b.LdFunc(asm.R2, "exit") }, "instruction 0: r2 = exit ll: exit is a label, not a subprogram", nil},
		{"jump to a subprogram", func(b *asm.Builder) { b.Jump("sub"); b.Subprogram("sub") }, "instruction 0: goto sub: sub is a subprogram; call it", nil},
		{"jump into a subprogram", func(b *asm.Builder) { b.Jump("in"); b.Subprogram("sub"); b.Label("in") }, "instruction 0: goto in: label in is in another function", nil},
		{"jump out of a subprogram", func(b *asm.Builder) { b.Label("main"); b.Exit(); b.Subprogram("sub"); b.Jump("main") }, "instruction 1: goto main: label main is in another function", nil},
		{"subprogram before any instruction", func(b *asm.Builder) { b.Subprogram("sub") }, "subprogram sub: the main function test has no instructions yet; write that first", nil},
		{"subprogram without instructions", func(b *asm.Builder) { b.Exit(); b.Subprogram("one"); b.Subprogram("two") }, "subprogram one: no instructions; end it with Return or Exit", nil},
		{"function that falls off", func(b *asm.Builder) { b.Mov(asm.R0, 0); b.Subprogram("sub") }, "instruction 0: r0 = 0: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit", asm.ErrFallOff},

		// Maps.
		{"map declared twice", func(b *asm.Builder) {
			b.DeclareMap(asm.MapSpec{Name: "counters", Type: asm.MapArray})
			b.DeclareMap(asm.MapSpec{Name: "counters", Type: asm.MapHash})
		}, "map counters: declared before with another specification", nil},
		{"map declared with a blank", func(b *asm.Builder) { b.DeclareMap(asm.MapSpec{Name: "my map"}) }, "map my map: bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'", asm.ErrName},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder()
			test.calls(b)
			b.Label(end)
			b.Exit()
			p, err := b.Program()
			if p != nil || err == nil {
				t.Fatalf("program, error %v, want %q", err, test.want)
			}
			var e *asm.Error
			if !errors.As(err, &e) || e.Program != "test" || e.Position.String() == "-" {
				t.Fatalf("%v: want an *asm.Error with position and program", err)
			}
			got := strings.TrimPrefix(err.Error(), e.Position.String()+": test: ")
			want := test.want
			if strings.Contains(want, "LINE") {
				// Written on one line, but for the label of the builder's own name.
				line := e.Position.Line
				if strings.HasPrefix(want, "label test") {
					line = lineOfNewBuilder(t)
				}
				want = strings.ReplaceAll(want, "LINE", fmt.Sprint(line))
			}
			if got != want {
				t.Errorf("error %q\nwant  %q", got, want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v: not a %q", err, test.is)
			}
		})
	}
}

// lineOfNewBuilder returns the line that newBuilder calls NewBuilder on.
func lineOfNewBuilder(t *testing.T) int {
	t.Helper()
	var e *asm.Error
	if _, err := newBuilder().Program(); !errors.As(err, &e) {
		t.Fatalf("a program without instructions: %v", err)
	}
	return e.Position.Line
}

func TestBuilderRefusesPrograms(t *testing.T) {
	for _, test := range []struct {
		name  string
		calls func(*asm.Builder)
		want  string
	}{
		{"no instructions", func(b *asm.Builder) {}, "no instructions; a program ends with Return or Exit"},
		{"only a label", func(b *asm.Builder) { b.Label("a") }, "no instructions; a program ends with Return or Exit"},
		{"falls off", func(b *asm.Builder) { b.Mov(asm.R0, 0) },
			"instruction 0: r0 = 0: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit"},
		{"falls off behind a condition", func(b *asm.Builder) { b.Label("a"); b.JumpIf(asm.R1.Eq(0), "a") },
			"instruction 0: if r1 == 0 goto a: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit"},
		{"falls off behind may_goto", func(b *asm.Builder) { b.Label("a"); b.MayGoto("a") },
			"instruction 0: may_goto a: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit"},
		{"falls off behind a call", func(b *asm.Builder) { b.CallHelper(asm.FnMapLookupElem) },
			"instruction 0: call bpf_map_lookup_elem: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit"},
		{"last subprogram falls off", func(b *asm.Builder) { b.Exit(); b.Subprogram("sub"); b.Mov(asm.R0, 0) },
			"instruction 1: r0 = 0: function sub falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit"},
		{"last subprogram is empty", func(b *asm.Builder) { b.Exit(); b.Subprogram("sub") }, "subprogram sub: no instructions; end it with Return or Exit"},
		{"jump to a label behind the last instruction", func(b *asm.Builder) { b.Jump("end"); b.Label("end") },
			"instruction 0: goto end: no instruction follows label end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder()
			test.calls(b)
			_, err := b.Program()
			var e *asm.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if got := strings.TrimPrefix(err.Error(), e.Position.String()+": test: "); got != test.want {
				t.Errorf("error %q\nwant  %q", got, test.want)
			}
		})
	}
	t.Run("jump out of the program", func(t *testing.T) {
		b := newBuilder()
		b.Emit(asm.Instruction{Op: 0x05, Off: 1})
		b.Exit()
		_, err := b.Program()
		if want := "program test: instruction 0: goto +1: leads to slot 2, where no instruction of the program is"; errorText(err) != want {
			t.Errorf("error %v, want %q", err, want)
		}
	})
}

func TestBuilderRefusesNames(t *testing.T) {
	for name, want := range map[string]string{
		"":      "bad name: it is empty",
		"a b":   "bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'",
		"R1":    "bad name: R1 is a word of the assembly language",
		"größe": "bad name: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'",
	} {
		b := asm.NewBuilder(name, asm.SocketFilter)
		b.Exit()
		_, err := b.Program()
		var e *asm.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: error %v, want %q", name, err, want)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), e.Position.String()+": "+name+": "); got != want {
			t.Errorf("%q: error %q, want %q", name, got, want)
		}
	}
}

// Everything that is wrong is reported at once, in the order of the program.
func TestBuilderCollectsErrors(t *testing.T) {
	b := newBuilder()
	b.Jump("nowhere")
	b.Mov(11, int64(1<<40))
	b.Label("a")
	b.Label("a")
	b.Ldx(asm.R0, asm.R1.U8(1<<20))
	b.Div(asm.R0, 0)
	_, err := b.Program()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T, want errors joined", err)
	}
	var got []string
	for _, err := range joined.Unwrap() {
		var e *asm.Error
		if !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		got = append(got, fmt.Sprintf("%d %s: %v", e.Index, e.Text, e.Err))
		if unwrapped := errors.Unwrap(err); unwrapped != e.Err {
			t.Errorf("Unwrap of %v: %v", err, unwrapped)
		}
	}
	got[0] = strings.TrimRight(got[0], "0123456789")
	want := []string{
		"-1 label a: defined before at builder_test.go:",
		"0 goto nowhere: undefined label nowhere",
		"1 r11 = 1099511627776: immediate out of range: 1099511627776 does not fit 32 bits with sign; load it with LdImm64",
		"2 r0 = *(u8 *)(r1 + 0): immediate out of range: offset 1048576 does not fit 16 bits",
		"3 r0 /= 0: division by zero",
		"3 r0 /= 0: function test falls off the end: its last instruction is neither exit nor goto; end it with Return or Exit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Constants of every integer type, and which numbers the widths take.
func TestBuilderConstants(t *testing.T) {
	p := build(t, func(b *asm.Builder) {
		b.Mov(asm.R0, int(-1))
		b.Mov(asm.R0, int8(-2))
		b.Mov(asm.R0, int16(-3))
		b.Mov(asm.R0, int32(-4))
		b.Mov(asm.R0, int64(-5))
		b.Mov(asm.R0, uint(1))
		b.Mov(asm.R0, uint8(2))
		b.Mov(asm.R0, uint16(3))
		b.Mov(asm.R0, uint32(4))
		b.Mov(asm.R0, uint64(5))
		b.Mov(asm.R0, uintptr(6))
		b.Mov(asm.R0, asm.UpdateNoExist)
		b.Mov(asm.R0, '\n')
		b.Mov(asm.R0, uint64(math.MaxUint64)) // the pattern of -1
		b.Mov(asm.R0, uint64(1<<64-1<<31))    // the pattern of -2147483648
		b.Mov32(asm.R0, uint32(math.MaxUint32))
		b.Mov32(asm.R0, int64(math.MaxUint32))
		b.JumpIf(asm.R0.Eq32(uint32(0x80000000)), "out")
		b.Label("out")
		b.Exit()
	})
	want := []string{"r0 = -1", "r0 = -2", "r0 = -3", "r0 = -4", "r0 = -5", "r0 = 1", "r0 = 2", "r0 = 3", "r0 = 4", "r0 = 5", "r0 = 6",
		"r0 = 1", "r0 = 10", "r0 = -1", "r0 = -2147483648", "w0 = -1", "w0 = -1", "if w0 == -2147483648 goto +0", "exit"}
	if diff := cmp.Diff(want, text(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A signed place of 8 bytes is a plain load: there is no sign to extend, and no instruction for it.
func TestLdxSigned64(t *testing.T) {
	p := build(t, func(b *asm.Builder) {
		b.Ldx(asm.R0, asm.Mem{Base: asm.R1, Off: 8, Size: asm.DW, Signed: true})
		b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffMark))
		b.Ldx(asm.R0, asm.R1.Elem(asm.SkBuffCB, 4))
		b.Exit()
	})
	want := []string{"r0 = *(u64 *)(r1 + 8)", "r0 = *(u32 *)(r1 + 8)", "r0 = *(u32 *)(r1 + 64)", "exit"}
	if diff := cmp.Diff(want, text(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Storing, comparing and adding r10 is what it is for.
func TestBuilderReadsFramePointer(t *testing.T) {
	p := build(t, func(b *asm.Builder) {
		b.Mov(asm.R1, asm.FP)
		b.Stx(asm.FP.U64(-8), asm.FP)
		b.AtomicAdd(asm.FP.U64(-8), asm.FP)
		b.CmpXchg(asm.FP.U64(-8), asm.FP)
		b.StoreRelease(asm.FP.U64(-8), asm.FP)
		b.JumpIf(asm.FP.Eq(asm.FP), "out")
		b.Label("out")
		b.Exit()
	})
	if p.Len() != 7 {
		t.Errorf("%d instructions, want 7", p.Len())
	}
}
