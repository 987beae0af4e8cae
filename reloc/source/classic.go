package source

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm/classic"
)

// AppendClassicC appends a classic program as C that compiles against linux/filter.h: an array of struct sock_filter with
// the text of bpf_asm beside each instruction, and a struct sock_fprog that SO_ATTACH_FILTER takes. They are called name
// and name_prog; an empty name means the program's.
func AppendClassicC(b []byte, p *classic.Program, name string) []byte {
	name = classicName(p, name)
	b = fmt.Appendf(b, generated+"#include <linux/filter.h>\n\n/* %s: %d instructions */\n", cComment(name), p.Len())
	name = identifier(name)
	b = fmt.Appendf(b, "static const struct sock_filter %s_filter[] __attribute__((unused)) = {\n\t/* code jt jf k */\n", name)
	for i, text := range classicLines(p) {
		ins := p.At(i)
		if at := p.Position(i); at.Line != 0 && (i == 0 || at != p.Position(i-1)) {
			b = fmt.Appendf(b, "\t/* %s */\n", cComment(at.String()))
		}
		b = fmt.Appendf(b, "\t{ 0x%02x, %d, %d, 0x%08x }, /* %s */\n", ins.Op, ins.Jt, ins.Jf, ins.K, cComment(text))
	}
	b = fmt.Appendf(b, "};\nstatic const struct sock_fprog %s_prog __attribute__((unused)) = {\n", name)
	return fmt.Appendf(b, "\tsizeof(%s_filter) / sizeof(%s_filter[0]),\n\t(struct sock_filter *) %s_filter,\n};\n", name, name, name)
}

func classicName(p *classic.Program, name string) string {
	switch {
	case name != "":
		return name
	case p.Name() != "":
		return p.Name()
	}
	return "filter"
}

// classicLines returns the text of each instruction after its label: "l2: jeq #0x800, l3, l7".
func classicLines(p *classic.Program) []string {
	lines := strings.Split(strings.TrimSuffix(p.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = oneLine(strings.ReplaceAll(lines[i], "\t", " "))
	}
	return lines
}
