// Package btf reads the BPF Type Format far enough to ask a kernel how it lays out a structure, and writes it far enough to
// describe programs and maps, see Encoder.
//
// The tables of this module (attributes of bpf(2), context fields, helper numbers) are written by hand; their tests
// hold them against the BTF of the running kernel:
//
//	kernel, err := btf.Kernel()
//	md, err := kernel.Find("sk_reuseport_md", btf.Struct)
//	fields, err := kernel.Fields(md) // every field with its offset, anonymous members flattened
//
// Types are decoded when they are asked for: opening the 150,000 types of a kernel costs one pass over their headers.
// The format is described in Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
package btf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// KernelPath is where the running kernel shows its own BTF. It is there from Linux 5.4 on when the kernel was built
// with CONFIG_DEBUG_INFO_BTF.
const KernelPath = "/sys/kernel/btf/vmlinux"

// ErrNotFound is returned when no type has the name and kind that were asked for.
var ErrNotFound = errors.New("btf: type not found")

const (
	magic      = 0xeb9f
	version    = 1
	headerSize = 24
	typeSize   = 12
	// maxDepth bounds chains of types (typedef of const of array of ...), which malformed input can make circular.
	maxDepth = 64
	// maxString is more than any name has (KSYM_NAME_LEN is 512) and what a path may have (PATH_MAX).
	maxString = 4096
)

// Spec is a parsed BTF blob. It is immutable: all methods may be called from any goroutine.
type Spec struct {
	order   binary.ByteOrder
	types   []byte
	strings string // names are parts of it: what is decoded takes no room for them
	// offsets holds the position in types of every type; index 0 is type 1, because type 0 is void.
	offsets []uint32
}

// Kernel parses the BTF of the running kernel.
func Kernel() (*Spec, error) {
	blob, err := os.ReadFile(KernelPath)
	if err != nil {
		return nil, fmt.Errorf("btf: read the kernel's types: %w", err)
	}
	return Parse(blob)
}

// Parse reads a raw BTF blob of either byte order. The blob must not be changed afterwards.
func Parse(blob []byte) (*Spec, error) {
	if len(blob) < headerSize {
		return nil, fmt.Errorf("btf: %d bytes are too few for the header", len(blob))
	}
	var order binary.ByteOrder
	switch {
	case binary.LittleEndian.Uint16(blob) == magic:
		order = binary.LittleEndian
	case binary.BigEndian.Uint16(blob) == magic:
		order = binary.BigEndian
	default:
		return nil, fmt.Errorf("btf: no magic number: % x", blob[:2])
	}
	if blob[2] != version {
		return nil, fmt.Errorf("btf: version %d is unknown", blob[2])
	}
	headerLen := order.Uint32(blob[4:])
	if headerLen < headerSize {
		return nil, fmt.Errorf("btf: header of %d bytes is too short", headerLen)
	}
	types, err := section(blob, headerLen, order.Uint32(blob[8:]), order.Uint32(blob[12:]))
	if err != nil {
		return nil, fmt.Errorf("btf: types: %w", err)
	}
	names, err := section(blob, headerLen, order.Uint32(blob[16:]), order.Uint32(blob[20:]))
	if err != nil {
		return nil, fmt.Errorf("btf: strings: %w", err)
	}
	if len(names) == 0 || names[len(names)-1] != 0 {
		return nil, errors.New("btf: the string section does not end in NUL")
	}
	s := &Spec{order: order, types: types, strings: string(names)}
	return s, s.index()
}

func section(blob []byte, headerLen, off, length uint32) ([]byte, error) {
	start := uint64(headerLen) + uint64(off)
	end := start + uint64(length)
	if end > uint64(len(blob)) {
		return nil, fmt.Errorf("section %d..%d is beyond the %d bytes of the blob", start, end, len(blob))
	}
	return blob[start:end], nil
}

// index finds where every type begins.
func (s *Spec) index() error {
	for off := 0; off < len(s.types); {
		if len(s.types)-off < typeSize {
			return fmt.Errorf("btf: type %d is truncated", len(s.offsets)+1)
		}
		h := s.header(uint32(off))
		extra, ok := h.kind.extra(h.vlen)
		if !ok {
			return fmt.Errorf("btf: type %d has the unknown kind %d", len(s.offsets)+1, h.kind)
		}
		if len(s.types)-off-typeSize < extra {
			return fmt.Errorf("btf: type %d is truncated", len(s.offsets)+1)
		}
		s.offsets = append(s.offsets, uint32(off))
		off += typeSize + extra
	}
	return nil
}

type header struct {
	name uint32
	kind Kind
	vlen int
	flag bool
	// arg is the size or the type that the type refers to, depending on the kind.
	arg uint32
}

func (s *Spec) header(off uint32) header {
	b := s.types[off:]
	info := s.order.Uint32(b[4:])
	return header{
		name: s.order.Uint32(b),
		kind: Kind(info >> 24 & 0x1f),
		vlen: int(info & 0xffff),
		flag: info>>31 != 0,
		arg:  s.order.Uint32(b[8:]),
	}
}

// Len returns the number of types, void not counted. Their ids are 1 to Len.
func (s *Spec) Len() int { return len(s.offsets) }

// string returns the string at off, without what is beyond maxString: looking for the ends of many names must not take
// the time of reading the whole section for each of them.
func (s *Spec) string(off uint32) string {
	if uint64(off) >= uint64(len(s.strings)) {
		return ""
	}
	text := s.strings[off:]
	text = text[:min(len(text), maxString)]
	text, _, _ = strings.Cut(text, "\x00")
	return text
}

// Find returns the first type with this name and one of these kinds, or with any kind when none is given. The error
// wraps ErrNotFound.
func (s *Spec) Find(name string, kinds ...Kind) (Type, error) {
	for i, off := range s.offsets {
		h := s.header(off)
		if s.string(h.name) == name && among(h.kind, kinds) {
			return s.Type(TypeID(i + 1))
		}
	}
	return Type{}, fmt.Errorf("%w: %v %s", ErrNotFound, kinds, name)
}

func among(k Kind, kinds []Kind) bool {
	for _, want := range kinds {
		if k == want {
			return true
		}
	}
	return len(kinds) == 0
}
