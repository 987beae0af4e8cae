package corpus

import "github.com/purebpf/purebpf/asm"

// SkipExtensions is an XDP program that counts IPv6 packets by what is behind their extension headers. It drops source
// routes (RFC 5095) and fragments that do not show it.
func SkipExtensions() (*asm.Program, error) {
	const (
		maxHeaders = 8
		countLen   = 8
	)
	b := asm.NewBuilder("skip_extensions", asm.XDP)
	upperLayers := b.DeclareMap(asm.MapSpec{Name: "upper_layers", Type: asm.MapArray, KeySize: 4, ValueSize: countLen, MaxEntries: 256})
	pass := func() { b.Return(asm.XDPPass) }
	drop := func() { b.Return(asm.XDPDrop) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	ip.Need(ipv6HeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIPv6), pass)
	next := b.Load(ip.U8(ipv6NextHeader))
	at := ip.Addr(ipv6HeaderLen)
	extension := pkt.From(at)
	length := b.Virtual()

	b.For(maxHeaders, func(asm.Register) {
		options := func() {
			extension.Need(extensionNeeds, drop)
			b.If(next.Eq(ipv6Routing), func() {
				b.If(b.Load(extension.U8(extensionType)).Eq(0), drop)
			})
			b.Ldx(length, extension.U8(extensionLength))
			b.Lsh(length, extensionShift)
			b.Add(length, 1<<extensionShift)
		}
		authentication := func() {
			extension.Need(extensionNeeds, drop)
			b.Ldx(length, extension.U8(extensionLength))
			b.Lsh(length, authShift)
			b.Add(length, 2<<authShift)
		}
		fragment := func() {
			extension.Need(fragmentLen, drop)
			b.If(b.LoadBE(extension.U16(fragmentOffset)).HasBits(fragmentNotFirst), drop)
			b.Mov(length, fragmentLen)
		}
		b.Switch(next, []asm.Case{
			asm.When(options, ipv6HopByHop, ipv6DestinationOptions, ipv6Routing),
			asm.When(authentication, ipv6Authentication),
			asm.When(fragment, ipv6Fragment),
		}, func() {
			key := b.Stack("key", 4)
			b.Store(key.U32(0), next)
			count := b.Call(asm.FnMapLookupElem, upperLayers, key)
			b.If(count.Eq(0), pass)
			increase(b, count.U64(0), 1)
			pass()
		})
		b.Ldx(next, extension.U8(extensionNext))
		b.Add(at, length)
	})
	drop() // more headers than anybody needs
	return b.Program()
}
