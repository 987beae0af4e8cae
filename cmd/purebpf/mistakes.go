package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// textError is what is wrong with a text, shown as compilers do: each mistake with its line and a caret below the column.
type textError struct {
	mistakes *asm.ParseErrors
	text     []byte
}

// Error returns several lines:
//
//	2 mistakes
//	filter.s:3:6: register r11: the registers are r0 to r10
//	    r1 = r11
//	         ^
func (e *textError) Error() string {
	var b strings.Builder
	n := len(e.mistakes.Errors) + e.mistakes.More
	if n == 1 {
		b.WriteString("1 mistake")
	} else {
		fmt.Fprintf(&b, "%d mistakes", n)
	}
	lines := bytes.SplitAfterN(e.text, []byte("\n"), e.last()+1)
	for _, m := range e.mistakes.Errors {
		fmt.Fprintf(&b, "\n%v", m)
		if 0 < m.Line && m.Line <= len(lines) {
			b.WriteString(excerpt(string(bytes.TrimRight(lines[m.Line-1], "\r\n")), m.Column))
		}
	}
	if e.mistakes.More > 0 {
		fmt.Fprintf(&b, "\n... and %d more", e.mistakes.More)
	}
	return b.String()
}

func (e *textError) Unwrap() error { return e.mistakes }

// last returns the number of the last line with a mistake.
func (e *textError) last() int {
	n := 0
	for _, m := range e.mistakes.Errors {
		n = max(n, m.Line)
	}
	return n
}

// excerpt returns a line and one with a caret below its column, which counts bytes from 1. Of a long line it is what is
// around the column.
func excerpt(line string, column int) string {
	const before, width = 60, 100
	line = strings.ToValidUTF8(line, "?")
	at := min(max(column-1, 0), len(line))
	if at > before+width/4 {
		line, at = "..."+line[at-before:], before+len("...")
	}
	if len(line) > width {
		line = line[:width] + "..."
	}
	// Tabs stay, so that the caret stands where the terminal has the column.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:at])
	printable := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return '?'
		}
		return r
	}, line)
	return "\n    " + printable + "\n    " + indent + "^"
}

// named adds to an error what it is about, where it does not say so.
func (d *document) named(err error) error {
	var mistakes *asm.ParseErrors
	if errors.As(err, &mistakes) {
		return &textError{mistakes: mistakes, text: d.data}
	}
	return fmt.Errorf("%s: %w", d.name, err)
}
