package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner reads a document member by member and knows where it is.
type scanner struct {
	file string
	data []byte
	dec  *json.Decoder
	path []string // members and elements on the way to here, such as ".programs" and "[0]"
}

func newScanner(file string, data []byte) (*scanner, error) {
	s := &scanner{file: file, data: data}
	if !utf8.Valid(data) {
		at := 0
		for {
			r, n := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && n < 2 {
				return nil, s.fail(at, errors.New("not UTF-8"))
			}
			at += n
		}
	}
	s.dec = json.NewDecoder(bytes.NewReader(data))
	s.dec.UseNumber()
	return s, nil
}

// fail says what is wrong with what begins at an offset: "x.json:7:12: programs[0].name: ...".
func (s *scanner) fail(at int, err error) error {
	line := 1 + bytes.Count(s.data[:at], []byte("\n"))
	column := at - bytes.LastIndexByte(s.data[:at], '\n')
	where := strings.TrimPrefix(strings.Join(s.path, ""), ".")
	if where != "" {
		where += ": "
	}
	return fmt.Errorf("%s:%d:%d: %s%w", s.file, line, column, where, err)
}

// here returns the offset of the next token.
func (s *scanner) here() int {
	at := int(s.dec.InputOffset())
	for at < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[at]) >= 0 {
		at++
	}
	return at
}

// next returns the next token and its offset.
func (s *scanner) next() (json.Token, int, error) {
	at := s.here()
	t, err := s.dec.Token()
	if err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			at, err = len(s.data), errors.New("the document ends here")
		}
		return nil, at, s.fail(at, err)
	}
	return t, at, nil
}

// end makes sure that nothing follows.
func (s *scanner) end() error {
	at := int(s.dec.InputOffset())
	if rest := bytes.TrimLeft(s.data[at:], " \t\r\n"); len(rest) > 0 {
		return s.fail(len(s.data)-len(rest), errors.New("something follows the document"))
	}
	return nil
}

func (s *scanner) wrong(at int, want string, got json.Token) error {
	name := "null"
	switch got.(type) {
	case json.Delim:
		name = "an array"
		if got == json.Delim('{') {
			name = "an object"
		}
	case string:
		name = "a string"
	case json.Number:
		name = "a number"
	case bool:
		name = "a truth value"
	}
	return s.fail(at, fmt.Errorf("%s, want %s", name, want))
}

// object reads an object. member reads the value of a member, or returns errUnknown. required names those that must come.
func (s *scanner) object(member func(name string) error, required ...string) (at int, err error) {
	t, at, err := s.next()
	if err != nil {
		return at, err
	}
	if t != json.Delim('{') {
		return at, s.wrong(at, "an object", t)
	}
	var seen []string
	for s.dec.More() {
		t, at, err := s.next()
		if err != nil {
			return at, err
		}
		name, _ := t.(string) // a key is nothing else
		if slices.Contains(seen, name) {
			return at, s.fail(at, fmt.Errorf("a second member %q", name))
		}
		seen = append(seen, name)
		s.path = append(s.path, "."+name)
		if err := member(name); err == errUnknown {
			s.path = s.path[:len(s.path)-1]
			return at, s.fail(at, fmt.Errorf("unknown member %q", name))
		} else if err != nil {
			return at, err
		}
		s.path = s.path[:len(s.path)-1]
	}
	if _, at, err := s.next(); err != nil {
		return at, err
	}
	for _, name := range required {
		if !slices.Contains(seen, name) {
			return at, s.fail(at, fmt.Errorf("no member %q", name))
		}
	}
	return at, nil
}

var errUnknown = errors.New("unknown member")

// array reads an array.
func (s *scanner) array(element func() error) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return s.wrong(at, "an array", t)
	}
	for i := 0; s.dec.More(); i++ {
		s.path = append(s.path, "["+strconv.Itoa(i)+"]")
		if err := element(); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
	}
	_, _, err = s.next()
	return err
}

// text reads a string into to.
func (s *scanner) text(to *string) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	v, ok := t.(string)
	if !ok {
		return s.wrong(at, "a string", t)
	}
	*to = v
	return nil
}

// truth reads true or false.
func (s *scanner) truth(to *bool) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	v, ok := t.(bool)
	if !ok {
		return s.wrong(at, "true or false", t)
	}
	*to = v
	return nil
}

// integer is any type of number that a field of ours has.
type integer interface {
	~int | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// number reads an integer into to, which has to have room for it.
func number[T integer](s *scanner, to *T) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	n, ok := t.(json.Number)
	if !ok {
		return s.wrong(at, "an integer", t)
	}
	return parse(s, at, n.String(), to)
}

// wide reads an integer that may be written as a string.
func wide[T integer](s *scanner, to *T) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	switch n := t.(type) {
	case json.Number:
		return parse(s, at, n.String(), to)
	case string:
		if n == "" || strings.Trim(n, "0123456789") != "" && strings.Trim(n[1:], "0123456789") != "" {
			return s.fail(at, fmt.Errorf("%q is not an integer", n))
		}
		return parse(s, at, n, to)
	}
	return s.wrong(at, "an integer", t)
}

// parse converts a number.
func parse[T integer](s *scanner, at int, text string, to *T) error {
	var least T
	if least--; least > 0 { // unsigned
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n > uint64(least) {
			return s.notA(at, text, "0", strconv.FormatUint(uint64(least), 10))
		}
		*to = T(n)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if v := T(n); err == nil && int64(v) == n {
		*to = v
		return nil
	}
	least = 1
	for least<<1 > 0 {
		least <<= 1
	}
	least <<= 1 // the sign alone
	return s.notA(at, text, strconv.FormatInt(int64(least), 10), strconv.FormatInt(^int64(least), 10))
}

func (s *scanner) notA(at int, text, least, greatest string) error {
	return s.fail(at, fmt.Errorf("%.40s is not an integer from %s to %s", text, least, greatest))
}
