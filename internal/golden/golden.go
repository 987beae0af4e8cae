// Package golden holds test output against files that one can review by eye.
//
//	golden.Check(t, "testdata/byte_modulo.golden", listing)
//
// fails when the file is stale, and
//
//	go test ./... -update
//
// rewrites all of them. Every test binary of the module has to know the flag for that: those without golden files get it
// from package kerneltest or import this package for its flag alone.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Check compares got with the file at path, relative to the package's folder, or writes it there under -update.
func Check(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale; review, then go test -update (-file +now):\n%s", path, diff)
	}
}
