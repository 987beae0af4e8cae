package corpus

import "github.com/purebpf/purebpf/asm"

// MarkDSCP is a classifier that gives packets the mark and priority of their differentiated services code point, or
// drops them.
func MarkDSCP() (*asm.Program, error) {
	const mark, priority, drop, classLen = 0, 4, 8, 12

	b := asm.NewBuilder("mark_dscp", asm.SchedCLS)
	classes := b.DeclareMap(asm.MapSpec{Name: "classes", Type: asm.MapArray, KeySize: 4, ValueSize: classLen, MaxEntries: dscpMask + 1})
	ok := func() { b.Return(asm.TCActOK) }

	ctx := b.Context()
	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	pkt.Need(ethHeaderLen, ok)
	dscp := b.Virtual()
	ethertype := b.LoadBE(pkt.U16(ethProtocol))
	b.If(ethertype.Eq(asm.EthPIP), func() {
		ip.Need(ipv4HeaderLen, ok)
		b.Ldx(dscp, ip.U8(ipv4TOS))
		b.Rsh(dscp, dscpShift)
	}, func() {
		b.If(ethertype.NotEq(asm.EthPIPv6), ok)
		ip.Need(ipv6HeaderLen, ok)
		b.Mov(dscp, b.LoadBE(ip.U16(0)))
		b.Rsh(dscp, ipv6DSCPShift)
		b.And(dscp, dscpMask)
	})
	key := b.Stack("key", 4)
	b.Store(key.U32(0), dscp)
	class := b.Call(asm.FnMapLookupElem, classes, key)
	b.If(class.Eq(0), ok)
	b.If(b.Load(class.U32(drop)).NotEq(0), func() { b.Return(asm.TCActShot) })
	b.Store(ctx.Field(asm.SkBuffMark), b.Load(class.U32(mark)))
	b.Store(ctx.Field(asm.SkBuffPriority), b.Load(class.U32(priority)))
	b.Return(asm.TCActOK)
	return b.Program()
}
