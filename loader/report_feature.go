//go:build linux

package loader

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// features asks for what has no number of its own in the kernel's enumerations.
func features() []Answer {
	return []Answer{
		{"subprograms", haveSubprograms()},
		{"bounded loops", haveLoops()},
		{"more than 4096 instructions", haveLongPrograms()},
		{"global data", haveGlobalData()},
		{"source lines (BTF)", haveSourceLines()},
		{"batches of map elements", haveBatches()},
		{"sleepable programs", HaveProgramType(asm.Syscall)},
	}
}

func haveAcquire() error {
	return tryInstructions(func(b *asm.Builder) {
		b.Stx(asm.R10.U64(-8), asm.R0)
		b.LoadAcquire(asm.R1, asm.R10.U64(-8))
		b.StoreRelease(asm.R10.U64(-8), asm.R0)
	})
}

func haveSubprograms() error {
	return known(try(asm.SocketFilter, func(b *asm.Builder) {
		b.CallSubprogram("f")
		b.Exit()
		b.Subprogram("f")
		success(b)
	}))
}

// haveLoops shifts a number until nothing is left of it. Without CAP_PERFMON the verifier also follows the ways that a
// processor may take by mistake, on which no loop ends; one that counts would take it seconds.
func haveLoops() error {
	err := tryInstructions(func(b *asm.Builder) {
		b.Mov(asm.R1, 4)
		b.Label("again")
		b.Rsh(asm.R1, 1)
		b.JumpIf(asm.R1.NotEq(0), "again")
	})
	if errors.Is(err, errors.ErrUnsupported) {
		if missing, _ := capability.Missing(capability.CAP_PERFMON); len(missing) > 0 {
			return sys.ExplainPermission(unix.EPERM, capability.CAP_PERFMON)
		}
	}
	return err
}

func haveLongPrograms() error {
	err := tryInstructions(func(b *asm.Builder) {
		for range 4096 {
			b.Mov(asm.R0, 0)
		}
	})
	if errors.Is(err, unix.E2BIG) && !errors.Is(err, errors.ErrUnsupported) {
		return &unsupported{"this kernel takes no longer ones from this process", unix.E2BIG}
	}
	return err
}

func haveGlobalData() error {
	spec := asm.MapSpec{Name: ".data", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	m, err := maps.Create(spec, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	b := asm.NewBuilder("probe", asm.SocketFilter)
	b.NoLines()
	b.LdMapValue(asm.R1, ".data", 0)
	success(b)
	p, err := b.Program()
	if err == nil {
		p, err = reloc.Link(p, reloc.Symbols{".data": reloc.Map(m.FD(), spec)})
	}
	if err != nil {
		return err
	}
	loaded, err := Load(p, nil)
	if err != nil {
		return known(err)
	}
	return loaded.Close()
}

// known turns the verifier's refusal of a program that is right into what it means.
func known(err error) error {
	if isVerifierError(err) {
		return &unsupported{"this kernel does not take it", err}
	}
	return err
}

// haveSourceLines gives the kernel the types of a function and a line.
func haveSourceLines() error {
	b := asm.NewBuilder("probe", asm.SocketFilter)
	success(b)
	p, err := b.Program()
	if err != nil {
		return err
	}
	loaded, err := Load(p, &Options{Lines: SendLines})
	if err != nil {
		return err
	}
	defer loaded.Close()
	info, err := loaded.info()
	if err != nil {
		return err
	}
	if info.BTFID == 0 {
		return &unsupported{"this kernel does not take them", unix.EINVAL}
	}
	return nil
}

func haveBatches() error {
	m, err := maps.Create(asm.MapSpec{Name: "probe", Type: asm.MapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	var at maps.BatchCursor
	_, err = m.LookupBatch(&at, make([]byte, 4), make([]byte, 4), 0)
	switch {
	case errors.Is(err, maps.ErrBatchEnd):
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, sys.ENOTSUPP):
		return &unsupported{"this kernel has none", fmt.Errorf("probe: %w", unix.EINVAL)}
	}
	return err
}
