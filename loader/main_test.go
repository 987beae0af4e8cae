//go:build linux

package loader_test

import (
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// build writes a program; what is wrong with it is wrong with the test.
func build(t testing.TB, name string, kind asm.ProgramType, write func(b *asm.Builder)) *asm.Program {
	t.Helper()
	b := asm.NewBuilder(name, kind)
	write(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// returning is the program that only returns a number.
func returning(t testing.TB, name string, kind asm.ProgramType, n int) *asm.Program {
	t.Helper()
	return build(t, name, kind, func(b *asm.Builder) {
		b.Mov(asm.R0, n)
		b.Exit()
	})
}

// load loads a program until the end of the test.
func load(t testing.TB, p *asm.Program) *loader.Program {
	t.Helper()
	loaded, err := loader.Load(p, nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// TestExample runs the example of the package comment where it can run; as an Example with output it would fail for a
// user without privileges.
func TestExample(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	if diff := cmp.Diff("received abcd, 2 dropped\n", printed(t, Example)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

// printed returns what f prints.
func printed(t testing.TB, f func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	stdout := os.Stdout
	os.Stdout = write
	f()
	os.Stdout = stdout
	write.Close()
	got, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}
