package sockredir

import "github.com/purebpf/purebpf/asm"

// The key of the socket map: one end of a connection, in 48 bytes without padding.
//
//	netns cookie   8  as bpf_get_netns_cookie returns it, machine order
//	local address 16  network order; IPv4 as ::ffff:a.b.c.d
//	remote address 16
//	local port     4  network order, the upper 16 bits zero
//	remote port    4
//
// The cookie keeps apart the same addresses and ports in two network namespaces. The mapped form of IPv4 makes the two
// ends of a connection agree when one is an AF_INET socket and the other an AF_INET6 socket that takes both.
const (
	keyNetns      = 0
	keyLocal      = 8
	keyRemote     = 24
	keyLocalPort  = 40
	keyRemotePort = 44
	keySize       = 48
)

// connection is where a context struct shows the connection of the program's socket.
type connection struct {
	family        asm.Field
	local, remote end
}

// end is where a context struct shows one end of a connection.
type end struct {
	ip4, ip6, port asm.Field
}

// mirrored is the connection as the peer sees it.
func (c connection) mirrored() connection {
	c.local, c.remote = c.remote, c.local
	return c
}

// storeKey emits code that fills the key from the context that ctx points to. Every byte of it is written: the kernel
// takes a key with bytes never written from root, and then finds nothing.
func storeKey(b *asm.Builder, key *asm.StackObject, ctx asm.Register, c connection) {
	b.Store(key.U64(keyNetns), b.Call(asm.FnGetNetnsCookie, ctx))
	storePort(b, key.U32(keyLocalPort), ctx, c.local.port)
	storePort(b, key.U32(keyRemotePort), ctx, c.remote.port)

	// The fields for IPv6 are not dependable on an AF_INET socket, so the family decides.
	b.If(b.Load(ctx.Field(c.family)).Eq(asm.AFInet6), func() {
		storeIPv6(b, key, keyLocal, ctx, c.local.ip6)
		storeIPv6(b, key, keyRemote, ctx, c.remote.ip6)
	}, func() {
		storeMapped(b, key, keyLocal, ctx, c.local.ip4)
		storeMapped(b, key, keyRemote, ctx, c.remote.ip4)
	})
}

// storePort stores a port as 32 bits in network order. The kernel has shifted remote ports such that they are loaded so
// on little and on big endian alike. A shift by hand would be right on one of them only, and on the other make both
// ports 0, which lets a socket find itself.
func storePort(b *asm.Builder, to asm.Mem, ctx asm.Register, port asm.Field) {
	p := b.Load(ctx.Field(port))
	if port.Order() == asm.OrderHost {
		b.BE(p, 32)
	}
	b.Store(to, p)
}

// storeMapped stores ::ffff:a.b.c.d. Halves of 0 and 0xffff are the same in both byte orders.
func storeMapped(b *asm.Builder, key *asm.StackObject, at int, ctx asm.Register, ip4 asm.Field) {
	b.Store(key.U64(at), 0)
	b.Store(key.U16(at+8), 0)
	b.Store(key.U16(at+10), 0xffff)
	b.Store(key.U32(at+12), b.Load(ctx.Field(ip4)))
}

// storeIPv6 copies an address by words, the only width in which the kernel lets a program read these fields.
func storeIPv6(b *asm.Builder, key *asm.StackObject, at int, ctx asm.Register, ip6 asm.Field) {
	for i := range ip6.Count() {
		b.Store(key.U32(at+i*ip6.Size()), b.Load(ctx.Elem(ip6, i)))
	}
}
