package vm_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// build assembles a program.
func build(t testing.TB, typ asm.ProgramType, f func(b *asm.Builder)) *asm.Program {
	t.Helper()
	b := asm.NewBuilder("test", typ)
	f(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// machine makes a machine for a program.
func machine(t testing.TB, opts *vm.Options, typ asm.ProgramType, f func(b *asm.Builder)) *vm.Machine {
	t.Helper()
	m, err := vm.New(build(t, typ, f), opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSmoke(t *testing.T) {
	m := machine(t, nil, asm.SkReuseport, func(b *asm.Builder) {
		b.Ldx(asm.R2, asm.R1.Field(asm.SkReuseportMdData))
		b.Ldx(asm.R3, asm.R1.Field(asm.SkReuseportMdDataEnd))
		b.Mov(asm.R0, asm.R2)
		b.Add(asm.R0, 12)
		b.JumpIf(asm.R0.Gt(asm.R3), "short")
		b.Ldx(asm.R0, asm.R2.U32(8))
		b.Exit()
		b.Label("short")
		b.Mov(asm.R0, 7)
		b.Exit()
	})
	r0, err := m.Run(&vm.ReuseportContext{Data: []byte{0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4}})
	if err != nil || r0 != 0x04030201 {
		t.Errorf("%#x, %v", r0, err)
	}
	r0, err = m.Run(&vm.ReuseportContext{Data: make([]byte, 1200), Paged: 1192})
	if err != nil || r0 != 7 {
		t.Errorf("%#x, %v", r0, err)
	}
}

// A program may name 64 maps, each as a map and by its value; what is beyond would take the place of what a run makes.
func TestTooManyMaps(t *testing.T) {
	for _, maps := range []int{64, 65} {
		b := asm.NewBuilder("many", asm.SocketFilter)
		for i := range maps {
			name := fmt.Sprintf("m%d", i)
			b.DeclareMap(asm.MapSpec{Name: name, Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
			b.LdMap(asm.R1, name)
			b.LdMapValue(asm.R2, name, 0)
		}
		b.Ldx(asm.R0, asm.R2.U64(0))
		b.Exit()
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		m, err := vm.New(p, nil)
		if maps > 64 {
			if !errors.Is(err, vm.ErrProgram) || !strings.Contains(err.Error(), "a program has at most 64 maps") {
				t.Errorf("%d maps: %v, want an error that says how many there may be", maps, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if r0, err := m.Run(&vm.SKBContext{}); r0 != 0 || err != nil {
			t.Errorf("%d maps: %d, %v", maps, r0, err)
		}
	}
}

// A network header said to be far behind the packet is not in it.
func TestNetworkHeaderBeyondThePacket(t *testing.T) {
	m := machine(t, nil, asm.SocketFilter, func(b *asm.Builder) {
		b.Mov(asm.R6, asm.R1)
		b.LdAbs(asm.W, -0x100000) // SKF_NET_OFF
		b.Exit()
	})
	r0, err := m.Run(&vm.SKBContext{Data: make([]byte, 64), Network: math.MaxInt - 2})
	if r0 != 0 || err != nil {
		t.Errorf("%d, %v, want 0: a packet load outside ends the program", r0, err)
	}
}
