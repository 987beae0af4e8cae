package elf_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/reloc/elf"
)

// What clang wrote is read, written and read again: with the same maps and, linked, the same instructions.
func TestAppendReadOfClang(t *testing.T) {
	files, err := filepath.Glob("testdata/clang/*.o")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			object, err := elf.Read(file, data)
			if err != nil {
				t.Fatal(err)
			}
			var order binary.ByteOrder = binary.LittleEndian
			if data[5] == 2 {
				order = binary.BigEndian
			}
			written, err := elf.Append(nil, object, &elf.Options{Order: order})
			if strings.HasPrefix(filepath.Base(file), "reuseport.") { // declares its map and does not define it, as nginx does
				if err == nil || !strings.Contains(err.Error(), "map quic_sockmap is not described") {
					t.Errorf("got %v, want that quic_sockmap is not described", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := elf.Read(file, written)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(described(object), described(again)); diff != "" {
				t.Errorf("maps (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(link(t, object, order), link(t, again, order)); diff != "" {
				t.Errorf("linked programs (-want +got):\n%s", diff)
			}
		})
	}
}
