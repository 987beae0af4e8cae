package btf

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// Number is an unsigned integer of 1, 2, 4 or 8 bytes. Each is there once.
func (e *Encoder) Number(s asm.Size) TypeID {
	n := s.Bytes()
	if e.numbers[n] == 0 {
		name := ""
		switch n {
		case 1:
			name = "unsigned char"
		case 2:
			name = "unsigned short"
		case 4:
			name = "unsigned int"
		case 8:
			name = "unsigned long long"
		}
		e.numbers[n] = e.Int(name, uint32(n), false)
	}
	return e.numbers[n]
}

// Numbers is an array of n of them.
func (e *Encoder) Numbers(s asm.Size, n uint32) TypeID {
	return e.Array(e.Number(s), e.Number(asm.W), n)
}

// Member is the type of a member of an asm.Struct.
func (e *Encoder) Member(m asm.Member) TypeID {
	if m.Count > 0 {
		return e.Numbers(m.Size, uint32(m.Count))
	}
	return e.Number(m.Size)
}

// Layout is a struct. Its padding is not a member.
func (e *Encoder) Layout(s *asm.Struct) TypeID {
	var members []Member
	for at, m := range s.Members() {
		if m.Name != "" {
			members = append(members, Member{Name: Identifier(m.Name), Type: e.Member(m), Offset: uint32(8 * at)})
		}
	}
	return e.Struct(Identifier(s.Name()), uint32(s.Size()), members...)
}

// MapTypes are the types of a map's keys and values. What the spec says nothing of is a number or bytes. The error is about a
// layout of another size than the spec says.
func (e *Encoder) MapTypes(spec *asm.MapSpec) (key, value TypeID, err error) {
	if spec.Key != nil && spec.Key.Size() != int(spec.KeySize) {
		return 0, 0, fmt.Errorf("%s, the layout of the key, has %d bytes, the key %d", spec.Key.Name(), spec.Key.Size(), spec.KeySize)
	}
	if spec.Value != nil && spec.Value.Size() != int(spec.ValueSize) {
		return 0, 0, fmt.Errorf("%s, the layout of the value, has %d bytes, the value %d", spec.Value.Name(), spec.Value.Size(), spec.ValueSize)
	}
	switch {
	case indexed(spec.Type): // an integer of 32 bits and nothing else: array_map_check_btf, bpf_local_storage_map_check_btf
		key = e.Number(asm.W)
	case spec.Key != nil:
		key = e.Layout(spec.Key)
	case spec.Type == asm.MapLPMTrie: // a struct and nothing else: trie_check_btf
		key = e.bytes("key", spec.KeySize)
	default:
		key = e.plain("key", spec.KeySize)
	}
	switch {
	case spec.Value != nil:
		value = e.Layout(spec.Value)
	case NeedsTypes(spec.Type): // a struct is what they may be asked to have
		value = e.bytes("value", spec.ValueSize)
	default:
		value = e.plain("value", spec.ValueSize)
	}
	return key, value, nil
}

// bytes writes a struct of bytes.
func (e *Encoder) bytes(name string, size uint32) TypeID {
	return e.Struct(name, size, Member{Name: "bytes", Type: e.Numbers(asm.B, size)})
}

// plain writes a number of the given size, or a struct of bytes when no number has it.
func (e *Encoder) plain(name string, size uint32) TypeID {
	for _, s := range [...]asm.Size{asm.B, asm.H, asm.W, asm.DW} {
		if s.Bytes() == int(size) {
			return e.Number(s)
		}
	}
	return e.bytes(name, size)
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
