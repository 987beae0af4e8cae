// Package dcid spreads the connections of a QUIC server over several sockets by their connection IDs.
//
// A server with a socket for each worker, all bound to one address with SO_REUSEPORT, gets every datagram where a hash of
// addresses and ports leads. When a client's address or port changes, which QUIC permits, its packets come to a worker
// that does not know the connection. The program of this package looks at the connection ID that the packets carry, which
// the server itself has chosen: its first 8 bytes are the cookie of a socket (SO_COOKIE), and to that socket it goes.
//
//	group, err := dcid.Listen("udp", ":443", nil)
//	if err != nil {
//		return err
//	}
//	defer group.Close()
//	for _, worker := range group.Workers() {
//		go serve(worker.Conn(), worker.NewConnectionID)
//	}
//
// Where serve is any QUIC server that takes a socket and a source of connection IDs. All its connections must have IDs
// from that source, those that it gives out later included.
//
// # What goes where
//
// The program reads what all versions of QUIC have in common (RFC 8999): of a packet with a short header the bytes behind
// the first one, of a packet with a long header the destination connection ID if it is as long as those of the server.
// It reads linear and fragmented datagrams alike, so how the sender handed them to its kernel (UDP_SEGMENT, MSG_ZEROCOPY)
// does not matter. Several datagrams that arrive as one (UDP_SEGMENT over loopback or veth) go to one worker; senders put
// datagrams of one connection together.
//
// Everything else goes where the kernel's hash leads, as without the program: connection IDs that no open socket has,
// packets that end before their connection ID does, other protocols. Among these are the first packets of every
// connection, whose destination connection ID the client makes up (RFC 9000 section 7.2), until the client has seen that
// of the server. These packets come from one address and so to one worker.
//
// # What to know
//
//   - A client can make up a connection ID that leads to the worker of its choice, for it knows one from every connection.
//     Whoever minds begins no connection for a packet whose connection ID Group.WorkerOf knows, unless the packet brings
//     the token of a Retry (RFC 9000 section 8.1.2).
//   - The cookie is not encrypted. Who watches the network can tell which worker a connection is at, before and after a
//     change of address, and so, with few connections, which connection (RFC 9000 section 9.5).
//   - The program belongs to all sockets that are bound to the address, those opened without this package included, and
//     there is one of it. Listen therefore opens a new group and refuses an address that has one, EADDRINUSE.
//     Other users cannot bind to the address, see Listen.
//   - A program is attached to sockets that are bound. A socket that gets one before bind has a group of its own, and
//     bind refuses to join groups.
//   - A worker whose socket is closed loses its connections: their packets are spread by hash over the others. A socket
//     that is connected (connect(2)) leaves the group for good.
//   - UDP_GRO is off. Sockets that turn it on must do so together: the kernel asks one of them, which need not be the one
//     that the program selects.
//
// # What it needs
//
// CAP_BPF and CAP_NET_ADMIN, for the map of sockets. Linux 5.8.
package dcid
