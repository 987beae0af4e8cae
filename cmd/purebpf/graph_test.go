package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the graph says is the business of its package; here it is that every program gets there.
func TestGraph(t *testing.T) {
	for _, program := range append(shippedNames(), "testdata/example/filter.s") {
		text := tool(t, "graph", program)
		in, err := newFlags("").input().read(&console{}, program)
		if err != nil {
			t.Fatal(err)
		}
		if in.object != nil {
			for _, p := range in.object.Programs() {
				if !strings.Contains(text, p.Name()) {
					t.Errorf("%s: no %s in\n%s", program, p.Name(), text)
				}
			}
		}
		if program == objectName {
			continue
		}
		if dot := tool(t, "graph", program, "-to", "dot"); !strings.HasPrefix(dot, "digraph ") {
			t.Errorf("%s: %s", program, dot)
		}
		path := filepath.Join(t.TempDir(), "graph.svg")
		tool(t, "graph", program, "-o", path)
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(strings.NewReader(string(svg))); err == nil; {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) || !strings.Contains(string(svg), "<svg ") {
			t.Errorf("%s: the picture is no SVG: %v", program, err)
		}
	}
}

// Functions of the same object are in the graph of the program that calls them.
func TestGraphFunctions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.json")
	tool(t, "link", "testdata/example/filter.s", "testdata/example/functions.s", "-o", path)
	if got := tool(t, "graph", path); !strings.Contains(got, "function count:") {
		t.Errorf("no function count in\n%s", got)
	}
}

func TestGraphRefuses(t *testing.T) {
	if got := runTool("graph", objectName, "-to", "dot"); got.status != 1 || !strings.Contains(got.stderr, "has 2 programs; which one: record_socket or redirect_msg?") {
		t.Errorf("%+v", got)
	}
	if got := runTool("graph", dcidName, "-to", "png"); got.status != 2 || !strings.Contains(got.stderr, "want text, dot or svg") {
		t.Errorf("%+v", got)
	}
}
