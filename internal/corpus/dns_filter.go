package corpus

import "github.com/purebpf/purebpf/asm"

// DNSFilter is an XDP program that drops DNS queries whose name has a hash that is listed. Names are hashed in lower
// case, in the form of the wire.
func DNSFilter() (*asm.Program, error) {
	const (
		fnvOffset, fnvPrime = 2166136261, 16777619 // FNV-1a, 32 bits
		lowerCase           = 'a' - 'A'
		hitsLen             = 8
	)
	b := asm.NewBuilder("dns_filter", asm.XDP)
	blocked := b.DeclareMap(asm.MapSpec{Name: "blocked", Type: asm.MapHash, KeySize: 4, ValueSize: hitsLen, MaxEntries: 4096})
	pass := func() { b.Return(asm.XDPPass) }
	drop := func() { b.Return(asm.XDPDrop) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	udp := ip.Skip(ipv4HeaderLen)
	dns := udp.Skip(udpHeaderLen)
	dns.Need(dnsHeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), pass)
	headerLen := b.Load(ip.U8(ipv4VersionIHL))
	b.And(headerLen, ipv4IHLMask)
	b.If(headerLen.NotEq(ipv4HeaderLen>>ipv4WordShift), pass)
	b.If(b.Load(ip.U8(ipv4Protocol)).NotEq(asm.IPProtoUDP), pass)
	b.If(b.LoadBE(udp.U16(destinationPort)).NotEq(dnsPort), pass)
	b.If(b.Load(dns.U8(dnsFlags)).HasBits(dnsResponse), pass)
	b.If(b.LoadBE(dns.U16(dnsQuestions)).NotEq(1), pass)

	hash := b.Copy(uint32(fnvOffset))
	at := dns.Addr(dnsHeaderLen)
	name := pkt.From(at)
	b.For(dnsMaxName, func(asm.Register) {
		name.Need(1, drop)
		c := b.Load(name.U8(0))
		b.Add(at, 1)
		b.If(c.Eq(0), func() { b.Break() })
		b.If(asm.And(c.Ge('A'), c.Le('Z')), func() { b.Or(c, lowerCase) })
		b.Xor32(hash, c)
		b.Mul32(hash, fnvPrime)
	})
	key := b.Stack("key", 4)
	b.Store(key.U32(0), hash)
	hits := b.Call(asm.FnMapLookupElem, blocked, key)
	b.If(hits.Eq(0), pass)
	increase(b, hits.U64(0), 1)
	b.Return(asm.XDPDrop)
	return b.Program()
}
