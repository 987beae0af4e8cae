package classic

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

// maxErrors is how many mistakes in a text are reported.
const maxErrors = 20

// mistakes collects what is wrong with a text.
type mistakes struct {
	file string
	list asm.ParseErrors
	last int32 // line of the latest
}

// errorf notes a mistake. Only the first in a row about one line counts: others are most often its consequences.
func (m *mistakes) errorf(at place, format string, args ...any) {
	if at.line == m.last {
		return
	}
	m.last = at.line
	if len(m.list.Errors) == maxErrors {
		m.list.More++
		return
	}
	m.list.Errors = append(m.list.Errors,
		&asm.ParseError{File: m.file, Line: int(at.line), Column: int(at.column), Err: fmt.Errorf(format, args...)})
}

func (m *mistakes) none() bool { return len(m.list.Errors) == 0 }

// err returns the mistakes in the order of the text, or nil when there are none.
func (m *mistakes) err() error {
	if m.none() {
		return nil
	}
	slices.SortStableFunc(m.list.Errors, func(a, b *asm.ParseError) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return &m.list
}

// check notes what Decode refuses in a program. at is where the text has an instruction; end is its end.
func (m *mistakes) check(program []bpf.RawInstruction, at func(i int) place, end place) {
	problems, more := check(program, maxErrors)
	for _, p := range problems {
		m.last = 0 // instructions in one line are as good as in several
		if p.index >= 0 {
			m.errorf(at(p.index), "%w", p)
		} else {
			m.errorf(end, "%w", p)
		}
	}
	m.list.More += more
}

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
