package elf_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/reloc"
)

// ways are the ways in which an object's programs and maps come to be pinned in a directory, each under its name: by this
// module and by those who read the object from a file.
var ways = []struct {
	name string
	pin  func(t *testing.T, o *reloc.Object, dir string)
}{
	{"purebpf", pinOurselves},
	{"bpftool", pinByBpftool},
	{"libbpf", func(t *testing.T, o *reloc.Object, dir string) { pinByLibbpf(t, o, dir) }},
}

func pinOurselves(t *testing.T, o *reloc.Object, dir string) {
	t.Helper()
	c, err := loader.LoadObject(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Pin(dir); err != nil {
		t.Fatal(err)
	}
}

func pinByBpftool(t *testing.T, o *reloc.Object, dir string) {
	t.Helper()
	bpftool, err := exec.LookPath("bpftool")
	if err != nil {
		t.Skip("no bpftool")
	}
	execute(t, bpftool, "prog", "loadall", objectFile(t, o), dir, "pinmaps", dir)
}

// pinByLibbpf returns what testdata/libbpf/load.c prints.
func pinByLibbpf(t *testing.T, o *reloc.Object, dir string) string {
	t.Helper()
	return execute(t, libbpfLoader(t), objectFile(t, o), dir)
}

// libbpfLoader compiles testdata/libbpf/load.c.
func libbpfLoader(t *testing.T) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no libbpf: there is no gcc to link it with")
	}
	program := filepath.Join(t.TempDir(), "load")
	if out, err := exec.Command(gcc, "-Wall", "-Werror", "-o", program, "testdata/libbpf/load.c", "-lbpf").CombinedOutput(); err != nil {
		if strings.Contains(string(out), "bpf/libbpf.h: No such file") || strings.Contains(string(out), "-lbpf") {
			t.Skip("no libbpf")
		}
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// objectFile writes an object for this machine.
func objectFile(t *testing.T, o *reloc.Object) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "object.o")
	if err := os.WriteFile(file, write(t, o, binary.NativeEndian), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func execute(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		// Of programs without lines it says so.
		if !strings.Contains(line, "missing .BTF.ext line info for the main program, skipping all of .BTF.ext line info") {
			t.Errorf("%s complains: %s", cmd, line)
		}
	}
	return string(out)
}

// bpftool loads every object, without a word of complaint.
func TestBpftoolLoads(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	fs := kerneltest.BPFFS(t)
	for i, o := range objects(t) {
		t.Run(o.name, func(t *testing.T) {
			dir := filepath.Join(fs, strconv.Itoa(i))
			pinByBpftool(t, o.object, dir)
			for _, p := range o.object.Programs() {
				if p.Type() == 0 {
					continue
				}
				if _, err := os.Stat(filepath.Join(dir, p.Name())); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Programs without lines, and programs with lines that call functions without, are loaded all the same: libbpf would refuse
// these if only some functions had lines.
func TestBpftoolLoadsWithoutLines(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	program := func(lines bool) *asm.Program {
		return build(t, "main", asm.SocketFilter, func(b *asm.Builder) {
			if !lines {
				b.NoLines()
			}
			b.CallSubprogram("zero")
			b.Exit()
		})
	}
	library := build(t, "zero", asm.UnspecProgram, func(b *asm.Builder) {
		b.NoLines()
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	fs := kerneltest.BPFFS(t)
	for _, lines := range []bool{true, false} {
		t.Run(fmt.Sprint("lines ", lines), func(t *testing.T) {
			at := pins{filepath.Join(fs, fmt.Sprint(lines)), object(t, program(lines), library)}
			pinByBpftool(t, at.object, at.dir)
			source, err := at.program(t, "main").Source()
			if err != nil {
				t.Fatal(err)
			}
			if len(source.Functions) != 2 || (len(source.Lines) > 0) != lines {
				t.Errorf("%d functions, %d lines", len(source.Functions), len(source.Lines))
			}
		})
	}
}

// libbpf gives the kernel the instructions that Link makes of the same object: descriptors, offsets in data, and calls of
// functions.
func TestLibbpfLoadsTheSameInstructions(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	fs := kerneltest.BPFFS(t)
	for i, o := range objects(t) {
		t.Run(o.name, func(t *testing.T) {
			symbols, programs := parsePrinted(t, o.object, pinByLibbpf(t, o.object, filepath.Join(fs, strconv.Itoa(i))))
			linked, err := o.object.Link(symbols)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range linked {
				want, got := inCallOrder(t, p, binary.NativeEndian), inCallOrder(t, programs[p.Name()], binary.NativeEndian)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", p.Name(), diff)
				}
			}
		})
	}
}

// The kernel knows the same lines and functions whoever loads the programs.
func TestLines(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	fs := kerneltest.BPFFS(t)
	for _, o := range turnKey(t) {
		sources := make(map[string]*loader.Source) // as this module tells them, by program
		for _, way := range ways {
			t.Run(o.name+" "+way.name, func(t *testing.T) {
				at := pins{filepath.Join(fs, o.name+way.name), o.object}
				way.pin(t, o.object, at.dir)
				for _, p := range o.object.Programs() {
					if p.Type() == asm.UnspecProgram {
						continue
					}
					source, err := at.program(t, p.Name()).Source()
					if err != nil {
						t.Fatal(err)
					}
					if len(source.Lines) == 0 || len(source.Functions) == 0 {
						t.Errorf("%s: %d lines, %d functions", p.Name(), len(source.Lines), len(source.Functions))
					}
					if sources[p.Name()] == nil {
						sources[p.Name()] = source
					}
					if diff := cmp.Diff(sources[p.Name()], source); diff != "" {
						t.Errorf("%s (-purebpf +%s):\n%s", p.Name(), way.name, diff)
					}
				}
			})
		}
	}
}

// parsePrinted reads what testdata/libbpf/load.c prints: the descriptors of the maps that programs of the object refer to, and the
// programs.
func parsePrinted(t *testing.T, o *reloc.Object, printed string) (reloc.Symbols, map[string]*asm.Program) {
	t.Helper()
	symbols, programs := make(reloc.Symbols), make(map[string]*asm.Program)
	for line := range strings.Lines(printed) {
		var kind, name, value string
		if _, err := fmt.Sscan(line, &kind, &name, &value); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		switch kind {
		case "map":
			if at := strings.IndexByte(name, '.'); at > 0 { // the object's name and the section's
				name = name[at:]
			}
			fd, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			if refersTo(o, name) {
				symbols[name] = reloc.MapFD(fd)
			}
		case "program":
			b, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			programs[name] = decoded(t, name, b)
		}
	}
	return symbols, programs
}

func refersTo(o *reloc.Object, symbol string) bool {
	return slices.ContainsFunc(o.Programs(), func(p *asm.Program) bool {
		return slices.ContainsFunc(p.References(), func(r asm.Reference) bool { return r.Symbol == symbol })
	})
}

// decoded makes a program of instructions, with a function wherever a call leads.
func decoded(t *testing.T, name string, b []byte) *asm.Program {
	t.Helper()
	insns, err := asm.Decode(b, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	var slots []int
	n := 0
	for _, ins := range insns {
		slots = append(slots, n)
		n += ins.Slots()
	}
	begins := map[int]bool{0: true} // instructions
	for i, ins := range insns {
		if call := ins.Op == 0x85 && ins.Src == asm.CallSubprogram; call || ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func {
			begins[slices.Index(slots, slots[i]+1+int(int32(ins.Imm)))] = true
		}
	}
	spec := asm.ProgramSpec{Name: name, Instructions: insns}
	for _, i := range slices.Sorted(maps.Keys(begins)) {
		spec.Functions = append(spec.Functions, asm.Label{Name: name + strconv.Itoa(i), Index: i})
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
