package golden

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	numbers := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			b.WriteString(strconv.Itoa(i) + "\n")
		}
		return b.String()
	}
	tests := []struct{ name, a, b, want string }{
		{"first line", "a\nb\nc\nd\ne\n", "x\nb\nc\nd\ne\n", "@@ line 1\n- a\n+ x\n  b\n  c\n  d\n"},
		{"last line", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\n", "@@ line 2\n  b\n  c\n  d\n- e\n"},
		{"one more between", "a\nb\n", "a\nx\nb\n", "@@ line 1\n  a\n+ x\n  b\n"},
		{"moved", "a\nb\nc\n", "b\nc\na\n", "@@ line 1\n- a\n  b\n  c\n+ a\n"},
		{"two far apart", numbers(1, 20), "0\n" + numbers(1, 19) + "x\n",
			"@@ line 1\n+ 0\n  1\n  2\n  3\n@@ line 17\n  17\n  18\n  19\n- 20\n+ x\n"},
		{"all new", "", "a\n", "@@ line 1\n+ a\n"},
		{"line break at the end", "a\nb", "a\nb\n", "@@ line 1\n  a\n- b (no line break at the end)\n+ b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, diff(tt.a, tt.b)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What differs in too many lines is shown in part, and in a moment.
func TestDiffLarge(t *testing.T) {
	var a, b strings.Builder
	for i := range 20000 {
		a.WriteString("a" + strconv.Itoa(i) + "\n")
		b.WriteString("b" + strconv.Itoa(i) + "\n")
	}
	got := diff(a.String(), b.String())
	if n := strings.Count(got, "\n"); n != maxShown+2 || !strings.HasSuffix(got, "... and more\n") {
		t.Errorf("%d lines, want %d and a last one that says so", n, maxShown+2)
	}
}
