package elf_test

import (
	"bytes"
	debugelf "debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

var orders = []struct {
	name  string
	order binary.ByteOrder
}{{"little", binary.LittleEndian}, {"big", binary.BigEndian}}

func write(t testing.TB, o *reloc.Object, order binary.ByteOrder) []byte {
	t.Helper()
	b, err := elf.Append(nil, o, &elf.Options{Order: order})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The standard library's reader sees these sections, symbols and relocations, whatever the byte order.
func TestAppendStructure(t *testing.T) {
	var listings []string
	for _, o := range orders {
		f, err := debugelf.NewFile(bytes.NewReader(write(t, everything(t), o.order)))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != debugelf.EM_BPF || f.Type != debugelf.ET_REL || f.ByteOrder != o.order {
			t.Errorf("%s: a %v for %v in %v", o.name, f.Type, f.Machine, f.ByteOrder)
		}
		listings = append(listings, listing(t, f))
	}
	if diff := cmp.Diff(listings[0], listings[1]); diff != "" {
		t.Errorf("the byte orders differ (-little +big):\n%s", diff)
	}
	golden.CheckText(t, listings[0], "testdata/everything.golden")
}

// The relocations of Documentation/bpf/llvm_reloc.rst; package debug/elf has no names for them.
var relocationNames = map[uint32]string{1: "R_BPF_64_64", 10: "R_BPF_64_32"}

// listing is what a file has beside instructions.
func listing(t *testing.T, f *debugelf.File) string {
	t.Helper()
	var b strings.Builder
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range f.Sections[1:] {
		fmt.Fprintf(&b, "section %d %s %v %v align %d\n", i+1, s.Name, s.Type, s.Flags, s.Addralign)
	}
	b.WriteByte('\n')
	for _, s := range symbols {
		name := s.Name
		if debugelf.ST_TYPE(s.Info) == debugelf.STT_SECTION {
			name = f.Sections[s.Section].Name
		}
		fmt.Fprintf(&b, "symbol %v %v %s at %d of %s, %d bytes\n", debugelf.ST_BIND(s.Info), debugelf.ST_TYPE(s.Info), name,
			s.Value, f.Sections[s.Section].Name, s.Size)
	}
	b.WriteByte('\n')
	for _, s := range f.Sections {
		if s.Type != debugelf.SHT_REL {
			continue
		}
		data, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		code, err := f.Sections[s.Info].Data()
		if err != nil {
			t.Fatal(err)
		}
		for ; len(data) > 0; data = data[16:] {
			at, info := f.ByteOrder.Uint64(data), f.ByteOrder.Uint64(data[8:])
			symbol := symbols[info>>32-1]
			name := symbol.Name
			if debugelf.ST_TYPE(symbol.Info) == debugelf.STT_SECTION {
				name = f.Sections[symbol.Section].Name
			}
			fmt.Fprintf(&b, "%s slot %d: %v %s, immediate %d\n", s.Name, at/8, relocationNames[uint32(info)], name, int32(f.ByteOrder.Uint32(code[at+4:])))
		}
	}
	b.WriteByte('\n')
	listTypes(t, &b, f)
	return b.String()
}

// listTypes writes the variables of sections and the functions, each with its type.
func listTypes(t *testing.T, b *strings.Builder, f *debugelf.File) {
	t.Helper()
	data, err := f.Section(".BTF").Data()
	if err != nil {
		t.Fatal(err)
	}
	types, err := btf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for id := range types.Len() {
		typ, err := types.Type(btf.TypeID(id + 1))
		if err != nil {
			t.Fatal(err)
		}
		switch typ.Kind {
		case btf.Func:
			fmt.Fprintf(b, "function %s %s\n", typ.Name, c(t, types, typ.Ref))
		case btf.DataSec:
			fmt.Fprintf(b, "section %s of %d bytes\n", typ.Name, typ.Size)
			for _, v := range typ.Members {
				variable, err := types.Type(v.Type)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(b, "\t%d %s %s\n", v.Offset/8, variable.Name, c(t, types, variable.Ref))
			}
		}
	}
}

// c describes a type in a few words.
func c(t *testing.T, types *btf.Spec, id btf.TypeID) string {
	t.Helper()
	typ, err := types.Type(id)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, m := range typ.Members {
		parts = append(parts, strings.TrimSpace(m.Name+" "+c(t, types, m.Type)))
	}
	switch typ.Kind {
	case btf.Pointer:
		return "*" + c(t, types, typ.Ref)
	case btf.Array:
		return fmt.Sprintf("[%d]%s", typ.Len, c(t, types, typ.Ref))
	case btf.FuncProto:
		return "(" + strings.Join(parts, ", ") + ") " + c(t, types, typ.Ref)
	case btf.Struct:
		return fmt.Sprintf("struct %s %d {%s}", typ.Name, typ.Size, strings.Join(parts, "; "))
	}
	return strings.TrimSpace(typ.Kind.String() + " " + typ.Name)
}

// The same object gives the same bytes, behind whatever was there.
func TestAppendAppends(t *testing.T) {
	for _, o := range objects(t) {
		alone := write(t, o.object, binary.LittleEndian)
		behind, err := elf.Append([]byte("abc"), o.object, &elf.Options{Order: binary.LittleEndian})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(behind, append([]byte("abc"), alone...)) {
			t.Errorf("%s: other bytes the second time", o.name)
		}
		native, err := elf.Append(nil, o.object, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(native, write(t, o.object, binary.NativeEndian)) {
			t.Errorf("%s: the default is not the order of this machine", o.name)
		}
	}
}

// A program without licence makes an object without.
func TestAppendNoLicense(t *testing.T) {
	spec := build(t, "free", asm.XDP, func(b *asm.Builder) { b.Exit() }).Spec()
	spec.License = asm.NoLicense
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	f, err := debugelf.NewFile(bytes.NewReader(write(t, object(t, p), binary.LittleEndian)))
	if err != nil {
		t.Fatal(err)
	}
	if s := f.Section("license"); s != nil {
		t.Errorf("there is a section %s", s.Name)
	}
}
