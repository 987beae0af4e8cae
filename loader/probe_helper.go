//go:build linux

package loader

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// HaveHelper asks whether programs of type t may call h. The kernel also withholds some helpers from a process without
// CAP_PERFMON; the answer is for this process. Of tracing, lsm, struct_ops and ext programs it cannot be told.
func HaveHelper(t asm.ProgramType, h asm.Helper) error {
	err := ask(question{askedHelper, uint32(t), uint32(h)}, func() error { return probeHelper(t, h) })
	if err != nil {
		return fmt.Errorf("%v in programs of type %v: %w", h, t, err)
	}
	return nil
}

func probeHelper(t asm.ProgramType, h asm.Helper) error {
	switch t {
	case asm.Tracing, asm.LSM, asm.StructOps, asm.Ext:
		return errors.New("depends on what the program is attached to")
	}
	// The call is the first instruction, so that nothing else can be wrong before it.
	err := try(t, func(b *asm.Builder) {
		b.CallHelper(h)
		success(b)
	})
	var rejected *VerifierError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rejected):
		if deniesHelper(rejected.Log) {
			return &unsupported{"this kernel does not allow it", rejected.Err}
		}
		return nil // it did not like the arguments
	case errors.Is(err, unix.EINVAL):
		return &unsupported{"this kernel has no such programs", unix.EINVAL}
	}
	return err
}

// deniesHelper looks for the verifier's words about a helper that does not exist or not for this type: check_helper_call
// of kernel/bpf/verifier.c.
func deniesHelper(log []string) bool {
	for _, line := range log {
		for _, denial := range [...]string{
			"invalid func ", "unknown func ", "program of this type cannot use helper ", "helper call is not allowed in probe",
		} {
			if strings.Contains(line, denial) {
				return true
			}
		}
	}
	return false
}
