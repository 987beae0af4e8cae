package vm_test

import (
	"encoding/binary"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// yardstick is what the speed of Machine is measured against: an interpreter of decoded instructions that is a switch in
// a loop and nothing more. It checks no memory access, has neither regions nor a budget nor faults, and cannot call.
type yardstick struct {
	code []bareInsn
	reg  [16]uint64
	mem  [bareMemory + 8]byte
}

// bareMemory is the size of the only memory. Addresses are taken modulo it, which is cheaper than any check.
const bareMemory = 1 << 16

type bareInsn struct {
	op       uint8
	dst, src uint8
	off      int32
	imm      uint64
}

// The operations are numbered densely, so that the switch becomes a jump table.
const (
	bareMovK = iota
	bareMovX
	bareAddK
	bareAddX
	bareSubX
	bareMulK
	bareMulX
	bareOrX
	bareAndK
	bareAndX
	bareXorK
	bareXorX
	bareLshK
	bareLshX
	bareRshK
	bareRshX
	bareAdd32X
	bareXor32X
	bareMul32K
	bareJA
	bareJEqK
	bareJNEK
	bareJNEX
	bareJGTK
	bareJGTX
	bareJLTK
	bareJLTX
	bareJSGTK
	bareJSetK
	bareLd8
	bareLd16
	bareLd32
	bareLd64
	bareStx8
	bareStx16
	bareStx32
	bareStx64
	bareExit
)

func (y *yardstick) run() uint64 {
	code, r, mem := y.code, y.reg, &y.mem
	pc := 0
	for {
		in := &code[pc]
		pc++
		switch in.op {
		case bareMovK:
			r[in.dst&15] = in.imm
			continue
		case bareMovX:
			r[in.dst&15] = r[in.src&15]
			continue
		case bareAddK:
			r[in.dst&15] += in.imm
			continue
		case bareAddX:
			r[in.dst&15] += r[in.src&15]
			continue
		case bareSubX:
			r[in.dst&15] -= r[in.src&15]
			continue
		case bareMulK:
			r[in.dst&15] *= in.imm
			continue
		case bareMulX:
			r[in.dst&15] *= r[in.src&15]
			continue
		case bareOrX:
			r[in.dst&15] |= r[in.src&15]
			continue
		case bareAndK:
			r[in.dst&15] &= in.imm
			continue
		case bareAndX:
			r[in.dst&15] &= r[in.src&15]
			continue
		case bareXorK:
			r[in.dst&15] ^= in.imm
			continue
		case bareXorX:
			r[in.dst&15] ^= r[in.src&15]
			continue
		case bareLshK:
			r[in.dst&15] <<= in.imm & 63
			continue
		case bareLshX:
			r[in.dst&15] <<= r[in.src&15] & 63
			continue
		case bareRshK:
			r[in.dst&15] >>= in.imm & 63
			continue
		case bareRshX:
			r[in.dst&15] >>= r[in.src&15] & 63
			continue
		case bareAdd32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) + uint32(r[in.src&15]))
			continue
		case bareXor32X:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) ^ uint32(r[in.src&15]))
			continue
		case bareMul32K:
			r[in.dst&15] = uint64(uint32(r[in.dst&15]) * uint32(in.imm))
			continue
		case bareJA:
		case bareJEqK:
			if r[in.dst&15] != in.imm {
				continue
			}
		case bareJNEK:
			if r[in.dst&15] == in.imm {
				continue
			}
		case bareJNEX:
			if r[in.dst&15] == r[in.src&15] {
				continue
			}
		case bareJGTK:
			if r[in.dst&15] <= in.imm {
				continue
			}
		case bareJGTX:
			if r[in.dst&15] <= r[in.src&15] {
				continue
			}
		case bareJLTK:
			if r[in.dst&15] >= in.imm {
				continue
			}
		case bareJLTX:
			if r[in.dst&15] >= r[in.src&15] {
				continue
			}
		case bareJSGTK:
			if int64(r[in.dst&15]) <= int64(in.imm) {
				continue
			}
		case bareJSetK:
			if r[in.dst&15]&in.imm == 0 {
				continue
			}
		case bareLd8:
			r[in.dst&15] = uint64(mem[(r[in.src&15]+uint64(int64(in.off)))%bareMemory])
			continue
		case bareLd16:
			a := (r[in.src&15] + uint64(int64(in.off))) % bareMemory
			r[in.dst&15] = uint64(binary.LittleEndian.Uint16(mem[a : a+2]))
			continue
		case bareLd32:
			a := (r[in.src&15] + uint64(int64(in.off))) % bareMemory
			r[in.dst&15] = uint64(binary.LittleEndian.Uint32(mem[a : a+4]))
			continue
		case bareLd64:
			a := (r[in.src&15] + uint64(int64(in.off))) % bareMemory
			r[in.dst&15] = binary.LittleEndian.Uint64(mem[a : a+8])
			continue
		case bareStx8:
			mem[(r[in.dst&15]+uint64(int64(in.off)))%bareMemory] = byte(r[in.src&15])
			continue
		case bareStx16:
			a := (r[in.dst&15] + uint64(int64(in.off))) % bareMemory
			binary.LittleEndian.PutUint16(mem[a:a+2], uint16(r[in.src&15]))
			continue
		case bareStx32:
			a := (r[in.dst&15] + uint64(int64(in.off))) % bareMemory
			binary.LittleEndian.PutUint32(mem[a:a+4], uint32(r[in.src&15]))
			continue
		case bareStx64:
			a := (r[in.dst&15] + uint64(int64(in.off))) % bareMemory
			binary.LittleEndian.PutUint64(mem[a:a+8], r[in.src&15])
			continue
		case bareExit:
			return r[0]
		}
		pc = int(in.off)
	}
}

// bareOps has the yardstick's operation for an opcode.
var bareOps = map[asm.Opcode]uint8{
	0xb7: bareMovK, 0xbf: bareMovX, 0x07: bareAddK, 0x0f: bareAddX, 0x1f: bareSubX, 0x27: bareMulK, 0x2f: bareMulX,
	0x4f: bareOrX, 0x57: bareAndK, 0x5f: bareAndX, 0xa7: bareXorK, 0xaf: bareXorX, 0x67: bareLshK, 0x6f: bareLshX,
	0x77: bareRshK, 0x7f: bareRshX, 0x0c: bareAdd32X, 0xac: bareXor32X, 0x24: bareMul32K, 0x05: bareJA, 0x15: bareJEqK,
	0x55: bareJNEK, 0x5d: bareJNEX, 0x25: bareJGTK, 0x2d: bareJGTX, 0xa5: bareJLTK, 0xad: bareJLTX, 0x65: bareJSGTK,
	0x45: bareJSetK, 0x71: bareLd8, 0x69: bareLd16, 0x61: bareLd32, 0x79: bareLd64, 0x73: bareStx8, 0x6b: bareStx16,
	0x63: bareStx32, 0x7b: bareStx64, 0x95: bareExit,
}

func newYardstick(t testing.TB, p *asm.Program) *yardstick {
	y := &yardstick{}
	for i, ins := range p.All() {
		op, ok := bareOps[ins.Op]
		if !ok {
			t.Fatalf("the yardstick does not have %v", ins)
		}
		in := bareInsn{op: op, dst: uint8(ins.Dst), src: uint8(ins.Src), off: int32(ins.Off), imm: uint64(ins.Imm)}
		if c := ins.Op.Class(); c == asm.ClassJMP && op != bareExit {
			in.off = int32(i + 1 + int(ins.Off)) // there are no instructions of two slots
		}
		y.code = append(y.code, in)
	}
	y.reg[10] = bareMemory
	return y
}

// rounds is how often the loops of the benchmark go round.
const rounds = 1000

// loops are programs that both interpreters run, with the number of instructions of one round.
var loops = []struct {
	name         string
	instructions int
	program      func(b *asm.Builder)
}{
	{"alu", 12, func(b *asm.Builder) {
		b.Mov(asm.R0, 1)
		b.Mov(asm.R2, 3)
		b.Mov(asm.R6, rounds)
		b.Label("again")
		b.Add(asm.R0, asm.R2)
		b.Mul(asm.R2, 5)
		b.Xor(asm.R0, asm.R2)
		b.Lsh(asm.R0, 3)
		b.Sub(asm.R0, asm.R6)
		b.Mov(asm.R3, asm.R0)
		b.Rsh(asm.R3, 7)
		b.Or(asm.R2, asm.R3)
		b.Add32(asm.R2, asm.R0)
		b.And(asm.R0, 0xffffff)
		b.Add(asm.R6, -1)
		b.JumpIf(asm.R6.NotEq(0), "again")
		b.Exit()
	}},
	{"memory", 12, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		b.Mov(asm.R6, rounds)
		b.Mov(asm.R7, asm.FP)
		b.Add(asm.R7, -256)
		b.Stx(asm.FP.U64(-8), asm.R0)
		b.Stx(asm.R7.U64(0), asm.R0)
		b.Stx(asm.R7.U64(8), asm.R0)
		b.Label("again")
		b.Ldx(asm.R1, asm.FP.U64(-8))
		b.Ldx(asm.R2, asm.R7.U32(4))
		b.Ldx(asm.R3, asm.R7.U16(8))
		b.Ldx(asm.R4, asm.R7.U8(12))
		b.Add(asm.R1, asm.R6)
		b.Stx(asm.FP.U64(-8), asm.R1)
		b.Stx(asm.R7.U32(4), asm.R1)
		b.Stx(asm.R7.U16(8), asm.R2)
		b.Stx(asm.R7.U8(12), asm.R3)
		b.Add(asm.R0, asm.R4)
		b.Add(asm.R6, -1)
		b.JumpIf(asm.R6.NotEq(0), "again")
		b.Exit()
	}},
	{"branches", 10, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		b.Mov(asm.R2, 0x12345)
		b.Mov(asm.R6, rounds)
		b.Label("again")
		b.JumpIf(asm.R6.HasBits(1), "odd") // half of the rounds
		b.Add(asm.R0, 3)
		b.Jump("joined")
		b.Label("odd")
		b.Add(asm.R0, 5)
		b.JumpIf(asm.R0.Gt(1<<30), "large") // never
		b.Label("joined")
		b.JumpIf(asm.R2.Eq(0), "zero") // never
		b.Add(asm.R2, asm.R0)
		b.JumpIf(asm.R0.Lt(asm.R6), "small") // at first
		b.Xor(asm.R2, 0x55)
		b.Label("small")
		b.JumpIf(asm.R0.SGt(-5), "positive") // always
		b.Mov(asm.R0, 0)
		b.Label("positive")
		b.Add(asm.R6, -1)
		b.JumpIf(asm.R6.NotEq(0), "again")
		b.Exit()
		b.Label("large")
		b.Label("zero")
		b.Mov(asm.R0, 9)
		b.Exit()
	}},
}

// Both interpreters agree about the loops.
func TestYardstick(t *testing.T) {
	for _, l := range loops {
		p := build(t, asm.XDP, l.program)
		m, err := vm.New(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		r0, err := m.Run(nil)
		if want := newYardstick(t, p).run(); err != nil || r0 != want {
			t.Errorf("%s: r0 %#x, error %v; the yardstick has %#x", l.name, r0, err, want)
		}
	}
}

// BenchmarkLoop measures both in nanoseconds per instruction. Compare the two in one run:
//
//	go test -run - -bench Loop -count 6 | benchstat -col /machine -
func BenchmarkLoop(b *testing.B) {
	for _, l := range loops {
		p := build(b, asm.XDP, l.program)
		perInstruction := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rounds*l.instructions), "ns/instruction")
		}
		b.Run(l.name+"/machine=bare", func(b *testing.B) {
			y := newYardstick(b, p)
			for b.Loop() {
				y.run()
			}
			perInstruction(b)
		})
		b.Run(l.name+"/machine=vm", func(b *testing.B) {
			m, err := vm.New(p, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Run(nil); err != nil {
					b.Fatal(err)
				}
			}
			perInstruction(b)
		})
	}
}
