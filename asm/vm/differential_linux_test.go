package vm_test

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

var (
	differentialPrograms = flag.Int("differential", 2000, "number of random programs to compare with the kernel")
	differentialSeed     = flag.Uint64("differential-seed", 1, "seed of the random programs to compare with the kernel")
)

// kernelMap makes a map in the kernel for the time of the test.
func kernelMap(t *testing.T, spec asm.MapSpec) *sys.FD {
	t.Helper()
	fd, err := sys.MapCreate(&sys.MapCreateAttr{
		MapType: uint32(spec.Type), KeySize: spec.KeySize, ValueSize: spec.ValueSize, MaxEntries: spec.MaxEntries, MapFlags: uint32(spec.Flags),
	})
	if err != nil {
		t.Fatalf("create %v: %v", spec.Type, err)
	}
	t.Cleanup(func() { fd.Close() })
	return fd
}

// outcome is what a run leaves behind.
type outcome struct {
	R0    uint32 // all that BPF_PROG_TEST_RUN tells
	Value []byte
	Hash  map[string]string
}

// TestDifferential runs random programs on the kernel and here: the result, the stack, the registers and the maps have to
// be equal in the end.
func TestDifferential(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	valueSpec := asm.MapSpec{Name: "value", Type: asm.MapArray, KeySize: 4, ValueSize: resultSize, MaxEntries: 1}
	hashSpec := asm.MapSpec{Name: "hash", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 3}
	value, hash := kernelMap(t, valueSpec), kernelMap(t, hashSpec)
	r := rand.New(rand.NewPCG(*differentialSeed, 2))
	g := generator{Rand: r, mapFD: int32(value.Int()), hashFD: int32(hash.Int()), newer: true}
	packet := make([]byte, 64)
	instructions, refused := 0, 0
	for n := range *differentialPrograms {
		for i := range packet {
			packet[i] = byte(r.Uint32())
		}
		insns := g.program(5 + r.IntN(45))
		code, err := asm.AppendInstructions(nil, insns, binary.NativeEndian)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := sys.ProgLoad(&sys.ProgLoadAttr{
			ProgType: uint32(asm.SchedCLS), InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
		})
		if err != nil {
			refused++
			log := make([]byte, 1<<20)
			_, err := sys.ProgLoad(&sys.ProgLoadAttr{
				ProgType: uint32(asm.SchedCLS), InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
				LogLevel: 1, LogSize: uint32(len(log)), LogBuf: sys.BytesPointer(log),
			})
			text, _, _ := strings.Cut(string(log), "\x00")
			t.Errorf("program %d: %v\n%s", n, err, text[max(0, len(text)-1500):])
			continue
		}
		want := kernelRun(t, fd, value, hash, packet)
		fd.Close()

		p, err := asm.NewProgram(asm.ProgramSpec{Name: "random", Type: asm.SchedCLS, Instructions: insns, Functions: functions(insns)})
		if err != nil {
			t.Fatal(err)
		}
		got := simulate(t, p, value.Int(), hash.Int(), valueSpec, hashSpec, packet, n%2 == 1)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("program %d of seed %d (-kernel +simulator):\n%s\n%s", n, *differentialSeed, diff, p.AppendText(nil, asm.Kernel))
		}
		instructions += len(insns)
	}
	t.Logf("%d programs with %d instructions, %d refused by the verifier", *differentialPrograms, instructions, refused)
}

// kernelRun empties the maps, runs a program and returns what it left.
func kernelRun(t *testing.T, prog, value, hash *sys.FD, packet []byte) outcome {
	t.Helper()
	zero, empty := uint32(0), make([]byte, resultSize)
	if err := sys.MapUpdate(value.Int(), sys.PointerTo(&zero), sys.BytesPointer(empty), 0); err != nil {
		t.Fatal(err)
	}
	clearKernelMap(t, hash, 4)
	run := sys.ProgTestRunAttr{ProgFD: uint32(prog.Int()), DataSizeIn: uint32(len(packet)), DataIn: sys.BytesPointer(packet), Repeat: 1}
	if err := sys.ProgTestRun(&run); err != nil {
		t.Fatal(err)
	}
	o := outcome{R0: run.Retval, Value: make([]byte, resultSize), Hash: kernelContents(t, hash, 4, 8)}
	if err := sys.MapLookup(value.Int(), sys.PointerTo(&zero), sys.BytesPointer(o.Value), 0); err != nil {
		t.Fatal(err)
	}
	return o
}

// kernelContents returns all keys and values of a map.
func kernelContents(t *testing.T, m *sys.FD, keySize, valueSize int) map[string]string {
	t.Helper()
	all := make(map[string]string)
	var key []byte
	for {
		next, value := make([]byte, keySize), make([]byte, valueSize)
		if sys.MapGetNextKey(m.Int(), sys.BytesPointer(key), sys.BytesPointer(next)) != nil {
			return all
		}
		if err := sys.MapLookup(m.Int(), sys.BytesPointer(next), sys.BytesPointer(value), 0); err != nil {
			t.Fatal(err)
		}
		all[string(next)] = string(value)
		key = next
	}
}

func clearKernelMap(t *testing.T, m *sys.FD, keySize int) {
	t.Helper()
	key := make([]byte, keySize)
	for sys.MapGetNextKey(m.Int(), sys.Pointer{}, sys.BytesPointer(key)) == nil {
		if err := sys.MapDelete(m.Int(), sys.BytesPointer(key)); err != nil {
			t.Fatal(err)
		}
	}
}

// simulate runs a program here and returns what it left.
func simulate(t *testing.T, p *asm.Program, valueFD, hashFD int, valueSpec, hashSpec asm.MapSpec, packet []byte, strict bool) outcome {
	t.Helper()
	value, hash := newMap(t, valueSpec), newMap(t, hashSpec)
	m, err := vm.New(p, &vm.Options{Descriptors: map[int]*vm.Map{valueFD: value, hashFD: hash}, Order: binary.NativeEndian, Strict: strict})
	if err != nil {
		t.Fatal(err)
	}
	r0, err := m.Run(&vm.SKBContext{Data: append([]byte(nil), packet...), Network: 14})
	if err != nil {
		t.Fatalf("%v\n%s", err, p.AppendText(nil, asm.Kernel))
	}
	o := outcome{R0: uint32(r0), Hash: make(map[string]string)}
	if o.Value, err = value.Lookup(make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	for k, v := range hash.All() {
		o.Hash[string(k)] = string(v)
	}
	return o
}

// newMap makes a simulated map.
func newMap(t testing.TB, spec asm.MapSpec) *vm.Map {
	t.Helper()
	m, err := vm.NewMap(spec, &vm.MapOptions{Order: binary.NativeEndian})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
