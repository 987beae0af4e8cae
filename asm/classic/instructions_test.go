package classic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// instructions has every method of Builder that emits an instruction. The texts are libpcap's bpf_image (1.10.3;
// but for ldx #pktlen, which it does not have) and what Linux 6.1's bpf_asm assembles to the same fields.
var instructions = []struct {
	name    string
	emit    func(b *classic.Builder)
	want    bpf.RawInstruction // code, jt, jf, k
	tcpdump string
	asm     string
}{
	{"LoadByte", func(b *classic.Builder) { b.LoadByte(23) }, ins(0x30, 0, 0, 23), "ldb      [23]", "ldb [23]"},
	{"LoadHalf", func(b *classic.Builder) { b.LoadHalf(12) }, ins(0x28, 0, 0, 12), "ldh      [12]", "ldh [12]"},
	{"LoadWord", func(b *classic.Builder) { b.LoadWord(0x7fffffff) }, ins(0x20, 0, 0, 0x7fffffff), "ld       [2147483647]", "ld [2147483647]"},
	{"LoadByteIndirect", func(b *classic.Builder) { b.LoadByteIndirect(14) }, ins(0x50, 0, 0, 14), "ldb      [x + 14]", "ldb [x + 14]"},
	{"LoadHalfIndirect", func(b *classic.Builder) { b.LoadHalfIndirect(0) }, ins(0x48, 0, 0, 0), "ldh      [x + 0]", "ldh [x + 0]"},
	{"LoadWordIndirect", func(b *classic.Builder) { b.LoadWordIndirect(16) }, ins(0x40, 0, 0, 16), "ld       [x + 16]", "ld [x + 16]"},
	{"LoadMemShift", func(b *classic.Builder) { b.LoadMemShift(14) }, ins(0xb1, 0, 0, 14), "ldxb     4*([14]&0xf)", "ldxb 4*([14]&0xf)"},

	{"LoadByte NetOff first", func(b *classic.Builder) { b.LoadByte(classic.NetOff) }, ins(0x30, 0, 0, 0xfff00000), "ldb      [-1048576]", "ldb [-1048576]"},
	{"LoadByte NetOff", func(b *classic.Builder) { b.LoadByte(classic.NetOff + 19) }, ins(0x30, 0, 0, 0xfff00013), "ldb      [-1048557]", "ldb [-1048557]"},
	{"LoadByte NetOff last", func(b *classic.Builder) { b.LoadByte(classic.NetOff + 0xfefff) }, ins(0x30, 0, 0, 0xffffefff), "ldb      [-4097]", "ldb [-4097]"},
	{"LoadHalf LLOff first", func(b *classic.Builder) { b.LoadHalf(classic.LLOff) }, ins(0x28, 0, 0, 0xffe00000), "ldh      [-2097152]", "ldh [-2097152]"},
	{"LoadHalf LLOff", func(b *classic.Builder) { b.LoadHalf(classic.LLOff + 12) }, ins(0x28, 0, 0, 0xffe0000c), "ldh      [-2097140]", "ldh [-2097140]"},
	{"LoadHalf LLOff last", func(b *classic.Builder) { b.LoadHalf(classic.LLOff + 0xfffff) }, ins(0x28, 0, 0, 0xffefffff), "ldh      [-1048577]", "ldh [-1048577]"},
	{"LoadWordIndirect NetOff", func(b *classic.Builder) { b.LoadWordIndirect(classic.NetOff + 2) }, ins(0x40, 0, 0, 0xfff00002), "ld       [x + -1048574]", "ld [x + -1048574]"},
	{"LoadHalfIndirect LLOff", func(b *classic.Builder) { b.LoadHalfIndirect(classic.LLOff + 12) }, ins(0x48, 0, 0, 0xffe0000c), "ldh      [x + -2097140]", "ldh [x + -2097140]"},
	{"LoadMemShift NetOff", func(b *classic.Builder) { b.LoadMemShift(classic.NetOff) }, ins(0xb1, 0, 0, 0xfff00000), "ldxb     4*([-1048576]&0xf)", "ldxb 4*([-1048576]&0xf)"},

	{"LoadLen", func(b *classic.Builder) { b.LoadLen() }, ins(0x80, 0, 0, 0), "ld       #pktlen", "ld #len"},
	{"LoadLenX", func(b *classic.Builder) { b.LoadLenX() }, ins(0x81, 0, 0, 0), "ldx      #pktlen", "ldx #len"},

	{"ExtProtocol", func(b *classic.Builder) { b.LoadExtension(classic.ExtProtocol) }, ins(0x20, 0, 0, 0xfffff000), "ld       [proto]", "ld #proto"},
	{"ExtPktType", func(b *classic.Builder) { b.LoadExtension(classic.ExtPktType) }, ins(0x20, 0, 0, 0xfffff004), "ld       [type]", "ld #type"},
	{"ExtIfindex", func(b *classic.Builder) { b.LoadExtension(classic.ExtIfindex) }, ins(0x20, 0, 0, 0xfffff008), "ld       [ifidx]", "ld #ifidx"},
	{"ExtNlattr", func(b *classic.Builder) { b.LoadExtension(classic.ExtNlattr) }, ins(0x20, 0, 0, 0xfffff00c), "ld       [nla]", "ld #nla"},
	{"ExtNlattrNest", func(b *classic.Builder) { b.LoadExtension(classic.ExtNlattrNest) }, ins(0x20, 0, 0, 0xfffff010), "ld       [nlan]", "ld #nlan"},
	{"ExtMark", func(b *classic.Builder) { b.LoadExtension(classic.ExtMark) }, ins(0x20, 0, 0, 0xfffff014), "ld       [mark]", "ld #mark"},
	{"ExtQueue", func(b *classic.Builder) { b.LoadExtension(classic.ExtQueue) }, ins(0x20, 0, 0, 0xfffff018), "ld       [queue]", "ld #queue"},
	{"ExtHatype", func(b *classic.Builder) { b.LoadExtension(classic.ExtHatype) }, ins(0x20, 0, 0, 0xfffff01c), "ld       [hatype]", "ld #hatype"},
	{"ExtRxhash", func(b *classic.Builder) { b.LoadExtension(classic.ExtRxhash) }, ins(0x20, 0, 0, 0xfffff020), "ld       [rxhash]", "ld #rxhash"},
	{"ExtCPU", func(b *classic.Builder) { b.LoadExtension(classic.ExtCPU) }, ins(0x20, 0, 0, 0xfffff024), "ld       [cpu]", "ld #cpu"},
	{"ExtALUXorX", func(b *classic.Builder) { b.LoadExtension(classic.ExtALUXorX) }, ins(0x20, 0, 0, 0xfffff028), "ld       [xor_x]", "ld [-4056]"},
	{"ExtVLANTag", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTag) }, ins(0x20, 0, 0, 0xfffff02c), "ld       [vlan_tci]", "ld #vlan_tci"},
	{"ExtVLANTagPresent", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTagPresent) }, ins(0x20, 0, 0, 0xfffff030), "ld       [vlanp]", "ld #vlan_avail"},
	{"ExtPayOffset", func(b *classic.Builder) { b.LoadExtension(classic.ExtPayOffset) }, ins(0x20, 0, 0, 0xfffff034), "ld       [poff]", "ld #poff"},
	{"ExtRandom", func(b *classic.Builder) { b.LoadExtension(classic.ExtRandom) }, ins(0x20, 0, 0, 0xfffff038), "ld       [random]", "ld #rand"},
	{"ExtVLANTPID", func(b *classic.Builder) { b.LoadExtension(classic.ExtVLANTPID) }, ins(0x20, 0, 0, 0xfffff03c), "ld       [vlan_tpid]", "ld #vlan_tpid"},

	{"LoadConst", func(b *classic.Builder) { b.LoadConst(0xffffffff) }, ins(0x00, 0, 0, 0xffffffff), "ld       #0xffffffff", "ld #0xffffffff"},
	{"LoadConst 0", func(b *classic.Builder) { b.LoadConst(0) }, ins(0x00, 0, 0, 0), "ld       #0x0", "ld #0"},
	{"LoadConstX", func(b *classic.Builder) { b.LoadConstX(10) }, ins(0x01, 0, 0, 10), "ldx      #0xa", "ldx #0xa"},
	{"LoadScratch", func(b *classic.Builder) { b.LoadScratch(15) }, ins(0x60, 0, 0, 15), "ld       M[15]", "ld M[15]"},
	{"LoadScratchX", func(b *classic.Builder) { b.LoadScratchX(15) }, ins(0x61, 0, 0, 15), "ldx      M[15]", "ldx M[15]"},
	{"StoreScratch", func(b *classic.Builder) { b.StoreScratch(0) }, ins(0x02, 0, 0, 0), "st       M[0]", "st M[0]"},
	{"StoreScratchX", func(b *classic.Builder) { b.StoreScratchX(3) }, ins(0x03, 0, 0, 3), "stx      M[3]", "stx M[3]"},

	{"Add", func(b *classic.Builder) { b.Add(0xffffffff) }, ins(0x04, 0, 0, 0xffffffff), "add      #-1", "add #-1"},
	{"AddX", func(b *classic.Builder) { b.AddX() }, ins(0x0c, 0, 0, 0), "add      x", "add x"},
	{"Sub", func(b *classic.Builder) { b.Sub(1) }, ins(0x14, 0, 0, 1), "sub      #1", "sub #1"},
	{"SubX", func(b *classic.Builder) { b.SubX() }, ins(0x1c, 0, 0, 0), "sub      x", "sub x"},
	{"Mul", func(b *classic.Builder) { b.Mul(4) }, ins(0x24, 0, 0, 4), "mul      #4", "mul #4"},
	{"MulX", func(b *classic.Builder) { b.MulX() }, ins(0x2c, 0, 0, 0), "mul      x", "mul x"},
	{"Div", func(b *classic.Builder) { b.Div(3) }, ins(0x34, 0, 0, 3), "div      #3", "div #3"},
	{"DivX", func(b *classic.Builder) { b.DivX() }, ins(0x3c, 0, 0, 0), "div      x", "div x"},
	{"Or", func(b *classic.Builder) { b.Or(0x80) }, ins(0x44, 0, 0, 0x80), "or       #0x80", "or #0x80"},
	{"OrX", func(b *classic.Builder) { b.OrX() }, ins(0x4c, 0, 0, 0), "or       x", "or x"},
	{"And", func(b *classic.Builder) { b.And(0x1fff) }, ins(0x54, 0, 0, 0x1fff), "and      #0x1fff", "and #0x1fff"},
	{"AndX", func(b *classic.Builder) { b.AndX() }, ins(0x5c, 0, 0, 0), "and      x", "and x"},
	{"Lsh", func(b *classic.Builder) { b.Lsh(31) }, ins(0x64, 0, 0, 31), "lsh      #31", "lsh #31"},
	{"LshX", func(b *classic.Builder) { b.LshX() }, ins(0x6c, 0, 0, 0), "lsh      x", "lsh x"},
	{"Rsh", func(b *classic.Builder) { b.Rsh(2) }, ins(0x74, 0, 0, 2), "rsh      #2", "rsh #2"},
	{"RshX", func(b *classic.Builder) { b.RshX() }, ins(0x7c, 0, 0, 0), "rsh      x", "rsh x"},
	{"Neg", func(b *classic.Builder) { b.Neg() }, ins(0x84, 0, 0, 0), "neg      ", "neg"},
	{"Mod", func(b *classic.Builder) { b.Mod(4) }, ins(0x94, 0, 0, 4), "mod      #4", "mod #4"},
	{"ModX", func(b *classic.Builder) { b.ModX() }, ins(0x9c, 0, 0, 0), "mod      x", "mod x"},
	{"Xor", func(b *classic.Builder) { b.Xor(0xff) }, ins(0xa4, 0, 0, 0xff), "xor      #0xff", "xor #0xff"},
	{"XorX", func(b *classic.Builder) { b.XorX() }, ins(0xac, 0, 0, 0), "xor      x", "xor x"},

	{"TAX", func(b *classic.Builder) { b.TAX() }, ins(0x07, 0, 0, 0), "tax      ", "tax"},
	{"TXA", func(b *classic.Builder) { b.TXA() }, ins(0x87, 0, 0, 0), "txa      ", "txa"},

	{"Emit", func(b *classic.Builder) { b.Emit(bpf.LoadAbsolute{Off: 12, Size: 2}) }, ins(0x28, 0, 0, 12), "ldh      [12]", "ldh [12]"},
	{"Emit raw", func(b *classic.Builder) { b.Emit(bpf.RawInstruction{Op: 0x28, K: 0xfffff004}) }, ins(0x28, 0, 0, 0xfffff004), "ldh      [type]", "ldh #type"},

	{"Jump", func(b *classic.Builder) { b.Jump("far") }, ins(0x05, 0, 0, 3), "ja       6", "ja l6"},
	{"JumpIf Eq", func(b *classic.Builder) { b.JumpIf(classic.Eq(0x800), "far") }, ins(0x15, 3, 0, 0x800), "jeq      #0x800           jt 6\tjf 3", "jeq #0x800, l6, l3"},
	{"JumpIf NotEq", func(b *classic.Builder) { b.JumpIf(classic.NotEq(0), "far") }, ins(0x15, 0, 3, 0), "jeq      #0x0             jt 3\tjf 6", "jeq #0, l3, l6"},
	{"JumpIf Gt", func(b *classic.Builder) { b.JumpIf(classic.Gt(64), "far") }, ins(0x25, 3, 0, 64), "jgt      #0x40            jt 6\tjf 3", "jgt #0x40, l6, l3"},
	{"JumpIf Le", func(b *classic.Builder) { b.JumpIf(classic.Le(64), "far") }, ins(0x25, 0, 3, 64), "jgt      #0x40            jt 3\tjf 6", "jgt #0x40, l3, l6"},
	{"JumpIf Ge", func(b *classic.Builder) { b.JumpIf(classic.Ge(64), "far") }, ins(0x35, 3, 0, 64), "jge      #0x40            jt 6\tjf 3", "jge #0x40, l6, l3"},
	{"JumpIf Lt", func(b *classic.Builder) { b.JumpIf(classic.Lt(64), "far") }, ins(0x35, 0, 3, 64), "jge      #0x40            jt 3\tjf 6", "jge #0x40, l3, l6"},
	{"JumpIf HasBits", func(b *classic.Builder) { b.JumpIf(classic.HasBits(1), "far") }, ins(0x45, 3, 0, 1), "jset     #0x1             jt 6\tjf 3", "jset #0x1, l6, l3"},
	{"JumpIf NoBits", func(b *classic.Builder) { b.JumpIf(classic.NoBits(1), "far") }, ins(0x45, 0, 3, 1), "jset     #0x1             jt 3\tjf 6", "jset #0x1, l3, l6"},
	{"JumpIf EqX", func(b *classic.Builder) { b.JumpIf(classic.EqX(), "far") }, ins(0x1d, 3, 0, 0), "jeq      x                jt 6\tjf 3", "jeq x, l6, l3"},
	{"JumpIf NotEqX", func(b *classic.Builder) { b.JumpIf(classic.NotEqX(), "far") }, ins(0x1d, 0, 3, 0), "jeq      x                jt 3\tjf 6", "jeq x, l3, l6"},
	{"JumpIf GtX", func(b *classic.Builder) { b.JumpIf(classic.GtX(), "far") }, ins(0x2d, 3, 0, 0), "jgt      x                jt 6\tjf 3", "jgt x, l6, l3"},
	{"JumpIf LeX", func(b *classic.Builder) { b.JumpIf(classic.LeX(), "far") }, ins(0x2d, 0, 3, 0), "jgt      x                jt 3\tjf 6", "jgt x, l3, l6"},
	{"JumpIf GeX", func(b *classic.Builder) { b.JumpIf(classic.GeX(), "far") }, ins(0x3d, 3, 0, 0), "jge      x                jt 6\tjf 3", "jge x, l6, l3"},
	{"JumpIf LtX", func(b *classic.Builder) { b.JumpIf(classic.LtX(), "far") }, ins(0x3d, 0, 3, 0), "jge      x                jt 3\tjf 6", "jge x, l3, l6"},
	{"JumpIf HasBitsX", func(b *classic.Builder) { b.JumpIf(classic.HasBitsX(), "far") }, ins(0x4d, 3, 0, 0), "jset     x                jt 6\tjf 3", "jset x, l6, l3"},
	{"JumpIf NoBitsX", func(b *classic.Builder) { b.JumpIf(classic.NoBitsX(), "far") }, ins(0x4d, 0, 3, 0), "jset     x                jt 3\tjf 6", "jset x, l3, l6"},
	{"JumpIfElse", func(b *classic.Builder) { b.JumpIfElse(classic.Gt(9), "near", "far") }, ins(0x25, 2, 3, 9), "jgt      #0x9             jt 5\tjf 6", "jgt #0x9, l5, l6"},
	{"JumpIfElse opposite", func(b *classic.Builder) { b.JumpIfElse(classic.Le(9), "near", "far") }, ins(0x25, 3, 2, 9), "jgt      #0x9             jt 6\tjf 5", "jgt #0x9, l6, l5"},

	{"Return", func(b *classic.Builder) { b.Return(0x40000) }, ins(0x06, 0, 0, 0x40000), "ret      #262144", "ret #0x40000"},
	{"Return all", func(b *classic.Builder) { b.Return(0xffffffff) }, ins(0x06, 0, 0, 0xffffffff), "ret      #-1", "ret #0xffffffff"},
	{"ReturnA", func(b *classic.Builder) { b.ReturnA() }, ins(0x16, 0, 0, 0), "ret      ", "ret a"},
}

func ins(code uint16, jt, jf uint8, k uint32) bpf.RawInstruction {
	return bpf.RawInstruction{Op: code, Jt: jt, Jf: jf, K: k}
}

// around returns a program that has the instruction as number 2 and the labels near on 5 and far on 6.
func around(t *testing.T, emit func(b *classic.Builder)) *classic.Program {
	t.Helper()
	b := classic.NewBuilder("around")
	b.StoreScratch(15)
	b.JumpIf(classic.Eq(1), "behind")
	emit(b)
	b.Label("behind")
	b.LoadConst(0)
	b.JumpIf(classic.Eq(1), "far")
	b.Label("near")
	b.LoadConst(2)
	b.Label("far")
	b.ReturnA()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestInstructions(t *testing.T) {
	for _, tt := range instructions {
		t.Run(tt.name, func(t *testing.T) {
			p := around(t, tt.emit)
			if p.Len() != 7 {
				t.Fatalf("%d instructions, want 7", p.Len())
			}
			if diff := cmp.Diff(tt.want, p.At(2)); diff != "" {
				t.Errorf("code, jt, jf, k (-want +got):\n%s", diff)
			}
			if got, want := line(p.Tcpdump(), 2), "(002) "+tt.tcpdump; got != want {
				t.Errorf("tcpdump %q, want %q", got, want)
			}
			if got, want := line(p.String(), 2), "l2:\t"+tt.asm; got != want {
				t.Errorf("bpf_asm %q, want %q", got, want)
			}
		})
	}
}

func line(text string, i int) string { return strings.Split(text, "\n")[i] }

// Every opcode of the kernel's list has a method.
func TestInstructionsComplete(t *testing.T) {
	var missing []string
	for op := range uint16(0x100) {
		// Alone before a return, an opcode is refused for its value or accepted.
		_, err := classic.Decode([]bpf.RawInstruction{{Op: 0x02, K: 1}, {Op: op, K: 1}, {Op: 0x06}, {Op: 0x06}})
		known := err == nil
		for _, tt := range instructions {
			if tt.want.Op == op {
				known = !known
				break
			}
		}
		if known {
			missing = append(missing, fmt.Sprintf("%#02x: %v", op, err))
		}
	}
	if missing != nil {
		t.Errorf("opcodes with a method but refused, or accepted without a method: %v", missing)
	}
}
