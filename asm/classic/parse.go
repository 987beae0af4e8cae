package classic

import "strings"

// Parse reads a program in any of the forms that ParseText, ParseCArray and ParseDecimal read: it begins in C with {, a
// macro or a declaration, with a digit in decimal, and else is text. The error is an *asm.ParseErrors.
func Parse(file string, text []byte) (*Program, error) {
	switch rest := first(string(text)); {
	case rest == "":
	case rest[0] == '{', startsC(rest):
		return ParseCArray(file, text)
	case '0' <= rest[0] && rest[0] <= '9':
		return ParseDecimal(file, text)
	}
	return ParseText(file, text)
}

// startsC reports whether a text begins with a word of C that begins no line of text.
func startsC(text string) bool {
	for _, word := range [...]string{stmtMacro, jumpMacro, "static ", "const ", "struct "} {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

// first returns what follows the blanks and the comments, of any of the forms, that a text begins with.
func first(text string) string {
	text = strings.TrimPrefix(text, byteOrderMark)
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		switch {
		case text == "":
			return ""
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text[2:], "*/")
		case strings.HasPrefix(text, "//"), text[0] == ';', text[0] == '#':
			_, text, _ = strings.Cut(text, "\n")
		default:
			return text
		}
	}
}
