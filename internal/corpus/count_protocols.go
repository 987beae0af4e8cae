package corpus

import "github.com/purebpf/purebpf/asm"

// CountProtocols is an XDP program that counts packets and bytes by the protocol in IP.
func CountProtocols() (*asm.Program, error) {
	const packets, bytes, counterLen = 0, 8, 16

	b := asm.NewBuilder("count_protocols", asm.XDP)
	protocols := b.DeclareMap(asm.MapSpec{Name: "protocols", Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: counterLen, MaxEntries: 256})
	pass := func() { b.Return(asm.XDPPass) }

	pkt := b.Packet()
	pkt.Need(ethHeaderLen, pass)
	ip := pkt.Skip(ethHeaderLen)
	protocol := b.Virtual()
	ethertype := b.LoadBE(pkt.U16(ethProtocol))
	b.If(ethertype.Eq(asm.EthPIP), func() {
		ip.Need(ipv4HeaderLen, pass)
		b.Ldx(protocol, ip.U8(ipv4Protocol))
	}, func() {
		b.If(ethertype.NotEq(asm.EthPIPv6), pass)
		ip.Need(ipv6HeaderLen, pass)
		b.Ldx(protocol, ip.U8(ipv6NextHeader))
	})
	key := b.Stack("key", 4)
	b.Store(key.U32(0), protocol)
	counter := b.Call(asm.FnMapLookupElem, protocols, key)
	b.If(counter.Eq(0), pass)
	increase(b, counter.U64(packets), 1)
	increase(b, counter.U64(bytes), pkt.Len())
	b.Return(asm.XDPPass)
	return b.Program()
}

// increase adds n to what is at m. It is not atomic.
func increase(b *asm.Builder, m asm.Mem, n asm.Operand) {
	sum := b.Load(m)
	b.Add(sum, n)
	b.Store(m, sum)
}
