package classic_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// Programs that the kernel refuses; TestKernelAgrees attaches them.
var refused = []struct {
	name    string
	program []bpf.RawInstruction
	want    string
}{
	{"empty", nil, "no instructions"},
	{"too long", make([]bpf.RawInstruction, 4097), "4097 instructions, the kernel takes at most 4096"},
	{"last is no return", []bpf.RawInstruction{ins(0x06, 0, 0, 0), ins(0x80, 0, 0, 0)},
		"instruction 1: ld #len: the last instruction must be a return"},
	{"ld [k] into X", []bpf.RawInstruction{ins(0x21, 0, 0, 4), ins(0x16, 0, 0, 0)},
		"instruction 0: { 0x21, 0, 0, 0x4 }: the kernel has no opcode 0x21"},
	{"ldx 4*([k]&0xf) of a word", []bpf.RawInstruction{ins(0xa1, 0, 0, 14), ins(0x16, 0, 0, 0)},
		"instruction 0: { 0xa1, 0, 0, 0xe }: the kernel has no opcode 0xa1"},
	{"neg x", []bpf.RawInstruction{ins(0x8c, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: { 0x8c, 0, 0, 0x0 }: the kernel has no opcode 0x8c"},
	{"ja x", []bpf.RawInstruction{ins(0x0d, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: { 0xd, 0, 0, 0x0 }: the kernel has no opcode 0x0d"},
	{"ret x", []bpf.RawInstruction{ins(0x0e, 0, 0, 0)},
		"instruction 0: { 0xe, 0, 0, 0x0 }: the kernel has no opcode 0x0e"},
	{"opcode of 16 bits", []bpf.RawInstruction{ins(0x0106, 0, 0, 0)},
		"instruction 0: { 0x106, 0, 0, 0x0 }: the kernel has no opcode 0x106"},
	{"eBPF's exit", []bpf.RawInstruction{ins(0x95, 0, 0, 0)},
		"instruction 0: { 0x95, 0, 0, 0x0 }: the kernel has no opcode 0x95"},

	{"division by zero", []bpf.RawInstruction{ins(0x34, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: div #0: division by the constant zero"},
	{"modulo zero", []bpf.RawInstruction{ins(0x94, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: mod #0: division by the constant zero"},
	{"left shift", []bpf.RawInstruction{ins(0x64, 0, 0, 32), ins(0x16, 0, 0, 0)},
		"instruction 0: lsh #32: shift by 32 bits or more"},
	{"right shift", []bpf.RawInstruction{ins(0x74, 0, 0, 32), ins(0x16, 0, 0, 0)},
		"instruction 0: rsh #32: shift by 32 bits or more"},
	{"st M[16]", []bpf.RawInstruction{ins(0x02, 0, 0, 16), ins(0x16, 0, 0, 0)},
		"instruction 0: st M[16]: scratch memory has the words M[0] to M[15]"},
	{"stx M[16]", []bpf.RawInstruction{ins(0x03, 0, 0, 16), ins(0x16, 0, 0, 0)},
		"instruction 0: stx M[16]: scratch memory has the words M[0] to M[15]"},
	{"ld M[16]", []bpf.RawInstruction{ins(0x60, 0, 0, 16), ins(0x16, 0, 0, 0)},
		"instruction 0: ld M[16]: scratch memory has the words M[0] to M[15]"},
	{"ldx M[-1]", []bpf.RawInstruction{ins(0x61, 0, 0, 0xffffffff), ins(0x16, 0, 0, 0)},
		"instruction 0: ldx M[4294967295]: scratch memory has the words M[0] to M[15]"},
	{"extension 1", []bpf.RawInstruction{ins(0x20, 0, 0, 0xfffff001), ins(0x16, 0, 0, 0)},
		"instruction 0: ld [-4095]: no extension 1 in Linux"},
	{"extension 64", []bpf.RawInstruction{ins(0x30, 0, 0, 0xfffff040), ins(0x16, 0, 0, 0)},
		"instruction 0: ldb [-4032]: no extension 64 in Linux"},
	{"extension at the end", []bpf.RawInstruction{ins(0x28, 0, 0, 0xffffffff), ins(0x16, 0, 0, 0)},
		"instruction 0: ldh [-1]: no extension 4095 in Linux"},

	{"ja to the end", []bpf.RawInstruction{ins(0x05, 0, 0, 1), ins(0x16, 0, 0, 0)},
		"instruction 0: ja: jumps over 1 of the 1 instructions that follow"},
	{"ja back, tcpdump's protochain", []bpf.RawInstruction{ins(0x07, 0, 0, 0), ins(0x05, 0, 0, 0xfffffffe), ins(0x16, 0, 0, 0)},
		"instruction 1: ja: jumps 1 instructions back: classic programs jump forward only;" +
			" loops, which libpcap makes of protochain, are for user space"},
	{"jt to the end", []bpf.RawInstruction{ins(0x15, 1, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: jeq #0: jumps over 1 of the 1 instructions that follow"},
	{"jf to the end", []bpf.RawInstruction{ins(0x4d, 0, 255, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: jset x: jumps over 255 of the 1 instructions that follow"},

	{"scratch word never written", []bpf.RawInstruction{ins(0x60, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 0: ld M[0]: reads M[0], which not every path to it has written"},
	{"scratch word written on one path", []bpf.RawInstruction{ins(0x15, 1, 0, 0), ins(0x03, 0, 0, 7), ins(0x61, 0, 0, 7), ins(0x16, 0, 0, 0)},
		"instruction 2: ldx M[7]: reads M[7], which not every path to it has written"},
	{"scratch word written, behind a return", []bpf.RawInstruction{
		ins(0x15, 2, 0, 0), ins(0x02, 0, 0, 0), ins(0x05, 0, 0, 1), ins(0x06, 0, 0, 1), ins(0x60, 0, 0, 0), ins(0x16, 0, 0, 0)},
		"instruction 4: ld M[0]: reads M[0], which not every path to it has written; it is written," +
			" but the kernel takes the return further up for a path to here: move that return to the end"},

	{"three mistakes", []bpf.RawInstruction{ins(0x34, 0, 0, 0), ins(0xff, 0, 0, 0), ins(0x07, 0, 0, 0)},
		"instruction 0: div #0: division by the constant zero\n" +
			"instruction 1: { 0xff, 0, 0, 0x0 }: the kernel has no opcode 0xff\n" +
			"instruction 2: tax: the last instruction must be a return"},
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			_, err := classic.Decode(tt.program)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

// Programs that look wrong and that the kernel accepts; TestKernelAgrees attaches them.
var accepted = []struct {
	name    string
	program []bpf.RawInstruction
}{
	{"unreachable", []bpf.RawInstruction{ins(0x06, 0, 0, 0), ins(0x80, 0, 0, 0), ins(0x16, 0, 0, 0)}},
	{"unreachable read of scratch", []bpf.RawInstruction{ins(0x05, 0, 0, 1), ins(0x60, 0, 0, 0), ins(0x16, 0, 0, 0)}},
	{"unused fields", []bpf.RawInstruction{ins(0x07, 9, 9, 9), ins(0x80, 1, 1, 0xffffffff), ins(0x81, 0, 0, 7), ins(0x16, 5, 5, 5)}},
	{"extension as a byte", []bpf.RawInstruction{ins(0x30, 0, 0, 0xfffff03c), ins(0x16, 0, 0, 0)}},
	{"indirect load among the extensions", []bpf.RawInstruction{ins(0x48, 0, 0, 0xffffffff), ins(0x16, 0, 0, 0)}},
	{"ldx 4*([k]&0xf) among the extensions", []bpf.RawInstruction{ins(0xb1, 0, 0, 0xfffffffe), ins(0x16, 0, 0, 0)}},
	{"offset below every header", []bpf.RawInstruction{ins(0x20, 0, 0, 0x80000000), ins(0x16, 0, 0, 0)}},
	{"jump to the next", []bpf.RawInstruction{ins(0x15, 0, 0, 0), ins(0x05, 0, 0, 0), ins(0x16, 0, 0, 0)}},
	{"longest", append(make([]bpf.RawInstruction, 4095), ins(0x16, 0, 0, 0))},
}

func TestDecodeAccepts(t *testing.T) {
	for _, tt := range accepted {
		t.Run(tt.name, func(t *testing.T) {
			p, err := classic.Decode(tt.program)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.program, p.Raw()); diff != "" {
				t.Errorf("fields changed (-want +got):\n%s", diff)
			}
		})
	}
}
