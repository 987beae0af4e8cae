package bench

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

	"github.com/cilium/ebpf"
	cilium "github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// The most that a load may take, as a multiple of the bare system call: once the process has loaded programs before, and
// when it is the first thing that happens.
const (
	maxWarmLoad  = 1.15
	maxFirstLoad = 1.5
)

// ways are what is compared: each loads a program of two instructions, closes it and returns how long the load took.
var ways = []struct {
	name    string
	prepare func(testing.TB) func() (time.Duration, error)
}{
	{"bare", bareLoad},
	{"purebpf", ourLoad},
	{"cilium", ciliumLoad},
}

// bareLoad has nothing but the system call: no name, no log, no retry.
func bareLoad(testing.TB) func() (time.Duration, error) {
	insns := [2]uint64{0xb7, 0x95} // r0 = 0; exit
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		insns = [2]uint64{0xb7 << 56, 0x95 << 56}
	}
	license := []byte("Dual MIT/GPL\x00")
	return func() (time.Duration, error) {
		start := time.Now()
		attr := struct {
			progType, insnCnt uint32
			insns, license    unsafe.Pointer
		}{unix.BPF_PROG_TYPE_SOCKET_FILTER, 2, unsafe.Pointer(&insns), unsafe.Pointer(&license[0])}
		fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
		took := time.Since(start)
		if errno != 0 {
			return 0, errno
		}
		return took, unix.Close(int(fd))
	}
}

func ourLoad(tb testing.TB) func() (time.Duration, error) {
	b := asm.NewBuilder("two", asm.SocketFilter)
	b.Mov(asm.R0, 0)
	b.Exit()
	p, err := b.Program()
	if err != nil {
		tb.Fatal(err)
	}
	return func() (time.Duration, error) {
		start := time.Now()
		loaded, err := loader.Load(p, nil)
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		return took, loaded.Close()
	}
}

func ciliumLoad(testing.TB) func() (time.Duration, error) {
	spec := &ebpf.ProgramSpec{
		Name: "two", Type: ebpf.SocketFilter, License: "Dual MIT/GPL",
		Instructions: cilium.Instructions{cilium.Mov.Imm(cilium.R0, 0), cilium.Return()},
	}
	return func() (time.Duration, error) {
		start := time.Now()
		loaded, err := ebpf.NewProgram(spec)
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		return took, loaded.Close()
	}
}

func TestWarmLoad(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	loads := make([]func() (time.Duration, error), len(ways))
	for i, w := range ways {
		loads[i] = w.prepare(t)
	}
	compare(t, maxWarmLoad, 400, func(way int) (time.Duration, error) { return loads[way]() })
}

// wayVariable names the way that a process has to go when it is one that TestFirstLoad started.
const wayVariable = "PUREBPF_FIRST_LOAD"

func TestFirstLoad(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	if way := os.Getenv(wayVariable); way != "" {
		for _, w := range ways {
			if w.name == way {
				took, err := w.prepare(t)()
				fmt.Println(wayVariable, took.Nanoseconds(), err)
			}
		}
		return
	}
	compare(t, maxFirstLoad, 30, func(way int) (time.Duration, error) {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestFirstLoad$")
		cmd.Env = append(os.Environ(), wayVariable+"="+ways[way].name)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%w\n%s", err, out)
		}
		_, line, _ := strings.Cut(string(out), wayVariable+" ")
		ns, rest, _ := strings.Cut(line, " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil || !strings.HasPrefix(rest, "<nil>") {
			return 0, fmt.Errorf("%w\n%s", err, out)
		}
		return time.Duration(n), nil
	})
}

// compare measures the ways in turn, so that what else the machine does hits all of them alike, and holds the median of
// purebpf's times against that of the bare ones. A busy machine gets more attempts; a slow library fails them all.
func compare(t *testing.T, most float64, rounds int, measure func(way int) (time.Duration, error)) {
	t.Helper()
	var ratio float64
	for range 5 {
		times := make([][]time.Duration, len(ways))
		for range rounds {
			for way := range ways {
				took, err := measure(way)
				if err != nil {
					t.Fatalf("%s: %v", ways[way].name, err)
				}
				times[way] = append(times[way], took)
			}
		}
		medians := make([]float64, len(ways))
		for way := range ways {
			slices.Sort(times[way])
			medians[way] = float64(times[way][rounds/2].Nanoseconds())
		}
		ratio = medians[1] / medians[0]
		t.Logf("bare %.1f µs, purebpf %.1f µs (%.2fx), cilium %.1f µs (%.2fx)",
			medians[0]/1e3, medians[1]/1e3, ratio, medians[2]/1e3, medians[2]/medians[0])
		if ratio <= most {
			return
		}
	}
	t.Errorf("purebpf takes %.2f times as long as the bare system call, want at most %.2f", ratio, most)
}
