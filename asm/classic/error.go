package classic

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
)

// problem is a mistake in a program.
type problem struct {
	index  int    // of the instruction, or -1 when it is not about one
	text   string // of the instruction
	reason string
}

func problemf(index int, ins bpf.RawInstruction, format string, args ...any) problem {
	return problem{index, describe(ins), fmt.Sprintf(format, args...)}
}

// Error returns, for example, "instruction 3: div #0: division by the constant zero".
func (p problem) Error() string {
	var b strings.Builder
	if p.index >= 0 {
		fmt.Fprintf(&b, "instruction %d: ", p.index)
	}
	if p.text != "" {
		b.WriteString(p.text + ": ")
	}
	return b.String() + p.reason
}

// at makes the problem the error of a builder call.
func (p problem) at(program string, pos asm.Position) *asm.Error {
	return &asm.Error{Position: pos, Program: program, Index: p.index, Text: p.text, Err: errors.New(p.reason)}
}

// SyntaxError is what is wrong with a text, and where.
type SyntaxError struct {
	Line   int // from 1
	Column int // from 1, in bytes
	Err    error
}

// Error returns, for example, "3:14: jt 256 does not fit 8 bits".
func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err) }

// Unwrap returns the reason.
func (e *SyntaxError) Unwrap() error { return e.Err }

const packagePath = "github.com/purebpf/purebpf/asm/classic."

// caller returns the position of the first caller outside this package, whose tests count as outside.
func caller() asm.Position {
	var pcs [8]uintptr // more than builder methods call each other deep
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, packagePath) || strings.HasSuffix(f.File, "_test.go") {
			return asm.Position{File: f.File, Line: f.Line}
		}
		if !more {
			return asm.Position{}
		}
	}
}
