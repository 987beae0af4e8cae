package classic

import "golang.org/x/net/bpf"

// ParseDecimal reads the number of instructions and then the decimal numbers code, jt, jf and k of each: a line
// apiece as `tcpdump -ddd` prints them, or in one line with commas as xt_bpf, nfbpf_compile, bpf_asm and bpf_dbg
// have it. The numbers of an instruction are separated by blanks. file is for messages. The error is an
// *asm.ParseErrors: the first mistake of the syntax, or each that Decode finds.
func ParseDecimal(file string, text []byte) (*Program, error) {
	return parse(file, text, (*listing).decimal)
}

func parse(file string, text []byte, read func(*listing, *scanner) error) (*Program, error) {
	s := newScanner(string(text))
	m := mistakes{file: file}
	var list listing
	if err := read(&list, s); err != nil {
		at := s.place
		if syntax, ok := err.(*syntaxError); ok {
			at, err = syntax.place, syntax.error
		}
		m.errorf(at, "%w", err)
	} else {
		m.check(list.raw, func(i int) place { return list.starts[i] }, s.place)
	}
	if err := m.err(); err != nil {
		return nil, err
	}
	return &Program{raw: list.raw}, nil
}

// listing is a program while it is read.
type listing struct {
	raw    []bpf.RawInstruction
	starts []place
}

func (l *listing) decimal(s *scanner) error {
	start := *s
	count, err := s.number("the number of instructions", 32, false)
	if err != nil {
		return err
	}
	if count == 0 || count > MaxInstructions {
		return start.errorf("%d instructions, the kernel takes 1 to %d", count, MaxInstructions)
	}
	separator := s.separator()
	for l.len() < int(count) {
		if s.end() {
			return s.errorf("%d instructions, but the first number announces %d", l.len(), count)
		}
		if separator != ',' && separator != '\n' {
			return s.errorf("expected a line break or a comma, found %s", s.next())
		}
		if err := l.decimalEntry(s); err != nil {
			return err
		}
		s.blanks()
		at := *s
		if got := s.separator(); got != separator && !s.end() {
			return at.errorf("expected %s after the instruction, found %s", separatorName(separator), at.next())
		}
	}
	s.blankLines()
	if !s.end() {
		return s.errorf("%s after the %d instructions that the first number announces", s.next(), count)
	}
	return nil
}

func separatorName(separator byte) string {
	if separator == ',' {
		return "a comma"
	}
	return "a line break"
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
