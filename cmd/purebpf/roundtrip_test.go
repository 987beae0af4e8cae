package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// extendedFormats are the formats that are written and read, with those that keep all that each of them says. Not among
// them: c, c-nginx and go, which are not read, and classic programs'.
var extendedFormats = []struct {
	name  string
	keeps []string
}{
	{"raw", []string{"hex", "llvm", "kernel", "source", "json"}},
	{"hex", []string{"raw", "llvm", "kernel", "source", "json"}},
	{"llvm", []string{"source", "json"}}, // names of labels and maps
	{"kernel", []string{"llvm", "source", "json"}},
	{"source", []string{"json"}},
	{"json", []string{"source"}},
}

// testPrograms are arguments that stand for programs: those that the tool ships, and examples in text.
func testPrograms() (extended, classic []string) {
	extended = []string{dcidName, recordName, redirectName, filepath.Join("testdata", "example", "functions.s")}
	return extended, []string{bytemodName}
}

// Whatever a format says of a program is still there after a way through each format that keeps it.
func TestRoundTrip(t *testing.T) {
	extended, _ := testPrograms()
	for _, program := range extended {
		for _, a := range extendedFormats {
			for _, b := range a.keeps {
				roundTrip(t, program, a.name, b)
			}
		}
	}
}

func TestRoundTripClassic(t *testing.T) {
	formats := []string{"bpf_asm", "tcpdump", "sock_filter", "classic-raw", "classic-hex", "decimal"}
	_, programs := testPrograms()
	for _, program := range programs {
		for _, a := range formats {
			for _, b := range formats {
				roundTrip(t, program, a, b)
			}
			roundTrip(t, program, a, "json")
		}
	}
}

// Objects that clang made, of either byte order, with and without debug information: everything that the text and JSON
// say comes back from the other, and an object that was written comes back the same from either.
func TestRoundTripObjects(t *testing.T) {
	objects, err := filepath.Glob("../../reloc/elf/testdata/clang/*.o")
	if err != nil || len(objects) == 0 {
		t.Fatalf("no objects of clang's: %v", err)
	}
	written := 0
	for _, object := range objects {
		roundTrip(t, object, "source", "json")
		roundTrip(t, object, "json", "source")
		// A map that nothing describes has no place in an object that is to be loaded.
		if runTool("convert", object, "-to", "elf").status != 0 {
			continue
		}
		roundTrip(t, object, "elf", "source")
		roundTrip(t, object, "elf", "json")
		written++
	}
	if written < len(objects)*9/10 {
		t.Errorf("%d of %d objects could be written again", written, len(objects))
	}
}

// roundTrip converts a program to format a, that to b, and that to a again.
func roundTrip(t *testing.T, program, a, b string) {
	t.Helper()
	folder := t.TempDir()
	path := func(i string) string { return filepath.Join(folder, i) }
	tool(t, "convert", program, "-to", a, "-o", path("first"))
	tool(t, "convert", path("first"), "-from", a, "-to", b, "-o", path("second"))
	tool(t, "convert", path("second"), "-from", b, "-to", a, "-o", path("third"))
	first, err := os.ReadFile(path("first"))
	if err != nil {
		t.Fatal(err)
	}
	third, err := os.ReadFile(path("third"))
	if diff := cmp.Diff(string(first), string(third)); diff != "" || err != nil {
		t.Errorf("%s, %s -> %s -> %s: %v (-before +after):\n%s", program, a, b, a, err, diff)
	}
}

// A file need not say what format it has.
func TestDetect(t *testing.T) {
	extended, classic := testPrograms()
	formats := map[string][]string{}
	for _, p := range extended {
		formats[p] = []string{"source", "elf", "json", "hex", "raw"}
	}
	for _, p := range classic {
		formats[p] = []string{"bpf_asm", "json", "sock_filter", "decimal", "classic-hex", "classic-raw"}
	}
	for program, written := range formats {
		for _, format := range written {
			path := filepath.Join(t.TempDir(), "file")
			if got := runTool("convert", program, "-to", format, "-o", path); got.status != 0 {
				if format == "elf" {
					continue // an untyped program has no place there
				}
				t.Fatalf("%s to %s: %s", program, format, got.stderr)
			}
			f := newFlags("test")
			flags := f.input()
			in, err := flags.read(&console{}, path)
			if err != nil || in.format != format {
				t.Errorf("%s as %s: read as %v, %v", program, format, in, err)
			}
		}
	}
}
