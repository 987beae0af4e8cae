package asm

import (
	"fmt"
	"strings"
)

// Global is data that lives in a map, one for each of the three sections that C compilers know: it outlives the run of
// the program, is shared by all CPUs and can be read and written from user space. Loads and stores of its parts need no
// lookup. Linux 5.2.
type Global struct {
	b       *Builder
	section string
	name    string
	offset  int
	size    int
}

// The sections of global data, which are also the names of their maps.
const (
	SectionRodata = ".rodata" // constants, frozen: the verifier knows their values
	SectionData   = ".data"   // variables with an initial value
	SectionBSS    = ".bss"    // variables that begin as zeros
)

// maxGlobal is the size of a section in bytes that an instruction can address, and less than what the kernel allocates.
const maxGlobal = 1 << 29

// Rodata makes a constant of the given bytes.
func (b *Builder) Rodata(name string, contents []byte) *Global {
	return b.global(SectionRodata, name, string(contents), len(contents))
}

// Data makes a variable that begins with the given bytes.
func (b *Builder) Data(name string, contents []byte) *Global {
	return b.global(SectionData, name, string(contents), len(contents))
}

// BSS makes a variable of size bytes that begins as zeros.
func (b *Builder) BSS(name string, size int) *Global {
	return b.global(SectionBSS, name, "", size)
}

// global appends a variable to a section, aligned to 8 bytes.
func (b *Builder) global(section, name, contents string, size int) *Global {
	g := &Global{b: b, section: section, name: name, size: size}
	if size < 1 || size > maxGlobal {
		b.fail(b.here(), "global "+name, fmt.Errorf("%w: %d bytes; a global has from 1 to %d", ErrOperand, size, maxGlobal))
		g.size = 1
		return g
	}
	at := -1
	for i := range b.spec.Maps {
		if b.spec.Maps[i].Name == section {
			at = i
		}
	}
	if at < 0 {
		at = len(b.spec.Maps)
		spec := MapSpec{Name: section, Type: MapArray, KeySize: 4, MaxEntries: 1, Value: NewStruct(section)}
		if section == SectionRodata {
			spec.Flags = MapReadOnlyProg
		}
		b.spec.Maps = append(b.spec.Maps, spec)
	}
	m := &b.spec.Maps[at]
	g.offset = (int(m.ValueSize) + 7) / 8 * 8
	if g.offset > maxGlobal-size {
		b.fail(b.here(), "global "+name, fmt.Errorf("%w: %s would have more than %d bytes; use a map", ErrOperand, section, maxGlobal))
		return g
	}
	m.ValueSize = uint32((g.offset + size + 7) / 8 * 8)
	m.Value = m.Value.with(variable(name, size)...)
	if section != SectionBSS {
		contents = m.Contents + string(make([]byte, g.offset-len(m.Contents))) + contents
		m.Contents = contents + string(make([]byte, int(m.ValueSize)-len(contents)))
	}
	return g
}

// variable lays out a variable for tools that print it: a number when it has the size of one, else bytes; then what pads
// it to 8 bytes.
func variable(name string, size int) []Member {
	v := Member{Name: name, Size: sizeOf(size)}
	if v.Size.Bytes() != size {
		v.Size, v.Count = B, size
	}
	if pad := -size & 7; pad > 0 {
		return []Member{v, {Size: B, Count: pad}}
	}
	return []Member{v}
}

// Section returns the name of the map that holds it.
func (g *Global) Section() string { return g.section }

// Offset returns where it begins in the map's value, in bytes.
func (g *Global) Offset() int { return g.offset }

// Size returns its size in bytes.
func (g *Global) Size() int { return g.size }

// node loads the address of byte off.
func (g *Global) node(dst Register, off int, from origin) node {
	return node{
		ins:  Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64MapValue, Imm: int64(g.offset+off) << 32},
		kind: RefMapValue, symbol: g.section, from: from,
	}
}

// Printk writes to the kernel's trace pipe (bpf_trace_printk): format has up to three verbs such as %d, %u, %x, %lld,
// %llx, %s and %p. Every call is expensive; it is for debugging.
func (b *Builder) Printk(format string, args ...Operand) {
	from := b.here()
	if len(args) > 3 {
		b.fail(from, "printk", fmt.Errorf("%w: %d values; the kernel prints up to 3, so call it twice", ErrOperand, len(args)))
		return
	}
	if n := strings.Count(format, "%") - 2*strings.Count(format, "%%"); n != len(args) {
		b.fail(from, "printk", fmt.Errorf("%w: %d values for the %d verbs of %q", ErrOperand, len(args), n, format))
		return
	}
	for _, r := range format {
		if r >= 0x7f || r < ' ' && (r < '\t' || r > '\r') {
			b.fail(from, "printk", fmt.Errorf("%w: %q has %q, and the kernel prints ASCII only", ErrOperand, format, r))
			return
		}
	}
	text := b.Rodata("format", []byte(format+"\x00"))
	b.helper(FnTracePrintk, append([]any{text, text.size}, args...), from)
}
