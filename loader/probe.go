//go:build linux

package loader

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// The functions whose names begin with Have ask the kernel whether it has something, by trying it; nothing is concluded
// from a version. Their result is
//
//   - nil: it has;
//   - an error that wraps errors.ErrUnsupported: it has not;
//   - another error: it cannot be told, because the process may not try, for example.
//
// The first two are remembered for the life of the process.

// question is what was asked: the function's number and its arguments.
type question struct {
	function asked
	a, b     uint32
}

type asked uint8

const (
	askedProgramType asked = iota
	askedMapType
	askedHelper
	askedLink
	askedCPU
	askedMayGoto
)

// answers holds an answer for every question that could be answered. A kernel does not change while it runs.
var answers sync.Map // question to answer

type answer struct{ err error }

// ask returns the remembered answer or asks. Several goroutines may ask the same at the same time.
func ask(q question, probe func() error) error {
	if known, ok := answers.Load(q); ok {
		return known.(answer).err
	}
	err := probe()
	if err == nil || errors.Is(err, errors.ErrUnsupported) {
		answers.Store(q, answer{err})
	}
	return err
}

// try loads a program and closes it again.
func try(kind asm.ProgramType, write func(b *asm.Builder)) error {
	b := asm.NewBuilder("probe", kind)
	b.NoLines()
	b.AttachType(probeAttachType(kind))
	write(b)
	p, err := b.Program()
	if err != nil {
		return err
	}
	opts := new(Options)
	if kind == asm.Syscall {
		opts.Flags = asm.Sleepable // there are no others of this type
	}
	loaded, err := Load(p, opts)
	if err != nil {
		return err
	}
	return loaded.Close()
}

// probeAttachType returns an attach type with which the kernel lets programs of a type through to the verifier.
func probeAttachType(kind asm.ProgramType) asm.AttachType {
	switch kind {
	case asm.CgroupSock:
		return asm.AttachCgroupInetSockCreate
	case asm.CgroupSockAddr:
		return asm.AttachCgroupInet4Connect
	case asm.CgroupSockopt:
		return asm.AttachCgroupGetSockopt
	case asm.Tracing:
		return asm.AttachTraceFentry
	case asm.LSM:
		return asm.AttachLSMMAC
	case asm.SkLookup:
		return asm.AttachSkLookup
	case asm.Netfilter:
		return asm.AttachNetfilter
	}
	return 0
}

// success is a function body that every type of program may have.
func success(b *asm.Builder) {
	b.Mov(asm.R0, 1)
	b.Exit()
}

// isVerifierError reports whether the kernel knew enough of a program to let the verifier look at it.
func isVerifierError(err error) bool {
	var rejected *VerifierError
	return errors.As(err, &rejected)
}

// HaveProgramType asks whether the kernel has programs of type t. Programs of type tracing, lsm, struct_ops and ext are
// attached to something when they are loaded; of these it is asked only whether the kernel knows the type.
func HaveProgramType(t asm.ProgramType) error {
	err := ask(question{askedProgramType, uint32(t), 0}, func() error {
		err := try(t, success)
		switch {
		case err == nil, isVerifierError(err):
			return nil
		case t == asm.StructOps && errors.Is(err, errors.ErrUnsupported):
			return nil // what it says of a struct that it does not know
		case errors.Is(err, unix.EINVAL):
			return &unsupported{"this kernel has none", unix.EINVAL}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("programs of type %v: %w", t, err)
	}
	return nil
}
