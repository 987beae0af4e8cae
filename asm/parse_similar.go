package asm

import (
	"iter"
	"strings"
)

// didYouMean returns a question about the name that is most like w, "" when none is like it.
func (p *parser) didYouMean(w string, names iter.Seq[string]) string {
	if len(p.errors.Errors) >= maxErrors {
		return "" // nobody sees it
	}
	if name := similar(w, names); name != "" {
		return "; did you mean " + name + "?"
	}
	return ""
}

// maxSimilar is the longest name that similar looks at.
const maxSimilar = 64

// similar returns the first of the names that takes the fewest changes to become w, if they are few for its length. Case
// does not count, nor what the kernel puts before the names of types.
func similar(w string, names iter.Seq[string]) string {
	if len(w) < 2 || len(w) > maxSimilar {
		return ""
	}
	w = strings.ToLower(w)
	w = strings.TrimPrefix(strings.TrimPrefix(w, "bpf_map_type_"), "bpf_prog_type_")
	best, limit := "", 2+len(w)/6 // one more than is taken
	for name := range names {
		if name != "" && len(name) <= maxSimilar {
			if d := editDistance(w, strings.ToLower(name), limit); d < limit {
				best, limit = name, d
			}
		}
	}
	return best
}

// editDistance returns how many bytes have to be put in, taken out, replaced or exchanged with their neighbour to make b
// of a, or limit when it is not less. Neither is longer than maxSimilar.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var rows [3][maxSimilar + 1]int
	above, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			d := min(last[j+1], row[j]) + 1
			if a[i] == b[j] {
				d = min(d, last[j])
			} else {
				d = min(d, last[j]+1)
				if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
					d = min(d, above[j-1]+1)
				}
			}
			row[j+1] = d
			least = min(least, d)
		}
		if least >= limit {
			return limit
		}
		above, last, row = last, row, above
	}
	return min(last[len(b)], limit)
}

func helperNames(yield func(string) bool) {
	for _, h := range helperOrder {
		if !yield(h.Name()) {
			return
		}
	}
}

func fieldNames(yield func(string) bool) {
	for f := Field(1); f < fieldEnd; f++ {
		if !yield(f.Name()) {
			return
		}
	}
}

// lose notes the names before a ':' in lines that have errors. They may be labels, and what leads there no error.
func (p *parser) lose(lines string) {
	if p.lost == nil {
		p.lost = make(map[string]bool)
	}
	if lines == "" {
		p.lost[""] = true // everything may be
		return
	}
	for at := 0; at < len(lines); {
		if byteClass[lines[at]]&isLetter == 0 {
			at++
			continue
		}
		start := at
		for at < len(lines) && wordByte(lines[at]) {
			at++
		}
		if rest := strings.TrimLeft(lines[at:min(at+8, len(lines))], " \t"); rest != "" && rest[0] == ':' {
			p.lost[lines[start:at]] = true
		}
	}
}

// mayBeLost reports whether name may be a label in a line that has an error.
func (p *parser) mayBeLost(name string) bool { return p.lost[name] || p.lost[""] }

// defines reports whether any of the programs has a label of this name.
func (p *parser) defines(name string) bool {
	if p.defined == nil {
		p.defined = make(map[string]bool)
		for _, u := range p.units {
			for k := range u.labels {
				p.defined[u.labels[k].name] = true
			}
		}
	}
	return p.defined[name]
}

// directiveNames has what LLVM's assembler does not have, and what is most used of it.
var directiveNames = [...]string{
	".program", ".attach_to", ".load_flags", ".license", ".map", ".inner", ".key", ".value", ".contents", ".comment",
	".resolved", ".type", ".file", ".loc", ".equ", ".set", ".text", ".section", ".globl",
}
