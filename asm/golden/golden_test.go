package golden

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// passSome has what a listing shows in a way of its own: a label, an instruction of two slots, a jump.
func passSome(t testing.TB) *asm.Program {
	t.Helper()
	b := asm.NewBuilder("pass_some", asm.SocketFilter)
	b.Mov(asm.R0, 0)
	b.LdImm64(asm.R1, int64(0x1122334455667788))
	b.JumpIf(asm.R1.Gt(5), "out")
	b.Mov(asm.R0, -1)
	b.Label("out")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// arp is `tcpdump -dd -y EN10MB arp`.
func arp(t testing.TB) *classic.Program {
	t.Helper()
	p, err := classic.ParseDecimal("arp", []byte("4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The bytes by hand: opcode, registers, offset, immediate of RFC 9669, section 3; the registers change places and the
// numbers their order for big-endian targets. LLVM's assembler agrees (TestProgramLLVM of programs/dcid).
const passSomeListing = `slot  little endian            big endian               text
pass_some:
   0  b7 00 00 00 00 00 00 00  b7 00 00 00 00 00 00 00  r0 = 0
   1  18 01 00 00 88 77 66 55  18 10 00 00 55 66 77 88  r1 = 1234605616436508552 ll
   2  00 00 00 00 44 33 22 11  00 00 00 00 11 22 33 44
   3  25 01 01 00 05 00 00 00  25 10 00 01 00 00 00 05  if r1 > 5 goto out
   4  b7 00 00 00 ff ff ff ff  b7 00 00 00 ff ff ff ff  r0 = -1
out:
   5  95 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00  exit
`

// The fields of struct sock_filter by hand: a 16-bit code, two single bytes, a 32-bit number.
const arpListing = `slot  little endian            big endian               text
   0  28 00 00 00 0c 00 00 00  00 28 00 00 00 00 00 0c  l0: ldh [12]
   1  15 00 00 01 06 08 00 00  00 15 00 01 00 00 08 06  l1: jeq #0x806, l2, l3
   2  06 00 00 00 00 00 04 00  00 06 00 00 00 04 00 00  l2: ret #0x40000
   3  06 00 00 00 00 00 00 00  00 06 00 00 00 00 00 00  l3: ret #0
`

func TestListing(t *testing.T) {
	if diff := cmp.Diff(passSomeListing, listing(passSome(t))); diff != "" {
		t.Errorf("eBPF (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(arpListing, listingClassic(arp(t))); diff != "" {
		t.Errorf("classic (-want +got):\n%s", diff)
	}
}

// What is checked in, here and as the package comment shows it.
func TestCheck(t *testing.T) {
	Check(t, passSome(t), "testdata/pass_some.golden")
	CheckClassic(t, arp(t), "testdata/arp.golden")
	CheckText(t, arp(t).CArray(), "testdata/arp.c")
}

func TestFile(t *testing.T) {
	const missing = "\x00"
	tests := []struct {
		name, file string
		want       string // the message, FILE for the file's path
	}{
		{"fresh", passSomeListing, ""},
		{"with CRLF, as git may check it out", strings.ReplaceAll(passSomeListing, "\n", "\r\n"), ""},
		{"missing", missing, "FILE is missing: go test -update writes it"},
		{"empty", "", "FILE is empty: restore it, or write it anew with go test -update"},
		{"not text", "\x7fELF\x00\xff", "FILE is not text: restore it, or write it anew with go test -update"},
		{"another text", "package asm\n",
			`FILE is no golden file of a program: its first line is "package asm", not ` +
				`"slot  little endian            big endian               text": restore it, or write it anew with go test -update`},
		{"merge conflict", "<<<<<<< HEAD\n" + passSomeListing + "=======\n>>>>>>> theirs\n",
			"FILE has the marks of a merge conflict: restore it, or write it anew with go test -update"},
		{"cut in a line", passSomeListing[:190],
			"FILE ends in the middle of line 4 of 9: it is cut short: restore it, or write it anew with go test -update"},
		{"cut behind a line", passSomeListing[:strings.Index(passSomeListing, "out:")], `FILE is stale (-file +now): review, then go test -update
@@ line 5
     2  00 00 00 00 44 33 22 11  00 00 00 00 11 22 33 44
     3  25 01 01 00 05 00 00 00  25 10 00 01 00 00 00 05  if r1 > 5 goto out
     4  b7 00 00 00 ff ff ff ff  b7 00 00 00 ff ff ff ff  r0 = -1
+ out:
+    5  95 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00  exit
`},
		{"other bytes", strings.Replace(passSomeListing, "b7 00 00 00 ff", "b4 00 00 00 ff", 1), `FILE is stale (-file +now): review, then go test -update
@@ line 4
     1  18 01 00 00 88 77 66 55  18 10 00 00 55 66 77 88  r1 = 1234605616436508552 ll
     2  00 00 00 00 44 33 22 11  00 00 00 00 11 22 33 44
     3  25 01 01 00 05 00 00 00  25 10 00 01 00 00 00 05  if r1 > 5 goto out
-    4  b4 00 00 00 ff ff ff ff  b7 00 00 00 ff ff ff ff  r0 = -1
+    4  b7 00 00 00 ff ff ff ff  b7 00 00 00 ff ff ff ff  r0 = -1
  out:
     5  95 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00  exit
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.golden")
			if tt.file != missing {
				writeFile(t, path, tt.file)
			}
			err := checkOrUpdate(passSomeListing, path, header, false)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), path, "FILE")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}

			if err := checkOrUpdate(passSomeListing, path, header, true); err != nil {
				t.Fatalf("-update: %v", err)
			}
			if err := checkOrUpdate(passSomeListing, path, header, false); err != nil {
				t.Errorf("after -update: %v", err)
			}
		})
	}
}

func TestUpdateMakesFolders(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a", "b", "x.golden")
	if err := checkOrUpdate("text\n", path, "", true); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, path); got != "text\n" {
		t.Errorf("wrote %q", got)
	}
	// Nothing but the file is left.
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("in the folder: %v, error %v", entries, err)
	}
}

// A checkout keeps its line ends where the program has not changed, and a file keeps who may read it.
func TestUpdateKeeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.golden")
	writeFile(t, path, "one\r\n")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkOrUpdate("one\n", path, "", true); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, path); got != "one\r\n" {
		t.Errorf("an equal text was written: %q", got)
	}
	if err := checkOrUpdate("two\n", path, "", true); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if before.Mode() != after.Mode() || os.SameFile(before, after) {
		t.Errorf("mode %v, then %v; the same file: %v, want one put in its place", before.Mode(), after.Mode(),
			os.SameFile(before, after))
	}
}

// When it cannot be written, the file that is there stays.
func TestUpdateFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.golden")
	writeFile(t, path, "old\n")
	err := checkOrUpdate("new\n", filepath.Join(path, "below"), "", true)
	if err == nil {
		t.Error("wrote into a folder that is a file")
	}
	if got := readFile(t, path); got != "old\n" {
		t.Errorf("now it is %q", got)
	}
}

func TestMisuse(t *testing.T) {
	tests := []struct {
		name  string
		check func(testing.TB)
		want  string
	}{
		{"no path", func(t testing.TB) { CheckText(t, "text\n", "") }, "golden: no path given"},
		{"path and text swapped", func(t testing.TB) { CheckText(t, "testdata/x.golden", "slot 0\nslot 1\n") },
			`golden: the path "slot 0\nslot 1\n" has line breaks; the path is the last argument`},
		{"no program", func(t testing.TB) { Check(t, nil, "x.golden") }, "golden: x.golden: no program"},
		{"no classic program", func(t testing.TB) { CheckClassic(t, nil, "x.golden") }, "golden: x.golden: no program"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := record{TB: t}
			func() {
				defer func() { _ = recover() }() // of the end that Fatal makes
				tt.check(&r)
			}()
			if r.message != tt.want {
				t.Errorf("%q, want %q", r.message, tt.want)
			}
		})
	}
}

// record is a test that keeps its message.
type record struct {
	testing.TB
	message string
}

func (r *record) Helper() {}

func (r *record) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *record) Fatalf(format string, args ...any) {
	r.message = fmt.Sprintf(format, args...)
	panic(r)
}

// somebodyElse stands for a package that defines -update itself, after this one has been initialised.
const somebodyElse = "GOLDEN_TEST_SOMEBODY_ELSE"

var _ = func() bool {
	if os.Getenv(somebodyElse) != "" {
		flag.Bool("update", false, "of somebody else")
	}
	return true
}()

// TestFlag runs this test binary again as other projects do.
func TestFlag(t *testing.T) {
	if path := os.Getenv("GOLDEN_TEST_PATH"); path != "" {
		CheckText(t, "new\n", path)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skipf("cannot run this test binary again: %v", err)
	}
	tests := []struct {
		name   string
		args   string
		env    string
		output string // in it; "" when the test passes
		file   string // afterwards
	}{
		{"stale", "", "", "is stale (-file +now): review, then go test -update", "old\n"},
		{"the flag", "-update", "", "", "new\n"},
		{"the variable", "", "GOLDEN_UPDATE=1", "", "new\n"},
		{"somebody else's flag", "", somebodyElse + "=1", "is stale", "old\n"},
		{"somebody else's flag, given", "-update", somebodyElse + "=1", "flag redefined: update", "old\n"},
		{"somebody else's flag, given, and the variable", "-update", somebodyElse + "=1 GOLDEN_UPDATE=1", "", "new\n"},
		{"somebody else's flag, and the variable is no", "-update", somebodyElse + "=1 GOLDEN_UPDATE=0", "", "new\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.golden")
			writeFile(t, path, "old\n")
			cmd := exec.Command(exe, append([]string{"-test.run=^TestFlag$"}, strings.Fields(tt.args)...)...)
			for _, v := range os.Environ() {
				if !strings.HasPrefix(v, "GOLDEN_") {
					cmd.Env = append(cmd.Env, v)
				}
			}
			cmd.Env = append(append(cmd.Env, "GOLDEN_TEST_PATH="+path), strings.Fields(tt.env)...)
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != (tt.output != "") || !strings.Contains(string(out), tt.output) {
				t.Errorf("error %v, output:\n%s\nwant %q", err, out, tt.output)
			}
			if got := readFile(t, path); got != tt.file {
				t.Errorf("the file has %q, want %q", got, tt.file)
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
