package classic_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// Every refusal of the builder. want is the message without the file.
func TestBuilderRefuses(t *testing.T) {
	tests := []struct {
		name  string
		build func(b *classic.Builder)
		want  string
	}{
		{"empty", func(b *classic.Builder) {}, "no instructions"},
		{"too long", func(b *classic.Builder) {
			for range classic.MaxInstructions {
				b.Add(1)
			}
			b.ReturnA()
		}, "4097 instructions, the kernel takes at most 4096"},
		{"no return", func(b *classic.Builder) {
			b.Add(1)
		}, "instruction 0: add #1: the last instruction must be a return"},
		{"unreachable after return", func(b *classic.Builder) {
			b.ReturnA()
			b.Add(1)
			b.Add(2)
			b.ReturnA()
		}, "instruction 1: add #1: no path leads here"},
		{"unreachable after jump", func(b *classic.Builder) {
			b.Jump("end")
			b.TAX()
			b.Label("end")
			b.ReturnA()
		}, "instruction 1: tax: no path leads here"},

		{"undefined label", func(b *classic.Builder) {
			b.Jump("end")
			b.ReturnA()
		}, "instruction 0: ja: label end is not defined"},
		{"undefined label of the opposite", func(b *classic.Builder) {
			b.JumpIf(classic.NotEq(6), "end")
			b.ReturnA()
		}, "instruction 0: jeq #0x6: label end is not defined"},
		{"undefined label otherwise", func(b *classic.Builder) {
			b.JumpIfElse(classic.EqX(), "then", "else")
			b.Label("then")
			b.ReturnA()
		}, "instruction 0: jeq x: label else is not defined"},
		{"label twice", func(b *classic.Builder) {
			b.Label("end")
			b.Label("end")
			b.ReturnA()
		}, "label end: defined before at FILE:LINE"},
		{"label without a name", func(b *classic.Builder) {
			b.Label("")
			b.ReturnA()
		}, "label: without a name"},
		{"jump without a label", func(b *classic.Builder) {
			b.Jump("")
			b.ReturnA()
		}, "instruction 0: jump without a label"},
		{"condition without a label", func(b *classic.Builder) {
			b.JumpIf(classic.Eq(1), "")
			b.ReturnA()
		}, "instruction 0: jump without a label"},
		{"condition without an else label", func(b *classic.Builder) {
			b.JumpIfElse(classic.Eq(1), "end", "")
			b.Label("end")
			b.ReturnA()
		}, "instruction 0: jump without a label"},
		{"zero condition", func(b *classic.Builder) {
			b.JumpIf(classic.Cond{}, "end")
			b.Label("end")
			b.ReturnA()
		}, "instruction 0: jump on the zero Cond"},
		{"jump back", func(b *classic.Builder) {
			b.Label("again")
			b.LoadLen()
			b.JumpIf(classic.Gt(9), "again")
			b.ReturnA()
		}, "instruction 1: jgt #0x9: label again (FILE:LINE) is not ahead: classic programs jump forward only"},
		{"jump to itself", func(b *classic.Builder) {
			b.Label("again")
			b.Jump("again")
			b.ReturnA()
		}, "instruction 0: ja: label again (FILE:LINE) is not ahead: classic programs jump forward only"},
		{"label behind the end", func(b *classic.Builder) {
			b.JumpIf(classic.Gt(9), "end")
			b.ReturnA()
			b.Label("end")
		}, "instruction 0: jgt #0x9: no instruction follows label end (FILE:LINE)"},
		{"too far", func(b *classic.Builder) {
			b.JumpIf(classic.HasBits(1), "end")
			for range 256 {
				b.Add(1)
			}
			b.Label("end")
			b.ReturnA()
		}, "instruction 0: jset #0x1: label end (FILE:LINE) is 256 instructions away," +
			" a conditional jump skips at most 255: lead it to a Jump on the way"},
		{"counted jump beyond the end", func(b *classic.Builder) {
			b.Emit(bpf.JumpIf{Cond: bpf.JumpEqual, Val: 1, SkipTrue: 1})
			b.ReturnA()
		}, "instruction 0: jeq #0x1: jumps over 1 of the 1 instructions that follow"},

		{"division by zero", func(b *classic.Builder) {
			b.Div(0)
			b.ReturnA()
		}, "instruction 0: div #0: division by the constant zero"},
		{"modulo zero", func(b *classic.Builder) {
			b.Mod(0)
			b.ReturnA()
		}, "instruction 0: mod #0: division by the constant zero"},
		{"left shift", func(b *classic.Builder) {
			b.Lsh(32)
			b.ReturnA()
		}, "instruction 0: lsh #32: shift by 32 bits or more"},
		{"right shift", func(b *classic.Builder) {
			b.Rsh(0xffffffff)
			b.ReturnA()
		}, "instruction 0: rsh #-1: shift by 32 bits or more"},
		{"scratch word", func(b *classic.Builder) {
			b.StoreScratch(16)
			b.ReturnA()
		}, "instruction 0: no M[16]: scratch memory has the words M[0] to M[15]"},
		{"negative scratch word", func(b *classic.Builder) {
			b.LoadScratchX(-1)
			b.ReturnA()
		}, "instruction 0: no M[-1]: scratch memory has the words M[0] to M[15]"},
		{"unwritten scratch word", func(b *classic.Builder) {
			b.StoreScratch(3)
			b.LoadScratch(4)
			b.ReturnA()
		}, "instruction 1: ld M[4]: reads M[4], which not every path to it has written"},
		{"scratch word written on one path", func(b *classic.Builder) {
			b.JumpIf(classic.Eq(1), "read")
			b.StoreScratchX(0)
			b.Label("read")
			b.LoadScratchX(0)
			b.ReturnA()
		}, "instruction 2: ldx M[0]: reads M[0], which not every path to it has written"},

		{"negative offset", func(b *classic.Builder) {
			b.LoadByte(-1)
			b.ReturnA()
		}, "instruction 0: packet offset -1 is negative: use NetOff or LLOff to reach a header"},
		{"offset beyond 31 bits", func(b *classic.Builder) {
			b.LoadHalf(0x80000000)
			b.ReturnA()
		}, "instruction 0: packet offset 2147483648 does not fit 31 bits"},
		{"kernel's own SKF_NET_OFF", func(b *classic.Builder) {
			b.LoadWordIndirect(-0x100000)
			b.ReturnA()
		}, "instruction 0: packet offset -1048576 is negative: use NetOff or LLOff to reach a header"},
		{"before the network header", func(b *classic.Builder) {
			b.LoadByte(classic.NetOff - 1)
			b.ReturnA()
		}, "instruction 0: offset -1 from the network header is out of range 0..1044479"},
		{"network offset into the extensions", func(b *classic.Builder) {
			b.LoadMemShift(classic.NetOff + 0xff000)
			b.ReturnA()
		}, "instruction 0: offset 1044480 from the network header is out of range 0..1044479"},
		{"before the link-layer header", func(b *classic.Builder) {
			b.LoadByte(classic.LLOff - 14)
			b.ReturnA()
		}, "instruction 0: offset -14 from the link-layer header is out of range 0..1048575"},
		{"link-layer offset into the network header", func(b *classic.Builder) {
			b.LoadByte(classic.LLOff + 0x100000)
			b.ReturnA()
		}, "instruction 0: offset 1048576 from the link-layer header is out of range 0..1048575"},
		{"unknown extension", func(b *classic.Builder) {
			b.LoadExtension(64)
			b.ReturnA()
		}, "instruction 0: no extension 64 in Linux"},
		{"extension between two", func(b *classic.Builder) {
			b.LoadExtension(1)
			b.ReturnA()
		}, "instruction 0: no extension 1 in Linux"},

		{"nil instruction", func(b *classic.Builder) {
			b.Emit(nil)
			b.ReturnA()
		}, "instruction 0: nil instruction"},
		{"instruction that x/net refuses", func(b *classic.Builder) {
			b.Emit(bpf.StoreScratch{Src: bpf.RegA, N: 16})
			b.ReturnA()
		}, "instruction 0: invalid scratch slot 16"},
		{"unknown opcode", func(b *classic.Builder) {
			b.Emit(bpf.RawInstruction{Op: 0x21, K: 4})
			b.ReturnA()
		}, "instruction 0: { 0x21, 0, 0, 0x4 }: the kernel has no opcode 0x21"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := classic.NewBuilder("refused")
			tt.build(b)
			_, err := b.Program()
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff("FILE:LINE: refused: "+tt.want, withoutLines(err.Error())); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

// withoutLines replaces the positions of this file in a message.
func withoutLines(message string) string {
	const file = "builder_test.go:"
	for {
		before, after, ok := strings.Cut(message, file)
		if !ok {
			return message
		}
		message = before + "FILE:LINE" + strings.TrimLeft(after, "0123456789")
	}
}

// here returns the line that calls it.
func here() int {
	_, _, line, _ := runtime.Caller(1)
	return line
}

func TestBuilderReportsEverythingInOrder(t *testing.T) {
	b := classic.NewBuilder("three")
	first := here() + 1
	b.JumpIf(classic.Eq(1), "nowhere")
	b.Rsh(40)
	b.LoadScratch(99)
	b.ReturnA()
	b.Label("x")
	b.Label("x")

	_, err := b.Program()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T is not joined: %v", err, err)
	}
	type summary struct{ Line, Index int }
	var got []summary
	for _, err := range joined.Unwrap() {
		var e *asm.Error
		if !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if e.Program != "three" || filepath.Base(e.Position.File) != "builder_test.go" {
			t.Errorf("%+v", e)
		}
		got = append(got, summary{e.Position.Line, e.Index})
	}
	want := []summary{{first + 5, -1}, {first, 0}, {first + 1, 1}, {first + 2, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// loadProtocol is a helper as authors have them: its lines count as the author's.
func loadProtocol(b *classic.Builder) int {
	b.LoadByte(classic.NetOff + 9)
	return here() - 1
}

func TestProgramRemembersLines(t *testing.T) {
	b := classic.NewBuilder("lines")
	load := loadProtocol(b)
	b.JumpIfElse(classic.Eq(17), "udp", "other")
	jump := here() - 1
	b.Label("udp")
	b.ReturnA()
	b.Label("other")
	b.Emit(bpf.RetConstant{})
	emit := here() - 1
	p := build(t, b)
	var got []string
	for i := range p.All() {
		got = append(got, p.Position(i).String())
	}
	var want []string
	for _, line := range []int{load, jump, jump + 3, emit} {
		want = append(want, fmt.Sprintf("builder_test.go:%d", line))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	decoded, err := classic.Decode(p.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if pos := decoded.Position(0); pos != (asm.Position{}) {
		t.Errorf("a decoded program has position %v", pos)
	}
}

func build(t *testing.T, b *classic.Builder) *classic.Program {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A program of the greatest length with the longest jumps.
func TestJumpDistances(t *testing.T) {
	b := classic.NewBuilder("far")
	b.JumpIf(classic.Eq(1), "last")
	b.JumpIf(classic.NotEq(2), "near") // over 255
	b.JumpIf(classic.Eq(3), "carry")   // over 254
	for range 253 {
		b.Add(1)
	}
	b.Label("last")
	b.Jump("end") // over 3838
	b.Label("near")
	b.Label("carry")
	for range 4096 - 258 {
		b.Add(1)
	}
	b.Label("end")
	b.ReturnA()
	p := build(t, b)
	got := []bpf.RawInstruction{p.At(0), p.At(1), p.At(2), p.At(256)}
	want := []bpf.RawInstruction{ins(0x15, 255, 0, 1), ins(0x15, 0, 255, 2), ins(0x15, 254, 0, 3), ins(0x05, 0, 0, 3838)}
	if diff := cmp.Diff(want, got); diff != "" || p.Len() != 4096 {
		t.Errorf("%d instructions, jumps (-want +got):\n%s", p.Len(), diff)
	}
}

func TestProgramNeverChanges(t *testing.T) {
	b := classic.NewBuilder("stays")
	b.LoadLen()
	b.ReturnA()
	p := build(t, b)
	before := p.Raw()

	p.Raw()[0].Op = 0x07
	b.Add(1)
	b.ReturnA()
	for _, ins := range p.All() {
		ins.K = 99
	}
	if diff := cmp.Diff(before, p.Raw()); diff != "" {
		t.Errorf("the program changed (-before +after):\n%s", diff)
	}
	if p.Name() != "stays" || p.Len() != 2 {
		t.Errorf("name %q, length %d", p.Name(), p.Len())
	}

	raw := p.Raw()
	decoded, err := classic.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	raw[0].Op = 0x07
	if decoded.At(0).Op != 0x80 {
		t.Error("Decode keeps the caller's slice")
	}
}

func TestProgramTwice(t *testing.T) {
	b := classic.NewBuilder("twice")
	b.JumpIf(classic.Eq(1), "one")
	b.Return(0)
	b.Label("one")
	b.Return(1)
	first, second := build(t, b), build(t, b)
	if diff := cmp.Diff(first.Raw(), second.Raw()); diff != "" {
		t.Errorf("two calls differ:\n%s", diff)
	}
}
