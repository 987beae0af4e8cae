package btf

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Encoder writes types as a BTF blob, which BPF_BTF_LOAD takes and Parse reads:
//
//	e := btf.NewEncoder(binary.NativeEndian)
//	u32 := e.Int("u32", 4, false)
//	flow := e.Struct("flow", 8, btf.Member{Name: "addr", Type: u32}, btf.Member{Name: "port", Type: u32, Offset: 32})
//	blob, err := e.Encode()
//
// A type refers to those before it only. What is wrong comes out of Encode; a method called with something wrong returns 0.
type Encoder struct {
	order   binary.AppendByteOrder
	types   []byte
	sizes   []uint64 // of the types, from 1 on; noSize for those that have none
	kinds   []Kind
	strings []byte
	offsets map[string]uint32
	numbers [2][8 + 1]TypeID     // without and with a sign, by their size in bytes: see Number
	layouts map[string][]laidOut // by their names: see Layout
	number  TypeID               // int
	err     error
}

const (
	noSize = math.MaxUint64
	// maxName is what all kernels take of a name: KSYM_NAME_LEN - 1 before Linux 6.1.
	maxName = 127
	// maxStrings is BTF_MAX_NAME_OFFSET; maxVlen is what the number of members has bits for.
	maxStrings = 0xffffff
	maxVlen    = 0xffff
)

// NewEncoder begins a blob for machines of the given byte order.
func NewEncoder(order binary.AppendByteOrder) *Encoder {
	return &Encoder{order: order, strings: []byte{0}, offsets: map[string]uint32{"": 0}, layouts: make(map[string][]laidOut)}
}

// Int is an integer of 1, 2, 4, 8 or 16 bytes.
func (e *Encoder) Int(name string, size uint32, signed bool) TypeID {
	switch size {
	case 1, 2, 4, 8, 16:
	default:
		return e.fail("int %s: %d bytes", name, size)
	}
	encoding := 8 * size
	if signed {
		encoding |= 1 << 24
	}
	if name == "" {
		return e.fail("int without a name")
	}
	return e.add(Int, name, 0, size, uint64(size), encoding)
}

// Pointer is a pointer, to void for type 0.
func (e *Encoder) Pointer(to TypeID) TypeID {
	if !e.known(to) {
		return e.fail("pointer to type %d, which is not there", to)
	}
	return e.add(Pointer, "", 0, uint32(to), 8)
}

// Array is n elements of a type. index is the type of the numbers that C counts them with.
func (e *Encoder) Array(elem, index TypeID, n uint32) TypeID {
	switch {
	case e.size(elem) == noSize:
		return e.fail("array of type %d, which has no size", elem)
	case !e.known(index) || index == 0 || e.kinds[index-1] != Int:
		return e.fail("array with an index of type %d, which is no int", index)
	case e.size(elem)*uint64(n) > math.MaxUint32:
		return e.fail("array of %d elements of %d bytes", n, e.size(elem))
	}
	return e.add(Array, "", 0, 0, e.size(elem)*uint64(n), uint32(elem), uint32(index), n)
}

// Struct is a structure of size bytes. Its members are in the order of their offsets and do not overlap; none is a bit
// field.
func (e *Encoder) Struct(name string, size uint32, members ...Member) TypeID {
	if len(members) > maxVlen {
		return e.fail("struct %s: %d members", name, len(members))
	}
	words := make([]uint32, 0, 3*len(members))
	end := uint64(0) // of the member before, in bits
	for _, m := range members {
		n := e.size(m.Type)
		switch {
		case n == noSize:
			return e.fail("struct %s: member %s of type %d, which has no size", name, m.Name, m.Type)
		case m.Bits != 0 || m.Offset%8 != 0:
			return e.fail("struct %s: member %s is a bit field", name, m.Name)
		case uint64(m.Offset) < end:
			return e.fail("struct %s: member %s at bit %d begins before the end of the one before it, %d", name, m.Name, m.Offset, end)
		}
		if end = uint64(m.Offset) + 8*n; end > 8*uint64(size) {
			return e.fail("struct %s: member %s ends at bit %d, the struct at %d", name, m.Name, end, 8*uint64(size))
		}
		words = append(words, e.identifier(m.Name), uint32(m.Type), m.Offset)
	}
	return e.add(Struct, name, len(members), size, uint64(size), words...)
}

// FuncProto is what a function takes and returns. Type 0 stands for void.
func (e *Encoder) FuncProto(result TypeID, params ...Member) TypeID {
	if !e.known(result) {
		return e.fail("function with a result of type %d, which is not there", result)
	}
	words := make([]uint32, 0, 2*len(params))
	for _, p := range params {
		if p.Name == "" || p.Type == 0 || !e.known(p.Type) {
			return e.fail("parameter %q of type %d", p.Name, p.Type)
		}
		words = append(words, e.identifier(p.Name), uint32(p.Type))
	}
	return e.add(FuncProto, "", len(params), uint32(result), noSize, words...)
}

// Linkage says from where a function or variable may be used: enum btf_func_linkage and BTF_VAR_* of include/uapi/linux/btf.h.
type Linkage uint8

// The linkages.
const (
	Static Linkage = 0 // only inside its program: the verifier follows the calls of such a function
	Global Linkage = 1 // from elsewhere too: the verifier checks such a function by its type alone
	Extern Linkage = 2 // from elsewhere, where it is defined
)

// Func is a function.
func (e *Encoder) Func(name string, proto TypeID, linkage Linkage) TypeID {
	switch {
	case name == "":
		return e.fail("function without a name")
	case proto == 0 || !e.known(proto) || e.kinds[proto-1] != FuncProto:
		return e.fail("function %s of type %d, which is no func_proto", name, proto)
	}
	return e.add(Func, name, int(linkage), uint32(proto), noSize)
}

// Var is a variable. Only a DataSec refers to it.
func (e *Encoder) Var(name string, t TypeID, linkage Linkage) TypeID {
	switch {
	case name == "":
		return e.fail("variable without a name")
	case e.size(t) == noSize:
		return e.fail("variable %s of type %d, which has no size", name, t)
	}
	return e.add(Var, name, 0, uint32(t), e.size(t), uint32(linkage))
}

// DataSec is a section of size bytes. Members are its variables, in the order of their offsets; they have no names.
func (e *Encoder) DataSec(name string, size uint32, variables ...Member) TypeID {
	if name == "" || len(variables) > maxVlen {
		return e.fail("section %q with %d variables", name, len(variables))
	}
	words := make([]uint32, 0, 3*len(variables))
	end := uint64(0) // of the variable before
	for _, v := range variables {
		if v.Type == 0 || !e.known(v.Type) || e.kinds[v.Type-1] != Var {
			return e.fail("section %s: type %d is no variable", name, v.Type)
		}
		at := uint64(v.Offset / 8)
		if at < end || at+e.size(v.Type) > uint64(size) {
			return e.fail("section %s: a variable of %d bytes at %d, behind %d, of %d", name, e.size(v.Type), at, end, size)
		}
		end = at + e.size(v.Type)
		words = append(words, uint32(v.Type), uint32(at), uint32(e.size(v.Type)))
	}
	return e.add(DataSec, name, len(variables), size, noSize, words...)
}

// Text puts any string into the string section, for the records of lines, and returns its offset. Equal strings are
// there once.
func (e *Encoder) Text(s string) uint32 {
	if off, ok := e.offsets[s]; ok {
		return off
	}
	off := uint32(len(e.strings))
	switch {
	case strings.IndexByte(s, 0) >= 0:
		e.fail("string %q has a NUL", s)
		return 0
	case len(e.strings)+len(s) >= maxStrings:
		e.fail("more than %d bytes of strings", maxStrings)
		return 0
	}
	e.strings = append(append(e.strings, s...), 0)
	e.offsets[s] = off
	return off
}

// Encode returns the blob, or what was wrong first.
func (e *Encoder) Encode() ([]byte, error) {
	if e.err != nil {
		return nil, e.err
	}
	b := make([]byte, 0, headerSize+len(e.types)+len(e.strings))
	b = e.order.AppendUint16(b, magic)
	b = append(b, version, 0)
	for _, v := range [...]int{headerSize, 0, len(e.types), len(e.types), len(e.strings)} {
		b = e.order.AppendUint32(b, uint32(v))
	}
	return append(append(b, e.types...), e.strings...), nil
}

// Identifier makes a name that every kernel takes for a type or member of any string: letters, digits and '_' stay,
// everything else becomes '_'.
func Identifier(s string) string {
	b := []byte(s[:min(len(s), maxName)])
	for i, c := range b {
		if !identifierByte(c, i) {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "_"
	}
	return string(b)
}

func identifierByte(c byte, at int) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || at > 0 && '0' <= c && c <= '9'
}

func (e *Encoder) add(k Kind, name string, vlen int, arg uint32, size uint64, words ...uint32) TypeID {
	off := e.Text(name)
	if k != Int && k != DataSec { // "unsigned int" has a space, ".data" a dot
		off = e.identifier(name)
	}
	if e.err != nil {
		return 0
	}
	for _, v := range [...]uint32{off, uint32(k)<<24 | uint32(vlen), arg} {
		e.types = e.order.AppendUint32(e.types, v)
	}
	for _, v := range words {
		e.types = e.order.AppendUint32(e.types, v)
	}
	e.sizes, e.kinds = append(e.sizes, size), append(e.kinds, k)
	return TypeID(len(e.sizes))
}

// identifier puts a name that the kernel checks into the string section. An empty one is allowed here.
func (e *Encoder) identifier(name string) uint32 {
	if name != "" && Identifier(name) != name {
		e.fail("name %q: want at most %d letters, digits and '_'", name, maxName)
		return 0
	}
	return e.Text(name)
}

func (e *Encoder) known(t TypeID) bool { return int64(t) <= int64(len(e.sizes)) }

func (e *Encoder) size(t TypeID) uint64 {
	if t == 0 || !e.known(t) {
		return noSize
	}
	return e.sizes[t-1]
}

// fail keeps the first error.
func (e *Encoder) fail(format string, args ...any) TypeID {
	if e.err == nil {
		e.err = fmt.Errorf("btf: encode: "+format, args...)
	}
	return 0
}
