package elf_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// objdump returns a llvm-objdump that reads source lines from BTF: of LLVM 18 or later.
func objdump(t *testing.T) string {
	t.Helper()
	version := regexp.MustCompile(`LLVM version (\d+)`)
	names := []string{"llvm-objdump"}
	for n := 18; n < 40; n++ {
		names = append(names, "llvm-objdump-"+strconv.Itoa(n))
	}
	for _, name := range names {
		out, err := exec.Command(name, "--version").Output()
		if err != nil {
			continue
		}
		if m := version.FindSubmatch(out); m != nil {
			if n, err := strconv.Atoi(string(m[1])); err == nil && n >= 18 {
				return name
			}
		}
	}
	t.Skip("no llvm-objdump of LLVM 18 or later")
	return ""
}

var (
	functionLine    = regexp.MustCompile(`^[0-9a-f]{16} <(.*)>:$`)
	positionLine    = regexp.MustCompile(`^; (.*):(\d+)$`)
	sourceLine      = regexp.MustCompile(`^; (.*)$`)
	instructionLine = regexp.MustCompile(`^ *(\d+):\t`)
)

// llvm-objdump -dSl shows every instruction of every function below its line of Go and what the line is about.
func TestObjdumpShowsLines(t *testing.T) {
	tool := objdump(t)
	for _, o := range objects(t) {
		for _, order := range orders {
			t.Run(o.name+" "+order.name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "object.o")
				if err := os.WriteFile(file, write(t, o.object, order.order), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := exec.Command(tool, "-dSl", file).CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				shown := parseObjdump(t, string(out))
				for _, p := range o.object.Programs() {
					compareLines(t, p, shown)
				}
			})
		}
	}
}

// parseObjdump returns what is shown of each instruction, by function: its place and text, as in "/go/x.go:12 r0 = 0".
func parseObjdump(t *testing.T, out string) map[string][]string {
	t.Helper()
	shown := make(map[string][]string)
	var function, position, text string
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if m := functionLine.FindStringSubmatch(line); m != nil {
			function, position, text = m[1], "", ""
		} else if m := positionLine.FindStringSubmatch(line); m != nil && filepath.IsAbs(m[1]) {
			position = m[1] + ":" + m[2]
		} else if m := sourceLine.FindStringSubmatch(line); m != nil {
			text = m[1]
		} else if instructionLine.MatchString(line) {
			shown[function] = append(shown[function], position+" "+text)
		}
	}
	return shown
}

func compareLines(t *testing.T, p *asm.Program, shown map[string][]string) {
	t.Helper()
	texts, functions := p.Lines(), p.Functions()
	for f := range functions {
		end := p.Len()
		if f+1 < len(functions) {
			end = functions[f+1].Index
		}
		name := functions[f].Name
		lines, ok := shown[p.Name()+"."+name] // of a function that has the name of another one's
		if !ok {
			lines = shown[name]
		}
		if len(lines) != end-functions[f].Index {
			t.Errorf("%s: %d instructions, want %d", name, len(lines), end-functions[f].Index)
			continue
		}
		var last asm.Position
		var text string // shown once for all instructions in a row that have the same line
		for i, got := range lines {
			at := functions[f].Index + i
			if position := p.Position(at); position != last {
				last, text = position, texts[at]
			}
			if want := fmt.Sprintf("%s:%d %s", last.File, last.Line, text); got != want {
				t.Errorf("%s, instruction %d: shown as %q, want %q", name, i, got, want)
			}
		}
	}
}
