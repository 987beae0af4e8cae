package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// ErrForm is wrapped by the errors about programs that the form asked for has no place for.
var ErrForm = errors.New("has no place in this form")

// NginxOptions say what things are called. The zero value and nil are nginx's own names.
type NginxOptions struct {
	// Symbol is the variable with the program. Empty means the program's name.
	Symbol string
	// Maps gives names for the relocation table to maps that the program calls otherwise: nginx links ngx_quic_sockmap.
	Maps map[string]string
	// ProgramType and RelocationType are the types of the variable and of an entry of its relocation table. Empty means
	// ngx_bpf_program_t and ngx_bpf_reloc_t.
	ProgramType, RelocationType string
	// Header declares them. Empty means "ngx_bpf.h".
	Header string
}

// AppendNginx appends a program in the form of nginx's src/event/quic/ngx_event_quic_bpf_code.c: its relocation table, its
// instructions, and a variable that has both with the licence and the program type.
//
// The loader of that form puts map descriptors into whole 64-bit loads and knows no attach type and no flags. A program
// that refers to the value of a map, has no type or is loaded with an attach type or flags is refused (ErrForm), and so are names that
// are no identifiers of C.
func AppendNginx(b []byte, p *asm.Program, opts *NginxOptions) ([]byte, error) {
	c, err := appendNginx(b, p, opts)
	if err != nil {
		return b, fmt.Errorf("write nginx's C of program %s: %w", p.Name(), err)
	}
	return c, nil
}

func appendNginx(b []byte, p *asm.Program, opts *NginxOptions) ([]byte, error) {
	o := NginxOptions{}
	if opts != nil {
		o = *opts
	}
	if err := o.resolve(p); err != nil {
		return b, err
	}
	if p.Type() == asm.UnspecProgram {
		return b, fmt.Errorf("a program of type %v %w", p.Type(), ErrForm)
	}
	object, err := reloc.NewObject(p)
	if err != nil {
		return b, err
	}
	programs, err := resolveCalls(object)
	if err != nil {
		return b, err
	}
	p = programs[0]
	for _, r := range p.References() {
		if r.Kind != asm.RefMap {
			return b, fmt.Errorf("instruction %d: reference to %v %s %w", r.Index, r.Kind, r.Symbol, ErrForm)
		}
	}
	if t := p.AttachType(); t != defaultAttachType(p.Type()) && t != 0 {
		return b, fmt.Errorf("attach type %v %w", t, ErrForm)
	}
	if p.Flags() != 0 {
		return b, fmt.Errorf("flags %#x: a flag %w", uint32(p.Flags()), ErrForm)
	}
	return o.append(b, p), nil
}

// keywords are those of C11, and what the GNU dialect defines as macros.
var keywords = [...]string{
	"asm", "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
	"for", "goto", "i386", "if", "inline", "int", "linux", "long", "register", "restrict", "return", "short", "signed", "sizeof",
	"static", "struct", "switch", "typedef", "typeof", "union", "unix", "unsigned", "void", "volatile", "while",
}

// resolve fills in the defaults and checks what goes into the source as it is.
func (o *NginxOptions) resolve(p *asm.Program) error {
	for _, name := range []struct {
		value  *string
		preset string
	}{{&o.Symbol, p.Name()}, {&o.ProgramType, "ngx_bpf_program_t"}, {&o.RelocationType, "ngx_bpf_reloc_t"}} {
		if *name.value == "" {
			*name.value = name.preset
		}
		if s := strings.TrimPrefix(*name.value, "struct "); s != identifier(s) || slices.Contains(keywords[:], s) {
			return fmt.Errorf("%q is not an identifier of C", *name.value)
		}
	}
	if o.Header == "" {
		o.Header = "ngx_bpf.h"
	}
	if strings.ContainsAny(o.Header, "\"<>\\\n\r") {
		return fmt.Errorf("%q is not a name of a header", o.Header)
	}
	return nil
}

// defaultAttachType is what the kernel takes 0 for: bpf_prog_load_fixup_attach_type of kernel/bpf/syscall.c.
func defaultAttachType(t asm.ProgramType) asm.AttachType {
	switch t {
	case asm.CgroupSock:
		return asm.AttachCgroupInetSockCreate
	case asm.SkReuseport:
		return asm.AttachSkReuseportSelect
	}
	return 0
}

func (o *NginxOptions) append(b []byte, p *asm.Program) []byte {
	b = fmt.Appendf(b, generated+"#include <stddef.h>\n#include <stdint.h>\n\n#include \"%s\"\n\n", o.Header)
	relocations, instructions := "bpf_reloc_prog_"+o.Symbol, "bpf_insn_prog_"+o.Symbol
	all := rows(p)
	if !p.Linked() {
		b = fmt.Appendf(b, "static %s %s[] = {\n", o.RelocationType, relocations)
		for i, r := range all {
			if r.symbol == "" {
				continue
			}
			name, ok := o.Maps[r.symbol]
			if !ok {
				name = r.symbol
			}
			b = fmt.Appendf(b, "    { %s, %d },\n", cString(name), p.Slot(i))
		}
		b = append(b, "};\n\n"...)
	}
	b = fmt.Appendf(b, "static struct bpf_insn %s[] = {\n    /* opcode dst          src         offset imm */\n", instructions)
	slot := func(op asm.Opcode, dst, src asm.Register, off int16, imm uint32) {
		// BPF_REG_10 takes a column more, as in nginx.
		b = fmt.Appendf(b, "    { %#4x, %11s, %11s, (int16_t) %6d, %#10x },", uint8(op), registerC(dst), registerC(src), off, imm)
	}
	for _, r := range all {
		b = appendHead(b, r, "    ")
		slot(r.Op, r.Dst, r.Src, r.Off, uint32(r.Imm))
		b = fmt.Appendf(b, " /* %s */\n", cComment(r.text))
		if r.Slots() == 2 {
			slot(0, 0, 0, 0, uint32(r.Imm>>32))
			b = append(b, '\n')
		}
	}
	b = fmt.Appendf(b, "};\n\n%s %s = {\n", o.ProgramType, o.Symbol)
	count := func(name string) string { return fmt.Sprintf("sizeof(%s) / sizeof(%s[0])", name, name) }
	if p.Linked() {
		b = append(b, "    .relocs = NULL,\n    .nrelocs = 0,\n"...)
	} else {
		b = fmt.Appendf(b, "    .relocs = %s,\n    .nrelocs = %s,\n", relocations, count(relocations))
	}
	kind := progTypeC(p.Type())
	if kind == "" {
		kind = fmt.Sprintf("(enum bpf_prog_type) %d", uint32(p.Type()))
	}
	b = fmt.Appendf(b, "    .ins = %s,\n    .nins = %s,\n", instructions, count(instructions))
	return fmt.Appendf(b, "    .license = %s,\n    .type = %s,\n};\n", cString(p.License()), kind)
}

func registerC(r asm.Register) string { return fmt.Sprintf("BPF_REG_%d", uint8(r)) }
