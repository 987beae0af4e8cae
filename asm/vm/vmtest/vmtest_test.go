package vmtest_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/asm/vm/vmtest"
)

// recorder is a test that keeps what it is told.
type recorder struct {
	testing.TB
	errors []string
	fatal  bool
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); r.fatal = true }
func (r *recorder) Fatal(args ...any)                 { r.Fatalf("%s", fmt.Sprint(args...)) }

// firstByte returns 1 for packets whose first byte is 7, 0 for others, and looks beyond those that are empty.
func firstByte(t testing.TB) *asm.Program {
	t.Helper()
	b := asm.NewBuilder("first_byte", asm.SkReuseport)
	b.Ldx(asm.R2, asm.R1.Field(asm.SkReuseportMdData))
	b.Ldx(asm.R3, asm.R2.U8(0))
	b.Mov(asm.R0, 0)
	b.JumpIf(asm.R3.NotEq(7), "out")
	b.Mov(asm.R0, 1) // seven
	b.Label("out")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func packet(b ...byte) vm.Context { return &vm.ReuseportContext{Data: b} }

func TestWant(t *testing.T) {
	tests := []struct {
		name string
		run  func(r *vmtest.Runner)
		want []string // regular expressions, each of a message
	}{
		{"as it should", func(r *vmtest.Runner) { r.Want(packet(7), 1); r.Want(packet(8), 0) }, nil},
		{"other result", func(r *vmtest.Runner) { r.Want(packet(8), 1) },
			[]string{`^program first_byte returns 0, want 1\n(.*\n){4}vmtest_test.go:\d+ +5: exit +returns 0\n$`}},
		{"fault", func(r *vmtest.Runner) { r.Want(packet(), 1) },
			[]string{`(?s)^vmtest_test.go:\d+: first_byte: instruction 1: .*outside the memory\n.*packet.*outside the memory\n$`}},
		{"fault that is wanted", func(r *vmtest.Runner) { r.WantFault(packet(), vm.ErrAccess) }, nil},
		{"other fault", func(r *vmtest.Runner) { r.WantFault(packet(), vm.ErrBudget) }, []string{"outside the memory, want instruction budget used up$"}},
		{"no fault", func(r *vmtest.Runner) { r.WantFault(packet(7), vm.ErrAccess) },
			[]string{"^program first_byte returns 1, want an error: outside the memory\n"}},
		{"must", func(r *vmtest.Runner) { r.Must(packet()) }, []string{"outside the memory"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			told := &recorder{TB: t}
			tt.run(vmtest.New(told, firstByte(t), nil))
			if len(told.errors) != len(tt.want) {
				t.Fatalf("told %q, want %d messages", told.errors, len(tt.want))
			}
			for i, want := range tt.want {
				if !regexp.MustCompile(want).MatchString(told.errors[i]) {
					t.Errorf("message\n%swant\n%s", told.errors[i], want)
				}
			}
			if told.fatal != (tt.name == "must") {
				t.Errorf("fatal: %v", told.fatal)
			}
		})
	}
	steps := 0
	r := vmtest.New(t, firstByte(t), &vm.Options{Trace: func(*vm.Step) { steps++ }})
	if got := r.Must(packet(7)); got != 1 || steps != 6 || strings.Count(r.Trace(), "\n") != 6 {
		t.Errorf("returns %d after %d steps, trace\n%s", got, steps, r.Trace())
	}
}

// The coverage of a program whose jump went one way only, then both.
func TestCoverage(t *testing.T) {
	p := firstByte(t)
	c := vmtest.NewCoverage(p)
	line := func(i int) int { return p.Position(i).Line }
	c.New(t, nil).Want(packet(8), 0)
	want := []string{
		fmt.Sprintf("vmtest_test.go:%d: instruction 3: if r3 != 7 goto +1: always taken", line(3)),
		fmt.Sprintf("vmtest_test.go:%d: instruction 4: r0 = 1: never runs", line(4)),
	}
	if diff := cmp.Diff(want, c.Missed()); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
	const summary = "first_byte: ran 5 of 6 instructions, 1 of 2 branches, 4 of 6 lines whole\n"
	report := c.String()
	if !strings.HasPrefix(report, summary) {
		t.Errorf("report\n%swant it to begin\n%s", report, summary)
	}
	if want := regexp.MustCompile(`(?m)^! vmtest_test.go:\d+ +0  b.Mov\(asm.R0, 1\) // seven\n  vmtest_test.go:\d+ +1  b.Exit`); !want.MatchString(report) {
		t.Errorf("report\n%swant\n%v", report, want)
	}
	told := &recorder{TB: t}
	c.Require(told)
	if len(told.errors) != 1 || told.errors[0] != summary+strings.Join(want, "\n") {
		t.Errorf("told %q", told.errors)
	}

	c.New(t, nil).Want(packet(7), 1)
	c.Require(t)
	if missed := c.Missed(); missed != nil {
		t.Errorf("missed %q", missed)
	}
	never := vmtest.NewCoverage(p)
	never.New(t, nil).Want(packet(7), 1)
	if got := never.Missed(); len(got) != 1 || !strings.HasSuffix(got[0], ": never taken") {
		t.Errorf("missed %q, want a jump that is never taken", got)
	}
}

// Where the source cannot be read, the report shows instructions.
func TestCoverageWithoutSource(t *testing.T) {
	spec := firstByte(t).Spec()
	for i := range spec.Positions {
		spec.Positions[i] = asm.Position{File: "/nowhere.go", Line: 1 + i/3}
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/nowhere.go"); err == nil {
		t.Skip("/nowhere.go exists")
	}
	want := `first_byte: ran 0 of 6 instructions, 0 of 2 branches, 0 of 2 lines whole
! nowhere.go:1               0  r2 = *(u64 *)(r1 + 0)
! nowhere.go:2               0  if r3 != 7 goto +1
`
	if diff := cmp.Diff(want, vmtest.NewCoverage(p).String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClassic(t *testing.T) {
	b := classic.NewBuilder("length")
	b.LoadLen()
	b.JumpIf(classic.Le(2), "short")
	b.LoadByte(0)
	b.JumpIfElse(classic.Eq(1), "short", "long")
	b.Label("long")
	b.Return(1)
	b.Label("short")
	b.Return(0)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	r := vmtest.NewClassic(t, p, nil)
	skb := func(b ...byte) *vm.SKBContext { return &vm.SKBContext{Data: b} }
	r.Want(skb(0, 2, 3), 1)
	missed := r.Coverage.Missed()
	for i := range missed {
		_, missed[i], _ = strings.Cut(missed[i], ": ")
	}
	want := []string{"instruction 1: jgt #0x2, l2, l5: never taken", "instruction 3: jeq #0x1, l5, l4: never taken", "instruction 5: ret #0: never runs"}
	if diff := cmp.Diff(want, missed); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
	r.Want(skb(0), 0)
	r.Want(skb(1, 2, 3), 0)
	r.Coverage.Require(t)

	told := &recorder{TB: t}
	vmtest.NewClassic(told, p, nil).Want(skb(0), 1)
	if len(told.errors) != 1 || !regexp.MustCompile(`^program length returns 0, want 1\nvmtest_test.go:\d+ +0: ld #len +A = 0x0, X = 0x0\n(.*\n){2}$`).MatchString(told.errors[0]) {
		t.Errorf("told %q", told.errors)
	}
}
