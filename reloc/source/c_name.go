package source

import (
	"fmt"
	"strings"
)

// cString returns a literal of the bytes of s. Question marks are escaped as well: two of them begin a trigraph.
func cString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '?':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// cComment returns s as the inside of a comment: one line, and nothing that ends or begins one.
func cComment(s string) string {
	s = oneLine(s)
	for strings.Contains(s, "*/") || strings.Contains(s, "/*") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "*/", "* /"), "/*", "/ *")
	}
	return s
}
