package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// completions lets bash complete a command line, of which the last word is what the cursor is behind, in a folder with the
// files filter.s and "my filter.o".
func completions(t *testing.T, line string) []string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash is installed")
	}
	folder := t.TempDir()
	for _, name := range []string{"filter.s", "my filter.o"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	words := strings.Split(line, " ")
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, quote(w))
	}
	script := tool(t, "completion", "bash") + `
COMP_WORDS=(` + strings.Join(quoted, " ") + `)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_purebpf
[ "${#COMPREPLY[@]}" -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
`
	cmd := exec.Command(bash, "--norc", "-c", script)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.TrimSuffix(line, "\n"))
	}
	slices.Sort(got)
	return got
}

func TestBashCompletion(t *testing.T) {
	shipped := []string{"bytemod", "dcid", "sockredir", "sockredir-record", "sockredir-redirect"}
	files := []string{"filter.s", "my filter.o"}
	sorted := func(words ...[]string) []string { return slices.Sorted(slices.Values(slices.Concat(words...))) }
	tests := []struct {
		line string
		want []string
	}{
		{"purebpf ", sorted(commandNames())},
		{"purebpf conv", []string{"convert"}},
		{"purebpf xyz", nil},
		{"purebpf dump ", sorted(shipped, files)},
		{"purebpf dump sockredir-r", []string{"sockredir-record", "sockredir-redirect"}},
		{"purebpf dump my", []string{"my filter.o"}},
		{"purebpf dump dcid -o", []string{"-order"}},
		{"purebpf dump dcid -order ", []string{"big", "little"}},
		{"purebpf dump dcid -order=big -order b", []string{"big"}},
		{"purebpf dump dcid -type xd", []string{"xdp"}},
		{"purebpf convert dcid -to ", sorted(outputFormats())},
		{"purebpf convert dcid --to bpf", []string{"bpf_asm"}},
		{"purebpf convert dcid -from js", []string{"json"}},
		{"purebpf convert dcid -o ", files},
		{"purebpf convert dcid -extended fil", []string{"filter.s"}},
		{"purebpf run ", sorted(shipped, files)},
		{"purebpf run dcid -packet ", files},
		{"purebpf asm f", []string{"filter.s"}},
		{"purebpf help ver", []string{"version"}},
		{"purebpf completion ", []string{"bash", "fish", "zsh"}},
		{"purebpf demo ", nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, completions(t, tt.line)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.line, diff)
		}
	}
}

// The scripts for all shells know all commands and flags, and each shell that is there can read its own.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells() {
		script := tool(t, "completion", shell)
		for _, c := range completedCommands() {
			for _, f := range c.flags {
				dashed := "-" + f.name
				if shell == "fish" {
					dashed = "-o " + f.name
				}
				if !strings.Contains(script, dashed) {
					t.Errorf("%s: no %s of %s", shell, dashed, c.name)
				}
			}
			if !strings.Contains(script, c.name) {
				t.Errorf("%s: no %s", shell, c.name)
			}
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s is installed", shell)
			continue
		}
		check := exec.Command(path, "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s -n: %v\n%s", shell, err, out)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	words := []string{"dump", "demo", "disasm", "convert", "list"}
	tests := []struct{ typed, want string }{
		{"dmup", "dump"},  // swapped
		{"dum", "dump"},   // left out
		{"dumpp", "dump"}, // doubled
		{"disassm", "disasm"},
		{"konvert", "convert"},
		{"lst", "list"},
		{"x", ""},
		{"something", ""},
		{"", ""},
	}
	for _, tt := range tests {
		want := ""
		if tt.want != "" {
			want = "; did you mean " + tt.want + "?"
		}
		if got := didYouMean(tt.typed, words); got != want {
			t.Errorf("didYouMean(%q) = %q, want %q", tt.typed, got, want)
		}
	}
}
