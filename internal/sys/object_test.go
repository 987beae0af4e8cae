//go:build linux

package sys

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

// The numbers of the program and attach types that these tests use.
const (
	progSocketFilter   = 1
	progCgroupSKB      = 8
	attachInetEgress   = 1
	mapArray           = 2
	returnOneInsnCount = 2
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loadReturnOne loads r0 = 1; exit, which every hook takes for "go on".
func loadReturnOne(t *testing.T, progType, attachType uint32) *FD {
	t.Helper()
	program := []uint64{native(0xb7, 1), native(0x95, 0)}
	fd, err := ProgLoad(&ProgLoadAttr{
		ProgType: progType, ExpectedAttachType: attachType,
		InsnCnt: returnOneInsnCount, Insns: SlicePointer(program), License: StringPointer("MIT"),
	})
	check(t, err)
	t.Cleanup(func() { fd.Close() })
	return fd
}

func progID(t *testing.T, fd *FD) uint32 {
	t.Helper()
	var info ProgInfo
	check(t, ObjGetInfo(fd.Int(), &info))
	return info.ID
}

func openCgroup(t *testing.T) int {
	t.Helper()
	n, err := unix.Open(kerneltest.Cgroup(t), unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(n) })
	return n
}

func queryCgroup(t *testing.T, cgroup int) []uint32 {
	t.Helper()
	ids := make([]uint32, 4)
	attr := ProgQueryAttr{TargetFD: uint32(cgroup), AttachType: attachInetEgress, ProgIDs: SlicePointer(ids), Count: uint32(len(ids))}
	check(t, ProgQuery(&attr))
	return ids[:attr.Count]
}

func TestProgAttach(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	cgroup := openCgroup(t)
	first := loadReturnOne(t, progCgroupSKB, attachInetEgress)
	second := loadReturnOne(t, progCgroupSKB, attachInetEgress)
	attr := ProgAttachAttr{
		TargetFD: uint32(cgroup), AttachBPFFD: uint32(first.Int()), AttachType: attachInetEgress, AttachFlags: AttachAllowMulti,
	}
	check(t, ProgAttach(&attr))
	if ids := queryCgroup(t, cgroup); len(ids) != 1 || ids[0] != progID(t, first) {
		t.Errorf("attached: %v, want %d", ids, progID(t, first))
	}
	attr.AttachBPFFD, attr.ReplaceBPFFD = uint32(second.Int()), uint32(first.Int())
	attr.AttachFlags |= AttachReplace
	check(t, ProgAttach(&attr))
	if ids := queryCgroup(t, cgroup); len(ids) != 1 || ids[0] != progID(t, second) {
		t.Errorf("attached after replacing: %v, want %d", ids, progID(t, second))
	}
	check(t, ProgDetach(&ProgAttachAttr{TargetFD: uint32(cgroup), AttachBPFFD: uint32(second.Int()), AttachType: attachInetEgress}))
	if ids := queryCgroup(t, cgroup); len(ids) != 0 {
		t.Errorf("attached after detaching: %v", ids)
	}
}

func TestLink(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	cgroup := openCgroup(t)
	var cgroupStat unix.Stat_t
	check(t, unix.Fstat(cgroup, &cgroupStat))
	first := loadReturnOne(t, progCgroupSKB, attachInetEgress)
	second := loadReturnOne(t, progCgroupSKB, attachInetEgress)
	link, err := LinkCreate(&LinkCreateAttr{ProgFD: uint32(first.Int()), TargetFD: uint32(cgroup), AttachType: attachInetEgress})
	check(t, err)
	defer link.Close()

	var info LinkInfo
	check(t, ObjGetInfo(link.Int(), &info))
	if info.Type != LinkTypeCgroup || info.ProgID != progID(t, first) || info.ID == 0 {
		t.Errorf("info: %+v", info)
	}
	if got := info.Cgroup(); got.AttachType != attachInetEgress || got.CgroupID != cgroupStat.Ino {
		t.Errorf("attached to %+v, want cgroup %d", got, cgroupStat.Ino)
	}
	again, err := LinkGetFDByID(info.ID)
	check(t, err)
	check(t, again.Close())
	if next, err := LinkGetNextID(info.ID - 1); next != info.ID || err != nil {
		t.Errorf("next link: %d, %v, want %d", next, err, info.ID)
	}

	path := filepath.Join(kerneltest.BPFFS(t), "link")
	check(t, ObjPin(link.Int(), path))
	pinned, err := ObjGet(path, 0)
	check(t, err)
	defer pinned.Close()

	update := LinkUpdateAttr{LinkFD: uint32(pinned.Int()), NewProgFD: uint32(second.Int()), Flags: LinkUpdateReplace, OldProgFD: uint32(second.Int())}
	if err := LinkUpdate(&update); err != unix.EPERM {
		t.Errorf("replacing a program that is not there: %v, want EPERM", err)
	}
	update.OldProgFD = uint32(first.Int())
	check(t, LinkUpdate(&update))
	if ids := queryCgroup(t, cgroup); len(ids) != 1 || ids[0] != progID(t, second) {
		t.Errorf("attached after the update: %v, want %d", ids, progID(t, second))
	}
	check(t, LinkDetach(link.Int()))
	if ids := queryCgroup(t, cgroup); len(ids) != 0 {
		t.Errorf("attached after detaching: %v", ids)
	}
}

func TestBTFLoad(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	// One type: int, 4 bytes, signed.
	order := binary.NativeEndian
	blob := append(order.AppendUint16(nil, 0xeb9f), 1, 0)
	for _, v := range []uint32{24, 0, 16, 16, 5, 1, 1 << 24, 4, 1<<24 | 32} {
		blob = order.AppendUint32(blob, v)
	}
	blob = append(blob, "\x00int\x00"...)
	fd, err := BTFLoad(&BTFLoadAttr{BTF: BytesPointer(blob), BTFSize: uint32(len(blob))})
	check(t, err)
	defer fd.Close()
	back := make([]byte, len(blob))
	info := BTFInfo{BTF: BytesPointer(back), BTFSize: uint32(len(back))}
	check(t, ObjGetInfo(fd.Int(), &info))
	if string(back) != string(blob) || info.ID == 0 {
		t.Errorf("id %d, read back % x, want % x", info.ID, back, blob)
	}
	if next, err := BTFGetNextID(info.ID - 1); next != info.ID || err != nil {
		t.Errorf("next object: %d, %v, want %d", next, err, info.ID)
	}
	again, err := BTFGetFDByID(info.ID)
	check(t, err)
	check(t, again.Close())
}

func TestStatsAndBinding(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	prog := loadReturnOne(t, progSocketFilter, 0)
	m, err := MapCreate(&MapCreateAttr{MapType: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	check(t, err)
	defer m.Close()
	check(t, ProgBindMap(&ProgBindMapAttr{ProgFD: uint32(prog.Int()), MapFD: uint32(m.Int())}))
	stats, err := EnableStats()
	check(t, err)
	defer stats.Close()
	check(t, ProgTestRun(&ProgTestRunAttr{ProgFD: uint32(prog.Int()), DataIn: BytesPointer(make([]byte, 64)), DataSizeIn: 64, Repeat: 7}))
	maps := make([]uint32, 2)
	info := ProgInfo{MapIDs: SlicePointer(maps), NrMapIDs: 2}
	check(t, ObjGetInfo(prog.Int(), &info))
	var mapInfo MapInfo
	check(t, ObjGetInfo(m.Int(), &mapInfo))
	if info.RunCnt != 7 || info.NrMapIDs != 1 || maps[0] != mapInfo.ID {
		t.Errorf("%d runs, %d maps %v, want 7 runs and map %d", info.RunCnt, info.NrMapIDs, maps, mapInfo.ID)
	}
	if next, err := MapGetNextID(mapInfo.ID - 1); next != mapInfo.ID || err != nil {
		t.Errorf("next map: %d, %v, want %d", next, err, mapInfo.ID)
	}
	again, err := MapGetFDByID(mapInfo.ID, OpenReadOnly)
	check(t, err)
	check(t, again.Close())
}

func TestProgramsOnSockets(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	prog := loadReturnOne(t, progSocketFilter, 0)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(fd)
	check(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	check(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, AttachFilterProg(fd, prog.Int()))
	if _, err := Filter(fd); err != unix.EACCES {
		t.Errorf("reading back a filter that is not classic: %v, want EACCES", err)
	}
	check(t, DetachFilter(fd))
	check(t, AttachReuseportProg(fd, prog.Int()))
	check(t, DetachReuseport(fd))
}
