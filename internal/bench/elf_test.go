package bench

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	cilium "github.com/cilium/ebpf/asm"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// objects are the programs of programs/, those of the corpus, and one with functions and global data.
func objects(tb testing.TB) map[string]*reloc.Object {
	tb.Helper()
	selector, err := dcid.Program(nil)
	check(tb, err)
	redirect, err := sockredir.Object(nil)
	check(tb, err)
	filter, err := bytemod.Program(0, 4)
	check(tb, err)
	converted, err := classic.Convert(filter)
	check(tb, err)
	all := map[string]*reloc.Object{
		"dcid": object(tb, selector), "sockredir": redirect, "bytemod": object(tb, converted), "functions": functions(tb),
	}
	for _, program := range corpus.Programs() {
		p, err := program()
		check(tb, err)
		all["corpus "+p.Name()] = object(tb, p)
	}
	return all
}

func object(tb testing.TB, programs ...*asm.Program) *reloc.Object {
	tb.Helper()
	o, err := reloc.NewObject(programs...)
	check(tb, err)
	return o
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// functions has two programs in one section, which call functions of their own and a shared one and use data.
func functions(tb testing.TB) *reloc.Object {
	tb.Helper()
	program := func(name string) *asm.Program {
		b := asm.NewBuilder(name, asm.SocketFilter)
		b.DeclareMap(asm.MapSpec{Name: "tables", Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 16}})
		b.DeclareMap(asm.MapSpec{Name: "flows", Type: asm.MapHash, MaxEntries: 8, ValueSize: 8,
			Key: asm.NewStruct("flow", asm.Member{Name: "addr", Size: asm.W}, asm.Member{Name: "port", Size: asm.W})})
		limit := b.Rodata("limit", []byte{4, 0, 0, 0})
		total := b.BSS("total", 16)
		b.LdMap(asm.R1, "tables")
		b.LdMap(asm.R1, "flows")
		b.LdMapValue(asm.R1, limit.Section(), uint32(limit.Offset()))
		b.LdMapValue(asm.R2, total.Section(), uint32(total.Offset()+8))
		b.Mov(asm.R1, 3)
		b.CallSubprogram("double")
		b.Mov(asm.R1, 4)
		b.LdFunc(asm.R2, "step")
		b.Mov(asm.R3, 0)
		b.Mov(asm.R4, 0)
		b.CallHelper(asm.FnLoop)
		b.Mov(asm.R0, 0)
		b.Exit()
		b.Subprogram("step")
		b.CallSubprogram("double")
		b.Mov(asm.R0, 0)
		b.Exit()
		p, err := b.Program()
		check(tb, err)
		return p
	}
	b := asm.NewBuilder("double", asm.UnspecProgram)
	b.Mov(asm.R0, asm.R1)
	b.Add(asm.R0, asm.R1)
	b.Exit()
	library, err := b.Program()
	check(tb, err)
	return object(tb, program("first"), library, program("second"))
}

// cilium/ebpf's collection loader takes our objects as they are, in both byte orders, and loads those of this machine. The
// functions of its programs have the bytes of ours, up to the descriptors and distances that both fill in later.
func TestCiliumLoadsObjects(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	for name, o := range objects(t) {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(name+" "+order.String(), func(t *testing.T) {
				file, err := elf.Append(nil, o, &elf.Options{Order: order})
				check(t, err)
				spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(file))
				check(t, err)
				compareMaps(t, o, spec)
				for _, p := range o.Programs() {
					if p.Type() != asm.UnspecProgram {
						comparePrograms(t, o, p, spec.Programs[p.Name()], order)
					}
				}
				if spec.ByteOrder != nativeOrder() {
					return
				}
				collection, err := ebpf.NewCollection(spec)
				check(t, err)
				collection.Close()
			})
		}
	}
}

func nativeOrder() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func compareMaps(t *testing.T, o *reloc.Object, spec *ebpf.CollectionSpec) {
	t.Helper()
	var names []string
	for _, m := range o.Maps() {
		names = append(names, m.Name)
		got := spec.Maps[m.Name]
		if got == nil {
			t.Errorf("no map %s", m.Name)
			continue
		}
		if uint32(got.Type) != uint32(m.Type) || got.KeySize != m.KeySize || got.ValueSize != m.ValueSize || got.MaxEntries != m.MaxEntries ||
			got.Flags&^uint32(asm.MapMmapable) != uint32(m.Flags) || (got.InnerMap != nil) != (m.Inner != nil) {
			t.Errorf("map %s: %v, want %+v", m.Name, got, m)
		}
		if m.Contents != "" && string(got.Contents[0].Value.([]byte)) != m.Contents {
			t.Errorf("map %s holds %v, want %q", m.Name, got.Contents[0].Value, m.Contents)
		}
	}
	if got := slices.Sorted(maps.Keys(spec.Maps)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		t.Errorf("maps %v, want %v", got, names)
	}
}

// comparePrograms links our program and encodes theirs with the same descriptors.
func comparePrograms(t *testing.T, o *reloc.Object, p *asm.Program, spec *ebpf.ProgramSpec, order binary.ByteOrder) {
	t.Helper()
	if spec == nil {
		t.Errorf("no program %s", p.Name())
		return
	}
	if uint32(spec.Type) != uint32(p.Type()) || spec.License != p.License() {
		t.Errorf("%s: a %v under %q, want %v under %q", p.Name(), spec.Type, spec.License, p.Type(), p.License())
	}
	symbols := make(reloc.Symbols)
	for _, q := range o.Programs() {
		for _, r := range q.References() {
			if r.Kind == asm.RefMap || r.Kind == asm.RefMapValue {
				symbols[r.Symbol] = reloc.MapFD(100 + len(r.Symbol))
			}
		}
	}
	linked, err := o.Link(symbols)
	check(t, err)
	ours := linked[slices.IndexFunc(linked, func(q *asm.Program) bool { return q.Name() == p.Name() })]

	insns := slices.Clone(spec.Instructions)
	lines, begins := 0, []int{}
	for i := range insns {
		if insns[i].Source() != nil {
			lines++
		}
		if insns[i].Symbol() != "" {
			begins = append(begins, i)
		}
		if insns[i].IsLoadFromMap() {
			insns[i].Constant |= int64(100 + len(insns[i].Reference()))
		}
	}
	if lines == 0 {
		t.Errorf("%s: no source lines", p.Name())
	}
	want, got := ourFunctions(t, ours, order), make(map[string]int)
	for n, begin := range begins {
		end := len(insns)
		if n+1 < len(begins) {
			end = begins[n+1]
		}
		got[encodeTheirs(t, insns[begin:end], order)]++
	}
	if !maps.Equal(want, got) {
		t.Errorf("%s: functions\n% x, want\n% x", p.Name(), slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// ourFunctions returns the bytes of each function of a program, with -1 as distance of calls, and how often they are there.
func ourFunctions(t *testing.T, p *asm.Program, order binary.ByteOrder) map[string]int {
	t.Helper()
	all := make(map[string]int)
	functions := p.Functions()
	for f := range functions {
		end := p.Len()
		if f+1 < len(functions) {
			end = functions[f+1].Index
		}
		var b []byte
		for i := functions[f].Index; i < end; i++ {
			ins := p.At(i)
			if _, kind, ok := p.Callee(i); ok {
				if ins.Imm = -1; kind == asm.RefFunc {
					ins.Imm = 0xffffffff
				}
			}
			var err error
			b, err = ins.AppendTo(b, order)
			check(t, err)
		}
		all[string(b)]++
	}
	return all
}

// encodeTheirs encodes a function without what it calls.
func encodeTheirs(t *testing.T, insns cilium.Instructions, order binary.ByteOrder) string {
	t.Helper()
	var b bytes.Buffer
	for _, ins := range insns {
		if ins.IsFunctionReference() {
			ins = ins.WithReference("")
			if ins.Constant = -1; ins.OpCode.IsDWordLoad() {
				ins.Constant = 0xffffffff
			}
		}
		_, err := ins.Marshal(&b, order)
		check(t, err)
	}
	return b.String()
}
