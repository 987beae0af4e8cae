package corpus

import "github.com/purebpf/purebpf/asm"

// Decapsulate is an XDP program that takes the outer headers off VXLAN and GRE packets of known tunnels, so that the
// Ethernet frame inside goes on. GRE is tunnel 0.
func Decapsulate() (*asm.Program, error) {
	const packetsLen = 8

	b := asm.NewBuilder("decapsulate", asm.XDP)
	tunnels := b.DeclareMap(asm.MapSpec{Name: "tunnels", Type: asm.MapHash, KeySize: 4, ValueSize: packetsLen, MaxEntries: 1024})
	pass := func() { b.Return(asm.XDPPass) }
	drop := func() { b.Return(asm.XDPDrop) }

	ctx := b.Context()
	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	ip.Need(ipv4HeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), pass)
	headerLen := b.Load(ip.U8(ipv4VersionIHL))
	b.And(headerLen, ipv4IHLMask)
	b.If(headerLen.NotEq(ipv4HeaderLen>>ipv4WordShift), pass)

	vni, outer := b.Virtual(), b.Virtual()
	protocol := b.Load(ip.U8(ipv4Protocol))
	b.If(protocol.Eq(asm.IPProtoUDP), func() {
		udp := ip.Skip(ipv4HeaderLen)
		vxlan := udp.Skip(udpHeaderLen)
		vxlan.Need(vxlanHeaderLen, pass)
		b.If(b.LoadBE(udp.U16(destinationPort)).NotEq(vxlanPort), pass)
		b.If(asm.Not(b.Load(vxlan.U8(vxlanFlags)).HasBits(vxlanI)), drop)
		b.Mov(vni, b.LoadBE(vxlan.U32(vxlanVNI)))
		b.Rsh(vni, vniShift)
		b.Mov(outer, ethHeaderLen+ipv4HeaderLen+udpHeaderLen+vxlanHeaderLen)
	}, func() {
		b.If(protocol.NotEq(ipProtoGRE), pass)
		gre := ip.Skip(ipv4HeaderLen)
		gre.Need(greHeaderLen, pass)
		// No checksum, key or sequence number, and Ethernet inside.
		b.If(b.LoadBE(gre.U32(greFlags)).NotEq(ethPTEB), pass)
		b.Mov(vni, 0)
		b.Mov(outer, ethHeaderLen+ipv4HeaderLen+greHeaderLen)
	})
	key := b.Stack("key", 4)
	b.Store(key.U32(0), vni)
	packets := b.Call(asm.FnMapLookupElem, tunnels, key)
	b.If(packets.Eq(0), drop)
	increase(b, packets.U64(0), 1)
	b.If(b.Call(asm.FnXDPAdjustHead, ctx, outer).NotEq(0), drop)
	b.Return(asm.XDPPass)
	return b.Program()
}
