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

// NoLines makes the builder forget which line asks for an instruction, which takes a fifth of the time to build a program.
// Errors and the kernel's tools then do not name lines. Call it before anything else.
func (b *Builder) NoLines() { b.noLines, b.from = true, origin{} }

// Comment says what the source line of the next call does. The kernel shows the text beside the instructions of that
// line, in the verifier's log and in bpftool prog dump xlated linum. Lines without a comment show their instructions.
func (b *Builder) Comment(text string) {
	if !b.noLines {
		b.comments = append(b.comments, comment{text: text})
	}
}

// comment is what the author says about the line of the call at first.
type comment struct {
	text  string
	first origin
}

// origin is a call to the builder.
type origin struct {
	// callers are the return addresses, innermost first. Methods of this package call each other less deep than this.
	callers [3]uintptr
	comment int // how many comments there were
}

// here returns the call to the builder method that runs.
func (b *Builder) here() (o origin) {
	if b.noLines {
		return o
	}
	runtime.Callers(3, o.callers[:])
	if n := len(b.comments); n > 0 {
		o.comment = n
		if c := &b.comments[n-1]; c.first.comment == 0 {
			c.first = o
		}
	}
	return o
}

const packagePath = "github.com/purebpf/purebpf/asm."

// position returns the first caller outside this package.
func (o origin) position() Position {
	n := 0
	for n < len(o.callers) && o.callers[n] != 0 {
		n++
	}
	if n == 0 {
		return Position{}
	}
	frames := runtime.CallersFrames(o.callers[:n])
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
