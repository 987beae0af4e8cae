package main

import (
	"os"
	"strings"
	"testing"
)

// The documentation of the command lists the commands as help does.
func TestDocumentation(t *testing.T) {
	b, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, _, _ := strings.Cut(string(b), "\npackage main")
	var got, want []string
	for line := range strings.Lines(doc) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == "//" && fields[1] == "purebpf" {
			if _, ok := findCommand(fields[2]); ok && len(got) < len(commands()) {
				got = append(got, strings.Join(fields[2:], " "))
			}
		}
	}
	for _, cmd := range commands() {
		want = append(want, cmd.name+" "+cmd.summary)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the documentation lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
