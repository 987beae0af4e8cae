//go:build linux

package maps

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// types are the types of a map's key and value in a BTF object.
type types struct {
	blob       []byte
	key, value btf.TypeID
}

// typesOf writes down the types of a map's key and value. What the spec says nothing of is a number or bytes.
func typesOf(spec *asm.MapSpec) (types, error) {
	var t types
	if spec.Key != nil && spec.Key.Size() != int(spec.KeySize) {
		return t, fmt.Errorf("%s, the layout of the key, has %d bytes, the key %d: %w", spec.Key.Name(), spec.Key.Size(), spec.KeySize, unix.EINVAL)
	}
	if spec.Value != nil && spec.Value.Size() != int(spec.ValueSize) {
		return t, fmt.Errorf("%s, the layout of the value, has %d bytes, the value %d: %w", spec.Value.Name(), spec.Value.Size(), spec.ValueSize, unix.EINVAL)
	}
	w := typeWriter{Encoder: btf.NewEncoder(binary.NativeEndian)}
	switch {
	case indexed(spec.Type): // an integer of 32 bits and nothing else: array_map_check_btf, bpf_local_storage_map_check_btf
		t.key = w.number(asm.W)
	case spec.Key != nil:
		t.key = w.layout(spec.Key)
	case spec.Type == asm.MapLPMTrie: // a struct and nothing else: trie_check_btf
		t.key = w.bytes("key", spec.KeySize)
	default:
		t.key = w.plain("key", spec.KeySize)
	}
	switch {
	case spec.Value != nil:
		t.value = w.layout(spec.Value)
	case needsBTF(spec.Type): // a struct is what they may be asked to have
		t.value = w.bytes("value", spec.ValueSize)
	default:
		t.value = w.plain("value", spec.ValueSize)
	}
	var err error
	t.blob, err = w.Encode()
	return t, err
}

// typeWriter writes each type of number once.
type typeWriter struct {
	*btf.Encoder
	numbers [16 + 1]btf.TypeID // by their size in bytes
}

func (w *typeWriter) number(s asm.Size) btf.TypeID {
	n := s.Bytes()
	if w.numbers[n] == 0 {
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
		w.numbers[n] = w.Int(name, uint32(n), false)
	}
	return w.numbers[n]
}

func (w *typeWriter) array(s asm.Size, n uint32) btf.TypeID {
	return w.Array(w.number(s), w.number(asm.W), n)
}

// layout writes a struct. Its padding is not a member.
func (w *typeWriter) layout(s *asm.Struct) btf.TypeID {
	var members []btf.Member
	for at, m := range s.Members() {
		if m.Name == "" {
			continue
		}
		t := w.number(m.Size)
		if m.Count > 0 {
			t = w.array(m.Size, uint32(m.Count))
		}
		members = append(members, btf.Member{Name: btf.Identifier(m.Name), Type: t, Offset: uint32(8 * at)})
	}
	return w.Struct(btf.Identifier(s.Name()), uint32(s.Size()), members...)
}

// bytes writes a struct of bytes.
func (w *typeWriter) bytes(name string, size uint32) btf.TypeID {
	return w.Struct(name, size, btf.Member{Name: "bytes", Type: w.array(asm.B, size)})
}

// plain writes a number of the given size, or a struct of bytes when no number has it.
func (w *typeWriter) plain(name string, size uint32) btf.TypeID {
	for _, s := range [...]asm.Size{asm.B, asm.H, asm.W, asm.DW} {
		if s.Bytes() == int(size) {
			return w.number(s)
		}
	}
	return w.bytes(name, size)
}

// load gives the types to the kernel.
func (t *types) load() (*sys.FD, error) {
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(t.blob), BTFSize: uint32(len(t.blob))})
	if err != nil {
		return nil, fmt.Errorf("describe the value: %w", sys.ExplainPermission(err, capability.CAP_BPF))
	}
	return fd, nil
}

// indexed reports whether the keys are numbers of 32 bits: indices or descriptors.
func indexed(t asm.MapType) bool {
	switch t {
	case asm.MapArray, asm.MapPerCPUArray, asm.MapReuseportSockArray:
		return true
	}
	return needsBTF(t)
}

// described reports whether the kernel keeps the types of keys and values of such a map. The others hold references to
// its objects, or have no keys; it answers ENOTSUPP or EINVAL to their types.
func described(t asm.MapType) bool {
	switch t {
	case asm.MapHash, asm.MapArray, asm.MapPerCPUHash, asm.MapPerCPUArray, asm.MapLRUHash, asm.MapLRUPerCPUHash, asm.MapLPMTrie,
		asm.MapReuseportSockArray:
		return true
	}
	return needsBTF(t)
}

// needsBTF reports whether the kernel makes a map with a BTF object only: those that hang their values on its own objects
// or take the place of its functions.
func needsBTF(t asm.MapType) bool {
	switch t {
	case asm.MapSkStorage, asm.MapInodeStorage, asm.MapTaskStorage, asm.MapCgrpStorage, asm.MapStructOps:
		return true
	}
	return false
}
