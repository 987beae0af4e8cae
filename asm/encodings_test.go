package asm_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/golden"
)

// builderCall is one call to the builder, as the author writes it.
type builderCall struct {
	name string
	call func(*asm.Builder)
}

// group is a row of the table that counts the encodings of the instruction set.
type group struct {
	name  string
	want  int // distinct encodings
	calls []builderCall
}

// encodings has a call for every encoding of the instruction set: RFC 9669 and what Linux 6.18 has beyond it.
func encodings() []group {
	return []group{
		{"arithmetic", 48, arithmetic([]operation{
			{"Add", (*asm.Builder).Add}, {"Add32", (*asm.Builder).Add32},
			{"Sub", (*asm.Builder).Sub}, {"Sub32", (*asm.Builder).Sub32},
			{"Mul", (*asm.Builder).Mul}, {"Mul32", (*asm.Builder).Mul32},
			{"Div", (*asm.Builder).Div}, {"Div32", (*asm.Builder).Div32},
			{"Or", (*asm.Builder).Or}, {"Or32", (*asm.Builder).Or32},
			{"And", (*asm.Builder).And}, {"And32", (*asm.Builder).And32},
			{"Lsh", (*asm.Builder).Lsh}, {"Lsh32", (*asm.Builder).Lsh32},
			{"Rsh", (*asm.Builder).Rsh}, {"Rsh32", (*asm.Builder).Rsh32},
			{"Mod", (*asm.Builder).Mod}, {"Mod32", (*asm.Builder).Mod32},
			{"Xor", (*asm.Builder).Xor}, {"Xor32", (*asm.Builder).Xor32},
			{"Mov", (*asm.Builder).Mov}, {"Mov32", (*asm.Builder).Mov32},
			{"Arsh", (*asm.Builder).Arsh}, {"Arsh32", (*asm.Builder).Arsh32},
		})},
		{"negation", 2, []builderCall{
			{"Neg(R1)", func(b *asm.Builder) { b.Neg(asm.R1) }},
			{"Neg32(R1)", func(b *asm.Builder) { b.Neg32(asm.R1) }},
		}},
		{"signed division", 8, arithmetic([]operation{
			{"SDiv", (*asm.Builder).SDiv}, {"SDiv32", (*asm.Builder).SDiv32},
			{"SMod", (*asm.Builder).SMod}, {"SMod32", (*asm.Builder).SMod32},
		})},
		{"sign-extending moves", 5, []builderCall{
			{"MovSX32(R1, R2, 8)", func(b *asm.Builder) { b.MovSX32(asm.R1, asm.R2, 8) }},
			{"MovSX32(R1, R2, 16)", func(b *asm.Builder) { b.MovSX32(asm.R1, asm.R2, 16) }},
			{"MovSX(R1, R2, 8)", func(b *asm.Builder) { b.MovSX(asm.R1, asm.R2, 8) }},
			{"MovSX(R1, R2, 16)", func(b *asm.Builder) { b.MovSX(asm.R1, asm.R2, 16) }},
			{"MovSX(R1, R2, 32)", func(b *asm.Builder) { b.MovSX(asm.R1, asm.R2, 32) }},
		}},
		{"byte order", 9, byteOrder()},
		{"64-bit conditions", 22, conditions([]comparison{
			{"Eq", asm.Register.Eq}, {"NotEq", asm.Register.NotEq},
			{"Lt", asm.Register.Lt}, {"Le", asm.Register.Le}, {"Gt", asm.Register.Gt}, {"Ge", asm.Register.Ge},
			{"SLt", asm.Register.SLt}, {"SLe", asm.Register.SLe}, {"SGt", asm.Register.SGt}, {"SGe", asm.Register.SGe},
			{"HasBits", asm.Register.HasBits},
		})},
		{"32-bit conditions", 22, conditions([]comparison{
			{"Eq32", asm.Register.Eq32}, {"NotEq32", asm.Register.NotEq32},
			{"Lt32", asm.Register.Lt32}, {"Le32", asm.Register.Le32}, {"Gt32", asm.Register.Gt32}, {"Ge32", asm.Register.Ge32},
			{"SLt32", asm.Register.SLt32}, {"SLe32", asm.Register.SLe32}, {"SGt32", asm.Register.SGt32}, {"SGe32", asm.Register.SGe32},
			{"HasBits32", asm.Register.HasBits32},
		})},
		{"jumps", 2, []builderCall{
			{`Jump("next")`, func(b *asm.Builder) { b.Jump("next") }},
			{`JumpLong("next")`, func(b *asm.Builder) { b.JumpLong("next") }},
		}},
		{"calls", 3, []builderCall{
			{"CallHelper(FnMapLookupElem)", func(b *asm.Builder) { b.CallHelper(asm.FnMapLookupElem) }},
			{`CallSubprogram("sub")`, func(b *asm.Builder) { b.CallSubprogram("sub") }},
			{"CallKfunc(4711, 0)", func(b *asm.Builder) { b.CallKfunc(4711, 0) }},
		}},
		{"exit", 1, []builderCall{{"Exit()", (*asm.Builder).Exit}}},
		{"loads and stores", 12, memory()},
		{"sign-extending loads", 3, []builderCall{
			{"Ldx(R1, R2.S8(8))", func(b *asm.Builder) { b.Ldx(asm.R1, asm.R2.S8(8)) }},
			{"Ldx(R1, R2.S16(8))", func(b *asm.Builder) { b.Ldx(asm.R1, asm.R2.S16(8)) }},
			{"Ldx(R1, R2.S32(8))", func(b *asm.Builder) { b.Ldx(asm.R1, asm.R2.S32(8)) }},
		}},
		{"64-bit immediates", 7, []builderCall{
			{"LdImm64(R1, int64(0x1122334455667788))", func(b *asm.Builder) { b.LdImm64(asm.R1, int64(0x1122334455667788)) }},
			{`LdMap(R1, "counters")`, func(b *asm.Builder) { b.LdMap(asm.R1, "counters") }},
			{`LdMapValue(R1, "config", 24)`, func(b *asm.Builder) { b.LdMapValue(asm.R1, "config", 24) }},
			{"LdBTFID(R1, 4711, 0)", func(b *asm.Builder) { b.LdBTFID(asm.R1, 4711, 0) }},
			{`LdFunc(R1, "sub")`, func(b *asm.Builder) { b.LdFunc(asm.R1, "sub") }},
			{"LdMapIndex(R1, 3)", func(b *asm.Builder) { b.LdMapIndex(asm.R1, 3) }},
			{"LdMapIndexValue(R1, 3, 24)", func(b *asm.Builder) { b.LdMapIndexValue(asm.R1, 3, 24) }},
		}},
		{"packet loads", 6, []builderCall{
			{"LdAbs(B, 12)", func(b *asm.Builder) { b.LdAbs(asm.B, 12) }},
			{"LdAbs(H, 12)", func(b *asm.Builder) { b.LdAbs(asm.H, 12) }},
			{"LdAbs(W, 12)", func(b *asm.Builder) { b.LdAbs(asm.W, 12) }},
			{"LdInd(B, R7, 0)", func(b *asm.Builder) { b.LdInd(asm.B, asm.R7, 0) }},
			{"LdInd(H, R7, 0)", func(b *asm.Builder) { b.LdInd(asm.H, asm.R7, 0) }},
			{"LdInd(W, R7, 0)", func(b *asm.Builder) { b.LdInd(asm.W, asm.R7, 0) }},
		}},
		{"atomic operations", 20, atomics()},
		{"acquire and release", 8, ordered()},
		{"bounded loops", 1, []builderCall{{`MayGoto("next")`, func(b *asm.Builder) { b.MayGoto("next") }}}},
		{"address spaces", 1, []builderCall{{"AddrSpaceCast(R1, R2, 0, 1)", func(b *asm.Builder) { b.AddrSpaceCast(asm.R1, asm.R2, 0, 1) }}}},
	}
}

type operation struct {
	name string
	call func(*asm.Builder, asm.Register, asm.Operand)
}

func arithmetic(ops []operation) (calls []builderCall) {
	for _, op := range ops {
		calls = append(calls,
			builderCall{op.name + "(R1, 5)", func(b *asm.Builder) { op.call(b, asm.R1, 5) }},
			builderCall{op.name + "(R1, R2)", func(b *asm.Builder) { op.call(b, asm.R1, asm.R2) }})
	}
	return calls
}

type comparison struct {
	name string
	cond func(asm.Register, asm.Operand) asm.Cond
}

func conditions(comparisons []comparison) (calls []builderCall) {
	for _, c := range comparisons {
		calls = append(calls,
			builderCall{"JumpIf(R1." + c.name + `(5), "next")`, func(b *asm.Builder) { b.JumpIf(c.cond(asm.R1, 5), "next") }},
			builderCall{"JumpIf(R1." + c.name + `(R2), "next")`, func(b *asm.Builder) { b.JumpIf(c.cond(asm.R1, asm.R2), "next") }})
	}
	return calls
}

func byteOrder() (calls []builderCall) {
	for _, bits := range []int{16, 32, 64} {
		calls = append(calls,
			builderCall{fmt.Sprintf("LE(R1, %d)", bits), func(b *asm.Builder) { b.LE(asm.R1, bits) }},
			builderCall{fmt.Sprintf("BE(R1, %d)", bits), func(b *asm.Builder) { b.BE(asm.R1, bits) }},
			builderCall{fmt.Sprintf("Bswap(R1, %d)", bits), func(b *asm.Builder) { b.Bswap(asm.R1, bits) }})
	}
	return calls
}

// place is a method of Register that makes a memory operand.
type place struct {
	name string
	at   func(asm.Register, int) asm.Mem
}

var (
	words     = []place{{"U32", asm.Register.U32}, {"U64", asm.Register.U64}}
	everySize = append([]place{{"U8", asm.Register.U8}, {"U16", asm.Register.U16}}, words...)
)

func memory() (calls []builderCall) {
	for _, p := range everySize {
		calls = append(calls,
			builderCall{"Ldx(R1, R2." + p.name + "(8))", func(b *asm.Builder) { b.Ldx(asm.R1, p.at(asm.R2, 8)) }},
			builderCall{"St(R1." + p.name + "(8), 5)", func(b *asm.Builder) { b.St(p.at(asm.R1, 8), 5) }},
			builderCall{"Stx(R1." + p.name + "(8), R2)", func(b *asm.Builder) { b.Stx(p.at(asm.R1, 8), asm.R2) }})
	}
	return calls
}

func atomics() (calls []builderCall) {
	for _, op := range []struct {
		name string
		call func(*asm.Builder, asm.Mem, asm.Register)
	}{
		{"AtomicAdd", (*asm.Builder).AtomicAdd}, {"AtomicOr", (*asm.Builder).AtomicOr},
		{"AtomicAnd", (*asm.Builder).AtomicAnd}, {"AtomicXor", (*asm.Builder).AtomicXor},
		{"FetchAdd", (*asm.Builder).FetchAdd}, {"FetchOr", (*asm.Builder).FetchOr},
		{"FetchAnd", (*asm.Builder).FetchAnd}, {"FetchXor", (*asm.Builder).FetchXor},
		{"Xchg", (*asm.Builder).Xchg}, {"CmpXchg", (*asm.Builder).CmpXchg},
	} {
		for _, p := range words {
			calls = append(calls, builderCall{op.name + "(R1." + p.name + "(8), R2)", func(b *asm.Builder) { op.call(b, p.at(asm.R1, 8), asm.R2) }})
		}
	}
	return calls
}

func ordered() (calls []builderCall) {
	for _, p := range everySize {
		calls = append(calls,
			builderCall{"LoadAcquire(R1, R2." + p.name + "(8))", func(b *asm.Builder) { b.LoadAcquire(asm.R1, p.at(asm.R2, 8)) }},
			builderCall{"StoreRelease(R1." + p.name + "(8), R2)", func(b *asm.Builder) { b.StoreRelease(p.at(asm.R1, 8), asm.R2) }})
	}
	return calls
}

// operands are calls with operands at the ends of their ranges.
func operands() []builderCall {
	return []builderCall{
		{"Mov(R0, R10)", func(b *asm.Builder) { b.Mov(asm.R0, asm.FP) }},
		{"Mov(R9, -1)", func(b *asm.Builder) { b.Mov(asm.R9, -1) }},
		{"Mov(R9, 0x7fffffff)", func(b *asm.Builder) { b.Mov(asm.R9, 0x7fffffff) }},
		{"Mov(R9, -0x80000000)", func(b *asm.Builder) { b.Mov(asm.R9, -0x80000000) }},
		{"Mov(R9, uint64(0xffffffffffffffff))", func(b *asm.Builder) { b.Mov(asm.R9, uint64(0xffffffffffffffff)) }},
		{"Mov32(R9, uint32(0xffffffff))", func(b *asm.Builder) { b.Mov32(asm.R9, uint32(0xffffffff)) }},
		{"Mov32(R9, int64(0x80000000))", func(b *asm.Builder) { b.Mov32(asm.R9, int64(0x80000000)) }},
		{"Mov32(R9, -0x80000000)", func(b *asm.Builder) { b.Mov32(asm.R9, -0x80000000) }},
		{"And32(R9, uint32(0xfffffff0))", func(b *asm.Builder) { b.And32(asm.R9, uint32(0xfffffff0)) }},
		{"Lsh(R9, 0)", func(b *asm.Builder) { b.Lsh(asm.R9, 0) }},
		{"Lsh(R9, 63)", func(b *asm.Builder) { b.Lsh(asm.R9, 63) }},
		{"Arsh32(R9, 31)", func(b *asm.Builder) { b.Arsh32(asm.R9, 31) }},
		{"SDiv(R9, -3)", func(b *asm.Builder) { b.SDiv(asm.R9, -3) }},
		{"AddrSpaceCast(R1, R2, 1, 0)", func(b *asm.Builder) { b.AddrSpaceCast(asm.R1, asm.R2, 1, 0) }},
		{`JumpIf(R9.Eq(-1), "back")`, func(b *asm.Builder) { b.JumpIf(asm.R9.Eq(-1), "back") }},
		{`JumpIf(R9.SGt(-1), "back")`, func(b *asm.Builder) { b.JumpIf(asm.R9.SGt(-1), "back") }},
		{`JumpIf(R9.SGt32(uint32(0x80000000)), "back")`, func(b *asm.Builder) { b.JumpIf(asm.R9.SGt32(uint32(0x80000000)), "back") }},
		{`JumpIf(R9.HasBits32(uint32(0xffffffff)), "back")`, func(b *asm.Builder) { b.JumpIf(asm.R9.HasBits32(uint32(0xffffffff)), "back") }},
		{`Jump("back")`, func(b *asm.Builder) { b.Jump("back") }},
		{`JumpLong("back")`, func(b *asm.Builder) { b.JumpLong("back") }},
		{`MayGoto("back")`, func(b *asm.Builder) { b.MayGoto("back") }},
		{`CallSubprogram("elsewhere")`, func(b *asm.Builder) { b.CallSubprogram("elsewhere") }},
		{"CallKfunc(0x7fffffff, 32767)", func(b *asm.Builder) { b.CallKfunc(0x7fffffff, 32767) }},
		{"Ldx(R9, R10.U64(-8))", func(b *asm.Builder) { b.Ldx(asm.R9, asm.FP.U64(-8)) }},
		{"Ldx(R9, R8.U8(32767))", func(b *asm.Builder) { b.Ldx(asm.R9, asm.R8.U8(32767)) }},
		{"Ldx(R9, R8.S32(-32768))", func(b *asm.Builder) { b.Ldx(asm.R9, asm.R8.S32(-32768)) }},
		{"Stx(R10.U64(-512), R9)", func(b *asm.Builder) { b.Stx(asm.FP.U64(-512), asm.R9) }},
		{"St(R10.U8(-1), 255)", func(b *asm.Builder) { b.St(asm.FP.U8(-1), 255) }},
		{"St(R10.U8(-1), -128)", func(b *asm.Builder) { b.St(asm.FP.U8(-1), -128) }},
		{"St(R10.U16(-2), 0xffff)", func(b *asm.Builder) { b.St(asm.FP.U16(-2), 0xffff) }},
		{"St(R10.U32(-4), uint32(0xffffffff))", func(b *asm.Builder) { b.St(asm.FP.U32(-4), uint32(0xffffffff)) }},
		{"St(R10.U64(-8), -1)", func(b *asm.Builder) { b.St(asm.FP.U64(-8), -1) }},
		{"AtomicAdd(R10.U64(-8), R9)", func(b *asm.Builder) { b.AtomicAdd(asm.FP.U64(-8), asm.R9) }},
		{"CmpXchg(R10.U32(-8), R9)", func(b *asm.Builder) { b.CmpXchg(asm.FP.U32(-8), asm.R9) }},
		{"LoadAcquire(R9, R10.U8(-1))", func(b *asm.Builder) { b.LoadAcquire(asm.R9, asm.FP.U8(-1)) }},
		{"LdAbs(W, -0x1000)", func(b *asm.Builder) { b.LdAbs(asm.W, -0x1000) }},
		{"LdInd(H, R7, 4)", func(b *asm.Builder) { b.LdInd(asm.H, asm.R7, 4) }},
		{"LdInd(H, R7, -4)", func(b *asm.Builder) { b.LdInd(asm.H, asm.R7, -4) }},
		{"LdImm64(R9, -1)", func(b *asm.Builder) { b.LdImm64(asm.R9, -1) }},
		{"LdImm64(R9, int64(-0x8000000000000000))", func(b *asm.Builder) { b.LdImm64(asm.R9, int64(-0x8000000000000000)) }},
		{"LdImm64(R9, uint64(0xfedcba9876543210))", func(b *asm.Builder) { b.LdImm64(asm.R9, uint64(0xfedcba9876543210)) }},
		{"LdImm64(R9, int64(0x80000000))", func(b *asm.Builder) { b.LdImm64(asm.R9, int64(0x80000000)) }},
		{`LdMapValue(R9, "config", 0x7fffffff)`, func(b *asm.Builder) { b.LdMapValue(asm.R9, "config", 0x7fffffff) }},
		{"LdBTFID(R9, 4711, 7)", func(b *asm.Builder) { b.LdBTFID(asm.R9, 4711, 7) }},
		{`LdFunc(R9, "elsewhere")`, func(b *asm.Builder) { b.LdFunc(asm.R9, "elsewhere") }},
	}
}

// instruction returns what the call appends. It stands at slot 2 of a program that has a label on each side of it:
//
//	back:	r0 = 0
//		r0 = 0
//		(the call)
//		r0 = 0
//	next:	exit
//	sub:	exit
func (c builderCall) instruction(t *testing.T) asm.Instruction {
	t.Helper()
	b := asm.NewBuilder("test", asm.SocketFilter)
	b.Label("back")
	b.Mov(asm.R0, 0)
	b.Mov(asm.R0, 0)
	c.call(b)
	b.Mov(asm.R0, 0)
	b.Label("next")
	b.Exit()
	b.Subprogram("sub")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return p.At(2)
}

// goldenText has a line for every call: the call, the bytes for little-endian and for big-endian targets as opcode,
// registers, offset and immediate, then the text in LLVM's and in the kernel's syntax.
func goldenText(t *testing.T, calls []builderCall) string {
	t.Helper()
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 4, ' ', 0)
	for _, c := range calls {
		i := c.instruction(t)
		little, big := encode(t, i, binary.LittleEndian), encode(t, i, binary.BigEndian)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.name, fields(little), fields(big), i.AppendText(nil, asm.LLVM), i.AppendText(nil, asm.Kernel))
	}
	w.Flush()
	return out.String()
}

func encode(t *testing.T, i asm.Instruction, order binary.ByteOrder) []byte {
	t.Helper()
	b, err := i.AppendTo(nil, order)
	if err != nil {
		t.Fatalf("%v: %v", i, err)
	}
	return b
}

// fields formats the bytes of an instruction by its fields: opcode, registers, offset, immediate.
func fields(b []byte) string {
	var slots []string
	for ; len(b) >= 8; b = b[8:] {
		slots = append(slots, fmt.Sprintf("%x %x %x %x", b[:1], b[1:2], b[2:4], b[4:8]))
	}
	return strings.Join(slots, " ")
}

func TestEncodings(t *testing.T) {
	var out strings.Builder
	seen := make(map[string]string)
	for _, g := range encodings() {
		fmt.Fprintf(&out, "# %s: %d\n", g.name, g.want)
		out.WriteString(goldenText(t, g.calls))
		if len(g.calls) != g.want {
			t.Errorf("%s: %d calls, want %d", g.name, len(g.calls), g.want)
		}
		for _, c := range g.calls {
			key := encodingOf(encode(t, c.instruction(t), binary.LittleEndian))
			if other, ok := seen[key]; ok {
				t.Errorf("%s and %s are one encoding, %s", c.name, other, key)
			}
			seen[key] = c.name
		}
	}
	if len(seen) != 180 {
		t.Errorf("%d distinct encodings, want 180", len(seen))
	}
	golden.CheckText(t, out.String(), "../testdata/asm/encodings.golden")
}

// encodingOf returns the opcode of a little-endian instruction with the field that tells apart instructions of one
// opcode, if it has one.
func encodingOf(b []byte) string {
	op, src, off, imm := b[0], b[1]>>4, binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])
	class, code := op&7, op&0xf0
	alu := class == 4 || class == 7
	switch {
	case alu && (code == 0x30 || code == 0x90), // div, mod: or their signed forms
		alu && op&8 != 0 && code == 0xb0: // mov from a register: or sign extension, address space cast
		return fmt.Sprintf("%#02x off %d", op, off)
	case alu && code == 0xd0, // byte order: width
		class == 3 && op&0xe0 == 0xc0: // atomic: operation
		return fmt.Sprintf("%#02x imm %#x", op, imm)
	case op == 0x85, op == 0x18: // call, 64-bit immediate
		return fmt.Sprintf("%#02x src %d", op, src)
	}
	return fmt.Sprintf("%#02x", op)
}

func TestOperands(t *testing.T) {
	golden.CheckText(t, goldenText(t, operands()), "../testdata/asm/operands.golden")
}

// What is encoded comes back from its bytes.
func TestDecodeEncodings(t *testing.T) {
	calls := operands()
	for _, g := range encodings() {
		calls = append(calls, g.calls...)
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var want []asm.Instruction
		var code []byte
		for _, c := range calls {
			i := c.instruction(t)
			want = append(want, i)
			code = append(code, encode(t, i, order)...)
		}
		got, err := asm.Decode(code, order)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: decoded differs (-want +got):\n%s", order, diff)
		}
	}
}
