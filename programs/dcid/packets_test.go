package dcid

import (
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// Packets are built by hand from the figures in RFC 9000 section 17, not with the constants of the program.

// longPacket returns an Initial packet of QUIC version 1 with a destination connection ID and a payload.
func longPacket(cid, payload []byte) []byte {
	p := append([]byte{0xc3, 0, 0, 0, 1, byte(len(cid))}, cid...)
	p = append(p, 4, 's', 'c', 'i', 'd') // length and source connection ID
	return append(p, payload...)
}

// shortPacket returns a 1-RTT packet with a destination connection ID and a payload.
func shortPacket(cid, payload []byte) []byte {
	return append(append([]byte{0x43}, cid...), payload...)
}

// packet is one with a name.
type packet struct {
	name   string
	packet []byte
}

// strangers returns packets that are for no worker, made from a connection ID of 20 bytes of one.
func strangers(cid []byte) []packet {
	foreign := append([]byte{0, 0, 0, 0, 0, 0, 0, 0}, cid[8:]...)
	version := []byte{0xc3, 0, 0, 0, 1}
	return []packet{
		{"nothing", nil},
		{"short header: its first byte", []byte{0x43}},
		{"short header: within the cookie", shortPacket(cid, nil)[:8]},
		{"short header: last byte of the connection ID missing", shortPacket(cid, nil)[:20]},
		{"short header: connection ID of nobody", shortPacket(foreign, make([]byte, 30))},
		{"long header: version", version},
		{"long header: length", append(version, 20)},
		{"long header: within the cookie", longPacket(cid, nil)[:13]},
		{"long header: last byte of the connection ID missing", longPacket(cid, nil)[:25]},
		{"long header: length 0", longPacket(nil, make([]byte, 1200))},
		{"long header: length 8", longPacket(cid[:8], make([]byte, 1200))},
		{"long header: length 19", longPacket(cid[:19], make([]byte, 1200))},
		{"long header: length 21", longPacket(append(cid[:20:20], 0), make([]byte, 1200))},
		{"long header: length 255", longPacket(append(cid[:20:20], make([]byte, 235)...), make([]byte, 1200))},
		{"long header: connection ID of nobody", longPacket(foreign, make([]byte, 1200))},
		{"SIP request", []byte("OPTIONS sip:server SIP/2.0\r\nMax-Forwards: 70\r\n\r\n")},
	}
}

// directAccess is a selector as one would write it first: it reads the payload between data and data_end, as far as there
// is any.
func directAccess(t *testing.T) *asm.Program {
	t.Helper()
	const shortest = udpHeaderLen + longHeaderDCID + cookieLen
	b := asm.NewBuilder("direct_access", asm.SkReuseport)
	b.Ldx(asm.R2, asm.R1.Field(asm.SkReuseportMdData))
	b.Ldx(asm.R3, asm.R1.Field(asm.SkReuseportMdDataEnd))
	b.Mov(asm.R4, asm.R2)
	b.Add(asm.R4, shortest)
	b.JumpIf(asm.R4.Gt(asm.R3), "pass")
	b.Ldx(asm.R0, asm.R2.U8(udpHeaderLen))
	b.Ldx(asm.R5, asm.R2.U64(udpHeaderLen+shortHeaderLen))
	b.JumpIf(asm.R0.Lt(longHeader), "select")
	b.Ldx(asm.R5, asm.R2.U64(udpHeaderLen+longHeaderDCID))
	b.Label("select")
	b.Stx(asm.FP.U64(-cookieLen), asm.R5)
	b.LdMap(asm.R2, MapName)
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, -cookieLen)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnSkSelectReuseport)
	b.Label("pass")
	b.Mov(asm.R0, asm.SkPass)
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
