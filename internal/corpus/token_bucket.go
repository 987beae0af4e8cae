package corpus

import "github.com/purebpf/purebpf/asm"

// TokenBucket is an XDP program that limits the packets of every IPv4 source to a rate, with a burst.
func TokenBucket() (*asm.Program, error) {
	const (
		burst, interval, limitsLen = 0, 8, 16 // tokens that a bucket holds; nanoseconds per token
		tokens, filled, bucketLen  = 0, 8, 16 // tokens left; when the bucket was filled, in nanoseconds
	)
	b := asm.NewBuilder("token_bucket", asm.XDP)
	limitsMap := b.DeclareMap(asm.MapSpec{Name: "limits", Type: asm.MapArray, KeySize: 4, ValueSize: limitsLen, MaxEntries: 1})
	buckets := b.DeclareMap(asm.MapSpec{Name: "buckets", Type: asm.MapHash, KeySize: 4, ValueSize: bucketLen, MaxEntries: 4096})
	pass := func() { b.Return(asm.XDPPass) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	ip.Need(ipv4HeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), pass)

	zero := b.Stack("zero", 4)
	b.Zero(zero)
	limits := b.Call(asm.FnMapLookupElem, limitsMap, zero)
	b.If(limits.Eq(0), pass)
	now := b.Call(asm.FnKtimeGetNS)
	bucket := b.Call(asm.FnMapLookupElem, buckets, ip.Addr(ipv4Source))
	b.If(bucket.Eq(0), func() {
		left := b.Load(limits.U64(burst))
		b.Sub(left, 1)
		fresh := b.Stack("fresh", bucketLen)
		b.Store(fresh.U64(tokens), left)
		b.Store(fresh.U64(filled), now)
		b.Call(asm.FnMapUpdateElem, buckets, ip.Addr(ipv4Source), fresh, asm.UpdateAny)
		pass()
	})

	left := b.Load(bucket.U64(tokens))
	refill := b.Copy(now)
	b.Sub(refill, b.Load(bucket.U64(filled)))
	b.Div(refill, b.Load(limits.U64(interval)))
	b.If(refill.NotEq(0), func() {
		b.Add(left, refill)
		most := b.Load(limits.U64(burst))
		b.If(left.Gt(most), func() { b.Mov(left, most) })
		b.Store(bucket.U64(filled), now)
	})
	b.If(left.Eq(0), func() { b.Return(asm.XDPDrop) })
	b.Sub(left, 1)
	b.Store(bucket.U64(tokens), left)
	b.Return(asm.XDPPass)
	return b.Program()
}
