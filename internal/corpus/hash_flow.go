package corpus

import "github.com/purebpf/purebpf/asm"

// HashFlow is a classifier that hashes addresses and ports of IPv4 flows into the mark, and chooses one of a number of
// queues by it.
func HashFlow() (*asm.Program, error) {
	const queues = 12

	b := asm.NewBuilder("hash_flow", asm.SchedCLS)
	ok := func() { b.Return(asm.TCActOK) }

	ctx := b.Context()
	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	transport := ip.Skip(ipv4HeaderLen)
	transport.Need(portsLen, ok)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), ok)
	headerLen := b.Load(ip.U8(ipv4VersionIHL))
	b.And(headerLen, ipv4IHLMask)
	b.If(headerLen.NotEq(ipv4HeaderLen>>ipv4WordShift), ok)
	protocol := b.Load(ip.U8(ipv4Protocol))
	b.If(asm.And(protocol.NotEq(asm.IPProtoTCP), protocol.NotEq(asm.IPProtoUDP)), ok)

	hash := jhash3Words(b, b.Load(ip.U32(ipv4Source)), b.Load(ip.U32(ipv4Destination)), b.Load(transport.U32(sourcePort)), protocol)
	b.Store(ctx.Field(asm.SkBuffMark), hash)
	b.Mul(hash, queues)
	b.Rsh(hash, 32) // a number below queues
	b.Store(ctx.Field(asm.SkBuffPriority), hash)
	b.Return(asm.TCActOK)
	return b.Program()
}

// jhash3Words is the kernel's function of that name: Jenkins' lookup3. It changes all four registers; the result is in
// one of them.
func jhash3Words(b *asm.Builder, x, y, z, initval asm.Register) asm.Register {
	const jhashInitval = 0xdeadbeef + 3<<2
	b.Add32(initval, int32(jhashInitval-1<<32))
	for _, word := range []asm.Register{x, y, z} {
		b.Add32(word, initval)
	}
	mix := func(to, from asm.Register, shift int) {
		b.Xor32(to, from)
		low := b.Copy(from)
		b.Rsh32(low, 32-shift)
		high := b.Copy(from)
		b.Lsh32(high, shift)
		b.Or32(high, low)
		b.Sub32(to, high)
	}
	mix(z, y, 14)
	mix(x, z, 11)
	mix(y, x, 25)
	mix(z, y, 16)
	mix(x, z, 4)
	mix(y, x, 14)
	mix(z, y, 24)
	return z
}
