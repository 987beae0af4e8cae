package classic

import "strings"

// Parse reads a program in any of the forms that ParseText, ParseCArray and ParseDecimal read: it begins with { in C,
// with a digit in decimal, and else is text. The error is an *asm.ParseErrors.
func Parse(file string, text []byte) (*Program, error) {
	switch c := firstByte(string(text)); {
	case c == '{':
		return ParseCArray(file, text)
	case '0' <= c && c <= '9':
		return ParseDecimal(file, text)
	}
	return ParseText(file, text)
}

// firstByte returns the first byte that is neither blank nor in a comment of any of the forms, or 0.
func firstByte(text string) byte {
	text = strings.TrimPrefix(text, byteOrderMark)
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		switch {
		case text == "":
			return 0
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text[2:], "*/")
		case strings.HasPrefix(text, "//"), text[0] == ';', text[0] == '#':
			_, text, _ = strings.Cut(text, "\n")
		default:
			return text[0]
		}
	}
}
