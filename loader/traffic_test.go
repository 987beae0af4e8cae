//go:build linux

package loader_test

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reuseport opens n UDP sockets of one reuseport group on loopback.
func reuseport(t testing.TB, n int) []*net.UDPConn {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	address := "127.0.0.1:0"
	var group []*net.UDPConn
	for range n {
		conn, err := config.ListenPacket(context.Background(), "udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		group = append(group, conn.(*net.UDPConn))
		address = conn.LocalAddr().String()
	}
	return group
}

func udp(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// send sends one datagram from a new socket.
func send(t testing.TB, to net.Addr, payload string) {
	t.Helper()
	conn, err := net.Dial("udp4", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next datagram, "" when there is none. On loopback what was sent is there already.
func receive(t testing.TB, conn *net.UDPConn) string {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	var buf [2048]byte
	n, err := conn.Read(buf[:])
	if err != nil {
		if os.IsTimeout(err) {
			return ""
		}
		t.Fatal(err)
	}
	return string(buf[:n])
}

// receivers returns which sockets of a group get the datagrams that send sends n times.
func receivers(t testing.TB, group []*net.UDPConn, n int) []int {
	t.Helper()
	for range n {
		send(t, group[0].LocalAddr(), "x")
	}
	got := make([]int, len(group))
	for i, conn := range group {
		for receive(t, conn) != "" {
			got[i]++
		}
	}
	return got
}

// tcp returns the two ends of a connection over loopback.
func tcp(t testing.TB, network, address string) (client, server *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c, err := net.Dial(network, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// wantError holds an error against parts of its text.
func wantError(t testing.TB, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want one with %q", what, parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s:\n\t%v\nhas no %q", what, err, part)
		}
	}
}

// descriptor is a socket that no package knows of.
type descriptor int

func (d descriptor) SyscallConn() (syscall.RawConn, error)    { return d, nil }
func (d descriptor) Control(f func(fd uintptr)) error         { f(uintptr(d)); return nil }
func (d descriptor) Read(func(fd uintptr) (done bool)) error  { return unix.ENOSYS }
func (d descriptor) Write(func(fd uintptr) (done bool)) error { return unix.ENOSYS }
