//go:build linux

package loader_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// TestVerifierError has the kernel reject programs and looks for the instruction and the line that are to blame.
func TestVerifierError(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, test := range []struct {
		name   string
		write  func(b *asm.Builder)
		slot   int
		index  int
		text   string
		reason string
		errno  unix.Errno
	}{
		{"uninitialized", func(b *asm.Builder) { b.Exit() }, 0, 0, "exit", "R0", unix.EACCES},
		{"behind a wide instruction", func(b *asm.Builder) {
			b.LdImm64(asm.R1, 1)
			b.Mov(asm.R0, asm.R6)
			b.Exit()
		}, 2, 1, "r0 = r6", "R6", unix.EACCES},
		{"in a subprogram", func(b *asm.Builder) {
			b.CallSubprogram("second")
			b.Exit()
			b.Subprogram("second")
			b.Mov(asm.R0, asm.R7)
			b.Exit()
		}, 2, 2, "r0 = r7", "R7", unix.EACCES},
		{"helper", func(b *asm.Builder) {
			b.CallHelper(asm.FnRedirectMap)
			b.Exit()
		}, 0, 0, "call bpf_redirect_map#51", "bpf_redirect_map#51", unix.EINVAL},
		{"before the first state", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.Exit()
			b.Mov(asm.R0, 1)
			b.Exit()
		}, 2, 2, "r0 = 1", "unreachable insn 2", unix.EINVAL},
	} {
		p := build(t, "wrong", asm.SkReuseport, test.write)
		_, err := loader.Load(p, nil)
		var e *loader.VerifierError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is not a VerifierError", test.name, err)
			continue
		}
		want := loader.VerifierError{
			Program: "wrong", Type: asm.SkReuseport, Slot: test.slot, Index: test.index, Instruction: test.text,
			Position: p.Position(test.index), Err: test.errno,
			Reason: e.Reason, Suggestion: e.Suggestion, Hint: e.Hint, Log: e.Log, // different from kernel to kernel
		}
		if diff := cmp.Diff(&want, e); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if !strings.Contains(e.Reason, test.reason) {
			t.Errorf("%s: reason %q has no %q", test.name, e.Reason, test.reason)
		}
		if !errors.Is(err, test.errno) {
			t.Errorf("%s: %v is not %v", test.name, err, test.errno)
		}
		start := fmt.Sprintf("%v: load sk_reuseport program wrong: instruction %d: %s: ", p.Position(test.index), test.index, test.text)
		if !strings.HasPrefix(err.Error(), start) || !strings.HasPrefix(e.Position.String(), "load_test.go:") {
			t.Errorf("%s: %v, want it to begin with %q", test.name, err, start)
		}
	}
}

func TestVerifierErrorFormat(t *testing.T) {
	e := &loader.VerifierError{
		Program: "select", Type: asm.SkReuseport, Slot: 12, Index: 9, Instruction: "exit",
		Position: asm.Position{File: "/src/dcid.go", Line: 57}, Reason: "R0 !read_ok",
		Log: []string{"12: (95) exit", "R0 !read_ok"}, Err: unix.EACCES,
	}
	const line = "dcid.go:57: load sk_reuseport program select: instruction 9: exit: R0 !read_ok: permission denied"
	unknown := &loader.VerifierError{Program: "p", Type: asm.XDP, Slot: 7, Index: -1, Reason: "bad", Suggestion: "do better.", Hint: "or try.", Truncated: true, Err: unix.EINVAL}
	for _, test := range []struct {
		name, got, want string
	}{
		{"%v", fmt.Sprintf("%v", e), line},
		{"%s", fmt.Sprintf("%s", e), line},
		{"%q", fmt.Sprintf("%q", e), `"` + line + `"`},
		{"%d", fmt.Sprintf("%d", e), "%!d(*loader.VerifierError=" + line + ")"},
		{"%+v", fmt.Sprintf("%+v", e), line + "\n\t12: (95) exit\n\tR0 !read_ok"},
		{"%+v truncated", fmt.Sprintf("%+v", unknown),
			"load xdp program p: slot 7: bad: invalid argument\n\tsuggestion: do better.\n\thint: or try.\n\t(the log is truncated)"},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestLoadRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	unlinked := build(t, "unlinked", asm.SocketFilter, func(b *asm.Builder) {
		b.LdMap(asm.R1, "flows")
		b.LdMap(asm.R1, "flows")
		b.CallSubprogram("helper")
		b.Exit()
	})
	ok := returning(t, "ok", asm.SocketFilter, 0)
	wrongAttach := build(t, "wrong_attach", asm.CgroupSockAddr, func(b *asm.Builder) {
		b.AttachType(asm.AttachXDP)
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	instructions := slices.Repeat([]asm.Instruction{ok.At(0)}, 1_000_001)
	instructions[1_000_000] = ok.At(1)
	long, err := asm.NewProgram(asm.ProgramSpec{Name: "long", Type: asm.SocketFilter, Instructions: instructions})
	if err != nil {
		t.Fatal(err)
	}
	refusal := func(p *asm.Program, opts *loader.Options) error {
		loaded, err := loader.Load(p, opts)
		if err == nil {
			loaded.Close()
		}
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"no program", refusal(nil, nil), nil, "load program: no program"},
		{"unlinked", refusal(unlinked, nil), loader.ErrUnlinked, "load program unlinked: unlinked program: map flows (load_test.go:"},
		{"unlinked, each symbol once", refusal(unlinked, nil), loader.ErrUnlinked, "), subprogram helper (load_test.go:"},
		{"unknown type", refusal(returning(t, "new", asm.ProgramType(4000), 0), nil), unix.EINVAL,
			"load program type 4000 program new: invalid argument (the kernel does not take a program of this type without attach type, flags 0x0)"},
		{"attach type", refusal(wrongAttach, nil), unix.EINVAL, "(the kernel does not take a program of this type with attach type xdp, flags 0x0)"},
		{"unknown flag", refusal(ok, &loader.Options{Flags: 1 << 31}), unix.EINVAL, "without attach type, flags 0x80000000)"},
		{"too long", refusal(long, nil), unix.E2BIG, "(1000001 instruction slots; an unprivileged process may load 4096, others 1,000,000, or 4096 before Linux 5.2)"},
		{"unknown log level", refusal(ok, &loader.Options{Log: 1 << 20}), unix.EINVAL, "load socket_filter program ok: invalid argument"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
}

// TestLog asks for the log of programs that the verifier accepts and rejects.
func TestLog(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	p, err := loader.Load(returning(t, "logged", asm.SocketFilter, 0), &loader.Options{Log: loader.LogStates | loader.LogStats})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !strings.Contains(p.Log(), "0: (b7) r0 = 0") || !strings.Contains(p.Log(), "processed 2 insns") {
		t.Errorf("log of an accepted program:\n%s", p.Log())
	}
	_, err = loader.Load(build(t, "rejected", asm.SocketFilter, func(b *asm.Builder) { b.Exit() }), &loader.Options{Log: loader.LogInstructions})
	var e *loader.VerifierError
	if !errors.As(err, &e) || e.Index != 0 || !errors.Is(err, os.ErrPermission) {
		t.Errorf("rejected program: %v", err)
	}
}

// TestLongLog has logs that do not fit the first buffer, nor the last.
func TestLongLog(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	// At level 2 every pass of the loop writes two lines and the states they begin with, more than 400 bytes.
	loop := func(n int, last asm.Operand) *asm.Program {
		return build(t, "loop", asm.SocketFilter, func(b *asm.Builder) {
			b.Mov(asm.R6, n)
			b.Label("again")
			b.Add(asm.R6, -1)
			b.JumpIf(asm.R6.NotEq(0), "again")
			b.Mov(asm.R0, last)
			b.Exit()
		})
	}
	const n = 300
	for _, test := range []struct {
		name      string
		limit     uint32
		truncated bool
	}{
		{"fits", 1<<24 - 1, false},
		{"truncated", 100_000, true},
		{"smaller than the first buffer", 1000, true},
	} {
		_, err := loader.LoadWithLogLimit(loop(n, asm.R9), &loader.Options{Log: loader.LogStates}, test.limit)
		var e *loader.VerifierError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is not a VerifierError", test.name, err)
			continue
		}
		size := uint32(0)
		for _, line := range e.Log {
			size += uint32(len(line)) + 1
		}
		if e.Truncated != test.truncated || size > test.limit || size < min(400*n, test.limit)/2 {
			t.Errorf("%s: truncated %v, %d bytes of log", test.name, e.Truncated, size)
		}
		// The log says most of it at its end, which is what a kernel from 6.4 on keeps.
		if !errors.Is(err, unix.EACCES) || !test.truncated && e.Reason != "R9 !read_ok" {
			t.Errorf("%s: %v", test.name, err)
		}
		p, err := loader.LoadWithLogLimit(loop(n, 1), &loader.Options{Log: loader.LogStates}, test.limit)
		if err != nil {
			t.Errorf("%s, accepted: %v", test.name, err)
			continue
		}
		if got := uint32(len(p.Log())); got > test.limit || got < min(400*n, test.limit)/2 {
			t.Errorf("%s, accepted: %d bytes of log", test.name, got)
		}
		p.Close()
	}
	// Without asking for a log: level 1 is shorter, and does not fit either.
	_, err := loader.LoadWithLogLimit(loop(n, asm.R9), &loader.Options{}, 1000)
	var e *loader.VerifierError
	if !errors.As(err, &e) || !e.Truncated || !errors.Is(err, unix.EACCES) {
		t.Errorf("log after a failure: %v", err)
	}
}

// TestLoadFlags gives the verifier a program that only one of two flags lets pass.
func TestLoadFlags(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	unaligned := build(t, "unaligned", asm.SocketFilter, func(b *asm.Builder) {
		b.St(asm.R10.U64(-16), 0)
		b.St(asm.R10.U64(-8), 0)
		b.Ldx(asm.R0, asm.R10.U64(-16))
		b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffLen))
		b.Ldx(asm.R0, asm.R10.U32(-13))
		b.Exit()
	})
	_, err := loader.Load(unaligned, &loader.Options{Flags: asm.StrictAlignment})
	var e *loader.VerifierError
	if !errors.As(err, &e) || e.Index != 4 || !strings.Contains(e.Reason, "misaligned") {
		t.Errorf("strict alignment: %v", err)
	}
	for _, flags := range []asm.LoadFlags{asm.TestRandomHigh32, asm.TestStateFrequency, asm.AnyAlignment, asm.TestInvariants} {
		p, err := loader.Load(returning(t, "flagged", asm.SocketFilter, 0), &loader.Options{Flags: flags})
		if err != nil {
			t.Errorf("flag %#x: %v", flags, err)
			continue
		}
		p.Close()
	}
}
