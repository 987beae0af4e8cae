//go:build linux

package sys

import "unsafe"

// MapCreateAttr are the attributes of BPF_MAP_CREATE.
type MapCreateAttr struct {
	MapType               uint32  `bpf:"map_type"`
	KeySize               uint32  `bpf:"key_size"`
	ValueSize             uint32  `bpf:"value_size"`
	MaxEntries            uint32  `bpf:"max_entries"`
	MapFlags              uint32  `bpf:"map_flags"`
	InnerMapFD            uint32  `bpf:"inner_map_fd"`
	NUMANode              uint32  `bpf:"numa_node"`
	MapName               ObjName `bpf:"map_name"`
	MapIfindex            uint32  `bpf:"map_ifindex"`
	BTFFD                 uint32  `bpf:"btf_fd"`
	BTFKeyTypeID          uint32  `bpf:"btf_key_type_id"`
	BTFValueTypeID        uint32  `bpf:"btf_value_type_id"`
	BTFVmlinuxValueTypeID uint32  `bpf:"btf_vmlinux_value_type_id"`
	MapExtra              uint64  `bpf:"map_extra"`
	ValueTypeBTFObjFD     int32   `bpf:"value_type_btf_obj_fd"`
	MapTokenFD            int32   `bpf:"map_token_fd"`
	ExclProgHash          Pointer `bpf:"excl_prog_hash"`
	ExclProgHashSize      uint32  `bpf:"excl_prog_hash_size"`
	_                     uint32
}

// MapCreate creates a map.
func MapCreate(attr *MapCreateAttr) (*FD, error) { return open(CmdMapCreate, attr) }

// MapElemAttr are the attributes of the commands on one element. Value is the next key for BPF_MAP_GET_NEXT_KEY.
type MapElemAttr struct {
	MapFD uint32 `bpf:"map_fd"`
	_     uint32
	Key   Pointer `bpf:"key"`
	Value Pointer `bpf:"value"`
	Flags uint64  `bpf:"flags"`
}

func elem(cmd Cmd, fd int, key, value Pointer, flags uint64) error {
	attr := MapElemAttr{MapFD: uint32(fd), Key: key, Value: value, Flags: flags}
	_, err := BPF(cmd, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return err
}

// MapLookup copies the value of key to value. None of the functions on elements allocates.
func MapLookup(fd int, key, value Pointer, flags uint64) error {
	return elem(CmdMapLookupElem, fd, key, value, flags)
}

// MapUpdate stores value under key.
func MapUpdate(fd int, key, value Pointer, flags uint64) error {
	return elem(CmdMapUpdateElem, fd, key, value, flags)
}

// MapDelete removes key.
func MapDelete(fd int, key Pointer) error {
	return elem(CmdMapDeleteElem, fd, key, Pointer{}, 0)
}

// MapLookupAndDelete copies the value of key to value and removes it. The key of a queue or stack is null.
func MapLookupAndDelete(fd int, key, value Pointer, flags uint64) error {
	return elem(CmdMapLookupAndDeleteElem, fd, key, value, flags)
}

// MapGetNextKey stores the key after key to next, the first one when key is null or no longer in the map. ENOENT means
// that key was the last one.
func MapGetNextKey(fd int, key, next Pointer) error {
	return elem(CmdMapGetNextKey, fd, key, next, 0)
}

// MapFreeze makes a map read-only for user space, for good.
func MapFreeze(fd int) error {
	return elem(CmdMapFreeze, fd, Pointer{}, Pointer{}, 0)
}

// MapBatchAttr are the attributes of the commands on many elements. InBatch and OutBatch are opaque positions of
// max(key size, 4) bytes. The kernel replaces Count by the number of elements done, also when it returns an error.
type MapBatchAttr struct {
	InBatch   Pointer `bpf:"in_batch"`
	OutBatch  Pointer `bpf:"out_batch"`
	Keys      Pointer `bpf:"keys"`
	Values    Pointer `bpf:"values"`
	Count     uint32  `bpf:"count"`
	MapFD     uint32  `bpf:"map_fd"`
	ElemFlags uint64  `bpf:"elem_flags"`
	Flags     uint64  `bpf:"flags"`
}

// MapLookupBatch copies up to Count keys and values, beginning at InBatch.
func MapLookupBatch(attr *MapBatchAttr) error { return call(CmdMapLookupBatch, attr) }

// MapLookupAndDeleteBatch copies up to Count keys and values, beginning at InBatch, and removes them.
func MapLookupAndDeleteBatch(attr *MapBatchAttr) error { return call(CmdMapLookupAndDeleteBatch, attr) }

// MapUpdateBatch stores Count keys and values.
func MapUpdateBatch(attr *MapBatchAttr) error { return call(CmdMapUpdateBatch, attr) }

// MapDeleteBatch removes Count keys.
func MapDeleteBatch(attr *MapBatchAttr) error { return call(CmdMapDeleteBatch, attr) }

// MapInfo is struct bpf_map_info.
type MapInfo struct {
	Type                  uint32  `bpf:"type"`
	ID                    uint32  `bpf:"id"`
	KeySize               uint32  `bpf:"key_size"`
	ValueSize             uint32  `bpf:"value_size"`
	MaxEntries            uint32  `bpf:"max_entries"`
	MapFlags              uint32  `bpf:"map_flags"`
	Name                  ObjName `bpf:"name"`
	Ifindex               uint32  `bpf:"ifindex"`
	BTFVmlinuxValueTypeID uint32  `bpf:"btf_vmlinux_value_type_id"`
	NetnsDev              uint64  `bpf:"netns_dev"`
	NetnsIno              uint64  `bpf:"netns_ino"`
	BTFID                 uint32  `bpf:"btf_id"`
	BTFKeyTypeID          uint32  `bpf:"btf_key_type_id"`
	BTFValueTypeID        uint32  `bpf:"btf_value_type_id"`
	BTFVmlinuxID          uint32  `bpf:"btf_vmlinux_id"`
	MapExtra              uint64  `bpf:"map_extra"`
	Hash                  Pointer `bpf:"hash"`
	HashSize              uint32  `bpf:"hash_size"`
	_                     uint32
}
