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

// storeKey emits code that fills the key, at keyOffset on the stack, from the context that ctx points to. Every byte of
// it is written: the kernel takes a key with bytes never written from root, and then finds nothing. It changes r0 to r5
// and defines the labels key_ipv6 and key_stored.
func storeKey(b *asm.Builder, ctx asm.Register, c connection) {
	b.Mov(asm.R1, ctx)
	b.CallHelper(asm.FnGetNetnsCookie)
	b.Stx(asm.FP.U64(keyOffset+keyNetns), asm.R0)

	storePort(b, keyLocalPort, ctx, c.local.port)
	storePort(b, keyRemotePort, ctx, c.remote.port)

	// The fields for IPv6 are not dependable on an AF_INET socket, so the family decides.
	b.Ldx(asm.R1, ctx.Field(c.family))
	b.JumpIf(asm.R1.Eq(asm.AFInet6), "key_ipv6")
	storeMapped(b, keyLocal, ctx, c.local.ip4)
	storeMapped(b, keyRemote, ctx, c.remote.ip4)
	b.Jump("key_stored")
	b.Label("key_ipv6")
	storeIPv6(b, keyLocal, ctx, c.local.ip6)
	storeIPv6(b, keyRemote, ctx, c.remote.ip6)
	b.Label("key_stored")
}

// storePort stores a port as 32 bits in network order. The kernel has shifted remote ports such that they are loaded so
// on little and on big endian alike. A shift by hand would be right on one of them only, and on the other make both
// ports 0, which lets a socket find itself.
func storePort(b *asm.Builder, at int, ctx asm.Register, port asm.Field) {
	b.Ldx(asm.R1, ctx.Field(port))
	if port.Order() == asm.OrderHost {
		b.BE(asm.R1, 32)
	}
	b.Stx(asm.FP.U32(keyOffset+at), asm.R1)
}

// storeMapped stores ::ffff:a.b.c.d. Halves of 0 and 0xffff are the same in both byte orders.
func storeMapped(b *asm.Builder, at int, ctx asm.Register, ip4 asm.Field) {
	b.St(asm.FP.U64(keyOffset+at), 0)
	b.St(asm.FP.U16(keyOffset+at+8), 0)
	b.St(asm.FP.U16(keyOffset+at+10), 0xffff)
	b.Ldx(asm.R1, ctx.Field(ip4))
	b.Stx(asm.FP.U32(keyOffset+at+12), asm.R1)
}

// storeIPv6 copies an address by words, the only width in which the kernel lets a program read these fields.
func storeIPv6(b *asm.Builder, at int, ctx asm.Register, ip6 asm.Field) {
	for i := range ip6.Count() {
		b.Ldx(asm.R1, ctx.Elem(ip6, i))
		b.Stx(asm.FP.U32(keyOffset+at+i*ip6.Size()), asm.R1)
	}
}
