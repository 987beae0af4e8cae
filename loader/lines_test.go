//go:build linux

package loader_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// above is the line before that of its call.
func above() asm.Position {
	_, file, line, _ := runtime.Caller(1)
	return asm.Position{File: file, Line: line - 1}
}

// linesOf loads a program with its lines and asks the kernel for them.
func linesOf(t *testing.T, p *asm.Program, lines loader.Lines) *loader.Source {
	t.Helper()
	loaded, err := loader.Load(p, &loader.Options{Lines: lines})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer loaded.Close()
	s, err := loaded.Source()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the kernel gives back is what the author wrote: every function, and a record for each line and text.
func TestLines(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	var at []asm.Position
	p := build(t, "main.func", asm.SocketFilter, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		at = append(at, above())
		b.LdImm64(asm.R2, int64(1<<40))
		at = append(at, above())
		b.Comment("five, in two steps\n")
		func() { b.Mov(asm.R3, 2); b.Add(asm.R3, 3) }()
		at = append(at, above())
		b.CallSubprogram("second")
		at = append(at, above())
		b.CallHelper(asm.FnKtimeGetNS)
		at = append(at, above())
		b.Exit()
		at = append(at, above())
		b.Subprogram("second")
		func() { b.Mov(asm.R0, 1); b.Mov(asm.R0, 1) }()
		at = append(at, above())
		b.Exit()
		at = append(at, above())
	})
	want := &loader.Source{
		Functions: []loader.SourceFunction{{Slot: 0, Name: "main_func"}, {Slot: 8, Name: "second"}},
		Lines: []loader.SourceLine{
			{0, at[0], "r0 = 0"},
			{1, at[1], "r2 = 1099511627776 ll"},
			{3, at[2], "five, in two steps "},
			{5, at[3], "call second"},
			{6, at[4], "call bpf_ktime_get_ns"},
			{7, at[5], "exit"},
			{8, at[6], "r0 = 1"},
			{10, at[7], "exit"},
		},
	}
	if diff := cmp.Diff(want, linesOf(t, p, loader.SendLines)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The kernel keeps nothing of it when it is not told.
	for _, lines := range []loader.Lines{loader.DefaultLines, loader.NoLines} {
		if diff := cmp.Diff(new(loader.Source), linesOf(t, p, lines)); diff != "" {
			t.Errorf("lines %d (-want +got):\n%s", lines, diff)
		}
	}
}

// Programs without positions have no lines to tell, and are loaded.
func TestNoLines(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	p := build(t, "silent", asm.SocketFilter, func(b *asm.Builder) {
		b.NoLines()
		b.Comment("for nobody")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	if diff := cmp.Diff(new(loader.Source), linesOf(t, p, loader.SendLines)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The log names the line, whether it was asked for or is of a refusal.
func TestLogQuotesLines(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	var at asm.Position
	p := build(t, "wrong", asm.SocketFilter, func(b *asm.Builder) {
		b.Mov(asm.R1, 0)
		b.Comment("the verdict")
		b.Exit()
		at = above()
	})
	want := "; the verdict @ " + at.String()
	for _, test := range []struct {
		name string
		opts *loader.Options
		want bool
	}{
		{"after a refusal", nil, true},
		{"asked for", &loader.Options{Log: loader.LogInstructions}, true},
		{"switched off", &loader.Options{Lines: loader.NoLines}, false},
		{"asked for and switched off", &loader.Options{Log: loader.LogInstructions, Lines: loader.NoLines}, false},
	} {
		_, err := loader.Load(p, test.opts)
		var e *loader.VerifierError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		// Before Linux 6.9 the log has the text alone.
		if log := strings.Join(e.Log, "\n"); strings.Contains(log, "; the verdict") != test.want ||
			test.want && strings.Contains(log, "@") && !strings.Contains(log, want) {
			t.Errorf("%s: the log has no %q: %+v", test.name, want, e)
		}
		if start := at.String() + ": load socket_filter program wrong: "; !strings.HasPrefix(err.Error(), start) {
			t.Errorf("%s: %v, want it to begin with %q", test.name, err, start)
		}
	}
}

// A function that nothing calls is not counted by the verifier, and what it says is about the function, not its lines.
func TestLinesOfAFunctionNobodyCalls(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	p := build(t, "lonely", asm.SocketFilter, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		b.Exit()
		b.Subprogram("second")
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	_, err := loader.Load(p, &loader.Options{Lines: loader.SendLines})
	wantError(t, "lonely", err, "unreachable insn 2")
}

// A kernel that has something against the lines gets the program without them.
func TestLinesThatTheKernelRefuses(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	for _, test := range []struct {
		name   string
		change func(attr *sys.ProgLoadAttr)
	}{
		{"in silence", func(attr *sys.ProgLoadAttr) { attr.LineInfoRecSize = 4 }},
		{"about functions", func(attr *sys.ProgLoadAttr) { attr.FuncInfo = sys.BytesPointer([]byte{1, 1, 1, 1, 1, 1, 1, 1}) }},
		{"about lines", func(attr *sys.ProgLoadAttr) { attr.LineInfo = sys.BytesPointer([]byte{15: 0, 0: 1, 3: 1}) }},
	} {
		p, err := loader.LoadWithLines(returning(t, "refused", asm.SocketFilter, 0), test.change)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		s, err := p.Source()
		if diff := cmp.Diff(new(loader.Source), s); diff != "" || err != nil {
			t.Errorf("%s: error %v (-want +got):\n%s", test.name, err, diff)
		}
		p.Close()
	}
}

// LoadObject sends the lines of its programs, with the names of the maps, and counters come back by name.
func TestObjectLinesAndCounters(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	stats := asm.NewCounters("stats", "all", "long")
	p := build(t, "count", asm.XDP, func(b *asm.Builder) {
		length := b.Packet()
		b.Count(stats, "all", 1)
		length.Need(100, func() { b.Return(asm.XDPPass) })
		b.Count(stats, "long", 2)
		b.Return(asm.XDPPass)
	})
	o, err := reloc.NewObject(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		lines loader.Lines
		want  bool
	}{{loader.DefaultLines, true}, {loader.NoLines, false}} {
		c, err := loader.LoadObject(o, &loader.CollectionOptions{Programs: loader.Options{Lines: test.lines}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		program, _ := c.Program("count")
		s, err := program.Source()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, l := range s.Lines {
			found = found || strings.HasSuffix(l.Text, " = stats ll") && strings.HasSuffix(l.Position.File, "lines_test.go")
		}
		if found != test.want {
			t.Errorf("lines %d: %+v", test.lines, s)
		}
		for _, n := range []int{60, 100, 200} {
			if _, err := program.Run(&loader.RunOptions{Data: make([]byte, n)}); err != nil {
				t.Fatal(err)
			}
		}
		m, _ := c.Map("stats")
		got, err := maps.ReadCounters(m, stats)
		if diff := cmp.Diff(map[string]uint64{"all": 3, "long": 4}, got); diff != "" || err != nil {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	}
}
