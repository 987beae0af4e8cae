package dcid

import (
	"fmt"
	"runtime"

	"github.com/purebpf/purebpf/asm"
)

// Lengths of the connection IDs that a server may give out, in bytes.
const (
	MinCIDLength     = 8  // the cookie alone: every connection of a worker has the same ID
	MaxCIDLength     = 20 // of QUIC version 1 (RFC 9000 section 17.2)
	DefaultCIDLength = 20
)

const (
	maxWorkers  = 1 << 15 // sockets that a reuseport group takes: reuseport_grow of net/core/sock_reuseport.c
	maxSockets  = 1 << 24 // below what the kernel refuses
	generations = 3
)

// MapName is the symbol by which the program refers to its map of sockets.
const MapName = "workers"

// Options for Listen and Program. The zero value, and nil, are the defaults.
type Options struct {
	// Workers is the number of sockets, 0 for runtime.GOMAXPROCS.
	Workers int
	// CIDLength is the number of bytes of every connection ID that the server gives out, MinCIDLength to MaxCIDLength,
	// 0 for DefaultCIDLength. Packets with a short header do not carry it, so it is part of the program. The bytes behind
	// the 8 of the cookie are random and all that tells the connections of a worker apart: 16 are enough.
	CIDLength int
	// MaxSockets is how many sockets the map takes. 0 leaves room for three generations of Workers: while a server
	// restarts without loss, sockets of the old and of the new one are in the map together.
	MaxSockets int
}

// resolve returns the options with their defaults filled in.
func (o *Options) resolve() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Workers == 0 {
		r.Workers = runtime.GOMAXPROCS(0)
	}
	if r.CIDLength == 0 {
		r.CIDLength = DefaultCIDLength
	}
	if r.MaxSockets == 0 {
		r.MaxSockets = generations * min(r.Workers, maxWorkers)
	}
	switch {
	case r.Workers < 1 || r.Workers > maxWorkers:
		return r, fmt.Errorf("%d workers, want 1 to %d", r.Workers, maxWorkers)
	case r.CIDLength < MinCIDLength || r.CIDLength > MaxCIDLength:
		return r, fmt.Errorf("connection IDs of %d bytes, want %d to %d", r.CIDLength, MinCIDLength, MaxCIDLength)
	case r.MaxSockets < r.Workers || r.MaxSockets > maxSockets:
		return r, fmt.Errorf("a map for %d sockets, want %d, the workers, to %d", r.MaxSockets, r.Workers, maxSockets)
	}
	return r, nil
}

// Where things are in a datagram. What a version of QUIC may not change is RFC 8999 section 5; the program looks at
// nothing else, so it serves all versions, and packets whose fixed bit is greased (RFC 9287).
const (
	udpHeaderLen = 8 // a reuseport program sees the datagram from its UDP header on

	longHeader     = 0x80 // header form: the bit of the first byte that packets with a long header have set
	dcidLength     = 5    // in a long header, after first byte and version: length of the destination connection ID
	longHeaderDCID = 6    // in a long header: the destination connection ID
	shortHeaderLen = 1    // in a short header the destination connection ID follows the first byte
)

// Program returns the selector: a program of type SK_REUSEPORT that picks the socket of MapName whose key is the first 8
// bytes of the destination connection ID, and leaves every datagram that has none to the kernel, which picks a socket by
// a hash of addresses and ports.
//
// Listen loads and attaches it. Whoever has sockets already does the same with packages maps and loader: a key is the
// socket's SO_COOKIE as 8 bytes in big-endian order, and the program is attached once all sockets are bound.
func Program(opts *Options) (*asm.Program, error) {
	o, err := opts.resolve()
	if err != nil {
		return nil, fmt.Errorf("dcid: %w", err)
	}
	return program(o)
}

func program(o Options) (*asm.Program, error) {
	b := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
	workers := b.DeclareMap(mapSpec(o))
	ctx := b.Context()

	// What is copied of the packet: the connection ID is aligned, the first byte right before it.
	const cid, firstByte = 8, 8 - shortHeaderLen
	packet := b.Stack("packet", cid+MaxCIDLength)

	// Whether a socket was found does not matter: to pass with none selected is to leave the choice to the kernel.
	kernelsChoice := func() { b.Return(asm.SkPass) }

	// Take the packet for one with a short header: the connection ID lands where the key will be taken from. The payload
	// must be copied, for data to data_end may hold the UDP header alone: the rest of what is sent with UDP_SEGMENT or
	// MSG_ZEROCOPY is in fragments. The copy fails when the datagram ends before the connection ID does.
	missing := b.Call(asm.FnSKBLoadBytes, ctx, udpHeaderLen, packet.U8(firstByte), shortHeaderLen+o.CIDLength)
	b.If(missing.NotEq(0), kernelsChoice)
	b.If(b.Load(packet.U8(firstByte)).Ge(longHeader), func() {
		// A long header has it elsewhere, and says how long it is. Those of another length are not ours: clients choose
		// the connection ID of their first packets themselves.
		b.If(b.Load(packet.U8(firstByte+dcidLength)).NotEq(o.CIDLength), kernelsChoice)
		missing := b.Call(asm.FnSKBLoadBytes, ctx, udpHeaderLen+longHeaderDCID, packet.U8(cid), o.CIDLength)
		b.If(missing.NotEq(0), kernelsChoice)
	})

	// The key is the bytes of the packet. No byte order comes in: user space writes the cookie in the packet's.
	b.Call(asm.FnSkSelectReuseport, ctx, workers, packet.U64(cid), 0)
	kernelsChoice()
	return b.Program()
}

// mapSpec describes the map of sockets. Values of 8 bytes let user space read a socket's cookie back.
func mapSpec(o Options) asm.MapSpec {
	return asm.MapSpec{
		Name:       MapName,
		Type:       asm.MapSockHash,
		KeySize:    cookieLen,
		ValueSize:  cookieLen,
		MaxEntries: uint32(o.MaxSockets),
	}
}
