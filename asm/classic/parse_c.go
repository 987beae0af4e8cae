package classic

import "strings"

// ParseCArray reads the initializers of struct sock_filter as C has them, alone, such as the output of `tcpdump -dd` and
// `bpf_asm -c`, or in a C file that defines one array of them, such as package reloc/source writes:
//
//	struct sock_filter arp[] = {
//		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
//		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1),
//		{ BPF_RET | BPF_K, 0, 0, 0x40000 },
//		{ 0x06, 0, 0, 0 },
//	};
//
// An instruction is { code, jt, jf, k }, BPF_STMT(code, k) or BPF_JUMP(code, k, jt, jf), with a comma between two and
// perhaps one at the end. Numbers are decimal, octal after a 0 or hexadecimal after a 0x; names are those of
// linux/filter.h and linux/bpf_common.h, and the common ones of protocols (ETH_P_IP, IPPROTO_UDP). They may be combined
// by | ^ & << >> + - * ~ and parentheses, and a k may be negative, as SKF_AD_OFF + SKF_AD_PKTTYPE is. What the text
// defines itself is not looked up. Comments are skipped, and in a file all but the array.
//
// file is for messages. The error is an *asm.ParseErrors: the first mistake of the syntax, or each that Decode finds.
func ParseCArray(file string, text []byte) (*Program, error) {
	return parse(file, text, (*listing).cText)
}

// The macros of linux/filter.h.
const (
	stmtMacro = "BPF_STMT"
	jumpMacro = "BPF_JUMP"
)

// cText reads instructions alone, or those of the array of a file.
func (l *listing) cText(s *scanner) error {
	if err := s.blanksAndComments(); err != nil {
		return err
	}
	if w := s.word(); s.end() || s.rest[0] == '{' || w == stmtMacro || w == jumpMacro {
		return l.cArray(s, false)
	}
	begin := *s
	found, err := s.cDefinition()
	if err != nil {
		return err
	}
	if !found {
		return begin.errorf("expected an instruction as { code, jt, jf, k }, or a definition of an array of struct sock_filter, found %s", begin.next())
	}
	if err := l.cArray(s, true); err != nil {
		return err
	}
	end := *s
	if found, err = s.cDefinition(); err != nil {
		return err
	}
	if found {
		return s.errorf("a second array of struct sock_filter: a program has one")
	}
	s.place = end.place // where a program without a return is wrong
	return nil
}

// cArray reads instructions up to the end of the text, or of the array.
func (l *listing) cArray(s *scanner, braces bool) error {
	comma := true
	for {
		if err := s.blanksAndComments(); err != nil {
			return err
		}
		switch {
		case braces && s.end():
			return s.errorf("the array does not end")
		case s.end(), braces && s.accept('}'):
			return nil
		case !comma:
			return s.errorf("a comma is missing between two instructions")
		}
		if err := l.cEntry(s); err != nil {
			return err
		}
		if err := s.blanksAndComments(); err != nil {
			return err
		}
		comma = s.accept(',')
	}
}

// cForms are the ways to write an instruction: what is before its members, which these are, and what is behind them.
var cForms = [...]struct {
	word    string // before the bracket
	open    byte
	members string // indices in fields
	close   byte
}{
	{"", '{', "\x00\x01\x02\x03", '}'},
	{stmtMacro, '(', "\x00\x03", ')'},
	{jumpMacro, '(', "\x00\x03\x01\x02", ')'},
}

func (l *listing) cEntry(s *scanner) error {
	var values [4]uint32
	start := *s
	if l.len() == MaxInstructions {
		return s.errorf("more than %d instructions, the kernel takes no more", MaxInstructions)
	}
	w := s.word()
	for _, form := range cForms {
		if form.word != w {
			continue
		}
		s.advance(len(w))
		if err := s.blanksAndComments(); err != nil {
			return err
		}
		if !s.accept(form.open) {
			break
		}
		for i, m := range []byte(form.members) {
			v, err := s.cMember(fields[m].name, fields[m].bits)
			if err != nil {
				return err
			}
			values[m] = v
			if i < len(form.members)-1 && !s.accept(',') {
				return s.errorf("expected a comma after %s, found %s", fields[m].name, s.next())
			}
			if i == len(form.members)-1 && !s.accept(form.close) {
				return s.errorf("expected %c after %s, found %s", form.close, fields[m].name, s.next())
			}
		}
		l.add(start.place, values)
		return nil
	}
	return start.errorf("expected an instruction as { code, jt, jf, k }, found %s", start.next())
}

// word returns the word of C that is next, without moving behind it.
func (s *scanner) word() string {
	n := 0
	for n < len(s.rest) && wordByte(s.rest[n]) && (n > 0 || s.rest[0] > '9') {
		n++
	}
	return s.rest[:n]
}

// cDefinition moves behind the brace that begins the next array of struct sock_filter, and reports whether there is one.
func (s *scanner) cDefinition() (bool, error) {
	for last := ""; ; {
		if err := s.blanksAndComments(); err != nil {
			return false, err
		}
		w := s.word()
		s.advance(len(w))
		switch {
		case w == "sock_filter" && last == "struct":
			found, err := s.cDeclarator()
			if found || err != nil {
				return found, err
			}
		case w != "":
		case s.end():
			return false, nil
		case s.rest[0] == '#':
			s.cDirective()
		case s.rest[0] == '"' || s.rest[0] == '\'':
			s.cQuoted()
		default:
			s.advance(1)
		}
		last = w
	}
}

// cDeclarator reads name[...] = { and reports whether that is what follows.
func (s *scanner) cDeclarator() (bool, error) {
	depth, array := 0, false
	for {
		if err := s.blanksAndComments(); err != nil || s.end() {
			return false, err
		}
		switch c := s.rest[0]; {
		case c == '(':
			depth++
		case depth > 0 && c == ')':
			depth--
		case depth > 0 && c != ';':
		case c == '[':
			array = true
		case c == '=' && array:
			s.advance(1)
			if err := s.blanksAndComments(); err != nil {
				return false, err
			}
			return s.accept('{'), nil
		case c == '=', c == '*', c == ',', c == ';', c == ')', c == '{', c == '}', c == '#':
			return false, nil
		}
		s.advance(max(1, len(s.word())))
	}
}

// cDirective skips a directive of the preprocessor, which a backslash continues on the next line.
func (s *scanner) cDirective() {
	for !s.end() {
		n := strings.IndexByte(s.rest, '\n')
		if n < 0 {
			n = len(s.rest) - 1
		}
		more := strings.HasSuffix(strings.TrimSuffix(s.rest[:n], "\r"), `\`)
		s.advance(n + 1)
		if !more {
			return
		}
	}
}

// cQuoted skips a string or a character, up to the end of the line if it has no end.
func (s *scanner) cQuoted() {
	n := 1
	for n < len(s.rest) && s.rest[n] != s.rest[0] && s.rest[n] != '\n' {
		if s.rest[n] == '\\' {
			n++
		}
		n++
	}
	s.advance(min(n+1, len(s.rest)))
}
