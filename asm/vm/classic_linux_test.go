package vm_test

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/filtergen"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

var (
	classicFilters = flag.Int("classic.filters", 1000, "random classic filters to compare with the kernel")
	classicSeed    = flag.Uint64("classic.seed", 1, "seed of the random classic filters")
)

// filterSocket is a socket with a classic filter, and a way to send packets to it.
type filterSocket struct {
	receiver, sender int
}

// attach gives the socket a filter.
func (s filterSocket) attach(t testing.TB, program []bpf.RawInstruction) {
	t.Helper()
	filter := make([]unix.SockFilter, len(program))
	for i, ins := range program {
		filter[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(s.receiver, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog); err != nil {
		t.Fatalf("attach %v: %v", program, err)
	}
}

// unixPair returns two connected Unix sockets. A datagram sent has been through the filter, and is in the queue or gone,
// when the call returns.
func unixPair(t testing.TB) filterSocket {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return filterSocket{fds[0], fds[1]}
}

// kept sends a datagram and returns how many bytes of it arrive, 0 for none.
func (s filterSocket) kept(t testing.TB, datagram, buffer []byte) int {
	t.Helper()
	if _, err := unix.Write(s.sender, datagram); err != nil {
		t.Fatal(err)
	}
	n, err := unix.Read(s.receiver, buffer)
	if err == unix.EAGAIN {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tally counts outcomes, for a comparison proves nothing when all packets are dropped.
type tally struct {
	filters, packets, drops int
}

func (c *tally) report(t *testing.T, start time.Time) {
	t.Helper()
	t.Logf("%d filters, %d packets, %d of them dropped, %v", c.filters, c.packets, c.drops, time.Since(start).Round(time.Millisecond))
	if c.drops > c.packets*4/5 {
		t.Errorf("%d of %d packets dropped: the filters prove little", c.drops, c.packets)
	}
}

// Random filters on Unix sockets, whose packets have no header and no device: the kernel keeps as many bytes as the
// simulator says.
func TestClassicAgreesWithKernel(t *testing.T) {
	s := unixPair(t)
	r := rand.New(rand.NewPCG(*classicSeed, 1))
	extensions := []classic.Extension{classic.ExtProtocol, classic.ExtPktType, classic.ExtIfindex, classic.ExtNlattr,
		classic.ExtNlattrNest, classic.ExtMark, classic.ExtQueue, classic.ExtHatype, classic.ExtRxhash, classic.ExtALUXorX,
		classic.ExtVLANTag, classic.ExtVLANTagPresent, classic.ExtVLANTPID, classic.ExtPayOffset}
	opts := &vm.ClassicOptions{Order: nativeOrder()}
	buffer := make([]byte, 4096)
	var count tally
	start := time.Now()
	for range *classicFilters {
		p := filtergen.Program(r, extensions)
		s.attach(t, p.Raw())
		m := vm.NewClassic(p, opts)
		count.filters++
		for range 4 {
			packet := filtergen.Packet(r)
			want := s.kept(t, packet, buffer)
			count.packets++
			if want == 0 {
				count.drops++
			}
			got := m.Run(&vm.SKBContext{Data: packet, NoLink: true})
			if got := min(int64(got), int64(len(packet))); got != int64(want) {
				t.Fatalf("the kernel keeps %d bytes, the simulator %d, of\n% x\nby\n%v", want, got, packet, p)
			}
		}
	}
	count.report(t, start)
}

func nativeOrder() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// A datagram of more than a few pages is paged, for which some rules differ.
func TestClassicPagedAgreesWithKernel(t *testing.T) {
	const size, paged = 40000, 20000
	datagram := make([]byte, size)
	copy(datagram, binary.NativeEndian.AppendUint16(nil, 8)) // a netlink attribute of type 0
	datagram[size-1] = 77
	tests := []struct {
		name  string
		build func(b *classic.Builder)
		since string // kernel version of what the simulator does
	}{
		{"data", func(b *classic.Builder) { b.LoadByte(size - 1) }, ""},
		{"attribute", func(b *classic.Builder) { b.LoadConst(8); b.LoadExtension(classic.ExtNlattr) }, ""},
		{"behind the network header", func(b *classic.Builder) { b.LoadByte(classic.NetOff + size - 1) }, "6.16"},
	}
	s := unixPair(t)
	if err := unix.SetsockoptInt(s.sender, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := classic.NewBuilder("paged")
			tt.build(b)
			b.ReturnA()
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			s.attach(t, p.Raw())
			want := s.kept(t, datagram, make([]byte, size))
			got := int(vm.NewClassic(p, nil).Run(&vm.SKBContext{Data: datagram, NoLink: true, Paged: paged}))
			switch {
			case got == want:
			case tt.since != "" && want == 0:
				t.Logf("this kernel drops the packet, as all did before %s", tt.since)
			default:
				t.Errorf("the kernel keeps %d bytes, the simulator %d", want, got)
			}
		})
	}
}

// Frames that Linux takes from the loopback device, written byte by byte by a packet socket.
const (
	frameHeader = 14
	ipv6Header  = 40
	udpHeader   = 8
	loopback    = 1   // the interface's index
	arphrdLo    = 772 // ARPHRD_LOOPBACK
)

// udpFrame is an Ethernet frame with a UDP datagram from ::1 to ::1.
func udpFrame(port uint16, payload []byte) []byte {
	frame := make([]byte, frameHeader+ipv6Header+udpHeader, frameHeader+ipv6Header+udpHeader+len(payload))
	binary.BigEndian.PutUint16(frame[12:], unix.ETH_P_IPV6)
	ip := frame[frameHeader:]
	ip[0] = 0x60
	binary.BigEndian.PutUint16(ip[4:], uint16(udpHeader+len(payload)))
	ip[6], ip[7] = unix.IPPROTO_UDP, 64
	ip[8+15], ip[24+15] = 1, 1
	udp := ip[ipv6Header:]
	binary.BigEndian.PutUint16(udp, 9)
	binary.BigEndian.PutUint16(udp[2:], port)
	binary.BigEndian.PutUint16(udp[4:], uint16(udpHeader+len(payload)))
	return append(frame, payload...)
}

// packetSocket returns a packet socket on the loopback device.
func packetSocket(t testing.TB, protocol uint16) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	order := binary.BigEndian.AppendUint16(nil, protocol)
	address := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(order), Ifindex: loopback}
	if err := unix.Bind(fd, address); err != nil {
		t.Fatal(err)
	}
	return fd
}

// onOneProcessor keeps the test on one processor: what it sends over loopback then arrives in order.
func onOneProcessor(t testing.TB) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test, and its affinity with it
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
}

// markerSize is the length of the packets that pass every filter: longer than all others.
const markerSize = 1200

// markerPassing puts instructions before a filter that keep packets of the size whole.
func markerPassing(size uint32, p *classic.Program) []bpf.RawInstruction {
	return append([]bpf.RawInstruction{
		{Op: uint16(classic.OpLdLen)},
		{Op: uint16(classic.OpJeqK), Jf: 1, K: size},
		{Op: uint16(classic.OpRetK), K: 0xffffffff},
		{Op: uint16(classic.OpLdImm)},
	}, p.Raw()...)
}

// keptBefore sends a frame and a marker, and returns how many bytes come in before the marker of the given size, 0 when
// none do.
func (s filterSocket) keptBefore(t testing.TB, frame, marker []byte, size int, buffer []byte) int {
	t.Helper()
	for _, f := range [][]byte{frame, marker} {
		if _, err := unix.Write(s.sender, f); err != nil {
			t.Fatal(err)
		}
	}
	n, err := unix.Read(s.receiver, buffer)
	if err != nil {
		t.Fatal(err)
	}
	if n == size {
		return 0
	}
	if m, err := unix.Read(s.receiver, buffer); err != nil || m != size {
		t.Fatalf("%d bytes, %v after a packet of %d, want the marker", m, err, n)
	}
	return n
}

// compare runs random filters on random frames in the kernel and in the simulator. kept is what of the filter's result
// can be seen.
func (s filterSocket) compare(t *testing.T, frame func(payload []byte) []byte, skb vm.SKBContext, extensions []classic.Extension,
	kept func(result uint32, length int) int) {
	t.Helper()
	if err := unix.SetsockoptTimeval(s.receiver, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		t.Fatal(err)
	}
	marker := frame(make([]byte, markerSize))
	size := len(marker) - skb.Start
	seen := kept(0xffffffff, size)
	r := rand.New(rand.NewPCG(*classicSeed, 2))
	opts := &vm.ClassicOptions{Order: nativeOrder(), Hatype: arphrdLo}
	buffer := make([]byte, 4096)
	var count tally
	start := time.Now()
	for range *classicFilters / 4 {
		p := filtergen.Program(r, extensions)
		s.attach(t, markerPassing(uint32(size), p))
		m := vm.NewClassic(p, opts)
		count.filters++
		for range 4 {
			skb.Data = frame(filtergen.Packet(r))
			want := s.keptBefore(t, skb.Data, marker, seen, buffer)
			count.packets++
			if want == 0 {
				count.drops++
			}
			if got := kept(m.Run(&skb), len(skb.Data)-skb.Start); got != want {
				t.Fatalf("the kernel keeps %d bytes, the simulator %d, of\n% x\nby\n%v", want, got, skb.Data, p)
			}
		}
	}
	count.report(t, start)
}

var socketExtensions = []classic.Extension{classic.ExtProtocol, classic.ExtPktType, classic.ExtIfindex, classic.ExtNlattr,
	classic.ExtNlattrNest, classic.ExtMark, classic.ExtQueue, classic.ExtHatype, classic.ExtRxhash, classic.ExtALUXorX,
	classic.ExtVLANTag, classic.ExtVLANTagPresent, classic.ExtVLANTPID, classic.ExtPayOffset}

// Random filters of a UDP socket: offset 0 is the UDP header, the others are in front.
func TestClassicAgreesWithKernelUDP(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_RAW)
	onOneProcessor(t)
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	const noCheck6RX = 102 // UDP_NO_CHECK6_RX of linux/udp.h: the checksum may be 0
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, noCheck6RX, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(address.(*unix.SockaddrInet6).Port)
	s := filterSocket{receiver: fd, sender: packetSocket(t, 0)}
	frame := func(payload []byte) []byte { return udpFrame(port, payload) }
	skb := vm.SKBContext{Start: frameHeader + ipv6Header, Network: frameHeader, Protocol: unix.ETH_P_IPV6, Ifindex: loopback}
	s.compare(t, frame, skb, socketExtensions, func(result uint32, length int) int {
		if result == 0 {
			return 0
		}
		return int(min(max(int64(result), udpHeader), int64(length))) - udpHeader // what Read gives
	})
}

// Random filters of a packet socket: offset 0 is the link-layer header.
func TestClassicAgreesWithKernelPacket(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_RAW)
	onOneProcessor(t)
	const experimental = 0x88b5 // EtherType that nothing else uses
	s := filterSocket{receiver: packetSocket(t, experimental), sender: packetSocket(t, 0)}
	frame := func(payload []byte) []byte {
		return append([]byte{12: experimental >> 8, 13: experimental & 0xff}, payload...)
	}
	skb := vm.SKBContext{Network: frameHeader, Protocol: experimental, Ifindex: loopback}
	s.compare(t, frame, skb, socketExtensions, func(result uint32, length int) int {
		return int(min(int64(result), int64(length)))
	})
}
