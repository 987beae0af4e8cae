//go:build linux

package maps

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

// typeBlob writes types by hand, also those that Encoder does not: what libbpf and the kernel make of C.
type typeBlob struct {
	types, strings []byte
	next           btf.TypeID
}

func newTypeBlob() *typeBlob { return &typeBlob{strings: []byte{0}, next: 1} }

func (b *typeBlob) name(s string) uint32 {
	if s == "" {
		return 0
	}
	at := uint32(len(b.strings))
	b.strings = append(append(b.strings, s...), 0)
	return at
}

// add writes a type: its name, kind, number of members, the flag, its size or reference, and what follows.
func (b *typeBlob) add(name string, kind btf.Kind, vlen int, flag bool, arg uint32, words ...uint32) btf.TypeID {
	info := uint32(kind)<<24 | uint32(vlen)
	if flag {
		info |= 1 << 31
	}
	for _, w := range append([]uint32{b.name(name), info, arg}, words...) {
		b.types = binary.NativeEndian.AppendUint32(b.types, w)
	}
	b.next++
	return b.next - 1
}

func (b *typeBlob) bytes() []byte {
	out := binary.NativeEndian.AppendUint16(nil, 0xeb9f)
	out = append(out, 1, 0)
	for _, w := range []int{24, 0, len(b.types), len(b.types), len(b.strings)} {
		out = binary.NativeEndian.AppendUint32(out, uint32(w))
	}
	return append(append(out, b.types...), b.strings...)
}

func TestPrintTypes(t *testing.T) {
	b := newTypeBlob()
	const signed = 1 << 24
	u8 := b.add("u8", btf.Int, 0, false, 1, 8)
	s8 := b.add("s8", btf.Int, 0, false, 1, signed|8)
	u32 := b.add("u32", btf.Int, 0, false, 4, 32)
	s64 := b.add("s64", btf.Int, 0, false, 8, signed|64)
	u128 := b.add("u128", btf.Int, 0, false, 16, 128)
	double := b.add("double", btf.Float, 0, false, 8)
	pointer := b.add("", btf.Pointer, 0, false, 0)
	alias := b.add("counter_t", btf.Typedef, 0, false, uint32(s64))
	color := b.add("color", btf.Enum, 2, false, 4, b.name("RED"), 0, b.name("GREEN"), 0xffffffff)
	array := b.add("", btf.Array, 0, false, 0, uint32(u32), uint32(u32), 2)
	text := b.add("", btf.Array, 0, false, 0, uint32(u8), uint32(u32), 3)
	point := b.add("point", btf.Struct, 2, false, 2, b.name("x"), uint32(s8), 0, b.name("y"), uint32(s8), 8)
	points := b.add("", btf.Array, 0, false, 0, uint32(point), uint32(u32), 2)
	anonymous := b.add("", btf.Union, 2, false, 4, b.name("word"), uint32(u32), 0, b.name("bytes"), uint32(text), 0)
	outer := b.add("outer", btf.Struct, 3, false, 8, b.name("id"), uint32(u8), 0, 0, uint32(anonymous), 32, b.name("quoted\"\x01"), uint32(u8), 8)
	bits := b.add("bits", btf.Struct, 3, true, 4, b.name("low"), uint32(u32), 3<<24, b.name("mid"), uint32(s8), 5<<24|3, b.name("high"), uint32(u32), 24<<24|8)
	variable := b.add("hits", btf.Var, 0, false, uint32(u32), 1)
	section := b.add(".bss", btf.DataSec, 1, false, 8, uint32(variable), 4, 4)
	loop := b.next
	b.add("loop", btf.Typedef, 0, false, uint32(loop))
	types, err := btf.Parse(b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	bitFields := []byte{0b10101_011, 1, 2, 0} // mid is -11
	if !little {
		bitFields = []byte{0b011_10101, 0, 2, 1}
	}
	w := func(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }
	d := func(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }
	cat := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, test := range []struct {
		name       string
		id         btf.TypeID
		raw        []byte
		text, json string
	}{
		{"signed byte", s8, []byte{0xff}, "-1", "-1"},
		{"typedef of a signed number", alias, d(1 << 63), "-9223372036854775808", "-9223372036854775808"},
		{"number of 16 bytes", u128, make([]byte, 16), "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", `"00000000000000000000000000000000"`},
		{"float", double, d(math.Float64bits(1.5)), "1.5", "1.5"},
		{"not a number", double, d(math.Float64bits(math.NaN())), "NaN", `"NaN"`},
		{"pointer", pointer, d(4096), "4096", "4096"},
		{"constant", color, w(0xffffffff), "GREEN", `"GREEN"`},
		{"no constant", color, w(7), "7", "7"},
		{"array", array, cat(w(1), w(2)), "[1, 2]", "[1,2]"},
		{"bytes", text, []byte{1, 2, 3}, "01 02 03", "[1,2,3]"},
		{"structs", points, []byte{1, 2, 3, 0xfc}, "[{x: 1, y: 2}, {x: 3, y: -4}]", `[{"x":1,"y":2},{"x":3,"y":-4}]`},
		{"members of an anonymous union", outer, cat([]byte{9, 5, 0, 0}, []byte{0, 0, 0, 0}),
			"{id: 9, word: 0, bytes: 00 00 00, quoted\"\x01: 5}", `{"id":9,"word":0,"bytes":[0,0,0],"quoted\"\u0001":5}`},
		{"bit fields", bits, bitFields, "{low: 3, mid: -11, high: 513}", `{"low":3,"mid":-11,"high":513}`},
		{"section", section, cat(w(0), w(6)), "{hits: 6}", `{"hits":6}`},
		{"too few bytes", u32, []byte{1}, "01", `"01"`},
		{"type that refers to itself", loop, []byte{1}, "01", `"01"`},
		{"no such type", 1000, []byte{1}, "01", `"01"`},
	} {
		for _, n := range []struct {
			notation Notation
			want     string
		}{{Text, test.text}, {JSON, test.json}} {
			p := &Printer{notation: n.notation, types: types, spec: asm.MapSpec{Type: asm.MapHash}}
			got := p.appendType(nil, test.id, test.raw)
			if string(got) != n.want {
				t.Errorf("%s: %s, want %s", test.name, got, n.want)
			}
			if n.notation == JSON && !json.Valid(got) {
				t.Errorf("%s: %s is no JSON", test.name, got)
			}
		}
	}
}

// Unions of two unions of two unions, 30 deep, have more members than anybody can print.
func TestPrintTypesBounded(t *testing.T) {
	for _, name := range []string{"", "m"} {
		b := newTypeBlob()
		inner := b.add("u8", btf.Int, 0, false, 1, 8)
		for range 30 {
			inner = b.add("u", btf.Union, 2, false, 1, b.name(name), uint32(inner), 0, b.name(name), uint32(inner), 0)
		}
		types, err := btf.Parse(b.bytes())
		if err != nil {
			t.Fatal(err)
		}
		p := &Printer{notation: JSON, types: types}
		if got := p.appendType(nil, inner, []byte{1}); len(got) > 1<<20 || !json.Valid(got) {
			t.Errorf("%d bytes: %.100s", len(got), got)
		}
	}
}

// FuzzPrintTypes prints bytes by types that anybody may have made: always JSON, and not much more than there is to say.
func FuzzPrintTypes(f *testing.F) {
	b := newTypeBlob()
	u32 := b.add("u32", btf.Int, 0, false, 4, 32)
	array := b.add("", btf.Array, 0, false, 0, uint32(u32), uint32(u32), 2)
	b.add("s", btf.Struct, 2, true, 12, b.name("a"), uint32(array), 0, b.name("b"), uint32(u32), 5<<24|64)
	f.Add(b.bytes(), uint32(3), make([]byte, 12))
	f.Fuzz(func(t *testing.T, blob []byte, id uint32, raw []byte) {
		if len(blob) > 4096 || len(raw) > 4096 {
			return
		}
		types, err := btf.Parse(blob)
		if err != nil {
			return
		}
		for _, n := range []Notation{Text, JSON} {
			p := &Printer{notation: n, types: types}
			got := p.appendType(nil, btf.TypeID(id), raw)
			if n == JSON && !json.Valid(got) {
				t.Errorf("no JSON: %s", got)
			}
			if limit := (16*len(raw) + 2048) * (len(blob) + len(raw) + 64); len(got) > limit {
				t.Error(fmt.Sprint(len(got), " bytes printed of ", len(raw)))
			}
		}
	})
}
