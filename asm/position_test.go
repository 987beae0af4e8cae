package asm_test

import (
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// thisLine returns the line that it is called on.
func thisLine() int {
	_, _, line, _ := runtime.Caller(1)
	return line
}

// emitInlined is small enough for the compiler to inline it.
func emitInlined(b *asm.Builder) int { b.Mov(asm.R0, 1); return thisLine() }

//go:noinline
func emitCalled(b *asm.Builder) int { b.Mov(asm.R0, 2); return thisLine() }

type author struct{ b *asm.Builder }

func (a author) emit() int { a.b.St(asm.FP.U8(-1), 3); return thisLine() }

func emitGeneric[T int8 | int16](b *asm.Builder, v T) int { b.Mov(asm.R0, v); return thisLine() }

// Every instruction knows the line that asked for it: that of the innermost function outside this package.
func TestPositions(t *testing.T) {
	b := newBuilder()
	var want []int
	at := func(line int) { want = append(want, line) }

	b.Mov(asm.R0, 0)
	at(thisLine() - 1)
	b.Mov32(asm.R0, 0)
	at(thisLine() - 1)
	b.Neg(asm.R0)
	at(thisLine() - 1)
	b.MovSX(asm.R0, asm.R1, 8)
	at(thisLine() - 1)
	b.BE(asm.R0, 16)
	at(thisLine() - 1)
	b.Ldx(asm.R0, asm.FP.U8(-1))
	at(thisLine() - 1)
	b.Stx(asm.FP.U8(-1), asm.R0)
	at(thisLine() - 1)
	b.FetchAdd(asm.FP.U64(-8), asm.R0)
	at(thisLine() - 1)
	b.LoadAcquire(asm.R0, asm.FP.U64(-8))
	at(thisLine() - 1)
	b.LdAbs(asm.B, 0)
	at(thisLine() - 1)
	b.LdImm64(asm.R0, 1)
	at(thisLine() - 1)
	b.LdMap(asm.R0, "counters")
	at(thisLine() - 1)
	b.LdMapIndex(asm.R0, 1)
	at(thisLine() - 1)
	b.CallHelper(asm.FnKtimeGetNS)
	at(thisLine() - 1)
	b.CallSubprogram("elsewhere")
	at(thisLine() - 1)
	b.JumpIf(
		asm.R0.Eq(0),
		"out",
	)
	at(thisLine() - 4)
	b.MayGoto("out")
	at(thisLine() - 1)
	b.JumpLong("out")
	at(thisLine() - 1)
	b.Emit(asm.Instruction{Op: 0xb7})
	at(thisLine() - 1)
	at(emitInlined(b))
	at(emitCalled(b))
	at(author{b}.emit())
	at(emitGeneric(b, int8(1)))
	func() { b.Mov(asm.R0, 4); at(thisLine()) }()
	mov := b.Mov // a method value
	mov(asm.R0, 5)
	at(thisLine() - 1)
	b.Label("out")
	b.Exit()
	at(thisLine() - 1)

	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	_, file, _, _ := runtime.Caller(0)
	var got []int
	for i := range p.All() {
		got = append(got, p.Position(i).Line)
		if p.Position(i).File != file {
			t.Errorf("instruction %d: file %s, want %s", i, p.Position(i).File, file)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got, want := p.Position(0).String(), filepath.Base(file)+":"; got[:len(want)] != want {
		t.Errorf("Position %q, want %s and the line", got, want)
	}
	if got := (asm.Position{}).String(); got != "-" {
		t.Errorf("no Position: %q, want -", got)
	}
}

// Errors, too, have the line of the call that was wrong, and not that of Builder.Program.
func TestErrorPositions(t *testing.T) {
	for _, test := range []struct {
		name string
		call func(*asm.Builder) int
	}{
		{"operand", func(b *asm.Builder) int { b.Mov(asm.R0, "x"); return thisLine() }},
		{"instruction", func(b *asm.Builder) int { b.Emit(asm.Instruction{}); return thisLine() }},
		{"label", func(b *asm.Builder) int { b.Label("1"); return thisLine() }},
		{"subprogram", func(b *asm.Builder) int { b.Subprogram("1"); return thisLine() }},
		{"jump", func(b *asm.Builder) int { b.Jump("nowhere"); return thisLine() }},
		{"condition", func(b *asm.Builder) int { b.JumpIf(asm.R0.Gt(1), "nowhere"); return thisLine() }},
		{"sign extension", func(b *asm.Builder) int { b.MovSX32(asm.R0, asm.R1, 3); return thisLine() }},
		{"map", func(b *asm.Builder) int { b.DeclareMap(asm.MapSpec{}); return thisLine() }},
		{"in a helper", func(b *asm.Builder) int { b.Div(asm.R0, 0); return thisLine() }},
	} {
		b := newBuilder()
		b.Mov(asm.R0, 0)
		want := test.call(b)
		b.Exit()
		_, err := b.Program()
		var e *asm.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", test.name, err)
		} else if e.Position.Line != want || filepath.Base(e.Position.File) != "position_test.go" {
			t.Errorf("%s: at %v, want line %d: %v", test.name, e.Position, want, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	b := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
	line := thisLine() + 1
	b.Mov(11, 1)
	b.Exit()
	_, err := b.Program()
	want := "position_test.go:" + strconv.Itoa(line) + ": select_by_dcid: instruction 0: r11 = 1: register out of range: destination r11"
	if errorText(err) != want {
		t.Errorf("error %q\nwant  %q", err, want)
	}
}

// callerLine returns the line on which its caller was called.
func callerLine() int {
	_, _, line, _ := runtime.Caller(2)
	return line
}
