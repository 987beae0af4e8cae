package asm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// TestDump shows a function on its way: as it was built, what a pass has made of it where it changed something, and the
// names of the passes that did not.
func TestDump(t *testing.T) {
	var dump strings.Builder
	b := asm.NewBuilder("main", asm.XDP)
	b.Dump(&dump)
	b.NoLines() // line numbers would be in the way of this comparison
	v := b.Load(b.Context().Field(asm.XDPMdRxQueueIndex))
	b.Store(b.Stack("queue", 4).U32(0), v)
	b.If(v.Eq(0), func() { b.Return(asm.XDPDrop) })
	b.Label("pass")
	b.Return(asm.XDPPass)
	if _, err := b.Program(); err != nil {
		t.Fatal(err)
	}
	const want = `main, built:
b0: in r1
	v0 = r1
	v1 = *(u32 *)(v0 + 16)
	*(u32 *)(r10 + 0) = v1 [queue]
	if v1 != 0 goto b2
	next b1
b1:
	r0 = 1
	exit
b2: pass
	r0 = 2
	exit
main, thread: the same
main, fold: the same
main, relate: the same
main, allocate:
b0: in r1
	r0 = *(u32 *)(r1 + 16)
	*(u32 *)(r10 + 0) = r0 [queue]
	if r0 != 0 goto b2
	next b1
b1:
	r0 = 1
	exit
b2: pass
	r0 = 2
	exit
main, slots: the same
main, stack:
b0: in r1
	r0 = *(u32 *)(r1 + 16)
	*(u32 *)(r10 - 4) = r0 [queue]
	if r0 != 0 goto b2
	next b1
b1:
	r0 = 1
	exit
b2: pass
	r0 = 2
	exit
main, peephole: the same
main, merge: the same
main, thread again: the same
`
	if diff := cmp.Diff(want, dump.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// With lines, every instruction of a dump names the call that asked for it. What is wrong is seen as it was built.
func TestDumpHasLines(t *testing.T) {
	var dump strings.Builder
	b := asm.NewBuilder("main", asm.XDP)
	b.Dump(&dump)
	v := b.Virtual()
	b.Return(v)
	if _, err := b.Program(); err == nil {
		t.Fatal("no error")
	}
	want := "main, built:\nb0: in v0\n" +
		"\tr0 = v0                                      dump_test.go:83\n" +
		"\texit                                         dump_test.go:83\n"
	if diff := cmp.Diff(want, dump.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
