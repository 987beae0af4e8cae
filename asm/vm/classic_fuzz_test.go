package vm_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// FuzzClassic: any program that the kernel takes ends on any packet without a panic, and returns the same as the eBPF
// program that it converts to.
func FuzzClassic(f *testing.F) {
	add := func(packet []byte, program ...bpf.RawInstruction) {
		var raw []byte
		for _, ins := range program {
			raw = binary.BigEndian.AppendUint16(raw, ins.Op)
			raw = append(raw, ins.Jt, ins.Jf)
			raw = binary.BigEndian.AppendUint32(raw, ins.K)
		}
		f.Add(raw, packet, int16(14), int16(0), int16(34), uint32(0x0800))
	}
	web, err := classic.ParseDecimal("web filter", []byte(webFilter))
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range webPackets {
		add(p.frame, web.Raw()...)
	}
	returnA := bpf.RawInstruction{Op: 0x16}
	for _, k := range []uint32{0, 0x7fffffff, 0x80000000, 0xffe00000, 0xfff00000, 0xffffefff, 0xfffff00c, 0xfffff010,
		0xfffff01c, 0xfffff034, 0xfffff038} {
		for _, op := range []uint16{0x20, 0x40, 0xb1} {
			add(webPackets[0].frame, bpf.RawInstruction{Op: 0x01, K: 7}, bpf.RawInstruction{Op: op, K: k}, returnA)
		}
	}
	add(nil, bpf.RawInstruction{Op: 0x3c}, bpf.RawInstruction{Op: 0x9c}, returnA)
	f.Fuzz(func(t *testing.T, raw, data []byte, network, link, start int16, numbers uint32) {
		var program []bpf.RawInstruction
		for ; len(raw) >= 8; raw = raw[8:] {
			program = append(program, bpf.RawInstruction{Op: binary.BigEndian.Uint16(raw), Jt: raw[2], Jf: raw[3],
				K: binary.BigEndian.Uint32(raw[4:])})
		}
		p, err := classic.Decode(program)
		if err != nil {
			return
		}
		skb := &vm.SKBContext{Data: data, Start: int(start), Network: int(network), Link: int(link), NoLink: numbers>>31 != 0,
			Protocol: uint16(numbers), PktType: numbers >> 16 & 7, Ifindex: numbers >> 20 & 3, Mark: numbers, Hash: ^numbers,
			QueueMapping: numbers & 0xffff, VLANPresent: numbers>>30&1 != 0, VLANTCI: uint16(numbers), VLANProto: 0x8100}
		got := vm.NewClassic(p, nil).Run(skb)
		converted, err := classic.Convert(p)
		if errors.Is(err, classic.ErrConvert) {
			return
		}
		if err != nil {
			t.Fatalf("%v\nof %v", err, p)
		}
		m, err := vm.New(converted, nil)
		if err != nil {
			t.Fatalf("%v\nof %v", err, converted)
		}
		r0, err := m.Run(skb)
		if err != nil {
			t.Fatalf("%v\nof %v", err, converted)
		}
		if uint32(r0) != got {
			t.Errorf("%#x, converted %#x\n%v\n%v", got, r0, p, converted)
		}
	})
}
