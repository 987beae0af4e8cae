package asm

import "testing"

// TestPeephole shows what vanishes once registers are those of the machine.
func TestPeephole(t *testing.T) {
	checkStages(t, func(_ *assembly, f *fn) { f.peephole() }, []stage{
		{"a copy back", func(b *Builder) {
			b.Mov(R2, R1)
			b.Mov(R1, R2)
			b.Mov(R0, R1)
			b.Exit()
		}, `
b0:
	r2 = r1
	r0 = r1
	exit
`},
		{"a copy that is there already", func(b *Builder) {
			b.Mov(R2, R1)
			b.Mov(R3, R2)
			b.Mov(R3, R1)
			b.Mov(R0, R3)
			b.Exit()
		}, `
b0:
	r2 = r1
	r3 = r2
	r0 = r3
	exit
`},
		{"not when the source has changed", func(b *Builder) {
			b.Mov(R2, R1)
			b.Add(R1, 1)
			b.Mov(R2, R1)
			b.Mov(R0, R2)
			b.Exit()
		}, `
b0:
	r2 = r1
	r1 += 1
	r2 = r1
	r0 = r2
	exit
`},
		{"not behind a call, which changes r1 to r5", func(b *Builder) {
			b.Mov(R6, R1)
			b.CallHelper(FnKtimeGetNS)
			b.Mov(R1, R6)
			b.Mov(R6, R1)
			b.Mov(R0, R1)
			b.Exit()
		}, `
b0:
	r6 = r1
	call bpf_ktime_get_ns
	r1 = r6
	r0 = r1
	exit
`},
		{"not in the next block", func(b *Builder) {
			b.Mov(R2, R1)
			b.Label("next")
			b.Mov(R2, R1)
			b.Mov(R0, R2)
			b.Exit()
		}, `
b0:
	r2 = r1
	to b1
b1:
	r2 = r1
	r0 = r2
	exit
`},
	})
}

// TestPeepholeOfSpills shows loads of spilled registers that are in a register still.
func TestPeepholeOfSpills(t *testing.T) {
	slot, other := &StackObject{name: "slot", size: 8, spill: true}, &StackObject{name: "other", size: 8, spill: true}
	checkStages(t, func(_ *assembly, f *fn) {
		block := f.blocks[0]
		end := block.insts
		block.insts = []inst{
			store(slot, R1, origin{}),  // slot = r1
			reload(R1, slot, origin{}), // r1 has it
			reload(R2, slot, origin{}), // r1 has it, too
			reload(R3, other, origin{}),
			reload(R4, other, origin{}), // r3 has it
			store(slot, R3, origin{}),
			reload(R5, slot, origin{}), // now r3 has it
		}
		exit := len(end) - 1
		block.insts = append(block.insts, end[:exit]...)
		block.insts = append(block.insts, reload(R1, slot, origin{}), end[exit])
		f.peephole()
	}, []stage{
		{"what is in a register is not loaded", func(b *Builder) { b.Exit() }, `
b0:
	*(u64 *)(slot + 0) = r1
	r2 = r1
	r3 = *(u64 *)(other + 0)
	r4 = r3
	*(u64 *)(slot + 0) = r3
	r5 = r3
	r1 = r3
	exit
`},
		{"but what a call has taken is", func(b *Builder) {
			b.CallHelper(FnKtimeGetNS)
			b.Exit()
		}, `
b0:
	*(u64 *)(slot + 0) = r1
	r2 = r1
	r3 = *(u64 *)(other + 0)
	r4 = r3
	*(u64 *)(slot + 0) = r3
	r5 = r3
	call bpf_ktime_get_ns
	r1 = *(u64 *)(slot + 0)
	exit
`},
	})
}
