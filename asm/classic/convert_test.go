package classic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// What instructions become is what bpf_convert_filter of the kernel writes, but for the loads from packet and context.
func TestConvertInstructions(t *testing.T) {
	const prologue = "classic:\nw0 = 0\nw7 = 0\nr6 = r1\n"
	tests := []struct {
		name    string
		program []bpf.RawInstruction
		want    string // behind the prologue
	}{
		{"ret #k", []bpf.RawInstruction{ins(0x06, 0, 0, 0xffffffff)}, "w0 = -1\nexit\n"},
		{"ret a", []bpf.RawInstruction{ins(0x16, 0, 0, 0)}, "exit\n"},
		{"constants", []bpf.RawInstruction{ins(0x00, 0, 0, 0x80000000), ins(0x01, 0, 0, 7), ins(0x16, 0, 0, 0)},
			"w0 = -2147483648\nw7 = 7\nexit\n"},
		{"packet", []bpf.RawInstruction{ins(0x28, 0, 0, 12), ins(0x30, 0, 0, 0xfff00009), ins(0x40, 0, 0, 0xffffffff), ins(0x16, 0, 0, 0)},
			"r0 = *(u16 *)skb[12]\nr0 = *(u8 *)skb[-1048567]\nr0 = *(u32 *)skb[r7 + -1]\nexit\n"},
		{"header length", []bpf.RawInstruction{ins(0xb1, 0, 0, 14), ins(0x16, 0, 0, 0)},
			"r7 = r0\nr0 = *(u8 *)skb[14]\nw0 &= 15\nw0 <<= 2\nr2 = r7\nr7 = r0\nr0 = r2\nexit\n"},
		{"length", []bpf.RawInstruction{ins(0x80, 0, 0, 0), ins(0x81, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"r0 = *(u32 *)(r6 + 0)\nr7 = *(u32 *)(r6 + 0)\nexit\n"},
		{"scratch", []bpf.RawInstruction{ins(0x02, 0, 0, 0), ins(0x03, 0, 0, 15), ins(0x60, 0, 0, 15), ins(0x61, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"*(u32 *)(r10 - 64) = r0\n*(u32 *)(r10 - 4) = r7\nr0 = *(u32 *)(r10 - 4)\nr7 = *(u32 *)(r10 - 64)\nexit\n"},
		{"tax, txa", []bpf.RawInstruction{ins(0x07, 0, 0, 0), ins(0x87, 0, 0, 0), ins(0x16, 0, 0, 0)}, "r7 = r0\nr0 = r7\nexit\n"},
		{"arithmetic", []bpf.RawInstruction{ins(0x04, 0, 0, 0xffffffff), ins(0x1c, 0, 0, 0), ins(0x6c, 0, 0, 0), ins(0x84, 0, 0, 0), ins(0x34, 0, 0, 0x80000000), ins(0x16, 0, 0, 0)},
			"w0 += -1\nw0 -= w7\nw0 <<= w7\nw0 = -w0\nw0 /= -2147483648\nexit\n"},
		{"division by x", []bpf.RawInstruction{ins(0x3c, 0, 0, 0), ins(0x9c, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"if r7 != 0 goto L6\nw0 = 0\nexit\nL6:\nw0 /= w7\nif r7 != 0 goto L10\nw0 = 0\nexit\nL10:\nw0 %= w7\nexit\n"},

		{"jump if true", []bpf.RawInstruction{ins(0x15, 1, 0, 8), ins(0x07, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"if r0 == 8 goto l2\nr7 = r0\nl2:\nexit\n"},
		{"jump if false", []bpf.RawInstruction{ins(0x35, 0, 1, 8), ins(0x07, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"if r0 < 8 goto l2\nr7 = r0\nl2:\nexit\n"},
		{"jump if false, no bits", []bpf.RawInstruction{ins(0x45, 0, 1, 8), ins(0x07, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"if r0 & 8 goto l1\ngoto l2\nl1:\nr7 = r0\nl2:\nexit\n"},
		{"jump either way", []bpf.RawInstruction{ins(0x2d, 1, 2, 0), ins(0x07, 0, 0, 0), ins(0x87, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"if r0 > r7 goto l2\ngoto l3\nl2:\nr0 = r7\nl3:\nexit\n"},
		{"comparison with a constant that is no signed one", []bpf.RawInstruction{ins(0x25, 0, 1, 0x80000000), ins(0x07, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"w2 = -2147483648\nif r0 <= r2 goto l2\nr7 = r0\nl2:\nexit\n"},
		{"ja over what is unreachable", []bpf.RawInstruction{ins(0x05, 0, 0, 1), ins(0x07, 0, 0, 0), ins(0x16, 0, 0, 0)},
			"goto l2\nl2:\nexit\n"},

		{"proto", load(classic.ExtProtocol), "r0 = *(u32 *)(r6 + 16)\nr0 = be16 r0\nexit\n"},
		{"type", load(classic.ExtPktType), "r0 = *(u32 *)(r6 + 4)\nexit\n"},
		{"ifidx", load(classic.ExtIfindex), "r2 = *(u32 *)(r6 + 40)\nif r2 != 0 goto L6\nexit\nL6:\nr0 = r2\nexit\n"},
		{"mark", load(classic.ExtMark), "r0 = *(u32 *)(r6 + 8)\nexit\n"},
		{"queue", load(classic.ExtQueue), "r0 = *(u32 *)(r6 + 12)\nexit\n"},
		{"rxhash", load(classic.ExtRxhash), "r0 = *(u32 *)(r6 + 68)\nexit\n"},
		{"cpu", load(classic.ExtCPU), "call 8\nexit\n"},
		{"random", load(classic.ExtRandom), "call 7\nexit\n"},
		{"xor_x", load(classic.ExtALUXorX), "w0 ^= w7\nexit\n"},
		{"vlan_tci", load(classic.ExtVLANTag), "r0 = *(u32 *)(r6 + 24)\nexit\n"},
		{"vlanp", load(classic.ExtVLANTagPresent), "r0 = *(u32 *)(r6 + 20)\nexit\n"},
		{"vlan_tpid", load(classic.ExtVLANTPID), "r0 = *(u32 *)(r6 + 28)\nr0 = be16 r0\nexit\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.Decode(tt.program)
			if err != nil {
				t.Fatal(err)
			}
			converted, err := classic.Convert(p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(prologue+tt.want, strings.ReplaceAll(converted.String(), "\t", "")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := converted.Type(); got != asm.SocketFilter {
				t.Errorf("type %v, want %v", got, asm.SocketFilter)
			}
		})
	}
}

// load is a program that returns an extension.
func load(e classic.Extension) []bpf.RawInstruction {
	return []bpf.RawInstruction{ins(0x20, 0, 0, 0xfffff000+uint32(e)), ins(0x16, 0, 0, 0)}
}

func TestConvertRefuses(t *testing.T) {
	b := classic.NewBuilder("what_eBPF_lacks")
	b.LoadExtension(classic.ExtHatype)
	b.LoadExtension(classic.ExtMark)
	b.LoadExtension(classic.ExtNlattr)
	b.LoadExtension(classic.ExtNlattrNest)
	b.LoadExtension(classic.ExtPayOffset)
	b.ReturnA()
	p := build(t, b)
	_, err := classic.Convert(p)
	if !errors.Is(err, classic.ErrConvert) {
		t.Fatalf("error %v, want one that wraps ErrConvert", err)
	}
	want := fmt.Sprintf("%v: what_eBPF_lacks: instruction 0: ld #hatype: has no counterpart in eBPF:"+
		" struct __sk_buff does not have the hardware type of the device\n"+
		"%v: what_eBPF_lacks: instruction 2: ld #nla: has no counterpart in eBPF:"+
		" no helper searches for netlink attributes\n"+
		"%v: what_eBPF_lacks: instruction 3: ld #nlan: has no counterpart in eBPF:"+
		" no helper searches for netlink attributes\n"+
		"%v: what_eBPF_lacks: instruction 4: ld #poff: has no counterpart in eBPF:"+
		" no helper runs the flow dissector", p.Position(0), p.Position(2), p.Position(3), p.Position(4))
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}

// Every eBPF instruction has the position of the classic one it comes from; the prologue has the first one's.
func TestConvertPositions(t *testing.T) {
	b := classic.NewBuilder("positions")
	b.LoadMemShift(14)
	b.JumpIfElse(classic.Eq(1), "yes", "no")
	b.Label("yes")
	b.Return(1)
	b.Label("no")
	b.Return(0)
	p := build(t, b)
	converted, err := classic.Convert(p)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for i := range converted.Len() {
		got = append(got, converted.Position(i).Line-p.Position(0).Line)
	}
	want := []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 5, 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if converted.Name() != "positions" {
		t.Errorf("name %q", converted.Name())
	}
}

// The longest program of the longest instructions does not run out of the 16 bits of a jump.
func TestConvertLongest(t *testing.T) {
	program := make([]bpf.RawInstruction, classic.MaxInstructions)
	for i := range program {
		program[i] = ins(0xb1, 0, 0, 14)
	}
	last := len(program) - 1
	program[0] = ins(0x15, 0, 1, 0)
	program[1] = ins(0x05, 0, 0, uint32(last-2))
	program[last] = ins(0x16, 0, 0, 0)
	p, err := classic.Decode(program)
	if err != nil {
		t.Fatal(err)
	}
	converted, err := classic.Convert(p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := converted.Len(), 3+2+7*(last-2)+1; got != want {
		t.Errorf("%d instructions, want %d", got, want)
	}
	if got, want := converted.At(4).Off, int16(7*(last-2)); got != want {
		t.Errorf("the jump goes over %d, want %d", got, want)
	}
}
