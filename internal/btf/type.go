package btf

import (
	"fmt"
	"strconv"
)

// Kind says what a type is: BTF_KIND_* of include/uapi/linux/btf.h.
type Kind uint8

// The kinds of types.
const (
	Void      Kind = 0 // BTF_KIND_UNKN, the type with id 0
	Int       Kind = 1
	Pointer   Kind = 2
	Array     Kind = 3
	Struct    Kind = 4
	Union     Kind = 5
	Enum      Kind = 6
	Forward   Kind = 7
	Typedef   Kind = 8
	Volatile  Kind = 9
	Const     Kind = 10
	Restrict  Kind = 11
	Func      Kind = 12
	FuncProto Kind = 13
	Var       Kind = 14
	DataSec   Kind = 15
	Float     Kind = 16
	DeclTag   Kind = 17
	TypeTag   Kind = 18
	Enum64    Kind = 19
)

var kindNames = [...]string{"void", "int", "pointer", "array", "struct", "union", "enum", "forward", "typedef", "volatile",
	"const", "restrict", "func", "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64"}

// String returns the kind in C's words where C has one.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// extra returns the number of bytes that follow the common part of a type.
func (k Kind) extra(vlen int) (n int, known bool) {
	switch k {
	case Int, Var, DeclTag:
		return 4, true
	case Array:
		return 12, true
	case Struct, Union, DataSec, Enum64:
		return 12 * vlen, true
	case Enum, FuncProto:
		return 8 * vlen, true
	case Pointer, Forward, Typedef, Volatile, Const, Restrict, Func, Float, TypeTag:
		return 0, true
	}
	return 0, false
}

// TypeID numbers the types of one Spec. 0 is void.
type TypeID uint32

// Type is one decoded type. Which fields are set depends on Kind.
type Type struct {
	ID   TypeID
	Name string
	Kind Kind
	// Size is in bytes, for Int, Float, Struct, Union, Enum, Enum64 and DataSec.
	Size uint32
	// Ref is what the type refers to: the target of a Pointer, Typedef, qualifier or tag, the element of an Array, the
	// FuncProto of a Func, the result of a FuncProto, the type of a Var.
	Ref TypeID
	// Len is the number of elements of an Array.
	Len uint32
	// Signed is set for signed Ints and Enums.
	Signed bool
	// Members are the members of a Struct or Union, the parameters of a FuncProto (a last one of type 0 and without a
	// name means variable arguments) or the variables of a DataSec.
	Members []Member
	// Values are the constants of an Enum or Enum64.
	Values []EnumValue
}

// Member is a member of a structure or union, or a parameter.
type Member struct {
	Name string
	Type TypeID
	// Offset is in bits from the beginning of the structure.
	Offset uint32
	// Bits is the width of a bit field and 0 for everything else.
	Bits uint32
}

// EnumValue is a constant of an enumeration. Those of unsigned enumerations above 1<<63 wrap.
type EnumValue struct {
	Name  string
	Value int64
}

// Type decodes the type with the given id.
func (s *Spec) Type(id TypeID) (Type, error) {
	if id == 0 {
		return Type{Kind: Void}, nil
	}
	if uint64(id) > uint64(len(s.offsets)) {
		return Type{}, fmt.Errorf("btf: type %d is beyond the last one, %d", id, len(s.offsets))
	}
	off := s.offsets[id-1]
	h := s.header(off)
	t := Type{ID: id, Name: s.string(h.name), Kind: h.kind}
	b := s.types[off+typeSize:]
	u32 := func(i int) uint32 { return s.order.Uint32(b[4*i:]) }
	switch h.kind {
	case Int:
		t.Size = h.arg
		t.Signed = u32(0)>>24&1 != 0
	case Array:
		t.Ref = TypeID(u32(0))
		t.Len = u32(2)
	case Struct, Union:
		t.Size = h.arg
		t.Members = make([]Member, h.vlen)
		for i := range t.Members {
			m := Member{Name: s.string(u32(3 * i)), Type: TypeID(u32(3*i + 1)), Offset: u32(3*i + 2)}
			if h.flag {
				m.Bits = m.Offset >> 24
				m.Offset &= 0xffffff
			}
			t.Members[i] = m
		}
	case DataSec:
		t.Size = h.arg
		t.Members = make([]Member, h.vlen)
		for i := range t.Members {
			t.Members[i] = Member{Type: TypeID(u32(3 * i)), Offset: u32(3*i+1) * 8}
		}
	case FuncProto:
		t.Ref = TypeID(h.arg)
		t.Members = make([]Member, h.vlen)
		for i := range t.Members {
			t.Members[i] = Member{Name: s.string(u32(2 * i)), Type: TypeID(u32(2*i + 1))}
		}
	case Enum:
		t.Size, t.Signed = h.arg, h.flag
		t.Values = make([]EnumValue, h.vlen)
		for i := range t.Values {
			v := int64(u32(2*i + 1))
			if h.flag {
				v = int64(int32(v))
			}
			t.Values[i] = EnumValue{s.string(u32(2 * i)), v}
		}
	case Enum64:
		t.Size, t.Signed = h.arg, h.flag
		t.Values = make([]EnumValue, h.vlen)
		for i := range t.Values {
			v := uint64(u32(3*i+1)) | uint64(u32(3*i+2))<<32
			t.Values[i] = EnumValue{s.string(u32(3 * i)), int64(v)}
		}
	case Float:
		t.Size = h.arg
	default:
		t.Ref = TypeID(h.arg)
	}
	return t, nil
}

// Resolve decodes the type with the given id and follows typedefs, qualifiers and tags down to what they stand for.
func (s *Spec) Resolve(id TypeID) (Type, error) {
	for range maxDepth {
		t, err := s.Type(id)
		if err != nil {
			return Type{}, err
		}
		switch t.Kind {
		case Typedef, Volatile, Const, Restrict, TypeTag, Var:
			id = t.Ref
		default:
			return t, nil
		}
	}
	return Type{}, fmt.Errorf("btf: type %d refers to itself", id)
}

// Sizeof returns the size of a type in bytes, as C's sizeof does. A pointer has 8 bytes, as in every BPF program and
// 64-bit kernel.
func (s *Spec) Sizeof(id TypeID) (uint64, error) {
	factor := uint64(1)
	for range maxDepth {
		t, err := s.Resolve(id)
		if err != nil {
			return 0, err
		}
		switch t.Kind {
		case Int, Float, Struct, Union, Enum, Enum64, DataSec:
			return factor * uint64(t.Size), nil
		case Pointer:
			return factor * 8, nil
		case Array:
			factor *= uint64(t.Len)
			id = t.Ref
		default:
			return 0, fmt.Errorf("btf: type %d, a %v, has no size", id, t.Kind)
		}
	}
	return 0, fmt.Errorf("btf: type %d refers to itself", id)
}
