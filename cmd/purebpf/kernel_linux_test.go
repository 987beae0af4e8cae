package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// ask runs the tool in this process, which is in a sandbox.
func ask(args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// succeed is ask for what has to work. It returns standard output.
func succeed(t testing.TB, args ...string) string {
	t.Helper()
	got := ask(args...)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("purebpf %s: status %d\n%s%s", strings.Join(args, " "), got.status, got.stdout, got.stderr)
	}
	return got.stdout
}

// succeedJSON is succeed for -json.
func succeedJSON[T any](t testing.TB, args ...string) (v T) {
	t.Helper()
	text := succeed(t, append(args, "-json")...)
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("purebpf %s -json: %v\n%s", strings.Join(args, " "), err, text)
	}
	return v
}

// fail makes sure that a command fails with a status and says why.
func fail(t testing.TB, status int, want string, args ...string) {
	t.Helper()
	got := ask(args...)
	if got.status != status || got.stdout != "" || !strings.HasPrefix(got.stderr, "purebpf "+args[0]+": ") || !strings.Contains(got.stderr, want) {
		t.Errorf("purebpf %s: status %d, output %q\n%s\nwant status %d and %q", strings.Join(args, " "), got.status, got.stdout, got.stderr, status, want)
	}
}

func wantHas(t testing.TB, what, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%s has no %q:\n%s", what, part, got)
		}
	}
}

// fields returns the words of the line that begins with word.
func fields(text, word string) []string {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == word {
			return f
		}
	}
	return nil
}

// pinned lists what is in a directory of a BPF file system, without the kernel's own.
func pinned(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".debug") {
			names = append(names, e.Name())
		}
	}
	return names
}

// programFile writes a file with a program: its head, then its instructions.
func programFile(t testing.TB, spec asm.ProgramSpec, write func(b *asm.Builder)) string {
	t.Helper()
	b := asm.NewBuilder(spec.Name, spec.Type)
	b.AttachType(spec.AttachType)
	write(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), spec.Name+".s")
	if err := os.WriteFile(path, asm.AppendSource(nil, p), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// needSockredir is needKernel for the programs of sockredir, which not every kernel has the helpers for.
func needSockredir(t testing.TB) {
	t.Helper()
	needKernel(t)
	if err := loader.HaveHelper(asm.SkMsg, asm.FnGetNetnsCookie); err != nil {
		t.Skip(err)
	}
}

// unique makes a name that no other process that runs these tests uses, of at most 15 bytes if name has no more than 7.
func unique(name string) string { return fmt.Sprintf("%s_%d", name, os.Getpid()) }

// returning is the file of a program that returns a number.
func returning(t testing.TB, name string, kind asm.ProgramType, n int) string {
	t.Helper()
	return programFile(t, asm.ProgramSpec{Name: name, Type: kind}, func(b *asm.Builder) {
		b.Mov(asm.R0, n)
		b.Exit()
	})
}

func needKernel(t testing.TB) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
}

// Two programs, and two maps, of one name: list shows both, what needs one says which there are.
func TestNamesThatMatchSeveral(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	cgroup := kerneltest.Cgroup(t)
	program, array := unique("twinp"), unique("twinm")
	file := programFile(t, asm.ProgramSpec{Name: program, Type: asm.SockOps}, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: array, Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.LdMap(asm.R1, array)
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	var programs, twins []uint32
	for _, dir := range []string{"one", "two"} {
		o := succeedJSON[loadedObject](t, "load", file, "-pin", filepath.Join(fs, dir))
		programs, twins = append(programs, o.Programs[0].ID), append(twins, o.Maps[0].ID)
	}
	var listed []uint32
	for _, p := range succeedJSON[[]kernelProgram](t, "prog", "list", program) {
		listed = append(listed, p.ID)
	}
	if diff := cmp.Diff(programs, listed); diff != "" {
		t.Errorf("prog list (-want +got):\n%s", diff)
	}
	listed = nil
	for _, m := range succeedJSON[[]dumpedMap](t, "map", "dump", array) {
		listed = append(listed, m.ID)
	}
	if diff := cmp.Diff(twins, listed); diff != "" {
		t.Errorf("map dump (-want +got):\n%s", diff)
	}
	choose := "2 programs match " + program + ": choose by id:" + joinIDs(programs[:1]) + " or id:" + joinIDs(programs[1:]) + "\n"
	fail(t, 1, choose, "prog", "dump", program)
	fail(t, 1, choose, "attach", program, cgroup, "-pin", filepath.Join(fs, "link"))
	user := programFile(t, asm.ProgramSpec{Name: "user", Type: asm.SocketFilter}, func(b *asm.Builder) {
		b.LdMap(asm.R1, "theirs")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	fail(t, 1, "2 maps match "+array+": choose by id:"+joinIDs(twins[:1])+" or id:"+joinIDs(twins[1:])+"\n", "load", user, "-map", "theirs="+array)
	// Both have the same instructions, and so the same tag.
	tag := succeedJSON[[]kernelProgram](t, "prog", "show", "id:"+joinIDs(programs[:1]))[0].Tag
	if got := succeedJSON[[]kernelProgram](t, "prog", "list", "tag:"+tag); len(got) < 2 {
		t.Errorf("prog list tag:%s: %+v", tag, got)
	}
	fail(t, 2, "maps have no tags", "map", "dump", "tag:"+tag)
}
