package asm_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// Whatever Decode accepts has one encoding, in both byte orders, and a text in both syntaxes.
func FuzzDecode(f *testing.F) {
	for _, c := range everyCall() {
		b := newBuilder()
		b.Label("back")
		c.call(b)
		b.Label("next")
		b.Exit()
		b.Subprogram("sub")
		b.Exit()
		if p, err := b.Program(); err == nil {
			f.Add(p.AppendTo(nil, binary.LittleEndian), false)
			f.Add(p.AppendTo(nil, binary.BigEndian), true)
		}
	}
	f.Add([]byte{0x18, 0, 0, 0, 0, 0, 0, 0}, false)
	f.Fuzz(func(t *testing.T, code []byte, big bool) {
		var order, other binary.ByteOrder = binary.LittleEndian, binary.BigEndian
		if big {
			order, other = other, order
		}
		insns, err := asm.Decode(code, order)
		if err != nil {
			if insns != nil {
				t.Fatalf("instructions beside the error %v", err)
			}
			return
		}
		again, err := asm.AppendInstructions(nil, insns, order)
		if err != nil || !bytes.Equal(code, again) {
			t.Fatalf("encoded again: % x, %v\nwas % x", again, err, code)
		}
		swapped, err := asm.AppendInstructions(nil, insns, other)
		if err != nil {
			t.Fatal(err)
		}
		back, err := asm.Decode(swapped, other)
		if err != nil {
			t.Fatalf("in the other byte order: %v", err)
		}
		for n, i := range insns {
			if back[n] != i {
				t.Fatalf("instruction %d: %v became %v in the other byte order", n, i, back[n])
			}
			for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
				// A text with a gap in it is one that the printer had no word for.
				text := string(i.AppendText(nil, syntax))
				if text == "" || strings.HasPrefix(text, "(") || strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
					t.Fatalf("instruction %d: text %q", n, text)
				}
			}
		}
		p, err := asm.NewProgram(asm.ProgramSpec{Name: "fuzz", Instructions: insns})
		if err != nil {
			return
		}
		if !bytes.Equal(code, p.AppendTo(nil, order)) {
			t.Fatal("a program of the instructions has other bytes")
		}
		for _, syntax := range []asm.Syntax{asm.LLVM, asm.Kernel} {
			text := p.AppendText(nil, syntax)
			if lines := bytes.Count(text, []byte("\n")); lines < p.Len() {
				t.Fatalf("%d lines for %d instructions", lines, p.Len())
			}
		}
	})
}

// Whatever is asked of a Builder, it does not panic, and what it makes of it is a program that decodes to itself.
func FuzzBuilder(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Add(bytes.Repeat([]byte{16, 2, 0, 0, 0, 0, 0}, 10))
	labels := []string{"a", "b", "fuzz", "", "r1", "x y"}
	f.Fuzz(func(t *testing.T, input []byte) {
		b := asm.NewBuilder("fuzz", asm.SocketFilter)
		next := func() (v int) {
			if len(input) > 0 {
				v, input = int(int8(input[0])), input[1:]
			}
			return v
		}
		reg := func() asm.Register { return asm.Register(next() & 15) }
		label := func() string { return labels[next()&127%len(labels)] }
		number := func() int { return next() << (next() & 63) }
		mem := func() asm.Mem {
			return asm.Mem{Base: reg(), Off: number(), Size: asm.Size(next()), Signed: next() > 100}
		}
		operand := func() asm.Operand {
			switch next() & 7 {
			case 0:
				return reg()
			case 1:
				return nil
			case 2:
				return uint64(number())
			case 3:
				return "text"
			}
			return number()
		}
		for len(input) > 0 {
			switch next() & 31 {
			case 0:
				b.Mov(reg(), operand())
			case 1:
				b.Add32(reg(), operand())
			case 2:
				b.SDiv(reg(), operand())
			case 3:
				b.Lsh(reg(), operand())
			case 4:
				b.Neg(reg())
			case 5:
				b.MovSX(reg(), reg(), number())
			case 6:
				b.MovSX32(reg(), reg(), number())
			case 7:
				b.Bswap(reg(), number())
			case 8:
				b.AddrSpaceCast(reg(), reg(), number(), number())
			case 9:
				b.Ldx(reg(), mem())
			case 10:
				b.Stx(mem(), reg())
			case 11:
				b.St(mem(), operand())
			case 12:
				b.CmpXchg(mem(), reg())
			case 13:
				b.LoadAcquire(reg(), mem())
			case 14:
				b.JumpIf(reg().SLt32(operand()), label())
			case 15:
				b.JumpIf(asm.Cond{}, label())
			case 16:
				b.JumpIf(reg().HasBits(operand()), label())
			case 17:
				b.Jump(label())
			case 18:
				b.MayGoto(label())
			case 19:
				b.JumpLong(label())
			case 20:
				b.Label(label())
			case 21:
				b.Subprogram(label())
			case 22:
				b.CallSubprogram(label())
			case 23:
				b.LdFunc(reg(), label())
			case 24:
				b.LdMapValue(reg(), label(), uint32(number()))
			case 25:
				b.LdImm64(reg(), operand())
			case 26:
				b.LdAbs(asm.Size(next()), int32(number()))
			case 27:
				b.Ldx(reg(), reg().Elem(asm.Field(next()), number()))
			case 28:
				b.Emit(asm.Instruction{Op: asm.Opcode(next()), Dst: asm.Register(next()), Src: reg(), Off: int16(number()), Imm: int64(number())})
			case 29:
				b.CallHelper(asm.Helper(number()))
			case 30:
				b.Target(asm.CPU(next()))
			default:
				b.Exit()
			}
		}
		p, err := b.Program()
		if err != nil {
			if p != nil || err.Error() == "" {
				t.Fatalf("program %v beside error %v", p, err)
			}
			return
		}
		code := p.AppendTo(nil, binary.BigEndian)
		insns, err := asm.Decode(code, binary.BigEndian)
		if err != nil || !slices.Equal(insns, p.Spec().Instructions) {
			t.Fatalf("decoded %v, %v\nof %v", insns, err, p)
		}
		if len(p.String()) == 0 || len(p.AppendText(nil, asm.Kernel)) == 0 {
			t.Fatal("no text")
		}
	})
}
