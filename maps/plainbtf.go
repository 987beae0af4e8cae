//go:build linux

package maps

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// The ids of the types in the object that loadPlainBTF loads.
const (
	plainKeyType   = 1
	plainValueType = 4
)

// loadPlainBTF describes a key of 4 bytes and a value without meaning:
//
//	int key;                                // 1
//	unsigned char byte;                     // 2
//	byte bytes[valueSize];                  // 3
//	struct value { byte bytes[valueSize]; } // 4
//
// bpf_local_storage_map_alloc_check() and _check_btf() of the kernel want exactly that much. The format is that of
// Documentation/bpf/btf.rst.
func loadPlainBTF(spec asm.MapSpec) (*sys.FD, error) {
	if spec.KeySize != 4 {
		return nil, fmt.Errorf("the key of a %v map has 4 bytes: %w", spec.Type, unix.EINVAL)
	}
	const (
		kindInt, kindArray, kindStruct = 1 << 24, 3 << 24, 4 << 24
		signed                         = 1 << 24
		names                          = "\x00key\x00byte\x00value\x00bytes\x00"
		key, byteName, value, bytes    = 1, 5, 10, 16
	)
	types := []uint32{
		key, kindInt, 4, signed | 32,
		byteName, kindInt, 1, 8,
		0, kindArray, 0, 2, 1, spec.ValueSize,
		value, kindStruct | 1, spec.ValueSize, bytes, 3, 0,
	}
	const headerLen = 24
	typesLen := uint32(4 * len(types))
	order := binary.NativeEndian
	blob := order.AppendUint16(nil, 0xeb9f)
	blob = append(blob, 1, 0)
	for _, v := range []uint32{headerLen, 0, typesLen, typesLen, uint32(len(names))} {
		blob = order.AppendUint32(blob, v)
	}
	for _, v := range types {
		blob = order.AppendUint32(blob, v)
	}
	blob = append(blob, names...)
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(blob), BTFSize: uint32(len(blob))})
	if err != nil {
		return nil, fmt.Errorf("describe the value: %w", sys.ExplainPermission(err, capability.CAP_BPF))
	}
	return fd, nil
}
