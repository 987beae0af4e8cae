package asm_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/corpus"
)

// emitDoubled belongs to the author: what it asks for has its lines.
func emitDoubled(b *asm.Builder, v asm.Register, asked func()) { b.Add(v, v); asked() }

// Instructions have the line of the call that asked for them, in callbacks too; what a construct adds has the line of the
// call that the callback was given to.
func TestPositionsInCallbacks(t *testing.T) {
	asks, adds := make(map[int]bool), make(map[int]bool)
	asked := func() { asks[callerLine()] = true }       // on this line an instruction is asked for
	construct := func() { adds[callerLine()-1] = true } // on the line before there is a construct
	b := asm.NewBuilder("callbacks", asm.XDP)
	ctx := b.Context()
	construct()
	v := b.Load(ctx.Field(asm.XDPMdRxQueueIndex))
	construct()
	b.If(v.Eq(7), func() {
		construct()
		func() { b.Return(asm.XDPDrop); asked() }()
	}, func() {
		func() { b.Add(v, 3); asked() }()
	})
	b.For(4, func(i asm.Register) {
		construct()
		func() { b.Add(v, i); asked() }()
	})
	b.Switch(v, []asm.Case{asm.When(func() {
		construct()
		func() { b.Return(asm.XDPPass); asked() }()
	}, 1)}, func() {
		func() { b.Mul(v, 3); asked() }()
	})
	func() { v = b.CallFunc("doubled", v); asked() }()
	b.Return(v)
	construct()
	b.Function("doubled", 1, func(args []asm.Register) {
		construct()
		emitDoubled(b, args[0], asked)
		b.Return(args[0])
		construct()
	})
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for i, ins := range p.All() {
		at := p.Position(i)
		if !asks[at.Line] && !adds[at.Line] || filepath.Base(at.File) != "lines_test.go" {
			t.Errorf("instruction %d, %v: at %v", i, ins, at)
		}
		seen[at.Line] = true
	}
	for line := range asks {
		if !seen[line] {
			t.Errorf("no instruction is at line %d", line)
		}
	}
}

// Another package that writes programs is an author too: its lines count, not those that call it.
func TestPositionsInAnotherPackage(t *testing.T) {
	for _, write := range corpus.Programs() {
		p, err := write()
		if err != nil {
			t.Fatal(err)
		}
		for i, ins := range p.All() {
			at := p.Position(i)
			if filepath.Base(filepath.Dir(at.File)) != "corpus" || at.Line == 0 {
				t.Errorf("%s: instruction %d, %v: at %v", p.Name(), i, ins, at)
			}
		}
	}
}

// A comment is on the line of the next call, with all of its instructions, and on no other.
func TestComments(t *testing.T) {
	b := newBuilder()
	b.Comment("nobody asks on this line")
	b.Comment("five")
	func() { b.Mov(asm.R1, 2); b.Add(asm.R1, 3) }()
	b.Mov(asm.R2, 1)
	for i := range 2 {
		b.Comment("round " + string(rune('0'+i)))
		b.Mov(asm.R3, i)
	}
	b.CallSubprogram("elsewhere")
	b.Comment("done")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range p.All() {
		got = append(got, p.Comment(i))
	}
	if diff := cmp.Diff([]string{"five", "five", "", "round 0", "round 1", "", "done"}, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	want := []string{"five", "five", "r2 = 1", "round 0", "round 1", "call elsewhere", "done"}
	if diff := cmp.Diff(want, p.Lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// What the builder and its passes add for a call bears the comment of that call's line.
func TestCommentsOnConstructs(t *testing.T) {
	stats := asm.NewCounters("stats", "all")
	b := asm.NewBuilder("constructs", asm.XDP)
	b.Comment("one more")
	b.Count(stats, "all", 1)
	b.Return(asm.XDPPass)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	for i, ins := range p.All() {
		want := "one more"
		if p.Position(i) != p.Position(0) {
			want = ""
		}
		if got := p.Comment(i); got != want {
			t.Errorf("instruction %d, %v: comment %q, want %q", i, ins, got, want)
		}
	}
	if p.Position(0) == p.Position(p.Len()-1) {
		t.Errorf("all is at %v", p.Position(0))
	}
}

// The texts of lines have names for what a program names, also once it is linked.
func TestLinesHaveNames(t *testing.T) {
	spec := asm.ProgramSpec{
		Name: "named",
		Instructions: []asm.Instruction{
			{Op: asm.OpLdImm64, Dst: asm.R1, Src: asm.Imm64MapFD, Imm: 7},
			{Op: asm.OpLdImm64, Dst: asm.R2, Src: asm.Imm64MapValue, Imm: 8<<32 | 9},
			{Op: 0x85, Imm: int64(asm.FnMapLookupElem)},
			{Op: 0x05, Off: 1},
			{Op: 0xb7, Dst: asm.R0},
			{Op: 0x95},
		},
		Labels: []asm.Label{{Name: "out", Index: 5}},
	}
	plain, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Resolved = []asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: "workers"}, {Index: 1, Kind: asm.RefMapValue, Symbol: "config"}}
	linked, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"r1 = workers ll", "r2 = config+8 ll", "call bpf_map_lookup_elem", "goto out", "r0 = 0", "exit"}
	if diff := cmp.Diff(want, linked.Lines()); diff != "" {
		t.Errorf("linked (-want +got):\n%s", diff)
	}
	if got := plain.Lines()[0]; got != "ld_pseudo r1, 1, 7" { // what LLVM prints for it
		t.Errorf("without names: %q", got)
	}
	if linked.String() != plain.String() {
		t.Errorf("the names change the program's text:\n%v", linked)
	}
}

// A builder without lines makes the same bytes, and errors that name none.
func TestNoLines(t *testing.T) {
	program := func(lines bool) *asm.Program {
		b := asm.NewBuilder("same", asm.XDP)
		if !lines {
			b.NoLines()
		}
		b.Comment("the verdict")
		b.If(b.Load(b.Context().Field(asm.XDPMdRxQueueIndex)).Eq(0), func() { b.Return(asm.XDPDrop) })
		b.Return(asm.XDPPass)
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	with, without := program(true), program(false)
	if diff := cmp.Diff(with.AppendTo(nil, binary.LittleEndian), without.AppendTo(nil, binary.LittleEndian)); diff != "" {
		t.Errorf("bytes with and without lines:\n%s", diff)
	}
	for i := range without.All() {
		if at, text := without.Position(i), without.Comment(i); at != (asm.Position{}) || text != "" {
			t.Errorf("instruction %d: at %v, comment %q", i, at, text)
		}
	}
	b := asm.NewBuilder("wrong", asm.XDP)
	b.NoLines()
	b.Div(asm.R0, 0)
	b.Exit()
	_, err := b.Program()
	if !errors.Is(err, asm.ErrDivideByZero) || !strings.HasPrefix(err.Error(), "-: wrong: instruction 0: r0 /= 0: ") {
		t.Errorf("error without a line: %v", err)
	}
}

func TestNewProgramRefusesLines(t *testing.T) {
	for _, test := range []struct {
		name string
		spec asm.ProgramSpec
		want string
	}{
		{"comment outside", asm.ProgramSpec{Comments: []asm.Comment{{Index: 2, Text: "late"}}}, "comment on instruction 2 of 2, behind that on -1: outside or not in order"},
		{"comment before the program", asm.ProgramSpec{Comments: []asm.Comment{{Index: -1, Text: "early"}}}, "comment on instruction -1 of 2"},
		{"two comments", asm.ProgramSpec{Comments: []asm.Comment{{Index: 1}, {Index: 1}}}, "comment on instruction 1 of 2, behind that on 1"},
		{"resolved outside", asm.ProgramSpec{Resolved: []asm.Reference{{Index: 2, Kind: asm.RefMap, Symbol: "m"}}},
			"resolved reference to map m at instruction 2 of 2, behind that at -1: outside or not in order"},
		{"positions", asm.ProgramSpec{Positions: make([]asm.Position, 3)}, "3 positions for 2 instructions"},
	} {
		test.spec.Instructions = []asm.Instruction{{Op: 0xb7}, {Op: 0x95}}
		_, err := asm.NewProgram(test.spec)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// BenchmarkLines builds the same program with and without lines in turn and reports the medians and their ratio.
func BenchmarkLines(b *testing.B) {
	build := func(lines bool) time.Duration {
		start := time.Now()
		b := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
		if !lines {
			b.NoLines()
		}
		selectDCID(b)
		if _, err := b.Program(); err != nil {
			panic(err)
		}
		return time.Since(start)
	}
	var with, without []time.Duration
	for b.Loop() {
		with, without = append(with, build(true)), append(without, build(false))
	}
	slices.Sort(with)
	slices.Sort(without)
	x, y := with[len(with)/2], without[len(without)/2]
	b.ReportMetric(float64(x.Nanoseconds()), "lines-ns")
	b.ReportMetric(float64(y.Nanoseconds()), "nolines-ns")
	b.ReportMetric(float64(x)/float64(y), "lines/nolines")
}

// selectDCID reads a QUIC connection ID of 20 bytes and selects a socket by its first eight.
func selectDCID(b *asm.Builder) {
	ctx := b.Context()
	head := b.Stack("head", 8)
	key := b.Stack("key", 8)
	b.If(b.Call(asm.FnSKBLoadBytes, ctx, 8, head, 7).NotEq(0), func() { b.Return(asm.SkPass) })
	first := b.Load(head.U8(0))
	b.If(first.HasBits(0x80), func() {
		b.If(b.Load(head.U8(5)).NotEq(20), func() { b.Return(asm.SkPass) })
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 14, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
	}, func() {
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 9, key, 8).NotEq(0), func() { b.Return(asm.SkPass) })
	})
	b.Call(asm.FnSkSelectReuseport, ctx, asm.Map("workers"), key, 0)
	b.Return(asm.SkPass)
}

// Variables and counters are members of their map's value, so that tools print them by name.
func TestGlobalsHaveNames(t *testing.T) {
	stats := asm.NewCounters("stats", "hit", "miss")
	b := asm.NewBuilder("globals", asm.XDP)
	b.Rodata("motto", []byte("abc"))
	for _, size := range []int{4, 3, 8, 16} {
		b.BSS("v"+string(rune('0'+size)), size)
	}
	b.Count(stats, "miss", 1)
	b.Return(asm.XDPPass)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	for _, m := range p.Maps() {
		if m.Value.Name() != m.Name || m.Value.Size() != int(m.ValueSize) {
			t.Errorf("%s: a value of %d bytes has the layout %s of %d", m.Name, m.ValueSize, m.Value.Name(), m.Value.Size())
		}
		for at, member := range m.Value.Members() {
			if member.Name != "" {
				got[m.Name] = append(got[m.Name], fmt.Sprintf("%s: %d x %d at %d", member.Name, max(1, member.Count), member.Size.Bytes(), at))
			}
		}
	}
	want := map[string][]string{
		".rodata": {"motto: 3 x 1 at 0"},
		".bss":    {"v4: 1 x 4 at 0", "v3: 3 x 1 at 8", "v8: 1 x 8 at 16", "v@: 16 x 1 at 24"},
		"stats":   {"hit: 1 x 8 at 0", "miss: 1 x 8 at 8"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
