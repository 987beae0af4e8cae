package corpus

import "github.com/purebpf/purebpf/asm"

// Steer is an sk_lookup program that hands connections for an address and port to a listener that is not bound there.
func Steer() (*asm.Program, error) {
	service := asm.NewStruct("service", // address in network order, 0 for IPv6; port in host order
		asm.Member{Name: "address", Size: asm.W}, asm.Member{Name: "port", Size: asm.H}, asm.Member{Name: "protocol", Size: asm.H})
	const indexLen, cookieLen = 4, 8

	b := asm.NewBuilder("steer", asm.SkLookup)
	b.AttachType(asm.AttachSkLookup)
	services := b.DeclareMap(asm.MapSpec{Name: "services", Type: asm.MapHash, MaxEntries: 1024,
		Key: service, KeySize: uint32(service.Size()), ValueSize: indexLen})
	listeners := b.DeclareMap(asm.MapSpec{Name: "listeners", Type: asm.MapSockMap, KeySize: indexLen, ValueSize: cookieLen, MaxEntries: 64})
	pass := func() { b.Return(asm.SkPass) }
	drop := func() { b.Return(asm.SkDrop) }

	ctx := b.Context()
	key := b.StackStruct("key", service)
	address := b.Copy(0)
	b.If(b.Load(ctx.Field(asm.SkLookupFamily)).NotEq(asm.AFInet6), func() {
		b.Ldx(address, ctx.Field(asm.SkLookupLocalIP4))
	})
	b.Store(key.Field("address"), address)
	b.Store(key.Field("port"), b.Load(ctx.Field(asm.SkLookupLocalPort)))
	b.Store(key.Field("protocol"), b.Load(ctx.Field(asm.SkLookupProtocol)))
	index := b.Call(asm.FnMapLookupElem, services, key)
	b.If(index.Eq(0), pass) // to whoever is bound there
	listener := b.Call(asm.FnMapLookupElem, listeners, index)
	b.If(listener.Eq(0), drop)
	failed := b.Call(asm.FnSkAssign, ctx, listener, 0)
	b.Call(asm.FnSkRelease, listener)
	b.If(failed.NotEq(0), drop)
	b.Return(asm.SkPass)
	return b.Program()
}
