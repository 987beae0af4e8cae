//go:build linux

package sys

// BTFLoadAttr are the attributes of BPF_BTF_LOAD.
type BTFLoadAttr struct {
	BTF            Pointer `bpf:"btf"`
	BTFLogBuf      Pointer `bpf:"btf_log_buf"`
	BTFSize        uint32  `bpf:"btf_size"`
	BTFLogSize     uint32  `bpf:"btf_log_size"`
	BTFLogLevel    uint32  `bpf:"btf_log_level"`
	BTFLogTrueSize uint32  `bpf:"btf_log_true_size"`
	BTFFlags       uint32  `bpf:"btf_flags"`
	BTFTokenFD     int32   `bpf:"btf_token_fd"`
}

// BTFLoad gives the kernel the types of a program or map.
func BTFLoad(attr *BTFLoadAttr) (*FD, error) { return open(CmdBTFLoad, attr) }

// BTFInfo is struct bpf_btf_info.
type BTFInfo struct {
	BTF       Pointer `bpf:"btf"`
	BTFSize   uint32  `bpf:"btf_size"`
	ID        uint32  `bpf:"id"`
	Name      Pointer `bpf:"name"`
	NameLen   uint32  `bpf:"name_len"`
	KernelBTF uint32  `bpf:"kernel_btf"`
}

// BTFBlob returns the BTF object with the given id as it was loaded.
func BTFBlob(id uint32) ([]byte, error) {
	fd, err := BTFGetFDByID(id)
	if err != nil {
		return nil, err
	}
	defer fd.Close()
	var info BTFInfo
	if err := ObjGetInfo(fd.Int(), &info); err != nil {
		return nil, err
	}
	blob := make([]byte, info.BTFSize)
	return blob, ObjGetInfo(fd.Int(), &BTFInfo{BTF: BytesPointer(blob), BTFSize: info.BTFSize})
}
