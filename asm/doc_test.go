package asm_test

import (
	"os"
	"strings"
	"testing"
)

// The programs in the package comment are those that Example and Example_instructions run.
func TestPackageComment(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var programs []string
	inside := false
	for line := range strings.Lines(read("doc.go")) {
		code, ok := strings.CutPrefix(line, "//\t")
		switch {
		case ok && !inside:
			programs = append(programs, "\t"+code)
		case ok:
			programs[len(programs)-1] += "\t" + code
		}
		inside = ok
	}
	if len(programs) != 2 {
		t.Errorf("%d programs, want 2", len(programs))
	}
	for _, program := range programs {
		if !strings.Contains(read("example_test.go"), program) {
			t.Errorf("example_test.go does not have this program of the package comment:\n%s", program)
		}
	}
}
