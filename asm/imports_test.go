package asm_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Package asm costs nothing to embed: it imports the standard library alone, and of that none of the large packages.
func TestImports(t *testing.T) {
	heavy := map[string]bool{"net": true, "encoding/json": true, "text/template": true, "regexp": true, "reflect": true, "unsafe": true}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, error %v", files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			// The first part of every path outside the standard library is a host, which has a dot.
			host, _, _ := strings.Cut(path, "/")
			if strings.Contains(host, ".") || heavy[path] || path == "C" {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
