package main

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runTool runs the command in this process.
func runTool(args ...string) result {
	var stdout, stderr strings.Builder
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

func TestRunPayload(t *testing.T) {
	const from = "packet 1, 127.0.0.1:40000 > 127.0.0.1:"
	const cid = "0000000000000003" + "0102030405060708090a0b0c"
	tests := []struct {
		name, program, packet string
		want                  []string // lines, as regular expressions
	}{
		{"short header", "dcid", "40" + cid, []string{from + "4433, 21 bytes: returns 1: socket 2, selected by the program"}},
		{"long header", "dcid", "c0 00000001 14 " + cid, []string{from + "4433, 26 bytes: returns 1: socket 2, selected by the program"}},
		{"cookie of nobody", "dcid", "40" + strings.Replace(cid, "3", "5", 1), []string{from + `4433, 21 bytes: returns 1: socket \d, selected by the kernel's hash`}},
		{"a byte", "bytemod", "07", []string{from + "4433, 1 bytes: returns 3: socket 3, selected by the program"}},
		{"blanks and colons", "bytemod", "06:ff 01", []string{from + "4433, 3 bytes: returns 2: socket 2, selected by the program"}},
		{"no byte", "bytemod", "", []string{from + `4433, 0 bytes: returns 4294967295: socket \d, selected by the kernel's hash`}},
		{"a message", "sockredir-redirect", "68656c6c6f", []string{from + "80, 5 bytes: returns 1: redirected to the other end, past TCP"}},
		{"a connection", "sockredir-record", "68656c6c6f", []string{
			"packet 1, 127.0.0.1:80, listen: returns 1",
			from + "80, connect: returns 1",
			from + "80, established by connect: returns 1: recorded the socket",
			"packet 1, 127.0.0.1:80 > 127.0.0.1:40000, established for accept: returns 1: recorded the socket",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runTool("run", tt.program, "-packet", tt.packet)
			want := regexp.MustCompile("^" + strings.Join(tt.want, "\n") + "\n$")
			if got.status != 0 || got.stderr != "" || !want.MatchString(got.stdout) {
				t.Errorf("%+v, want\n%v", got, want)
			}
		})
	}
}

// With -trace every instruction has its Go line, and the last one what the program returns.
func TestRunTrace(t *testing.T) {
	tests := []struct{ program, packet, first, last string }{
		{"dcid", "43", `program.go:\d+ +0: r6 = r1 +r6 = context`, `program.go:\d+ +\d+: exit +returns 1`},
		{"bytemod", "07", `program.go:\d+ +0: ld #len +A = 0x0, X = 0x0`, `program.go:\d+ +4: ret a +A = 0x3, X = 0x0`},
		{"sockredir-redirect", "00", `programs.go:\d+ +0: .*`, `programs.go:\d+ +\d+: exit +returns 1`},
	}
	for _, tt := range tests {
		got := runTool("run", tt.program, "-trace", "-packet", tt.packet)
		lines := strings.Split(got.stdout, "\n")
		if got.status != 0 || len(lines) < 5 {
			t.Fatalf("%s: %+v", tt.program, got)
		}
		for want, line := range map[string]string{tt.first: lines[0], tt.last: lines[len(lines)-3], `packet 1, .*`: lines[len(lines)-2]} {
			if !regexp.MustCompile("^" + want + "$").MatchString(line) {
				t.Errorf("%s: %q, want %s", tt.program, line, want)
			}
		}
	}
}

// capture writes a file of raw IPv4 packets.
func capture(t *testing.T, packets ...[]byte) string {
	t.Helper()
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 65535)
	b = le.AppendUint32(b, 101)
	for _, p := range packets {
		b = append(b, make([]byte, 8)...)
		b = le.AppendUint32(b, uint32(len(p)))
		b = le.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	path := filepath.Join(t.TempDir(), "test.pcap")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// datagram and segment return IPv4 packets.
func datagram(from, to, payload string) []byte {
	header := []byte{4: 0, 5: byte(8 + len(payload)), 7: 0}
	return packet4(17, from, to, header, payload)
}

func segment(from, to string, flags byte, payload string) []byte {
	return packet4(6, from, to, []byte{12: 5 << 4, 13: flags, 19: 0}, payload)
}

func packet4(protocol byte, from, to string, header []byte, payload string) []byte {
	f, t := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	binary.BigEndian.PutUint16(header, f.Port())
	binary.BigEndian.PutUint16(header[2:], t.Port())
	ip := []byte{0: 0x45, 3: byte(20 + len(header) + len(payload)), 9: protocol, 11: 0}
	return slices.Concat(ip, f.Addr().AsSlice(), t.Addr().AsSlice(), header, []byte(payload))
}

func TestRunCapture(t *testing.T) {
	const client, server = "10.0.0.1:4000", "10.0.0.2:80"
	const syn, rst, ack = 0x02, 0x04, 0x10
	both := capture(t,
		segment(client, server, ack, "too late"),
		segment(client, server, syn, ""),
		segment(server, client, syn|ack, ""),
		segment(client, server, ack, "hello"),
		datagram("10.0.0.1:1", "10.0.0.2:2", "\x07"),
		segment(server, client, ack, "hi"),
		segment(client, server, rst, ""),
		segment(client, server, ack, "gone"),
		segment(client, server, syn, "early"),
		segment(client, server, ack, "late"),
	)
	udp := capture(t, datagram("10.0.0.1:1", "10.0.0.2:2", "\x07"), []byte("no IP packet"), datagram("10.0.0.1:1", "10.0.0.2:2", "\x04\x05"))
	tests := []struct{ name, program, file, want string }{
		{"datagrams", "bytemod", udp, `packet 1, 10.0.0.1:1 > 10.0.0.2:2, 1 bytes: returns 3: socket 3, selected by the program
packet 3, 10.0.0.1:1 > 10.0.0.2:2, 2 bytes: returns 0: socket 0, selected by the program
Left out: 1 of 3 packets, which are not a whole UDP datagram.
`},
		{"messages", "sockredir-redirect", both, `packet 4, 10.0.0.1:4000 > 10.0.0.2:80, 5 bytes: returns 1: redirected to the other end, past TCP
packet 6, 10.0.0.2:80 > 10.0.0.1:4000, 2 bytes: returns 1: redirected to the other end, past TCP
packet 10, 10.0.0.1:4000 > 10.0.0.2:80, 4 bytes: by TCP, for the socket is not recorded
Left out: 3 of 10 packets, which are not of a TCP connection that the capture has from its SYN on.
`},
		{"connections", "sockredir-record", both, `packet 2, 10.0.0.2:80, listen: returns 1
packet 2, 10.0.0.1:4000 > 10.0.0.2:80, connect: returns 1
packet 2, 10.0.0.1:4000 > 10.0.0.2:80, established by connect: returns 1: recorded the socket
packet 2, 10.0.0.2:80 > 10.0.0.1:4000, established for accept: returns 1: recorded the socket
packet 9, 10.0.0.1:4000 > 10.0.0.2:80, connect: returns 1
packet 9, 10.0.0.2:80 > 10.0.0.1:4000, established for accept: returns 1: recorded the socket
packet 9, 10.0.0.1:4000 > 10.0.0.2:80, established by connect: returns 1
Left out: 3 of 10 packets, which are not of a TCP connection that the capture has from its SYN on.
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(result{0, tt.want, ""}, runTool("run", tt.program, "-packet", tt.file), cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunCaptureRefuses(t *testing.T) {
	notOne := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notOne, []byte("a text that is no capture"), 0o666); err != nil {
		t.Fatal(err)
	}
	cut := capture(t, datagram("10.0.0.1:1", "10.0.0.2:2", "\x07"))
	b, err := os.ReadFile(cut)
	if err == nil {
		err = os.WriteFile(cut, b[:len(b)-1], 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, file, stdout, stderr string }{
		{"no capture", notOne, "", ": not a valid capture: it begins with 61 20 74 65\n"},
		{"no datagram", capture(t, segment("10.0.0.1:1", "10.0.0.2:2", 2, "")), "", ": 1 packets, of which none is a whole UDP datagram\n"},
		{"cut", cut, "", ": not a valid capture: it ends after packet 1: 28 of 29 bytes\n"},
	}
	for _, tt := range tests {
		want := result{1, tt.stdout, "purebpf run: " + tt.file + tt.stderr}
		if diff := cmp.Diff(want, runTool("run", "bytemod", "-packet", tt.file), cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
