package sockredir

import (
	"path/filepath"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/oracle"
)

func programs(t testing.TB) []*asm.Program {
	t.Helper()
	o, err := Object(nil)
	if err != nil {
		t.Fatal(err)
	}
	return o.Programs()
}

// TestGolden holds the programs against the bytes in testdata. TestLLVM holds them against LLVM's assembler.
func TestGolden(t *testing.T) {
	for _, p := range programs(t) {
		golden.Check(t, p, filepath.Join("testdata", p.Name()+".golden"))
	}
}

func TestLLVM(t *testing.T) {
	for _, p := range programs(t) {
		oracle.CheckLLVM(t, p)
	}
}
