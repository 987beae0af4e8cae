package corpus

import "github.com/purebpf/purebpf/asm"

// SYNGuard is an XDP program that drops TCP segments with impossible flags, and the SYNs of a source that has sent too
// many. User space empties the map from time to time.
func SYNGuard() (*asm.Program, error) {
	const (
		maxSYNs  = 20
		countLen = 8
	)
	b := asm.NewBuilder("syn_guard", asm.XDP)
	syns := b.DeclareMap(asm.MapSpec{Name: "syns", Type: asm.MapHash, KeySize: 4, ValueSize: countLen, MaxEntries: 4096})
	pass := func() { b.Return(asm.XDPPass) }
	drop := func() { b.Return(asm.XDPDrop) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	ip.Need(ipv4HeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), pass)
	b.If(b.Load(ip.U8(ipv4Protocol)).NotEq(asm.IPProtoTCP), pass)

	headerLen := b.Load(ip.U8(ipv4VersionIHL))
	b.And(headerLen, ipv4IHLMask)
	b.Lsh(headerLen, ipv4WordShift)
	tcp := ip.Skip(headerLen)
	tcp.Need(tcpHeaderLen, drop)
	flags := b.Load(tcp.U8(tcpFlags))
	b.If(asm.Not(flags.HasBits(tcpFIN|tcpSYN|tcpRST|tcpACK)), drop) // null scan, or Xmas without FIN
	b.If(asm.Not(flags.HasBits(tcpSYN)), pass)
	b.If(flags.HasBits(tcpFIN|tcpRST), drop)
	b.If(flags.HasBits(tcpACK), pass)

	count := b.Call(asm.FnMapLookupElem, syns, ip.Addr(ipv4Source))
	b.If(count.Eq(0), func() {
		one := b.Stack("one", countLen)
		b.Store(one.U64(0), 1)
		b.Call(asm.FnMapUpdateElem, syns, ip.Addr(ipv4Source), one, asm.UpdateNoExist)
		pass()
	})
	n := b.Load(count.U64(0))
	b.If(n.Ge(maxSYNs), drop)
	b.Add(n, 1)
	b.Store(count.U64(0), n)
	b.Return(asm.XDPPass)
	return b.Program()
}
