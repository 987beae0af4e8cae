package pcap_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/pcap"
)

// Captures by hand after pcap-savefile(5): a packet of 3 bytes, of which all, and one of 4, of which 2 were captured.
const (
	littleMicro = "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000" +
		"01000000 02000000 03000000 03000000 aabbcc" + "04000000 3f420f00 02000000 04000000 dd00"
	bigMicro = "a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001" +
		"00000001 00000002 00000003 00000003 aabbcc" + "00000004 000f423f 00000002 00000004 dd00"
	littleNano = "4d3cb2a1 0200 0400 00000000 00000000 00000000 65000000" +
		"01000000 02000000 03000000 03000000 aabbcc" + "04000000 ffc99a3b 02000000 04000000 dd00"
	bigNano = "a1b23c4d 0002 0004 00000000 00000000 00000000 00000065" +
		"00000001 00000002 00000003 00000003 aabbcc" + "00000004 3b9ac9ff 00000002 00000004 dd00"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readAll returns all packets of a capture.
func readAll(r *pcap.Reader) (all []pcap.Packet, err error) {
	for {
		p, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
}

func TestReader(t *testing.T) {
	micro := []pcap.Packet{
		{Time: time.Unix(1, 2000).UTC(), Data: []byte{0xaa, 0xbb, 0xcc}, Length: 3},
		{Time: time.Unix(4, 999_999_000).UTC(), Data: []byte{0xdd, 0}, Length: 4},
	}
	nano := []pcap.Packet{
		{Time: time.Unix(1, 2).UTC(), Data: []byte{0xaa, 0xbb, 0xcc}, Length: 3},
		{Time: time.Unix(4, 999_999_999).UTC(), Data: []byte{0xdd, 0}, Length: 4},
	}
	tests := []struct {
		name, capture string
		link          pcap.LinkType
		order         binary.ByteOrder
		want          []pcap.Packet
	}{
		{"little-endian, microseconds", littleMicro, pcap.Ethernet, binary.LittleEndian, micro},
		{"big-endian, microseconds", bigMicro, pcap.Ethernet, binary.BigEndian, micro},
		{"little-endian, nanoseconds", littleNano, pcap.Raw, binary.LittleEndian, nano},
		{"big-endian, nanoseconds", bigNano, pcap.Raw, binary.BigEndian, nano},
		{"no packets", littleMicro[:strings.Index(littleMicro, "01000000")+8], pcap.Ethernet, binary.LittleEndian, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := pcap.NewReader(bytes.NewReader(unhex(t, tt.capture)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(r)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if r.LinkType() != tt.link || r.Order() != tt.order {
				t.Errorf("%v, %v; want %v, %v", r.LinkType(), r.Order(), tt.link, tt.order)
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	const header = "d4c3b2a1 0200 0400 00000000 00000000 10000000 01000000"
	tests := []struct{ name, capture, want string }{
		{"nothing", "", "not a valid capture: it ends after 0 bytes of a header of 24"},
		{"half a header", header[:19], "it ends after 8 bytes of a header of 24"},
		{"other file", "7f454c46" + strings.Repeat("00", 20), "it begins with 7f 45 4c 46"},
		{"pcapng", "0a0d0d0a" + strings.Repeat("00", 20), "pcapng format: editcap -F pcap"},
		{"version", strings.Replace(header, "0200", "0300", 1), "version 3.4, want 2.4"},
		{"link type with a check sequence", strings.Replace(header, "01000000", "01000014", 1), "link type 0x14000001"},
		{"half a packet header", header + "0000", "packet 1: 2 bytes of a header of 16"},
		{"half a packet", header + "00000000 00000000 02000000 02000000 aa", "packet 1: 1 of 2 bytes"},
		{"microseconds", header + "00000000 40420f00 00000000 00000000", "packet 1: a fraction of a second of 1000000"},
		{"longer than snaplen", header + "00000000 00000000 11000000 11000000", "packet 1: 17 bytes, more than the 16 of the capture"},
		{"more captured than there was", header + "00000000 00000000 02000000 01000000 aabb", "packet 1: 2 of 1 bytes captured"},
		{"second packet", header + "00000000 00000000 01000000 01000000 aa" + "00", "packet 2: 1 bytes of a header of 16"},
		{"much too long", strings.Replace(header, "10000000", "ffffffff", 1) + "00000000 00000000 01000400 01000400", "packet 1: 262145 bytes, more than the 262144"},
	}
	for _, tt := range tests {
		r, err := pcap.NewReader(bytes.NewReader(unhex(t, tt.capture)))
		if err == nil {
			_, err = readAll(r)
		}
		if !errors.Is(err, pcap.ErrFormat) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	broken := errors.New("broken disk")
	if _, err := pcap.NewReader(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

// What is read fits into what was given, and a reader always ends.
func FuzzReader(f *testing.F) {
	for _, s := range []string{littleMicro, bigMicro, littleNano, bigNano} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := pcap.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		all, err := readAll(r)
		size := 24
		for _, p := range all {
			size += 16 + len(p.Data)
			if len(p.Data) > p.Length {
				t.Errorf("%d of %d bytes", len(p.Data), p.Length)
			}
		}
		if size > len(b) || err == nil && size != len(b) {
			t.Errorf("read %d of %d bytes, %v", size, len(b), err)
		}
	})
}
