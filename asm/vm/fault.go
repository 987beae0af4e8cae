package vm

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/purebpf/purebpf/asm"
)

// Why a run ended before the program's exit. A Fault wraps one of them, or the error of a helper of the user's.
var (
	ErrAccess        = errors.New("outside the memory")
	ErrPermission    = errors.New("not allowed")
	ErrPointer       = errors.New("not a pointer to memory")
	ErrUninitialized = errors.New("uninitialised stack")
	ErrField         = errors.New("bad context access")
	ErrBudget        = errors.New("instruction budget used up")
	ErrHelper        = errors.New("no such helper")
	ErrArgument      = errors.New("bad argument")
	ErrReference     = errors.New("not released")
	ErrFrames        = errors.New("more than 8 call frames")
	ErrNoExit        = errors.New("end of the function without exit")
)

// Fault is a mistake of a program that ended its run: what the kernel's verifier would have refused to load in most
// cases. The message begins with the Go line that asked for the instruction, where it is known.
type Fault struct {
	Program     string
	Index       int // of the instruction in the program
	Instruction asm.Instruction
	Position    asm.Position // of the call to the builder, if known
	Err         error        // what is wrong with it; an *AccessError for memory
}

// Error returns, for example, "dcid.go:57: select_by_dcid: instruction 3: r0 = *(u8 *)(r2 + 8): read of 1 byte at offset
// 8 of the packet (8 bytes): outside the memory".
func (f *Fault) Error() string {
	s := ""
	if f.Position != (asm.Position{}) {
		s = f.Position.String() + ": "
	}
	return s + f.Program + ": instruction " + strconv.Itoa(f.Index) + ": " + f.text() + ": " + f.Err.Error()
}

// text returns the instruction with the name of the helper that it calls.
func (f *Fault) text() string {
	i := f.Instruction
	if i.Op == asm.JumpOpcode(asm.ClassJMP, asm.OpCall, asm.K) && i.Src == asm.CallHelper {
		return "call " + asm.Helper(uint32(i.Imm)).String()
	}
	return i.String()
}

// Unwrap returns what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

// AccessError is an access to memory that a program may not make.
type AccessError struct {
	Region string // such as "the packet" or "stack frame 0"
	Size   int    // of the region in bytes
	Offset int64  // of the access in the region, negative for one before it
	Width  int    // of the access in bytes
	Write  bool
	Err    error // ErrAccess, ErrPermission, ErrPointer, ErrUninitialized, or one that wraps ErrField
}

// Error returns, for example, "write of 4 bytes at offset 510 of stack frame 0 (512 bytes): outside the memory".
func (e *AccessError) Error() string {
	what, unit := "read", "bytes"
	if e.Write {
		what = "write"
	}
	if e.Width == 1 {
		unit = "byte"
	}
	s := fmt.Sprintf("%s of %d %s at offset %d of %s", what, e.Width, unit, e.Offset, e.Region)
	if e.Size > 0 {
		s += fmt.Sprintf(" (%d bytes)", e.Size)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *AccessError) Unwrap() error { return e.Err }

// fault makes a Fault of the instruction before pc.
func (m *Machine) fault(err error) error {
	f := &Fault{Program: m.prog.source.Name(), Err: err}
	f.Index = int(m.prog.index[m.pc-1])
	f.Instruction = m.prog.source.At(f.Index)
	f.Position = m.prog.source.Position(f.Index)
	return f
}
