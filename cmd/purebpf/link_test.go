package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// files writes files into a folder and returns their paths.
func files(t *testing.T, texts ...string) []string {
	t.Helper()
	folder := t.TempDir()
	var paths []string
	for i, text := range texts {
		path := filepath.Join(folder, fmt.Sprintf("%c.s", 'a'+i))
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// A function of another file comes behind the program that calls it, and descriptors into its loads. The bytes are
// counted by hand: RFC 9669 sections 3 to 5.
func TestLinkBytes(t *testing.T) {
	paths := files(t, `.program main socket_filter
	call twice
	r1 = numbers ll
	r0 = 0
	exit
`, `.program twice
	r0 = r1
	r0 += r1
	exit
`)
	got := tool(t, "link", paths[0], paths[1], "-map", "numbers=258", "-to", "hex", "-order", "big")
	want := `8501000000000004
1811000000000102
0000000000000000
b700000000000000
9500000000000000
bf01000000000000
0f01000000000000
9500000000000000
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The object has all inputs, in any format.
func TestLinkObject(t *testing.T) {
	paths := files(t,
		".program main socket_filter\n\tcall half\n\tr1 = numbers ll\n\tr0 = 0\n\texit\n",
		".program half\n\tr0 = r1\n\tr0 >>= 1\n\texit\n",
		".program other socket_filter\n.map numbers hash key=4 value=8 entries=10\n\tr1 = numbers ll\n\tr0 = 1\n\texit\n")
	object := filepath.Join(t.TempDir(), "half.o")
	tool(t, "asm", paths[1], "-o", object)
	out := filepath.Join(t.TempDir(), "all.o")
	tool(t, "link", paths[0], object, paths[2], "-o", out)
	got := tool(t, "dump", out, "-json")
	for _, want := range []string{`"name": "main"`, `"name": "half"`, `"name": "other"`, `"max_entries": 10`} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s is there %d times in\n%s", want, strings.Count(got, want), got)
		}
	}
}

func TestLinkRefuses(t *testing.T) {
	paths := files(t,
		".program main socket_filter\n\tcall missing\n\texit\n",
		".program filter socket_filter\n.map m hash key=4 value=4 entries=1\n\tr1 = m ll\n\tr0 = 0\n\texit\n",
		".program other socket_filter\n.map m hash key=8 value=4 entries=1\n\tr1 = m ll\n\tr0 = 0\n\texit\n",
		".program filter xdp\n\tr0 = 0\n\texit\n",
		".program big socket_filter\n.map .data array key=4 value=8 entries=1\n\tr1 = .data ll\n\tr0 = 0\n\texit\n",
		".program frozen socket_filter\n.map .data array key=4 value=8 entries=1 flags=rdonly_prog\n\tr1 = .data ll\n\tr0 = 0\n\texit\n",
	)
	a, b, c, d := paths[0], paths[1], paths[2], paths[3]
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no such function", []string{a}, "unresolved symbol missing"},
		{"two descriptions", []string{b, c}, "duplicate definition: program other describes map m in another way"},
		{"two programs", []string{b, d}, "duplicate definition: program filter"},
		{"no such map", []string{b, "-map", "n=3"}, "unknown symbol n: no program refers to it"},
		{"no such map to describe", []string{b, "-map", "n=hash:4:4:1"}, "unknown symbol n: no program refers to it"},
		{"described otherwise", []string{b, "-map", "m=hash:4:4:2"}, "map m: program filter describes it in another way: hash:4:4:1"},
		{"a classic program", []string{"bytemod"}, "bytemod is a classic program: -extended makes eBPF of it"},
		{"no such file", []string{"/no/such/file"}, "no such file or directory"},
		{"sections of other flags", []string{paths[4], paths[5]}, "map .data: has flags"},
	}
	for _, tt := range tests {
		got := runTool(append([]string{"link", "-to", "source"}, tt.args...)...)
		if got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: %+v; want status 1 and %s", tt.name, got, tt.want)
		}
	}
}

// Each program finds its own data when sections are put together.
func TestLinkData(t *testing.T) {
	program := func(name, section string, contents string, offset int) string {
		return fmt.Sprintf(`.program %s socket_filter
.map %s array key=4 value=%d entries=1
.contents "%s"
	r1 = %s+%d ll
	r0 = *(u8 *)(r1 + 0)
	exit
`, name, section, len(contents), contents, section, offset)
	}
	paths := files(t,
		program("first", ".data", "abc", 2),
		program("second", ".data", "defghijklmnopqrstuvw", 1),
		program("third", ".data", "xyz", 0),
		program("constant", ".data.other", "123", 1),
	)
	out := filepath.Join(t.TempDir(), "all.s")
	tool(t, append([]string{"link", "-to", "source", "-o", out}, paths...)...)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	programs, err := asm.ParseText(out, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := make(map[string]string)
	for _, p := range programs {
		m, err := vm.New(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		r0, err := m.Run(&vm.SKBContext{})
		if err != nil {
			t.Fatal(err)
		}
		got[p.Name()] = string(rune(r0))
	}
	want := map[string]string{"first": "c", "second": "e", "third": "x", "constant": "2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text)
	}
}
