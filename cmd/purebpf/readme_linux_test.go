package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

const readmePath = "../../README.md"

// blocks returns the fenced blocks of the README that begin with the given line, without their fences.
func blocks(t *testing.T, fence string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(readmePath))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, after := range strings.Split(string(b), "\n"+fence+"\n")[1:] {
		block, _, ok := strings.Cut(after, "```\n")
		if !ok {
			t.Fatalf("a block that begins with %s has no end", fence)
		}
		found = append(found, block)
	}
	return found
}

// replaceInReadme puts text in the place of another.
func replaceInReadme(t *testing.T, was, is string) {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(readmePath))
	if err == nil {
		err = os.WriteFile(filepath.FromSlash(readmePath), []byte(strings.Replace(string(b), was, is, 1)), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The program in the README is the example of this package, which is compiled, and TestExample runs it.
func TestReadmeProgram(t *testing.T) {
	example, err := os.ReadFile("example_linux_test.go")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("// Example counts", "// It counts", "func Example()", "func main()").Replace(string(example))
	found := blocks(t, "```go")
	if len(found) != 1 {
		t.Fatalf("%d programs in the README, want 1", len(found))
	}
	if diff := cmp.Diff(want, found[0]); diff != "" {
		t.Errorf("the program in the README is not the example (-example +README):\n%s", diff)
	}
}

func TestExample(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	want := result{0, "2 datagrams of 3 bytes\n", ""}
	if diff := cmp.Diff(want, outcome(t, inRole("example")), cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The first command that the README gives runs the main job, the second the tests.
func TestReadmeCommands(t *testing.T) {
	var commands []string
	for _, block := range blocks(t, "```sh") {
		for line := range strings.Lines(block) {
			command, _, _ := strings.Cut(line, " #")
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	want := []string{"go run ./cmd/purebpf demo", "go test ./..."}
	if len(commands) < 2 || !cmp.Equal(commands[:2], want) {
		t.Errorf("the README's commands are %q, want them to begin with %q", commands, want)
	}
}

// The commands for files print what the README shows.
func TestReadmeConsole(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/example")); err != nil {
		t.Fatal(err)
	}
	found := blocks(t, "```console")
	t.Chdir(folder)
	commands := 0
	for _, block := range found {
		for _, part := range strings.Split("\n"+block, "\n$ purebpf ")[1:] {
			command, want, _ := strings.Cut(strings.TrimSuffix(part, "\n")+"\n", "\n")
			if diff := cmp.Diff(result{0, want, ""}, runTool(strings.Fields(command)...), cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("%s (-README +now):\n%s", command, diff)
			}
			commands++
		}
	}
	if commands < 3 {
		t.Errorf("%d commands in the README, want 3 at least", commands)
	}
}

// What the README shows of the demo is what it prints, but for the times. With -update it is put there.
func TestReadmeDemo(t *testing.T) {
	needDemo(t)
	got := outcome(t, inRole("tool", "demo"))
	wantPassed(t, got)
	found := blocks(t, "```text")
	if len(found) != 1 {
		t.Fatalf("%d outputs in the README, want 1", len(found))
	}
	diff := cmp.Diff(words(found[0]), words(got.stdout))
	if update := flag.Lookup("update"); diff != "" && update.Value.String() == "true" && !t.Failed() {
		replaceInReadme(t, found[0], got.stdout)
	} else if diff != "" {
		t.Errorf("the README shows another demo; go test -update (-README +now):\n%s", diff)
	}
}

// words splits the output of the demo, and replaces what differs from run to run: times, and packets on loopback.
func words(s string) []string {
	w := strings.Fields(s)
	for i := range w {
		if i > 0 && (w[i] == "µs" || w[i] == "packets" || w[i] == "without" && w[i+1] == "it") {
			w[i-1] = "N"
		}
	}
	return w
}
