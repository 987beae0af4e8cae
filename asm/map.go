package asm

import "fmt"

// MapType is the kind of a map: enum bpf_map_type of include/uapi/linux/bpf.h.
type MapType uint32

// The map types of Linux 6.18 and BPF_MAP_TYPE_INSN_ARRAY of 6.19.
const (
	MapUnspec              MapType = 0  // BPF_MAP_TYPE_UNSPEC
	MapHash                MapType = 1  // BPF_MAP_TYPE_HASH
	MapArray               MapType = 2  // BPF_MAP_TYPE_ARRAY
	MapProgArray           MapType = 3  // BPF_MAP_TYPE_PROG_ARRAY
	MapPerfEventArray      MapType = 4  // BPF_MAP_TYPE_PERF_EVENT_ARRAY
	MapPerCPUHash          MapType = 5  // BPF_MAP_TYPE_PERCPU_HASH
	MapPerCPUArray         MapType = 6  // BPF_MAP_TYPE_PERCPU_ARRAY
	MapStackTrace          MapType = 7  // BPF_MAP_TYPE_STACK_TRACE
	MapCgroupArray         MapType = 8  // BPF_MAP_TYPE_CGROUP_ARRAY
	MapLRUHash             MapType = 9  // BPF_MAP_TYPE_LRU_HASH
	MapLRUPerCPUHash       MapType = 10 // BPF_MAP_TYPE_LRU_PERCPU_HASH
	MapLPMTrie             MapType = 11 // BPF_MAP_TYPE_LPM_TRIE
	MapArrayOfMaps         MapType = 12 // BPF_MAP_TYPE_ARRAY_OF_MAPS
	MapHashOfMaps          MapType = 13 // BPF_MAP_TYPE_HASH_OF_MAPS
	MapDevMap              MapType = 14 // BPF_MAP_TYPE_DEVMAP
	MapSockMap             MapType = 15 // BPF_MAP_TYPE_SOCKMAP
	MapCPUMap              MapType = 16 // BPF_MAP_TYPE_CPUMAP
	MapXSKMap              MapType = 17 // BPF_MAP_TYPE_XSKMAP
	MapSockHash            MapType = 18 // BPF_MAP_TYPE_SOCKHASH
	MapCgroupStorage       MapType = 19 // BPF_MAP_TYPE_CGROUP_STORAGE
	MapReuseportSockArray  MapType = 20 // BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
	MapPerCPUCgroupStorage MapType = 21 // BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
	MapQueue               MapType = 22 // BPF_MAP_TYPE_QUEUE
	MapStack               MapType = 23 // BPF_MAP_TYPE_STACK
	MapSkStorage           MapType = 24 // BPF_MAP_TYPE_SK_STORAGE
	MapDevMapHash          MapType = 25 // BPF_MAP_TYPE_DEVMAP_HASH
	MapStructOps           MapType = 26 // BPF_MAP_TYPE_STRUCT_OPS
	MapRingBuf             MapType = 27 // BPF_MAP_TYPE_RINGBUF
	MapInodeStorage        MapType = 28 // BPF_MAP_TYPE_INODE_STORAGE
	MapTaskStorage         MapType = 29 // BPF_MAP_TYPE_TASK_STORAGE
	MapBloomFilter         MapType = 30 // BPF_MAP_TYPE_BLOOM_FILTER
	MapUserRingBuf         MapType = 31 // BPF_MAP_TYPE_USER_RINGBUF
	MapCgrpStorage         MapType = 32 // BPF_MAP_TYPE_CGRP_STORAGE
	MapArena               MapType = 33 // BPF_MAP_TYPE_ARENA
	MapInsnArray           MapType = 34 // BPF_MAP_TYPE_INSN_ARRAY
)

var mapTypeNames = [...]string{
	MapUnspec:              "unspec",
	MapHash:                "hash",
	MapArray:               "array",
	MapProgArray:           "prog_array",
	MapPerfEventArray:      "perf_event_array",
	MapPerCPUHash:          "percpu_hash",
	MapPerCPUArray:         "percpu_array",
	MapStackTrace:          "stack_trace",
	MapCgroupArray:         "cgroup_array",
	MapLRUHash:             "lru_hash",
	MapLRUPerCPUHash:       "lru_percpu_hash",
	MapLPMTrie:             "lpm_trie",
	MapArrayOfMaps:         "array_of_maps",
	MapHashOfMaps:          "hash_of_maps",
	MapDevMap:              "devmap",
	MapSockMap:             "sockmap",
	MapCPUMap:              "cpumap",
	MapXSKMap:              "xskmap",
	MapSockHash:            "sockhash",
	MapCgroupStorage:       "cgroup_storage",
	MapReuseportSockArray:  "reuseport_sockarray",
	MapPerCPUCgroupStorage: "percpu_cgroup_storage",
	MapQueue:               "queue",
	MapStack:               "stack",
	MapSkStorage:           "sk_storage",
	MapDevMapHash:          "devmap_hash",
	MapStructOps:           "struct_ops",
	MapRingBuf:             "ringbuf",
	MapInodeStorage:        "inode_storage",
	MapTaskStorage:         "task_storage",
	MapBloomFilter:         "bloom_filter",
	MapUserRingBuf:         "user_ringbuf",
	MapCgrpStorage:         "cgrp_storage",
	MapArena:               "arena",
	MapInsnArray:           "insn_array",
}

// String returns the kernel's name without BPF_MAP_TYPE_ and in lower case, as bpftool prints it: sockhash.
func (t MapType) String() string {
	return name(mapTypeNames[:], uint32(t), "map type ")
}

// MapTypeByName returns the type that String calls name.
func MapTypeByName(name string) (MapType, bool) {
	i, ok := indexOf(mapTypeNames[:], name)
	return MapType(i), ok
}

// PerCPU reports whether a map of this type holds one value for every possible CPU.
func (t MapType) PerCPU() bool {
	switch t {
	case MapPerCPUHash, MapPerCPUArray, MapLRUPerCPUHash, MapPerCPUCgroupStorage:
		return true
	}
	return false
}

// MapFlags are the flags of a map when it is created: map_flags of BPF_MAP_CREATE.
type MapFlags uint32

// The flags of BPF_MAP_CREATE.
const (
	MapNoPrealloc    MapFlags = 1 << 0  // BPF_F_NO_PREALLOC: hash elements are allocated when they are inserted
	MapNoCommonLRU   MapFlags = 1 << 1  // BPF_F_NO_COMMON_LRU: one LRU list for every CPU
	MapNUMANode      MapFlags = 1 << 2  // BPF_F_NUMA_NODE: memory comes from the given node
	MapReadOnly      MapFlags = 1 << 3  // BPF_F_RDONLY: user space may not write through the descriptor
	MapWriteOnly     MapFlags = 1 << 4  // BPF_F_WRONLY: user space may not read through the descriptor
	MapStackBuildID  MapFlags = 1 << 5  // BPF_F_STACK_BUILD_ID
	MapZeroSeed      MapFlags = 1 << 6  // BPF_F_ZERO_SEED: for tests only, the hash has no random seed
	MapReadOnlyProg  MapFlags = 1 << 7  // BPF_F_RDONLY_PROG: programs may not write
	MapWriteOnlyProg MapFlags = 1 << 8  // BPF_F_WRONLY_PROG: programs may not read
	MapClone         MapFlags = 1 << 9  // BPF_F_CLONE: storage is cloned with the socket
	MapMmapable      MapFlags = 1 << 10 // BPF_F_MMAPABLE
	MapPreserveElems MapFlags = 1 << 11 // BPF_F_PRESERVE_ELEMS
	MapInner         MapFlags = 1 << 12 // BPF_F_INNER_MAP: an inner array may have another number of entries
)

// UpdateFlags say what an update does when the key is there already or is not.
type UpdateFlags uint64

// The flags of BPF_MAP_UPDATE_ELEM and of bpf_map_update_elem.
const (
	UpdateAny     UpdateFlags = 0 // BPF_ANY: insert or replace
	UpdateNoExist UpdateFlags = 1 // BPF_NOEXIST: insert, EEXIST when the key is there
	UpdateExist   UpdateFlags = 2 // BPF_EXIST: replace, ENOENT when the key is not there
	UpdateLock    UpdateFlags = 4 // BPF_F_LOCK: take the value's bpf_spin_lock; or-ed to one of the others
)

// MapSpec describes a map without being one: programs name it, maps.Create makes it.
//
// The zero value of everything but Type is valid as far as this package is concerned; what a type needs (an LPM trie
// wants NO_PREALLOC, a ring buffer a power of two of pages) is the kernel's to say.
type MapSpec struct {
	// Name is the symbol by which programs refer to the map. The kernel gets its first 15 bytes, with every byte that
	// it does not accept (it takes letters, digits, '_' and '.') replaced by '_'.
	Name string
	Type MapType
	// KeySize and ValueSize are in bytes. For a per-CPU map ValueSize is the size of one CPU's value.
	KeySize, ValueSize uint32
	// MaxEntries is a number of elements, except for ring buffers, where it is a number of bytes. 0 for a perf_event_array
	// stands for one for each CPU that the machine may have, as it does for libbpf.
	MaxEntries uint32
	Flags      MapFlags
	// Extra is map_extra of BPF_MAP_CREATE: the number of hash functions of a bloom filter, the address of an arena.
	Extra uint64
	// NUMANode is used with MapNUMANode.
	NUMANode uint32
	// Inner describes the maps that an array or hash of maps holds.
	Inner *MapSpec
	// Contents are the bytes of element 0 of an array, stored before any program is loaded. An array that programs may
	// not write (MapReadOnlyProg) is frozen then.
	Contents string
	// PinByName asks whoever makes the maps of an object to take the map that is pinned under its name, or to pin it there:
	// LIBBPF_PIN_BY_NAME of a BTF-defined map.
	PinByName bool
	// Key and Value lay out keys and values for tools that print them, and for maps that need a description (BTF). They
	// are of KeySize and ValueSize bytes.
	Key, Value *Struct
}

// Equal reports whether two specs describe the same map.
func (s MapSpec) Equal(o MapSpec) bool {
	if !s.Key.Equal(o.Key) || !s.Value.Equal(o.Value) {
		return false
	}
	a, b := s.Inner, o.Inner
	s.Inner, o.Inner = nil, nil
	s.Key, o.Key, s.Value, o.Value = nil, nil, nil, nil
	if s != o || (a == nil) != (b == nil) {
		return false
	}
	return a == nil || a == b || a.Equal(*b)
}

func (s MapSpec) clone() MapSpec {
	if s.Inner != nil {
		inner := s.Inner.clone()
		s.Inner = &inner
	}
	return s
}

// layOut fills in the sizes from the layouts and reports where both are given and differ.
func (s *MapSpec) layOut() error {
	for _, part := range []struct {
		what string
		t    *Struct
		size *uint32
	}{{"key", s.Key, &s.KeySize}, {"value", s.Value, &s.ValueSize}} {
		switch {
		case part.t == nil:
		case part.t.check() != nil:
			return part.t.check()
		case *part.size == 0:
			*part.size = uint32(part.t.Size())
		case *part.size != uint32(part.t.Size()):
			return fmt.Errorf("%w: %ss of %d bytes, but the layout %s has %d", ErrOperand, part.what, *part.size, part.t.Name(), part.t.Size())
		}
	}
	return nil
}
