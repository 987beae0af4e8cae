// Package vmtest tests programs in the simulator with go test: as an ordinary user, on every system.
//
//	func TestSelector(t *testing.T) {
//		m := vmtest.New(t, program, nil)
//		m.Want(&vm.ReuseportContext{Data: packet}, asm.SkPass)
//		m.WantFault(&vm.ReuseportContext{}, vm.ErrAccess)
//		m.Coverage.Require(t)
//	}
//
// A run that does not come to what it should is shown instruction by instruction, with the values in the registers. The
// coverage says which Go lines of the program, and which branches, no run has reached.
//
// Where more than one context matters, package vm has what surrounds programs: vm.Network. Attach it Runner.Machine.
package vmtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// traceLimit is how much of a trace is kept: the end of it.
const traceLimit = 64 << 10

// Runner is a machine in a test.
type Runner struct {
	*vm.Machine
	// Coverage of the program, by this Runner and those that share it.
	Coverage *Coverage

	t      testing.TB
	trace  bytes.Buffer
	tracer *vm.Tracer
}

// New makes a machine for p with a coverage of its own. The test fails if p cannot be run. opts may be nil; its Trace is
// called too.
func New(t testing.TB, p *asm.Program, opts *vm.Options) *Runner {
	t.Helper()
	return NewCoverage(p).New(t, opts)
}

// New makes a machine for the covered program that adds to the coverage, for tests of which each needs fresh maps.
func (c *Coverage) New(t testing.TB, opts *vm.Options) *Runner {
	t.Helper()
	r := &Runner{Coverage: c, t: t}
	r.tracer = vm.NewTracer(&r.trace)
	var o vm.Options
	if opts != nil {
		o = *opts
	}
	users := o.Trace
	o.Trace = func(s *vm.Step) {
		if s.Index == 0 && s.Frame == 0 && s.Program == c.extended {
			r.trace.Reset()
		}
		c.Step(s)
		r.tracer.Step(s)
		if r.trace.Len() > 2*traceLimit {
			kept := slices.Clone(r.trace.Bytes()[r.trace.Len()-traceLimit:])
			r.trace.Reset()
			r.trace.Write(kept)
		}
		if users != nil {
			users(s)
		}
	}
	var err error
	if r.Machine, err = vm.New(c.extended, &o); err != nil {
		t.Fatal(err)
	}
	return r
}

// Trace returns the last run, a line for each instruction: see vm.Tracer. Of a long one it is the end.
func (r *Runner) Trace() string { return r.trace.String() }

// run runs the program, and completes the trace.
func (r *Runner) run(ctx vm.Context) (uint64, error) {
	r0, err := r.Run(ctx)
	r.tracer.End(r0, err)
	return r0, err
}

// Must runs the program and returns what it leaves in r0. A run that fails is fatal to the test.
func (r *Runner) Must(ctx vm.Context) uint64 {
	r.t.Helper()
	r0, err := r.run(ctx)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, r.Trace())
	}
	return r0
}

// Want runs the program, and fails the test unless it leaves want in r0.
func (r *Runner) Want(ctx vm.Context, want uint64) {
	r.t.Helper()
	r0, err := r.run(ctx)
	switch {
	case err != nil:
		r.t.Errorf("%v\n%s", err, r.Trace())
	case r0 != want:
		r.t.Errorf("program %s returns %d, want %d\n%s", r.Program().Name(), int64(r0), int64(want), r.Trace())
	}
}

// WantFault runs the program, and fails the test unless the run ends with an error that is want, such as vm.ErrAccess.
func (r *Runner) WantFault(ctx vm.Context, want error) {
	r.t.Helper()
	if r0, err := r.run(ctx); err == nil {
		r.t.Errorf("program %s returns %d, want an error: %v\n%s", r.Program().Name(), int64(r0), want, r.Trace())
	} else if !errors.Is(err, want) {
		r.t.Errorf("%v, want %v", err, want)
	}
}

// ClassicRunner is a classic program in a test.
type ClassicRunner struct {
	*vm.Classic
	// Coverage of the program, by this ClassicRunner and those that share it.
	Coverage *Coverage

	t testing.TB
}

// NewClassic makes a machine for p with a coverage of its own. opts may be nil.
func NewClassic(t testing.TB, p *classic.Program, opts *vm.ClassicOptions) *ClassicRunner {
	return &ClassicRunner{Classic: vm.NewClassic(p, opts), Coverage: NewClassicCoverage(p), t: t}
}

// Want runs the program, and fails the test unless it returns want.
func (r *ClassicRunner) Want(skb *vm.SKBContext, want uint32) {
	r.t.Helper()
	var trace strings.Builder
	got := r.Trace(skb, func(s vm.ClassicStep) {
		r.Coverage.ClassicStep(s)
		fmt.Fprintf(&trace, "%-18v %4d: %-30s A = %#x, X = %#x\n", r.Program().Position(s.Index), s.Index,
			r.Coverage.insns[s.Index].text, s.A, s.X)
	})
	if got != want {
		r.t.Errorf("program %s returns %d, want %d\n%s", r.Program().Name(), got, want, &trace)
	}
}
