package asm

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Position is a place in the author's Go source.
type Position struct {
	File string // as the compiler has it, usually absolute
	Line int    // from 1
}

// String returns the file's base name and the line, as in dcid.go:57, or "-" for the zero Position.
func (p Position) String() string {
	if p.Line == 0 {
		return "-"
	}
	return filepath.Base(p.File) + ":" + strconv.Itoa(p.Line)
}

// callers are the return addresses of a call to the builder, innermost first. Builder methods call each other less deep
// than this.
type callers [6]uintptr

// here returns the callers of the builder method that runs.
func here() (c callers) {
	runtime.Callers(3, c[:])
	return c
}

const packagePath = "github.com/purebpf/purebpf/asm."

// position returns the first caller outside this package.
func (c callers) position() Position {
	n := 0
	for n < len(c) && c[n] != 0 {
		n++
	}
	frames := runtime.CallersFrames(c[:n])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, packagePath) || strings.HasSuffix(f.File, "_test.go") {
			return Position{File: f.File, Line: f.Line}
		}
		if !more {
			return Position{}
		}
	}
}

// Error is what is wrong with a program that a Builder was told to build.
type Error struct {
	Position Position // of the call to the builder
	Program  string
	Index    int    // of the instruction, -1 when the error is not about one
	Text     string // of the instruction as far as it was understood, or of the call
	Err      error
}

// Error returns, for example, "dcid.go:57: select_by_dcid: instruction 3: r11 = 1: register out of range: destination r11".
func (e *Error) Error() string {
	s := e.Position.String() + ": " + e.Program + ": "
	if e.Index >= 0 {
		s += "instruction " + strconv.Itoa(e.Index) + ": "
	}
	if e.Text != "" {
		s += e.Text + ": "
	}
	return s + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
