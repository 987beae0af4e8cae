package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// HelperFunc is a helper: what a call instruction does. It takes its arguments from c and returns what the program finds
// in r0: a failure that the program can handle is the Result of an Errno. An error ends the run with a Fault; it is for
// what the kernel would not have let the program do.
type HelperFunc func(c *Call) (r0 uint64, err error)

// Call is the call of a helper as the helper sees it. It is valid until the helper returns.
type Call struct {
	m *Machine
}

// Arg returns argument n, 1 to 5.
func (c *Call) Arg(n int) uint64 { return c.m.reg[n&7] }

// Env returns what the machine tells of the system.
func (c *Call) Env() *Env { return c.m.env }

// Context returns what the program runs on, nil if nothing.
func (c *Call) Context() Context { return c.m.ctx }

// ContextArg returns the context too, and an error unless argument n is its address.
func (c *Call) ContextArg(n int) (Context, error) {
	if c.m.ctx == nil || c.Arg(n) != address(idContext, 0) {
		return nil, c.argumentError(n, "is not the context")
	}
	return c.m.ctx, nil
}

// Read returns the size bytes that argument n points to and that the program may read. They are the program's memory.
func (c *Call) Read(n, size int) ([]byte, error) { return c.memory(n, size, false) }

// Write returns the size bytes that argument n points to and that the program may write, for the helper to fill in.
func (c *Call) Write(n, size int) ([]byte, error) { return c.memory(n, size, true) }

func (c *Call) memory(n, size int, write bool) ([]byte, error) {
	if size < 0 {
		return nil, c.argumentError(n, "has a negative size")
	}
	if size == 0 {
		return nil, nil
	}
	b, err := c.m.memory(c.Arg(n), size, write)
	if err != nil {
		return nil, fmt.Errorf("%w %d: %w", ErrArgument, n, err)
	}
	return b, nil
}

// Size returns argument n, a number of bytes in 32 bits that is positive, or also 0 if zero says so.
func (c *Call) Size(n int, zero bool) (int, error) {
	v := c.Arg(n)
	if v > 1<<29 || v == 0 && !zero { // BPF_MAX_VAR_SIZ
		return 0, fmt.Errorf("%w %d: size %d", ErrArgument, n, int64(v))
	}
	return int(v), nil
}

// Map returns the map that argument n is.
func (c *Call) Map(n int) (*Map, error) {
	if id, offset := split(c.Arg(n)); id < uint64(len(c.m.regions)) && offset == 0 {
		if r := &c.m.regions[id]; r.kind == regionMap {
			return r.of.(*Map), nil
		}
	}
	return nil, c.argumentError(n, "is not a map")
}

// Socket returns the socket that argument n points to, nil if it is the null pointer.
func (c *Call) Socket(n int) (*Socket, error) {
	if c.Arg(n) == 0 {
		return nil, nil
	}
	if id, offset := split(c.Arg(n)); id < uint64(len(c.m.regions)) && offset == 0 {
		switch r := &c.m.regions[id]; r.kind {
		case regionSocket, regionSockCommon, regionTCPSock:
			return r.of.(*Socket), nil
		}
	}
	return nil, c.argumentError(n, "is not a socket")
}

func (c *Call) argumentError(n int, what string) error {
	return fmt.Errorf("%w %d: %#x %s", ErrArgument, n, c.Arg(n), what)
}

// missingHelper stands for helpers that nobody has.
func missingHelper(c *Call) (uint64, error) {
	in := c.m.prog.source.At(int(c.m.prog.index[c.m.pc-1]))
	h := asm.Helper(uint32(in.Imm))
	return 0, fmt.Errorf("%w: %v is not simulated; give it in Options.Helpers", ErrHelper, h)
}
