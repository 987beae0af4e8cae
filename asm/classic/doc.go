// Package classic writes classic BPF programs: the filters of SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, packet
// sockets and xt_bpf, with labels instead of counted jumps. It stands on the instruction types of
// golang.org/x/net/bpf.
//
// The machine has two 32-bit registers, the accumulator A and the index X, both zero at the start, and 16 scratch
// words M[0] to M[15]. It reads the packet in network byte order, computes in A, jumps forward only, and ends by
// returning a number: how many bytes of the packet to keep for a socket filter, the index of the socket for a
// reuseport group. A load beyond the end of the packet ends the program with 0.
//
// A [Builder] takes one call per instruction, and [Builder.Program] gives the program or every mistake at once,
// each at the line of the call. This filter selects a socket of a reuseport group of four by the payload's third
// byte; a packet without one gets 4, which is no socket, so that the kernel's hash decides:
//
//	b := classic.NewBuilder("byte_modulo")
//	b.LoadLen()
//	b.JumpIf(classic.Le(2), "short")
//	b.LoadByte(2)
//	b.Mod(4)
//	b.ReturnA()
//	b.Label("short")
//	b.Return(4)
//	program, err := b.Program()
//
// A program that exists as text is read by [Parse]: what bpf_asm assembles, what tcpdump prints with -d, -dd and -ddd,
// and what [Program.String], [Program.Tcpdump], [Program.CArray], [Program.Decimal] and [Program.OneLine] print.
//
// Every program, built, decoded or parsed, obeys the rules of the kernel's bpf_check_classic (net/core/filter.c):
// [Decode] accepts what bpf_check_classic accepts, and nothing else.
//
// # Differences from golang.org/x/net/bpf
//
// That package can neither write nor read all programs of the kernel. RawInstruction.Disassemble takes one for
// another:
//
//   - `ldx #len`, opcode 0x81, becomes LoadExtension{ExtLen}, which is `ld #len`: X stays what it was and A is
//     lost. No instruction type but RawInstruction assembles to 0x81.
//   - `ldh [k]` and `ldb [k]` of an extension become the 32-bit LoadExtension: same result, other bytes.
//   - k = 0xfffff001, no extension of any kernel, becomes LoadExtension{ExtLen}.
//   - opcodes that the kernel refuses become instructions that it takes: 0x21 (`ld [k]` into X) becomes
//     LoadAbsolute into A, 0xa1 and 0xa9 become LoadMemShift, 0x8c becomes NegateA, 0x0d becomes Jump, and the
//     upper byte of any opcode is dropped.
//   - jt, jf and k of instructions that do not use them are dropped.
//
// It has no constant for SKF_AD_ALU_XOR_X, and its Assemble refuses nothing but a bad register, size, condition or
// scratch slot. This package emits raw instructions, and [Program.Instructions] gives x/net's types only where
// they assemble to the very same bytes, else the bpf.RawInstruction.
package classic
