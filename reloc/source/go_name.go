package source

import (
	"fmt"
	"go/token"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// exported makes an exported name of Go: select_by_dcid becomes SelectByDcid.
func exported(s string) string {
	var b strings.Builder
	upper := true
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' && upper:
			b.WriteRune(r - 'a' + 'A')
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			upper = true
			continue
		}
		upper = false
	}
	if s := b.String(); s != "" && s[0] >= 'A' {
		return s
	}
	return "X" + b.String()
}

// packageName makes a name of a package: select.by_dcid becomes selectbydcid.
func packageName(s string) string {
	s = strings.ToLower(strings.TrimPrefix(exported(s), "X"))
	if !token.IsIdentifier(s) || s == "main" {
		s = "bpf" + s
	}
	return s
}

// goNames are the names of programs and maps in a Go package, from which those of functions, types and variables are made.
type goNames struct {
	taken    map[string]bool
	programs []string
	maps     []string
}

func newGoNames(programs []*asm.Program, maps []mapUse) *goNames {
	n := &goNames{taken: map[string]bool{"Programs": true, "Maps": true, "Objects": true, "Load": true, "Close": true}}
	for _, p := range programs {
		n.programs = append(n.programs, n.pick(p.Name(), func(s string) []string { return []string{s, "Load" + s, s + "Program"} }))
	}
	for _, m := range maps {
		n.maps = append(n.maps, n.pick(m.Name, func(s string) []string { return []string{s, s + "Spec"} }))
	}
	return n
}

// pick returns a name of which nothing that is made of it is taken yet.
func (n *goNames) pick(s string, derive func(string) []string) string {
	base := exported(s)
	name := base
	for i := 2; ; i++ {
		free := true
		for _, d := range derive(name) {
			free = free && !n.taken[d]
		}
		if free {
			break
		}
		name = fmt.Sprintf("%s%d", base, i)
	}
	for _, d := range derive(name) {
		n.taken[d] = true
	}
	return name
}
