package asm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// ParseError is one thing that is wrong with a text.
type ParseError struct {
	File   string
	Line   int // from 1
	Column int // in bytes, from 1
	Err    error
}

// Error returns, for example, "filter.s:3:6: register r11: the registers are r0 to r10".
func (e *ParseError) Error() string {
	return e.File + ":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *ParseError) Unwrap() error { return e.Err }

// ParseErrors are all things that ParseText found wrong with a text, in the order of the text, up to a limit.
type ParseErrors struct {
	Errors []*ParseError
	More   int // errors beyond the limit, which are only counted
}

// Error returns a line for each error.
func (e *ParseErrors) Error() string {
	var b []byte
	for i, err := range e.Errors {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, err.Error()...)
	}
	if e.More > 0 {
		b = fmt.Appendf(b, "\n... and %d more", e.More)
	}
	return string(b)
}

// Unwrap returns the errors.
func (e *ParseErrors) Unwrap() []error {
	errs := make([]error, len(e.Errors))
	for i, err := range e.Errors {
		errs[i] = err
	}
	return errs
}

// count returns how many errors there are.
func (e *ParseErrors) count() int { return len(e.Errors) + e.More }

// sort puts the errors in the order of the text. Of a line the first counts.
func (e *ParseErrors) sort() {
	slices.SortStableFunc(e.Errors, func(a, b *ParseError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	e.Errors = slices.CompactFunc(e.Errors, func(a, b *ParseError) bool { return a.Line == b.Line })
}

// maxErrors is how many errors ParseText reports.
const maxErrors = 20

// spot is where in the text something is.
type spot struct{ line, column int32 }

// errorAt notes an error. Only the first of a line counts: what follows on the line is most often its consequence.
func (p *parser) errorAt(at spot, format string, args ...any) {
	if p.failed == at.line {
		return
	}
	p.failed = at.line
	if len(p.errors.Errors) >= maxErrors {
		p.errors.More++
		return
	}
	p.errors.Errors = append(p.errors.Errors,
		&ParseError{File: p.file, Line: int(at.line), Column: int(at.column), Err: fmt.Errorf(format, args...)})
}

// fail notes an error at offset at of the text, in the current line, and returns false.
func (p *parser) fail(at int, format string, args ...any) bool {
	p.errorAt(p.placeOf(at), format, args...)
	return false
}

// expected notes that something else was expected than what is next.
func (p *parser) expected(what string) bool {
	return p.fail(p.at, "expected %s, found %s", what, p.found())
}

// found describes what is next, for an error.
func (p *parser) found() string {
	if p.at >= p.end {
		return "the end of the line"
	}
	end := p.at
	for end < p.end && end < p.at+maxFound && wordByte(p.src[end]) {
		end++
	}
	if end > p.at {
		if end < p.end && wordByte(p.src[end]) {
			return strconv.Quote(p.src[p.at:end]) + "..."
		}
		return strconv.Quote(p.src[p.at:end])
	}
	_, n := utf8.DecodeRuneInString(p.src[p.at:p.end])
	return strconv.Quote(p.src[p.at : p.at+n])
}

const maxFound = 40
