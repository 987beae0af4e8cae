package classic_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// udpPair is a UDP socket on 127.0.0.1 that filters, and one connected to it.
type udpPair struct {
	filter, sender int
}

func newUDPPair(t *testing.T) udpPair {
	t.Helper()
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	p := udpPair{socket(), socket()}
	if err := unix.Bind(p.filter, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := unix.Getsockname(p.filter)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(p.sender, address); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(p.filter, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p udpPair) send(t *testing.T, payload []byte) {
	t.Helper()
	if _, err := unix.Write(p.sender, payload); err != nil {
		t.Fatal(err)
	}
}

func (p udpPair) receive(t *testing.T) int {
	t.Helper()
	n, err := unix.Read(p.filter, make([]byte, 8192))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// dropped is what value returns for a packet that the filter drops.
const dropped = -1

// value runs the filter on a datagram with the payload and returns A as it was at the end. The filter keeps as
// many bytes of the payload as A says, which must be less than it has.
func (p udpPair) value(t *testing.T, build func(b *classic.Builder), payload []byte) int {
	t.Helper()
	const udpHeader = 8
	b := classic.NewBuilder("value")
	build(b)
	b.Add(udpHeader)
	b.ReturnA()
	program, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if !attach(t, p.filter, program.Raw()) {
		t.Fatalf("the kernel refuses\n%v", program)
	}
	p.send(t, payload)
	if err := unix.SetsockoptInt(p.filter, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0); err != nil {
		t.Fatal(err)
	}
	marker := make([]byte, len(payload)+1)
	p.send(t, marker)
	n := p.receive(t)
	if n == len(marker) {
		return dropped
	}
	if n == len(payload) {
		t.Fatalf("the payload of %d bytes is too short to tell A", n)
	}
	if p.receive(t) != len(marker) {
		t.Fatal("datagrams out of order")
	}
	return n
}

// payloadOf returns n bytes that begin with head.
func payloadOf(n int, head ...byte) []byte {
	return append(head, make([]byte, n-len(head))...)
}

func TestSemantics(t *testing.T) {
	const size = 3000 // of the payload; the packet data begins at the UDP header
	tests := []struct {
		name  string
		build func(b *classic.Builder)
		want  int
	}{
		{"length", func(b *classic.Builder) { b.LoadLen(); b.Sub(2000) }, 1008},
		{"length in X", func(b *classic.Builder) { b.LoadLenX(); b.TXA(); b.Sub(2000) }, 1008},
		{"length in X keeps A", func(b *classic.Builder) { b.LoadConst(77); b.LoadLenX() }, 77},
		{"X starts as 0", func(b *classic.Builder) { b.TXA() }, 0},

		{"byte", func(b *classic.Builder) { b.LoadByte(9) }, 0x02},
		{"half", func(b *classic.Builder) { b.LoadHalf(8) }, 0x0102},
		{"word", func(b *classic.Builder) { b.LoadWord(8); b.Rsh(16) }, 0x0102},
		{"byte behind the end", func(b *classic.Builder) { b.LoadByte(size + 8) }, dropped},
		{"half over the end", func(b *classic.Builder) { b.LoadHalf(size + 7) }, dropped},
		{"last byte", func(b *classic.Builder) { b.LoadByte(size + 7) }, 0},
		{"indirect byte", func(b *classic.Builder) { b.LoadConstX(4); b.LoadByteIndirect(5) }, 0x02},
		{"indirect half", func(b *classic.Builder) { b.LoadConstX(4); b.LoadHalfIndirect(4) }, 0x0102},
		{"indirect word", func(b *classic.Builder) { b.LoadConstX(8); b.LoadWordIndirect(0); b.Rsh(16) }, 0x0102},
		{"indirect byte behind the end", func(b *classic.Builder) { b.LoadLenX(); b.LoadByteIndirect(0) }, dropped},
		{"4*([k]&0xf)", func(b *classic.Builder) { b.LoadConst(5); b.LoadMemShift(10); b.AddX() }, 5 + 4*0xf},
		{"4*([k]&0xf) behind the end", func(b *classic.Builder) { b.LoadMemShift(size + 8) }, dropped},

		{"network header: protocol", func(b *classic.Builder) { b.LoadByte(classic.NetOff + 9) }, 17},
		{"network header: length", func(b *classic.Builder) { b.LoadHalf(classic.NetOff + 2); b.Sub(2000) }, 1028},
		{"network header: destination", func(b *classic.Builder) { b.LoadWord(classic.NetOff + 16); b.Sub(0x7f000000) }, 1},
		{"network header length", func(b *classic.Builder) { b.LoadMemShift(classic.NetOff); b.TXA() }, 20},
		{"network header, indirect byte", func(b *classic.Builder) { b.LoadConstX(9); b.LoadByteIndirect(classic.NetOff) }, 17},
		{"network header, indirect half", func(b *classic.Builder) {
			b.LoadMemShift(classic.NetOff)
			b.LoadHalfIndirect(classic.NetOff + 4) // the UDP length
			b.Sub(2000)
		}, 1008},
		{"network header, indirect word", func(b *classic.Builder) {
			b.LoadConstX(12)
			b.LoadWordIndirect(classic.NetOff + 4)
			b.Sub(0x7f000000)
		}, 1},
		{"link-layer header: EtherType", func(b *classic.Builder) { b.LoadHalf(classic.LLOff + 12) }, 0x0800},
		{"link-layer header, indirect", func(b *classic.Builder) { b.LoadConstX(2); b.LoadHalfIndirect(classic.LLOff + 10) }, 0x0800},

		{"protocol", func(b *classic.Builder) { b.LoadExtension(classic.ExtProtocol) }, 0x0800},
		{"packet type", func(b *classic.Builder) { b.LoadExtension(classic.ExtPktType) }, 0},
		{"interface index", func(b *classic.Builder) { b.LoadExtension(classic.ExtIfindex) }, 1},
		{"hardware type", func(b *classic.Builder) { b.LoadExtension(classic.ExtHatype) }, 772}, // ARPHRD_LOOPBACK
		{"VLAN present", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTagPresent) }, 0},
		{"VLAN tag", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTag) }, 0},
		{"VLAN protocol", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTPID) }, 0},
		{"payload offset", func(b *classic.Builder) { b.LoadExtension(classic.ExtPayOffset) }, 8},
		{"A xor X", func(b *classic.Builder) {
			b.LoadConst(5)
			b.LoadConstX(3)
			b.LoadExtension(classic.ExtALUXorX)
		}, 6},
		{"random numbers differ", func(b *classic.Builder) {
			b.LoadExtension(classic.ExtRandom)
			b.TAX()
			b.LoadExtension(classic.ExtRandom)
			b.JumpIf(classic.NotEqX(), "differ")
			b.Return(0)
			b.Label("differ")
			b.LoadConst(1)
		}, 1},

		{"division by X = 0", func(b *classic.Builder) { b.LoadConst(9); b.DivX() }, dropped},
		{"modulo X = 0", func(b *classic.Builder) { b.LoadConst(9); b.ModX() }, dropped},
		{"division is unsigned", func(b *classic.Builder) { b.LoadConst(0xfffffff0); b.Div(0x1000000) }, 255},
		{"shift left by X & 31", func(b *classic.Builder) { b.LoadConst(1); b.LoadConstX(33); b.LshX() }, 2},
		{"shift right by X & 31", func(b *classic.Builder) { b.LoadConst(8); b.LoadConstX(34); b.RshX() }, 2},
		{"shift right is unsigned", func(b *classic.Builder) { b.LoadConst(0x80000000); b.Rsh(24) }, 128},
		{"negation", func(b *classic.Builder) { b.LoadConst(0xfffffffb); b.Neg() }, 5},
		{"32 bits wrap", func(b *classic.Builder) { b.LoadConst(0xffffffff); b.Add(8) }, 7},
		{"scratch", func(b *classic.Builder) {
			b.LoadConst(41)
			b.StoreScratch(15)
			b.LoadScratchX(15)
			b.StoreScratchX(0)
			b.LoadConst(0)
			b.LoadScratch(0)
		}, 41},
	}
	p := newUDPPair(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.value(t, tt.build, payloadOf(size, 1, 2, 0xff)); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

// Conditions mean what they say, for either outcome.
func TestConditions(t *testing.T) {
	tests := []struct {
		name string
		cond classic.Cond
		a, x uint32
		want bool
	}{
		{"5 == 5", classic.Eq(5), 5, 0, true}, {"4 == 5", classic.Eq(5), 4, 0, false},
		{"5 != 5", classic.NotEq(5), 5, 0, false}, {"4 != 5", classic.NotEq(5), 4, 0, true},
		{"5 > 5", classic.Gt(5), 5, 0, false}, {"-1 > 5", classic.Gt(5), 0xffffffff, 0, true},
		{"5 >= 5", classic.Ge(5), 5, 0, true}, {"4 >= 5", classic.Ge(5), 4, 0, false},
		{"5 < -1", classic.Lt(0xffffffff), 5, 0, true}, {"5 < 5", classic.Lt(5), 5, 0, false},
		{"5 <= 5", classic.Le(5), 5, 0, true}, {"6 <= 5", classic.Le(5), 6, 0, false},
		{"6 has 12", classic.HasBits(12), 6, 0, true}, {"3 has 12", classic.HasBits(12), 3, 0, false},
		{"6 has none of 12", classic.NoBits(12), 6, 0, false}, {"3 has none of 12", classic.NoBits(12), 3, 0, true},
		{"X: 5 == 5", classic.EqX(), 5, 5, true}, {"X: 4 == 5", classic.EqX(), 4, 5, false},
		{"X: 5 != 5", classic.NotEqX(), 5, 5, false}, {"X: 4 != 5", classic.NotEqX(), 4, 5, true},
		{"X: 5 > 5", classic.GtX(), 5, 5, false}, {"X: -1 > 5", classic.GtX(), 0xffffffff, 5, true},
		{"X: 5 >= 5", classic.GeX(), 5, 5, true}, {"X: 4 >= 5", classic.GeX(), 4, 5, false},
		{"X: 5 < -1", classic.LtX(), 5, 0xffffffff, true}, {"X: 5 < 5", classic.LtX(), 5, 5, false},
		{"X: 5 <= 5", classic.LeX(), 5, 5, true}, {"X: 6 <= 5", classic.LeX(), 6, 5, false},
		{"X: 6 has 12", classic.HasBitsX(), 6, 12, true}, {"X: 3 has 12", classic.HasBitsX(), 3, 12, false},
		{"X: 6 has none of 12", classic.NoBitsX(), 6, 12, false}, {"X: 3 has none of 12", classic.NoBitsX(), 3, 12, true},
	}
	p := newUDPPair(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth := map[bool]int{true: 1, false: 2}
			either := func(jump func(b *classic.Builder)) func(b *classic.Builder) {
				return func(b *classic.Builder) {
					b.LoadConst(tt.a)
					b.LoadConstX(tt.x)
					jump(b)
					b.Label("false")
					b.LoadConst(2)
					b.Jump("end")
					b.Label("true")
					b.LoadConst(1)
					b.Label("end")
				}
			}
			got := p.value(t, either(func(b *classic.Builder) { b.JumpIf(tt.cond, "true") }), payloadOf(10))
			if got != truth[tt.want] {
				t.Errorf("JumpIf: %v, want %v", got, truth[tt.want])
			}
			got = p.value(t, either(func(b *classic.Builder) { b.JumpIfElse(tt.cond, "true", "false") }), payloadOf(10))
			if got != truth[tt.want] {
				t.Errorf("JumpIfElse: %v, want %v", got, truth[tt.want])
			}
		})
	}
}

// The extensions that search for netlink attributes take their arguments in A and X.
func TestNetlinkAttributes(t *testing.T) {
	attr := func(kind uint16, value ...byte) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
		return append(binary.NativeEndian.AppendUint16(b, kind), value...)
	}
	inner := append(attr(5, 1, 2, 3, 4), attr(6, 1, 2, 3, 4)...)
	payload := append(attr(7, 1, 2, 3, 4), attr(8, inner...)...) // at 8 and 16 of the packet, nested at 20 and 28
	tests := []struct {
		name      string
		extension classic.Extension
		a, x      uint32
		want      int
	}{
		{"first", classic.ExtNlattr, 8, 7, 8},
		{"second", classic.ExtNlattr, 8, 8, 16},
		{"from the second", classic.ExtNlattr, 16, 7, 0},
		{"absent", classic.ExtNlattr, 8, 5, 0},
		{"nested first", classic.ExtNlattrNest, 16, 5, 20},
		{"nested second", classic.ExtNlattrNest, 16, 6, 28},
		{"nested absent", classic.ExtNlattrNest, 16, 7, 0},
	}
	p := newUDPPair(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.value(t, func(b *classic.Builder) {
				b.LoadConst(tt.a)
				b.LoadConstX(tt.x)
				b.LoadExtension(tt.extension)
			}, append(payload[:len(payload):len(payload)], make([]byte, 64)...))
			if got != tt.want {
				t.Errorf("offset %d, want %d", got, tt.want)
			}
		})
	}
}

func TestMark(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN)
	p := newUDPPair(t)
	if err := unix.SetsockoptInt(p.sender, unix.SOL_SOCKET, unix.SO_MARK, 1234); err != nil {
		t.Fatal(err)
	}
	got := p.value(t, func(b *classic.Builder) { b.LoadExtension(classic.ExtMark) }, payloadOf(2000))
	if got != 1234 {
		t.Errorf("mark %d, want 1234", got)
	}
}

// A datagram over loopback is received on the processor that sends it.
func TestCPU(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread ends with the test, and its affinity with it
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	p := newUDPPair(t)
	for cpu := range 1024 {
		if !allowed.IsSet(cpu) {
			continue
		}
		var one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Fatal(err)
		}
		got := p.value(t, func(b *classic.Builder) { b.LoadExtension(classic.ExtCPU) }, payloadOf(2000))
		if got != cpu {
			t.Errorf("processor %d, want %d", got, cpu)
		}
	}
}
