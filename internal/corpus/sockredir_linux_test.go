package corpus

import (
	"encoding/binary"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
)

// The kernel runs neither sock_ops nor sk_msg programs on test data, so what is held against each other here is that it
// takes both versions and that ours are not longer. The tests of programs/sockredir say what they do.
func TestSockredir(t *testing.T) {
	object, err := sockredir.Object(nil)
	if err != nil {
		t.Fatal(err)
	}
	var theirs []*asm.Program
	for _, ours := range object.Programs() {
		clang := clangProgram(t, ours)
		theirs = append(theirs, clang)
		if ours.Slots() > clang.Slots() {
			t.Errorf("%s has %d slots, clang's %d", ours.Name(), ours.Slots(), clang.Slots())
		}
		t.Logf("%-14s %3d slots, clang's %3d", ours.Name(), ours.Slots(), clang.Slots())
	}
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the recorded programs are for little-endian machines")
	}
	recorded, err := reloc.NewObject(theirs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*reloc.Object{object, recorded} {
		c, err := loader.LoadObject(o, nil)
		if err != nil {
			t.Fatalf("%+v", err)
		}
		c.Close()
	}
}
