package golden_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/golden"
)

// TestDropAll is the example of the package comment.
func TestDropAll(t *testing.T) {
	b := asm.NewBuilder("drop_all", asm.XDP)
	b.Return(asm.XDPDrop)
	program, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, program, "testdata/drop_all.golden")
}
