//go:build linux

package sys

import "unsafe"

// ObjAttr are the attributes of BPF_OBJ_PIN and BPF_OBJ_GET.
type ObjAttr struct {
	Pathname  Pointer `bpf:"pathname"`
	BPFFD     uint32  `bpf:"bpf_fd"`
	FileFlags uint32  `bpf:"file_flags"`
	PathFD    int32   `bpf:"path_fd"`
	_         uint32
}

// Flags of ObjAttr.FileFlags and IDAttr.OpenFlags.
const (
	OpenReadOnly  = 1 << 3  // BPF_F_RDONLY
	OpenWriteOnly = 1 << 4  // BPF_F_WRONLY
	OpenPathFD    = 1 << 14 // BPF_F_PATH_FD: Pathname is relative to PathFD
)

// ObjPin gives an object a name in a BPF file system. The path must not exist and must not contain NUL.
func ObjPin(fd int, path string) error {
	return call(CmdObjPin, &ObjAttr{Pathname: StringPointer(path), BPFFD: uint32(fd)})
}

// ObjGet opens a pinned object. flags is 0 or one of OpenReadOnly and OpenWriteOnly, which only maps have.
func ObjGet(path string, flags uint32) (*FD, error) {
	return open(CmdObjGet, &ObjAttr{Pathname: StringPointer(path), FileFlags: flags})
}

// IDAttr are the attributes of the commands that go through all objects of the machine.
type IDAttr struct {
	// ID is start_id, prog_id, map_id, btf_id or link_id.
	ID            uint32 `bpf:"start_id"`
	NextID        uint32 `bpf:"next_id"`
	OpenFlags     uint32 `bpf:"open_flags"`
	FDByIDTokenFD int32  `bpf:"fd_by_id_token_fd"`
}

func nextID(cmd Cmd, id uint32) (uint32, error) {
	attr := IDAttr{ID: id}
	err := call(cmd, &attr)
	return attr.NextID, err
}

// MapGetNextID returns the lowest id of a map above id. ENOENT means that there is none.
func MapGetNextID(id uint32) (uint32, error) { return nextID(CmdMapGetNextID, id) }

// ProgGetNextID returns the lowest id of a program above id. ENOENT means that there is none.
func ProgGetNextID(id uint32) (uint32, error) { return nextID(CmdProgGetNextID, id) }

// LinkGetNextID returns the lowest id of a link above id. ENOENT means that there is none.
func LinkGetNextID(id uint32) (uint32, error) { return nextID(CmdLinkGetNextID, id) }

// BTFGetNextID returns the lowest id of a BTF object above id. ENOENT means that there is none.
func BTFGetNextID(id uint32) (uint32, error) { return nextID(CmdBTFGetNextID, id) }

// MapGetFDByID opens the map with the given id. flags is 0, OpenReadOnly or OpenWriteOnly.
func MapGetFDByID(id, flags uint32) (*FD, error) {
	return open(CmdMapGetFDByID, &IDAttr{ID: id, OpenFlags: flags})
}

// ProgGetFDByID opens the program with the given id.
func ProgGetFDByID(id uint32) (*FD, error) { return open(CmdProgGetFDByID, &IDAttr{ID: id}) }

// LinkGetFDByID opens the link with the given id.
func LinkGetFDByID(id uint32) (*FD, error) { return open(CmdLinkGetFDByID, &IDAttr{ID: id}) }

// BTFGetFDByID opens the BTF object with the given id.
func BTFGetFDByID(id uint32) (*FD, error) { return open(CmdBTFGetFDByID, &IDAttr{ID: id}) }

// ObjInfoAttr are the attributes of BPF_OBJ_GET_INFO_BY_FD.
type ObjInfoAttr struct {
	BPFFD   uint32  `bpf:"bpf_fd"`
	InfoLen uint32  `bpf:"info_len"`
	Info    Pointer `bpf:"info"`
}

// ObjGetInfo fills in what the kernel knows of the object behind fd. info must have the type that belongs to the object
// and be zero but for the room it offers. An older kernel leaves the fields that it does not know zero.
func ObjGetInfo[T MapInfo | ProgInfo | LinkInfo | BTFInfo](fd int, info *T) error {
	return call(CmdObjGetInfoByFD, &ObjInfoAttr{
		BPFFD:   uint32(fd),
		InfoLen: uint32(unsafe.Sizeof(*info)),
		Info:    PointerTo(info),
	})
}
