package elf

// The numbers of the ELF format that the writer needs (elf.h, and the BPF ABI's relocations in
// Documentation/bpf/llvm_reloc.rst).
const (
	headerSize        = 64
	sectionHeaderSize = 64
	symbolSize        = 24
	relocationSize    = 16

	typeRelocatable = 1   // ET_REL
	machineBPF      = 247 // EM_BPF

	progBits  = 1  // SHT_PROGBITS
	symTab    = 2  // SHT_SYMTAB
	strTab    = 3  // SHT_STRTAB
	noBits    = 8  // SHT_NOBITS
	relTab    = 9  // SHT_REL
	flagWrite = 1  // SHF_WRITE
	flagAlloc = 2  // SHF_ALLOC
	flagExec  = 4  // SHF_EXECINSTR
	flagInfo  = 64 // SHF_INFO_LINK

	// maxParts is how many sections a file has without an extension: SHN_LORESERVE, without the null section and the tables.
	maxParts = 0xff00 - 3

	bindLocal   = 0 // STB_LOCAL
	bindGlobal  = 1 // STB_GLOBAL
	kindObject  = 1 // STT_OBJECT
	kindFunc    = 2 // STT_FUNC
	kindSection = 3 // STT_SECTION

	relocate64   = 1  // R_BPF_64_64: the 64 bits of a 64-bit immediate load
	relocateCall = 10 // R_BPF_64_32: the immediate of a call
)

// file is a relocatable ELF64 file that is being made.
type file struct {
	order   appendOrder
	parts   []*part
	symbols []*symbol
}

// part is a section.
type part struct {
	name        string
	kind        uint32
	flags       uint64
	align       int
	data        []byte
	size        int // of one without data
	relocations []relocation

	index                 int // of its header, from 1
	symbol                *symbol
	link, info, entrySize int
}

// relocation says that bytes in a part depend on where a symbol is.
type relocation struct {
	offset int
	kind   uint32
	symbol *symbol
}

// symbol names a place in a part.
type symbol struct {
	name        string
	bind, kind  uint8
	part        *part
	value, size int

	index int
}

// bytes returns how many bytes the part has when it is loaded.
func (p *part) bytes() int {
	if p.kind == noBits {
		return p.size
	}
	return len(p.data)
}

// full reports whether the file has more sections than the format can number, once those with relocations have theirs.
func (f *file) full() bool { return 2*len(f.parts) > maxParts }

// add appends a part.
func (f *file) add(p *part) *part {
	f.parts = append(f.parts, p)
	p.index = len(f.parts)
	return p
}

// define adds a symbol.
func (f *file) define(s *symbol) *symbol {
	f.symbols = append(f.symbols, s)
	return s
}

// section returns the symbol of a part as a whole.
func (f *file) section(p *part) *symbol {
	if p.symbol == nil {
		p.symbol = f.define(&symbol{kind: kindSection, part: p})
	}
	return p.symbol
}

// stringTable is names that NUL ends, each there once.
type stringTable struct {
	data    []byte
	offsets map[string]int
}

func (t *stringTable) add(s string) int {
	if s == "" {
		return 0
	}
	if off, ok := t.offsets[s]; ok {
		return off
	}
	off := len(t.data)
	t.offsets[s] = off
	t.data = append(append(t.data, s...), 0)
	return off
}

// append appends the file: its header, the parts, their headers.
func (f *file) append(b []byte) []byte {
	names := &stringTable{data: []byte{0}, offsets: make(map[string]int)}
	f.tables(names)
	nameOffsets := make([]int, len(f.parts))
	for i, p := range f.parts {
		nameOffsets[i] = names.add(p.name)
	}
	f.parts[len(f.parts)-1].data = names.data

	begin := len(b)
	b = append(b, make([]byte, headerSize)...)
	offsets := make([]int, len(f.parts))
	for i, p := range f.parts {
		b = pad(b, begin, p.align)
		offsets[i] = len(b) - begin
		b = append(b, p.data...)
	}
	b = pad(b, begin, 8)
	f.putHeader(b[begin:begin:begin+headerSize], len(b)-begin)
	b = append(b, make([]byte, sectionHeaderSize)...) // section 0 is none
	for i, p := range f.parts {
		b = f.order.AppendUint32(b, uint32(nameOffsets[i]))
		b = f.order.AppendUint32(b, p.kind)
		for _, v := range [...]uint64{p.flags, 0 /* address */, uint64(offsets[i]), uint64(p.bytes())} {
			b = f.order.AppendUint64(b, v)
		}
		b = f.order.AppendUint32(b, uint32(p.link))
		b = f.order.AppendUint32(b, uint32(p.info))
		b = f.order.AppendUint64(b, uint64(p.align))
		b = f.order.AppendUint64(b, uint64(p.entrySize))
	}
	return b
}

// putHeader writes the file's header into b, which has room for it.
func (f *file) putHeader(b []byte, sections int) {
	data := byte(1) // ELFDATA2LSB
	if f.order.Uint16([]byte{0, 1}) == 1 {
		data = 2 // ELFDATA2MSB
	}
	b = append(b, 0x7f, 'E', 'L', 'F', 2 /* 64 bits */, data, 1 /* version */)
	b = append(b, make([]byte, 16-len(b))...)
	b = f.order.AppendUint16(b, typeRelocatable)
	b = f.order.AppendUint16(b, machineBPF)
	b = f.order.AppendUint32(b, 1) // version
	b = f.order.AppendUint64(b, 0) // entry
	b = f.order.AppendUint64(b, 0) // program headers
	b = f.order.AppendUint64(b, uint64(sections))
	b = f.order.AppendUint32(b, 0) // flags
	for _, v := range [...]int{headerSize, 0, 0, sectionHeaderSize, 1 + len(f.parts), len(f.parts)} {
		b = f.order.AppendUint16(b, uint16(v))
	}
}

// tables adds what every file has: relocations, symbols and, last, names.
func (f *file) tables(names *stringTable) {
	sorted := make([]*symbol, 0, len(f.symbols)) // local ones first
	for bind := range uint8(bindGlobal + 1) {
		for _, s := range f.symbols {
			if s.bind == bind {
				sorted = append(sorted, s)
				s.index = len(sorted)
			}
		}
	}
	symbols := &part{name: ".symtab", kind: symTab, align: 8, entrySize: symbolSize, info: 1}
	symbols.data = make([]byte, symbolSize) // symbol 0 is none
	for _, s := range sorted {
		if s.bind == bindLocal {
			symbols.info++
		}
		symbols.data = f.order.AppendUint32(symbols.data, uint32(names.add(s.name)))
		symbols.data = append(symbols.data, s.bind<<4|s.kind, 0)
		symbols.data = f.order.AppendUint16(symbols.data, uint16(s.part.index))
		symbols.data = f.order.AppendUint64(symbols.data, uint64(s.value))
		symbols.data = f.order.AppendUint64(symbols.data, uint64(s.size))
	}
	var tables []*part
	for _, p := range f.parts {
		if len(p.relocations) == 0 {
			continue
		}
		t := &part{name: ".rel" + p.name, kind: relTab, flags: flagInfo, align: 8, info: p.index, entrySize: relocationSize}
		for _, r := range p.relocations {
			t.data = f.order.AppendUint64(t.data, uint64(r.offset))
			t.data = f.order.AppendUint64(t.data, uint64(r.symbol.index)<<32|uint64(r.kind))
		}
		tables = append(tables, t)
	}
	for _, t := range tables {
		f.add(t)
	}
	f.add(symbols)
	for _, t := range tables {
		t.link = symbols.index
	}
	symbols.link = f.add(&part{name: ".strtab", kind: strTab, align: 1}).index
}

// pad appends zeros up to a multiple of align from begin.
func pad(b []byte, begin, align int) []byte {
	for (len(b)-begin)%align != 0 {
		b = append(b, 0)
	}
	return b
}
