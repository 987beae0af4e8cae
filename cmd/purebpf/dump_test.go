package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
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
var goldens = []struct{ program, path string }{
	{dcidName, "programs/dcid/testdata/dcid.golden"},
	{recordName, "programs/sockredir/testdata/record_socket.golden"},
	{redirectName, "programs/sockredir/testdata/redirect_msg.golden"},
}

func dumped(t *testing.T, args ...string) string {
	t.Helper()
	got := outcome(t, inRole("tool", append([]string{"dump"}, args...)...))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("dump %q: status %d, %s", args, got.status, got.stderr)
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

func TestDumpHex(t *testing.T) {
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
			{[]string{g.program, "-format", "hex"}, little.String()},
			{[]string{"-order", "little", g.program, "--format=hex"}, little.String()},
			{[]string{"-order=big", "-format=hex", g.program}, big.String()},
		} {
			if diff := cmp.Diff(run.want, dumped(t, run.args...)); diff != "" {
				t.Errorf("dump %q (-%s +got):\n%s", run.args, g.path, diff)
			}
		}
	}
}

// struct sock_filter is u16 code, u8 jt, u8 jf, u32 k.
func TestDumpHexClassic(t *testing.T) {
	_, block, _ := strings.Cut(readGolden(t, "programs/bytemod/testdata/byte_modulo.golden"), "offset 0, 4 workers\n")
	var little, big strings.Builder
	for line := range strings.Lines(block) {
		var code, k uint32
		var jt, jf uint8
		if _, err := fmt.Sscanf(line, "{ %v, %v, %v, %v },", &code, &jt, &jf, &k); err != nil {
			break // the next program
		}
		fmt.Fprintf(&little, "%02x%02x%02x%02x%02x%02x%02x%02x\n", code&0xff, code>>8, jt, jf, k&0xff, k>>8&0xff, k>>16&0xff, k>>24)
		fmt.Fprintf(&big, "%04x%02x%02x%08x\n", code, jt, jf, k)
	}
	if n := strings.Count(little.String(), "\n"); n != 6 {
		t.Fatalf("%d instructions in the golden file, want 6", n)
	}
	if diff := cmp.Diff(little.String(), dumped(t, bytemodName, "-format", "hex")); diff != "" {
		t.Errorf("little endian (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(big.String(), dumped(t, bytemodName, "-format", "hex", "-order", "big")); diff != "" {
		t.Errorf("big endian (-want +got):\n%s", diff)
	}
}

// A compiler must read the same bytes out of the C that dump prints.
func TestDumpC(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no gcc for Linux is installed")
	}
	for program, array := range map[string]string{
		dcidName:     "select_by_dcid",
		bytemodName:  "byte_modulo",
		recordName:   "record_socket",
		redirectName: "redirect_msg",
	} {
		t.Run(program, func(t *testing.T) {
			source := dumped(t, program, "-format", "c") + `
#include <stdio.h>
int main(void) { return fwrite(` + array + `, sizeof ` + array + `, 1, stdout) != 1; }
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
			order := "little"
			if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
				order = "big"
			}
			want := strings.ReplaceAll(dumped(t, program, "-format", "hex", "-order", order), "\n", "")
			if diff := cmp.Diff(want, hex.EncodeToString(got)); diff != "" {
				t.Errorf("(-hex +c):\n%s", diff)
			}
		})
	}
}

func TestDumpText(t *testing.T) {
	// A line of each dialect that the other writes in another way.
	tests := []struct{ program, format, want string }{
		{dcidName, "llvm", "r2 = workers ll\n"},
		{dcidName, "llvm", "call 82\n"},
		{dcidName, "kernel", "call bpf_sk_select_reuseport#82\n"},
		{recordName, "llvm", "r2 = sockets ll\n"},
		{recordName, "kernel", "call bpf_sock_hash_update#70\n"},
		{redirectName, "kernel", "call bpf_msg_redirect_hash#71\n"},
		{bytemodName, "llvm", "l1:	jgt #0, l2, l5\n"},
		{bytemodName, "kernel", "(001) jgt      #0x0             jt 2	jf 5\n"},
	}
	for _, tt := range tests {
		if got := dumped(t, tt.program, "-format", tt.format); !strings.Contains(got, tt.want) {
			t.Errorf("dump %s -format %s has no %q:\n%s", tt.program, tt.format, tt.want, got)
		}
	}
	for _, p := range []string{dcidName, bytemodName, recordName, redirectName} {
		if diff := cmp.Diff(dumped(t, p, "-format", "llvm"), dumped(t, p)); diff != "" {
			t.Errorf("dump %s is not -format llvm:\n%s", p, diff)
		}
	}
}
