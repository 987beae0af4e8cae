package source_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/internal/generated"
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
	all := map[string]*reloc.Object{"dcid": makeObject(t, selector), "sockredir": redirect}
	for name, write := range map[string]func() (*reloc.Object, error){"whole": generated.Whole, "first": generated.FirstWorker} {
		if all[name], err = write(); err != nil {
			t.Fatal(err)
		}
	}
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
