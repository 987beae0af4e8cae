package elf_test

import (
	"encoding/binary"
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// A program goes into a file and comes back.
func Example() {
	b := asm.NewBuilder("count_packets", asm.XDP)
	b.DeclareMap(asm.MapSpec{Name: "packets", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	b.St(asm.FP.U32(-4), 0)
	b.LdMap(asm.R1, "packets")
	b.Mov(asm.R2, asm.FP)
	b.Add(asm.R2, -4)
	b.CallHelper(asm.FnMapLookupElem)
	b.JumpIf(asm.R0.Eq(0), "pass")
	b.Mov(asm.R1, 1)
	b.AtomicAdd(asm.R0.U64(0), asm.R1)
	b.Label("pass")
	b.Mov(asm.R0, asm.XDPPass)
	b.Exit()
	program, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	object, err := reloc.NewObject(program)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := elf.Append(nil, object, &elf.Options{Order: binary.BigEndian})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q...\n", file[:4])

	again, err := elf.Read("count_packets.o", file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range again.Programs() {
		fmt.Println(p.Name(), p.Type(), p.License(), p.References())
	}
	for _, m := range again.Maps() {
		fmt.Println(m.Name, m.Type, m.KeySize, m.ValueSize, m.MaxEntries)
	}
	// Output:
	// "\x7fELF"...
	// count_packets xdp Dual MIT/GPL [{1 map packets}]
	// packets array 4 8 1
}
