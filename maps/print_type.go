//go:build linux

package maps

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/purebpf/purebpf/internal/btf"
)

// maxPrintDepth bounds how deep structures nest, which malformed types can make circular.
const maxPrintDepth = 32

// appendType appends what has the given type. It never fails: what the types do not describe is printed as bytes.
func (p *Printer) appendType(b []byte, id btf.TypeID, raw []byte) []byte {
	t := typePrinter{Printer: p, left: 16*len(raw) + 1024}
	return t.appendNested(b, id, raw, maxPrintDepth)
}

// typePrinter prints one key or value.
type typePrinter struct {
	*Printer
	// left is how many members and elements it may still print. Unions within unions multiply.
	left int
}

func (p *typePrinter) appendNested(b []byte, id btf.TypeID, raw []byte, depth int) []byte {
	size, err := p.types.Sizeof(id)
	p.left--
	if err != nil || size > uint64(len(raw)) || depth == 0 || p.left < 0 {
		return p.appendBytes(b, raw)
	}
	raw = raw[:size]
	t, err := p.types.Resolve(id)
	if err != nil {
		return p.appendBytes(b, raw)
	}
	switch t.Kind {
	case btf.Int:
		return p.appendInt(b, raw, t.Signed)
	case btf.Float:
		return p.appendFloat(b, raw)
	case btf.Pointer:
		return p.appendInt(b, raw, false)
	case btf.Enum, btf.Enum64:
		return p.appendEnum(b, t, raw)
	case btf.Array:
		return p.appendArray(b, t, raw, depth)
	case btf.Struct, btf.Union, btf.DataSec:
		return p.appendStruct(b, t, raw, depth)
	}
	return p.appendBytes(b, raw)
}

func (p *typePrinter) appendInt(b, raw []byte, signed bool) []byte {
	switch len(raw) {
	case 1, 2, 4, 8:
	default:
		return p.appendBytes(b, raw)
	}
	n := number(raw)
	if signed {
		shift := 64 - 8*len(raw)
		return strconv.AppendInt(b, int64(n<<shift)>>shift, 10)
	}
	return strconv.AppendUint(b, n, 10)
}

func (p *typePrinter) appendFloat(b, raw []byte) []byte {
	var f float64
	switch len(raw) {
	case 4:
		f = float64(math.Float32frombits(binary.NativeEndian.Uint32(raw)))
	case 8:
		f = math.Float64frombits(binary.NativeEndian.Uint64(raw))
	default:
		return p.appendBytes(b, raw)
	}
	if p.notation == JSON && (math.IsNaN(f) || math.IsInf(f, 0)) { // no numbers in JSON
		return append(strconv.AppendFloat(append(b, '"'), f, 'g', -1, 64), '"')
	}
	return strconv.AppendFloat(b, f, 'g', -1, 8*len(raw))
}

func (p *typePrinter) appendEnum(b []byte, t btf.Type, raw []byte) []byte {
	switch len(raw) {
	case 1, 2, 4, 8:
	default:
		return p.appendBytes(b, raw)
	}
	shift := 64 - 8*len(raw)
	n := number(raw)
	for _, v := range t.Values {
		if uint64(v.Value)<<shift == n<<shift && v.Name != "" {
			return p.appendName(b, v.Name)
		}
	}
	return p.appendInt(b, raw, t.Signed)
}

// appendArray appends text and bytes in one piece, and of everything else the elements.
func (p *typePrinter) appendArray(b []byte, t btf.Type, raw []byte, depth int) []byte {
	elem, err := p.types.Resolve(t.Ref)
	if err != nil || t.Len == 0 || len(raw)%int(t.Len) != 0 {
		return p.appendBytes(b, raw)
	}
	size := len(raw) / int(t.Len)
	if size == 0 || p.notation == Text && elem.Kind == btf.Int && size == 1 {
		return p.appendBytes(b, raw)
	}
	b = append(b, '[')
	for i := range int(t.Len) {
		b = p.appendNested(p.separate(b, i), t.Ref, raw[i*size:(i+1)*size], depth-1)
	}
	return append(b, ']')
}

func (p *typePrinter) appendStruct(b []byte, t btf.Type, raw []byte, depth int) []byte {
	b = append(b, '{')
	shown := 0
	b = p.appendMembers(b, t, raw, depth, &shown)
	return append(b, '}')
}

// appendMembers appends members; those of anonymous ones are the structure's own, as in C.
func (p *typePrinter) appendMembers(b []byte, t btf.Type, raw []byte, depth int, shown *int) []byte {
	for _, m := range t.Members {
		if p.left--; p.left < 0 {
			return b
		}
		name := m.Name
		inner, err := p.types.Resolve(m.Type)
		if err != nil {
			continue
		}
		if t.Kind == btf.DataSec { // the members are variables, which have the names
			if v, err := p.types.Type(m.Type); err == nil {
				name = v.Name
			}
		}
		at := int(m.Offset / 8)
		if at > len(raw) {
			continue
		}
		if name == "" {
			if (inner.Kind == btf.Struct || inner.Kind == btf.Union) && depth > 1 {
				b = p.appendMembers(b, inner, raw[at:], depth-1, shown)
			}
			continue
		}
		b = p.separate(b, *shown)
		*shown++
		if p.notation == JSON {
			b = append(p.appendName(b, name), ':')
		} else {
			b = append(append(b, name...), ": "...)
		}
		if m.Bits != 0 {
			b = p.appendBits(b, raw, m, inner.Signed)
			continue
		}
		b = p.appendNested(b, m.Type, raw[at:], depth-1)
	}
	return b
}

// appendBits appends a bit field. Its offset counts from the low end of the first byte, on big-endian machines from the
// high end.
func (p *typePrinter) appendBits(b, raw []byte, m btf.Member, signed bool) []byte {
	bits := min(int(m.Bits), 64)
	big := binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	var n uint64
	for i := range bits {
		at := int(m.Offset) + i
		if at/8 >= len(raw) {
			break
		}
		if big {
			n = n<<1 | uint64(raw[at/8]>>(7-at%8)&1)
		} else {
			n |= uint64(raw[at/8]>>(at%8)&1) << i
		}
	}
	if signed {
		return strconv.AppendInt(b, int64(n<<(64-bits))>>(64-bits), 10)
	}
	return strconv.AppendUint(b, n, 10)
}

// appendName appends a word of the types, which come from whoever made the map.
func (p *Printer) appendName(b []byte, name string) []byte {
	if p.notation == Text {
		return append(b, name...)
	}
	b = append(b, '"')
	for _, r := range name {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
