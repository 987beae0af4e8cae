package asm_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// A loaded program runs in the kernel on packets that the test makes.
type loaded struct {
	*loader.Program
	objects *loader.Collection
}

// inKernel builds, links and loads an XDP program.
func inKernel(t *testing.T, build func(b *asm.Builder)) *loaded {
	t.Helper()
	return inKernelAs(t, asm.XDP, nil, build)
}

func inKernelAs(t *testing.T, typ asm.ProgramType, opts *loader.CollectionOptions, build func(b *asm.Builder)) *loaded {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	b := asm.NewBuilder("test", typ)
	build(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	object, err := reloc.NewObject(p)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := loader.LoadObject(object, opts)
	if err != nil {
		t.Fatalf("%+v\n%v", err, p)
	}
	t.Cleanup(func() { objects.Close() })
	program, ok := objects.Program("test")
	if !ok {
		t.Fatal("the program is not in its collection")
	}
	return &loaded{program, objects}
}

// run returns the result, and the packet as the program leaves it.
func (l *loaded) run(t *testing.T, packet []byte) (uint32, []byte) {
	t.Helper()
	r, err := l.Run(&loader.RunOptions{Data: packet})
	if err != nil {
		t.Fatal(err)
	}
	return r.Return, r.Data
}

// numbers is a packet of numbers of 64 bits in the machine's byte order.
func numbers(n ...uint64) (packet []byte) {
	for _, n := range n {
		packet = binary.NativeEndian.AppendUint64(packet, n)
	}
	for len(packet) < 16 { // what the kernel wants at least
		packet = append(packet, 0)
	}
	return packet
}

// input loads n numbers from the packet.
func input(b *asm.Builder, n int) (values []asm.Register) {
	pkt := b.Packet()
	pkt.Need(max(16, 8*n), func() { b.Return(0xbad) })
	for i := range n {
		values = append(values, b.Load(pkt.U64(8*i)))
	}
	return values
}

// mapOf returns a map of the program.
func (l *loaded) mapOf(t *testing.T, name string) *maps.Raw {
	t.Helper()
	m, ok := l.objects.Map(name)
	if !ok {
		t.Fatalf("no map %s", name)
	}
	return m
}

// refusedByKernel loads a program that the builder accepts and the verifier must refuse for the given reason.
func refusedByKernel(t *testing.T, b *asm.Builder, why string) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.Load(p, nil)
	if err == nil {
		loaded.Close()
		t.Fatalf("the kernel takes it:\n%v", p)
	}
	var refused *loader.VerifierError
	if !errors.As(err, &refused) || !strings.Contains(strings.Join(refused.Log, "\n"), why) {
		t.Errorf("%+v\nwant %s", err, why)
	}
}
