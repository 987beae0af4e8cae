package source_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
)

func build(t testing.TB, name string, kind asm.ProgramType, write func(b *asm.Builder)) *asm.Program {
	t.Helper()
	b := asm.NewBuilder(name, kind)
	write(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func makeProgram(t testing.TB, spec asm.ProgramSpec) *asm.Program {
	t.Helper()
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func makeObject(t testing.TB, programs ...*asm.Program) *reloc.Object {
	t.Helper()
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// objects returns those of package programs and of the corpus, and one with functions, global data and inner maps.
func objects(t testing.TB) map[string]*reloc.Object {
	t.Helper()
	selector, err := dcid.Program(&dcid.Options{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := sockredir.Object(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*reloc.Object{"dcid": makeObject(t, selector), "sockredir": redirect, "whole": whole(t)}
	for _, write := range corpus.Programs() {
		p, err := write()
		if err != nil {
			t.Fatal(err)
		}
		all[p.Name()] = makeObject(t, p)
	}
	return all
}

func byteModulo(t testing.TB) *classic.Program {
	t.Helper()
	p, err := bytemod.Program(0, 4)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// whole has an XDP program that calls a function of a library, with all kinds of global data and a map of maps.
func whole(t testing.TB) *reloc.Object {
	inner := asm.MapSpec{Name: "ports", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 4}
	library := build(t, "library", asm.UnspecProgram, func(b *asm.Builder) {
		seen := b.BSS("seen", 8)
		b.AtomicAdd(b.Addr(seen).U64(0), b.Copy(1))
		b.Return(0)
		b.Function("scale", 1, func(args []asm.Register) {
			b.Mul(args[0], b.Load(b.Addr(b.Rodata("factor", []byte{3, 0, 0, 3})).U8(0)))
			b.Return(args[0])
		})
	})
	main := build(t, "count.length", asm.XDP, func(b *asm.Builder) {
		b.AttachType(asm.AttachXDP)
		b.License("GPL")
		sets := b.DeclareMap(asm.MapSpec{Name: "sets", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Inner: &inner})
		total := b.Data("total", []byte{1, 2, 3, 4, 5, 6, 7, 8})
		b.Comment("what is called */ is in another \"program\"")
		n := b.CallFunc("scale", 7)
		b.AtomicAdd(b.Addr(total).U64(0), n)
		key := b.Stack("key", 4)
		b.Store(key.U32(0), 1)
		set := b.Call(asm.FnMapLookupElem, sets, key)
		b.If(set.Eq(0), func() { b.Return(asm.XDPDrop) })
		wide := b.Copy(0)
		b.LdImm64(wide, math.MinInt64)
		b.If(wide.SLt(0), func() { b.Return(asm.XDPPass) })
		b.CallFunc("library")
		b.Return(asm.XDPAborted)
	})
	return makeObject(t, main, library)
}

const exit = asm.Opcode(uint8(asm.OpExit) | uint8(asm.ClassJMP))

// random returns n instructions of all that Instruction.Check takes, but jumps and calls inside the program, and exit.
func random(r *rand.Rand, n int) []asm.Instruction {
	var insns []asm.Instruction
	numbers := []int64{0, 1, -1, 16, 32, 64, math.MinInt32, math.MaxInt32, 0xa1, 0x100, r.Int64(), math.MinInt64, math.MaxInt64, int64(r.Int32())}
	offsets := []int16{0, 0, 1, 8, -1, math.MinInt16, math.MaxInt16, int16(r.Int32())}
	for len(insns) < n {
		i := asm.Instruction{
			Op: asm.Opcode(r.IntN(256)), Dst: asm.Register(r.IntN(11) * r.IntN(2)), Src: asm.Register(r.IntN(11) * r.IntN(2)),
			Off: offsets[r.IntN(len(offsets))], Imm: numbers[r.IntN(len(numbers))],
		}
		jump := i.Op.Class() == asm.ClassJMP || i.Op.Class() == asm.ClassJMP32
		if i.Check() == nil && (!jump || i.Op == exit) && (i.Op != asm.OpLdImm64 || i.Src != asm.Imm64Func) {
			insns = append(insns, i)
		}
	}
	return append(insns, asm.Instruction{Op: exit})
}
