package elf_test

import (
	"fmt"
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

// objects are the programs of programs/, those of the corpus, and objects with what these do not have.
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
	return append(all, namedObject{"everything", everything(t)}, namedObject{"types", types(t)})
}

// types has programs for many places, which the kernel takes with the attach type that belongs to it only.
func types(t testing.TB) *reloc.Object {
	t.Helper()
	var programs []*asm.Program
	for i, spec := range []asm.ProgramSpec{
		{Type: asm.Kprobe, AttachTo: "do_nanosleep"},
		{Type: asm.Kprobe, AttachTo: "kretprobe/do_nanosleep"},
		{Type: asm.Tracepoint, AttachTo: "sched/sched_switch"},
		{Type: asm.RawTracepoint, AttachTo: "sched_switch"},
		{Type: asm.PerfEvent},
		{Type: asm.SchedCLS},
		{Type: asm.SchedACT},
		{Type: asm.XDP, AttachType: asm.AttachXDP},
		{Type: asm.XDP, AttachType: asm.AttachXDP, Flags: asm.XDPFragments},
		{Type: asm.XDP, AttachType: asm.AttachXDPDevMap},
		{Type: asm.CgroupSKB, AttachType: asm.AttachCgroupInetEgress},
		{Type: asm.CgroupSock, AttachType: asm.AttachCgroupInet4PostBind},
		{Type: asm.CgroupSockAddr, AttachType: asm.AttachCgroupInet4Connect},
		{Type: asm.CgroupSockAddr, AttachType: asm.AttachCgroupUDP6RecvMsg},
		{Type: asm.CgroupSockopt, AttachType: asm.AttachCgroupSetSockopt},
		{Type: asm.CgroupSysctl, AttachType: asm.AttachCgroupSysctl},
		{Type: asm.CgroupDevice, AttachType: asm.AttachCgroupDevice},
		{Type: asm.SkSKB, AttachType: asm.AttachSkSKBStreamVerdict},
		{Type: asm.SkLookup, AttachType: asm.AttachSkLookup},
		{Type: asm.SkReuseport, AttachType: asm.AttachSkReuseportSelectOrMigrate},
		{Type: asm.FlowDissector, AttachType: asm.AttachFlowDissector},
		{Type: asm.Syscall, Flags: asm.Sleepable},
	} {
		spec.Name = fmt.Sprintf("program%d", i)
		spec.License = "GPL"
		spec.Instructions = []asm.Instruction{{Op: 0xb7, Imm: 1}, {Op: 0x95}} // r0 = 1; exit
		spec.Positions = []asm.Position{{File: "/types.go", Line: 2*i + 1}, {File: "/types.go", Line: 2*i + 2}}
		p, err := asm.NewProgram(spec)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	return object(t, programs...)
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
