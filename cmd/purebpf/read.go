package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
	"github.com/purebpf/purebpf/reloc/json"
)

// document is an input before it is known what it means.
type document struct {
	name  string
	data  []byte
	order binary.ByteOrder // of bytes, nil if they say it themselves
	kind  asm.ProgramType  // of programs that do not say theirs
}

// read reads the document in the format of that name; without one, in the format that it turns out to have.
func (d *document) read(format string) (*input, error) {
	if len(bytes.TrimSpace(d.data)) == 0 {
		return nil, fmt.Errorf("%s: is empty", d.name)
	}
	candidates := []string{format}
	if format == "" {
		candidates = d.candidates()
	}
	var found []*input
	var errs []error
	for _, name := range candidates {
		in, err := findFormat(name).read(d)
		if err == nil {
			in.name, in.format = d.name, name
			err = in.setType(d.kind)
		}
		switch {
		case err != nil:
			errs = append(errs, err)
		case name == extensionFormat(d.name):
			return in, nil
		default:
			found = append(found, in)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var names []string
		for _, in := range found {
			names = append(names, in.format)
		}
		return nil, misuse("%s may be read as %s: say which by -from", d.name, alternatives(names))
	}
	// What is wrong with a text is what is wrong with it in the likelier language. Bytes and numbers have no likelier one.
	if len(candidates) == 1 || slices.Contains(textFormats[:], candidates[0]) {
		return nil, errs[0]
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("as %s: %w", candidates[i], err)
	}
	return nil, errors.Join(errs...)
}

// setType gives a type to programs that do not say theirs, but for functions that others call.
func (in *input) setType(t asm.ProgramType) error {
	switch {
	case t == asm.UnspecProgram:
		return nil
	case in.object == nil:
		return fmt.Errorf("%s is a classic program, which has no type", in.name)
	}
	programs, calls := in.object.Programs(), called(in.object)
	changed := false
	for i, p := range programs {
		if isFunction(p) && !calls[p.Name()] {
			typed, err := withType(p, t)
			if err != nil {
				return err
			}
			programs[i], changed = typed, true
		}
	}
	if !changed {
		return fmt.Errorf("%s: the programs say their types; -type %v is for those that do not", in.name, t)
	}
	o, err := reloc.NewObject(programs...)
	in.object = o
	return err
}

// candidates returns the formats that the document may have.
func (d *document) candidates() []string {
	text := bytes.TrimSpace(d.data)
	switch {
	case bytes.HasPrefix(d.data, []byte("\x7fELF")):
		return []string{"elf"}
	case isBinary(d.data):
		return []string{"raw", "classic-raw"}
	case len(text) > 1 && text[0] == '{' && slices.Contains([]byte(`"}`), bytes.TrimSpace(text[1:])[0]):
		return []string{"json"}
	case len(text) > 0 && text[0] == '{', bytes.HasPrefix(text, []byte("BPF_STMT")), bytes.HasPrefix(text, []byte("BPF_JUMP")):
		return []string{"sock_filter"}
	case looksLikeC(text):
		return []string{"c"}
	case consistsOf(text, "0123456789,"):
		return []string{"decimal", "hex", "classic-hex"}
	case consistsOf(text, "0123456789abcdefABCDEF"):
		return []string{"hex", "classic-hex"}
	case looksClassic(text):
		return []string{"bpf_asm", "source"}
	}
	return []string{"source", "bpf_asm"}
}

func isBinary(data []byte) bool {
	return bytes.ContainsFunc(data, func(r rune) bool {
		return r == unicode.ReplacementChar || r < ' ' && !unicode.IsSpace(r)
	})
}

func consistsOf(text []byte, letters string) bool {
	return len(text) > 0 && !bytes.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !strings.ContainsRune(letters, r)
	})
}

// looksClassic reports whether a text is more likely one of bpf_asm or tcpdump, so that errors speak of that.
func looksClassic(text []byte) bool {
	classic, extended := 0, 0
	for line := range bytes.Lines(text[:min(len(text), 1<<16)]) {
		// Leave out labels and the numbers of tcpdump -d.
		if label, rest, ok := bytes.Cut(line, []byte(":")); ok && !bytes.ContainsAny(label, " \t;#/") {
			line = rest
		}
		line = bytes.TrimSpace(line)
		if number, rest, ok := bytes.Cut(line, []byte(")")); ok && bytes.HasPrefix(number, []byte("(")) {
			line = bytes.TrimSpace(rest)
		}
		word, _, _ := bytes.Cut(line, []byte(" "))
		word, _, _ = bytes.Cut(word, []byte("\t"))
		switch {
		case len(word) == 0:
		case slices.Contains(strings.Fields(classicWords), string(word)):
			classic++
		default:
			extended++
		}
	}
	return classic > extended
}

// classicWords are the instructions of bpf_asm.
const classicWords = "ld ldi ldh ldb ldx ldxi ldxb st stx jmp ja jeq jneq jne jlt jle jgt jge jset " +
	"add sub mul div mod neg and or xor lsh rsh tax txa ret"

func readSockFilter(d *document) (*input, error) {
	return d.classic(classic.ParseCArray(d.name, d.data))
}

func readDecimal(d *document) (*input, error) {
	return d.classic(classic.ParseDecimal(d.name, d.data))
}

func (d *document) classic(p *classic.Program, err error) (*input, error) {
	if err != nil {
		return nil, d.named(err)
	}
	return &input{classic: p}, nil
}

func (d *document) object(o *reloc.Object, err error) (*input, error) {
	if err != nil {
		return nil, d.named(err)
	}
	return &input{object: o}, nil
}

func readText(d *document) (*input, error) {
	programs, err := asm.ParseText(d.name, d.data)
	if err != nil {
		return nil, d.named(err)
	}
	return d.object(reloc.NewObject(programs...))
}

func readClassicText(d *document) (*input, error) {
	return d.classic(classic.ParseText(d.name, d.data))
}

func readJSON(d *document) (*input, error) {
	o, err := json.Read(d.name, d.data)
	if errors.Is(err, json.ErrClassic) {
		p, name, err := json.ReadClassic(d.name, d.data)
		if err != nil {
			return nil, err
		}
		return &input{classic: p, classicName: name}, nil
	}
	if err != nil {
		return nil, err // names the file
	}
	return &input{object: o}, nil
}

func readELF(d *document) (*input, error) {
	o, err := elf.Read(d.name, d.data)
	if err != nil {
		return nil, err // names the file
	}
	return &input{object: o}, nil
}

func readRaw(d *document) (*input, error) {
	p, err := reloc.ParseRaw(baseName(d.name), asm.UnspecProgram, d.data, d.order)
	if err != nil {
		return nil, d.named(err)
	}
	return d.object(reloc.NewObject(p))
}

// readClassicRaw reads the bytes of struct sock_filter. Without a byte order that of this machine is tried first.
func readClassicRaw(d *document) (*input, error) {
	if len(d.data)%slotSize != 0 {
		return nil, d.named(fmt.Errorf("%d bytes are not a multiple of %d", len(d.data), slotSize))
	}
	orders := []binary.ByteOrder{d.order}
	if d.order == nil {
		orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}
		if byteOrder("") == binary.BigEndian {
			slices.Reverse(orders)
		}
	}
	var first error
	for _, order := range orders {
		p, err := classic.Decode(classicInstructions(d.data, order))
		if err == nil {
			return &input{classic: p}, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, d.named(first)
}

func classicInstructions(b []byte, order binary.ByteOrder) []bpf.RawInstruction {
	raw := make([]bpf.RawInstruction, 0, len(b)/slotSize)
	for ; len(b) > 0; b = b[slotSize:] {
		raw = append(raw, bpf.RawInstruction{Op: order.Uint16(b), Jt: b[2], Jf: b[3], K: order.Uint32(b[4:])})
	}
	return raw
}

func readHex(d *document) (*input, error) { return d.unhex(readRaw) }

func readClassicHex(d *document) (*input, error) { return d.unhex(readClassicRaw) }

// unhex reads the bytes that the document has in hexadecimal, with blanks anywhere.
func (d document) unhex(read func(d *document) (*input, error)) (*input, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(d.data)), ""))
	if err != nil {
		return nil, d.named(err)
	}
	d.data = b
	return read(&d)
}
