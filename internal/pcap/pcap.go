// Package pcap reads packet captures: the classic format of libpcap, as tcpdump -w writes it (pcap-savefile(5)), in both
// byte orders, with timestamps in microseconds or nanoseconds.
//
//	r, err := pcap.NewReader(file)
//	if err != nil {
//		return err
//	}
//	for {
//		p, err := r.Next()
//		if err == io.EOF {
//			break
//		}
//		if err != nil {
//			return err
//		}
//		fmt.Println(p.Time, len(p.Data))
//	}
//
// It is strict: what the format does not allow is an error and not a guess.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// LinkType says what packets begin with: LINKTYPE_* of https://www.tcpdump.org/linktypes.html.
type LinkType uint16

// The link types that IP can be found in.
const (
	Null      LinkType = 0   // BSD loopback: the address family in 4 bytes, in the order of the machine
	Ethernet  LinkType = 1   // Ethernet
	Raw       LinkType = 101 // IPv4 or IPv6
	Loop      LinkType = 108 // OpenBSD loopback: as Null, in network order
	LinuxSLL  LinkType = 113 // Linux "any" device, version 1
	IPv4      LinkType = 228 // IPv4
	IPv6      LinkType = 229 // IPv6
	LinuxSLL2 LinkType = 276 // Linux "any" device, version 2
)

// String returns the number, which is what there is on the list.
func (t LinkType) String() string { return "link type " + strconv.Itoa(int(t)) }

// ErrFormat is wrapped by the errors about files that are no captures, or broken ones.
var ErrFormat = errors.New("not a valid capture")

// Sizes in bytes.
const (
	fileHeaderLen   = 24
	packetHeaderLen = 16
	maxPacket       = 256 << 10 // MAXIMUM_SNAPLEN of libpcap
)

// Reader reads a capture.
type Reader struct {
	r       io.Reader
	order   binary.ByteOrder
	nano    bool
	link    LinkType
	snaplen uint32
	packets int // read so far
}

// Packet is one packet of a capture.
type Packet struct {
	Time   time.Time
	Data   []byte // as far as it was captured
	Length int    // of the packet in bytes, at least len(Data)
}

// NewReader reads the header of a capture.
func NewReader(r io.Reader) (*Reader, error) {
	var h [fileHeaderLen]byte
	if n, err := io.ReadFull(r, h[:]); err != nil {
		return nil, readError(err, "%d bytes of a header of %d", n, fileHeaderLen)
	}
	p := &Reader{r: r}
	const micro, nano, pcapng = 0xa1b2c3d4, 0xa1b23c4d, 0x0a0d0d0a
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(h[:]) {
		case micro:
			p.order = order
		case nano:
			p.order, p.nano = order, true
		case pcapng:
			return nil, fmt.Errorf("%w: it is in the pcapng format: editcap -F pcap, or tcpdump -r FILE -w FILE, converts it", ErrFormat)
		}
	}
	if p.order == nil {
		return nil, fmt.Errorf("%w: it begins with % x", ErrFormat, h[:4])
	}
	if major, minor := p.order.Uint16(h[4:]), p.order.Uint16(h[6:]); major != 2 || minor != 4 {
		return nil, fmt.Errorf("%w: version %d.%d, want 2.4", ErrFormat, major, minor)
	}
	p.snaplen = p.order.Uint32(h[16:])
	link := p.order.Uint32(h[20:])
	if link > 0xffff { // the upper half may say how long a frame check sequence is
		return nil, fmt.Errorf("%w: link type %#x", ErrFormat, link)
	}
	p.link = LinkType(link)
	return p, nil
}

// LinkType returns what the packets begin with.
func (r *Reader) LinkType() LinkType { return r.link }

// Order returns the byte order of the machine that wrote the capture.
func (r *Reader) Order() binary.ByteOrder { return r.order }

// Next returns the next packet. The error is io.EOF after the last one, and only there.
func (r *Reader) Next() (Packet, error) {
	number := r.packets + 1
	var h [packetHeaderLen]byte
	n, err := io.ReadFull(r.r, h[:])
	switch {
	case err == io.EOF:
		return Packet{}, io.EOF
	case err != nil:
		return Packet{}, readError(err, "packet %d: %d bytes of a header of %d", number, n, packetHeaderLen)
	}
	seconds, fraction := r.order.Uint32(h[:]), r.order.Uint32(h[4:])
	captured, length := r.order.Uint32(h[8:]), r.order.Uint32(h[12:])
	unit, limit := 1000, uint32(1_000_000)
	if r.nano {
		unit, limit = 1, 1_000_000_000
	}
	switch {
	case fraction >= limit:
		return Packet{}, fmt.Errorf("%w: packet %d: a fraction of a second of %d", ErrFormat, number, fraction)
	case captured > maxPacket || r.snaplen > 0 && captured > r.snaplen:
		return Packet{}, fmt.Errorf("%w: packet %d: %d bytes, more than the %d of the capture", ErrFormat, number, captured, min(r.snaplen, maxPacket))
	case captured > length || length > 1<<31-1:
		return Packet{}, fmt.Errorf("%w: packet %d: %d of %d bytes captured", ErrFormat, number, captured, length)
	}
	p := Packet{
		Time: time.Unix(int64(seconds), int64(fraction)*int64(unit)).UTC(),
		Data: make([]byte, captured), Length: int(length),
	}
	if n, err := io.ReadFull(r.r, p.Data); err != nil {
		return Packet{}, readError(err, "packet %d: %d of %d bytes", number, n, captured)
	}
	r.packets = number
	return p, nil
}

// readError makes an error about a file that ends too early, or cannot be read.
func readError(err error, format string, args ...any) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it ends after "+format, append([]any{ErrFormat}, args...)...)
	}
	return err
}
