package main

// The traffic of the demonstration, on the kernel and in the simulator.
const (
	// dcid: each of so many ports sends each socket so many rounds of packets, with a long and with a short header; every
	// other port so many datagrams with one call.
	dcidPorts, dcidRounds, dcidSegments = 64, 4, 3
	dcidSize                            = 200

	// bytemod: each port sends a datagram for every value of the byte.
	bytemodPorts = 16
	bytemodSize  = 100

	// sockredir: on each connection the client sends a message and the server sends one back, in turns.
	connections = 16
	turns       = 64
	messageSize = 512

	socketCount  = 2 * connections
	messageCount = 2 * turns * connections
)

// shortHeader returns the beginning of a QUIC packet of an established connection (RFC 9000 section 17.3).
func shortHeader(cid []byte) []byte { return append([]byte{0x40}, cid...) }

// longHeader returns the beginning of a QUIC packet of version 1 with an empty source connection ID (RFC 9000 section
// 17.2).
func longHeader(cid []byte) []byte {
	packet := append([]byte{0xe0, 0, 0, 0, 1, byte(len(cid))}, cid...)
	return append(packet, 0)
}
