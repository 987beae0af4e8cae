package asm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestValues shows the instructions that calls with values make, when nothing around them makes them shorter.
func TestValues(t *testing.T) {
	for _, test := range []struct {
		name  string
		calls func(b *asm.Builder)
		want  []string
	}{
		{"constants by size", func(b *asm.Builder) {
			s := b.Stack("s", 8)
			for _, v := range []asm.Operand{5, -5, uint32(0xffffffff), int64(1) << 31, uint64(1) << 40} {
				b.Store(s.U64(0), b.Copy(v))
			}
			b.Return(0)
		}, []string{"r0 = 5", "*(u64 *)(r10 - 8) = r0", "r0 = -5", "*(u64 *)(r10 - 8) = r0",
			"w0 = -1", "*(u64 *)(r10 - 8) = r0", "w0 = -2147483648", "*(u64 *)(r10 - 8) = r0",
			"r0 = 1099511627776 ll", "*(u64 *)(r10 - 8) = r0", "r0 = 0", "exit"}},
		{"constants to store", func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Store(s.U8(0), 255)
			b.Store(s.U16(2), -1)
			b.Store(s.U32(4), uint32(0x80000000))
			b.Store(s.U64(0), -1)
			b.Store(s.U64(0), uint64(1)<<63)
			b.Return(0)
		}, []string{"*(u8 *)(r10 - 8) = 255", "*(u16 *)(r10 - 6) = -1", "*(u32 *)(r10 - 4) = -2147483648", "*(u64 *)(r10 - 8) = -1",
			"r0 = -9223372036854775808 ll", "*(u64 *)(r10 - 8) = r0", "r0 = 0", "exit"}},
		{"loads by width and order", func(b *asm.Builder) {
			s := b.Stack("s", 8)
			b.Zero(s)
			b.Store(s.U8(0), b.LoadBE(s.U8(1)))
			b.Store(s.U16(0), b.LoadBE(s.U16(2)))
			b.Store(s.U64(0), b.LoadBE(s.U64(0)))
			signed := s.U32(4)
			signed.Signed = true
			b.Return(b.Load(signed))
		}, []string{"*(u64 *)(r10 - 8) = 0", "r0 = *(u8 *)(r10 - 7)", "*(u8 *)(r10 - 8) = r0",
			"r0 = *(u16 *)(r10 - 6)", "r0 = be16 r0", "*(u16 *)(r10 - 8) = r0",
			"r0 = *(u64 *)(r10 - 8)", "r0 = be64 r0", "*(u64 *)(r10 - 8) = r0", "r0 = *(s32 *)(r10 - 4)", "exit"}},
		{"arguments of every kind", func(b *asm.Builder) {
			s := b.StackStruct("s", asm.NewStruct("s", asm.Member{Name: "a", Size: asm.DW}, asm.Member{Name: "b", Size: asm.W}))
			b.Zero(s)
			b.Call(asm.FnMapUpdateElem, asm.Map("m"), s.Field("b"), b.Rodata("r", make([]byte, 8)), asm.UpdateNoExist)
			b.Call(asm.FnForEachMapElem, asm.Map("m"), asm.Func("each"), s, 0)
			b.Return(0)
			b.Function("each", 4, func([]asm.Register) { b.Return(0) })
		}, []string{"*(u64 *)(r10 - 16) = 0", "*(u64 *)(r10 - 8) = 0", "ld_pseudo r1, 1, 0", "r2 = r10", "r2 += -8", "ld_pseudo r3, 2, 0", "r4 = 1", "call 2",
			"ld_pseudo r1, 1, 0", "ld_pseudo r2, 4, 7", "r3 = r10", "r3 += -16", "r4 = 0", "call 164", "r0 = 0", "exit", "r0 = 0", "exit"}},
		{"the context survives a call, and costs nothing without one", func(b *asm.Builder) {
			ctx := b.Context()
			b.Call(asm.FnKtimeGetNS)
			b.Return(b.Load(ctx.Field(asm.SkBuffLen)))
		}, []string{"r6 = r1", "call 5", "r0 = *(u32 *)(r6 + 0)", "exit"}},
		{"unless there is none", func(b *asm.Builder) {
			b.Return(b.Load(b.Context().Field(asm.SkBuffLen)))
		}, []string{"r0 = *(u32 *)(r1 + 0)", "exit"}},
		{"calls of unknown arguments keep all five, and need none", func(b *asm.Builder) {
			v := b.Load(b.Context().Field(asm.SkBuffLen))
			b.Mov(asm.R1, 1)
			b.Add(v, 1)
			b.CallSubprogram("elsewhere")
			b.Mov(asm.R5, 5)
			b.Add(v, asm.R0)
			b.CallKfunc(1234, 0)
			b.Mov(asm.R3, 3)
			b.Emit(asm.Instruction{Op: 0x85, Imm: int64(asm.FnKtimeGetNS)})
			b.Return(v)
		}, []string{"r6 = *(u32 *)(r1 + 0)", "r1 = 1", "r6 += 1", "call pc-1", "r5 = 5", "r6 += r0", "call kernel-function#1234", "r3 = 3", "call 5", "r0 = r6", "exit"}},
		{"registers of the machine beside values", func(b *asm.Builder) {
			v := b.Copy(7)
			b.Mov(asm.R0, 1)
			b.Mov(asm.R2, 2)
			b.Add(v, asm.R2)
			b.Add(asm.R0, v)
			b.Exit()
		}, []string{"r1 = 7", "r0 = 1", "r2 = 2", "r1 += r2", "r0 += r1", "exit"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, text(build(t, test.calls))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestGlobalLayout shows where globals are in the values of their maps, and what these begin with.
func TestGlobalLayout(t *testing.T) {
	b := newBuilder()
	one, two := b.Data("one", []byte{1, 2, 3}), b.Data("two", []byte{4, 5, 6, 7, 8, 9, 10, 11, 12})
	zeros := b.BSS("zeros", 5)
	text := b.Rodata("text", []byte("text"))
	b.Load(b.Addr(two).U8(8))
	b.Return(b.Copy(0))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	want := []asm.MapSpec{
		{Name: ".data", Type: asm.MapArray, KeySize: 4, ValueSize: 24, MaxEntries: 1,
			Contents: "\x01\x02\x03\x00\x00\x00\x00\x00\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x00\x00\x00\x00\x00\x00\x00"},
		{Name: ".bss", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1},
		{Name: ".rodata", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: asm.MapReadOnlyProg, Contents: "text\x00\x00\x00\x00"},
	}
	got := p.Maps()
	for i := range got {
		got[i].Value = nil // names for tools, see TestSections
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		g            *asm.Global
		section      string
		offset, size int
	}{{one, ".data", 0, 3}, {two, ".data", 8, 9}, {zeros, ".bss", 0, 5}, {text, ".rodata", 0, 4}} {
		if test.g.Section() != test.section || test.g.Offset() != test.offset || test.g.Size() != test.size {
			t.Errorf("%s at %d with %d bytes, want %s at %d with %d", test.g.Section(), test.g.Offset(), test.g.Size(), test.section, test.offset, test.size)
		}
	}
	if i := p.Spec().Instructions[0]; i.Imm != 8<<32 || i.Src != asm.Imm64MapValue {
		t.Errorf("address of two: %v with immediate %#x, want 8 in its upper half", i, i.Imm)
	}
}
