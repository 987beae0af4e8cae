// Package asm is the instruction set of BPF and an assembler for it in Go.
//
// The machine (RFC 9669) has eleven 64-bit registers and 512 bytes of stack. A program is entered with a pointer to its
// context in r1: what that is depends on the program's type, for a socket filter the socket buffer as struct __sk_buff.
// It leaves with exit and its result in r0. Calls of the kernel's helper functions take their arguments from r1 to r5,
// which do not survive, and return in r0; r6 to r9 do survive, and r10 is the frame pointer, below which the stack is.
// An instruction has 8 bytes: an opcode, a destination and a source register, an offset of 16 bits and an immediate of
// 32. One has 16: the load of a 64-bit immediate, which also loads addresses of maps. The kernel verifies every program
// before it takes it: no access outside the stack, the context, the packet and maps, and an end to every path.
//
// # Values and blocks
//
// A Builder writes a Program. An author thinks in values, conditions and packets, and the builder finds registers, places on
// the stack and jumps. This program counts the IPv4 packets of a network interface by their protocol:
//
//	b := asm.NewBuilder("count_protocols", asm.XDP)
//	packets := b.DeclareMap(asm.MapSpec{Name: "packets", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 256})
//	pass := func() { b.Return(asm.XDPPass) }
//	pkt := b.Packet()
//	pkt.Need(ethernet+ipv4, pass) // if (data + 34 > data_end) return XDP_PASS;
//	b.If(b.LoadBE(pkt.U16(etherType)).NotEq(etherTypeIPv4), pass)
//	key := b.Stack("key", 4)
//	b.Store(key.U32(0), b.Load(pkt.Skip(ethernet).U8(protocol)))
//	count := b.Call(asm.FnMapLookupElem, packets, key)
//	b.If(count.NotEq(0), func() { b.AtomicAdd(count.U64(0), b.Copy(1)) })
//	pass()
//	p, err := b.Program()
//
// A value is a Register: one that Virtual, Load, Copy, Call and others return. Arithmetic changes it in place, as the
// machine does, and a Copy is a value of its own. Comparisons such as Register.Eq make a Cond, And, Or and Not combine
// them, and If, While and the like take one. Functions in Go are run once, when the program is written: they are its
// macros, and subprograms are made by Builder.Function.
//
// The builder knows what a register holds at each place. It refuses, at the line in question and with what to do about it,
// what the verifier would refuse (a pointer from a map that was not compared with 0, a field of another struct, a loop
// that cannot end) and what it would not see: a key with bytes that nothing was stored to, a helper that writes past the
// end of an object on the stack.
//
// # Instructions
//
// The same builder is an assembler. What uses the machine's registers only comes out as it went in, an instruction with
// every call, destination first; a program may mix both. This socket filter counts packets by their protocol and lets them
// all pass:
//
//	b := asm.NewBuilder("count", asm.SocketFilter)
//	b.Ldx(asm.R6, asm.R1.Field(asm.SkBuffProtocol)) // r6 = skb->protocol
//	b.Stx(asm.FP.U32(-4), asm.R6)                   // the key of the map: on the stack
//	b.LdMap(asm.R1, "packets")
//	b.Mov(asm.R2, asm.FP)
//	b.Add(asm.R2, -4)
//	b.CallHelper(asm.FnMapLookupElem) // r0 = &packets[key], or 0
//	b.JumpIf(asm.R0.Eq(0), "pass")
//	b.Mov(asm.R1, 1)
//	b.AtomicAdd(asm.R0.U64(0), asm.R1)
//	b.Label("pass")
//	b.Mov(asm.R0, 0xffff) // bytes of the packet to keep
//	b.Exit()
//	p, err := b.Program()
//
// # What comes out
//
// What is wrong with a program comes out of Builder.Program, all of it at once and each with the line of the call:
// nothing panics and nothing wraps. Every instruction knows that line, and package loader tells the kernel, whose tools
// then name it; Builder.Comment says what to show beside it. A Program never changes. It still names the maps it uses;
// package reloc puts their descriptors in, and package loader hands the result to the kernel. AppendTo makes bytes for
// either byte order, and AppendText text in the syntax of LLVM's assembler or of the kernel's log.
//
// ParseText reads programs from text: in either syntax, with directives for maps and the like as AppendSource writes them,
// and from what the verifier and bpftool print.
//
// Tables describe what programs deal with: Helper the kernel's functions and their arguments, Field the fields of context
// structs, ProgramType, AttachType and MapType the kinds of things, and plain constants what programs return and pass on.
//
// Minimum kernels in this package are those of the interpreter and of the x86-64 JIT; others came later.
package asm
