package pcap_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/pcap"
)

// Packets by hand after RFC 791, 8200, 768 and 9293.
const (
	udp4 = "4500 001f 0000 4000 4011 0000 7f000001 7f000002" + "0007 01bb 000b 0000 aabbcc"
	udp6 = "60000000 000b 11 40 20010db8000000000000000000000001 00000000000000000000000000000001" + "0007 01bb 000b 0000 aabbcc"
	tcp4 = "4600 0033 0000 0000 4006 0000 7f000001 7f000002 00000000" + "0007 0050 00000000 00000000 6018 ffff 0000 0000 00000000 aabbcc"
)

func ports(from, to string) (a, b netip.AddrPort) {
	return netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
}

func TestParseSegment(t *testing.T) {
	want4 := pcap.Segment{Protocol: pcap.UDP, Payload: []byte{0xaa, 0xbb, 0xcc}}
	want4.From, want4.To = ports("127.0.0.1:7", "127.0.0.2:443")
	want6 := want4
	want6.From, want6.To = ports("[2001:db8::1]:7", "[::1]:443")
	wantTCP := pcap.Segment{Protocol: pcap.TCP, Flags: pcap.ACK | 8, Payload: []byte{0xaa, 0xbb, 0xcc}}
	wantTCP.From, wantTCP.To = ports("127.0.0.1:7", "127.0.0.2:80")
	extended := strings.Replace(udp6, "000b 11", "001b 00", 1)
	extended = strings.Replace(extended, "0007 01bb", "3c00000000000000"+"1100000000000000"+"0007 01bb", 1)
	tests := []struct {
		name, packet string
		want         pcap.Segment
		ok           bool
	}{
		{"UDP over IPv4", udp4, want4, true},
		{"padding behind", udp4 + "0000", want4, true},
		{"UDP over IPv6", udp6, want6, true},
		{"IPv6 extension headers", extended, want6, true},
		{"TCP with options over IPv4 with options", tcp4, wantTCP, true},
		{"nothing", "", pcap.Segment{}, false},
		{"version 5", "5" + udp4[1:], pcap.Segment{}, false},
		{"IPv4 header too short", "44" + udp4[2:], pcap.Segment{}, false},
		{"IPv4 header longer than the packet", "4f" + udp4[2:], pcap.Segment{}, false},
		{"IPv4 cut", udp4[:len(udp4)-2], pcap.Segment{}, false},
		{"first fragment", strings.Replace(udp4, "4000", "2000", 1), pcap.Segment{}, false},
		{"later fragment", strings.Replace(udp4, "4000", "0001", 1), pcap.Segment{}, false},
		{"ICMP", strings.Replace(udp4, "4011", "4001", 1), pcap.Segment{}, false},
		{"UDP length too small", strings.Replace(udp4, "000b", "0007", 1), pcap.Segment{}, false},
		{"UDP length too large", strings.Replace(udp4, "000b", "000c", 1), pcap.Segment{}, false},
		{"IPv6 cut", udp6[:len(udp6)-2], pcap.Segment{}, false},
		{"IPv6 extension header cut", strings.Replace(extended, "3c00", "3cff", 1), pcap.Segment{}, false},
		{"TCP header too short", strings.Replace(tcp4, "6018", "4018", 1), pcap.Segment{}, false},
		{"TCP header longer than the packet", strings.Replace(tcp4, "6018", "f018", 1), pcap.Segment{}, false},
	}
	for _, tt := range tests {
		got, ok := pcap.ParseSegment(unhex(t, tt.packet))
		if ok != tt.ok {
			t.Errorf("%s: %v, %+v", tt.name, ok, got)
		} else if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); ok && diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestIP(t *testing.T) {
	const mac = "000000000000 000000000000"
	tests := []struct {
		name   string
		link   pcap.LinkType
		before string
		ok     bool
	}{
		{"Ethernet", pcap.Ethernet, mac + "0800", true},
		{"VLAN", pcap.Ethernet, mac + "8100 0001 0800", true},
		{"two VLAN tags", pcap.Ethernet, mac + "88a8 0001 8100 0001 0800", true},
		{"ARP", pcap.Ethernet, mac + "0806", false},
		{"any device", pcap.LinuxSLL, "0000 0304 0006 0000000000000000 0800", true},
		{"any device, version 2", pcap.LinuxSLL2, "0800 0000 00000001 0304 00 06 0000000000000000", true},
		{"BSD loopback", pcap.Null, "02000000", true},
		{"OpenBSD loopback", pcap.Loop, "00000002", true},
		{"raw", pcap.Raw, "", true},
		{"IPv4", pcap.IPv4, "", true},
		{"wireless", 105, "", false},
		{"no IP", pcap.Raw, "00", false},
	}
	for _, tt := range tests {
		want := unhex(t, udp4)
		got, ok := pcap.IP(tt.link, append(unhex(t, tt.before), want...))
		if ok != tt.ok || ok && !bytes.Equal(got, want) {
			t.Errorf("%s: %v, % x", tt.name, ok, got)
		}
		if n := len(unhex(t, tt.before)); n > 0 {
			if got, ok := pcap.IP(tt.link, unhex(t, tt.before)[:n-1]); ok {
				t.Errorf("%s, cut: % x", tt.name, got)
			}
		}
	}
	if got := pcap.LinkType(105).String(); got != "link type 105" {
		t.Errorf("String: %s", got)
	}
}

// Nothing in a packet makes the parser look outside of it.
func FuzzParseSegment(f *testing.F) {
	for _, s := range []string{udp4, udp6, tcp4} {
		f.Add(uint16(pcap.Raw), unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		if ip, ok := pcap.IP(pcap.LinkType(link), b); ok {
			if s, ok := pcap.ParseSegment(ip); ok && (len(s.Payload) > len(b) || !s.From.IsValid()) {
				t.Errorf("%+v", s)
			}
		}
	})
}
