package vm_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/filtergen"
)

// A filter that keeps IPv4 packets runs on two frames.
func ExampleClassic() {
	const etherType, ipv4 = 12, 0x0800
	b := classic.NewBuilder("ipv4_only")
	b.LoadHalf(etherType)
	b.JumpIf(classic.NotEq(ipv4), "drop")
	b.Return(0xffffffff)
	b.Label("drop")
	b.Return(0)
	program, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	m := vm.NewClassic(program, nil)
	for _, frame := range [][]byte{
		{12: 0x08, 13: 0x00, 60: 0},
		{12: 0x86, 13: 0xdd, 60: 0},
		{12: 0x08}, // ends before the EtherType does
	} {
		fmt.Println(m.Run(&vm.SKBContext{Data: frame}))
	}
	// Output:
	// 4294967295
	// 0
	// 0
}

// classicRun builds a program that returns A and runs it.
func classicRun(t *testing.T, opts *vm.ClassicOptions, skb *vm.SKBContext, build func(b *classic.Builder)) uint32 {
	t.Helper()
	b := classic.NewBuilder("test")
	build(b)
	b.ReturnA()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return vm.NewClassic(p, opts).Run(skb)
}

func TestClassicSemantics(t *testing.T) {
	// A UDP datagram over Ethernet as a filter of the UDP socket sees it.
	data := make([]byte, 14+20+8+100)
	copy(data[12:], []byte{0x08, 0x00, 0x45})
	copy(data[42:], []byte{1, 2, 0xff, 4})
	skb := &vm.SKBContext{Data: data, Start: 34, Network: 14}
	const size = 108
	tests := []struct {
		name  string
		build func(b *classic.Builder)
		want  uint32
	}{
		{"A starts as 0", func(b *classic.Builder) {}, 0},
		{"X starts as 0", func(b *classic.Builder) { b.LoadConst(5); b.TXA() }, 0},
		{"length", func(b *classic.Builder) { b.LoadLen() }, size},
		{"length in X keeps A", func(b *classic.Builder) { b.LoadConst(7); b.LoadLenX() }, 7},
		{"length in X", func(b *classic.Builder) { b.LoadLenX(); b.TXA() }, size},

		{"byte", func(b *classic.Builder) { b.LoadByte(9) }, 2},
		{"half in network order", func(b *classic.Builder) { b.LoadHalf(8) }, 0x0102},
		{"word in network order", func(b *classic.Builder) { b.LoadWord(8) }, 0x0102ff04},
		{"last byte", func(b *classic.Builder) { b.LoadConst(1); b.LoadByte(size - 1) }, 0},
		{"byte behind the end", func(b *classic.Builder) { b.LoadByte(size); b.LoadConst(1) }, 0},
		{"half over the end", func(b *classic.Builder) { b.LoadHalf(size - 1); b.LoadConst(1) }, 0},
		{"word over the end", func(b *classic.Builder) { b.LoadWord(size - 3); b.LoadConst(1) }, 0},
		{"word far behind the end", func(b *classic.Builder) { b.LoadWord(0x7fffffff); b.LoadConst(1) }, 0},
		{"indirect byte", func(b *classic.Builder) { b.LoadConstX(4); b.LoadByteIndirect(5) }, 2},
		{"indirect half", func(b *classic.Builder) { b.LoadConstX(4); b.LoadHalfIndirect(4) }, 0x0102},
		{"indirect word", func(b *classic.Builder) { b.LoadConstX(8); b.LoadWordIndirect(0) }, 0x0102ff04},
		{"indirect byte behind the end", func(b *classic.Builder) { b.LoadLenX(); b.LoadByteIndirect(0); b.LoadConst(1) }, 0},
		{"X + k wraps at 32 bits", func(b *classic.Builder) {
			b.LoadConstX(0xffffffff) // -1
			b.LoadByteIndirect(10)
		}, 2},
		{"4*([k]&0xf) keeps A", func(b *classic.Builder) { b.LoadConst(5); b.LoadMemShift(10) }, 5},
		{"4*([k]&0xf)", func(b *classic.Builder) { b.LoadMemShift(10); b.TXA() }, 60},
		{"4*([k]&0xf) behind the end", func(b *classic.Builder) { b.LoadConst(5); b.LoadMemShift(size) }, 0},

		{"network header", func(b *classic.Builder) { b.LoadByte(classic.NetOff) }, 0x45},
		{"network header length", func(b *classic.Builder) { b.LoadMemShift(classic.NetOff); b.TXA() }, 20},
		{"behind the network header", func(b *classic.Builder) { b.LoadHalf(classic.NetOff + 28) }, 0x0102},
		{"network header, indirect", func(b *classic.Builder) { b.LoadConstX(28); b.LoadHalfIndirect(classic.NetOff) }, 0x0102},
		{"network header, behind the end", func(b *classic.Builder) { b.LoadByte(classic.NetOff + 128); b.LoadConst(1) }, 0},
		{"link-layer header", func(b *classic.Builder) { b.LoadHalf(classic.LLOff + 12) }, 0x0800},
		{"link-layer header, indirect", func(b *classic.Builder) { b.LoadConstX(10); b.LoadHalfIndirect(classic.LLOff + 2) }, 0x0800},
		{"X leads below the headers", func(b *classic.Builder) {
			b.LoadConstX(0xffffffff)
			b.LoadByteIndirect(classic.LLOff)
			b.LoadConst(1)
		}, 0},

		{"division by X = 0", func(b *classic.Builder) { b.LoadConst(9); b.DivX(); b.LoadConst(1) }, 0},
		{"modulo X = 0", func(b *classic.Builder) { b.LoadConst(9); b.ModX(); b.LoadConst(1) }, 0},
		{"division is unsigned", func(b *classic.Builder) { b.LoadConst(0xfffffff0); b.Div(2) }, 0x7ffffff8},
		{"modulo", func(b *classic.Builder) { b.LoadConst(0xfffffff0); b.Mod(7) }, 2},
		{"shift left by X & 31", func(b *classic.Builder) { b.LoadConst(1); b.LoadConstX(33); b.LshX() }, 2},
		{"shift right by X & 31", func(b *classic.Builder) { b.LoadConst(8); b.LoadConstX(34); b.RshX() }, 2},
		{"shift right is unsigned", func(b *classic.Builder) { b.LoadConst(0x80000000); b.Rsh(31) }, 1},
		{"negation", func(b *classic.Builder) { b.LoadConst(5); b.Neg() }, 0xfffffffb},
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
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := classicRun(t, nil, skb, tt.build); got != tt.want {
				t.Errorf("%#x, want %#x", got, tt.want)
			}
		})
	}
}

// The places of headers are the caller's numbers; none of them reaches outside the data.
func TestClassicHeaders(t *testing.T) {
	const none = 99 // where the program gets when the load succeeds with 0
	tests := []struct {
		name string
		skb  vm.SKBContext
		off  classic.Offset
		want uint32
	}{
		{"all at the beginning", vm.SKBContext{Data: []byte{7}}, classic.NetOff, 7},
		{"no link-layer header", vm.SKBContext{Data: []byte{7}, NoLink: true}, classic.LLOff, 0},
		{"start behind the end", vm.SKBContext{Data: []byte{7}, Start: 2}, 0, 0},
		{"start before the beginning", vm.SKBContext{Data: []byte{7}, Start: -1}, 0, 7},
		{"network header at the end", vm.SKBContext{Data: []byte{7}, Network: 1}, classic.NetOff, 0},
		{"network header behind the end", vm.SKBContext{Data: []byte{7}, Network: 1 << 30}, classic.NetOff, 0},
		{"network header before the beginning", vm.SKBContext{Data: []byte{7, 8}, Network: -1}, classic.NetOff, 0},
		{"behind a network header before the beginning", vm.SKBContext{Data: []byte{7, 8}, Network: -1}, classic.NetOff + 1, 7},
		{"network header at the last int", vm.SKBContext{Data: []byte{7, 8}, Network: math.MaxInt}, classic.NetOff + 1, 0},
		{"link-layer header before the beginning", vm.SKBContext{Data: []byte{7, 8}, Link: -1 << 31}, classic.LLOff + 0xfffff, 0},
		{"paged", vm.SKBContext{Data: []byte{7, 8}, Paged: 1}, classic.NetOff + 1, 8},
		{"no data", vm.SKBContext{}, classic.LLOff, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := classicRun(t, nil, &tt.skb, func(b *classic.Builder) {
				b.LoadByte(tt.off)
				b.JumpIf(classic.NotEq(0), "end")
				b.LoadConst(none)
				b.Label("end")
			})
			if got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestClassicExtensions(t *testing.T) {
	skb := vm.SKBContext{Data: make([]byte, 60), Protocol: 0x86dd, PktType: 4, Ifindex: 3, Mark: 0x12345678, QueueMapping: 2,
		Hash: 0xfedcba98, VLANPresent: true, VLANTCI: 0xe00a, VLANProto: 0x8100}
	noDevice := skb
	noDevice.Ifindex = 0
	opts := &vm.ClassicOptions{
		Env:       &vm.Env{CPU: 5, Random: rand.NewPCG(1, 2)},
		Hatype:    772,
		PayOffset: func(skb *vm.SKBContext) uint32 { return uint32(len(skb.Data)) },
	}
	tests := []struct {
		name string
		ext  classic.Extension
		skb  *vm.SKBContext
		want uint32
	}{
		{"protocol", classic.ExtProtocol, &skb, 0x86dd},
		{"packet type", classic.ExtPktType, &skb, 4},
		{"interface", classic.ExtIfindex, &skb, 3},
		{"interface without device", classic.ExtIfindex, &noDevice, 0xa},
		{"mark", classic.ExtMark, &skb, 0x12345678},
		{"queue", classic.ExtQueue, &skb, 2},
		{"hardware type", classic.ExtHatype, &skb, 772},
		{"hardware type without device", classic.ExtHatype, &noDevice, 0xa},
		{"hash", classic.ExtRxhash, &skb, 0xfedcba98},
		{"processor", classic.ExtCPU, &skb, 5},
		{"A xor X", classic.ExtALUXorX, &skb, 0xa ^ 0x6},
		{"VLAN tag", classic.ExtVLANTag, &skb, 0xe00a},
		{"VLAN present", classic.ExtVLANTagPresent, &skb, 1},
		{"VLAN protocol", classic.ExtVLANTPID, &skb, 0x8100},
		{"payload offset", classic.ExtPayOffset, &skb, 60},
		{"random", classic.ExtRandom, &skb, uint32(rand.NewPCG(1, 2).Uint64())},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 4} { // the width of the load does not matter
				opts.Env.Random.(*rand.PCG).Seed(1, 2)
				got := classicRun(t, opts, tt.skb, func(b *classic.Builder) {
					b.LoadConst(0xa)
					b.LoadConstX(0x6)
					b.Emit(map[int]bpf.RawInstruction{
						1: {Op: 0x30, K: 0xfffff000 + uint32(tt.ext)},
						2: {Op: 0x28, K: 0xfffff000 + uint32(tt.ext)},
						4: {Op: 0x20, K: 0xfffff000 + uint32(tt.ext)},
					}[size])
					b.JumpIf(classic.Eq(0xa), "end") // a program that ended before does not get here
					b.Label("end")
				})
				if got != tt.want {
					t.Errorf("%d bytes: %#x, want %#x", size, got, tt.want)
				}
			}
		})
	}
	if got := classicRun(t, opts, &noDevice, func(b *classic.Builder) {
		b.LoadConst(0xa)
		b.LoadExtension(classic.ExtIfindex)
		b.LoadConst(1)
	}); got != 0xa {
		t.Errorf("a packet without device: the program goes on and returns %d, want A", got)
	}
}

func TestClassicNetlinkAttributes(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		attr := func(kind uint16, value ...byte) []byte {
			b := order.AppendUint16(nil, uint16(4+len(value)))
			b = append(order.AppendUint16(b, kind), value...)
			return append(b, make([]byte, -len(value)&3)...)
		}
		inner := append(attr(5, 1), attr(6, 1, 2, 3, 4)...)    // nested at 12 and 20
		data := append(attr(7, 1, 2, 3), attr(8, inner...)...) // at 0 and 8
		data = append(data, attr(0x8009)...)                   // at 28, marked as nested
		tests := []struct {
			name  string
			ext   classic.Extension
			a, x  uint32
			paged int
			want  uint32
		}{
			{"second", classic.ExtNlattr, 0, 8, 0, 8},
			{"third, whose type has flags", classic.ExtNlattr, 0, 9, 0, 28},
			{"before", classic.ExtNlattr, 8, 7, 0, 0},
			{"absent", classic.ExtNlattr, 0, 5, 0, 0},
			{"type of more than 16 bits", classic.ExtNlattr, 0, 0x10008, 0, 0},
			{"offset behind the end", classic.ExtNlattr, 29, 9, 0, 0},
			{"offset that wraps", classic.ExtNlattr, 0xfffffffc, 9, 0, 0},
			{"paged", classic.ExtNlattr, 0, 8, 1, 0},
			{"nested first", classic.ExtNlattrNest, 8, 5, 0, 12},
			{"nested second", classic.ExtNlattrNest, 8, 6, 0, 20},
			{"not nested", classic.ExtNlattrNest, 0, 8, 0, 0},
			{"behind the nest", classic.ExtNlattrNest, 8, 9, 0, 0},
			{"nest of a wrong length", classic.ExtNlattrNest, 10, 5, 0, 0},
			{"nest paged", classic.ExtNlattrNest, 8, 5, 1, 0},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprint(order, " ", tt.name), func(t *testing.T) {
				opts := &vm.ClassicOptions{Order: order.(binary.ByteOrder)}
				got := classicRun(t, opts, &vm.SKBContext{Data: data, Paged: tt.paged}, func(b *classic.Builder) {
					b.LoadConst(tt.a)
					b.LoadConstX(tt.x)
					b.LoadExtension(tt.ext)
				})
				if got != tt.want {
					t.Errorf("offset %d, want %d", got, tt.want)
				}
			})
		}
	}
}

// The zero Program has no instructions; nothing that a caller can make panics.
func TestClassicZeroProgram(t *testing.T) {
	if got := vm.NewClassic(new(classic.Program), nil).Run(&vm.SKBContext{Data: []byte{1}}); got != 0 {
		t.Errorf("%d, want 0", got)
	}
}

// Random filters return the same as the eBPF programs that they convert to, on the machine for these.
func TestClassicEqualsConversion(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 26))
	extensions := []classic.Extension{classic.ExtProtocol, classic.ExtPktType, classic.ExtIfindex, classic.ExtMark,
		classic.ExtQueue, classic.ExtRxhash, classic.ExtCPU, classic.ExtALUXorX, classic.ExtVLANTag,
		classic.ExtVLANTagPresent, classic.ExtVLANTPID}
	env := &vm.Env{CPU: 3}
	returned := 0
	for range 1000 {
		p := filtergen.Program(r, extensions)
		converted, err := classic.Convert(p)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := vm.New(converted, &vm.Options{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		ours := vm.NewClassic(p, &vm.ClassicOptions{Env: env})
		for range 4 {
			skb := &vm.SKBContext{Data: filtergen.Packet(r), Start: r.IntN(60), Network: r.IntN(30), Link: r.IntN(5),
				NoLink: r.IntN(4) == 0, Protocol: 0x86dd, PktType: 3, Ifindex: r.Uint32N(3), Mark: 0x80000001,
				QueueMapping: 7, Hash: 0xfedcba98, VLANPresent: true, VLANTCI: 0xe00a, VLANProto: 0x88a8}
			want, err := theirs.Run(skb)
			if err != nil {
				t.Fatalf("%v\nof %v", err, converted)
			}
			got := ours.Run(skb)
			if uint64(got) != want {
				t.Fatalf("%#x, converted %#x, on %+v\n%v\n%v", got, want, skb, p, converted)
			}
			if got != 0 {
				returned++
			}
		}
	}
	if returned < 1500 {
		t.Errorf("only %d of 4000 runs came to an end: the filters prove little", returned)
	}
}
