package asm_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/reloc"
)

var recordLogs = flag.Bool("record", false, "write the verifier's logs and bpftool's dumps of some programs to testdata/log")

// withFunctions has subprograms, a callback and global data.
func withFunctions() (*asm.Program, error) {
	b := asm.NewBuilder("with_functions", asm.SocketFilter)
	b.DeclareMap(asm.MapSpec{Name: "config", Type: asm.MapArray, KeySize: 4, ValueSize: 16, MaxEntries: 1})
	b.St(asm.FP.U64(-8), 0)
	b.Mov(asm.R1, 3)
	b.LdFunc(asm.R2, "callback")
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, -8)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnLoop)
	b.LdMapValue(asm.R1, "config", 8)
	b.Ldx(asm.R1, asm.R1.U32(0))
	b.LdMapValue(asm.R2, "config", 0)
	b.St(asm.R2.U32(4), -1)
	b.Comment("three times the number")
	b.CallSubprogram("triple")
	b.LdImm64(asm.R1, int64(0x1122334455667788))
	b.Add(asm.R0, asm.R1)
	b.Exit()
	b.Subprogram("triple")
	b.Mov(asm.R0, asm.R1)
	b.Mul(asm.R0, 3)
	b.Exit()
	b.Subprogram("callback")
	b.Mov(asm.R0, 0)
	b.JumpIf(asm.R1.Eq(2), "out")
	b.Mov(asm.R1, 1)
	b.AtomicAdd(asm.R2.U64(0), asm.R1)
	b.Label("out")
	b.Exit()
	return b.Program()
}

// plainFunctions is a program that the verifier leaves as it is.
func plainFunctions() (*asm.Program, error) {
	b := asm.NewBuilder("plain_functions", asm.SocketFilter)
	b.CallHelper(asm.FnKtimeGetNS) // a number that the verifier does not know
	b.Mov(asm.R6, asm.R0)
	b.Mov(asm.R1, asm.R0)
	b.CallSubprogram("absolute")
	b.Add(asm.R0, asm.R6)
	b.St(asm.FP.U32(-4), 0)
	b.LdMap(asm.R1, "counters")
	b.Mov32(asm.R0, asm.R0)
	b.JumpIf(asm.R0.SGt32(-1), "out")
	b.Ldx(asm.R0, asm.FP.U32(-4))
	b.BE(asm.R0, 16)
	b.Label("out")
	b.Exit()
	b.Subprogram("absolute")
	b.Mov(asm.R0, asm.R1)
	b.JumpIf(asm.R0.SGe(0), "positive")
	b.Neg(asm.R0)
	b.Label("positive")
	b.Exit()
	b.DeclareMap(asm.MapSpec{Name: "counters", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	return b.Program()
}

// rejected is a program that the verifier walks through to its end, where it finds that r0 has no value.
func rejected() (*asm.Program, error) {
	return asm.NewProgram(asm.ProgramSpec{Name: "rejected", Type: asm.SocketFilter, Instructions: []asm.Instruction{
		{Op: 0xb7, Dst: asm.R1, Imm: 5},
		{Op: asm.OpLdImm64, Dst: asm.R2, Imm: 0x1122334455667788},
		{Op: 0x15, Dst: asm.R1, Imm: 5, Off: 0},
		{Op: 0x7b, Dst: asm.R10, Src: asm.R1, Off: -8},
		{Op: 0x95},
	}})
}

// logPrograms are loaded and their logs parsed, live and as recorded.
var logPrograms = []func() (*asm.Program, error){withFunctions, plainFunctions, corpus.SelectDCID, corpus.AllowList, corpus.TokenBucket,
	corpus.CountProtocols, corpus.Decapsulate}

// loadLogged loads a program and calls do with it while it is there.
func loadLogged(t *testing.T, p *asm.Program, level loader.LogLevel, do func(*loader.Program)) {
	t.Helper()
	o, err := reloc.NewObject(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := loader.LoadObject(o, &loader.CollectionOptions{Programs: loader.Options{Log: level}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	loaded, _ := c.Program(p.Name())
	do(loaded)
}

const logStates = 2 // log level with the registers behind each instruction

// The verifier's log of a program becomes the program again, with the names of its maps.
func TestParseLiveLog(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	for _, f := range logPrograms {
		p, err := f()
		if err != nil {
			t.Fatal(err)
		}
		t.Run(p.Name(), func(t *testing.T) {
			loadLogged(t, p, logStates, func(loaded *loader.Program) {
				programs, err := asm.ParseText(p.Name()+".log", []byte(loaded.Log()))
				if err != nil {
					t.Fatalf("%v\nin\n%s", err, loaded.Log())
				}
				if diff := cmp.Diff(shownBytes(p), shownBytes(programs[0])); diff != "" {
					t.Errorf("(-loaded +log):\n%s", diff)
				}
				for i := range p.Len() {
					want, got := p.Position(i), programs[0].Position(i)
					if got.Line != 0 && (got.Line != want.Line || got.File != filepath.Base(want.File)) {
						t.Errorf("instruction %d comes from %v, want %v", i, got, want)
					}
				}
			})
		})
	}
}

// The log at level 1 of a program that is rejected at its end shows all of it.
func TestParseLiveLogOfRejected(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	p, err := rejected()
	if err != nil {
		t.Fatal(err)
	}
	_, log, err := loadCode(t, p.Type(), p.AppendTo(nil, binary.NativeEndian), 1)
	if err == nil {
		t.Fatal("the kernel takes a program whose r0 has no value")
	}
	programs, err := asm.ParseText("rejected.log", []byte(log))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, log)
	}
	if diff := cmp.Diff(shownBytes(p), shownBytes(programs[0])); diff != "" {
		t.Errorf("(-loaded +log):\n%s", diff)
	}
}

// bpftoolModes are the ways in which bpftool prog dump xlated shows a program.
var bpftoolModes = []string{"plain", "opcodes", "linum"}

// What bpftool shows of a program in the kernel is that program.
func TestParseLiveDump(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	tool := bpftool(t)
	p, err := plainFunctions()
	if err != nil {
		t.Fatal(err)
	}
	loadLogged(t, p, 0, func(loaded *loader.Program) {
		for _, mode := range bpftoolModes {
			programs, err := asm.ParseText("dump", dumpXlated(t, tool, loaded, mode))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(shownBytes(p), shownBytes(programs[0])); diff != "" {
				t.Errorf("%s (-loaded +dump):\n%s", mode, diff)
			}
		}
	})
}

func bpftool(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"bpftool", "/usr/sbin/bpftool"} {
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	t.Skip("no bpftool is installed")
	return ""
}

func dumpXlated(t *testing.T, tool string, p *loader.Program, mode string) []byte {
	t.Helper()
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"prog", "dump", "xlated", "id", strconv.Itoa(int(info.ID))}
	if mode != "plain" {
		args = append(args, mode)
	}
	out, err := exec.Command(tool, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", tool, args, err, out)
	}
	return out
}

// TestRecordLogs writes testdata/log with
//
//	go test ./asm -run TestRecordLogs -record
//
// NAME.bytes is the program as it was loaded, NAME.log2 and NAME.log1 what the verifier said, NAME.plain and so on what
// bpftool showed.
func TestRecordLogs(t *testing.T) {
	if !*recordLogs {
		t.Skip("runs with -record only")
	}
	tool := bpftool(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		data = bytes.ReplaceAll(data, []byte(here), []byte("/src/asm"))
		if err := os.WriteFile(filepath.Join("testdata", "log", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range logPrograms {
		p, err := f()
		if err != nil {
			t.Fatal(err)
		}
		write(p.Name()+".bytes", []byte(shownBytes(p)))
		loadLogged(t, p, logStates, func(loaded *loader.Program) { write(p.Name()+".log2", []byte(loaded.Log())) })
		if p.Name() != "plain_functions" {
			continue // the verifier changes the others
		}
		loadLogged(t, p, 0, func(loaded *loader.Program) {
			for _, mode := range bpftoolModes {
				write(p.Name()+"."+mode, dumpXlated(t, tool, loaded, mode))
			}
		})
	}
	p, err := rejected()
	if err != nil {
		t.Fatal(err)
	}
	write(p.Name()+".bytes", []byte(shownBytes(p)))
	_, log, _ := loadCode(t, p.Type(), p.AppendTo(nil, binary.NativeEndian), 1)
	write(p.Name()+".log1", []byte(log))
}
