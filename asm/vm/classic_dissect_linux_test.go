package vm_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// headers makes random frames with headers that the flow dissector knows, some of them cut short.
type headers struct {
	r *rand.Rand
	b []byte
}

const etherVLAN, etherVLANs = 0x8100, 0x88a8

func (h *headers) frame() []byte {
	// Not the loopback device's address: the kernel shows such a frame to packet sockets and then drops it.
	h.b = append(h.b[:0], 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2)
	h.ether(4)
	for range 40 + h.r.IntN(20) {
		h.b = append(h.b, byte(h.r.Uint32()))
	}
	if h.r.IntN(3) == 0 {
		h.b = h.b[:min(len(h.b), 20+h.r.IntN(len(h.b)))]
	}
	return h.b
}

// ether appends an EtherType and what it announces.
func (h *headers) ether(depth int) {
	types := []uint16{unix.ETH_P_IP, unix.ETH_P_IPV6, etherVLAN, etherVLANs}
	kind := types[h.r.IntN(2)]
	if depth > 0 {
		kind = types[h.r.IntN(len(types))]
	}
	h.b = binary.BigEndian.AppendUint16(h.b, kind)
	switch kind {
	case etherVLAN, etherVLANs:
		h.b = append(h.b, byte(h.r.IntN(0xf)), 1+byte(h.r.IntN(200)))
		h.ether(depth - 1)
	case unix.ETH_P_IP:
		h.ipv4(depth)
	default:
		h.ipv6(depth)
	}
}

// protocol returns a protocol of the transport layer, or that of an IP header inside.
func (h *headers) protocol(depth int) uint8 {
	inner := []uint8{unix.IPPROTO_IPIP, unix.IPPROTO_IPV6}
	if depth > 0 && h.r.IntN(4) == 0 {
		return inner[h.r.IntN(2)]
	}
	transport := []uint8{unix.IPPROTO_TCP, unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE, unix.IPPROTO_ICMP,
		unix.IPPROTO_ICMPV6, unix.IPPROTO_IGMP, unix.IPPROTO_SCTP, unix.IPPROTO_ESP, 89, unix.IPPROTO_NONE}
	return transport[h.r.IntN(len(transport))]
}

func (h *headers) inside(protocol uint8, depth int) {
	switch protocol {
	case unix.IPPROTO_IPIP:
		h.ipv4(depth - 1)
	case unix.IPPROTO_IPV6:
		h.ipv6(depth - 1)
	}
}

func (h *headers) ipv4(depth int) {
	header := make([]byte, 20)
	words := 5
	switch h.r.IntN(6) {
	case 0:
		words = h.r.IntN(16)
	case 1:
		binary.BigEndian.PutUint16(header[6:], uint16(h.r.Uint32()))
	case 2:
		binary.BigEndian.PutUint16(header[6:], 0x2000)
	case 3:
		header[6] = 0x40
	}
	header[0] = 0x40 | byte(words)
	header[8], header[9] = 64, h.protocol(depth)
	h.b = append(h.b, header...)
	h.b = append(h.b, make([]byte, max(0, words-5)*4)...)
	h.inside(header[9], depth)
}

func (h *headers) ipv6(depth int) {
	const next = 6
	at := len(h.b) + next
	h.b = append(h.b, make([]byte, 40)...)
	h.b[at-next] = 0x60
	h.b[at+1] = 64
	extensions := []uint8{unix.IPPROTO_HOPOPTS, unix.IPPROTO_ROUTING, unix.IPPROTO_DSTOPTS, unix.IPPROTO_FRAGMENT}
	n := max(0, h.r.IntN(6)-2)
	if h.r.IntN(10) == 0 {
		n = 14 + h.r.IntN(4) // about as many as the kernel follows
	}
	for range n {
		kind := extensions[h.r.IntN(len(extensions)-1)]
		if h.r.IntN(8) == 0 {
			kind = unix.IPPROTO_FRAGMENT
		}
		h.b[at] = kind
		at = len(h.b)
		size := h.r.IntN(2)
		h.b = append(h.b, make([]byte, 8+8*size)...)
		h.b[at+1] = byte(size)
		if kind == unix.IPPROTO_FRAGMENT {
			h.b = h.b[:at+8]
			h.b[at+3] = byte(h.r.IntN(20)) // the offset, above three bits
		}
	}
	h.b[at] = h.protocol(depth)
	h.inside(h.b[at], depth)
}

// The payload offset of random frames is that of the kernel's flow dissector, and the VLAN extensions are right: the
// kernel takes the first tag off before a packet socket sees the frame.
func TestClassicDissectsAsKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_RAW)
	onOneProcessor(t)
	s := filterSocket{receiver: packetSocket(t, unix.ETH_P_ALL), sender: packetSocket(t, 0)}
	if err := unix.SetsockoptInt(s.receiver, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		t.Fatalf("leave out outgoing packets, which needs Linux 4.20: %v", err)
	}
	if err := unix.SetsockoptTimeval(s.receiver, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		t.Fatal(err)
	}
	marker := append([]byte{2, 0, 0, 0, 0, 1, 12: 0x88, 13: 0xb5}, make([]byte, markerSize)...)
	filters := []*classic.Program{
		extensionFilter(t, classic.ExtPayOffset, func(b *classic.Builder) {}),
		extensionFilter(t, classic.ExtVLANTag, func(b *classic.Builder) { b.Mod(61); b.Add(1) }),
		extensionFilter(t, classic.ExtVLANTPID, func(b *classic.Builder) { b.Mod(61); b.Add(1) }),
		extensionFilter(t, classic.ExtVLANTagPresent, func(b *classic.Builder) { b.Add(1) }),
		extensionFilter(t, classic.ExtPktType, func(b *classic.Builder) { b.Add(1) }),
	}
	h := headers{r: rand.New(rand.NewPCG(*classicSeed, 3))}
	frames := make([][]byte, max(50, *classicFilters/2))
	for i := range frames {
		frames[i] = append([]byte(nil), h.frame()...)
	}
	buffer := make([]byte, 4096)
	var count tally
	start := time.Now()
	for _, p := range filters {
		s.attach(t, markerPassing(uint32(len(marker)), p))
		count.filters++
		for _, frame := range frames {
			want := s.keptBefore(t, frame, marker, len(marker), buffer)
			count.packets++
			if want == 0 {
				count.drops++
			}
			skb := received(frame)
			skb.PktType = unix.PACKET_OTHERHOST
			got := min(int(vm.NewClassic(p, nil).Run(&skb)), len(skb.Data))
			if got != want {
				t.Fatalf("the kernel keeps %d bytes, the simulator %d, of\n% x\nby\n%v", want, got, frame, p)
			}
		}
	}
	count.report(t, start)
}

func extensionFilter(t *testing.T, e classic.Extension, visible func(b *classic.Builder)) *classic.Program {
	t.Helper()
	b := classic.NewBuilder("extension")
	b.LoadExtension(e)
	visible(b)
	b.ReturnA()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// received is a frame as packet sockets see it: without its VLAN tag, if it has one.
func received(frame []byte) vm.SKBContext {
	skb := vm.SKBContext{Data: frame, Network: frameHeader}
	skb.Protocol = binary.BigEndian.Uint16(frame[12:])
	if skb.Protocol == etherVLAN || skb.Protocol == etherVLANs {
		skb.VLANPresent, skb.VLANProto, skb.VLANTCI = true, skb.Protocol, binary.BigEndian.Uint16(frame[14:])
		skb.Protocol = binary.BigEndian.Uint16(frame[16:])
		skb.Data = append(append([]byte(nil), frame[:12]...), frame[16:]...)
	}
	return skb
}

// Random netlink attributes, right and wrong.
func TestClassicFindsAttributesAsKernel(t *testing.T) {
	s := unixPair(t)
	r := rand.New(rand.NewPCG(*classicSeed, 4))
	buffer := make([]byte, 4096)
	var count tally
	start := time.Now()
	for range *classicFilters {
		ext := []classic.Extension{classic.ExtNlattr, classic.ExtNlattrNest}[r.IntN(2)]
		data, starts := randomAttributes(r)
		b := classic.NewBuilder("attributes")
		b.LoadConst(starts[r.IntN(len(starts))])
		if r.IntN(8) == 0 {
			b.LoadConst(r.Uint32N(120))
		}
		b.LoadConstX(1 + r.Uint32N(4))
		b.LoadExtension(ext)
		b.Add(1)
		b.ReturnA()
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		s.attach(t, p.Raw())
		m := vm.NewClassic(p, &vm.ClassicOptions{Order: nativeOrder()})
		count.filters++
		want := s.kept(t, data, buffer)
		count.packets++
		if want == 1 { // none found
			count.drops++
		}
		if got := int(m.Run(&vm.SKBContext{Data: data})); got != want {
			t.Fatalf("the kernel says %d, the simulator %d, of\n% x\nby\n%v", want-1, got-1, data, p)
		}
	}
	count.report(t, start)
}

// randomAttributes returns netlink attributes of the types 1 to 4, some of them nested, some of a wrong length, and where
// each of the outer ones is.
func randomAttributes(r *rand.Rand) (data []byte, starts []uint32) {
	attribute := func(value []byte) {
		size := 4 + len(value)
		if r.IntN(15) == 0 {
			size = r.IntN(150)
		}
		starts = append(starts, uint32(len(data)))
		data = binary.NativeEndian.AppendUint16(data, uint16(size))
		data = binary.NativeEndian.AppendUint16(data, uint16(1+r.IntN(4))|uint16(r.IntN(4))<<14)
		data = append(append(data, value...), make([]byte, -len(value)&3)...)
	}
	for range 1 + r.IntN(6) {
		attribute(make([]byte, r.IntN(9)))
	}
	inner := data
	data, starts = nil, nil
	for range 1 + r.IntN(6) {
		if r.IntN(2) == 0 {
			attribute(inner)
		} else {
			attribute(make([]byte, r.IntN(9)))
		}
	}
	return data, starts
}
