package main

import (
	"os"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/loader"
)

// attachAsBPFToolDoes attaches a pinned program to a cgroup with BPF_PROG_ATTACH.
func attachAsBPFToolDoes(t testing.TB, pin, cgroup string, at asm.AttachType) {
	t.Helper()
	p, err := loader.OpenPinned(pin, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dir, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	err = sys.ProgAttach(&sys.ProgAttachAttr{
		TargetFD: uint32(dir.Fd()), AttachBPFFD: uint32(p.FD()), AttachType: uint32(at), AttachFlags: sys.AttachAllowMulti,
	})
	if err != nil {
		t.Fatal(err)
	}
}
