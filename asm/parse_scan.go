package asm

import "strings"

// Classes of bytes.
const (
	isDigit  = 1
	isLetter = 2 // begins a word, in which digits may follow
)

var byteClass = [256]uint8{
	'0': isDigit, '1': isDigit, '2': isDigit, '3': isDigit, '4': isDigit,
	'5': isDigit, '6': isDigit, '7': isDigit, '8': isDigit, '9': isDigit,
	'a': isLetter, 'b': isLetter, 'c': isLetter, 'd': isLetter, 'e': isLetter, 'f': isLetter, 'g': isLetter, 'h': isLetter, 'i': isLetter, 'j': isLetter,
	'k': isLetter, 'l': isLetter, 'm': isLetter, 'n': isLetter, 'o': isLetter, 'p': isLetter, 'q': isLetter, 'r': isLetter, 's': isLetter, 't': isLetter,
	'u': isLetter, 'v': isLetter, 'w': isLetter, 'x': isLetter, 'y': isLetter, 'z': isLetter,
	'A': isLetter, 'B': isLetter, 'C': isLetter, 'D': isLetter, 'E': isLetter, 'F': isLetter, 'G': isLetter, 'H': isLetter, 'I': isLetter, 'J': isLetter,
	'K': isLetter, 'L': isLetter, 'M': isLetter, 'N': isLetter, 'O': isLetter, 'P': isLetter, 'Q': isLetter, 'R': isLetter, 'S': isLetter, 'T': isLetter,
	'U': isLetter, 'V': isLetter, 'W': isLetter, 'X': isLetter, 'Y': isLetter, 'Z': isLetter, '_': isLetter, '.': isLetter, '$': isLetter,
}

func wordByte(c byte) bool { return byteClass[c]&(isLetter|isDigit) != 0 }

// skip moves behind white space and comments between /* and */, which may span lines.
func (p *parser) skip() {
	for p.at < p.end {
		switch p.src[p.at] {
		case ' ', '\t':
			p.at++
		case '/':
			if p.at+1 >= p.end || p.src[p.at+1] != '*' {
				return
			}
			p.blockComment()
		default:
			return
		}
	}
}

func (p *parser) blockComment() {
	n := strings.Index(p.src[p.at+2:], "*/")
	if n < 0 {
		p.fail(p.at, "comment without its end, */")
		p.lose("") // what it has taken
		p.at, p.end, p.next = len(p.src), len(p.src), len(p.src)
		return
	}
	stop := p.at + 2 + n + 2
	for p.next <= stop && p.next < len(p.src) && stop > p.end {
		p.nextLine()
	}
	p.at = stop
}

// nextLine makes the next line of the text the current one and reports whether there is one.
func (p *parser) nextLine() bool {
	if p.next >= len(p.src) {
		return false
	}
	p.line++
	p.begin = p.next
	p.at = p.next
	if n := strings.IndexByte(p.src[p.next:], '\n'); n >= 0 {
		p.end, p.next = p.next+n, p.next+n+1
	} else {
		p.end, p.next = len(p.src), len(p.src)
	}
	if p.end > p.begin && p.src[p.end-1] == '\r' {
		p.end--
	}
	return true
}

// peek returns the next byte of the line, 0 at its end.
func (p *parser) peek() byte {
	if p.at < p.end {
		return p.src[p.at]
	}
	return 0
}

// placeOf is where offset at of the current line is.
func (p *parser) placeOf(at int) spot { return spot{p.line, int32(at-p.begin) + 1} }

// accept moves behind white space, and behind s if it is next.
func (p *parser) accept(s string) bool {
	p.skip()
	if p.end-p.at >= len(s) && p.src[p.at:p.at+len(s)] == s {
		p.at += len(s)
		return true
	}
	return false
}

// acceptByte is accept for a single byte.
func (p *parser) acceptByte(c byte) bool {
	if p.at < p.end && p.src[p.at] == c {
		p.at++
		return true
	}
	p.skip()
	if p.at < p.end && p.src[p.at] == c {
		p.at++
		return true
	}
	return false
}

// want moves behind c, which has to be next.
func (p *parser) want(c byte) bool {
	if p.acceptByte(c) {
		return true
	}
	return p.expected("'" + string(rune(c)) + "'")
}

// word moves behind a word and returns it, "" when none is next.
func (p *parser) word() string {
	p.skip()
	start := p.at
	if start >= p.end || byteClass[p.src[start]]&isLetter == 0 {
		return ""
	}
	end := start + 1
	for end < p.end && wordByte(p.src[end]) {
		end++
	}
	p.at = end
	return p.src[start:end]
}

// wordIs is word for one that has to be s.
func (p *parser) acceptWord(s string) bool {
	at := p.at
	if p.word() == s {
		return true
	}
	p.at = at
	return false
}

// register reads r0 to r10 or w0 to w10. ok is false, and nothing read or reported, when the next word is no register.
func (p *parser) register() (r Register, wide, ok bool) {
	p.skip()
	at := p.at
	if at+1 >= p.end {
		return 0, false, false
	}
	switch p.src[at] {
	case 'r':
		wide = true
	case 'w':
	default:
		return 0, false, false
	}
	c := p.src[at+1]
	if byteClass[c]&isDigit == 0 {
		return 0, false, false
	}
	end := at + 2
	if end >= p.end || !wordByte(p.src[end]) {
		p.at = end
		return Register(c - '0'), wide, true
	}
	if c == '1' && p.src[end] == '0' && (end+1 >= p.end || !wordByte(p.src[end+1])) {
		p.at = end + 1
		return R10, wide, true
	}
	return 0, false, false
}

// wantRegister reads a register, which has to be next.
func (p *parser) wantRegister() (r Register, wide, ok bool) {
	r, wide, ok = p.register()
	if !ok {
		p.expectedRegister("a register")
	}
	return r, wide, ok
}

func (p *parser) expectedRegister(what string) bool {
	at := p.at
	if w := p.word(); noRegister(w) {
		return p.fail(at, "register %s: the registers are r0 to r10 and their halves w0 to w10", w)
	}
	p.at = at
	return p.expected(what)
}

// noRegister reports whether w looks like a register that does not exist.
func noRegister(w string) bool {
	if len(w) < 2 || w[0] != 'r' && w[0] != 'w' && w[0] != 'R' && w[0] != 'W' {
		return false
	}
	for _, c := range []byte(w[1:]) {
		if byteClass[c]&isDigit == 0 {
			return false
		}
	}
	return true
}

// literal is a number of the text.
type literal struct {
	at  int // where it begins, with its sign
	end int
	v   uint64 // without its sign
	neg bool
	hex bool
}

// number reads a number with an optional sign: decimal, hexadecimal with 0x, binary with 0b, octal with 0.
func (p *parser) number() (n literal, ok bool) {
	p.skip()
	n.at = p.at
	switch p.peek() {
	case '-':
		n.neg = true
		p.at++
		p.skip()
	case '+':
		p.at++
		p.skip()
	}
	return n, p.digits(&n)
}

func (p *parser) digits(n *literal) bool {
	at := p.at
	if at >= p.end || byteClass[p.src[at]]&isDigit == 0 {
		return p.expected("a number")
	}
	base := uint64(10)
	if p.src[at] == '0' && at+1 < p.end {
		switch p.src[at+1] {
		case 'x', 'X':
			base, at = 16, at+2
			n.hex = true
		case 'b', 'B':
			base, at = 2, at+2
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			base, at = 8, at+1
		}
	}
	start, v := at, uint64(0)
	for ; at < p.end; at++ {
		c := p.src[at]
		if !wordByte(c) {
			break
		}
		d := uint64(255)
		switch {
		case c >= '0' && c <= '9':
			d = uint64(c - '0')
		case c >= 'a' && c <= 'f':
			d = uint64(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = uint64(c-'A') + 10
		}
		if d >= base {
			if p.src[at:min(at+2, p.end)] == "ll" {
				return p.fail(at, "ll stands apart from the number")
			}
			return p.fail(at, "%q is no digit of a number in base %d", c, base)
		}
		if v > (1<<64-1-d)/base {
			return p.fail(n.at, "a number of more than 64 bits")
		}
		v = v*base + d
	}
	if at == start {
		return p.fail(n.at, "a number without digits")
	}
	p.at, n.end, n.v = at, at, v
	return true
}

// written returns the number as it is written.
func (p *parser) written(n literal) string {
	return strings.ReplaceAll(p.src[n.at:n.end], " ", "")
}

// int32 returns the number as the 32 bits of an immediate. Those of a 64-bit operation have their sign extended, so that
// they must say what the operation then uses; a 32-bit operation may also take them as unsigned.
func (p *parser) imm32(n literal, wide bool) (int64, bool) {
	switch {
	case n.neg && n.v <= 1<<31:
		return -int64(n.v), true
	case n.neg:
	case n.v < 1<<31:
		return int64(n.v), true
	case !wide && n.v < 1<<32:
		return int64(int32(uint32(n.v))), true
	case wide && n.v >= 1<<64-1<<31:
		return int64(n.v), true
	case wide && n.v < 1<<32:
		return 0, p.fail(n.at, "%s does not fit 32 bits with a sign, which a 64-bit operation extends; -%d has the same 32 bits", p.written(n), 1<<32-n.v)
	}
	return 0, p.fail(n.at, "%s does not fit 32 bits", p.written(n))
}

// imm64 returns the number as 64 bits.
func (p *parser) imm64(n literal) (int64, bool) {
	if n.neg && n.v > 1<<63 {
		return 0, p.fail(n.at, "%s does not fit 64 bits", p.written(n))
	}
	if n.neg {
		return -int64(n.v), true
	}
	return int64(n.v), true
}

// distance returns the number as a distance in slots or bytes of 16 bits, or of 32.
func (p *parser) signed(n literal, bits uint, what string) (int64, bool) {
	limit := uint64(1) << (bits - 1)
	if n.neg && n.v > limit || !n.neg && n.v >= limit {
		return 0, p.fail(n.at, "%s %s does not fit %d bits", what, p.written(n), bits)
	}
	if n.neg {
		return -int64(n.v), true
	}
	return int64(n.v), true
}
