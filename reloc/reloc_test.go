package reloc_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

var workers = asm.MapSpec{Name: "workers", Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 16}

// build assembles a program that f writes.
func build(t testing.TB, name string, typ asm.ProgramType, f func(b *asm.Builder)) *asm.Program {
	t.Helper()
	b := asm.NewBuilder(name, typ)
	f(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func object(t testing.TB, programs ...*asm.Program) *reloc.Object {
	t.Helper()
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// bytes returns a program's little-endian bytes, a line for each slot.
func bytes(p *asm.Program) []string {
	var lines []string
	for b := p.AppendTo(nil, binary.LittleEndian); len(b) > 0; b = b[8:] {
		lines = append(lines, hex.EncodeToString(b[:8]))
	}
	return lines
}

func lookup(b *asm.Builder) {
	b.DeclareMap(workers)
	b.LdMap(asm.R1, "workers")
	b.LdMapValue(asm.R2, "active", 12)
	b.Mov(asm.R0, 0)
	b.Exit()
}

func TestLinkFillsInDescriptors(t *testing.T) {
	p := build(t, "select", asm.SkReuseport, lookup)
	unlinked := []string{
		"1811000000000000", "0000000000000000", // r1 = map workers
		"1822000000000000", "000000000c000000", // r2 = value of active + 12
		"b700000000000000", "9500000000000000",
	}
	if diff := cmp.Diff(unlinked, bytes(p)); diff != "" {
		t.Fatalf("before (-want +got):\n%s", diff)
	}
	q, err := reloc.Link(p, reloc.Symbols{"workers": reloc.MapFD(7), "active": reloc.MapFD(0x01020304)})
	if err != nil {
		t.Fatal(err)
	}
	linked := []string{
		"1811000007000000", "0000000000000000",
		"1822000004030201", "000000000c000000",
		"b700000000000000", "9500000000000000",
	}
	if diff := cmp.Diff(linked, bytes(q)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(unlinked, bytes(p)); diff != "" {
		t.Errorf("Link changed what it was given (-want +got):\n%s", diff)
	}
	if p.Linked() || !q.Linked() {
		t.Errorf("Linked() = %v before and %v after, want false and true", p.Linked(), q.Linked())
	}
	if got, want := q.Position(1), p.Position(1); got != want || got.Line == 0 {
		t.Errorf("position of instruction 1 = %v, want %v", got, want)
	}
}

// Linking one object with other descriptors from many goroutines gives each its own.
func TestLinkIsRepeatable(t *testing.T) {
	o := object(t, build(t, "select", asm.SkReuseport, lookup))
	var wg sync.WaitGroup
	for fd := range 64 {
		wg.Go(func() {
			linked, err := o.Link(reloc.Symbols{"workers": reloc.MapFD(fd), "active": reloc.MapFD(100 + fd)})
			if err != nil {
				t.Error(err)
				return
			}
			if got := linked[0].At(0).Imm; got != int64(fd) {
				t.Errorf("descriptor %d became %d", fd, got)
			}
			if got := linked[0].At(1).Imm; got != 12<<32|int64(100+fd) {
				t.Errorf("value of descriptor %d became %#x", 100+fd, got)
			}
		})
	}
	wg.Wait()
}

func TestLinkRefuses(t *testing.T) {
	o := object(t, build(t, "select", asm.SkReuseport, lookup),
		build(t, "other", asm.SkReuseport, func(b *asm.Builder) { b.Mov(asm.R0, 1); b.Exit() }))
	good := func() reloc.Symbols {
		return reloc.Symbols{"workers": reloc.MapFD(7), "active": reloc.MapFD(8)}
	}
	tests := []struct {
		name   string
		change func(reloc.Symbols)
		is     error
		want   string
	}{
		{"unknown symbol", func(s reloc.Symbols) { s["wrokers"] = reloc.MapFD(9) }, reloc.ErrUnknownSymbol,
			"link: unknown symbol wrokers: no program refers to it"},
		{"unresolved symbol", func(s reloc.Symbols) { delete(s, "active") }, reloc.ErrUnresolved,
			"link: reloc_test.go:52: program select: instruction 1: unresolved symbol active"},
		{"zero symbol", func(s reloc.Symbols) { s["active"] = reloc.Symbol{} }, reloc.ErrWrongKind,
			"link: symbol of a wrong kind: active is the zero Symbol"},
		{"closed map", func(s reloc.Symbols) { s["active"] = reloc.MapFD(-1) }, reloc.ErrWrongKind,
			"link: symbol of a wrong kind: active is a map with descriptor -1"},
		{"map for a program", func(s reloc.Symbols) { s["other"] = reloc.MapFD(9) }, reloc.ErrWrongKind,
			"link: symbol of a wrong kind: other is the function other of the object, not a map"},
		{"map of another type", func(s reloc.Symbols) {
			s["workers"] = reloc.Map(7, asm.MapSpec{Type: asm.MapSockMap, KeySize: 8, ValueSize: 8})
		}, reloc.ErrWrongKind, "link: symbol of a wrong kind: map workers is of type sockmap, the programs expect sockhash"},
		{"map with other keys", func(s reloc.Symbols) {
			s["workers"] = reloc.Map(7, asm.MapSpec{Type: asm.MapSockHash, KeySize: 4, ValueSize: 8})
		}, reloc.ErrWrongKind, "link: symbol of a wrong kind: map workers has keys of 4 bytes, the programs expect 8"},
		{"map with other values", func(s reloc.Symbols) {
			s["workers"] = reloc.Map(7, asm.MapSpec{Type: asm.MapSockHash, KeySize: 8, ValueSize: 4})
		}, reloc.ErrWrongKind, "link: symbol of a wrong kind: map workers has values of 4 bytes, the programs expect 8"},
		{"address of a hash's value", func(s reloc.Symbols) {
			s["active"] = reloc.Map(8, asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 16})
		}, reloc.ErrWrongKind, "link: reloc_test.go:52: program select: instruction 1: symbol of a wrong kind: " +
			"active is a map of type hash; only the value of an array has an address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := good()
			tt.change(s)
			_, err := o.Link(s)
			if err == nil {
				t.Fatal("linked")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
		})
	}
	if _, err := o.Link(good()); err != nil {
		t.Errorf("the symbols that every case changes: %v", err)
	}
}

// Whoever makes all maps of an object gives all of them to Link.
func TestLinkTakesMapsThatNoProgramRefersTo(t *testing.T) {
	p := build(t, "p", asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "spare", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	linked, err := reloc.Link(p, reloc.Symbols{"spare": reloc.MapFD(5)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.String(), linked.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkReportsEverything(t *testing.T) {
	p := build(t, "select", asm.SkReuseport, lookup)
	_, err := reloc.Link(p, reloc.Symbols{"a": reloc.MapFD(3), "b": reloc.MapFD(4)})
	want := strings.Join([]string{
		"link: unknown symbol a: no program refers to it",
		"unknown symbol b: no program refers to it",
		"reloc_test.go:51: program select: instruction 0: unresolved symbol workers",
		"reloc_test.go:52: program select: instruction 1: unresolved symbol active",
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNewObjectRefuses(t *testing.T) {
	a := build(t, "a", asm.SkMsg, func(b *asm.Builder) { b.DeclareMap(workers); b.Exit() })
	again := build(t, "a", asm.SkMsg, func(b *asm.Builder) { b.Exit() })
	larger := workers
	larger.MaxEntries++
	otherwise := build(t, "b", asm.SkMsg, func(b *asm.Builder) { b.DeclareMap(larger); b.Exit() })
	named := build(t, "workers", asm.SkMsg, func(b *asm.Builder) { b.Exit() })
	tests := []struct {
		name     string
		programs []*asm.Program
		want     string
	}{
		{"two programs of a name", []*asm.Program{a, again}, "make object: duplicate definition: program a"},
		{"two descriptions of a map", []*asm.Program{a, otherwise},
			"make object: duplicate definition: program b describes map workers in another way than the programs before it"},
		{"program and map of a name", []*asm.Program{a, named}, "make object: duplicate definition: workers is a program and a map"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := reloc.NewObject(tt.programs...)
			if !errors.Is(err, reloc.ErrDuplicate) || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Relocation tables from elsewhere are held against the instructions when they become a program.
func TestRelocationOutsideOrNotOnALoad(t *testing.T) {
	insns := build(t, "p", asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R0, 1)
		b.LdImm64(asm.R1, 5)
		b.Exit()
	}).Spec().Instructions
	tests := []struct {
		name string
		ref  asm.Reference
		want string
	}{
		{"outside", asm.Reference{Index: 3, Kind: asm.RefMap, Symbol: "m"},
			"program p: bad reference to map m: instruction 3 is outside the program of 3"},
		{"before", asm.Reference{Index: -1, Kind: asm.RefMap, Symbol: "m"},
			"program p: bad reference to map m: instruction -1 is outside the program of 3"},
		{"not a load", asm.Reference{Index: 0, Kind: asm.RefMap, Symbol: "m"},
			"program p: bad reference to map m: instruction 0, r0 = 1, is not a 64-bit immediate load with source 1"},
		{"a load of a number", asm.Reference{Index: 1, Kind: asm.RefMapValue, Symbol: "m"},
			"program p: bad reference to map value m: instruction 1, r1 = 5 ll, is not a 64-bit immediate load with source 2"},
		{"not a call", asm.Reference{Index: 2, Kind: asm.RefCall, Symbol: "f"},
			"program p: bad reference to subprogram f: instruction 2, exit, is not a call with source 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := asm.NewProgram(asm.ProgramSpec{Name: "p", Instructions: insns, References: []asm.Reference{tt.ref}})
			if !errors.Is(err, asm.ErrReference) || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
