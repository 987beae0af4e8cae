package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The mistakes themselves are the parsers'; here it is how they are shown.
func TestTextError(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"one", "r0 = 0\n\tr1 = r11\nexit\n", `1 mistake
<stdin>:2:7: register r11: the registers are r0 to r10 and their halves w0 to w10
    	r1 = r11
    	     ^
`},
		{"two", "r1 = r11\nr0 = 0\n  foo\nexit\n", `2 mistakes
<stdin>:1:6: register r11: the registers are r0 to r10 and their halves w0 to w10
    r1 = r11
         ^
<stdin>:3:3: "foo" begins no instruction
      foo
      ^
`},
		{"classic", "ldh [12]\nret #0\nret #y\n", `1 mistake
<stdin>:3:`},
		{"CRLF", "r1 = r11\r\nexit\r\n", `1 mistake
<stdin>:1:6: register r11: the registers are r0 to r10 and their halves w0 to w10
    r1 = r11
         ^
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			status := run([]string{"asm", "-", "-to", "hex"}, strings.NewReader(tt.text), &stdout, &stderr)
			got := stderr.String()
			if !strings.HasSuffix(tt.want, "\n") {
				got = got[:min(len(got), len("purebpf asm: "+tt.want))]
			}
			if diff := cmp.Diff(result{1, "", "purebpf asm: " + tt.want}, result{status, stdout.String(), got}, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 300) + "!" + strings.Repeat("b", 300)
	tests := []struct {
		name, line string
		column     int
		want       string
	}{
		{"begin", "abc", 1, "\n    abc\n    ^"},
		{"behind the end", "abc", 4, "\n    abc\n       ^"},
		{"far behind the end", "abc", 99, "\n    abc\n       ^"},
		{"tab", "\tabc", 3, "\n    \tabc\n    \t ^"},
		{"control", "a\x1b[2Jb", 6, "\n    a?[2Jb\n         ^"},
		{"long", long, 301, "\n    ..." + strings.Repeat("a", 60) + "!" + strings.Repeat("b", 36) + "...\n    " + strings.Repeat(" ", 63) + "^"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, excerpt(tt.line, tt.column)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
