package corpus

import "github.com/purebpf/purebpf/asm"

// SelectDCID selects the socket of a QUIC packet by its destination connection ID, whose first 8 bytes are the cookie of
// the worker's socket. It reads the linear part of the packet only: datagrams of UDP_SEGMENT and MSG_ZEROCOPY go to the
// kernel's choice. Programs that people run take theirs from programs/dcid, which does better.
func SelectDCID() (*asm.Program, error) {
	const (
		cidLen, cookieLen = 20, 8

		// RFC 8999, section 5.1: flags, version, length of the connection ID, the ID.
		longHeader    = 0x80
		longCIDLen    = 5
		longCID       = 6
		longHeaderLen = longCID + cidLen

		// RFC 8999, section 5.2: flags, the ID.
		shortCID       = 1
		shortHeaderLen = shortCID + cidLen
	)
	b := asm.NewBuilder("select_dcid", asm.SkReuseport)
	workers := b.DeclareMap(asm.MapSpec{Name: "workers", Type: asm.MapSockHash, KeySize: cookieLen, ValueSize: 8, MaxEntries: 1024})
	pass := func() { b.Return(asm.SkPass) }

	quic := b.Packet().Skip(udpHeaderLen)
	quic.Need(shortHeaderLen, pass)
	cid := quic.Addr(0)
	b.If(b.Load(quic.U8(0)).HasBits(longHeader), func() {
		quic.Need(longHeaderLen, pass)
		b.If(b.Load(quic.U8(longCIDLen)).NotEq(cidLen), pass)
		b.Add(cid, longCID-shortCID)
	})
	key := b.Stack("key", cookieLen)
	b.Store(key.U64(0), b.LoadBE(cid.U64(shortCID)))
	b.Call(asm.FnSkSelectReuseport, b.Context(), workers, key, 0)
	b.Return(asm.SkPass)
	return b.Program()
}
