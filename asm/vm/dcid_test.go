package vm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// selectByCID is the selector of programs/dcid in short: the socket of the first 8 bytes of the connection ID, which has
// 20 bytes.
func selectByCID(b *asm.Builder) {
	workers := b.DeclareMap(asm.MapSpec{Name: "workers", Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: 16})
	ctx := b.Context()
	packet := b.Stack("packet", 28)
	pass := func() { b.Return(asm.SkPass) }
	missing := b.Call(asm.FnSKBLoadBytes, ctx, 8, packet.U8(7), 21)
	b.If(missing.NotEq(0), pass)
	b.If(b.Load(packet.U8(7)).Ge(0x80), func() {
		b.If(b.Load(packet.U8(12)).NotEq(20), pass)
		missing := b.Call(asm.FnSKBLoadBytes, ctx, 14, packet.U8(8), 20)
		b.If(missing.NotEq(0), pass)
	})
	b.Call(asm.FnSkSelectReuseport, ctx, workers, packet.U64(8), 0)
	pass()
}

// datagram returns a UDP datagram of 1200 bytes with a QUIC packet for a connection ID.
func datagram(long bool, cid uint64) []byte {
	b := make([]byte, 8+1200)
	at := 9
	if long {
		b[8], b[13] = 0xc0, 20
		at = 14
	}
	copy(b[at:], u64(cid))
	return b
}

func TestSelectByCID(t *testing.T) {
	m := machine(t, nil, asm.SkReuseport, selectByCID)
	group := &vm.Group{}
	a, b, stranger := udp(1, group), udp(2, group), udp(3, &vm.Group{})
	for i, s := range []*vm.Socket{a, b, stranger} {
		if err := m.Map("workers").UpdateSocket(u64(uint64(100+i)), s, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		data []byte
		want *vm.Socket
	}{
		{"short header", datagram(false, 100), a},
		{"long header", datagram(true, 101), b},
		{"unknown connection ID", datagram(true, 200), nil},
		{"socket of another group", datagram(true, 102), nil},
		{"too short", datagram(false, 100)[:28], nil},
	} {
		for _, paged := range []int{0, len(c.data) - 8} {
			ctx := &vm.ReuseportContext{Data: c.data, Paged: paged, Socket: a}
			want(t, m, ctx, asm.SkPass)
			if ctx.Selected != c.want {
				t.Errorf("%s, %d bytes paged: %+v selected", c.name, paged, ctx.Selected)
			}
		}
	}
}

// BenchmarkSelectByCID is a run of a selector on a datagram of 1200 bytes, with everything around it.
func BenchmarkSelectByCID(b *testing.B) {
	m := machine(b, nil, asm.SkReuseport, selectByCID)
	group := &vm.Group{}
	own := udp(1, group)
	if err := m.Map("workers").UpdateSocket(u64(7), own, 0); err != nil {
		b.Fatal(err)
	}
	ctx := &vm.ReuseportContext{Data: datagram(true, 7), Socket: own}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Run(ctx); err != nil || ctx.Selected != own {
			b.Fatal(err)
		}
	}
}
