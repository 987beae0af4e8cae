package json_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/purebpf/purebpf/reloc/elf"
	purejson "github.com/purebpf/purebpf/reloc/json"
)

// Objects that clang made, with all that they say of their maps and lines, go through JSON unchanged.
func TestObjectsOfClang(t *testing.T) {
	files, err := filepath.Glob("../elf/testdata/clang/*.o")
	if err != nil || len(files) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	read := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o, err := elf.Read(file, data)
		if err != nil {
			continue // not every one is to be read
		}
		read++
		text, err := purejson.Append(nil, o)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got, err := purejson.Read("x.json", text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if diff := diffObjects(o, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	if read == 0 {
		t.Error("none was read")
	}
}
