package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

// document is an input before it is known what it means.
type document struct {
	name  string
	data  []byte
	order binary.ByteOrder
	kind  asm.ProgramType // of programs that do not say theirs
}

// inputFormat is a way to write programs that the tool reads.
type inputFormat struct {
	name string
	read func(d *document) (*input, error)
}

var inputFormatTable = [...]inputFormat{
	{"sock_filter", readSockFilter},
	{"decimal", readDecimal},
	{"raw", readRaw},
	{"classic-raw", readClassicRaw},
	{"hex", readHex},
	{"classic-hex", readClassicHex},
}

// inputFormats returns the names of the formats.
func inputFormats() []string {
	var names []string
	for _, f := range inputFormatTable {
		names = append(names, f.name)
	}
	return names
}

// read reads the document in the format of that name, or the one that it turns out to have.
func (d *document) read(format string) (*input, error) {
	candidates := []string{format}
	if format == "" {
		candidates = d.candidates()
	}
	var read []*input
	var errs []error
	for _, name := range candidates {
		for _, f := range inputFormatTable {
			if f.name != name {
				continue
			}
			in, err := f.read(d)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: as %s: %w", d.name, name, err))
				continue
			}
			in.name, in.format = d.name, name
			read = append(read, in)
		}
	}
	switch {
	case len(read) == 1:
		return read[0], nil
	case len(read) > 1:
		return nil, misuse("%s may be %s: say which by -from", d.name, alternatives(candidates))
	}
	return nil, errors.Join(errs...)
}

// candidates returns the formats that the document may have.
func (d *document) candidates() []string {
	text := bytes.TrimSpace(d.data)
	switch {
	case isBinary(d.data):
		return []string{"raw", "classic-raw"}
	case len(bytes.Trim(text, "0123456789 \t\r\n,")) == 0:
		return []string{"decimal"}
	case isHex(text):
		return []string{"hex", "classic-hex"}
	}
	return []string{"sock_filter"}
}

func isBinary(data []byte) bool {
	return bytes.ContainsFunc(data, func(r rune) bool {
		return r == unicode.ReplacementChar || r < ' ' && !unicode.IsSpace(r)
	})
}

func isHex(text []byte) bool {
	return len(text) > 0 && len(bytes.Trim(text, "0123456789abcdefABCDEF \t\r\n")) == 0
}

func readSockFilter(d *document) (*input, error) {
	p, err := classic.ParseCArray(string(d.data))
	return &input{classic: p}, err
}

func readDecimal(d *document) (*input, error) {
	p, err := classic.ParseDecimal(string(d.data))
	return &input{classic: p}, err
}

func readRaw(d *document) (*input, error) {
	insns, err := asm.Decode(d.data, d.order)
	if err != nil {
		return nil, err
	}
	p, err := asm.NewProgram(asm.ProgramSpec{Name: baseName(d.name), Type: d.kind, Instructions: insns})
	if err != nil {
		return nil, err
	}
	o, err := reloc.NewObject(p)
	return &input{object: o}, err
}

func readClassicRaw(d *document) (*input, error) {
	if len(d.data)%slotSize != 0 {
		return nil, fmt.Errorf("%d bytes are not a multiple of %d", len(d.data), slotSize)
	}
	var raw []bpf.RawInstruction
	for b := d.data; len(b) > 0; b = b[slotSize:] {
		raw = append(raw, bpf.RawInstruction{Op: d.order.Uint16(b), Jt: b[2], Jf: b[3], K: d.order.Uint32(b[4:])})
	}
	p, err := classic.Decode(raw)
	return &input{classic: p}, err
}

func readHex(d *document) (*input, error) { return d.unhex(readRaw) }

func readClassicHex(d *document) (*input, error) { return d.unhex(readClassicRaw) }

// unhex reads the bytes that the document has in hexadecimal.
func (d document) unhex(read func(d *document) (*input, error)) (*input, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(d.data)), ""))
	if err != nil {
		return nil, err
	}
	d.data = b
	return read(&d)
}
