package asm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// parseErrors are texts that are refused, with the error to the letter. llvm says what LLVM's assembler makes of those that
// it takes all the same.
var parseErrors = []struct{ text, want, llvm string }{
	{"r0 = 4294967296",
		"t.s:1:6: 4294967296 does not fit 32 bits", ""},
	{"r0 = 4294967295",
		"t.s:1:6: 4294967295 does not fit 32 bits with a sign, which a 64-bit operation extends; -1 has the same 32 bits", "it makes -1 of it"},
	{"r0 = -2147483649",
		"t.s:1:6: -2147483649 does not fit 32 bits", ""},
	{"w0 = -2147483649",
		"t.s:1:6: -2147483649 does not fit 32 bits", ""},
	{"r11 = 1",
		"t.s:1:1: register r11: the registers are r0 to r10 and their halves w0 to w10", "it has a register that the machine has not"},
	{"R0 = 5",
		"t.s:1:1: register R0: the registers are r0 to r10 and their halves w0 to w10", "it reads R0 as r0 here, and as a symbol on the right of the ="},
	{"r0 = r11",
		"t.s:1:6: register r11: the registers are r0 to r10 and their halves w0 to w10", "it has a register that the machine has not"},
	{"r12 = 1",
		"t.s:1:1: register r12: the registers are r0 to r10 and their halves w0 to w10", ""},
	{"call name#1",
		"t.s:1:6: call name#1: name is no helper but a function inside the kernel, which programs cannot call", "it reads a comment behind a call of name"},
	{"call bpf_map_lookup_elem#2",
		"t.s:1:26: bpf_map_lookup_elem is helper 1, not 2", "the same"},
	{"call array_map_lookup_elem#353184",
		"t.s:1:6: call array_map_lookup_elem#353184: part of what the verifier has made of bpf_map_lookup_elem, which cannot be undone", "the same"},
	{"r0 = 5ll",
		"t.s:1:7: ll stands apart from the number", "it reads 5 without ll: a move of 32 bits"},
	{"r0 = 1u",
		"t.s:1:7: 'u' is no digit of a number in base 10", "it drops the u"},
	{"r0 = 09",
		"t.s:1:7: '9' is no digit of a number in base 8", ""},
	{"r0 = 0x",
		"t.s:1:6: a number without digits", ""},
	{"r0 = 0b12",
		"t.s:1:9: '2' is no digit of a number in base 2", ""},
	{"r0 = 18446744073709551616 ll",
		"t.s:1:6: a number of more than 64 bits", ""},
	{"r0 = -9223372036854775809 ll",
		"t.s:1:6: -9223372036854775809 does not fit 64 bits", "it drops the 65th bit"},
	{"r3 = BPF_F_CURRENT_CPU ll",
		"t.s:1:6: BPF_F_CURRENT_CPU is a number of the kernel's and no map that is described here: r3 = 0xffffffff ll loads the number, and .map BPF_F_CURRENT_CPU describes a map", "it makes a symbol of it"},
	{"r0 = XDP_PASS ll",
		"t.s:1:6: XDP_PASS is a number of the kernel's and no map that is described here: r0 = XDP_PASS without ll loads the number, and .map XDP_PASS describes a map", "the same"},
	{"r0 = 5 + 3",
		`t.s:1:8: expected the end of the instruction, found "+"`, "it adds; here a number is what it looks like"},
	{"r0 = 'a'",
		`t.s:1:6: expected a register, a number, a load or a symbol, found "'"`, "it takes the code of a letter"},
	{"r0 = foo",
		`t.s:1:6: "foo" is no register and no number; the address of a map or function is foo ll`, "it makes a move with a relocation that no loader knows"},
	{"r0 = XDP_PAS",
		`t.s:1:6: "XDP_PAS" is no register and no number; the address of a map or function is XDP_PAS ll; did you mean XDP_PASS?`, "it makes a move with a relocation that no loader knows"},
	{"r0 += foo",
		`t.s:1:7: expected a register or a number, found "foo"`, "the same"},
	{"r0 = BPF_F_CURRENT_CPU",
		"t.s:1:6: BPF_F_CURRENT_CPU does not fit 32 bits with a sign, which a 64-bit operation extends; -1 has the same 32 bits", "the same"},
	{".equ N, 1\n.equ N, 2\nexit",
		"t.s:2:6: N has a number already; .set gives it another", "for it .equ is .set"},
	{".equ r1, 1\nexit",
		"t.s:1:6: r1: bad name: r1 is a word of the assembly language", "it takes the name, which nothing can use"},
	{"r0 = foo +",
		"t.s:1:11: expected a number, found the end of the line", ""},
	{"w0 = 5 ll",
		"t.s:1:1: w0: a 64-bit immediate is loaded into a whole register, r0", ""},
	{"w0 = foo ll",
		"t.s:1:1: w0: an address is loaded into a whole register, r0", ""},
	{"r0 = w1",
		"t.s:1:6: w1: r and w registers do not go together: an operation has 64 bits or 32", ""},
	{"w0 += r1",
		"t.s:1:7: r1: r and w registers do not go together: an operation has 64 bits or 32", ""},
	{"r0 = -r1",
		"t.s:1:6: a register is only set to minus itself", ""},
	{"r0 = (s64)r1",
		`t.s:1:7: expected s8, s16 or s32, found "s64"`, ""},
	{"w0 = (s32)w1",
		"t.s:1:7: s32: 32 bits are extended to 64 only", ""},
	{"r1 = be16 r2",
		"t.s:1:11: a byte order operation changes one whole register: r1 on both sides", ""},
	{"w1 = be16 w1",
		"t.s:1:11: a byte order operation changes one whole register: r1 on both sides", ""},
	{"r1 = addr_space_cast(r2, 2, 1)",
		"t.s:1:22: the kernel casts from address space 0 to 1 and from 1 to 0", "it takes spaces that the kernel does not"},
	{"ld_pseudo r1, 9, 5",
		"t.s:1:15: source 9: there is 0 to 6", "it takes sources that the kernel does not"},
	{"ld_pseudo r1, 1, 0x500000001",
		"t.s:1:18: reserved field set: second immediate 5", ""},
	{"r1 = *(u32 *)(r2)",
		`t.s:1:17: expected '+' or '-' and the offset, found ")"`, ""},
	{"r1 = *(u32 *)(r2 8)",
		`t.s:1:18: expected '+' or '-' and the offset, found "8"`, "it does not miss the sign"},
	{"r1 = *(u32 *)(r2 + 40000)",
		"t.s:1:18: offset +40000 does not fit 16 bits", ""},
	{"r1 = *(u32 *)(w2 + 0)",
		"t.s:1:15: w2: an address is a whole register, r2", ""},
	{"r1 = *(u128 *)(r2 + 0)",
		`t.s:1:8: expected a type: u8, u16, u32, u64, s8, s16 or s32, found "u128"`, ""},
	{"w1 = *(u64 *)(r2 + 0)",
		"t.s:1:1: w1: this load sets the whole register, r1", ""},
	{"r1 = *(u32 *)(r2 + sk_msg_md.port)",
		"t.s:1:20: sk_msg_md.port is no field of a context struct", ""},
	{"r1 = *(u32 *)(r2 + sk_msg_md.remote_ip6[4])",
		"t.s:1:41: sk_msg_md.remote_ip6 has 4 elements, and none at index 4", ""},
	{"r1 = *(u32 *)(r2 + sk_reuseport_md.dataend)",
		"t.s:1:20: sk_reuseport_md.dataend is no field of a context struct; did you mean sk_reuseport_md.data_end?", ""},
	{"*(u64 *)(r1 + 0) = w2",
		"t.s:1:20: w2 has 32 of the 64 bits to store", ""},
	{"*(s32 *)(r1 + 0) = r2",
		"t.s:1:1: a store has no sign: u8, u16, u32 or u64", ""},
	{"*(u64 *)(r1 + 0) += r2",
		"t.s:1:1: an operation on memory is atomic: lock *(...) += ...", ""},
	{"*(u32 *)(r1 + 0) = 4294967296",
		"t.s:1:20: 4294967296 does not fit 32 bits", ""},
	{"lock *(u8 *)(r1 + 0) += r2",
		"t.s:1:1: atomic operations are on u32 and u64", ""},
	{"lock *(u64 *)(r1 + 0) -= r2",
		`t.s:1:23: expected +=, |=, &= or ^=, found "-"`, ""},
	{"lock r1 += r2",
		`t.s:1:6: expected '*' and what the operation changes, found "r1"`, ""},
	{"r2 = atomic_fetch_add((u64 *)(r1 + 0), r3)",
		"t.s:1:40: r3: the register that gives the operand gets the result: r2 on both sides", ""},
	{"r2 = atomic64_fetch_add((u32 *)(r1 + 0), r2)",
		"t.s:1:6: atomic64: the operation is on u32", ""},
	{"r2 = cmpxchg_64(r1 + 0, r0, r2)",
		"t.s:1:25: cmpxchg compares with r0 and returns in r0", ""},
	{"w0 = load_acquire((u64 *)(r1 + 0))",
		"t.s:1:1: w0: this load sets the whole register, r0", ""},
	{"r7 = *(u8 *)skb[12]",
		"t.s:1:1: a packet load sets r0 to 1, 2 or 4 bytes: r0 = *(u8 *)skb[12]", ""},
	{"r0 = *(u64 *)skb[12]",
		"t.s:1:1: a packet load sets r0 to 1, 2 or 4 bytes: r0 = *(u8 *)skb[12]", ""},
	{"goto nowhere",
		"t.s:1:6: undefined label nowhere", "it leaves the jump to a linker, and there is none for jumps"},
	{"again: r0 = 0\ngoto agian",
		"t.s:2:6: undefined label agian; did you mean again?", "the same"},
	{"call bpf_map_lookup_elm",
		"t.s:1:6: bpf_map_lookup_elm is neither a helper nor a function of this text; did you mean bpf_map_lookup_elem?; .type bpf_map_lookup_elm,@function says that it is one of elsewhere", "it calls whatever is linked under the name"},
	{"call bpf_frobnicate",
		"t.s:1:6: bpf_frobnicate is neither a helper nor a function of this text; .type bpf_frobnicate,@function says that it is one of elsewhere", "the same"},
	{"goto 40000",
		"t.s:1:6: distance 40000 does not fit 16 bits", ""},
	{"goto +1",
		"t.s:1:1: instruction 0: goto +1: leads to slot 2, where no instruction of the program is", "it does not look where a jump leads to"},
	{"goto r1",
		"t.s:1:6: r1: bad name: r1 is a word of the assembly language", ""},
	{"if r1 = 5 goto +0",
		`t.s:1:7: expected a comparison: ==, !=, &, >, >=, <, <=, s>, s>=, s< or s<=, found "="`, ""},
	{"if r1 == 5 exit",
		`t.s:1:12: expected goto, found "exit"`, ""},
	{"if r1 == 0xffffffff goto -1",
		"t.s:1:10: 0xffffffff does not fit 32 bits with a sign, which a 64-bit operation extends; -1 has the same 32 bits", "it compares with -1 then"},
	{"if w1 == r2 goto -1",
		"t.s:1:10: r2: r and w registers do not go together: an operation has 64 bits or 32", ""},
	{"if r1 s== 5 goto -1",
		`t.s:1:8: expected a comparison: ==, !=, &, >, >=, <, <=, s>, s>=, s< or s<=, found "="`, ""},
	{"a: exit\na: exit",
		"t.s:2:1: label a is already in line 1", ""},
	{"r1: exit",
		"t.s:1:1: label r1: bad name: r1 is a word of the assembly language", "it takes the label, which nothing can jump to"},
	{"a-b: exit",
		`t.s:1:1: "a" begins no instruction`, ""},
	{"exit\nend:",
		"t.s:2:1: label end: no instruction follows", "it takes labels behind the end"},
	{"exit exit",
		`t.s:1:6: expected the end of the instruction, found "exit"`, ""},
	{"nop",
		`t.s:1:1: "nop" begins no instruction`, ""},
	{"callx r1",
		"t.s:1:1: callx: calls through a register are not instructions that the kernel takes", "GCC and it make indirect calls, which the kernel refuses"},
	{"0: (05) nospec",
		"t.s:1:9: nospec: made by the kernel's verifier, not an instruction that the kernel takes", ""},
	{"0: (bf) r0 = &(void __percpu *)(r1)",
		"t.s:1:14: &(void __percpu *)(r1): made by the kernel's verifier, not an instruction that the kernel takes", ""},
	{"0: (b7) r1 = r2",
		"t.s:1:9: the opcode in parentheses is 0xb7, that of this instruction 0xbf", ""},
	{"0: (b7 r1 = 2",
		`t.s:1:4: expected an instruction, found "("`, ""},
	{"1: (95) exit",
		"t.s:1:9: the text does not show slot 0", ""},
	{"0: (b7) r0 = 0\n2: (95) exit\n9: (95) exit",
		"t.s:1:9: the text does not show slot 1, 3 to 8", ""},
	{"0: (b7) r0 = 0\n1: (95) exit\nfrom 1 to 0: R1=ctx()\n0: (b7) r0 = 1",
		"t.s:4:9: slot 0 is r0 = 1 here, and r0 = 0 in line 1", ""},
	{"0: (18) r1 = 0x5\n1: (95) exit",
		"t.s:2:9: slot 1 is the second half of the instruction before it", ""},
	{"0: (b7) r0 = 0\nr1 = 5\n1: (95) exit",
		"t.s:2:1: an instruction without the number of its slot among others with it", ""},
	{"0: R1=ctx() R10=fp0\n0: (b7) r0 = 0",
		"t.s:2:9: the text shows nothing behind slot 0, and r0 = 0 does not end a program", ""},
	{"0: R1=ctx() R10=fp0\n0: (18) r1 = 0xffff888132e87a00\n2: (95) exit",
		"t.s:2:9: slot 0: 0xffff888132e87a00 is an address of the kernel, and the log does not say whose; log level 2 does", ""},
	{"0: R1=ctx() R10=fp0\n0: (18) r1 = 0xffff888132e87a00   ; R1=ptr_task_struct()\n2: (95) exit",
		"t.s:2:9: the number is an address of ptr_task_struct(), which a program does not have", ""},
	{"0: (85) call ringbuf_map_poll_kern#353184",
		"t.s:1:14: call ringbuf_map_poll_kern#353184: ringbuf_map_poll_kern is no helper but a function inside the kernel, which programs cannot call", ""},
	{"; r0 = 1",
		"t.s:1:1: ';' begins a line of source text in a dump, but here are no lines such as 0: (b7) r0 = 0; a comment begins with #", "it reads an instruction behind an empty one; dumps begin lines of source text so"},
	{"/* no end",
		"t.s:1:1: comment without its end, */", ""},
	{".bogus",
		"t.s:1:1: unknown directive .bogus", ""},
	{".program",
		"t.s:1:9: name of a program: bad name: it is empty", ""},
	{".program r1",
		"t.s:1:10: name of a program: bad name: r1 is a word of the assembly language", ""},
	{".program x nosuch",
		`t.s:1:12: "nosuch" is no program type`, ""},
	{".program x sk_reusport",
		`t.s:1:12: "sk_reusport" is no program type; did you mean sk_reuseport?`, ""},
	{".program x BPF_PROG_TYPE_XDP",
		`t.s:1:12: "BPF_PROG_TYPE_XDP" is no program type; did you mean xdp?`, ""},
	{".program x sk_msg sk_msg_verdit",
		`t.s:1:19: "sk_msg_verdit" is no attach type; did you mean sk_msg_verdict?`, ""},
	{".program x xdp nosuch",
		`t.s:1:16: "nosuch" is no attach type`, ""},
	{".program x",
		"t.s:1:1: no instructions", ""},
	{".map m",
		`t.s:1:7: "" is no map type`, ""},
	{".map m nosuch",
		`t.s:1:8: "nosuch" is no map type`, ""},
	{".map m lru_hahs",
		`t.s:1:8: "lru_hahs" is no map type; did you mean lru_hash?`, ""},
	{".licence \"GPL\"",
		"t.s:1:1: unknown directive .licence; did you mean .license?", ""},
	{".map m hash flags=no_preallok",
		`t.s:1:19: "no_preallok" is none of the flags no_prealloc no_common_lru numa_node rdonly wronly stack_build_id zero_seed rdonly_prog wronly_prog clone mmapable preserve_elems inner_map; did you mean no_prealloc?`, ""},
	{".map m hash size=4",
		`t.s:1:13: expected a property of a map: key=, value=, entries=, flags=, extra=, numa_node= or pinned, found "size"`, ""},
	{".map m hash key=-1",
		"t.s:1:17: -1 does not fit 32 bits without a sign", ""},
	{".map m hash flags=fast",
		`t.s:1:19: "fast" is none of the flags no_prealloc no_common_lru numa_node rdonly wronly stack_build_id zero_seed rdonly_prog wronly_prog clone mmapable preserve_elems inner_map`, ""},
	{".map m hash\n.map m hash\nexit",
		"t.s:2:6: there is a map m already", ""},
	{".map m hash key=4 value=4 entries=1\n.inner hash key=4 value=4 entries=1\nexit",
		"t.s:2:1: .inner describes what the map above holds, and m is a hash; an array_of_maps or a hash_of_maps holds maps", ""},
	{".map m array_of_maps key=4 value=4 entries=1\n.inner hash key=4 value=4 entries=1\n .inner hash key=4 value=4 entries=1\nexit",
		"t.s:3:2: a second .inner: the kernel takes no maps in maps in maps", ""},
	{".map m array_of_maps key=4 value=4 entries=1\n.inner hash_of_maps key=4 value=4 entries=1\nexit",
		"t.s:2:8: hash_of_maps: the kernel takes no maps in maps in maps", ""},
	{".key struct k { u32 a; }",
		"t.s:1:1: a layout of the map above, and there is none", ""},
	{".map m hash key=8\n.key struct k { u32 a; }\nexit",
		"t.s:2:1: keys have 8 bytes, this layout 4", ""},
	{".map m hash\n.key u32 n\nexit",
		"t.s:2:1: a number or an array that is all of a key or value has no name; n would be that of a member", ""},
	{".map m hash\n.key struct k { struct i { u32 a } b; }\nexit",
		`t.s:2:34: expected ';', found "}"`, ""},
	{".map m hash\n.value struct k { struct i { u64 a[2000000]; } b; struct i { u64 a[2000000]; } c; }\nexit",
		"t.s:2:51: a struct of more than 16777216 bytes", ""},
	{".map m hash\n.value " + strings.Repeat("struct s { ", 17) + "u8 a;" + strings.Repeat(" } s;", 17) + "\nexit",
		"t.s:2:190: structs in structs, more than 16 deep", ""},
	{".map m hash\n.key struct k { u33 a; }\nexit",
		`t.s:2:17: expected a type: u8, u16, u32, u64, s8, s16, s32, s64 or struct, found "u33"`, ""},
	{".license GPL",
		`t.s:1:10: expected a string in quotes, found "GPL"`, ""},
	{`.license "GPL`,
		"t.s:1:10: a string without its closing quote", ""},
	{".license \"\\q\"",
		"t.s:1:11: unknown escape; there are \\n, \\t, \\r, \\\", \\\\, \\x and two hexadecimal digits, \\ and up to three octal ones", ""},
	{".comment \"\"\nexit",
		"t.s:1:1: an empty comment", ""},
	{".loc 1 5\nexit",
		"t.s:1:6: there is no .file of this number", ""},
	{".long 5",
		"t.s:1:1: .long: data is not assembled; a map with .contents is what programs can read", "it makes an instruction of four bytes"},
	{".section .rodata,\"a\",@progbits\nx:\n.long 5",
		"t.s:3:1: .long: data is not assembled; a map with .contents is what programs can read", "it assembles data"},
	{".section license,\"aw\",@progbits\nr0 = 1",
		`t.s:2:1: "r0": only .text and the sections of programs have instructions`, "it assembles instructions in every section"},
	{"r0 = 1 $",
		`t.s:1:8: expected the end of the instruction, found "$"`, ""},
	{"r0 = é",
		`t.s:1:6: expected a register, a number, a load or a symbol, found "é"`, ""},
	{"r0 = 1\x00",
		"t.s:1:7: a byte of value 0: this is no text", "it reads white space"},
	{"r0 = 1 # \xff",
		"t.s:1:10: byte 0xff: this is not UTF-8", "it does not look at comments"},
}

func TestParseErrors(t *testing.T) {
	for _, test := range parseErrors {
		t.Run(test.text, func(t *testing.T) {
			programs, err := asm.ParseText("t.s", []byte(test.text))
			if err == nil || programs != nil {
				t.Fatalf("programs %v, error %v", programs, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// LLVM's assembler takes of them those for which the table says what it makes of them.
func TestLLVMTakes(t *testing.T) {
	llvm := llvmMC(t)
	for _, test := range parseErrors {
		_, refused := assemble(t, llvm, "bpfel", test.text+"\n")
		if takes := len(refused) == 0; takes != (test.llvm != "") {
			t.Errorf("%q: LLVM takes it: %t, but the table says %q", test.text, takes, test.llvm)
		}
	}
}

// Errors are those of the whole text, each with its place, and its reason can be asked for.
func TestParseErrorList(t *testing.T) {
	_, err := asm.ParseText("dir/t.s", []byte("r0 = 1\n\tr11 = 2\nr1: exit; r12 = 1\n goto out"))
	var list *asm.ParseErrors
	if !errors.As(err, &list) || list.More != 0 {
		t.Fatalf("error %v", err)
	}
	var got []string
	for _, e := range list.Errors {
		got = append(got, fmt.Sprintf("%s %d %d", e.File, e.Line, e.Column))
	}
	if diff := cmp.Diff([]string{"dir/t.s 2 2", "dir/t.s 3 1", "dir/t.s 4 7"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !errors.Is(err, asm.ErrName) {
		t.Errorf("%v does not wrap ErrName", err)
	}
}

// A line with an error leads to no others: what it may have defined counts as defined, and a program that misses lines is
// not held against what only a whole one can be.
func TestParseErrorFollows(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"label before the mistake", "here: bad\ngoto here\nexit", []string{"1:7"}},
		{"label behind the mistake", "bad; here: exit\ngoto here\nexit", []string{"1:1"}},
		{"label with a bad name", "r5: exit\n goto out\nout: exit", []string{"1:1"}},
		{"label at the end", "goto end\nend: bad", []string{"2:6"}},
		{"label in a comment without an end", "goto end\nexit /* end: exit", []string{"2:6"}},
		{"function on a broken line", "call bpf_mine\nexit\nbpf_mine: bad", []string{"3:11"}},
		{"distance over a mistake", "goto +1\nbad\nexit", []string{"2:1"}},
		{"slot of a dump", "0: (b7) r0 = 5\n1: (95) exti", []string{"2:9"}},
		{"program without its name", ".program a\nx: goto x\n.program 1\nx: goto y\ny: exit", []string{"3:10"}},
		{"all kinds at once", "goto nowhere\nbad\ncall bpf_nothing\nexit\n.program b nosuch\nx: goto away\nx: exit\n.program c\ngoto gone\nexit",
			[]string{"1:6", "2:1", "3:6", "5:12", "6:9", "7:1", "9:6"}},
		{"what is too far with a line missing is too far", "bad\ngoto far\n" + strings.Repeat("exit\n", 1<<15) + "far: exit", []string{"1:1", "2:6"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := asm.ParseText("t.s", []byte(test.text))
			var list *asm.ParseErrors
			if !errors.As(err, &list) {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, e := range list.Errors {
				got = append(got, fmt.Sprintf("%d:%d", e.Line, e.Column))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// What looks like a helper may be a function: of the text, of another program of it, or of elsewhere if it is declared.
func TestFunctionsLikeHelpers(t *testing.T) {
	for _, text := range []string{
		"call bpf_mine\nexit\nbpf_mine: exit",
		".program a\ncall bpf_mine\nexit\n.program b\nbpf_mine: exit",
		".type bpf_mine,@function\ncall bpf_mine\nexit",
	} {
		programs, err := asm.ParseText("t.s", []byte(text))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, p := range programs {
			again := parseOne(t, p.String())
			if diff := cmp.Diff(p.References(), again.References()); diff != "" {
				t.Errorf("references of the text (-want +got):\n%s", diff)
			}
		}
	}
}

// Errors beyond twenty are counted.
func TestParseErrorLimit(t *testing.T) {
	_, err := asm.ParseText("t.s", []byte(strings.Repeat("bad\n", 50)))
	var list *asm.ParseErrors
	if !errors.As(err, &list) || len(list.Errors) != 20 || list.More != 30 {
		t.Fatalf("error %v", err)
	}
	if !strings.HasSuffix(err.Error(), "t.s:20:1: \"bad\" begins no instruction\n... and 30 more") {
		t.Errorf("error %v", err)
	}
}

// A line may have 64 KiB.
func TestParseLongLine(t *testing.T) {
	parseOne(t, "exit #"+strings.Repeat("x", 64<<10-6))
	_, err := asm.ParseText("t.s", []byte("exit #"+strings.Repeat("x", 64<<10)))
	if want := "t.s:1:1: a line of 65542 bytes; there may be 65536"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
