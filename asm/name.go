package asm

import (
	"errors"
	"fmt"
	"strings"
)

// ErrName is wrapped by the error about a name of a program, label, subprogram or map that the text form of a program
// cannot have.
var ErrName = errors.New("bad name")

// checkName reports whether LLVM's assembler takes s as a label and as a symbol.
func checkName(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case s == "." || !nameBytes(s):
		return fmt.Errorf("%w: a name has letters, digits, '_', '.' and '$' and begins with neither digit nor '$'", ErrName)
	case reservedWord(strings.ToLower(s)):
		return fmt.Errorf("%w: %s is a word of the assembly language", ErrName, s)
	}
	return nil
}

func nameBytes(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '.':
		case (c >= '0' && c <= '9' || c == '$') && i > 0:
		default:
			return false
		}
	}
	return true
}

// reservedWord reports whether an operand of this name would be read as something else. The words that only begin an
// instruction, such as call, can be names.
func reservedWord(s string) bool {
	switch s {
	case "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11",
		"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10", "w11",
		"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s", "skb", "ll", "goto",
		"be16", "be32", "be64", "le16", "le32", "le64", "bswap16", "bswap32", "bswap64",
		"atomic_fetch_add", "atomic_fetch_or", "atomic_fetch_and", "atomic_fetch_xor",
		"xchg_64", "xchg32_32", "cmpxchg_64", "cmpxchg32_32", "addr_space_cast", "load_acquire":
		return true
	}
	return false
}
