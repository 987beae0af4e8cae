//go:build linux

package loader

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// VerifierError is a program that the kernel's verifier rejects.
//
// Its text is the deciding line: where in the author's source, which instruction, and why. Printed with %+v it is
// followed by the whole log.
type VerifierError struct {
	Program string
	Type    asm.ProgramType
	// Slot is where the failure is, in slots of 8 bytes as the kernel counts, or -1 when the log does not tell.
	Slot int
	// Index is the instruction at Slot, -1 when there is none; see asm.Program.At.
	Index int
	// Instruction is its text in the kernel's syntax, as in the log. Position is the line that asked for it. Both are
	// empty when they are not known.
	Instruction string
	Position    asm.Position
	// Reason is what the verifier says is wrong. Several lines are joined.
	Reason string
	// Suggestion is what the verifier says to do about it; only from Linux 7.3 on.
	Suggestion string
	// Hint is what we say to do about it, where the cause is known.
	Hint string
	// Log has the lines of the whole log.
	Log []string
	// Truncated says that the log did not fit into 16 MiB: up to Linux 6.3 its end is missing, since 6.4 its beginning.
	Truncated bool
	// Err is the errno: EACCES or EINVAL mostly, E2BIG for a program that is too complex.
	Err error
}

func newVerifierError(p *asm.Program, errno error, r report, truncated bool) *VerifierError {
	if errno == sys.ENOTSUPP {
		errno = &unsupported{"the kernel does not support it", errno}
	}
	e := &VerifierError{
		Program: p.Name(), Type: p.Type(), Slot: r.slot, Index: -1, Instruction: r.text,
		Reason: r.reason, Suggestion: r.suggestion, Hint: hint(r.reason), Log: r.lines, Truncated: truncated, Err: errno,
	}
	if i, ok := p.Index(r.slot); ok {
		e.Index = i
		e.Instruction = string(p.At(i).AppendText(nil, asm.Kernel))
		e.Position = p.Position(i)
	}
	return e
}

// Error returns, for example,
//
//	dcid.go:57: load sk_reuseport program select_by_dcid: instruction 12: exit: R0 !read_ok: permission denied
//
// followed by lines with the suggestion and the hint, if there are.
func (e *VerifierError) Error() string {
	var b strings.Builder
	if e.Position.Line != 0 {
		b.WriteString(e.Position.String() + ": ")
	}
	fmt.Fprintf(&b, "load %v program %s: ", e.Type, e.Program)
	switch {
	case e.Index >= 0:
		b.WriteString("instruction " + strconv.Itoa(e.Index) + ": ")
	case e.Slot >= 0:
		b.WriteString("slot " + strconv.Itoa(e.Slot) + ": ")
	}
	if e.Instruction != "" {
		b.WriteString(e.Instruction + ": ")
	}
	if e.Reason != "" {
		b.WriteString(e.Reason + ": ")
	}
	b.WriteString(e.Err.Error())
	if e.Suggestion != "" {
		b.WriteString("\n\tsuggestion: " + e.Suggestion)
	}
	if e.Hint != "" {
		b.WriteString("\n\thint: " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the errno.
func (e *VerifierError) Unwrap() error { return e.Err }

// Format prints the error, and with %+v all of the log behind it.
func (e *VerifierError) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'q':
		io.WriteString(f, strconv.Quote(e.Error()))
		return
	case verb != 'v' && verb != 's':
		fmt.Fprintf(f, "%%!%c(*loader.VerifierError=%s)", verb, e.Error())
		return
	}
	io.WriteString(f, e.Error())
	if verb != 'v' || !f.Flag('+') {
		return
	}
	if e.Truncated {
		io.WriteString(f, "\n\t(the log is truncated)")
	}
	for _, line := range e.Log {
		io.WriteString(f, "\n\t"+line)
	}
}
