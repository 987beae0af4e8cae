package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeTemp(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What a file is, is told from what is in it, whatever it is called.
func TestDetectFormat(t *testing.T) {
	const log = `0: R1=ctx() R10=fp0
; return 0; @ drop.go:7
0: (b7) r0 = 0                        ; R0_w=0
1: (95) exit
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
	const xlated = `   0: (b7) r0 = 0
   1: (95) exit
`
	tests := []struct {
		name, text, format, lines string // lines of the program in LLVM's syntax, or in that of bpf_asm
	}{
		{"LLVM's text", "r0 = 0\nexit\n", "source", "r0 = 0|exit"},
		{"verifier log", log, "source", "r0 = 0|exit"},
		{"bpftool", xlated, "source", "r0 = 0|exit"},
		{"directives", ".program p xdp\n\tr0 = 1\n\texit\n", "source", "r0 = 1|exit"},
		{"comment first", "// ret\nr0 = 0\nexit\n", "source", "r0 = 0|exit"},
		{"bpf_asm", "ldh [12]\njne #0x800, drop\nret #-1\ndrop: ret #0\n", "bpf_asm", "ldh [12]|jeq #0x800, l2, l3|ret #0xffffffff|ret #0"},
		{"bpf_asm with a comment", "/* r0 = 0 */\nret #0\n", "bpf_asm", "ret #0"},
		{"tcpdump -d", "(000) ret      #262144\n", "bpf_asm", "ret #0x40000"},
		{"macros", "BPF_STMT(BPF_RET | BPF_K, 0x40000),\n", "sock_filter", "ret #0x40000"},
		{"macros in a file", "struct sock_filter f[] = {\n\tBPF_STMT(BPF_RET | BPF_K, 0x40000),\n};\n", "c", "ret #0x40000"},
		{"tcpdump -dd", "{ 0x6, 0, 0, 0x00040000 },\n", "sock_filter", "ret #0x40000"},
		{"tcpdump -ddd", "1\n6 0 0 262144\n", "decimal", "ret #0x40000"},
		{"xt_bpf", "2,48 0 0 9,6 0 0 1,\n", "decimal", "ldb [9]|ret #0x1"},
		{"hexadecimal", "b700000000000000\n9500000000000000\n", "hex", "r0 = 0|exit"},
		{"hexadecimal with blanks", "b7 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00", "hex", "r0 = 0|exit"},
		{"hexadecimal without letters", "0500000000000000\n9500000000000000\n", "hex", "goto L1|exit"},
		{"classic, hexadecimal", "0600000000000400\n", "classic-hex", "ret #0x40000"},
		{"classic, big-endian", "0006000000040000\n", "classic-hex", "ret #0x40000"},
		{"raw", unhex(t, "b700000000000000 9500000000000000"), "raw", "r0 = 0|exit"},
		{"raw, big-endian", unhex(t, "b710000000000007 9500000000000000"), "raw", "r1 = 7|exit"},
		{"classic, raw", unhex(t, "0600000000000400"), "classic-raw", "ret #0x40000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := newFlags("").input().read(&console{}, writeTemp(t, "file", tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			if in.classic != nil {
				for _, ins := range listClassic(in, byteOrder("little")).Instructions {
					lines = append(lines, ins.Text)
				}
			} else {
				p, err := in.program("")
				if err != nil {
					t.Fatal(err)
				}
				for _, text := range instructionTexts(p) {
					lines = append(lines, text.text)
				}
			}
			if got := strings.Join(lines, "|"); in.format != tt.format || got != tt.lines {
				t.Errorf("%s: %s\nwant %s: %s", in.format, got, tt.format, tt.lines)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	// A jump to itself, or classic: ret #0xffffffff.
	const both = "\x06\x00\x00\x00\xff\xff\xff\xff"
	tests := []struct {
		name, file, text string
		args             string
		status           int
		want             string
	}{
		{"empty", "x", "", "", 1, "x: is empty"},
		{"blanks", "x", " \n", "", 1, "x: is empty"},
		{"nonsense", "x", "what is this\n", "", 1, "1 mistake\n"},
		{"neither", "x", "\x00\x01\x02", "", 1, "as raw: "},
		{"neither, the other", "x", "\x00\x01\x02", "", 1, "as classic-raw: "},
		{"no ELF", "x", "\x7fELF", "", 1, "not an ELF file"},
		{"no JSON", "x.json", "{\"version\": 1,", "", 1, "x.json:1:"},
		{"bad hexadecimal", "x", "b7", "", 1, "x: "},
		{"forced", "x", "r0 = 0\nexit\n", "-from decimal", 1, "x:1:1: "},
		{"ambiguous", "x", both, "", 2, "x may be read as raw or classic-raw: say which by -from\n"},
		{"ambiguous, hexadecimal", "x", hex.EncodeToString([]byte(both)), "", 2, "x may be read as hex or classic-hex: say which by -from\n"},
		{"no type", "x.s", "r0 = 0\nexit\n", "-type nothing", 2, `no program type "nothing"`},
		{"type of a classic program", "x.s", "ret #0\n", "-type xdp", 1, "is a classic program, which has no type"},
		{"type of a program with type", "x.s", ".program p xdp\nr0 = 0\nexit\n", "-type xdp", 1, "say their types"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := writeTemp(t, tt.file, tt.text)
			got := runTool(append([]string{"dump", path}, strings.Fields(tt.args)...)...)
			if got.status != tt.status || got.stdout != "" || !strings.Contains(got.stderr, tt.want) {
				t.Errorf("%+v; want status %d and %s", got, tt.status, tt.want)
			}
		})
	}
}

// Where contents leave a choice, the name of the file or -from decides.
func TestDecide(t *testing.T) {
	const both = "\x06\x00\x00\x00\xff\xff\xff\xff"
	for _, tt := range []struct{ file, from, want string }{
		{"x.bin", "", "raw"},
		{"x.raw", "", "raw"},
		{"x", "raw", "raw"},
		{"x", "classic-raw", "classic-raw"},
		{"x.bin", "classic-raw", "classic-raw"},
	} {
		f := newFlags("")
		flags := f.input()
		path := writeTemp(t, tt.file, both)
		if _, err := f.parse([]string{"-from", tt.from}); err != nil && tt.from != "" {
			t.Fatal(err)
		}
		if in, err := flags.read(&console{}, path); err != nil || in.format != tt.want {
			t.Errorf("%+v: %v, %v", tt, in, err)
		}
	}
}

// Several programs are asked for by name.
func TestOneProgram(t *testing.T) {
	if got := tool(t, "convert", "sockredir", "-program", "redirect_msg", "-to", "hex"); got != tool(t, "convert", redirectName, "-to", "hex") {
		t.Errorf("another program:\n%s", got)
	}
	// Functions that others call are not asked for, but can be.
	folder := t.TempDir()
	path := filepath.Join(folder, "all.json")
	tool(t, "link", "testdata/example/filter.s", "testdata/example/functions.s", "-o", path)
	for args, want := range map[string]int{"convert -to hex": 4 + 11, "convert -to hex -program filter": 4 + 11, "convert -to hex -program count": 11} {
		got := tool(t, append(strings.Fields(args), path)...)
		if n := strings.Count(got, "\n"); n != want {
			t.Errorf("%s: %d instructions, want %d:\n%s", args, n, want, got)
		}
	}
	for args, want := range map[string]string{
		"convert sockredir -to hex":                       "sockredir: has 2 programs; which one: record_socket or redirect_msg?",
		"convert sockredir -to hex -program redirect_mgs": "sockredir: has no program redirect_mgs; did you mean redirect_msg?",
		"dump sockredir -program x":                       "sockredir: has no program x",
		"disasm sockredir -syntax llvm":                   "sockredir: has 2 programs; which one: record_socket or redirect_msg?",
	} {
		if got := runTool(strings.Fields(args)...); got.status != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v; want %s", args, got, want)
		}
	}
}

// A classic program is not what these formats are for, and an extended one not what others are for.
func TestWrongKind(t *testing.T) {
	for _, format := range []string{"source", "llvm", "kernel", "elf", "c-nginx", "raw", "hex"} {
		got := runTool("convert", bytemodName, "-to", format)
		if want := "bytemod is a classic program: -extended makes eBPF of it"; got.status != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v; want %s", format, got, want)
		}
	}
	for _, format := range []string{"bpf_asm", "tcpdump", "sock_filter", "classic-raw", "classic-hex", "decimal"} {
		got := runTool("convert", dcidName, "-to", format)
		if want := "dcid is no classic program"; got.status != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v; want %s", format, got, want)
		}
	}
}

// Nothing that can be in a file makes the tool fall over.
func FuzzRead(f *testing.F) {
	for _, name := range []string{dcidName, bytemodName} {
		for _, format := range formats() {
			var out, errs bytes.Buffer
			if format.write != nil && run([]string{"convert", name, "-to", format.name}, strings.NewReader(""), &out, &errs) == 0 {
				f.Add(out.Bytes())
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := document{name: "file", data: data}
		in, err := d.read("")
		if err != nil {
			return
		}
		if (in.object == nil) == (in.classic == nil) {
			t.Errorf("read as %s: %+v", in.format, in)
		}
		if l, err := newListing(in, "", byteOrder("little")); err == nil {
			l.text()
		}
	})
}

// A program without a name is called as its file.
func TestNames(t *testing.T) {
	for file, want := range map[string]string{
		"drop.txt": "drop", "my-filter.v2.txt": "my_filter", "7.txt": "_7", ".txt": "program", "ü.txt": "program",
	} {
		path := writeTemp(t, file, "ret #0\n")
		for _, args := range []string{"dump -from bpf_asm", "dump -from bpf_asm -json", "convert -from bpf_asm -extended -to source", "convert -from bpf_asm -to c"} {
			if got := tool(t, append(strings.Fields(args), path)...); !strings.Contains(got, want) {
				t.Errorf("%s of %s has no %s:\n%s", args, file, want, got)
			}
		}
	}
}
