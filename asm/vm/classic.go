package vm

import (
	"encoding/binary"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// ClassicOptions are options of a Classic. The zero value, and nil, are the defaults.
type ClassicOptions struct {
	// Env tells the number of the CPU, classic.ExtCPU, and random numbers, classic.ExtRandom. Nil is a value of the
	// machine's own.
	Env *Env
	// Hatype is the hardware type of the device that packets come in through: classic.ExtHatype, ARPHRD_* of
	// linux/if_arp.h.
	Hatype uint16
	// PayOffset computes classic.ExtPayOffset. Nil does it as the kernel's flow dissector, for TCP, UDP, UDP-Lite, SCTP,
	// ICMP and IGMP over IPv4 and IPv6, with VLAN tags, extension headers, fragments and IP in IP. Other protocols give 0;
	// the kernel knows more.
	PayOffset func(*SKBContext) uint32
	// Order is the byte order of the simulated CPU, in which netlink attributes are: binary.LittleEndian, also when nil,
	// or binary.BigEndian.
	Order binary.ByteOrder
}

// Classic runs a classic BPF program as Linux does: a load that reaches beyond the packet and a division by an X of zero
// end it with 0, and all extensions and header offsets are there. It may be run any number of times, by one goroutine at
// a time.
type Classic struct {
	program *classic.Program
	code    []classicInsn // one for every instruction of the program
	opts    ClassicOptions
}

// NewClassic makes a machine that runs p.
func NewClassic(p *classic.Program, opts *ClassicOptions) *Classic {
	c := &Classic{program: p, code: make([]classicInsn, 0, p.Len())}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Env == nil {
		c.opts.Env = new(Env)
	}
	if c.opts.Order == nil {
		c.opts.Order = binary.LittleEndian
	}
	for _, ins := range p.All() {
		c.code = append(c.code, decodeClassic(ins))
	}
	if len(c.code) == 0 { // the zero Program
		c.code = append(c.code, decodeClassic(bpf.RawInstruction{Op: uint16(classic.OpRetK)}))
	}
	return c
}

// Program returns the program that the machine was made for.
func (c *Classic) Program() *classic.Program { return c.program }

// Run runs the program on a packet, which it does not change, and returns the number that the program returns: for a
// socket filter how many bytes to keep, for a reuseport group the index of the socket. The fields of a packet are those
// for eBPF programs. One without Ifindex has no device: to ask for classic.ExtIfindex or classic.ExtHatype ends the
// program with A. Run does not allocate memory.
func (c *Classic) Run(skb *SKBContext) uint32 {
	code, data := c.code, skb.data()
	var a, x uint32
	var m [classic.ScratchWords]uint32
	for pc := 0; ; {
		in := &code[pc] // in range: all jumps lead forward inside the program, and its last instruction returns
		pc++
		switch in.op {
		// The bounds are compared in 64 bits, where the sums cannot wrap.
		case classicLoad8:
			if uint64(in.k) >= uint64(len(data)) {
				return 0
			}
			a = uint32(data[in.k])
		case classicLoad16:
			if uint64(in.k)+2 > uint64(len(data)) {
				return 0
			}
			a = uint32(binary.BigEndian.Uint16(data[in.k:]))
		case classicLoad32:
			if uint64(in.k)+4 > uint64(len(data)) {
				return 0
			}
			a = binary.BigEndian.Uint32(data[in.k:])
		case classicIndirect8:
			at := x + in.k
			if uint64(at) < uint64(len(data)) {
				a = uint32(data[at])
				continue
			}
			v, ok := skb.load(at, 1)
			if !ok {
				return 0
			}
			a = v
		case classicIndirect16:
			at := x + in.k
			if uint64(at)+2 <= uint64(len(data)) {
				a = uint32(binary.BigEndian.Uint16(data[at:]))
				continue
			}
			v, ok := skb.load(at, 2)
			if !ok {
				return 0
			}
			a = v
		case classicIndirect32:
			at := x + in.k
			if uint64(at)+4 <= uint64(len(data)) {
				a = binary.BigEndian.Uint32(data[at:])
				continue
			}
			v, ok := skb.load(at, 4)
			if !ok {
				return 0
			}
			a = v
		case classicHeader:
			v, ok := skb.load(in.k, int(in.size))
			if !ok {
				return 0
			}
			a = v
		case classicShift:
			if uint64(in.k) < uint64(len(data)) {
				x = uint32(data[in.k]&0xf) * 4
				continue
			}
			v, ok := skb.load(in.k, 1)
			if !ok {
				return 0
			}
			x = v & 0xf * 4

		case classicImm:
			a = in.k
		case classicImmX:
			x = in.k
		case classicLen:
			a = uint32(len(data))
		case classicLenX:
			x = uint32(len(data))
		case classicScratch:
			a = m[in.k&15]
		case classicScratchX:
			x = m[in.k&15]
		case classicStore:
			m[in.k&15] = a
		case classicStoreX:
			m[in.k&15] = x
		case classicTax:
			x = a
		case classicTxa:
			a = x

		case classicAdd:
			a += in.k
		case classicAddX:
			a += x
		case classicSub:
			a -= in.k
		case classicSubX:
			a -= x
		case classicMul:
			a *= in.k
		case classicMulX:
			a *= x
		case classicDiv:
			if in.k == 0 {
				return 0 // no valid program has it, but the compiler does not know
			}
			a /= in.k
		case classicDivX:
			if x == 0 {
				return 0
			}
			a /= x
		case classicMod:
			if in.k == 0 {
				return 0
			}
			a %= in.k
		case classicModX:
			if x == 0 {
				return 0
			}
			a %= x
		case classicAnd:
			a &= in.k
		case classicAndX:
			a &= x
		case classicOr:
			a |= in.k
		case classicOrX:
			a |= x
		case classicXor:
			a ^= in.k
		case classicXorX:
			a ^= x
		case classicLsh:
			a <<= in.k & 31
		case classicLshX:
			a <<= x & 31
		case classicRsh:
			a >>= in.k & 31
		case classicRshX:
			a >>= x & 31
		case classicNeg:
			a = -a

		case classicJump:
			pc += int(in.k)
		case classicJeq:
			if a == in.k {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJeqX:
			if a == x {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJgt:
			if a > in.k {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJgtX:
			if a > x {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJge:
			if a >= in.k {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJgeX:
			if a >= x {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJset:
			if a&in.k != 0 {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)
		case classicJsetX:
			if a&x != 0 {
				pc += int(in.jt)
				continue
			}
			pc += int(in.jf)

		case classicExtension:
			v, ok := c.extension(skb, classic.Extension(in.k), a, x)
			if !ok {
				return a
			}
			a = v
		case classicReturnA:
			return a
		default: // classicReturn
			return in.k
		}
	}
}
