package vm_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

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
	contexts := []struct {
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
	f.Fuzz(func(t *testing.T, code []byte, choice byte) {
		insns, err := asm.Decode(code, binary.LittleEndian)
		if err != nil {
			return
		}
		c := contexts[int(choice)%len(contexts)]
		p, err := asm.NewProgram(asm.ProgramSpec{Name: "fuzz", Type: c.typ, Instructions: insns, Functions: functions(insns)})
		if err != nil {
			return
		}
		var order binary.ByteOrder = binary.LittleEndian
		if choice&128 != 0 {
			order = binary.BigEndian
		}
		opts := &vm.Options{Descriptors: fuzzMaps(t, order), Order: order, Budget: 1 << 14, Strict: choice&32 != 0, Coverage: choice&64 != 0}
		m, err := vm.New(p, opts)
		if err != nil {
			return
		}
		for range 2 {
			m.Run(c.ctx())
		}
	})
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
