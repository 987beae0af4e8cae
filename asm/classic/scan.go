package classic

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner reads a text from the front and knows the place.
type scanner struct {
	place
	rest string
}

// byteOrderMark is what some editors put before a text in UTF-8.
const byteOrderMark = "\uFEFF"

func newScanner(text string) *scanner {
	return &scanner{place{1, 1}, strings.TrimPrefix(text, byteOrderMark)}
}

func (s *scanner) end() bool { return s.rest == "" }

// advance goes on by n bytes.
func (s *scanner) advance(n int) {
	passed := s.rest[:n]
	s.rest = s.rest[n:]
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		s.line += int32(strings.Count(passed, "\n"))
		s.column = int32(n - i)
		return
	}
	s.column += int32(n)
}

// syntaxError ends the reading of a text.
type syntaxError struct {
	place
	error
}

func (s *scanner) errorf(format string, args ...any) error {
	return &syntaxError{s.place, fmt.Errorf(format, args...)}
}

// next names what comes next, for messages.
func (s *scanner) next() string {
	r, _ := utf8.DecodeRuneInString(s.rest)
	switch {
	case s.end():
		return "the end of the text"
	case r == '\n':
		return "the end of the line"
	}
	return strconv.QuoteRune(r)
}

func (s *scanner) accept(c byte) bool {
	if s.end() || s.rest[0] != c {
		return false
	}
	s.advance(1)
	return true
}

// blanks skips blanks within a line and reports whether there were any.
func (s *scanner) blanks() bool {
	n := len(s.rest) - len(strings.TrimLeft(s.rest, " \t"))
	s.advance(n)
	return n > 0
}

func (s *scanner) blankLines() {
	s.advance(len(s.rest) - len(strings.TrimLeft(s.rest, " \t\r\n")))
}

// blanksAndComments skips what C skips between tokens.
func (s *scanner) blanksAndComments() error {
	for {
		s.blankLines()
		switch {
		case strings.HasPrefix(s.rest, "//"):
			n := strings.IndexByte(s.rest, '\n')
			if n < 0 {
				n = len(s.rest)
			}
			s.advance(n)
		case strings.HasPrefix(s.rest, "/*"):
			n := strings.Index(s.rest[2:], "*/")
			if n < 0 {
				return s.errorf("comment without an end")
			}
			s.advance(n + 4)
		default:
			return nil
		}
	}
}

// separator skips a comma or a line break with the blanks around it and returns the comma, a line feed, or 0 for
// neither.
func (s *scanner) separator() byte {
	s.blanks()
	found := byte(0)
	switch {
	case s.accept(','):
		found = ','
	case strings.HasPrefix(s.rest, "\r\n"):
		s.advance(2)
		found = '\n'
	case s.accept('\n'):
		found = '\n'
	}
	s.blanks()
	return found
}

// number reads a number of at most so many bits: decimal, or with the prefixes and suffixes of C.
func (s *scanner) number(name string, bits int, prefixes bool) (uint32, error) {
	n := strings.IndexFunc(s.rest, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
	if n < 0 {
		n = len(s.rest)
	}
	digits, base := s.rest[:n], 10
	if prefixes && n > 0 && digits[0] <= '9' {
		digits = strings.TrimRight(digits, "uUlL")
	}
	switch {
	case n == 0:
		return 0, s.errorf("expected %s, found %s", name, s.next())
	case !prefixes && n > 1 && digits[0] == '0':
		return 0, s.errorf("%s %s: decimal numbers have no leading zero", name, digits)
	case len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	value, err := strconv.ParseUint(digits, base, 64)
	if numError, ok := err.(*strconv.NumError); ok && numError.Err == strconv.ErrSyntax {
		return 0, s.errorf("%s %s is not a number", name, s.rest[:n])
	}
	if err != nil || value >= 1<<bits {
		return 0, s.errorf("%s %s does not fit %d bits", name, s.rest[:n], bits)
	}
	s.advance(n)
	return uint32(value), nil
}
