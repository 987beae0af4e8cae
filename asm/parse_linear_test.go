package asm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/purebpf/purebpf/asm"
)

// A text takes time in proportion to its length, whatever it has many of: here each takes a tenth of a second, and tens of
// seconds where every line is held against all others.
func TestParseIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("long texts")
	}
	const n = 30_000
	lines := func(format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)) + "\n")
		}
		return b.String()
	}
	tests := []struct {
		name, text string
		programs   int
	}{
		{"functions of a section", ".text\n" + lines(".type f#,@function\nf#: exit"), n},
		{"calls of functions of a section", ".text\n" + lines(".type f#,@function\nf#: call f#\nexit"), n},
		{"calls from a section to another", ".text\n" + lines(".type f#,@function\nf#: exit") + ".section xdp\n" +
			lines("call f#") + "exit\n", n + 1},
		{"maps", lines(".map m# array key=4 value=4 entries=1") + "r1 = m7 ll\nexit\n", 1},
		{"maps of a program", ".program p xdp\n" + lines(".map m# array key=4 value=4 entries=1") + "r1 = m7 ll\nexit\n", 1},
		{"maps of several programs", lines(".map m# array key=4 value=4 entries=1") +
			lines(".program p# xdp\nr1 = m# ll\nr2 = m7 ll\nexit"), n},
		{"references to maps", lines(".map m# array key=4 value=4 entries=1") + lines("r1 = m# ll") + "exit\n", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			programs, err := asm.ParseText("t.s", []byte(tt.text))
			if err != nil || len(programs) != tt.programs {
				t.Fatalf("%d programs, %v, want %d", len(programs), err, tt.programs)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%v for %d bytes", took, len(tt.text))
			}
		})
	}
}
