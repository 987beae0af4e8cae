package asm_test

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// longProgram is a program of n instructions with a map reference and a label every eighth one.
func longProgram(t testing.TB, n int) *asm.Program {
	t.Helper()
	b := asm.NewBuilder("long", asm.SocketFilter)
	for i := range n/8 - 1 {
		skip := fmt.Sprintf("skip%d", i)
		b.LdMap(asm.R1, "counters")
		b.Ldx(asm.R2, asm.FP.U64(-8))
		b.JumpIf(asm.R2.Lt(100), skip)
		b.Mov(asm.R2, 0)
		b.Label(skip)
		b.Add(asm.R2, asm.R1)
		b.And32(asm.R2, uint32(0xff00ff00))
		b.Stx(asm.FP.U64(-8), asm.R2)
		b.AtomicAdd(asm.FP.U64(-8), asm.R2)
	}
	for range 7 {
		b.Mov(asm.R0, 0)
	}
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if p.Len() != n {
		t.Fatalf("%d instructions, want %d", p.Len(), n)
	}
	return p
}

func TestAppendDoesNotAllocate(t *testing.T) {
	p := longProgram(t, 64)
	insns := p.Spec().Instructions
	buf := make([]byte, 0, 8*p.Slots())
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian, binary.NativeEndian} {
		for _, test := range []struct {
			name string
			call func()
		}{
			{"Program.AppendTo", func() { p.AppendTo(buf, order) }},
			{"AppendInstructions", func() { asm.AppendInstructions(buf, insns, order) }},
			{"Instruction.AppendTo", func() { insns[0].AppendTo(buf, order) }},
			{"DecodeInstruction", func() { asm.DecodeInstruction(buf[:16], order) }},
		} {
			if n := testing.AllocsPerRun(100, test.call); n != 0 {
				t.Errorf("%s, %v: %v allocations, want none", test.name, order, n)
			}
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	p := longProgram(t, 16)
	for _, room := range []int{0, 1000} {
		got := p.AppendTo(append(make([]byte, 0, room), 1, 2, 3), binary.LittleEndian)
		if len(got) != 3+8*p.Slots() || [3]byte(got) != [3]byte{1, 2, 3} {
			t.Errorf("room for %d: %d bytes, beginning % x", room, len(got), got[:3])
		}
	}
}

// A program is a slice of these: 4096 instructions are 64 KiB.
func TestInstructionSize(t *testing.T) {
	if size := reflect.TypeFor[asm.Instruction]().Size(); size != 16 {
		t.Errorf("an Instruction has %d bytes, want 16", size)
	}
}

func BenchmarkEncode64(b *testing.B)   { benchmarkEncode(b, 64) }
func BenchmarkEncode4096(b *testing.B) { benchmarkEncode(b, 4096) }

func benchmarkEncode(b *testing.B, n int) {
	p := longProgram(b, n)
	buf := make([]byte, 0, 8*p.Slots())
	b.SetBytes(int64(8 * p.Slots()))
	b.ReportAllocs()
	for b.Loop() {
		p.AppendTo(buf, binary.LittleEndian)
	}
}

func BenchmarkBuild4096(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		longProgram(b, 4096)
	}
}
