package classic

import (
	"errors"

	"golang.org/x/net/bpf"
)

// ParseCArray reads initializers of struct sock_filter as C has them, such as the output of `tcpdump -dd` and
// `bpf_asm -c`: { code, jt, jf, k } with a comma between two and perhaps one at the end. Numbers are decimal,
// octal after a 0 or hexadecimal after a 0x. Comments are skipped. Errors are *SyntaxError, joined when Decode
// finds several mistakes.
func ParseCArray(text string) (*Program, error) {
	s := newScanner(text)
	var list listing
	comma := true
	for {
		if err := s.blanksAndComments(); err != nil {
			return nil, err
		}
		if s.end() {
			return list.program(s)
		}
		if !comma {
			return nil, s.errorf("a comma is missing between two instructions")
		}
		if err := list.cEntry(s); err != nil {
			return nil, err
		}
		if err := s.blanksAndComments(); err != nil {
			return nil, err
		}
		comma = s.accept(',')
	}
}

// ParseDecimal reads the number of instructions and then the decimal numbers code, jt, jf and k of each: a line
// apiece as `tcpdump -ddd` prints them, or in one line with commas as xt_bpf, nfbpf_compile, bpf_asm and bpf_dbg
// have it. The numbers of an instruction are separated by blanks. Errors are *SyntaxError, joined when Decode
// finds several mistakes.
func ParseDecimal(text string) (*Program, error) {
	s := newScanner(text)
	start := *s
	count, err := s.number("the number of instructions", 32, false)
	if err != nil {
		return nil, err
	}
	if count == 0 || count > MaxInstructions {
		return nil, start.errorf("%d instructions, the kernel takes 1 to %d", count, MaxInstructions)
	}
	separator := s.separator()
	var list listing
	for list.len() < int(count) {
		if s.end() {
			return nil, s.errorf("%d instructions, but the first number announces %d", list.len(), count)
		}
		if separator != ',' && separator != '\n' {
			return nil, s.errorf("expected a line break or a comma, found %s", s.next())
		}
		if err := list.decimalEntry(s); err != nil {
			return nil, err
		}
		s.blanks()
		at := *s
		if got := s.separator(); got != separator && !s.end() {
			return nil, at.errorf("expected %s after the instruction, found %s", separatorName(separator), at.next())
		}
	}
	s.blankLines()
	if !s.end() {
		return nil, s.errorf("%s after the %d instructions that the first number announces", s.next(), count)
	}
	return list.program(s)
}

func separatorName(separator byte) string {
	if separator == ',' {
		return "a comma"
	}
	return "a line break"
}

// listing is a program while it is read.
type listing struct {
	raw    []bpf.RawInstruction
	starts []place
}

func (l *listing) len() int { return len(l.raw) }

// fields are the members of struct sock_filter with their widths in bits.
var fields = [4]struct {
	name string
	bits int
}{{"code", 16}, {"jt", 8}, {"jf", 8}, {"k", 32}}

func (l *listing) add(start place, f [4]uint32) {
	l.raw = append(l.raw, bpf.RawInstruction{Op: uint16(f[0]), Jt: uint8(f[1]), Jf: uint8(f[2]), K: f[3]})
	l.starts = append(l.starts, start)
}

func (l *listing) decimalEntry(s *scanner) (err error) {
	var values [4]uint32
	start := s.place
	for i, f := range fields {
		if i > 0 && !s.blanks() {
			return s.errorf("expected a blank and %s, found %s", f.name, s.next())
		}
		if values[i], err = s.number(f.name, f.bits, false); err != nil {
			return err
		}
	}
	l.add(start, values)
	return nil
}

func (l *listing) cEntry(s *scanner) (err error) {
	var values [4]uint32
	start := s.place
	if l.len() == MaxInstructions {
		return s.errorf("more than %d instructions, the kernel takes no more", MaxInstructions)
	}
	if !s.accept('{') {
		return s.errorf("expected an instruction as { code, jt, jf, k }, found %s", s.next())
	}
	for i, f := range fields {
		if err := s.blanksAndComments(); err != nil {
			return err
		}
		if values[i], err = s.number(f.name, f.bits, true); err != nil {
			return err
		}
		if err := s.blanksAndComments(); err != nil {
			return err
		}
		if i < len(fields)-1 && !s.accept(',') {
			return s.errorf("expected a comma after %s, found %s", f.name, s.next())
		}
	}
	if !s.accept('}') {
		return s.errorf("expected } after k, found %s", s.next())
	}
	l.add(start, values)
	return nil
}

// program checks what was read, to the end of the text in s.
func (l *listing) program(s *scanner) (*Program, error) {
	problems := check(l.raw)
	if len(problems) == 0 {
		return &Program{raw: l.raw}, nil
	}
	errs := make([]error, len(problems))
	for i, p := range problems {
		at := s.place
		if p.index >= 0 {
			at = l.starts[p.index]
		}
		errs[i] = &SyntaxError{Line: at.line, Column: at.column, Err: p}
	}
	return nil, errors.Join(errs...)
}
