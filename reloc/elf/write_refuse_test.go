package elf_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// withMap is a program that loads the map that a spec describes.
func withMap(t testing.TB, m asm.MapSpec) *asm.Program {
	return build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		b.DeclareMap(m)
		b.LdMap(asm.R1, m.Name)
		b.Mov(asm.R0, 0)
		b.Exit()
	})
}

// linked gives a descriptor to map m.
func linked(t testing.TB, p *asm.Program) *asm.Program {
	t.Helper()
	p, err := reloc.Link(p, reloc.Symbols{"m": reloc.MapFD(7)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func data(name string, change func(m *asm.MapSpec)) asm.MapSpec {
	m := asm.MapSpec{Name: name, Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	if change != nil {
		change(&m)
	}
	return m
}

func TestAppendRefuses(t *testing.T) {
	exit := func(name string, typ asm.ProgramType) *asm.Program {
		return build(t, name, typ, func(b *asm.Builder) { b.Exit() })
	}
	code := func(f func(b *asm.Builder)) []*asm.Program {
		return []*asm.Program{build(t, "main", asm.SocketFilter, func(b *asm.Builder) { f(b); b.Exit() })}
	}
	maps := func(m asm.MapSpec) []*asm.Program { return []*asm.Program{withMap(t, m)} }
	with := func(change func(spec *asm.ProgramSpec)) *asm.Program {
		spec := exit("p", asm.XDP).Spec()
		change(&spec)
		p, err := asm.NewProgram(spec)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	licensed := func(name, license string) *asm.Program {
		return with(func(spec *asm.ProgramSpec) { spec.Name, spec.License = name, license })
	}
	inner := asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	tests := []struct {
		name     string
		programs []*asm.Program
		want     string
	}{
		{"nothing", nil, "write object: no programs"},
		{"no name", []*asm.Program{licensed("", "GPL")}, `program "": that is no name for a symbol`},
		{"program type", []*asm.Program{with(func(spec *asm.ProgramSpec) { spec.Type = 77 })}, "program p: libbpf has no section name for type program type 77"},
		{"licences", []*asm.Program{licensed("p", "GPL"), licensed("q", "MIT")},
			`programs p and q have the licences "GPL" and "MIT", an object has one`},
		{"NUL in the licence", []*asm.Program{licensed("p", "GPL\x00")}, `the licence "GPL\x00" has a NUL`},

		{"map nobody describes", code(func(b *asm.Builder) { b.LdMap(asm.R1, "workers") }),
			"instruction 0: map workers is not described, so that nothing can make it from an object file"},
		{"descriptor", []*asm.Program{linked(t, withMap(t, data("m", nil)))},
			"has the descriptor of a map; write the program before it is linked"},
		{"index of a descriptor", code(func(b *asm.Builder) { b.LdMapIndex(asm.R1, 1) }),
			"refers to a map by its place in a list of descriptors"},
		{"subprogram that is nowhere", code(func(b *asm.Builder) { b.CallSubprogram("f") }),
			"instruction 0: no program of the object has a subprogram f"},
		{"call of a program", append(code(func(b *asm.Builder) { b.CallSubprogram("other") }), exit("other", asm.SocketFilter)),
			"other is a program of its own; an object file calls functions in .text only"},
		{"subprogram of two", append(code(func(b *asm.Builder) { b.CallSubprogram("f") }),
			build(t, "a", asm.UnspecProgram, func(b *asm.Builder) { b.Exit(); b.Subprogram("f"); b.Exit() }),
			build(t, "b", asm.UnspecProgram, func(b *asm.Builder) { b.Exit(); b.Subprogram("f"); b.Exit() })),
			"programs a and b both have a subprogram f"},

		{"name of a map", maps(asm.MapSpec{Name: "my.map", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}),
			"map my.map: in an object file the name of a map is a C identifier of at most 127 bytes"},
		{"no type", maps(asm.MapSpec{Name: "m"}), "map m: an object file has no maps of type unspec"},
		{"contents", maps(data("table", func(m *asm.MapSpec) { m.Contents = "12345678" })),
			"map table: has contents; an object file has those of maps named .rodata, .data, .rodata.x and .data.x"},
		{"map_extra", maps(asm.MapSpec{Name: "arena", Type: asm.MapArena, MaxEntries: 1, Extra: 1 << 44}),
			"map arena: map_extra 0x100000000000 has more than 32 bits"},
		{"no inner map", maps(asm.MapSpec{Name: "m", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1}),
			"map m: inner map described: false; a array_of_maps needs one: true"},
		{"value of inner maps", maps(asm.MapSpec{Name: "m", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 8, MaxEntries: 1, Inner: &inner}),
			"map m: values of 8 bytes; inner maps are found by 4"},
		{"inner map to be pinned", maps(asm.MapSpec{Name: "m", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1,
			Inner: &asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, PinByName: true}}),
			"map m: its inner map is to be pinned"},
		{"inner map of no type", maps(asm.MapSpec{Name: "m", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1,
			Inner: &asm.MapSpec{}}), "map m: inner map: an object file has no maps of type unspec"},
		{"value of a map", code(func(b *asm.Builder) {
			b.DeclareMap(data("state", nil))
			b.LdMapValue(asm.R1, "state", 0)
		}), "the value of map state: an object file refers to those of .rodata, .data and .bss only"},

		{"byte behind the data", code(func(b *asm.Builder) {
			b.DeclareMap(data(".data", nil))
			b.LdMapValue(asm.R1, ".data", 8)
		}), "instruction 0: byte 8 of the 8 of .data"},
		{"data as a map", maps(data(".data", nil)), "map .data is the section .data: an object file refers to its variables and not to the map"},
		{"data of two elements", maps(data(".data", func(m *asm.MapSpec) { m.MaxEntries = 2 })),
			"map .data: a array with keys of 4 bytes and 2 entries; global data are an array of one element"},
		{"no data", maps(data(".data", func(m *asm.MapSpec) { m.ValueSize = 0 })), "map .data: a section of 0 bytes"},
		{"more contents than room", maps(data(".data", func(m *asm.MapSpec) { m.Contents = "123456789" })),
			"map .data: 9 bytes of contents for 8"},
		{"zeros for a file", maps(data(".data", func(m *asm.MapSpec) { m.ValueSize, m.Contents = 1e9, "x" })),
			"map .data: 1 bytes of contents for 1000000000; a file would have the rest as zeros, and takes at most 67108864: .bss is for zeros"},
		{"constants that change", maps(data(".rodata.x", nil)), "map .rodata.x: flags 0x0; a loader makes it read-only for programs"},
		{"variables that do not", maps(data(".data", func(m *asm.MapSpec) { m.Flags = asm.MapReadOnlyProg })),
			"map .data: flags 0x80; a loader makes it without"},
		{"zeros that are none", maps(data(".bss", func(m *asm.MapSpec) { m.Contents = "x" })),
			"map .bss: has contents, and the section is zeros; use .data"},
		{"pinned data", maps(data(".bss", func(m *asm.MapSpec) { m.PinByName = true })), "map .bss: a section can be neither pinned nor placed"},
		{"name like data", maps(data(".database", nil)), "map .database: in an object file the name of a map is a C identifier"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, err := reloc.NewObject(test.programs...)
			if err != nil {
				t.Fatal(err)
			}
			b, err := elf.Append([]byte("abc"), o, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !bytes.Equal(b, []byte("abc")) {
				t.Errorf("%d bytes were appended", len(b)-3)
			}
		})
	}
}

// Everything that is wrong is reported together, instructions with their Go line.
func TestAppendJoinsErrors(t *testing.T) {
	p := build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		b.LdMap(asm.R1, "first")
		b.CallSubprogram("second")
		b.Exit()
	})
	_, err := elf.Append(nil, object(t, p), nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"write_refuse_test.go:", "program main: instruction 0: map first", "instruction 1: no program of the object has a subprogram second"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not have %q", err, want)
		}
	}
}

// Of many things that are wrong the first are told, and how many there are.
func TestAppendCountsErrors(t *testing.T) {
	p := build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		for i := range 8000 {
			b.LdMap(asm.R1, fmt.Sprint("m", i))
		}
		b.Exit()
	})
	_, err := elf.Append(nil, object(t, p), nil)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != 21 || last != "and 7980 more" {
		t.Errorf("%d lines, the last %q; want 21 and that 7980 are not told", len(lines), last)
	}
}

// Zeros of .bss take no room in a file.
func TestAppendLargeBSS(t *testing.T) {
	p := build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
		b.DeclareMap(data(".bss", func(m *asm.MapSpec) { m.ValueSize = 1e9 }))
		b.LdMapValue(asm.R1, ".bss", 0)
		b.Exit()
	})
	file, err := elf.Append(nil, object(t, p), nil)
	if err != nil || len(file) > 1<<16 {
		t.Fatalf("%d bytes, %v", len(file), err)
	}
}
