package asm_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
)

// TestPacketNeed finds out how long packets are: what is not there is not read.
func TestPacketNeed(t *testing.T) {
	p := inKernel(t, func(b *asm.Builder) {
		pkt := b.Packet()
		last := b.Copy(0)
		for _, n := range []int{16, 20, 64, 100} {
			pkt.Need(n, func() { b.Return(last) })
			b.Mov(last, b.Load(pkt.U8(n-1)))
		}
		b.Return(last)
	})
	packet := make([]byte, 200)
	for i := range packet {
		packet[i] = byte(i + 1)
	}
	for n := 14; n < len(packet); n++ {
		want := uint32(0)
		for _, need := range []int{16, 20, 64, 100} {
			if n >= need {
				want = uint32(need)
			}
		}
		if got, _ := p.run(t, packet[:n]); got != want {
			t.Errorf("%d bytes: %d, want %d", n, got, want)
		}
	}
}

// TestPacketSkip reads behind a header whose length is in the packet.
func TestPacketSkip(t *testing.T) {
	p := inKernel(t, func(b *asm.Builder) {
		pkt := b.Packet()
		pkt.Need(16, func() { b.Return(1) })
		length := b.Load(pkt.U8(0))
		b.And(length, 0x3c)
		payload := pkt.Skip(4).Skip(length)
		payload.Need(2, func() { b.Return(2) })
		b.Store(payload.U8(1), 0xee)
		rest := b.Copy(payload.Len())
		b.Lsh(rest, 16)
		b.Or(rest, b.LoadBE(payload.U16(0)))
		b.Return(rest)
	})
	packet := make([]byte, 40)
	for i := range packet {
		packet[i] = byte(i)
	}
	for _, length := range []int{0, 4, 8, 32, 36, 60} {
		packet[0] = byte(length) | 0xc3
		at := 4 + length
		want := uint32(2)
		if at+2 <= len(packet) {
			first := packet[at]
			want = uint32(len(packet)-at)<<16 | uint32(first)<<8 | 0xee
		}
		got, after := p.run(t, packet)
		if got != want {
			t.Errorf("header of %d bytes: %#x, want %#x", length, got, want)
		}
		if want != 2 && after[at+1] != 0xee {
			t.Errorf("header of %d bytes: byte %d is %#x, want 0xee", length, at+1, after[at+1])
		}
	}
}

// xdpHasFrags is BPF_F_XDP_HAS_FRAGS of BPF_PROG_LOAD.
const xdpHasFrags = 1 << 5

// readAt reads 6 bytes at 10 bytes behind what it skips, and returns their sum.
func readAt(skip func(b *asm.Builder, pkt *asm.Packet) *asm.Packet) func(b *asm.Builder) {
	return func(b *asm.Builder) {
		pkt := skip(b, b.Packet())
		o := b.Stack("o", 6)
		pkt.Read(o, 10, func() { b.Return(0xbad) })
		sum := b.Copy(0)
		for i := range o.Size() {
			b.Mul(sum, 3)
			b.Add(sum, b.Load(o.U8(i)))
		}
		b.Return(sum)
	}
}

func wantAt(packet []byte, at int) (sum uint32) {
	if at+6 > len(packet) {
		return 0xbad
	}
	for _, c := range packet[at : at+6] {
		sum = 3*sum + uint32(c)
	}
	return sum
}

// TestPacketRead reads what is in the linear part and what is not, in XDP programs and on socket buffers.
func TestPacketRead(t *testing.T) {
	packet := make([]byte, 300)
	for i := range packet {
		packet[i] = byte(7 * i)
	}
	skips := []struct {
		name string
		skip func(b *asm.Builder, pkt *asm.Packet) *asm.Packet
		at   int
	}{
		{"from the beginning", func(b *asm.Builder, pkt *asm.Packet) *asm.Packet { return pkt }, 10},
		{"behind a constant", func(b *asm.Builder, pkt *asm.Packet) *asm.Packet { return pkt.Skip(20) }, 30},
		{"behind a register", func(b *asm.Builder, pkt *asm.Packet) *asm.Packet {
			n := b.Call(asm.FnGetPrandomU32)
			b.And(n, 0)
			b.Add(n, 100)
			return pkt.Skip(n).Skip(3)
		}, 113},
	}
	for _, s := range skips {
		t.Run(s.name, func(t *testing.T) {
			xdp := inKernel(t, readAt(s.skip))
			skb := inKernelAs(t, asm.SchedCLS, nil, readAt(s.skip))
			for n := 14; n < len(packet); n++ {
				want := wantAt(packet[:n], s.at)
				if got, _ := xdp.run(t, packet[:n]); got != want {
					t.Errorf("xdp, %d bytes: %#x, want %#x", n, got, want)
				}
				if got, _ := skb.run(t, packet[:n]); got != want {
					t.Errorf("sched_cls, %d bytes: %#x, want %#x", n, got, want)
				}
			}
		})
	}

	t.Run("fragments", func(t *testing.T) {
		// The kernel puts what does not fit one page into fragments, which no pointer reaches.
		jumbo := make([]byte, 9000)
		for i := range jumbo {
			jumbo[i] = byte(i / 11)
		}
		for _, at := range []int{0, 100, 3000, 3400, 3500, 4000, 5000, 8984, 8985} {
			p := inKernelAs(t, asm.XDP, &loader.CollectionOptions{Programs: loader.Options{Flags: xdpHasFrags}},
				readAt(func(b *asm.Builder, pkt *asm.Packet) *asm.Packet { return pkt.Skip(at) }))
			if got, _ := p.run(t, jumbo); got != wantAt(jumbo, at+10) {
				t.Errorf("at %d: %#x, want %#x", at+10, got, wantAt(jumbo, at+10))
			}
		}
	})
}
