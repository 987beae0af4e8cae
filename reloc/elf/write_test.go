package elf_test

import (
	"bytes"
	debugelf "debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
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

// What Read makes of an object links to the same functions as the object itself, and maps are described alike.
func TestAppendRead(t *testing.T) {
	for _, o := range objects(t) {
		for _, order := range orders {
			t.Run(o.name+" "+order.name, func(t *testing.T) {
				again, err := elf.Read(o.name+".o", write(t, o.object, order.order))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(described(o.object), described(again)); diff != "" {
					t.Errorf("maps (-want +got):\n%s", diff)
				}
				want, got := link(t, o.object, order.order), link(t, again, order.order)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("linked programs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// All that .maps and data sections can say of a map comes back.
func TestAppendReadMaps(t *testing.T) {
	number := func(name string, size asm.Size) *asm.Struct {
		return asm.NewStruct(name, asm.Member{Name: "n", Size: size})
	}
	for _, m := range []asm.MapSpec{
		{Name: "a", Type: asm.MapHash, KeySize: 8, ValueSize: 24, MaxEntries: 1 << 31, Flags: asm.MapNoPrealloc, PinByName: true,
			Key:   asm.NewStruct("pair", asm.Member{Name: "left", Size: asm.W}, asm.Member{Name: "right", Size: asm.H, Count: 2}),
			Value: asm.NewStruct("gap", asm.Member{Name: "b", Size: asm.B}, asm.Member{Size: asm.B, Count: 7}, asm.Member{Name: "d", Size: asm.DW, Count: 2})},
		{Name: "b", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 3, Flags: asm.MapNUMANode | asm.MapMmapable, NUMANode: 2},
		{Name: "c", Type: asm.MapBloomFilter, ValueSize: 16, MaxEntries: 5, Extra: 0xffffffff},
		{Name: "d", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 7, Inner: &asm.MapSpec{Name: "d.inner", Type: asm.MapHash,
			KeySize: 2, ValueSize: 1, MaxEntries: 9, Flags: asm.MapNoPrealloc}},
		{Name: "e", Type: asm.MapSkStorage, KeySize: 4, ValueSize: 8, Flags: asm.MapNoPrealloc | asm.MapClone, Value: number("state", asm.DW)},
		{Name: "f", Type: asm.MapRingBuf, MaxEntries: 1 << 30},
	} {
		for _, order := range orders {
			t.Run(m.Name+" "+order.name, func(t *testing.T) {
				again, err := elf.Read("map.o", write(t, object(t, withMap(t, m)), order.order))
				if err != nil {
					t.Fatal(err)
				}
				maps := again.Maps()
				if len(maps) != 1 {
					t.Fatalf("%d maps", len(maps))
				}
				got := maps[0]
				if m.Key == nil { // may have become a number
					got.Key = nil
				}
				if m.Inner != nil {
					got.Inner.Name = m.Inner.Name
				}
				if !got.Equal(m) {
					t.Errorf("got %+v, key %v, value %v\nwant %+v, key %v, value %v", got, got.Key, got.Value, m, m.Key, m.Value)
				}
			})
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

// described lists maps by what a file says of them all: not the layouts, which are given where the kernel takes them.
func described(o *reloc.Object) map[string]asm.MapSpec {
	specs := make(map[string]asm.MapSpec)
	for _, m := range o.Maps() {
		m.Key, m.Value = nil, nil
		if m.Inner != nil {
			inner := *m.Inner
			inner.Name, inner.Key, inner.Value = "", nil, nil
			m.Inner = &inner
		}
		specs[m.Name] = m
	}
	return specs
}

// link returns what linked programs are by their names, with a descriptor for every map.
func link(t *testing.T, o *reloc.Object, order binary.ByteOrder) map[string]string {
	t.Helper()
	symbols := make(reloc.Symbols)
	for _, p := range o.Programs() {
		for _, r := range p.References() {
			if r.Kind == asm.RefMap || r.Kind == asm.RefMapValue {
				symbols[r.Symbol] = reloc.MapFD(100 + len(r.Symbol)) // the same in both objects
			}
		}
	}
	linked, err := o.Link(symbols)
	if err != nil {
		t.Fatal(err)
	}
	programs := make(map[string]string)
	for _, p := range linked {
		attach := p.AttachType()
		if attach == 0 {
			attach = impliedAttachType(p.Type())
		}
		head := fmt.Sprintf("%v %v %v %#x %s\n", p.Type(), attach, p.AttachTo(), uint32(p.Flags()), p.License())
		programs[p.Name()] = head + inCallOrder(t, p, order)
	}
	return programs
}

// impliedAttachType is what libbpf loads programs for when they do not say: the only place there is for them, or the one
// that the kernel takes for none too.
func impliedAttachType(t asm.ProgramType) asm.AttachType {
	switch t {
	case asm.XDP:
		return asm.AttachXDP
	case asm.SkMsg:
		return asm.AttachSkMsgVerdict
	case asm.SockOps:
		return asm.AttachCgroupSockOps
	case asm.SkReuseport:
		return asm.AttachSkReuseportSelect
	case asm.FlowDissector:
		return asm.AttachFlowDissector
	}
	return 0
}

// inCallOrder returns the bytes of a program's functions in the order in which they are first called, depth first, which
// is that of a program whose functions come from .text. The distances of calls are the place of the callee in this order.
func inCallOrder(t *testing.T, p *asm.Program, order binary.ByteOrder) string {
	t.Helper()
	functions := p.Functions()
	var placed []int
	texts := make([]string, len(functions))
	var place func(f int)
	place = func(f int) {
		placed = append(placed, f)
		end := p.Len()
		if f+1 < len(functions) {
			end = functions[f+1].Index
		}
		var b []byte
		for i := functions[f].Index; i < end; i++ {
			ins := p.At(i)
			if callee, _, ok := p.Callee(i); ok {
				if !slices.Contains(placed, callee) {
					place(callee)
				}
				ins.Imm = int64(slices.Index(placed, callee))
			}
			var err error
			if b, err = ins.AppendTo(b, order); err != nil {
				t.Fatal(err)
			}
		}
		texts[f] = fmt.Sprintf("% x\n", b)
	}
	place(0)
	var all strings.Builder
	for _, f := range placed {
		all.WriteString(texts[f])
	}
	return all.String()
}
