package reloc

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// AppendC appends the program as C: an array of struct bpf_insn, one slot a line with the instruction's text beside it,
// and, when the program still has references, a table of the slots to patch and the symbols they name. It compiles
// against linux/bpf.h.
func AppendC(b []byte, p *asm.Program) []byte {
	name := cIdentifier(p.Name())
	b = fmt.Appendf(b, "#include <linux/bpf.h>\n\n")
	b = fmt.Appendf(b, "/* %s: %v, %d slots, licence %q. */\n", p.Name(), p.Type(), p.Slots(), p.License())
	b = fmt.Appendf(b, "static const struct bpf_insn %s[] = {\n", name)
	b = fmt.Appendf(b, "\t/* code dst src off imm */\n")
	refs := p.References()
	var symbols []byte
	for i, ins := range p.All() {
		text := ins.String()
		if len(refs) > 0 && refs[0].Index == i {
			text = fmt.Sprintf("%s, %v %s", text, refs[0].Kind, refs[0].Symbol)
			symbols = fmt.Appendf(symbols, "\t{ %d, %q }, /* %v */\n", p.Slot(i), refs[0].Symbol, refs[0].Kind)
			refs = refs[1:]
		}
		b = fmt.Appendf(b, "\t{ 0x%02x, %d, %d, %d, %d }, /* %s */\n", uint8(ins.Op), ins.Dst, ins.Src, ins.Off, int32(ins.Imm), text)
		if ins.Slots() == 2 {
			b = fmt.Appendf(b, "\t{ 0, 0, 0, 0, %d },\n", ins.Imm>>32)
		}
	}
	b = append(b, "};\n"...)
	if symbols != nil {
		b = fmt.Appendf(b, "\nstatic const struct {\n\tunsigned int slot;\n\tconst char *symbol;\n} %s_relocations[] = {\n", name)
		b = append(b, symbols...)
		b = append(b, "};\n"...)
	}
	return b
}

// cIdentifier replaces what C does not take in a name.
func cIdentifier(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	return s
}
