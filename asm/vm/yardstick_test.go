package vm_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
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
			r[in.dst&15] = uint64(mem[(r[in.src&15]+in.imm)%bareMemory])
			continue
		case bareLd16:
			a := (r[in.src&15] + in.imm) % bareMemory
			r[in.dst&15] = uint64(binary.LittleEndian.Uint16(mem[a : a+2]))
			continue
		case bareLd32:
			a := (r[in.src&15] + in.imm) % bareMemory
			r[in.dst&15] = uint64(binary.LittleEndian.Uint32(mem[a : a+4]))
			continue
		case bareLd64:
			a := (r[in.src&15] + in.imm) % bareMemory
			r[in.dst&15] = binary.LittleEndian.Uint64(mem[a : a+8])
			continue
		case bareStx8:
			mem[(r[in.dst&15]+in.imm)%bareMemory] = byte(r[in.src&15])
			continue
		case bareStx16:
			a := (r[in.dst&15] + in.imm) % bareMemory
			binary.LittleEndian.PutUint16(mem[a:a+2], uint16(r[in.src&15]))
			continue
		case bareStx32:
			a := (r[in.dst&15] + in.imm) % bareMemory
			binary.LittleEndian.PutUint32(mem[a:a+4], uint32(r[in.src&15]))
			continue
		case bareStx64:
			a := (r[in.dst&15] + in.imm) % bareMemory
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
		} else if c == asm.ClassLDX || c == asm.ClassSTX {
			in.imm = uint64(int64(ins.Off))
		}
		y.code = append(y.code, in)
	}
	y.reg[10] = bareMemory
	return y
}

// rounds is how often the loops of the benchmark go round, and variants how many of each kind there are: how well the CPU
// predicts the jump of a switch depends on the order of operations and on where the compiler put them, so that a single
// loop says little.
const rounds, variants = 500, 12

// loop writes a loop of random instructions of a kind.
func loop(kind string, seed uint64) func(b *asm.Builder) {
	r := rand.New(rand.NewPCG(seed, 1))
	reg := func() asm.Register { return asm.Register(r.IntN(5)) }
	arithmetic := func(b *asm.Builder) {
		switch r.IntN(6) {
		case 0:
			b.Add(reg(), reg())
		case 1:
			b.Xor(reg(), reg())
		case 2:
			b.Add(reg(), 5)
		case 3:
			b.Mov(reg(), reg())
		case 4:
			b.Lsh(reg(), 3)
		case 5:
			b.And(reg(), 0xfff)
		}
	}
	memory := func(b *asm.Builder) {
		at := asm.R7.U64(8 * r.IntN(8))
		if r.IntN(3) == 0 {
			at = asm.FP.U64(-8 - 8*r.IntN(8))
		}
		at.Size = []asm.Size{asm.DW, asm.DW, asm.W, asm.W, asm.H, asm.B}[r.IntN(6)]
		if r.IntN(3) == 0 {
			b.Stx(at, reg())
		} else {
			b.Ldx(reg(), at)
		}
	}
	branch := func(b *asm.Builder, label string) {
		switch r.IntN(5) {
		case 0:
			b.JumpIf(reg().Gt(reg()), label)
		case 1:
			b.JumpIf(asm.R6.HasBits(1), label)
		case 2:
			b.JumpIf(reg().Eq(0), label)
		case 3:
			b.JumpIf(reg().NotEq(reg()), label)
		case 4:
			b.JumpIf(asm.R6.Lt(rounds/2), label)
		}
		b.Add(asm.R1, 1)
		b.Label(label)
	}
	return func(b *asm.Builder) {
		for i := range asm.Register(5) {
			b.Mov(i, int(i))
		}
		b.Mov(asm.R7, asm.FP)
		b.Add(asm.R7, -256)
		for i := 0; i < 64; i += 8 {
			b.Stx(asm.R7.U64(i), asm.R0)
			b.Stx(asm.FP.U64(-8-i), asm.R0)
		}
		b.Mov(asm.R6, rounds)
		b.Label("again")
		for i := range 14 {
			switch {
			case kind == "memory" && r.IntN(4) > 0:
				memory(b)
			case kind == "branches" && r.IntN(3) > 0:
				branch(b, fmt.Sprint("joined", i))
			default:
				arithmetic(b)
			}
		}
		b.Add(asm.R6, -1)
		b.JumpIf(asm.R6.NotEq(0), "again")
		b.Exit()
	}
}

var kinds = []string{"alu", "memory", "branches"}

// Both interpreters agree about the loops.
func TestYardstick(t *testing.T) {
	for _, kind := range kinds {
		for seed := range uint64(variants) {
			p := build(t, asm.XDP, loop(kind, seed))
			m, err := vm.New(p, nil)
			if err != nil {
				t.Fatal(err)
			}
			r0, err := m.Run(nil)
			if want := newYardstick(t, p).run(); err != nil || r0 != want {
				t.Errorf("%s %d: r0 %#x, error %v; the yardstick has %#x", kind, seed, r0, err, want)
			}
		}
	}
}

// BenchmarkLoop measures both in nanoseconds per instruction. Compare the two in one run:
//
//	go test -run - -bench Loop -count 10 | benchstat -col /machine -
func BenchmarkLoop(b *testing.B) {
	for _, kind := range kinds {
		var programs []*asm.Program
		instructions := 0
		for seed := range uint64(variants) {
			p := build(b, asm.XDP, loop(kind, seed))
			m, err := vm.New(p, &vm.Options{Trace: func(*vm.Step) { instructions++ }})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := m.Run(nil); err != nil {
				b.Fatal(err)
			}
			programs = append(programs, p)
		}
		perInstruction := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*instructions), "ns/instruction")
		}
		b.Run(kind+"/machine=bare", func(b *testing.B) {
			var all []*yardstick
			for _, p := range programs {
				all = append(all, newYardstick(b, p))
			}
			for b.Loop() {
				for _, y := range all {
					y.run()
				}
			}
			perInstruction(b)
		})
		b.Run(kind+"/machine=vm", func(b *testing.B) {
			var all []*vm.Machine
			for _, p := range programs {
				m, err := vm.New(p, nil)
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, m)
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, m := range all {
					if _, err := m.Run(nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			perInstruction(b)
		})
	}
}
