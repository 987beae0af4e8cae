package elf_test

import (
	"bytes"
	debugelf "debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/reloc/elf"
)

// TestReadRefusesByName: the objects are those of testdata/clang/refused.
func TestReadRefusesByName(t *testing.T) {
	tests := []struct {
		source      string
		unsupported bool
		want        string
	}{
		{"core", true, "not supported: CO-RE offset of struct task_struct.pid, " +
			"CO-RE existence of struct task_struct.family[1].real_parent, CO-RE value of enum state.STOPPED, CO-RE size of struct task_struct"},
		{"kernel", true, "not supported: kfunc bpf_rcu_read_lock, ksym runqueues, kconfig CONFIG_HZ, weak symbol maybe"},
		{"function", true, "not supported: function elsewhere of the kernel (kfunc) or of another object"},
		{"struct_ops", true, "not supported: struct_ops map lazy"},
		{"only_ops", true, "not supported: struct_ops map alone"},
		{"contents", true, "not supported: one in map outer from the beginning, target in map jumps from the beginning"},
		{"pointers", true, "not supported: addresses in section .data"},
		{"alias", true, "section tc: function other: begins at 0x0 in function one; not supported: two functions that share instructions (alias)"},
		{"values", true, "section .maps: map holders: value: struct value: member object: not supported: a pointer to an object of the kernel (kptr) in a value"},
		{"common", false, "section tc: function use: offset 0x0: r1 = 0 ll: tentative is in no section: give it a value, or compile with -fno-common"},
		{"iproute", false, "section maps: map counts: byte 24 of the definition is 0x02: the meaning of what is behind map_flags is not known"},
		{"field", false, "section .maps: map counts: max_entires: unknown member of a definition"},
		{"size", false, "section .maps: map counts: key_size: 4 bytes, but also 8"},
	}
	known := make(map[string]bool)
	for _, tt := range tests {
		known[tt.source] = true
		t.Run(tt.source, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/clang/refused", tt.source+".o"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = elf.Read(tt.source+".o", data)
			if want := "read " + tt.source + ".o: " + tt.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if errors.Is(err, errors.ErrUnsupported) != tt.unsupported {
				t.Errorf("errors.Is(err, errors.ErrUnsupported) is not %v", tt.unsupported)
			}
		})
	}
	for _, source := range sources(t, "testdata/clang/refused") {
		if !known[source] {
			t.Errorf("nothing is said of %s", source)
		}
	}
}

// TestReadManyUnsupported: a message about an object that was made for something else can still be read.
func TestReadManyUnsupported(t *testing.T) {
	b := newBroken(t, "xdp.el.o")
	ext := b.section(".BTF.ext")
	lines := binary.LittleEndian.Uint32(b.data[ext+20:]) // their length; CO-RE relocations behind have the same form
	b.put32(ext+24, binary.LittleEndian.Uint32(b.data[ext+16:]))
	b.put32(ext+28, lines)
	_, err := elf.Read("many.o", b.data)
	if err == nil || !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), " more") || strings.Count(err.Error(), ",") != 19 {
		t.Errorf("got %v", err)
	}
}

// broken is an object of which bytes are changed.
type broken struct {
	t    *testing.T
	data []byte
	file *debugelf.File
}

func newBroken(t *testing.T, name string) *broken {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/clang", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := debugelf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return &broken{t, data, f}
}

// section returns where the bytes of a section are.
func (b *broken) section(name string) int {
	b.t.Helper()
	s := b.file.Section(name)
	if s == nil {
		b.t.Fatalf("no section %s", name)
	}
	return int(s.Offset)
}

// header returns where the header of a section is: its fields are name 0, type 4, flags 8, offset 24, size 32,
// link 40, info 44.
func (b *broken) header(name string) int {
	b.t.Helper()
	for i, s := range b.file.Sections {
		if s.Name == name {
			return int(binary.LittleEndian.Uint64(b.data[40:])) + 64*i
		}
	}
	b.t.Fatalf("no section %s", name)
	return 0
}

// symbol returns where a symbol is: its fields are name 0, info 4, section 6, value 8, size 16.
func (b *broken) symbol(name string) int {
	b.t.Helper()
	symbols, err := b.file.Symbols()
	if err != nil {
		b.t.Fatal(err)
	}
	for i, s := range symbols {
		if s.Name == name {
			return b.section(".symtab") + 24*(i+1)
		}
	}
	b.t.Fatalf("no symbol %s", name)
	return 0
}

func (b *broken) put8(at int, v byte)    { b.data[at] = v }
func (b *broken) put16(at int, v uint16) { binary.LittleEndian.PutUint16(b.data[at:], v) }
func (b *broken) put32(at int, v uint32) { binary.LittleEndian.PutUint32(b.data[at:], v) }
func (b *broken) put64(at int, v uint64) { binary.LittleEndian.PutUint64(b.data[at:], v) }

func TestReadRefusesWhatIsBroken(t *testing.T) {
	tests := []struct {
		name   string
		object string
		change func(b *broken)
		want   string
	}{
		{"empty", "socket.el.o", func(b *broken) { b.data = nil }, "not an ELF file"},
		{"text", "socket.el.o", func(b *broken) { b.data = []byte(strings.Repeat("#!/bin/sh\n", 10)) }, "not an ELF file"},
		{"32 bits", "socket.el.o", func(b *broken) { b.put8(4, 1) }, "ELF class 1: a BPF object has 64 bits"},
		{"byte order", "socket.el.o", func(b *broken) { b.put8(5, 3) }, "ELF byte order 3 is unknown"},
		{"executable", "socket.el.o", func(b *broken) { b.put16(16, 2) }, "ELF type 2: not a relocatable object"},
		{"another machine", "socket.el.o", func(b *broken) { b.put16(18, 62) }, "ELF machine 62: not BPF"},
		{"headers", "socket.el.o", func(b *broken) { b.put16(58, 40) }, "section headers of 40 bytes"},
		{"no sections", "socket.el.o", func(b *broken) { b.put16(60, 0) }, "the names of sections are in section 1 of 0"},
		{"many sections", "socket.el.o", func(b *broken) { b.put16(60, 0xffff) }, "table of 65535 sections: 4194240 bytes at"},
		{"section beyond", "socket.el.o", func(b *broken) { b.put64(b.header("socket")+24, 1<<63) }, "section 3: 96 bytes at 9223372036854775808 are beyond the end"},
		{"section too long", "socket.el.o", func(b *broken) { b.put64(b.header("socket")+32, 1<<63) }, "section 3: 9223372036854775808 bytes at"},
		{"sections overlap", "socket.el.o", func(b *broken) {
			for _, name := range []string{".BTF", ".BTF.ext"} {
				b.put64(b.header(name)+24, 0)
				b.put64(b.header(name)+32, uint64(len(b.data)))
			}
		}, "they overlap"},
		{"name of a section", "socket.el.o", func(b *broken) { b.put32(b.header("socket"), 1<<20) }, "name of section 3: offset 1048576 in a table of"},
		{"symbols", "socket.el.o", func(b *broken) { b.put64(b.header(".symtab")+32, 25) }, "section .symtab: 25 bytes of symbols"},
		{"two tables of symbols", "socket.el.o", func(b *broken) { b.put32(b.header(".text")+4, 2) }, "section 12, .symtab: a second table of symbols"},
		{"name of a symbol", "socket.el.o", func(b *broken) { b.put32(b.symbol("lengths"), 1<<20) }, "section .maps: name of a symbol: offset 1048576"},
		{"relocations", "socket.el.o", func(b *broken) { b.put64(b.header(".relsocket")+32, 15) }, "section .relsocket: 15 bytes of relocations for section socket"},
		{"symbol of a relocation", "socket.el.o", func(b *broken) { b.put32(b.section(".relsocket")+12, 99) }, "section .relsocket: relocation 0 is for symbol 99 of"},
		{"place of a relocation", "socket.el.o", func(b *broken) { b.put64(b.section(".relsocket"), 0x28) },
			"section socket: function count_by_length: offset 0x28: a relocation inside an instruction"},
		{"kind of a relocation", "socket.el.o", func(b *broken) { b.put32(b.section(".relsocket")+8, 3) },
			"offset 0x20: r1 = 0 ll: relocation of type 3: want 1 on a 64-bit immediate load or 10 on a call of a function"},
		{"relocation of another instruction", "socket.el.o", func(b *broken) { b.put64(b.section(".relsocket"), 0) },
			"offset 0x0: r1 = *(u32 *)(r1 + 0): relocation of type 1"},
		{"relocations with addends", "socket.el.o", func(b *broken) { b.put32(b.header(".relsocket")+4, 4) },
			"section socket: relocations with addends (SHT_RELA); those of BPF have none"},
		{"relocation by a symbol of no section", "socket.el.o", func(b *broken) { b.put16(b.symbol("lengths")+6, 999) }, "lengths is in section 0x3e7 of"},
		{"reference to the licence", "socket.el.o", func(b *broken) {
			b.put32(b.section(".relsocket")+12, uint32(b.symbol("_license")-b.section(".symtab"))/24)
		},
			"_license is in section license, which has neither maps nor data nor instructions"},
		{"behind a map", "socket.el.o", func(b *broken) { b.put32(b.section("socket")+0x20+4, 8) },
			"lengths: no map is defined at offset 0x8 of section .maps"},
		{"behind an extern map", "reuseport.el.o", func(b *broken) {
			b.put32(b.section("quic_reuseport_helper")+int(binary.LittleEndian.Uint64(b.data[b.section(".relquic_reuseport_helper"):]))+4, 8)
		}, "quic_sockmap is not in this object, and 8 bytes behind a map is nothing"},
		{"outside data", "constant.el.o", func(b *broken) { b.put32(b.section("socket")+0x18+4, 33) }, ".rodata.cst32: offset 33 is outside section .rodata.cst32 of 32 bytes"},
		{"in front of data", "constant.el.o", func(b *broken) { b.put32(b.section("socket")+0x18+4, 1<<32-8) }, "offset -8 is outside section .rodata.cst32"},
		{"function beyond its section", "socket.el.o", func(b *broken) { b.put64(b.symbol("count_by_length")+16, 128) },
			"section socket: function count_by_length: 128 bytes at 0x0 are beyond the section's 96"},
		{"function of half an instruction", "socket.el.o", func(b *broken) { b.put64(b.symbol("count_by_length")+16, 4) },
			"function count_by_length: 4 bytes at 0x0 are no instructions of 8 bytes"},
		{"function too short", "socket.el.o", func(b *broken) { b.put64(b.symbol("count_by_length")+16, 0x30) },
			"section socket: offset 0x30: instructions up to the end at 0x60 are in no function"},
		{"function too late", "socket.el.o", func(b *broken) {
			b.put64(b.symbol("count_by_length")+8, 8)
			b.put64(b.symbol("count_by_length")+16, 0x58)
		}, "section socket: offset 0x0: instructions up to function count_by_length at 0x8 are in no function"},
		{"function ends in an instruction", "xdp.el.o", func(b *broken) { b.put8(b.section(".text")+0x10, 0x18) }, "section .text: function parse_ip: offset 0x10: "},
		{"no function", "socket.el.o", func(b *broken) { b.put8(b.symbol("count_by_length")+4, 0x10) },
			"section socket: offset 0x0: instructions up to the end at 0x60 are in no function (symbol of type STT_FUNC)"},
		{"no instructions", "socket.el.o", func(b *broken) { b.put64(b.header("socket")+8, 2) }, "no functions: no section with instructions has a symbol of a function"},
		{"unknown instruction", "socket.el.o", func(b *broken) { b.put8(b.section("socket"), 0xff) }, "section socket: function count_by_length: offset 0x0: unknown opcode 0xff"},
		{"jump out", "socket.el.o", func(b *broken) { b.put16(b.section("socket")+0x38+2, 100) }, "section socket: program count_by_length: instruction "},
		{"call of the middle of a function", "xdp.el.o", func(b *broken) {
			b.put32(b.section("xdp")+int(binary.LittleEndian.Uint64(b.data[b.section(".relxdp"):]))+4, 2)
		}, "no function begins at offset 0x18 of section .text"},
		{"two functions of a name", "xdp.el.o", func(b *broken) {
			copy(b.data[b.symbol("pass_all"):], b.data[b.symbol("firewall"):][:4])
		}, "make object: duplicate definition: program firewall"},
		{"types", "socket.el.o", func(b *broken) { b.put16(b.section(".BTF"), 0) }, "section .BTF: btf: no magic number"},
		{"no types", "socket.el.o", func(b *broken) { b.put64(b.header(".BTF")+32, 0) }, "section .maps: map lengths: no section .BTF: compile with -g"},
		{"types of another object", "socket.el.o", func(b *broken) { rename(b, "lengths", "l") }, "section .maps: map engths: section .BTF has no variable of that name in .maps"},
		{"bytes of a typed map", "socket.el.o", func(b *broken) { b.put8(b.section(".maps")+3, 1) },
			"section .maps: map lengths: byte 3 of the definition is 0x01: its types say everything"},
		{"header of lines", "socket.el.o", func(b *broken) { b.put8(b.section(".BTF.ext")+2, 9) }, "section .BTF.ext: "},
		{"lines", "socket.el.o", func(b *broken) { b.put32(b.section(".BTF.ext")+20, 1<<31) }, "section .BTF.ext: lines: 2147483648 bytes at"},
		{"number of lines", "socket.el.o", func(b *broken) {
			b.put32(b.section(".BTF.ext")+int(binary.LittleEndian.Uint32(b.data[b.section(".BTF.ext")+4:])+binary.LittleEndian.Uint32(b.data[b.section(".BTF.ext")+16:]))+8, 1<<31)
		}, "section .BTF.ext: lines: section socket: 2147483648 records of 16 bytes"},
		{"map without a type", "socket.plain.o", func(b *broken) { b.put32(b.section("maps"), 0) }, "section maps: map lengths: no type"},
		{"short definition", "socket.plain.o", func(b *broken) { b.put64(b.header("maps")+32, 16) }, "section maps: map lengths: a definition of 16 bytes, want at least 20"},
		{"map outside", "socket.plain.o", func(b *broken) { b.put64(b.symbol("lengths")+8, 40) }, `section maps: symbol "lengths" at 0x28 of 0x14`},
		{"maps in one place", "trace.plain.o", func(b *broken) { b.put64(b.symbol("samples")+8, 0) }, " are in the same place"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBroken(t, tt.object)
			tt.change(b)
			_, err := elf.Read("broken.o", b.data)
			if err == nil || !strings.HasPrefix(err.Error(), "read broken.o: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant read broken.o: ... %s", err, tt.want)
			}
		})
	}
}

// rename takes the first letter of a symbol's name away.
func rename(b *broken, name, prefix string) {
	at := b.symbol(name)
	b.put32(at, binary.LittleEndian.Uint32(b.data[at:])+uint32(len(prefix)))
}

// TestReadMapOfZeros: a definition that says nothing is a name, as nginx's was; whoever links has the map.
func TestReadMapOfZeros(t *testing.T) {
	b := newBroken(t, "socket.plain.o")
	copy(b.data[b.section("maps"):], make([]byte, 20))
	o, err := elf.Read("zeros.o", b.data)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Maps()) != 0 {
		t.Errorf("it describes %v", o.Maps())
	}
	if refs := o.Programs()[0].References(); len(refs) != 1 || refs[0].Symbol != "lengths" {
		t.Errorf("it refers to %v, want lengths", refs)
	}
}
