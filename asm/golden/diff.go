package golden

import (
	"fmt"
	"strings"
)

const (
	context  = 3       // lines that are equal, before and after those that are not
	maxTable = 4 << 20 // entries of the table that diff makes, lines removed times lines added
	maxShown = 200     // lines of a diff
)

// edit is a line of a diff: '-' only in the file, '+' only now, ' ' in both.
type edit struct {
	kind byte
	text string
}

// diff returns the lines that differ, with some around them, each stretch under the number of its first line in the
// file.
func diff(want, got string) string {
	edits := edits(splitLines(want), splitLines(got))
	shown := make([]bool, len(edits))
	for i, e := range edits {
		if e.kind != ' ' {
			for j := max(0, i-context); j < min(len(edits), i+context+1); j++ {
				shown[j] = true
			}
		}
	}
	var out strings.Builder
	line, count := 1, 0 // line is the number in the file
	for i, e := range edits {
		if shown[i] {
			if i == 0 || !shown[i-1] {
				fmt.Fprintf(&out, "@@ line %d\n", line)
			}
			if count++; count > maxShown {
				fmt.Fprintf(&out, "... and more\n")
				break
			}
			fmt.Fprintf(&out, "%c %s\n", e.kind, e.text)
		}
		if e.kind != '+' {
			line++
		}
	}
	return out.String()
}

// splitLines returns the lines. One that ends without a line break says so, for that is a difference one cannot see.
func splitLines(text string) []string {
	rest, ends := strings.CutSuffix(text, "\n")
	lines := strings.Split(rest, "\n")
	switch {
	case text == "":
		return nil
	case !ends:
		lines[len(lines)-1] += " (no line break at the end)"
	}
	return lines
}

// edits returns how a becomes b with the fewest changes; where that would cost too much, all lines between the first
// and the last difference are removed and added.
func edits(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	common := func(i, j int) int32 { return 0 }
	if width := len(b) + 1; (len(a)+1)*width <= maxTable {
		table := make([]int32, (len(a)+1)*width) // lines that a[i:] and b[j:] have in common
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					table[i*width+j] = table[(i+1)*width+j+1] + 1
				} else {
					table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
				}
			}
		}
		common = func(i, j int) int32 { return table[i*width+j] }
	}
	out, i, j := head, 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{' ', a[i]})
			i++
			j++
		case j == len(b) || i < len(a) && common(i+1, j) >= common(i, j+1):
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[j]})
			j++
		}
	}
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out
}
