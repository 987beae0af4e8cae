package corpus

import "github.com/purebpf/purebpf/asm"

// AllowList is an XDP program that passes the packets of IPv4 and IPv6 sources with a listed prefix, and ARP. Each
// prefix counts its hits.
func AllowList() (*asm.Program, error) {
	prefix4 := asm.NewStruct("prefix4", asm.Member{Name: "length", Size: asm.W}, asm.Member{Name: "address", Size: asm.W})
	prefix6 := asm.NewStruct("prefix6", asm.Member{Name: "length", Size: asm.W}, asm.Member{Name: "address", Size: asm.W, Count: 4})
	const hitsLen = 8

	b := asm.NewBuilder("allow_list", asm.XDP)
	prefixes := func(name string, key *asm.Struct) asm.MapRef {
		return b.DeclareMap(asm.MapSpec{Name: name, Type: asm.MapLPMTrie, Flags: asm.MapNoPrealloc, MaxEntries: 1024,
			Key: key, KeySize: uint32(key.Size()), ValueSize: hitsLen})
	}
	allowed4, allowed6 := prefixes("allowed4", prefix4), prefixes("allowed6", prefix6)
	drop := func() { b.Return(asm.XDPDrop) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	pkt.Need(ethHeaderLen, drop)
	hits := b.Virtual()
	ethertype := b.LoadBE(pkt.U16(ethProtocol))
	b.If(ethertype.Eq(asm.EthPIP), func() {
		ip.Need(ipv4HeaderLen, drop)
		source := b.StackStruct("source", prefix4)
		b.Store(source.Field("length"), 32)
		b.Store(source.Field("address"), b.Load(ip.U32(ipv4Source)))
		b.Mov(hits, b.Call(asm.FnMapLookupElem, allowed4, source))
	}, func() {
		b.If(ethertype.NotEq(asm.EthPIPv6), func() {
			b.If(ethertype.Eq(asm.EthPARP), func() { b.Return(asm.XDPPass) })
			drop()
		})
		ip.Need(ipv6HeaderLen, drop)
		source := b.StackStruct("source", prefix6)
		b.Store(source.Field("length"), 128)
		for i := range 4 {
			b.Store(source.Elem("address", i), b.Load(ip.U32(ipv6Source+4*i)))
		}
		b.Mov(hits, b.Call(asm.FnMapLookupElem, allowed6, source))
	})
	b.If(hits.Eq(0), drop)
	b.AtomicAdd(hits.U64(0), b.Copy(1))
	b.Return(asm.XDPPass)
	return b.Program()
}
