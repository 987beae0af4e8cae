package elf_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

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
		{Name: "g", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Key: asm.NewStruct("", asm.Member{Size: asm.W, Signed: true}),
			Value: asm.NewStruct("", asm.Member{Size: asm.DW, Signed: true})},
		{Name: "h", Type: asm.MapHash, KeySize: 3, ValueSize: 48, MaxEntries: 1, Key: asm.NewStruct("", asm.Member{Size: asm.B, Count: 3}),
			Value: asm.NewStruct("state", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "timer", Struct: asm.Timer()},
				asm.Member{Name: "inner", Count: 2, Struct: asm.NewStruct("inner", asm.Member{Name: "a", Size: asm.H, Signed: true},
					asm.Member{Name: "b", Size: asm.B}, asm.Member{Name: "c", Size: asm.W, Count: 2})})},
		{Name: "i", Type: asm.MapSockHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Key: asm.NewStruct("", asm.Member{Size: asm.W})},
		{Name: "j", Type: asm.MapArray, KeySize: 4, ValueSize: 2, MaxEntries: 1, Value: asm.NewStruct("", asm.Member{Size: asm.H, Signed: true})},
		{Name: "k", Type: asm.MapHash, KeySize: 4, ValueSize: 12, MaxEntries: 1, Key: number("key", asm.W)},
		{Name: "l", Type: asm.MapSkStorage, KeySize: 4, ValueSize: 12, Flags: asm.MapNoPrealloc},
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

// What clang wrote is read, written and read again: with the same maps and, linked, the same instructions.
func TestAppendReadOfClang(t *testing.T) {
	files, err := filepath.Glob("testdata/clang/*.o")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			object, err := elf.Read(file, data)
			if err != nil {
				t.Fatal(err)
			}
			var order binary.ByteOrder = binary.LittleEndian
			if data[5] == 2 {
				order = binary.BigEndian
			}
			written, err := elf.Append(nil, object, &elf.Options{Order: order})
			if strings.HasPrefix(filepath.Base(file), "reuseport.") { // declares its map and does not define it, as nginx does
				if err == nil || !strings.Contains(err.Error(), "map quic_sockmap is not described") {
					t.Errorf("got %v, want that quic_sockmap is not described", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := elf.Read(file, written)
			if err != nil {
				t.Fatal(err)
			}
			want, got := described(object), described(again)
			for name, m := range want {
				switch {
				case !strings.HasPrefix(name, "."):
				case m.Value == nil: // a section without types is written as one variable
					m.Value = got[name].Value
					want[name] = m
				default: // static variables of functions are called function.variable
					var members []asm.Member
					for _, v := range m.Value.Members() {
						v.Name = strings.ReplaceAll(v.Name, ".", "_")
						members = append(members, v)
					}
					m.Value = asm.NewStruct(name, members...)
					want[name] = m
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("maps (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(link(t, object, order), link(t, again, order)); diff != "" {
				t.Errorf("linked programs (-want +got):\n%s", diff)
			}
		})
	}
}

// described lists maps by name. An object has no name for the map in a map.
func described(o *reloc.Object) map[string]asm.MapSpec {
	specs := make(map[string]asm.MapSpec)
	for _, m := range o.Maps() {
		if m.Inner != nil {
			inner := *m.Inner
			inner.Name = ""
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

// The object has a text for every line. Those that are the instruction itself come back as no comment.
func TestAppendReadComments(t *testing.T) {
	programs, err := asm.ParseText("count.s", []byte(`.program count xdp
	r1 = counts ll
	if r1 == 0 goto out # never
	if r1 == 1 goto out
	r0 = 0; r0 += 1
	call bpf_ktime_get_ns
out:
	r0 = XDP_PASS # r0 = 2
	exit
.map counts array key=4 value=8 entries=1
`))
	if err != nil {
		t.Fatal(err)
	}
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := elf.Read("count.o", write(t, o, binary.LittleEndian))
	if err != nil {
		t.Fatal(err)
	}
	got := again.Programs()[0].Spec()
	if diff := cmp.Diff([]asm.Comment{{Index: 1, Text: "never"}}, got.Comments); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	var lines []int
	for _, at := range got.Positions {
		lines = append(lines, at.Line)
	}
	if diff := cmp.Diff([]int{2, 3, 4, 5, 5, 6, 8, 9}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
