package asm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// spellings are ways to write instructions, with their little-endian bytes by hand: opcode, source<<4|destination, offset,
// immediate. llvm says whether LLVM's assembler makes the same of it; why not is in the name.
var spellings = []struct {
	name, text, code string
	llvm             bool
}{
	{"blanks", "r0=5", "b700000005000000", true},
	{"hexadecimal", "r0 = 0x1f", "b70000001f000000", true},
	{"octal", "r0 = 017", "b70000000f000000", true},
	{"binary", "r0 = 0b101", "b700000005000000", true},
	{"plus", "r0 = +5", "b700000005000000", true},
	{"signed hexadecimal", "r2 += -0x4", "07020000fcffffff", true},
	{"minus with a blank", "r0 = - 5", "b7000000fbffffff", true},
	{"32 bits unsigned", "w0 = 4294967295", "b4000000ffffffff", true},
	{"64 bits that are a sign extension", "r0 = 0xffffffffffffffff", "b7000000ffffffff", true},
	{"operator in two parts", "r1 << = 3", "6701000003000000", true},
	{"signed division with blanks", "r1 s /= r2", "3f21010000000000", true},
	{"negation with a blank", "r1 = - r1", "8701000000000000", true},
	{"sign extension with a blank", "r1 = (s8) r2", "bf21080000000000", true},
	{"64-bit immediate", "r1 = 0x1122334455667788 ll", "18010000887766550000000044332211", true},
	{"64 bits without sign", "r1 = 18446744073709551615 ll", "18010000ffffffff00000000ffffffff", true},
	{"pseudo load", "ld_pseudo r1, 1, 5", "18110000050000000000000000000000", true},

	{"number by name", ".equ FOUR, 4\nr0 = FOUR", "b700000004000000", true},
	{"number by name, set twice", ".set N, 4\n.set N, -5\nr0 += N", "07000000fbffffff", true},
	{"number by another's name", ".equ FOUR, 4\n.equ ALSO, FOUR\nw0 = ALSO", "b400000004000000", true},
	{"64-bit number by name", ".equ BIG, 0x1122334455667788\nr1 = BIG ll", "18010000887766550000000044332211", true},
	{"number by name in a condition", ".equ FOUR, 4\nif r1 == FOUR goto -1", "1501ffff04000000", true},
	{"number by name in a store", ".equ FOUR, 4\n*(u32 *)(r1 + 0) = FOUR", "6201000004000000", true},
	{"kernel's number (a symbol for LLVM)", "r0 = XDP_REDIRECT", "b700000004000000", false},
	{"kernel's negative number", "r0 = TC_ACT_UNSPEC # -1", "b7000000ffffffff", false},
	{"kernel's number in a condition", "if r1 != AF_INET6 goto -1", "5501ffff0a000000", false},

	{"no blank before the offset", "r1 = *(u32*)(r2+8)", "6121080000000000", true},
	{"kernel's offset", "r1 = *(u32 *)(r2 +8)", "6121080000000000", true},
	{"kernel's negative offset", "r1 = *(u32 *)(r10 -8)", "61a1f8ff00000000", true},
	{"negative offset without blanks", "r1 = *(u32 *)(r10-8)", "61a1f8ff00000000", true},
	{"hexadecimal offset", "r1 = *(u32 *)(r2 + 0x8)", "6121080000000000", true},
	{"blanks everywhere", "r1 = * ( u64 * ) ( r2 + 8 )", "7921080000000000", true},
	{"w register of a load", "w1 = *(u8 *)(r2 + 8)", "7121080000000000", true},
	{"sign-extending load", "r1 = *(s16 *)(r2 + 8)", "8921080000000000", true},
	{"w register of a store", "*(u16 *)(r1 + 2) = w2", "6b21020000000000", true},
	{"store of a number", "*(u64 *)(r10 - 8) = -1", "7a0af8ffffffffff", true},
	{"context field (LLVM has none)", "r2 = *(u64 *)(r1 + sk_reuseport_md.data_end)", "7912080000000000", false},
	{"element of a context field (LLVM has none)", "r2 = *(u32 *)(r1 + sk_msg_md.remote_ip6[3])", "6112280000000000", false},

	{"atomic, r register on 32 bits", "lock *(u32 *)(r1 + 0) += r2", "c321000000000000", true},
	{"atomic, w register", "lock *(u32 *)(r1 + 0) ^= w2", "c3210000a0000000", true},
	{"fetch", "r2 = atomic_fetch_or((u64 *)(r1 + 8), r2)", "db21080041000000", true},
	{"kernel's fetch of 64 bits", "r2 = atomic64_fetch_or((u64 *)(r1 +8), r2)", "db21080041000000", false},
	{"kernel's fetch of 32 bits, r register", "r2 = atomic_fetch_add((u32 *)(r1 +8), r2)", "c321080001000000", false},
	{"exchange", "r2 = xchg_64(r1 + 8, r2)", "db210800e1000000", true},
	{"kernel's exchange", "r2 = atomic64_xchg((u64 *)(r1 +8), r2)", "db210800e1000000", false},
	{"compare and exchange of 32 bits", "w0 = cmpxchg32_32(r1 + 8, w0, w2)", "c3210800f1000000", true},
	{"kernel's compare and exchange", "r0 = atomic_cmpxchg((u32 *)(r1 +8), r0, r2)", "c3210800f1000000", false},
	{"load acquire", "w0 = load_acquire((u8 *)(r1 + 0))", "d310000000010000", true},
	{"kernel's load acquire of a byte", "r0 = load_acquire((u8 *)(r1 +0))", "d310000000010000", false},
	{"store release", "store_release((u64 *)(r1 + 0), r2)", "db21000010010000", true},

	{"packet load", "r0 = *(u16 *)skb[12]", "280000000c000000", true},
	{"indirect packet load", "r0 = *(u8 *)skb[r7]", "5070000000000000", true},
	{"indirect packet load with an offset (LLVM lacks it)", "r0 = *(u8 *)skb[r7 + 4]", "5070000004000000", false},

	{"jump by distance", "goto +0\nexit", "05000000000000009500000000000000", true},
	{"jump by distance without a sign", "goto 1; r0 = 0; exit", "0500010000000000b7000000000000009500000000000000", true},
	{"kernel's jump (LLVM reads pc as a symbol)", "goto pc-1", "0500ffff00000000", false},
	{"long jump", "gotol -1", "06000000ffffffff", true},
	{"jump that may be", "may_goto -1", "e500ffff00000000", true},
	{"llvm-objdump's jump", "goto -0x1 <L0+0x8>", "0500ffff00000000", false},
	{"condition without blanks", "if r1==5 goto -1", "1501ffff05000000", true},
	{"signed comparison", "if w1 s>= w2 goto -1", "7e21ffff00000000", true},
	{"bits", "if r1 & 7 goto -1", "4501ffff07000000", true},
	{"kernel's immediate of a condition", "if r1 s> 0xffffffff goto pc-1", "6501ffffffffffff", false},
	{"label", "again: r0 = 1; if r0 == 1 goto again", "b7000000010000001500feff01000000", true},
	{"two labels", "a: b: goto a", "0500ffff00000000", true},
	{"label with a blank", "a : goto a", "0500ffff00000000", true},

	{"helper by number", "call 1", "8500000001000000", true},
	{"helper by hexadecimal number", "call 0xb5", "85000000b5000000", true},
	{"helper by name (a symbol for LLVM)", "call bpf_map_lookup_elem", "8500000001000000", false},
	{"kernel's helper (a comment for LLVM)", "call bpf_map_lookup_elem#1", "8500000001000000", false},
	{"call by distance (a symbol for LLVM)", "call pc+1\nexit\nexit", "85100000010000009500000000000000" + "9500000000000000", false},
	{"call of a label", "call f\nexit\nf: exit", "85100000010000009500000000000000" + "9500000000000000", true},
	{"kernel function (LLVM lacks them)", "call kernel-function#4711", "8520000067120000", false},
	{"kernel function of a module (LLVM lacks them)", "call kernel-function[3]#4711", "8520030067120000", false},

	{"byte order", "r1 = be16 r1", "dc01000010000000", true},
	{"swap", "r1 = bswap32 r1", "d701000020000000", true},
	{"address space", "r1 = addr_space_cast(r2, 0x0, 0x1)", "bf21010001000000", true},

	{"statements on a line", "r0 = 1; exit", "b7000000010000009500000000000000", true},
	{"comment with #", "exit # done", "9500000000000000", true},
	{"comment with //", "exit // done", "9500000000000000", true},
	{"comment between", "/* done */ exit", "9500000000000000", true},
	{"comment behind", "exit /* done */", "9500000000000000", true},
	{"comment over lines", "/* now\n we */ exit", "9500000000000000", true},
	{"carriage return", "r0 = 1\r\nexit\r\n", "b7000000010000009500000000000000", true},

	{"opcode decides for 64 bits", "0: (18) r1 = 0x5", "18010000050000000000000000000000", false},
	{"opcode decides for 32 bits", "0: (b7) r1 = 5", "b701000005000000", false},
	{"bpftool's prefix", "   0: (95) exit", "9500000000000000", false},
	{"map by descriptor", "0: (18) r1 = map[fd:4]", "18110000040000000000000000000000", false},
	{"map's value by descriptor", "0: (18) r1 = map[fd:4][0]+8", "18210000040000000000000008000000", false},
	{"map by index", "0: (18) r1 = map[idx:3]", "18510000030000000000000000000000", false},
	{"map's value by index", "0: (18) r1 = map[idx:3]+8", "18610000030000000000000008000000", false},
	{"map by id", "0: (18) r1 = map[id:3]", "18110000000000000000000000000000", false},
	{"function", "0: (18) r1 = subprog[+1]\n2: (95) exit\n3: (95) exit", "184100000100000000000000000000009500000000000000" + "9500000000000000", false},
	{"BTF id", "0: (18) r1 = btf[id:4711,fd:7]", "18310000671200000000000007000000", false},
	{"call with the function's name", "0: (85) call pc+1#bpf_prog_0123456789abcdef_f\n1: (95) exit\n2: (95) exit",
		"85100000010000009500000000000000" + "9500000000000000", false},
	{"registers behind an instruction", "0: (b7) r0 = 0 ; R0=0\n1: (95) exit\nprocessed 2 insns", "b7000000000000009500000000000000", false},
	{"instructions again", "0: (b7) r0 = 0\n1: (95) exit\nfrom 0 to 1: R0=0\n1: (95) exit", "b7000000000000009500000000000000", false},
	{"unused registers before", "      0: .1....6... (bf) r0 = r1\n      1: 0......... (95) exit", "bf100000000000009500000000000000", false},
	{"llvm-objdump's bytes", "       0:\tb7 00 00 00 05 00 00 00\tr0 = 0x5", "b700000005000000", false},
	{"llvm-objdump without bytes", "       0:\tr0 = 0x5\n       1:\texit", "b7000000050000009500000000000000", true},
	{"llvm-objdump drops an offset, the bytes have it", "0:\t50 70 00 00 04 00 00 00\tr0 = *(u8 *)skb[r7]", "5070000004000000", false},
	{"big-endian bytes", "0:\tb7 10 00 00 00 00 00 05\tr1 = 0x5", "b701000005000000", false},
}

func TestParseSpellings(t *testing.T) {
	for _, test := range spellings {
		t.Run(test.name, func(t *testing.T) {
			want, err := hex.DecodeString(strings.ReplaceAll(test.code, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := parseOne(t, test.text).AppendTo(nil, binary.LittleEndian); !bytes.Equal(want, got) {
				t.Errorf("%s: %x, want %x", test.text, got, want)
			}
		})
	}
}

// Of the spellings that LLVM's assembler takes it makes the same bytes.
func TestLLVMSpellings(t *testing.T) {
	llvm := llvmMC(t)
	for _, test := range spellings {
		o, refused := assemble(t, llvm, "bpfel", test.text+"\n")
		got := hex.EncodeToString(o.code)
		same := len(refused) == 0 && len(o.relocations) == 0 && got == test.code
		if same != test.llvm {
			t.Errorf("%s: %s: LLVM makes %s of it, lines refused: %v; want %s: %t", test.name, test.text, got, refused, test.code, test.llvm)
		}
	}
}

// References and names.
func TestParseSymbols(t *testing.T) {
	p := parseOne(t, `
.program pick sk_reuseport sk_reuseport_select_or_migrate
.license "GPL"
.map workers reuseport_sockarray key=4 value=8 entries=64
.type callback,@function
.loc 0 0
	r1 = workers ll
	r2 = config+8 ll
	r3 = config+0 ll
	r4 = callback ll
	r5 = local ll
	call elsewhere
	call local
again:
	exit
local:
	goto done
done:
	exit
`)
	want := asm.ProgramSpec{
		Name: "pick", Type: asm.SkReuseport, AttachType: asm.AttachSkReuseportSelectOrMigrate, License: "GPL",
		Instructions: []asm.Instruction{
			{Op: 0x18, Dst: 1, Src: 1},
			{Op: 0x18, Dst: 2, Src: 2, Imm: 8 << 32},
			{Op: 0x18, Dst: 3, Src: 2},
			{Op: 0x18, Dst: 4, Src: 4, Imm: 0xffffffff},
			{Op: 0x18, Dst: 5, Src: 4, Imm: 4}, // slot 8, local is slot 13
			{Op: 0x85, Src: 1, Imm: -1},
			{Op: 0x85, Src: 1, Imm: 1},
			{Op: 0x95},
			{Op: 0x05},
			{Op: 0x95},
		},
		References: []asm.Reference{
			{Index: 0, Kind: asm.RefMap, Symbol: "workers"}, {Index: 1, Kind: asm.RefMapValue, Symbol: "config"},
			{Index: 2, Kind: asm.RefMapValue, Symbol: "config"}, {Index: 3, Kind: asm.RefFunc, Symbol: "callback"},
			{Index: 5, Kind: asm.RefCall, Symbol: "elsewhere"},
		},
		Functions: []asm.Label{{Name: "pick"}, {Name: "local", Index: 8}},
		Labels:    []asm.Label{{Name: "again", Index: 7}, {Name: "done", Index: 9}},
		Maps:      []asm.MapSpec{{Name: "workers", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 64}},
	}
	wanted, err := asm.NewProgram(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := equalSpecs([]*asm.Program{wanted}, []*asm.Program{p}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
