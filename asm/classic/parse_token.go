package classic

import (
	"strings"
	"unicode/utf8"
)

// place is a place in a text.
type place struct{ line, column int32 }

// token is the smallest part of a program's text.
type token struct {
	kind  tokenKind
	first bool   // of its line
	text  string // as it is written
	place
}

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota // of the text
	tokenWord                    // letters, digits and _, beginning with no digit
	tokenNumber                  // the same, beginning with a digit
	tokenSign                    // one character
)

// is reports whether the token is this character.
func (t token) is(c byte) bool { return t.kind == tokenSign && t.text[0] == c }

// word returns the token in lower case, or "" when it is no word.
func (t token) word() string {
	if t.kind != tokenWord {
		return ""
	}
	return strings.ToLower(t.text)
}

// String returns the word or number as it is written, shortened for a message.
func (t token) String() string { return shorten(t.text) }

// shorten returns what shows of a word in a message.
func shorten(word string) string {
	if len(word) > maxShown {
		return word[:maxShown] + "..."
	}
	return word
}

const maxShown = 40

// lexer divides a text into tokens, as tools/bpf/bpf_exp.l of the kernel does.
type lexer struct {
	text  string
	off   int
	line  int32
	start int  // of the line
	first bool // the next token is the first of its line
}

func newLexer(text string) lexer {
	return lexer{text: strings.TrimPrefix(text, byteOrderMark), line: 1, first: true}
}

func (l *lexer) place() place { return place{l.line, int32(l.off - l.start + 1)} }

// next returns the next token. A comment without an end makes it false, with the place of the comment.
func (l *lexer) next() (t token, ok bool) {
	for l.off < len(l.text) {
		c := l.text[l.off]
		switch {
		case c == '\n':
			l.off++
			l.newLine()
		case c == ' ' || c == '\t' || c == '\r':
			l.off++
		case c == ';' || c == '#' && l.off == l.start:
			l.comment()
		case c == '/' && strings.HasPrefix(l.text[l.off:], "/*"):
			at := l.place()
			if !l.longComment() {
				return token{place: at}, false
			}
		default:
			return l.token(c), true
		}
	}
	return token{kind: tokenEnd, first: true, place: l.place()}, true
}

func (l *lexer) newLine() {
	l.line++
	l.start = l.off
	l.first = true
}

// comment skips to the end of the line.
func (l *lexer) comment() {
	if n := strings.IndexByte(l.text[l.off:], '\n'); n >= 0 {
		l.off += n
	} else {
		l.off = len(l.text)
	}
}

// longComment skips a comment of C and reports whether it ends.
func (l *lexer) longComment() bool {
	n := strings.Index(l.text[l.off+2:], "*/")
	if n < 0 {
		l.off = len(l.text)
		return false
	}
	for end := l.off + n + 4; l.off < end; {
		l.off++
		if l.text[l.off-1] == '\n' {
			l.newLine()
		}
	}
	return true
}

func (l *lexer) token(c byte) token {
	t := token{kind: tokenSign, first: l.first, place: l.place()}
	l.first = false
	n := 1
	switch {
	case wordByte(c):
		t.kind = tokenWord
		if c <= '9' {
			t.kind = tokenNumber
		}
		for l.off+n < len(l.text) && wordByte(l.text[l.off+n]) {
			n++
		}
	case c >= utf8.RuneSelf:
		_, n = utf8.DecodeRuneInString(l.text[l.off:])
	}
	t.text = l.text[l.off : l.off+n]
	l.off += n
	return t
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
