// Package bytemod spreads the packets or connections of a server over its sockets by one byte of the payload: the byte at
// an offset, modulo the number of sockets. It is what a protocol needs whose peers carry a worker's number in a byte of
// every datagram, or in the first bytes of every TCP connection.
//
//	group, err := bytemod.ListenPacket(ctx, "udp", ":4433", &bytemod.Options{Workers: 8, Offset: 1})
//	if err != nil {
//		return err
//	}
//	defer group.Close()
//	for i, conn := range group.Sockets() {
//		go serve(i, conn) // gets the datagrams whose second byte is i modulo 8
//	}
//
// The selector is a classic BPF filter of six instructions, see Program. It needs no privilege at all, and no descriptor is
// left to take care of: the kernel drops it with the last socket.
//
// # Short packets
//
// A packet that ends before the byte goes where the kernel would put it without a filter, by a hash of addresses and
// ports. The filter has to look at the length for that: a load beyond the end of a packet ends a classic filter with 0,
// and 0 is the first socket, which would get them all.
//
// # TCP
//
// What counts is the payload of the packet that opens the connection, and only TCP Fast Open (RFC 7413) puts one there. The
// kernel accepts it when the sysctl net.ipv4.tcp_fastopen has bit 0x2 set, as 3 has; Listen asks for it on every listener.
// A client's first connection to a server has none: it brings the cookie that the next ones need, and goes by the hash,
// as do all connections without Fast Open. A payload that comes later, after the handshake, does not count. One that comes
// in time counts even if the kernel then does not accept it, because the cookie is wrong or Options.FastOpenQueue are
// waiting: the client sends it again on the same connection.
//
// # Closing one socket
//
// The index of a socket is its place in the order in which they were opened. When one of n sockets is closed, the last one
// takes its index: it gets what the closed one got, and what was for index n-1 goes by the hash. Close therefore begins with
// the last one. connect(2) on a UDP socket takes it out of the group as well.
//
// # Several datagrams at once
//
// Datagrams that a program on the same machine sends with UDP_SEGMENT arrive as one packet of all payloads in a row: the
// byte is looked for there, in the first datagram when it is long enough, and all of them go to one socket. The kernel's
// own merging of datagrams on receipt, UDP_GRO, runs no filter when it looks for the socket that asked for it: set it on
// all sockets or on none.
package bytemod
