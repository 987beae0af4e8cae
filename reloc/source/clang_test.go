package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
	"github.com/purebpf/purebpf/reloc/source"
)

// clangObjects returns the objects that clang made of C with and without types of its own.
func clangObjects(t *testing.T) map[string]*reloc.Object {
	t.Helper()
	files, err := filepath.Glob("../elf/testdata/clang/*.el.o")
	if err != nil || len(files) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	objects := make(map[string]*reloc.Object)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if objects[filepath.Base(file)], err = elf.Read(file, data); err != nil {
			t.Fatal(err)
		}
	}
	return objects
}

// What clang made becomes C and Go that compile: C to the same bytes.
func TestObjectsOfClang(t *testing.T) {
	files := make(goFiles)
	args := []string{"build"}
	for name, o := range clangObjects(t) {
		c, err := source.AppendC(nil, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if typed(o) {
			if diff := cmp.Diff(nativeBytes(t, o), compile(t, string(c)+print(arrays(c)...), "-std=gnu11")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		text, err := source.AppendGo(nil, o, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		folder := fmt.Sprintf("p%d", len(files))
		files[folder] = text
		args = append(args, testPath+folder)
	}
	t.Setenv("GOOS", "linux")
	files.run(t, args...)
}

// typed reports whether the object has programs that Link keeps.
func typed(o *reloc.Object) bool {
	for _, p := range o.Programs() {
		if p.Type() != 0 {
			return true
		}
	}
	return false
}
