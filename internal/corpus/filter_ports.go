package corpus

import "github.com/purebpf/purebpf/asm"

// FilterPorts is a program for a cgroup's ingress that passes TCP and UDP to open ports only, and everything else.
func FilterPorts() (*asm.Program, error) {
	const deny, allow = 0, 1
	service := asm.NewStruct("service", asm.Member{Name: "port", Size: asm.H}, asm.Member{Name: "protocol", Size: asm.H})
	const packetsLen = 8

	b := asm.NewBuilder("filter_ports", asm.CgroupSKB)
	b.AttachType(asm.AttachCgroupInetIngress)
	openPorts := b.DeclareMap(asm.MapSpec{Name: "open_ports", Type: asm.MapHash, MaxEntries: 1024,
		Key: service, KeySize: uint32(service.Size()), ValueSize: packetsLen})
	denied := func() { b.Return(deny) }
	allowed := func() { b.Return(allow) }

	ctx := b.Context()
	ip := b.Packet() // begins behind the link layer's header
	transport, protocol := b.Virtual(), b.Virtual()
	ethertype := b.LoadBE(ctx.U16(asm.SkBuffProtocol.Offset()))
	b.If(ethertype.Eq(asm.EthPIP), func() {
		ip.Need(ipv4HeaderLen, denied)
		b.If(b.LoadBE(ip.U16(ipv4Fragment)).HasBits(ipv4FragmentOffset), allowed) // without its first fragment it goes nowhere
		b.Ldx(protocol, ip.U8(ipv4Protocol))
		b.Ldx(transport, ip.U8(ipv4VersionIHL))
		b.And(transport, ipv4IHLMask)
		b.Lsh(transport, ipv4WordShift)
	}, func() {
		b.If(ethertype.NotEq(asm.EthPIPv6), allowed)
		ip.Need(ipv6HeaderLen, denied)
		b.Ldx(protocol, ip.U8(ipv6NextHeader))
		b.Mov(transport, ipv6HeaderLen)
	})
	b.If(asm.And(protocol.NotEq(asm.IPProtoTCP), protocol.NotEq(asm.IPProtoUDP)), allowed)

	ports := b.Stack("ports", portsLen)
	b.If(b.Call(asm.FnSKBLoadBytes, ctx, transport, ports, portsLen).NotEq(0), denied)
	key := b.StackStruct("key", service)
	b.Store(key.Field("port"), b.Load(ports.U16(destinationPort)))
	b.Store(key.Field("protocol"), protocol)
	packets := b.Call(asm.FnMapLookupElem, openPorts, key)
	b.If(packets.Eq(0), denied)
	b.AtomicAdd(packets.U64(0), b.Copy(1))
	b.Return(allow)
	return b.Program()
}
