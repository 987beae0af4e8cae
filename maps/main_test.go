//go:build linux

package maps

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// must unwraps a constructor and closes what it made at the end of the test.
func must[T interface{ Close() error }](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newHash makes the map that most tests use.
func newHash(t testing.TB, entries uint32) *Map[uint32, uint64] {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF)
	m, err := New[uint32, uint64](asm.MapSpec{Name: "hash", Type: asm.MapHash, MaxEntries: entries}, nil)
	return must(t, m, err)
}
