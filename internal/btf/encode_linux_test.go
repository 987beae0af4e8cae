package btf

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// The kernel, which checks every type, takes what Encoder writes and gives it back as it is.
func TestEncodeLoads(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	e := NewEncoder(binary.NativeEndian)
	flow(e)
	e.Int("s128", 16, true)
	e.Struct("empty", 0)
	e.Text("not \"an\" identifier")
	blob, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	log := make([]byte, 4096)
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(blob), BTFSize: uint32(len(blob)),
		BTFLogBuf: sys.BytesPointer(log), BTFLogSize: uint32(len(log)), BTFLogLevel: 1})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	defer fd.Close()
	back := make([]byte, len(blob))
	info := sys.BTFInfo{BTF: sys.BytesPointer(back), BTFSize: uint32(len(back))}
	if err := sys.ObjGetInfo(fd.Int(), &info); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(blob, back); diff != "" || info.BTFSize != uint32(len(blob)) {
		t.Errorf("%d bytes back (-want +got):\n%s", info.BTFSize, diff)
	}
}
