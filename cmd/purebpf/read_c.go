package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

// The declarations that readC understands: those that convert writes and nginx has, and what people write by hand.
var (
	cComment  = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	cArray    = regexp.MustCompile(`struct\s+(bpf_insn|sock_filter)\s+(\w+)\s*\[[^\]]*\][^={;]*=\s*\{`)
	cRow      = regexp.MustCompile(`\{([^{}]*)\}`)
	cCast     = regexp.MustCompile(`\(\s*\w+\s*\)`)
	cSymbol   = regexp.MustCompile(`\{\s*(?:"([^"]+)"\s*,\s*(\d+)|(\d+)\s*,\s*"([^"]+)")\s*,?\s*\}`)
	cRegister = regexp.MustCompile(`^BPF_REG_(\d+)$`)
)

// maxArrays bounds the time to read a file, which is searched again for each array.
const maxArrays = 1000

// looksLikeC reports whether a text has arrays of instructions.
func looksLikeC(text []byte) bool { return cArray.Match(text) }

// readC reads C source with an array of struct sock_filter, or with arrays of struct bpf_insn, each of which is a program.
// Of what stands beside these it reads what convert -to c and -to c-nginx write: the slots that refer to maps, program
// types and licences.
func readC(d *document) (*input, error) {
	text := cComment.ReplaceAllFunc(d.data, blanked)
	arrays := cArray.FindAllSubmatchIndex(text, maxArrays+1)
	if len(arrays) > maxArrays {
		return nil, d.named(fmt.Errorf("more than %d arrays", maxArrays))
	}
	var programs []*asm.Program
	for _, a := range arrays {
		name, begin := string(text[a[4]:a[5]]), a[1]
		length := bytes.IndexByte(text[begin:], ';')
		if length < 0 {
			return nil, d.at(begin, fmt.Errorf("the array %s does not end", name))
		}
		body := text[begin : begin+length]
		body = body[:max(0, bytes.LastIndexByte(body, '}'))]
		if string(text[a[2]:a[3]]) == "sock_filter" {
			if len(arrays) > 1 {
				return nil, d.named(errors.New("several arrays; a classic program has to be alone"))
			}
			p, err := classic.ParseCArray(d.name, d.data)
			if err != nil {
				return nil, d.named(err)
			}
			return &input{classic: p, classicName: strings.TrimSuffix(name, "_filter")}, nil
		}
		p, err := d.cProgram(name, text, begin, body)
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	if programs == nil {
		return nil, d.named(errors.New("no array of struct bpf_insn or struct sock_filter"))
	}
	return d.object(reloc.NewObject(programs...))
}

// blanked returns blanks in place of everything but line ends.
func blanked(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, b)
}

// at adds file and line to an error about what stands at offset.
func (d *document) at(offset int, err error) error {
	return fmt.Errorf("%s:%d: %w", d.name, 1+bytes.Count(d.data[:min(offset, len(d.data))], []byte("\n")), err)
}

// cProgram makes a program of the rows of an array, body, which begins at an offset of the text.
func (d *document) cProgram(array string, text []byte, begin int, body []byte) (*asm.Program, error) {
	var b []byte
	for _, row := range cRow.FindAllSubmatchIndex(body, -1) {
		slot, err := cSlot(string(body[row[2]:row[3]]))
		if err != nil {
			return nil, d.at(begin+row[0], err)
		}
		b = append(b, slot...)
	}
	name := strings.TrimPrefix(strings.TrimSuffix(array, "_insns"), "bpf_insn_prog_")
	p, err := reloc.ParseRaw(name, asm.UnspecProgram, b, binary.LittleEndian)
	if err != nil {
		return nil, d.at(begin, err)
	}
	spec := p.Spec()
	if err := cReferences(&spec, p, text, name); err != nil {
		return nil, d.at(begin, err)
	}
	cProperties(&spec, text, name)
	if p, err = asm.NewProgram(spec); err != nil {
		return nil, d.at(begin, err)
	}
	return p, nil
}

// cSlot returns the bytes of { code, dst, src, off, imm }.
func cSlot(row string) ([]byte, error) {
	fields := strings.Split(strings.TrimSuffix(strings.TrimSpace(cCast.ReplaceAllString(row, "")), ","), ",")
	if len(fields) != 5 {
		return nil, fmt.Errorf("{%s} has %d members; want code, dst, src, off and imm", row, len(fields))
	}
	limits := [5][2]int64{{0, 255}, {0, 15}, {0, 15}, {-1 << 15, 1<<15 - 1}, {-1 << 31, 1<<32 - 1}}
	var v [5]int64
	for i, f := range fields {
		f = cRegister.ReplaceAllString(strings.TrimSpace(f), "$1")
		n, err := strconv.ParseInt(strings.TrimRight(f, "uUlL"), 0, 64)
		if err != nil || n < limits[i][0] || n > limits[i][1] {
			return nil, fmt.Errorf("{%s}: %q is no number from %d to %d", row, f, limits[i][0], limits[i][1])
		}
		v[i] = n
	}
	b := []byte{byte(v[0]), byte(v[1] | v[2]<<4)}
	b = binary.LittleEndian.AppendUint16(b, uint16(v[3]))
	return binary.LittleEndian.AppendUint32(b, uint32(v[4])), nil
}

// cReferences reads the table of the slots that refer to maps, X_relocations or nginx's bpf_reloc_prog_X.
func cReferences(spec *asm.ProgramSpec, p *asm.Program, text []byte, name string) error {
	table := regexp.MustCompile(`(?s)\b(?:` + name + `_relocations|bpf_reloc_prog_` + name + `)` +
		`\s*\[[^\]]*\][^={;]*=\s*\{([^;]*)\}\s*;`)
	m := table.FindSubmatch(text)
	if m == nil {
		return nil
	}
	for _, row := range cSymbol.FindAllSubmatch(m[1], -1) {
		symbol, number := string(row[1])+string(row[4]), string(row[2])+string(row[3])
		slot, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		i, ok := p.Index(slot)
		if !ok || p.Slot(i) != slot {
			return fmt.Errorf("%s refers to slot %d, where no instruction of the program is", symbol, slot)
		}
		kind := asm.RefMap
		if p.At(i).Src == asm.Imm64MapValue {
			kind = asm.RefMapValue
		}
		spec.References = append(spec.References, asm.Reference{Index: i, Kind: kind, Symbol: symbol})
	}
	return nil
}

// cProperties reads the program's type and licence, where they stand as convert and nginx write them.
func cProperties(spec *asm.ProgramSpec, text []byte, name string) {
	macro := `(?m)^#define ` + strings.ToUpper(name)
	if m := regexp.MustCompile(macro + `_PROG_TYPE (\d+)`).FindSubmatch(text); m != nil {
		n, _ := strconv.ParseUint(string(m[1]), 10, 32)
		spec.Type = asm.ProgramType(n)
	}
	if m := regexp.MustCompile(macro + `_EXPECTED_ATTACH_TYPE (\d+)`).FindSubmatch(text); m != nil {
		n, _ := strconv.ParseUint(string(m[1]), 10, 32)
		spec.AttachType = asm.AttachType(n)
	}
	if m := regexp.MustCompile(macro + `_LICENSE "([^"\\]*)"`).FindSubmatch(text); m != nil {
		spec.License = string(m[1])
	}
	variable := regexp.MustCompile(`(?s)\b` + name + `\s*=\s*\{([^;]*)\}\s*;`).FindSubmatch(text)
	if variable == nil {
		return
	}
	if m := regexp.MustCompile(`\.license\s*=\s*"([^"\\]*)"`).FindSubmatch(variable[1]); m != nil {
		spec.License = string(m[1])
	}
	if m := regexp.MustCompile(`\.type\s*=\s*BPF_PROG_TYPE_(\w+)`).FindSubmatch(variable[1]); m != nil {
		if t, ok := asm.ProgramTypeByName(strings.ToLower(string(m[1]))); ok {
			spec.Type = t
		}
	}
}
