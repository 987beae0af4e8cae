package vm_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// contexts are what programs run on here.
var contexts = []struct {
	typ asm.ProgramType
	ctx func() vm.Context
}{
	{asm.SchedCLS, func() vm.Context {
		return &vm.SKBContext{Data: make([]byte, 80), Network: 14, Paged: 8, Meta: make([]byte, 4)}
	}},
	{asm.SkReuseport, func() vm.Context { return &vm.ReuseportContext{Data: make([]byte, 80), Socket: &vm.Socket{}} }},
	{asm.SkMsg, func() vm.Context { return &vm.MsgContext{Data: make([]byte, 80), Socket: &vm.Socket{}} }},
	{asm.SockOps, func() vm.Context { return &vm.SockOpsContext{Op: 4, Socket: &vm.Socket{}} }},
	{asm.SkLookup, func() vm.Context { return &vm.LookupContext{Family: 2} }},
	{asm.XDP, func() vm.Context { return &vm.XDPContext{Data: make([]byte, 80)} }},
	{asm.Syscall, func() vm.Context { return &vm.MemoryContext{Data: make([]byte, 80)} }},
	{asm.CgroupSock, func() vm.Context { return &vm.FieldContext{Struct: asm.ContextSock} }},
}

// FuzzRun runs whatever decodes: it must neither panic nor go on for ever, whatever the program does.
func FuzzRun(f *testing.F) {
	g := generator{Rand: rand.New(rand.NewPCG(3, 4)), mapFD: 1, hashFD: 2, newer: true}
	for n := range 8 {
		code, err := asm.AppendInstructions(nil, g.program(5+5*n), binary.LittleEndian)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(code, byte(n))
	}
	for h := range asm.Helper(220) {
		code, err := asm.AppendInstructions(nil, []asm.Instruction{
			mov(asm.R3, asm.FP), addK(asm.R3, -64), {Op: asm.OpLdImm64, Dst: asm.R2, Src: asm.Imm64MapFD, Imm: int64(h % 14)}, movK(asm.R4, 4), callHelper(h), exit,
		}, binary.LittleEndian)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(code, byte(h))
	}
	f.Fuzz(func(t *testing.T, code []byte, choice byte) {
		insns, err := asm.Decode(code, binary.LittleEndian)
		if err != nil {
			return
		}
		anyRun(t, insns, choice)
	})
}

// anyRun runs instructions as a program of some type on some context, twice. Whether it ends with an error does not matter.
func anyRun(t *testing.T, insns []asm.Instruction, choice byte) (ran bool) {
	c := contexts[int(choice)%len(contexts)]
	p, err := asm.NewProgram(asm.ProgramSpec{Name: "any", Type: c.typ, Instructions: insns, Functions: functions(insns)})
	if err != nil {
		return false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if choice&128 != 0 {
		order = binary.BigEndian
	}
	opts := &vm.Options{Descriptors: fuzzMaps(t, order), Order: order, Budget: 1 << 14, Strict: choice&32 != 0, Coverage: choice&64 != 0}
	m, err := vm.New(p, opts)
	if err != nil {
		return false
	}
	for range 2 {
		m.Run(c.ctx())
	}
	return true
}

// fuzzMaps has a map of every type.
func fuzzMaps(t *testing.T, order binary.ByteOrder) map[int]*vm.Map {
	maps := make(map[int]*vm.Map)
	for i, s := range []asm.MapSpec{
		{},
		{Type: asm.MapArray, KeySize: 4, ValueSize: resultSize, MaxEntries: 1},
		{Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 3, Flags: asm.MapNoPrealloc},
		{Type: asm.MapQueue, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapStack, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapSockMap, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 3},
		{Type: asm.MapRingBuf, MaxEntries: 4096},
		{Type: asm.MapSkStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc},
	} {
		if i == 0 {
			continue
		}
		m, err := vm.NewMap(s, &vm.MapOptions{Order: order})
		if err != nil {
			t.Fatal(err)
		}
		maps[i] = m
	}
	return maps
}

// Random instructions, most of which make no sense: pointers of all kinds in arithmetic, in memory, as arguments of any
// helper.
func TestNonsense(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	ran := 0
	for range 20000 {
		insns := []asm.Instruction{mov(asm.R6, asm.R1)}
		for reg := range asm.Register(6) {
			switch r.IntN(5) {
			case 0:
				insns = append(insns, mov(reg, asm.FP), addK(reg, -8*r.IntN(65)))
			case 1:
				insns = append(insns, asm.Instruction{Op: asm.OpLdImm64, Dst: reg, Src: asm.Imm64MapFD, Imm: int64(1 + r.IntN(13))})
			case 2:
				insns = append(insns, mov(reg, asm.R6))
			case 3:
				insns = append(insns, movK(reg, r.IntN(70)))
			case 4:
				insns = append(insns, ldImm64(reg, uint64(r.IntN(160))<<32|uint64(r.IntN(100))))
			}
		}
		for range 20 {
			i := asm.Instruction{Op: asm.Opcode(r.Uint32()), Dst: asm.Register(r.IntN(10)), Src: asm.Register(r.IntN(11)), Off: int16(r.IntN(40) - 20)}
			switch r.IntN(4) {
			case 0:
				i = callHelper(asm.Helper(r.IntN(215)))
			case 1:
				i.Op = asm.MemOpcode([]asm.Class{asm.ClassLDX, asm.ClassSTX}[r.IntN(2)], asm.ModeMem, sizes[r.IntN(4)])
				i.Off = int16(r.IntN(600) - 300)
			case 2:
				i.Imm = int64(r.IntN(80))
			}
			for range 4 { // mend what the encoding does not allow, if that is easy
				if i.Check() == nil {
					break
				}
				switch r.IntN(3) {
				case 0:
					i.Off = 0
				case 1:
					i.Imm = 0
				case 2:
					i.Src = 0
				}
			}
			if i.Check() == nil && i.Op != asm.OpLdImm64 {
				insns = append(insns, i)
			}
		}
		if anyRun(t, append(insns, exit), byte(r.Uint32())) {
			ran++
		}
	}
	if ran < 2000 {
		t.Errorf("only %d of 20000 programs ran", ran)
	}
	t.Logf("%d of 20000 programs ran", ran)
}
