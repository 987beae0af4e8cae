package btf

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// Number is an integer of 1, 2, 4 or 8 bytes. Each is there once.
func (e *Encoder) Number(s asm.Size, signed bool) TypeID {
	names, known := [...]string{1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}, &e.numbers[0]
	if signed {
		names, known = [...]string{1: "char", 2: "short", 4: "int", 8: "long long"}, &e.numbers[1]
	}
	n := s.Bytes()
	if known[n] == 0 {
		known[n] = e.Int(names[n], uint32(n), signed)
	}
	return known[n]
}

// Numbers is an array of n of them, without a sign.
func (e *Encoder) Numbers(s asm.Size, n uint32) TypeID { return e.array(e.Number(s, false), n) }

func (e *Encoder) array(of TypeID, n uint32) TypeID { return e.Array(of, e.Number(asm.W, false), n) }

// Member is the type of a member of an asm.Struct.
func (e *Encoder) Member(m asm.Member) TypeID {
	var t TypeID
	if m.Struct != nil {
		t = e.Layout(m.Struct)
	} else {
		t = e.Number(m.Size, m.Signed)
	}
	if m.Count > 0 {
		return e.array(t, uint32(m.Count))
	}
	return t
}

// Layout is a struct, or the number or array that it stands for. Its padding is not a member. Each is there once.
func (e *Encoder) Layout(s *asm.Struct) TypeID {
	for _, l := range e.layouts[s.Name()] {
		if l.layout.Equal(s) {
			return l.id
		}
	}
	var t TypeID
	if m, ok := s.Plain(); ok {
		t = e.Member(m)
	} else {
		var members []Member
		for at, m := range s.Members() {
			if m.Name != "" {
				members = append(members, Member{Name: Identifier(m.Name), Type: e.Member(m), Offset: uint32(8 * at)})
			}
		}
		t = e.Struct(structName(s.Name()), uint32(s.Size()), members...)
	}
	e.layouts[s.Name()] = append(e.layouts[s.Name()], laidOut{s, t})
	return t
}

// laidOut is a layout that has a type.
type laidOut struct {
	layout *asm.Struct
	id     TypeID
}

// structName keeps a struct without a name without one.
func structName(name string) string {
	if name == "" {
		return ""
	}
	return Identifier(name)
}

// MapTypes are the types of a map's keys and values. What the spec says nothing of is a number or bytes, and
// what has no bytes has no type, 0. The error is about a layout of another size than the spec says.
func (e *Encoder) MapTypes(spec *asm.MapSpec) (key, value TypeID, err error) {
	if spec.Key != nil && spec.Key.Size() != int(spec.KeySize) {
		return 0, 0, fmt.Errorf("%s, the layout of the key, has %d bytes, the key %d", spec.Key.Name(), spec.Key.Size(), spec.KeySize)
	}
	if spec.Value != nil && spec.Value.Size() != int(spec.ValueSize) {
		return 0, 0, fmt.Errorf("%s, the layout of the value, has %d bytes, the value %d", spec.Value.Name(), spec.Value.Size(), spec.ValueSize)
	}
	if spec.KeySize > 0 {
		key = e.Layout(keyOf(spec))
	}
	if spec.ValueSize > 0 {
		value = e.Layout(valueOf(spec))
	}
	return key, value, nil
}

// keyOf is the layout of the keys as the kernel wants it.
func keyOf(spec *asm.MapSpec) *asm.Struct {
	m, plain := spec.Key.Plain()
	switch {
	case indexed(spec.Type): // an integer of 32 bits and nothing else: array_map_check_btf, bpf_local_storage_map_check_btf
		if plain && m.Struct == nil && m.Count == 0 && m.Size == asm.W {
			return spec.Key
		}
		return asm.NewStruct("", asm.Member{Size: asm.W})
	case spec.Type == asm.MapLPMTrie && (plain || spec.Key == nil): // a struct and nothing else: trie_check_btf
		return bytes("key", spec.KeySize)
	case spec.Key != nil:
		return spec.Key
	}
	return plainOf("key", spec.KeySize)
}

// valueOf is the layout of the values.
func valueOf(spec *asm.MapSpec) *asm.Struct {
	switch {
	case spec.Value != nil:
		return spec.Value
	case NeedsTypes(spec.Type): // a struct is what they may be asked to have
		return bytes("value", spec.ValueSize)
	}
	return plainOf("value", spec.ValueSize)
}

// Terse leaves out of a spec the layout of the key or the value that MapTypes gives it anyhow, as long as there is a reason
// for types: what is written and read again is then what it was.
func Terse(spec *asm.MapSpec) {
	bare := *spec
	bare.Key, bare.Value = nil, nil
	key, value := keyOf(&bare).Equal(spec.Key), valueOf(&bare).Equal(spec.Value)
	switch needed := NeedsTypes(spec.Type); {
	case key && value && !needed: // a map of numbers
	case key && (spec.Value != nil || needed):
		spec.Key = nil
		if value {
			spec.Value = nil
		}
	case value && (spec.Key != nil || needed):
		spec.Value = nil
	}
}

// bytes lays out a struct of bytes.
func bytes(name string, size uint32) *asm.Struct {
	return asm.NewStruct(name, asm.Member{Name: "bytes", Size: asm.B, Count: int(size)})
}

// plainOf lays out a number of the given size, or a struct of bytes when no number has it.
func plainOf(name string, size uint32) *asm.Struct {
	for _, s := range [...]asm.Size{asm.B, asm.H, asm.W, asm.DW} {
		if s.Bytes() == int(size) {
			return asm.NewStruct("", asm.Member{Size: s})
		}
	}
	return bytes(name, size)
}

// indexed reports whether the keys are numbers of 32 bits: indices or descriptors.
func indexed(t asm.MapType) bool {
	switch t {
	case asm.MapArray, asm.MapPerCPUArray, asm.MapReuseportSockArray:
		return true
	}
	return NeedsTypes(t)
}

// TakesTypes reports whether the kernel keeps the types of keys and values of such a map. The others hold references to
// its objects, or have no keys; it answers ENOTSUPP or EINVAL to their types.
func TakesTypes(t asm.MapType) bool {
	switch t {
	case asm.MapHash, asm.MapArray, asm.MapPerCPUHash, asm.MapPerCPUArray, asm.MapLRUHash, asm.MapLRUPerCPUHash, asm.MapLPMTrie,
		asm.MapReuseportSockArray:
		return true
	}
	return NeedsTypes(t)
}

// NeedsTypes reports whether the kernel makes a map with types only: those that hang their values on its own objects or
// take the place of its functions.
func NeedsTypes(t asm.MapType) bool {
	switch t {
	case asm.MapSkStorage, asm.MapInodeStorage, asm.MapTaskStorage, asm.MapCgrpStorage, asm.MapStructOps:
		return true
	}
	return false
}

// Special reports whether the kernel knows a struct by its name, and looks for it in values: btf_get_field_type() of
// kernel/bpf/btf.c.
func Special(name string) bool {
	switch name {
	case "bpf_spin_lock", "bpf_timer", "bpf_wq", "bpf_refcount", "bpf_res_spin_lock", "bpf_task_work":
		return true
	}
	return NeedsTag(name)
}

// HasSpecial reports whether the kernel finds something in a value of the given layout, which it does by its types only.
func HasSpecial(s *asm.Struct) bool {
	if s == nil {
		return false
	}
	for _, m := range s.Members() {
		if m.Struct != nil && HasSpecial(m.Struct) {
			return true
		}
	}
	return Special(s.Name())
}

// NeedsTag reports whether a struct of that name is one of those that mean something with a declaration tag only, which
// names the type that a list or tree contains.
func NeedsTag(name string) bool {
	switch name {
	case "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node":
		return true
	}
	return false
}
