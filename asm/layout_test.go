package asm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// fill appends n instructions of one slot.
func fill(b *asm.Builder, n int) {
	for range n {
		b.Mov(asm.R7, 0)
	}
}

// around returns the instructions of p that are not filling.
func around(p *asm.Program) (lines []string) {
	for _, line := range text(p) {
		if line != "r7 = 0" {
			lines = append(lines, line)
		}
	}
	return lines
}

// The offset of a jump has 16 bits: it leads at most 32767 slots on, counted from the next one, and 32768 back.
func TestJumpDistances(t *testing.T) {
	forward := func(jump func(*asm.Builder), n int) func(*asm.Builder) {
		return func(b *asm.Builder) {
			jump(b)
			fill(b, n)
			b.Label("to")
			b.Exit()
		}
	}
	backward := func(jump func(*asm.Builder), n int) func(*asm.Builder) {
		return func(b *asm.Builder) {
			b.Label("to")
			fill(b, n-1) // and the jump itself
			jump(b)
			b.Exit()
		}
	}
	jump := func(b *asm.Builder) { b.Jump("to") }
	long := func(b *asm.Builder) { b.JumpLong("to") }
	less := func(b *asm.Builder) { b.JumpIf(asm.R1.SLt32(-5), "to") }
	bits := func(b *asm.Builder) { b.JumpIf(asm.R1.HasBits(asm.R2), "to") }
	may := func(b *asm.Builder) { b.MayGoto("to") }
	for _, test := range []struct {
		name  string
		calls func(*asm.Builder)
		v3    string   // what is wrong with it below version 4, or nothing
		v4    []string // from version 4 on
	}{
		{"goto forward", forward(jump, 32767), "", []string{"goto +32767", "exit"}},
		{"goto backward", backward(jump, 32768), "", []string{"goto -32768", "exit"}},
		{"goto too far forward", forward(jump, 32768), "goto to: jump too far: to is 32768 slots away", []string{"gotol +32768", "exit"}},
		{"goto too far backward", backward(jump, 32769), "goto to: jump too far: to is -32769 slots away", []string{"gotol -32769", "exit"}},
		{"gotol", forward(long, 40000), "", []string{"gotol +40000", "exit"}},
		{"gotol backward", backward(long, 40000), "", []string{"gotol -40000", "exit"}},

		{"if forward", forward(less, 32767), "", []string{"if w1 s< -5 goto +32767", "exit"}},
		{"if backward", backward(less, 32768), "", []string{"if w1 s< -5 goto -32768", "exit"}},
		{"if too far forward", forward(less, 32768), "if w1 s< -5 goto to: jump too far: to is 32768 slots away",
			[]string{"if w1 s>= -5 goto +1", "gotol +32768", "exit"}},
		{"if too far backward", backward(less, 32769), "if w1 s< -5 goto to: jump too far: to is -32769 slots away",
			[]string{"if w1 s>= -5 goto +1", "gotol -32770", "exit"}},

		{"jset too far forward", forward(bits, 32768), "if r1 & r2 goto to: jump too far: to is 32768 slots away",
			[]string{"if r1 & r2 goto +1", "goto +1", "gotol +32768", "exit"}},
		{"jset too far backward", backward(bits, 32769), "if r1 & r2 goto to: jump too far: to is -32769 slots away",
			[]string{"if r1 & r2 goto +1", "goto +1", "gotol -32771", "exit"}},
		{"may_goto too far forward", forward(may, 32768), "may_goto to: jump too far: to is 32768 slots away",
			[]string{"may_goto +1", "goto +1", "gotol +32768", "exit"}},

		// The inner jump reaches until the outer one becomes longer, which happens inside of it.
		{"one pushes another out of reach", func(b *asm.Builder) {
			b.Jump("a")
			b.JumpIf(asm.R1.Eq(0), "b")
			fill(b, 32766)
			b.Label("a")
			fill(b, 2)
			b.Label("b")
			b.Exit()
		}, "if r1 == 0 goto b: jump too far: b is 32768 slots away", []string{"gotol +32768", "if r1 != 0 goto +1", "gotol +32768", "exit"}},
		// A chain: each jump spans the next one, and only the last is too far to begin with.
		{"a cascade", func(b *asm.Builder) {
			for i := range 4 {
				b.JumpIf(asm.R1.Eq(i), fmt.Sprintf("to%d", i))
			}
			fill(b, 32764)
			for i := range 4 {
				b.Label(fmt.Sprintf("to%d", i))
				if i == 2 {
					fill(b, 1)
				}
				fill(b, 1)
			}
			b.Exit()
		}, "if r1 == 3 goto to3: jump too far: to3 is 32768 slots away", []string{
			// 32764 fillings; to0 is 3 conditions on, of 2 instructions each.
			"if r1 != 0 goto +1", "gotol +32770",
			"if r1 != 1 goto +1", "gotol +32769",
			"if r1 != 2 goto +1", "gotol +32768",
			"if r1 != 3 goto +1", "gotol +32768",
			"exit"}},
		{"calls and addresses of functions move along", func(b *asm.Builder) {
			b.CallSubprogram("sub")
			b.LdFunc(asm.R1, "sub")
			b.JumpIf(asm.R1.Eq(0), "to")
			fill(b, 32768)
			b.Label("to")
			b.Exit()
			b.Subprogram("sub")
			b.Exit()
		}, "if r1 == 0 goto to: jump too far: to is 32768 slots away",
			// 1 call, 2 slots of the address, 2 of the condition, 32768, exit.
			[]string{"call pc+32773", "ld_pseudo r1, 4, 32772", "if r1 != 0 goto +1", "gotol +32768", "exit", "exit"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder()
			test.calls(b)
			_, err := b.Program() // version 3
			var e *asm.Error
			switch {
			case test.v3 == "":
				if err != nil {
					t.Errorf("version 3: %v", err)
				}
			case !errors.As(err, &e) || !errors.Is(err, asm.ErrTooFar):
				t.Errorf("version 3: %v, want %q", err, test.v3)
			default:
				want := fmt.Sprintf("%v: test: instruction %d: %s and an offset has 16 bits; Builder.Target(asm.V4) allows gotol", e.Position, e.Index, test.v3)
				if err.Error() != want {
					t.Errorf("version 3: error %q\nwant %q", err, want)
				}
			}
			b.Target(asm.V4)
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.v4, around(p)); diff != "" {
				t.Errorf("version 4 (-want +got):\n%s", diff)
			}
		})
	}
}

// All conditions but jset are turned round to jump over a gotol.
func TestLongConditions(t *testing.T) {
	for _, test := range []struct {
		cond asm.Cond
		want string
	}{
		{asm.R1.Eq(5), "if r1 != 5 goto +1"},
		{asm.R1.NotEq(5), "if r1 == 5 goto +1"},
		{asm.R1.Lt(5), "if r1 >= 5 goto +1"},
		{asm.R1.Le(5), "if r1 > 5 goto +1"},
		{asm.R1.Gt(5), "if r1 <= 5 goto +1"},
		{asm.R1.Ge(5), "if r1 < 5 goto +1"},
		{asm.R1.SLt(5), "if r1 s>= 5 goto +1"},
		{asm.R1.SLe(5), "if r1 s> 5 goto +1"},
		{asm.R1.SGt(5), "if r1 s<= 5 goto +1"},
		{asm.R1.SGe(5), "if r1 s< 5 goto +1"},
		{asm.R1.Eq32(asm.R2), "if w1 != w2 goto +1"},
		{asm.R1.SGe32(asm.R2), "if w1 s< w2 goto +1"},
	} {
		b := newBuilder()
		b.Target(asm.V4)
		b.JumpIf(test.cond, "to")
		fill(b, 40000)
		b.Label("to")
		b.Exit()
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{test.want, "gotol +40000", "exit"}, around(p)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// Labels, references and positions stay with their instructions when a jump before them grows.
func TestLongJumpsMoveWhatFollows(t *testing.T) {
	b := newBuilder()
	b.Target(asm.V4)
	b.JumpIf(asm.R1.HasBits(1), "to")
	jump := thisLine() - 1
	fill(b, 32768)
	b.LdMap(asm.R1, "counters")
	load := thisLine() - 1
	b.Label("to")
	b.Exit()
	b.Subprogram("sub")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	at := 3 + 32768
	if diff := cmp.Diff([]asm.Reference{{Index: at, Kind: asm.RefMap, Symbol: "counters"}}, p.References()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]asm.Label{{Name: "to", Index: at + 1}}, p.Spec().Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]asm.Label{{Name: "test"}, {Name: "sub", Index: at + 2}}, p.Functions()); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	for i, want := range []int{jump, jump, jump} {
		if got := p.Position(i).Line; got != want {
			t.Errorf("instruction %d: line %d, want %d", i, got, want)
		}
	}
	if got := p.Position(at).Line; got != load {
		t.Errorf("load: line %d, want %d", got, load)
	}
	if !strings.Contains(p.String(), "\tgotol to\n") {
		t.Error("the long jump does not name its label")
	}
}
