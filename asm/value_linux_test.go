package asm_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// widths has the parts of a packet, a map value or whatever else a register points to.
var widths = []struct {
	bits     int
	unsigned func(r asm.Register, off int) asm.Mem
	signed   func(r asm.Register, off int) asm.Mem
}{
	{8, asm.Register.U8, asm.Register.S8},
	{16, asm.Register.U16, asm.Register.S16},
	{32, asm.Register.U32, asm.Register.S32},
	{64, asm.Register.U64, nil},
}

// leave writes a number of 64 bits over the beginning of the packet and returns.
func leave(b *asm.Builder, v asm.Operand) {
	pkt := b.Packet()
	pkt.Need(16, func() { b.Return(0xbad) })
	b.Store(pkt.U64(0), v)
	b.Return(0)
}

// get runs the program and returns the number that it leaves at the beginning of the packet.
func (l *loaded) get(t *testing.T, n ...uint64) uint64 {
	t.Helper()
	ret, packet := l.run(t, numbers(n...))
	if ret != 0 {
		t.Errorf("result %#x, want 0", ret)
	}
	return binary.NativeEndian.Uint64(packet)
}

// TestLoadWidths loads parts of the packet: with zeros before them, with their sign, in network order.
func TestLoadWidths(t *testing.T) {
	x := uint64(0xf1f2f3f4_85868788)
	for _, w := range widths {
		t.Run(fmt.Sprint(w.bits), func(t *testing.T) {
			load := func(build func(b *asm.Builder, p asm.Register) asm.Register) uint64 {
				return inKernel(t, func(b *asm.Builder) {
					pkt := b.Packet()
					pkt.Need(16, func() { b.Return(1) })
					v := build(b, pkt.Addr(0))
					b.Store(pkt.U64(0), v)
					b.Return(0)
				}).get(t, x)
			}
			low := x & (uint64(math.MaxUint64) >> (64 - w.bits)) // little endian
			if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
				low = x >> (64 - w.bits)
			}
			want := low
			if got := load(func(b *asm.Builder, p asm.Register) asm.Register { return b.Load(w.unsigned(p, 0)) }); got != want {
				t.Errorf("unsigned: %#x, want %#x", got, want)
			}
			if w.signed != nil {
				want := uint64(int64(low<<(64-w.bits)) >> (64 - w.bits))
				if got := load(func(b *asm.Builder, p asm.Register) asm.Register { return b.Load(w.signed(p, 0)) }); got != want {
					t.Errorf("signed: %#x, want %#x", got, want)
				}
			}
			wire := binary.NativeEndian.AppendUint64(nil, x)
			network := uint64(0)
			for _, c := range wire[:w.bits/8] {
				network = network<<8 | uint64(c)
			}
			if got := load(func(b *asm.Builder, p asm.Register) asm.Register { return b.LoadBE(w.unsigned(p, 0)) }); got != network {
				t.Errorf("network order: %#x, want %#x", got, network)
			}
		})
	}
}

// TestStoreWidths stores registers and constants and looks at the bytes around them.
func TestStoreWidths(t *testing.T) {
	for _, w := range widths {
		for _, v := range []int64{0, 1, -1, 0x7f, -0x80, 0x7654, -0x7654, 0x76543210, math.MinInt32, 0x76543210_fedcba98, math.MinInt64} {
			if v>>(w.bits-1) != 0 && v>>(w.bits-1) != -1 {
				continue // does not fit
			}
			t.Run(fmt.Sprint(w.bits, "/", v), func(t *testing.T) {
				want := numbers(math.MaxUint64, 0xaaaaaaaaaaaaaaaa)
				switch w.bits {
				case 8:
					want[8] = byte(v)
				case 16:
					binary.NativeEndian.PutUint16(want[8:], uint16(v))
				case 32:
					binary.NativeEndian.PutUint32(want[8:], uint32(v))
				case 64:
					binary.NativeEndian.PutUint64(want[8:], uint64(v))
				}
				for _, operand := range []func(b *asm.Builder) asm.Operand{
					func(b *asm.Builder) asm.Operand { return v },
					func(b *asm.Builder) asm.Operand { return b.Copy(v) },
				} {
					p := inKernel(t, func(b *asm.Builder) {
						pkt := b.Packet()
						pkt.Need(16, func() { b.Return(1) })
						b.Store(w.unsigned(pkt.Addr(8), 0), operand(b))
						b.Return(0)
					})
					_, got := p.run(t, numbers(math.MaxUint64, 0xaaaaaaaaaaaaaaaa))
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

// TestConstants copies numbers of every size.
func TestConstants(t *testing.T) {
	for _, test := range []struct {
		v    asm.Operand
		want uint64
	}{
		{0, 0}, {-1, math.MaxUint64}, {math.MaxInt32, math.MaxInt32}, {math.MinInt32, 1<<64 - 1<<31},
		{int64(1) << 31, 1 << 31}, {uint32(math.MaxUint32), math.MaxUint32}, {int64(1) << 32, 1 << 32},
		{int64(-1) << 32, 1<<64 - 1<<32}, {int64(math.MaxInt64), math.MaxInt64}, {int64(math.MinInt64), 1 << 63},
		{uint64(math.MaxUint64), math.MaxUint64}, {uint64(0x123456789abcdef0), 0x123456789abcdef0},
	} {
		p := inKernel(t, func(b *asm.Builder) { leave(b, b.Copy(test.v)) })
		if got := p.get(t, 1, 2); got != test.want {
			t.Errorf("%v: %#x, want %#x", test.v, got, test.want)
		}
	}
}

// TestArithmetic changes registers in place; the copies that were made before keep what they had.
func TestArithmetic(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(b *asm.Builder, x, y asm.Register)
		want  func(x, y uint64) uint64
	}{
		{"add", func(b *asm.Builder, x, y asm.Register) { b.Add(x, y) }, func(x, y uint64) uint64 { return x + y }},
		{"sub32", func(b *asm.Builder, x, y asm.Register) { b.Sub32(x, y) }, func(x, y uint64) uint64 { return uint64(uint32(x) - uint32(y)) }},
		{"mul", func(b *asm.Builder, x, y asm.Register) { b.Mul(x, y) }, func(x, y uint64) uint64 { return x * y }},
		{"shifts", func(b *asm.Builder, x, y asm.Register) {
			b.Lsh(x, 3)
			b.Arsh(x, 5)
		}, func(x, y uint64) uint64 { return uint64(int64(x<<3) >> 5) }},
		{"swap", func(b *asm.Builder, x, y asm.Register) { b.Bswap(x, 64) }, func(x, y uint64) uint64 { return bits.ReverseBytes64(x) }},
		{"sign of 16 bits", func(b *asm.Builder, x, y asm.Register) { b.MovSX(x, y, 16) }, func(x, y uint64) uint64 { return uint64(int16(y)) }},
		{"a copy before", func(b *asm.Builder, x, y asm.Register) {
			before := b.Copy(x)
			b.Add(x, 1)
			b.Mul(x, before)
		}, func(x, y uint64) uint64 { return (x + 1) * x }},
		{"atomics on the stack", func(b *asm.Builder, x, y asm.Register) {
			s := b.Stack("s", 8)
			b.Store(s.U64(0), x)
			b.AtomicAdd(s.U64(0), y)
			old := b.Copy(5)
			b.FetchAdd(s.U64(0), old)
			b.Mov(x, b.Load(s.U64(0)))
			b.Xor(x, old)
		}, func(x, y uint64) uint64 { return (x + y + 5) ^ (x + y) }},
		{"compare and exchange", func(b *asm.Builder, x, y asm.Register) {
			s := b.Stack("s", 8)
			b.Store(s.U64(0), x)
			b.Mov(asm.R0, x)
			b.CmpXchg(s.U64(0), y)
			was := b.Copy(asm.R0)
			b.Mov(x, b.Load(s.U64(0)))
			b.Sub(x, was)
		}, func(x, y uint64) uint64 { return y - x }},
		{"more values than registers, across a call", func(b *asm.Builder, x, y asm.Register) {
			var values []asm.Register
			for i := range 20 {
				v := b.Copy(x)
				b.Mul(v, i+1)
				b.Add(v, y)
				values = append(values, v)
			}
			b.Call(asm.FnKtimeGetNS)
			b.Mov(x, 0)
			for _, v := range values {
				b.Mul(x, 3)
				b.Add(x, v)
			}
		}, func(x, y uint64) (sum uint64) {
			for i := range uint64(20) {
				sum = 3*sum + x*(i+1) + y
			}
			return sum
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := inKernel(t, func(b *asm.Builder) {
				v := input(b, 2)
				x, y := b.Copy(v[0]), b.Copy(v[1])
				test.build(b, x, y)
				leave(b, x)
			})
			for _, x := range []uint64{0, 1, 0x1234, 1 << 31, 1<<63 | 5, math.MaxUint64} {
				for _, y := range []uint64{0, 2, 0x8001, math.MaxUint64} {
					if got := p.get(t, x, y); got != test.want(x, y) {
						t.Errorf("%#x, %#x: %#x, want %#x", x, y, got, test.want(x, y))
					}
				}
			}
		})
	}
}

// TestFunctionsRun calls functions of none to five arguments, each from several places and from each other.
func TestFunctionsRun(t *testing.T) {
	for n := range 6 {
		t.Run(fmt.Sprint(n, " arguments"), func(t *testing.T) {
			p := inKernel(t, func(b *asm.Builder) {
				v := input(b, 2)
				kept := b.Copy(v[1])
				args := func(first any) []any { return []any{first, 2, 3, v[1], 5}[:n] }
				sum := b.Copy(b.CallFunc("digits", args(v[0])...))
				b.If(v[0].Gt(3), func() { b.Add(sum, b.CallFunc("digits", args(7)...)) })
				b.For(3, func(i asm.Register) { b.Add(sum, b.CallFunc("digits", args(i)...)) })
				b.Mul(sum, 10)
				b.Add(sum, kept) // outlives all calls
				b.Return(sum)
				b.Function("digits", n, func(args []asm.Register) {
					number := b.Copy(1)
					for _, a := range args {
						b.Mul(number, 10)
						b.Add(number, b.CallFunc("twice", a))
					}
					b.Return(number)
				})
				if n == 0 {
					return // nothing calls it
				}
				b.Function("twice", 1, func(args []asm.Register) {
					b.Add(args[0], args[0])
					b.Return(args[0])
				})
			})
			digits := func(args ...uint64) (number uint64) {
				number = 1
				for _, a := range args[:n] {
					number = 10*number + 2*a
				}
				return number
			}
			for x := range uint64(8) {
				sum := digits(x, 2, 3, 4, 5)
				if x > 3 {
					sum += digits(7, 2, 3, 4, 5)
				}
				for i := range uint64(3) {
					sum += digits(i, 2, 3, 4, 5)
				}
				if got, _ := p.run(t, numbers(x, 4)); got != uint32(10*sum+4) {
					t.Errorf("%d: %d, want %d", x, got, 10*sum+4)
				}
			}
		})
	}
}
