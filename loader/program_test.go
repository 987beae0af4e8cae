//go:build linux

package loader_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

func TestInfo(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	m := counter(t)
	p := load(t, counting(t, "a$name_longer_than_15_bytes", asm.SocketFilter, m, 1))
	if p.Name() != "a$name_longer_than_15_bytes" || p.Type() != asm.SocketFilter || p.AttachType() != 0 || p.Log() != "" {
		t.Errorf("name %q, type %v, attach type %v, log %q", p.Name(), p.Type(), p.AttachType(), p.Log())
	}
	stats, err := loader.EnableStats()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(&loader.RunOptions{Data: make([]byte, 14), Repeat: 10}); err != nil {
		t.Fatal(err)
	}
	conn := udp(t)
	if err := loader.AttachSocketFilter(conn, p); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		send(t, conn.LocalAddr(), "x")
	}
	stats.Close()
	send(t, conn.LocalAddr(), "x")

	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	mapInfo, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &now)
	if age := time.Duration(now.Nano()) - info.LoadTime; age <= 0 || age > time.Minute {
		t.Errorf("loaded %v ago", age)
	}
	if info.ID == 0 || info.RunTime <= 0 || len(info.Tag) != 16 || info.JITedSize == 0 {
		t.Errorf("id %d, run time %v, tag %q, JITed %d bytes", info.ID, info.RunTime, info.Tag, info.JITedSize)
	}
	want := &loader.Info{
		ID: info.ID, Type: asm.SocketFilter, Name: "a_name_longer_t", Tag: info.Tag, GPLCompatible: true, LoadTime: info.LoadTime,
		MapIDs: []uint32{mapInfo.ID}, XlatedSize: info.XlatedSize, JITedSize: info.JITedSize, VerifiedInstructions: 5,
		RunCount: 10 + 5, RunTime: info.RunTime,
	}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}

	xlated, err := p.Xlated()
	if err != nil {
		t.Fatal(err)
	}
	// The kernel leaves these instructions as they are but for the map, which it names by id, and prepares the atomic one.
	if len(xlated) != info.XlatedSize || len(xlated)%8 != 0 {
		t.Errorf("%d bytes xlated, info says %d", len(xlated), info.XlatedSize)
	}
	if exit := binary.NativeEndian.AppendUint64(nil, 0x95); len(xlated) > 8 && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		if diff := cmp.Diff(exit, xlated[len(xlated)-8:]); diff != "" {
			t.Errorf("last instruction (-want +got):\n%s", diff)
		}
	}

	opened, err := loader.OpenID(info.ID, &loader.OpenOptions{Type: asm.SocketFilter})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if again, err := opened.Info(); err != nil || again.ID != info.ID || opened.Name() != "a_name_longer_t" {
		t.Errorf("opened by id: %q, %+v, %v", opened.Name(), again, err)
	}
}

func TestPin(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	dir := kerneltest.BPFFS(t)
	path := filepath.Join(dir, "p")
	p := load(t, returning(t, "pinned", asm.SocketFilter, 7))
	other := load(t, returning(t, "other", asm.SocketFilter, 8))
	m := counter(t)
	if err := m.Pin(filepath.Join(dir, "m")); err != nil {
		t.Fatal(err)
	}
	if err := p.Pin(path); err != nil {
		t.Fatal(err)
	}
	opened, err := loader.OpenPinned(path, &loader.OpenOptions{Type: asm.SocketFilter})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if result, err := opened.Run(&loader.RunOptions{Data: make([]byte, 14)}); err != nil || result.Return != 7 {
		t.Errorf("run of the opened program: %+v, %v", result, err)
	}

	open := func(path string, opts *loader.OpenOptions) error {
		p, err := loader.OpenPinned(path, opts)
		if err == nil {
			p.Close()
		}
		return err
	}
	_, linkErr := loader.OpenPinnedLink(path)
	plain := filepath.Join(t.TempDir(), "p")
	_, idErr := loader.OpenID(1<<31-1, nil)
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"pin again", p.Pin(path), unix.EEXIST, "pin program pinned to " + path + ": file exists"},
		{"outside", p.Pin(plain), unix.EPERM, "(is the directory in a BPF file system, and may this process write to it?)"},
		{"no path", p.Pin(""), unix.EINVAL, "pin program pinned to : invalid argument"},
		{"path with NUL", p.Pin(dir + "/a\x00b"), unix.EINVAL, "invalid argument"},
		{"open a map", open(filepath.Join(dir, "m"), nil), loader.ErrWrongType, "open pinned program " + dir + "/m: wrong type: it is bpf-map, not a BPF prog"},
		{"open nothing", open(filepath.Join(dir, "none"), nil), unix.ENOENT, "open pinned program " + dir + "/none: no such file or directory"},
		{"open as another type", open(path, &loader.OpenOptions{Type: asm.XDP}), loader.ErrWrongType, "wrong type: pinned is of type socket_filter, not xdp"},
		{"open as a link", linkErr, loader.ErrWrongType, "open pinned link " + path + ": wrong type: it is bpf-prog, not a BPF link"},
		{"open by id", idErr, unix.ENOENT, "open program with id 2147483647: no such file or directory"},
		{"unpin another", other.Unpin(path), nil, "unpin program other from " + path + ": something else is pinned there"},
		{"unpin a map", p.Unpin(filepath.Join(dir, "m")), nil, "something else is pinned there"},
		{"unpin nothing", p.Unpin(filepath.Join(dir, "none")), unix.ENOENT, "no such file or directory"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
	if err := p.Unpin(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("after Unpin: %v", err)
	}
}

func TestClosed(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	p := load(t, returning(t, "closed", asm.SocketFilter, 0))
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if p.FD() != -1 {
		t.Errorf("FD after Close: %d", p.FD())
	}
	_, infoErr := p.Info()
	_, runErr := p.Run(nil)
	_, xlatedErr := p.Xlated()
	for name, err := range map[string]error{"info": infoErr, "run": runErr, "dump": xlatedErr, "pin": p.Pin("/x"), "unpin": p.Unpin("/x")} {
		wantError(t, name, err, name, "program closed", "file already closed")
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v is not os.ErrClosed", name, err)
		}
	}
}

func TestRun(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	// Writes the first byte of the packet and the mark of the context.
	p := load(t, build(t, "writer", asm.SchedCLS, func(b *asm.Builder) {
		b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffMark))
		b.Mov(asm.R2, 9)
		b.Stx(asm.R1.Field(asm.SkBuffMark), asm.R2)
		b.Ldx(asm.R2, asm.R1.Field(asm.SkBuffData))
		b.Ldx(asm.R3, asm.R1.Field(asm.SkBuffDataEnd))
		b.Mov(asm.R4, asm.R2)
		b.Add(asm.R4, 1)
		b.JumpIf(asm.R4.Gt(asm.R3), "out")
		b.Mov(asm.R4, 0x42)
		b.Stx(asm.R2.U8(0), asm.R4)
		b.Label("out")
		b.Exit()
	}))
	context := make([]byte, asm.ContextSkBuff.Size())
	binary.NativeEndian.PutUint32(context[asm.SkBuffMark.Offset():], 5)
	data := make([]byte, 20)
	result, err := p.Run(&loader.RunOptions{Data: data, Context: context, Repeat: 100})
	if err != nil {
		t.Fatal(err)
	}
	// From the second run on the program finds its own mark.
	got := fmt.Sprintf("returned %d, %d bytes of packet with %#x, mark %d, input %#x", result.Return, len(result.Data), result.Data[0],
		binary.NativeEndian.Uint32(result.Context[asm.SkBuffMark.Offset():]), data[0])
	if diff := cmp.Diff("returned 9, 20 bytes of packet with 0x42, mark 9, input 0x0", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	refused := func(kind asm.ProgramType, opts *loader.RunOptions) error {
		_, err := load(t, returning(t, "refused", kind, 1)).Run(opts)
		return err
	}
	packet := &loader.RunOptions{Data: make([]byte, 64)}
	for _, kind := range []asm.ProgramType{asm.SkReuseport, asm.SkMsg, asm.SkSKB, asm.SockOps, asm.CgroupSock} {
		err := refused(kind, packet)
		wantError(t, kind.String(), err, "run "+kind.String()+" program refused: the kernel runs no "+kind.String()+" programs on data; it does socket_filter, xdp, ",
			"(errno 524, ENOTSUPP)")
		if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.Errno(524)) {
			t.Errorf("%v: %v is not ErrUnsupported and ENOTSUPP", kind, err)
		}
	}
	err = refused(asm.SchedCLS, &loader.RunOptions{Data: make([]byte, 13)})
	wantError(t, "short packet", err, "run sched_cls program refused: invalid argument (13 bytes of data, 14 or more are a packet; 0 bytes of context)")
}

// TestRunRoom runs a program that makes its packet longer.
func TestRunRoom(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	p := load(t, build(t, "grow", asm.SchedCLS, func(b *asm.Builder) {
		b.Mov(asm.R2, 1000)
		b.Mov(asm.R3, 0)
		b.CallHelper(asm.FnSKBChangeTail)
		b.Exit()
	}))
	result, err := p.Run(&loader.RunOptions{Data: make([]byte, 100), Room: 900})
	if err != nil || result.Return != 0 || len(result.Data) != 1000 {
		t.Errorf("with room: %+v, %v", result, err)
	}
	_, err = p.Run(&loader.RunOptions{Data: make([]byte, 100)})
	wantError(t, "without room", err, "run sched_cls program grow: no space left on device")
}

const lowMarker = "PUREBPF_LOW_DESCRIPTORS"

// TestLowDescriptors loads in a process whose descriptors 0 to 2 are closed, so that the kernel hands them out.
func TestLowDescriptors(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	if os.Getenv(lowMarker) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestLowDescriptors$", "-test.v")
		cmd.Env = append(os.Environ(), lowMarker+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	result, err := os.OpenFile(filepath.Join(t.TempDir(), "out"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var saved [3]int
	for n := range saved {
		saved[n], _ = unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 10)
		unix.Close(n)
	}
	program := returning(t, "low", asm.SkMsg, 1)
	p, loadErr := loader.Load(program, nil)
	m := socketMap(t)
	link, linkErr := loader.AttachSocketMap(m.Raw, p)
	lowest, _ := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	for n := range saved {
		unix.Dup3(saved[n], n, 0)
		unix.Close(saved[n])
	}
	if lowest != 0 {
		t.Errorf("descriptor 0 was not free: %d", lowest)
	}
	if loadErr != nil || linkErr != nil {
		t.Fatal(loadErr, linkErr)
	}
	defer p.Close()
	defer link.Close()
	if p.FD() < 3 || m.FD() < 3 {
		t.Errorf("descriptors %d and %d", p.FD(), m.FD())
	}
	runtime.KeepAlive(p)
}
