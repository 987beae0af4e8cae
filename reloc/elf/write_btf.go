package elf

import (
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// The header of .BTF.ext (struct btf_ext_header of libbpf): magic, version, flags and length of the header, then offset
// and length of the records of functions, of lines and of CO-RE relocations, from the end of the header.
const (
	extMagic      = 0xeb9f
	extVersion    = 1
	extHeaderSize = 32
)

// describe writes .BTF and .BTF.ext.
func (w *writer) describe() {
	// libbpf refuses a program with lines that calls a function without: all functions have lines, or none has.
	lines := slices.ContainsFunc(w.object.Programs(), func(p *asm.Program) bool { return p.Position(0).Line != 0 })
	var parts []*part
	records := make(map[*part]*btf.Records)
	main, sub := w.types.Main(), w.types.Subprogram()
	texts := make(map[*asm.Program][]string)
	for _, f := range w.functions {
		p := f.program
		r := records[f.part]
		if r == nil {
			r = btf.Bytes(w.types)
			records[f.part] = r
			parts = append(parts, f.part)
		}
		proto, linkage := sub, btf.Static
		if f.main() {
			proto, linkage = main, btf.Global
		}
		r.Begin(f.slot, w.types.Func(btf.Identifier(f.name), proto, linkage))
		if !lines {
			continue
		}
		if texts[p] == nil {
			texts[p] = p.Lines()
		}
		for i := f.first; i < f.end; i++ {
			r.Line(f.slot+p.Slot(i)-p.Slot(f.first), p.Position(i), texts[p][i])
		}
	}
	ext := w.extension(parts, records)
	types, err := w.types.Encode()
	if err != nil {
		w.errs = append(w.errs, err)
		return
	}
	w.file.add(&part{name: ".BTF", kind: progBits, align: 4, data: types})
	w.file.add(&part{name: ".BTF.ext", kind: progBits, align: 4, data: ext})
}

// extension returns .BTF.ext.
func (w *writer) extension(parts []*part, records map[*part]*btf.Records) []byte {
	order := w.file.order
	var functions, lines []byte
	functions = order.AppendUint32(functions, btf.FuncInfoSize)
	lines = order.AppendUint32(lines, btf.LineInfoSize)
	for _, p := range parts {
		r := records[p]
		functions = w.section(functions, p, r.Functions, btf.FuncInfoSize)
		if len(r.Lines) > 0 {
			lines = w.section(lines, p, r.Lines, btf.LineInfoSize)
		}
	}
	if len(lines) == 4 { // no section
		lines = nil
	}
	b := order.AppendUint16(nil, extMagic)
	b = append(b, extVersion, 0)
	for _, v := range [...]int{extHeaderSize, 0, len(functions), len(functions), len(lines), len(functions) + len(lines), 0} {
		b = order.AppendUint32(b, uint32(v))
	}
	return slices.Concat(b, functions, lines)
}

// section appends the records of a section: its name, their number, they themselves.
func (w *writer) section(b []byte, p *part, records []byte, size int) []byte {
	b = w.file.order.AppendUint32(b, w.types.Text(p.name))
	b = w.file.order.AppendUint32(b, uint32(len(records)/size))
	return append(b, records...)
}
