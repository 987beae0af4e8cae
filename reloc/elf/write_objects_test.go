package elf_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
)

// namedObject is an object to write.
type namedObject struct {
	name   string
	object *reloc.Object
}

// turnKey are the programs of programs/, those of the corpus, and one object with what these do not have.
func objects(t testing.TB) []namedObject {
	t.Helper()
	all := turnKey(t)
	for _, program := range corpus.Programs() {
		p, err := program()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, namedObject{"corpus " + p.Name(), object(t, p)})
	}
	return append(all, namedObject{"everything", everything(t)})
}

// turnKey are the programs of programs/.
func turnKey(t testing.TB) []namedObject {
	t.Helper()
	selector, err := dcid.Program(nil)
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := sockredir.Object(nil)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := bytemod.Program(0, 4)
	if err != nil {
		t.Fatal(err)
	}
	converted, err := classic.Convert(filter)
	if err != nil {
		t.Fatal(err)
	}
	return []namedObject{{"dcid", object(t, selector)}, {"sockredir", redirect}, {"bytemod", object(t, converted)}}
}

func object(t testing.TB, programs ...*asm.Program) *reloc.Object {
	t.Helper()
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

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

// everything has two programs in one section, functions of three kinds, a callback, every kind of data and many maps.
func everything(t testing.TB) *reloc.Object {
	t.Helper()
	flow := asm.NewStruct("flow", asm.Member{Name: "addr", Size: asm.W, Count: 4}, asm.Member{Name: "port", Size: asm.H})
	maps := []asm.MapSpec{
		{Name: "flows", Type: asm.MapHash, MaxEntries: 64, Key: flow, Value: asm.NewStruct("traffic", asm.Member{Name: "bytes", Size: asm.DW})},
		{Name: "plain", Type: asm.MapLRUHash, KeySize: 6, ValueSize: 12, MaxEntries: 8, Flags: asm.MapNoCommonLRU},
		{Name: "counts", Type: asm.MapPerCPUArray, KeySize: 4, MaxEntries: 2, Value: asm.NewStruct("counts", asm.Member{Name: "n", Size: asm.DW})},
		{Name: "events", Type: asm.MapRingBuf, MaxEntries: 4096},
		{Name: "sockets", Type: asm.MapSockHash, KeySize: 16, ValueSize: 8, MaxEntries: 8},
		{Name: "routes", Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 16, Flags: asm.MapNoPrealloc},
		{Name: "jumps", Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "tables", Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 16}},
		{Name: "seen", Type: asm.MapBloomFilter, ValueSize: 8, MaxEntries: 100, Extra: 3},
	}
	useMaps := func(b *asm.Builder) {
		for _, m := range maps {
			b.DeclareMap(m)
			b.LdMap(asm.R1, m.Name)
		}
	}
	program := func(name string) *asm.Program {
		return build(t, name, asm.SocketFilter, func(b *asm.Builder) {
			useMaps(b)
			b.Comment("what is behind the label is counted")
			limit := b.Rodata("limit", []byte{4, 0, 0, 0})
			b.Data("level", []byte{1, 2, 3, 4, 5, 6, 7, 8})
			total := b.BSS("total", 16)
			b.LdMapValue(asm.R1, limit.Section(), uint32(limit.Offset()))
			b.LdMapValue(asm.R2, total.Section(), uint32(total.Offset()+8))
			b.LdMapValue(asm.R3, asm.SectionData, 0)
			b.Mov(asm.R1, 3)
			b.CallSubprogram("double")
			b.Mov(asm.R1, 2)
			b.CallSubprogram("step")
			b.Mov(asm.R1, 4)
			b.LdFunc(asm.R2, "step")
			b.Mov(asm.R3, 0)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnLoop)
			b.Mov(asm.R0, 0)
			b.Exit()

			b.Subprogram("step")
			b.CallSubprogram("twice")
			b.Mov(asm.R0, 0)
			b.Exit()

			b.Subprogram("twice")
			b.Mov(asm.R0, asm.R1)
			b.CallSubprogram("double")
			b.Exit()
		})
	}
	library := build(t, "double", asm.UnspecProgram, func(b *asm.Builder) {
		b.Mov(asm.R0, asm.R1)
		b.Add(asm.R0, asm.R1)
		b.Exit()
	})
	return object(t, program("first"), library, program("second"))
}
