//go:build linux

package loader_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// bareLoad is the system call and nothing else, for the same program as returning(t, "bare", asm.SocketFilter, 0).
type bareLoad struct {
	insns   []byte
	license []byte
	attr    struct {
		progType, insnCnt  uint32
		insns              uint64
		license            uint64
		logLevel, logSize  uint32
		logBuf             uint64
		kernVersion, flags uint32
		name               [16]byte
	}
}

func newBareLoad() *bareLoad {
	b := &bareLoad{license: []byte("Dual MIT/GPL\x00")}
	b.insns = binary.NativeEndian.AppendUint64(nil, 0xb7)     // r0 = 0: alike in both byte orders but for this byte
	b.insns = binary.NativeEndian.AppendUint64(b.insns, 0x95) // exit
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {        // big endian: the opcode is the first byte
		b.insns = append(binary.BigEndian.AppendUint64(nil, 0xb7<<56), // r0 = 0
			binary.BigEndian.AppendUint64(nil, 0x95<<56)...)
	}
	b.attr.progType, b.attr.insnCnt = uint32(asm.SocketFilter), 2
	b.attr.insns = uint64(uintptr(unsafe.Pointer(&b.insns[0])))
	b.attr.license = uint64(uintptr(unsafe.Pointer(&b.license[0])))
	copy(b.attr.name[:], "bare")
	return b
}

func (b *bareLoad) load() (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&b.attr)), unsafe.Sizeof(b.attr))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func BenchmarkBareLoad(b *testing.B) {
	kerneltest.Need(b, kerneltest.CAP_BPF)
	bare := newBareLoad()
	for b.Loop() {
		fd, err := bare.load()
		if err != nil {
			b.Fatal(err)
		}
		unix.Close(fd)
	}
}

func BenchmarkLoad(b *testing.B) {
	kerneltest.Need(b, kerneltest.CAP_BPF)
	program := returning(b, "bare", asm.SocketFilter, 0)
	b.ReportAllocs()
	for b.Loop() {
		p, err := loader.Load(program, nil)
		if err != nil {
			b.Fatal(err)
		}
		p.Close()
	}
}

// BenchmarkLoadPaired measures both in turn, so that what else the machine does hits both alike, and reports the ratio
// of the medians.
func BenchmarkLoadPaired(b *testing.B) { benchmarkPaired(b, nil) }

// BenchmarkLoadLinesPaired is the same with the source lines told, which Load does not do on its own.
func BenchmarkLoadLinesPaired(b *testing.B) {
	benchmarkPaired(b, &loader.Options{Lines: loader.SendLines})
}

func benchmarkPaired(b *testing.B, opts *loader.Options) {
	kerneltest.Need(b, kerneltest.CAP_BPF)
	program, bare := returning(b, "bare", asm.SocketFilter, 0), newBareLoad()
	var ours, theirs []time.Duration
	for b.Loop() {
		start := time.Now()
		p, err := loader.Load(program, opts)
		if err != nil {
			b.Fatal(err)
		}
		p.Close()
		middle := time.Now()
		fd, err := bare.load()
		if err != nil {
			b.Fatal(err)
		}
		unix.Close(fd)
		ours, theirs = append(ours, middle.Sub(start)), append(theirs, time.Since(middle))
	}
	reportMedians(b, ours, theirs)
}

func reportMedians(b *testing.B, ours, theirs []time.Duration) {
	x, y := median(ours), median(theirs)
	b.ReportMetric(float64(x.Nanoseconds()), "load-ns")
	b.ReportMetric(float64(y.Nanoseconds()), "bare-ns")
	b.ReportMetric(float64(x)/float64(y), "load/bare")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

const firstLoadMarker = "PUREBPF_FIRST_LOAD"

// BenchmarkFirstLoad starts processes in which one load, ours or the bare one, is the first thing that happens, and
// compares the medians of what they measure. Run it with -benchtime=60x or more.
func BenchmarkFirstLoad(b *testing.B) {
	kerneltest.Need(b, kerneltest.CAP_BPF)
	if way := os.Getenv(firstLoadMarker); way != "" {
		fmt.Println(firstLoadMarker, firstLoad(b, way).Nanoseconds())
		return
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, inFreshProcess(b, "load"))
		theirs = append(theirs, inFreshProcess(b, "bare"))
	}
	reportMedians(b, ours, theirs)
}

func firstLoad(b *testing.B, way string) time.Duration {
	if way == "bare" {
		bare := newBareLoad()
		start := time.Now()
		fd, err := bare.load()
		took := time.Since(start)
		if err != nil {
			b.Fatal(err)
		}
		unix.Close(fd)
		return took
	}
	program := returning(b, "bare", asm.SocketFilter, 0)
	start := time.Now()
	p, err := loader.Load(program, nil)
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	p.Close()
	return took
}

func inFreshProcess(b *testing.B, way string) time.Duration {
	cmd := exec.Command("/proc/self/exe", "-test.run=^$", "-test.bench=^BenchmarkFirstLoad$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), firstLoadMarker+"="+way)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	_, after, _ := strings.Cut(string(out), firstLoadMarker+" ")
	ns, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseInt(ns, 10, 64)
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return time.Duration(n)
}
