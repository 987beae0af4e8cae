//go:build linux

package sys

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

func TestObjName(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"workers", "workers"},
		{"a-b c/d.e_F9", "a_b_c_d.e_F9"},
		{"exactly15bytes!", "exactly15bytes_"},
		{"longer_than_fifteen", "longer_than_fif"},
		{"größe", "gr____e"},
		{"", ""},
	} {
		if got := NewObjName(test.in).String(); got != test.want {
			t.Errorf("NewObjName(%q) = %q, want %q", test.in, got, test.want)
		}
	}
	var full ObjName
	copy(full[:], "0123456789abcdef")
	if got := full.String(); got != "0123456789abcdef" {
		t.Errorf("a name without NUL reads %q", got)
	}
}

// TestPointer reads the 8 bytes that the kernel sees.
func TestPointer(t *testing.T) {
	x := uint32(7)
	for _, test := range []struct {
		name string
		ptr  Pointer
		want uint64
	}{
		{"object", PointerTo(&x), uint64(uintptr(unsafe.Pointer(&x)))},
		{"nil object", PointerTo[uint32](nil), 0},
		{"no bytes", BytesPointer(nil), 0},
		{"empty but not nil", BytesPointer([]byte{}), 0},
		{"empty with capacity", BytesPointer(make([]byte, 0, 8)), 0},
		{"zero", Pointer{}, 0},
	} {
		if got := *(*uint64)(unsafe.Pointer(&test.ptr)); got != test.want {
			t.Errorf("%s: %#x, want %#x", test.name, got, test.want)
		}
		if test.ptr.IsNil() != (test.want == 0) {
			t.Errorf("%s: IsNil is %v", test.name, test.ptr.IsNil())
		}
	}
	if unsafe.Sizeof(Pointer{}) != 8 {
		t.Errorf("a Pointer has %d bytes", unsafe.Sizeof(Pointer{}))
	}
	p := StringPointer("ab")
	if got := unsafe.String((*byte)(p.addr), 3); got != "ab\x00" {
		t.Errorf("StringPointer gives %q", got)
	}
}

func TestBytes(t *testing.T) {
	pair := struct{ A, B uint16 }{1, 2}
	Bytes(&pair)[0]++
	if pair.A == 1 || len(Bytes(&pair)) != 4 {
		t.Errorf("%+v, %d bytes", pair, len(Bytes(&pair)))
	}
	if n := len(Bytes(&struct{}{})); n != 0 {
		t.Errorf("an empty structure has %d bytes", n)
	}
	if n := len(SliceBytes([]uint32{1, 2, 3})); n != 12 {
		t.Errorf("three uint32 have %d bytes", n)
	}
	if n := len(SliceBytes[uint32](nil)); n != 0 {
		t.Errorf("a nil slice has %d bytes", n)
	}
}

func TestMapElements(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	fd, err := MapCreate(&MapCreateAttr{MapType: 1, KeySize: 4, ValueSize: 8, MaxEntries: 4, MapName: NewObjName("elements")})
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	key, value, next := uint32(5), uint64(1)<<40, uint32(0)
	if err := MapUpdate(fd.Int(), PointerTo(&key), PointerTo(&value), 0); err != nil {
		t.Fatal(err)
	}
	var got uint64
	if err := MapLookup(fd.Int(), PointerTo(&key), PointerTo(&got), 0); err != nil || got != value {
		t.Errorf("lookup: %d, %v", got, err)
	}
	if err := MapGetNextKey(fd.Int(), Pointer{}, PointerTo(&next)); err != nil || next != key {
		t.Errorf("first key: %d, %v", next, err)
	}
	if err := MapGetNextKey(fd.Int(), PointerTo(&key), PointerTo(&next)); err != unix.ENOENT {
		t.Errorf("key after the last: %v", err)
	}
	if err := MapDelete(fd.Int(), PointerTo(&key)); err != nil {
		t.Error(err)
	}
	if err := MapLookup(fd.Int(), PointerTo(&key), PointerTo(&got), 0); err != unix.ENOENT {
		t.Errorf("lookup of a deleted key: %v", err)
	}
	if n := testing.AllocsPerRun(100, func() {
		k, v := uint32(1), uint64(2)
		MapUpdate(fd.Int(), PointerTo(&k), PointerTo(&v), 0)
		MapLookup(fd.Int(), PointerTo(&k), PointerTo(&v), 0)
		MapDelete(fd.Int(), PointerTo(&k))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	var info MapInfo
	if err := ObjGetInfo(fd.Int(), &info); err != nil {
		t.Fatal(err)
	}
	want := MapInfo{Type: 1, ID: info.ID, KeySize: 4, ValueSize: 8, MaxEntries: 4, Name: NewObjName("elements")}
	if info.ID == 0 || info != want {
		t.Errorf("info (-want +got):\n%s", cmp.Diff(want, info, cmp.AllowUnexported(Pointer{})))
	}
}

// returnZero is r0 = 0; exit.
var returnZero = []uint64{native(0xb7, 0), native(0x95, 0)}

// native builds an instruction without registers as the machine stores it.
func native(op byte, imm int32) uint64 {
	var b [8]byte
	b[0] = op
	*(*int32)(unsafe.Pointer(&b[4])) = imm
	return *(*uint64)(unsafe.Pointer(&b))
}

func TestProgLoadAndRun(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fd, err := ProgLoad(&ProgLoadAttr{
		ProgType: 3, // SCHED_CLS
		InsnCnt:  uint32(len(returnZero)),
		Insns:    SlicePointer(returnZero),
		License:  StringPointer("MIT"),
		ProgName: NewObjName("zero"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	run := ProgTestRunAttr{ProgFD: uint32(fd.Int()), DataIn: BytesPointer(make([]byte, 64)), DataSizeIn: 64, Retval: 99, Repeat: 3}
	if err := ProgTestRun(&run); err != nil || run.Retval != 0 {
		t.Errorf("run: %d, %v", run.Retval, err)
	}
	var info ProgInfo
	if err := ObjGetInfo(fd.Int(), &info); err != nil || info.Type != 3 || info.Name.String() != "zero" || info.XlatedProgLen != 16 {
		t.Errorf("info: %+v, %v", info, err)
	}
	again, err := ProgGetFDByID(info.ID)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if next, err := ProgGetNextID(info.ID - 1); err != nil || next != info.ID {
		t.Errorf("next program after %d: %d, %v", info.ID-1, next, err)
	}
}

// TestProgLoadUnderSignals loads a program that takes long to verify while the process gets signals all the time.
func TestProgLoadUnderSignals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, unix.SIGUSR1)
	defer signal.Stop(ignored)
	program := make([]uint64, 0, 4096)
	for range 4095 {
		program = append(program, returnZero[0])
	}
	program = append(program, returnZero[1])

	var stop = make(chan struct{})
	var wg sync.WaitGroup
	tid := make(chan int)
	wg.Go(func() {
		target := <-tid
		for {
			select {
			case <-stop:
				return
			default:
				unix.Tgkill(unix.Getpid(), target, unix.SIGUSR1)
				time.Sleep(50 * time.Microsecond)
			}
		}
	})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tid <- unix.Gettid()
	license := StringPointer("MIT")
	var before, after unix.Sigset_t
	unix.PthreadSigmask(unix.SIG_BLOCK, nil, &before)
	for range 200 {
		fd, err := ProgLoad(&ProgLoadAttr{ProgType: 3, InsnCnt: uint32(len(program)), Insns: SlicePointer(program), License: license})
		if err != nil {
			t.Error(err)
			break
		}
		fd.Close()
	}
	close(stop)
	wg.Wait()
	unix.PthreadSigmask(unix.SIG_BLOCK, nil, &after)
	if before != after {
		t.Errorf("signal mask %x before, %x after", before.Val[0], after.Val[0])
	}
}
