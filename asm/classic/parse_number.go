package classic

import "strconv"

// number takes a number with or without a sign. It has 32 bits, as an unsigned or a signed one.
func (p *textParser) number(k *uint32) bool {
	at, minus := p.tok, p.tok.is('-')
	if minus || p.tok.is('+') {
		p.advance()
	}
	if p.tok.kind != tokenNumber {
		return p.expected("a number")
	}
	value, reason := parseNumber(p.tok.text)
	switch {
	case reason != "":
		return p.fail(p.tok, "%v %s", p.tok, reason)
	case minus && value > 1<<31:
		return p.fail(at, "-%v does not fit 32 bits", p.tok)
	case minus:
		value = -value
	}
	*k = uint32(value)
	p.advance()
	return true
}

// parseNumber reads a number of C, of 32 bits without a sign, or returns what is wrong with it.
func parseNumber(text string) (value uint64, reason string) {
	digits, base := text, 10
	if len(text) > 1 && text[0] == '0' {
		switch text[1] {
		case 'x', 'X':
			digits, base = text[2:], 16
		case 'b', 'B':
			digits, base = text[2:], 2
		default:
			digits, base = text[1:], 8
		}
	}
	value, err := strconv.ParseUint(digits, base, 64)
	if numError, ok := err.(*strconv.NumError); ok && numError.Err == strconv.ErrSyntax {
		return 0, "is not a number"
	}
	if err != nil || value > 0xffffffff {
		return 0, "does not fit 32 bits"
	}
	return value, ""
}
