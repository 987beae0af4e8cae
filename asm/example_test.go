package asm_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/purebpf/purebpf/asm"
)

// Where things are in a packet, in bytes.
const (
	ethernet      = 14 // size of the header
	etherType     = 12
	etherTypeIPv4 = 0x0800
	ipv4          = 20 // size of the header, without options
	protocol      = 9
)

// A program for a network interface that counts IPv4 packets by their protocol.
func Example() {
	b := asm.NewBuilder("count_protocols", asm.XDP)
	packets := b.DeclareMap(asm.MapSpec{Name: "packets", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 256})
	pass := func() { b.Return(asm.XDPPass) }
	pkt := b.Packet()
	pkt.Need(ethernet+ipv4, pass) // if (data + 34 > data_end) return XDP_PASS;
	b.If(b.LoadBE(pkt.U16(etherType)).NotEq(etherTypeIPv4), pass)
	key := b.Stack("key", 4)
	b.Store(key.U32(0), b.Load(pkt.Skip(ethernet).U8(protocol)))
	count := b.Call(asm.FnMapLookupElem, packets, key)
	b.If(count.NotEq(0), func() { b.AtomicAdd(count.U64(0), b.Copy(1)) })
	pass()
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(p)
	// Output:
	// count_protocols:
	// 	r2 = *(u32 *)(r1 + 0)
	// 	r1 = *(u32 *)(r1 + 4)
	// 	r0 = r2
	// 	r0 += 34
	// 	if r0 > r1 goto L18
	// 	r0 = *(u16 *)(r2 + 12)
	// 	r0 = be16 r0
	// 	if r0 != 2048 goto L18
	// 	r0 = *(u8 *)(r2 + 23)
	// 	*(u32 *)(r10 - 4) = r0
	// 	r1 = packets ll
	// 	r2 = r10
	// 	r2 += -4
	// 	call 1
	// 	if r0 == 0 goto L18
	// 	r1 = 1
	// 	lock *(u64 *)(r0 + 0) += r1
	// L18:
	// 	r0 = 2
	// 	exit
}

// What the verifier would refuse is refused where it stands, and so is what it would not see: here half of the key.
func ExampleBuilder_Program_checks() {
	b := asm.NewBuilder("careless", asm.XDP)
	key := b.Stack("key", 8)
	b.Store(key.U32(0), 1)
	count := b.Call(asm.FnMapLookupElem, asm.Map("packets"), b.Addr(key.U32(4)))
	b.Return(b.Load(count.U64(0)))
	_, err := b.Program()

	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		if e := (*asm.Error)(nil); errors.As(err, &e) {
			fmt.Printf("%v: %s:\n\t%v\n", e.Position, e.Text, e.Err)
		}
	}
	// Output:
	// example_test.go:69: call bpf_map_lookup_elem:
	// 	no value yet: byte 4 of key is not stored to on every way that leads here; Zero sets all of it
	// example_test.go:70: v2 = *(u64 *)(v1 + 0):
	// 	null pointer: what bpf_map_lookup_elem gives at example_test.go:69 may be 0 and has not been tested; use it inside an If that it is not, or Return where it is
}

// A socket filter that counts packets by their protocol and lets them all pass.
func Example_instructions() {
	b := asm.NewBuilder("count", asm.SocketFilter)
	b.Ldx(asm.R6, asm.R1.Field(asm.SkBuffProtocol)) // r6 = skb->protocol
	b.Stx(asm.FP.U32(-4), asm.R6)                   // the key of the map: on the stack
	b.LdMap(asm.R1, "packets")
	b.Mov(asm.R2, asm.FP)
	b.Add(asm.R2, -4)
	b.CallHelper(asm.FnMapLookupElem) // r0 = &packets[key], or 0
	b.JumpIf(asm.R0.Eq(0), "pass")
	b.Mov(asm.R1, 1)
	b.AtomicAdd(asm.R0.U64(0), asm.R1)
	b.Label("pass")
	b.Mov(asm.R0, 0xffff) // bytes of the packet to keep
	b.Exit()
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Print(p)
	fmt.Printf("%d bytes, the first instruction for a big-endian target: % x\n",
		len(p.AppendTo(nil, binary.LittleEndian)), p.AppendTo(nil, binary.BigEndian)[:8])
	fmt.Println("still to be linked:", p.References())
	// Output:
	// count:
	// 	r6 = *(u32 *)(r1 + 16)
	// 	*(u32 *)(r10 - 4) = r6
	// 	r1 = packets ll
	// 	r2 = r10
	// 	r2 += -4
	// 	call 1
	// 	if r0 == 0 goto pass
	// 	r1 = 1
	// 	lock *(u64 *)(r0 + 0) += r1
	// pass:
	// 	r0 = 65535
	// 	exit
	// 96 bytes, the first instruction for a big-endian target: 61 61 00 10 00 00 00 00
	// still to be linked: [{2 map packets}]
}

// Mistakes are collected, and each names the line that made it.
func ExampleBuilder_Program_errors() {
	b := asm.NewBuilder("mistakes", asm.SocketFilter)
	b.Mov(asm.R0, int64(1)<<40)
	b.Lsh32(asm.R0, 32)
	b.Jump("nowhere")
	_, err := b.Program()

	var first *asm.Error
	if errors.As(err, &first) {
		fmt.Printf("%v: instruction %d, %s:\n\t%v\n", first.Position, first.Index, first.Text, first.Err)
	}
	fmt.Println(errors.Is(err, asm.ErrImmediate), errors.Is(err, asm.ErrShift), errors.Is(err, asm.ErrLabel))
	// Output:
	// example_test.go:131: instruction 0, r0 = 1099511627776:
	// 	immediate out of range: 1099511627776 does not fit 32 bits with sign; load it with LdImm64
	// true true true
}

// The kernel's syntax is that of the verifier's log and of bpftool.
func ExampleProgram_AppendText() {
	b := asm.NewBuilder("drop_short", asm.XDP)
	b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdData))
	b.Ldx(asm.R3, asm.R1.Field(asm.XDPMdDataEnd))
	b.Add(asm.R2, 64)
	b.Mov(asm.R0, asm.XDPPass)
	b.JumpIf(asm.R2.Le(asm.R3), "out")
	b.Mov(asm.R0, asm.XDPDrop)
	b.Label("out")
	b.Exit()
	p, err := b.Program()
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(p.AppendText(nil, asm.Kernel))
	// Output:
	// 0: (61) r2 = *(u32 *)(r1 +0)
	// 1: (61) r3 = *(u32 *)(r1 +4)
	// 2: (07) r2 += 64
	// 3: (b7) r0 = 2
	// 4: (bd) if r2 <= r3 goto pc+1
	// 5: (b7) r0 = 1
	// 6: (95) exit
}
