package asm

import (
	"encoding/binary"
	"errors"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// kernelWorld are the maps of random programs in the kernel.
type kernelWorld struct {
	t     testing.TB
	specs []MapSpec
	fds   []*sys.FD
	cpus  int       // values of a per-CPU map
	types []*sys.FD // BTF of programs with one more subprogram each
}

func newKernelWorld(t testing.TB) *kernelWorld {
	w := &kernelWorld{t: t, specs: randomMaps(), cpus: possibleCPUs(t)}
	for _, s := range w.specs {
		fd, err := sys.MapCreate(&sys.MapCreateAttr{
			MapType: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, MapFlags: uint32(s.Flags),
		})
		if err != nil {
			t.Fatalf("map %s: %v", s.Name, err)
		}
		t.Cleanup(func() { fd.Close() })
		w.fds = append(w.fds, fd)
		if s.Name == SectionRodata {
			w.set(len(w.fds)-1, 0, randomConstants())
			if err := sys.MapFreeze(fd.Int()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for functions := range 5 {
		fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(functionTypes(functions)), BTFSize: uint32(len(functionTypes(functions)))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { fd.Close() })
		w.types = append(w.types, fd)
	}
	return w
}

// functionTypes is BTF of static functions "int f(void)", of types 3 and on. The kernel wants it of functions that call
// back.
func functionTypes(functions int) []byte {
	const strings = "\x00int\x00f\x00"
	types := []uint32{
		1, 1 << 24, 4, 1<<24 | 32, // int, signed
		0, 13 << 24, 1, // a function that returns it
	}
	for range functions {
		types = append(types, 5, 12<<24, 2)
	}
	b := binary.NativeEndian.AppendUint16(nil, 0xeb9f)
	b = append(b, 1, 0)
	for _, v := range append([]uint32{24, 0, uint32(4 * len(types)), uint32(4 * len(types)), uint32(len(strings))}, types...) {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return append(b, strings...)
}

func possibleCPUs(t testing.TB) int {
	b, err := os.ReadFile("/sys/devices/system/cpu/possible") // such as 0-3
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(b))
	last, err := strconv.Atoi(text[strings.LastIndexAny(text, "-,")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return last + 1
}

func (w *kernelWorld) key(m int, key uint32) sys.Pointer {
	if w.specs[m].KeySize == 8 {
		return sys.BytesPointer(binary.NativeEndian.AppendUint64(nil, uint64(key)))
	}
	return sys.BytesPointer(binary.NativeEndian.AppendUint32(nil, key))
}

func (w *kernelWorld) set(m int, key uint32, v []byte) {
	w.t.Helper()
	if err := sys.MapUpdate(w.fds[m].Int(), w.key(m, key), sys.BytesPointer(v), 0); err != nil {
		w.t.Fatalf("%s: %v", w.specs[m].Name, err)
	}
}

// fill gives the maps what they hold when a program begins.
func (w *kernelWorld) fill(contents func(MapSpec, uint32) []byte) {
	for m, s := range w.specs {
		if s.Name == SectionRodata {
			continue
		}
		for key := range s.MaxEntries {
			v := contents(s, key)
			switch {
			case v == nil:
				sys.MapDelete(w.fds[m].Int(), w.key(m, key)) // an error means that it is not there
			case s.Type == MapPerCPUArray:
				w.set(m, key, make([]byte, w.cpus*len(v)))
			default:
				w.set(m, key, v)
			}
		}
	}
}

// outcome reads what a program left behind.
func (w *kernelWorld) outcome(r0 uint32, packet []byte) outcome {
	o := outcome{r0: r0, packet: packet, values: make(map[string]string)}
	for m, s := range w.specs {
		for key := range s.MaxEntries {
			v := make([]byte, s.ValueSize)
			to := v
			if s.Type == MapPerCPUArray {
				to = make([]byte, w.cpus*len(v))
			}
			if err := sys.MapLookup(w.fds[m].Int(), w.key(m, key), sys.BytesPointer(to), 0); err != nil {
				continue
			}
			if s.Type == MapPerCPUArray {
				for at := 0; at < len(to); at += 8 {
					sum := v[at%len(v):]
					binary.NativeEndian.PutUint64(sum, binary.NativeEndian.Uint64(sum)+binary.NativeEndian.Uint64(to[at:]))
				}
			}
			o.set(s.Name, key, v)
		}
	}
	return o
}

// link puts the descriptors of the maps into a copy of the program's code.
func (w *kernelWorld) link(p *Program) []byte {
	insns := p.Spec().Instructions
	for _, r := range p.References() {
		for m, s := range w.specs {
			if s.Name == r.Symbol {
				insns[r.Index].Imm |= int64(w.fds[m].Int())
			}
		}
	}
	code, err := AppendInstructions(nil, insns, binary.NativeEndian)
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func (w *kernelWorld) load(p *Program, level uint32) (*sys.FD, string, error) {
	code := w.link(p)
	attr := sys.ProgLoadAttr{
		ProgType: uint32(p.Type()), InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
	}
	functions := p.Functions()
	var info []byte
	for n, f := range functions {
		info = binary.NativeEndian.AppendUint32(info, uint32(p.Slot(f.Index)))
		info = binary.NativeEndian.AppendUint32(info, uint32(3+n))
	}
	if len(functions) > 1 {
		attr.ProgBTFFD, attr.FuncInfoRecSize = uint32(w.types[len(functions)].Int()), 8
		attr.FuncInfo, attr.FuncInfoCnt = sys.BytesPointer(info), uint32(len(functions))
	}
	var log []byte
	if level != 0 {
		log = make([]byte, 1<<24)
		attr.LogLevel, attr.LogSize, attr.LogBuf = level, uint32(len(log)), sys.BytesPointer(log)
	}
	fd, err := sys.ProgLoad(&attr)
	text, _, _ := strings.Cut(string(log), "\x00")
	return fd, text, err
}

func (w *kernelWorld) run(fd *sys.FD, frame []byte) (uint32, []byte, error) {
	out := make([]byte, len(frame)+256)
	attr := sys.ProgTestRunAttr{
		ProgFD: uint32(fd.Int()), DataIn: sys.BytesPointer(frame), DataSizeIn: uint32(len(frame)),
		DataOut: sys.BytesPointer(out), DataSizeOut: uint32(len(out)),
	}
	err := sys.ProgTestRun(&attr)
	return attr.Retval, out[:attr.DataSizeOut], err
}

// tooMuch are the verifier's words for a program that may be right but is too much for it: what random loops and
// branches can be, whoever allocates their registers.
var tooMuch = regexp.MustCompile(`combined stack size|infinite loop detected|jumps is too complex`)

// The kernel runs the programs that the passes make as an interpreter runs the calls that the author made: the same r0,
// packet and maps, into which the programs write their values before they return. And it takes them all, but for those
// that are too much for it.
func TestRandomProgramsInKernel(t *testing.T) {
	needInternal(t)
	w := newKernelWorld(t)
	var accepted, loaded, runs int
	refused := make(map[string]int)
	for number := range *randomPrograms {
		r := randomNumbers(number)
		b := randomProgram(r.IntN, randomSize(r), false)
		p, err := b.Program()
		if err != nil {
			continue
		}
		accepted++
		fd, _, err := w.load(p, 0)
		if errors.Is(err, syscall.E2BIG) {
			refused["too large or too complex"]++
			continue
		}
		if err != nil {
			_, log, _ := w.load(p, 1)
			lines := strings.Split(strings.TrimSpace(log), "\n")
			if m := tooMuch.FindString(log); m != "" {
				refused[m]++
				continue
			}
			t.Fatalf("program %d: %v\n%s\n%v%s", number, err, b.dumped(), p, strings.Join(lines[max(0, len(lines)-60):], "\n"))
		}
		loaded++
		for run := range 2 {
			frame, seed := randomPacket(r), r.Uint64()
			want := newWorld(p.Type(), w.specs, frame, randomContents(seed), 0)
			r0, err := interpret(interpretBuilder(b), want, interpretedSteps)
			if err != nil {
				t.Fatalf("program %d: %v", number, err)
			}
			w.fill(randomContents(seed))
			got, out, err := w.run(fd, frame)
			if err != nil {
				t.Fatalf("program %d: %v", number, err)
			}
			runs++
			if p.Type() == SocketFilter {
				out = frame // it comes back without its link layer
			}
			if diff := want.outcome(r0).diff(w.outcome(got, out)); diff != "" {
				t.Errorf("program %d, run %d: %s\n%s\n%v", number, run, diff, b.dumped(), p)
				break
			}
		}
		fd.Close()
		if t.Failed() {
			return
		}
	}
	t.Logf("%d programs, %d accepted by the passes, %d by the kernel, %d runs are equal; refused by the kernel: %v",
		*randomPrograms, accepted, loaded, runs, refused)
	if (accepted-loaded)*100 > 3*accepted {
		t.Error("the kernel refuses too many")
	}
}

// needInternal skips the test without privileges or on a kernel that lacks what random programs are made of.
func needInternal(t *testing.T) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	code, err := AppendInstructions(nil, []Instruction{
		{Op: 0x7a, Dst: FP, Off: -8},
		{Op: 0xbf, Dst: R1, Src: FP},
		{Op: 0xdb, Src: R1, Off: -8, Imm: 0x100}, // load_acquire, the newest of them
		{Op: 0xb7},
		{Op: 0x95},
	}, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := sys.ProgLoad(&sys.ProgLoadAttr{
		ProgType: uint32(SocketFilter), InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
	})
	if err != nil {
		t.Skipf("needs a kernel with load_acquire: %v", err)
	}
	fd.Close()
}
