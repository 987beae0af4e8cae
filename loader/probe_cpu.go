//go:build linux

package loader

import (
	"errors"
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// HaveCPU asks whether the kernel, and its JIT compiler, takes the instructions that version v of the instruction set
// adds to the one before.
func HaveCPU(v asm.CPU) error {
	err := ask(question{askedCPU, uint32(v), 0}, func() error {
		switch v {
		case asm.V1:
			return tryInstructions(func(*asm.Builder) {})
		case asm.V2:
			return tryInstructions(func(b *asm.Builder) { b.JumpIf(asm.R0.Lt(1), "out") })
		case asm.V3:
			return tryInstructions(func(b *asm.Builder) {
				b.JumpIf(asm.R0.Eq32(1), "out")
				b.Stx(asm.R10.U64(-8), asm.R0)
				b.FetchAdd(asm.R10.U64(-8), asm.R0)
			})
		case asm.V4:
			return tryInstructions(func(b *asm.Builder) {
				b.MovSX(asm.R0, asm.R0, 8)
				b.SDiv(asm.R0, 3)
				b.Bswap(asm.R0, 64)
				b.Stx(asm.R10.U64(-8), asm.R0)
				b.Ldx(asm.R0, asm.R10.S8(-8))
				b.JumpLong("out")
			})
		}
		return errors.New("no such version")
	})
	if err != nil {
		return fmt.Errorf("instruction set version %d: %w", v, err)
	}
	return nil
}

// HaveMayGoto asks whether the kernel has the instruction may_goto (Linux 6.9).
func HaveMayGoto() error {
	err := ask(question{askedMayGoto, 0, 0}, func() error {
		return tryInstructions(func(b *asm.Builder) { b.MayGoto("out") })
	})
	if err != nil {
		return fmt.Errorf("instruction may_goto: %w", err)
	}
	return nil
}

// tryInstructions loads a program with r0 = 0 before, and the label out behind, what it is given.
func tryInstructions(write func(b *asm.Builder)) error {
	err := try(asm.SocketFilter, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		write(b)
		b.Label("out")
		success(b)
	})
	if isVerifierError(err) {
		return &unsupported{"this kernel does not take it", err}
	}
	return err
}
