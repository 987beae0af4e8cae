package main

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the packages of the programs keep their bytes, which they hold against LLVM's assembler and the kernel.
var goldens = []struct{ program, format, path string }{
	{dcidName, "hex", "programs/dcid/testdata/dcid.golden"},
	{bytemodName, "classic-hex", "programs/bytemod/testdata/byte_modulo.golden"},
	{recordName, "hex", "programs/sockredir/testdata/record_socket.golden"},
	{redirectName, "hex", "programs/sockredir/testdata/redirect_msg.golden"},
}

// tool runs a command that must work, and returns what it prints.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	got := runTool(args...)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%q: status %d, %s", args, got.status, got.stderr)
	}
	return got.stdout
}

func readGolden(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// slotLine is a line of a golden file: number, little-endian bytes, big-endian bytes, text.
var slotLine = regexp.MustCompile(`(?m)^ *\d+ +((?:[0-9a-f]{2} ){8}) *((?:[0-9a-f]{2} ?){8})`)

func TestConvertHex(t *testing.T) {
	for _, g := range goldens {
		var little, big strings.Builder
		for _, m := range slotLine.FindAllStringSubmatch(readGolden(t, g.path), -1) {
			little.WriteString(strings.ReplaceAll(m[1], " ", "") + "\n")
			big.WriteString(strings.ReplaceAll(m[2], " ", "") + "\n")
		}
		if little.Len() == 0 {
			t.Fatalf("no bytes in %s", g.path)
		}
		// Flags may stand anywhere.
		for _, run := range []struct {
			args []string
			want string
		}{
			{[]string{"convert", g.program, "-to", g.format, "-order", "little"}, little.String()},
			{[]string{"convert", "-order", "little", g.program, "--to=" + g.format}, little.String()},
			{[]string{"convert", "-order=big", "-to=" + g.format, g.program}, big.String()},
		} {
			if diff := cmp.Diff(run.want, tool(t, run.args...)); diff != "" {
				t.Errorf("%q (-%s +got):\n%s", run.args, g.path, diff)
			}
		}
	}
}

// A compiler must read the same bytes out of the C.
func TestConvertC(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no gcc for Linux is installed")
	}
	order := "little"
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		order = "big"
	}
	for _, tt := range []struct{ program, array, bytes string }{
		{dcidName, "select_by_dcid_insns", "hex"},
		{bytemodName, "byte_modulo_filter", "classic-hex"},
		{recordName, "record_socket_insns", "hex"},
		{redirectName, "redirect_msg_insns", "hex"},
	} {
		t.Run(tt.program, func(t *testing.T) {
			source := tool(t, "convert", tt.program, "-to", "c") + `
#include <stdio.h>
int main(void) { return fwrite(` + tt.array + `, sizeof ` + tt.array + `, 1, stdout) != 1; }
`
			exe := filepath.Join(t.TempDir(), "dump")
			compile := exec.Command(gcc, "-xc", "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable", "-o", exe, "-")
			compile.Stdin = strings.NewReader(source)
			if out, err := compile.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, source)
			}
			got, err := exec.Command(exe).Output()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(tool(t, "convert", tt.program, "-to", tt.bytes, "-order", order), "\n", "")
			if diff := cmp.Diff(want, hex.EncodeToString(got)); diff != "" {
				t.Errorf("(-hex +c):\n%s", diff)
			}
		})
	}
}

// A line of each dialect that the other writes in another way.
func TestDisasm(t *testing.T) {
	tests := []struct{ program, syntax, want string }{
		{dcidName, "llvm", "r2 = workers ll\n"},
		{dcidName, "llvm", "call 82\n"},
		{dcidName, "kernel", "call bpf_sk_select_reuseport#82\n"},
		{recordName, "llvm", "r2 = sockets ll\n"},
		{recordName, "kernel", "call bpf_sock_hash_update#70\n"},
		{redirectName, "kernel", "call bpf_msg_redirect_hash#71\n"},
		{bytemodName, "llvm", "l1:	jgt #0, l2, l5\n"},
		{bytemodName, "source", "l1:	jgt #0, l2, l5\n"},
		{bytemodName, "kernel", "(001) jgt      #0x0             jt 2	jf 5\n"},
	}
	for _, tt := range tests {
		if got := tool(t, "disasm", tt.program, "-syntax", tt.syntax); !strings.Contains(got, tt.want) {
			t.Errorf("disasm %s -syntax %s has no %q:\n%s", tt.program, tt.syntax, tt.want, got)
		}
	}
}
