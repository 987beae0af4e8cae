package elf_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The objects in testdata/clang are what clang makes of the C beside them, and the .insns files what libbpf
// submits of them to the kernel. They are written, as root, by
//
//	go test ./reloc/elf -run TestRecord -record
//
// which needs clang, clang-22, llvm-strip, bpftool, cc and libbpf 1.x with its headers. Nothing else does.
var record = flag.Bool("record", false, "compile testdata/clang/*.c with clang, load the objects through libbpf and write testdata/clang/*.o, *.insns")

// variant is one way to compile a source.
type variant struct {
	name     string
	compiler string
	strip    string
	flags    []string
	// not names the sources that cannot be compiled in this way, and why.
	not map[string]string
	// libbpf: libbpf loads these objects, and so they have a file of what it submits.
	libbpf bool
}

// variants are the ways to compile: with types and lines for both byte orders; without, as before libbpf 1.0,
// which refuses these maps; the oldest instructions; the newest compiler and instructions.
var variants = []variant{
	{name: "el", compiler: "clang", strip: "llvm-strip", flags: []string{"-g", "-target", "bpfel", "-mcpu=v3"}, libbpf: true},
	{name: "eb", compiler: "clang", strip: "llvm-strip", flags: []string{"-g", "-target", "bpfeb", "-mcpu=v3"}},
	{name: "plain", compiler: "clang", strip: "llvm-strip", flags: []string{"-target", "bpfel", "-mcpu=v3", "-DLEGACY"},
		not: map[string]string{"maps": "says what only types can say", "pinned": "says what only types can say", "typed": "says what only types can say"}},
	{name: "v1", compiler: "clang", strip: "llvm-strip", flags: []string{"-g", "-target", "bpfel", "-mcpu=v1"}, libbpf: true,
		not: map[string]string{"atomic": "needs atomics that return what was there"}},
	{name: "v4", compiler: "clang-22", strip: "llvm-strip-22", flags: []string{"-g", "-target", "bpfel", "-mcpu=v4"}, libbpf: true},
}

// noLibbpf names the sources whose objects libbpf 1.1 does not load.
var noLibbpf = map[string]string{
	"constant": "the types say .rodata, where the section is .rodata.cst32",
}

// linkedSources are those whose objects bpftool gen object makes one of: they have the same licence.
var linkedSources = []string{"order", "xdp", "trace", "cgroup", "lwt", "sockmap"}

// sources returns the names of the C files in a folder, without .c.
func sources(t testing.TB, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.c"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(path), ".c")
	}
	return paths
}

func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("runs with -record only")
	}
	headers, err := filepath.Glob("/usr/include/*-linux-gnu/asm")
	if err != nil || len(headers) == 0 {
		t.Fatal("the kernel's user-space headers are not installed")
	}
	include := "-I" + filepath.Dir(headers[0])
	compile := func(v variant, folder, source, object string, more ...string) {
		t.Helper()
		args := slices.Concat(v.flags, more, []string{"-O2", "-Wall", "-Werror", "-Wno-unused-variable", "-Wno-unknown-warning-option",
			"-fdebug-compilation-dir=.", include, "-c", source + ".c", "-o", object})
		command(t, folder, v.compiler, args...)
		command(t, folder, v.strip, "-g", object)
	}
	path := func(name string) string {
		absolute, err := filepath.Abs(filepath.Join("testdata/clang", name))
		if err != nil {
			t.Fatal(err)
		}
		return absolute
	}
	loads := filepath.Join(t.TempDir(), "libbpf")
	command(t, "testdata/clang/oracle", "cc", "-Wall", "-Werror", "-o", loads, "libbpf.c", "-lbpf")
	for _, source := range sources(t, "testdata/clang") {
		for _, v := range variants {
			if v.not[source] != "" {
				continue
			}
			compile(v, "testdata/clang", source, path(source+"."+v.name+".o"))
			if v.libbpf && noLibbpf[source] == "" {
				defined := filepath.Join(t.TempDir(), source+".o")
				compile(v, "testdata/clang", source, defined, "-DDEFINED")
				if err := os.WriteFile(path(source+"."+v.name+".insns"), command(t, "", loads, defined), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	linked := []string{"gen", "object", path("linked/linked.el.o")}
	for _, source := range linkedSources {
		linked = append(linked, path(source+".el.o"))
	}
	command(t, "", "bpftool", linked...)
	if err := os.WriteFile(path("linked/linked.el.insns"), command(t, "", loads, path("linked/linked.el.o")), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, source := range sources(t, "testdata/clang/refused") {
		compile(variants[0], "testdata/clang/refused", source, path("refused/"+source+".o"))
	}
}

// command returns what a command writes.
func command(t testing.TB, folder, name string, args ...string) []byte {
	t.Helper()
	var messages strings.Builder
	c := exec.Command(name, args...)
	c.Dir, c.Stderr = folder, &messages
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, messages.String())
	}
	return out
}
