package asm_test

import (
	"os"
	"strings"
	"testing"
)

// The program in the package comment is the one that Example runs.
func TestPackageComment(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var shown strings.Builder
	for line := range strings.Lines(read("doc.go")) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			shown.WriteString("\t" + code)
		}
	}
	if shown.Len() == 0 || !strings.Contains(read("example_test.go"), shown.String()) {
		t.Errorf("example_test.go does not have the program of the package comment:\n%s", shown.String())
	}
}
