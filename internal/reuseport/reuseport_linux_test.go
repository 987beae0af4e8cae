package reuseport

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// A filter that returns i selects the i-th of the slice: the kernel's index is ours. 130 sockets make the kernel's array
// grow once.
func TestOrderIsIndex(t *testing.T) { testOrder(t) }

// The same where the kernel keeps closed listeners, such as the claim, in the group's array until their connections have
// gone elsewhere.
func TestOrderIsIndexWithMigration(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN)
	kerneltest.Sysctl(t, "net.ipv4.tcp_migrate_req", "1")
	testOrder(t)
}

func testOrder(t *testing.T) {
	for _, n := range []int{1, 2, 5, 130} {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0", ":0"} {
			t.Run(fmt.Sprintf("udp/%d/%s", n, address), func(t *testing.T) {
				group, err := Config{}.ListenPacket(t.Context(), "udp", address, n)
				if err != nil {
					t.Fatal(err)
				}
				defer closeAll(group)
				client := dial(t, "udp", group[0].LocalAddr())
				for i, want := range group {
					attach(t, group[0], uint32(i))
					if _, err := client.Write([]byte{byte(i)}); err != nil {
						t.Fatal(err)
					}
					var got [1]byte
					want.SetDeadline(time.Now().Add(5 * time.Second))
					if _, err := want.Read(got[:]); err != nil || got[0] != byte(i) {
						t.Fatalf("socket %d: %d, %v", i, got, err)
					}
				}
			})
			t.Run(fmt.Sprintf("tcp/%d/%s", n, address), func(t *testing.T) {
				group, err := Config{}.Listen(t.Context(), "tcp", address, n)
				if err != nil {
					t.Fatal(err)
				}
				defer closeAll(group)
				for i, want := range group {
					attach(t, group[0], uint32(i))
					client := dial(t, "tcp", group[0].Addr())
					want.SetDeadline(time.Now().Add(5 * time.Second))
					server, err := want.Accept()
					if err != nil {
						t.Fatalf("listener %d: %v", i, err)
					}
					if got := server.RemoteAddr().(*net.TCPAddr).Port; got != client.LocalAddr().(*net.TCPAddr).Port {
						t.Errorf("listener %d: accepted a connection from port %d", i, got)
					}
					server.Close()
				}
			})
		}
	}
}

// An address in use is refused even where the kernel would take the socket: SO_REUSEPORT is set on both sides.
func TestAddressInUse(t *testing.T) {
	for _, first := range []string{"127.0.0.1:0", "[::]:0"} {
		group, err := Config{}.ListenPacket(t.Context(), "udp", first, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(group)
		wantError(t, func() error {
			_, err := Config{}.ListenPacket(t.Context(), "udp", group[0].LocalAddr().String(), 2)
			return err
		}, unix.EADDRINUSE, "address already in use")

		listeners, err := Config{}.Listen(t.Context(), "tcp", first, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(listeners)
		wantError(t, func() error {
			_, err := Config{}.Listen(t.Context(), "tcp", listeners[0].Addr().String(), 2)
			return err
		}, unix.EADDRINUSE, "address already in use")
	}
}

// With one port to pick from, the kernel gives it to every UDP socket that has SO_REUSEPORT set: the group of a second
// server would be the first one's.
func TestPickedPortIsFree(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN)
	kerneltest.Sysctl(t, "net.ipv4.ip_local_port_range", "40000 40000")
	group, err := Config{}.ListenPacket(t.Context(), "udp", "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(group)

	plain := net.ListenConfig{Control: setReuseport}
	intruder, err := plain.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("the kernel does not join groups at port 0 any more, and the claim serves explicit ports alone: %v", err)
	}
	intruder.Close()

	wantError(t, func() error {
		_, err := Config{}.ListenPacket(t.Context(), "udp", "127.0.0.1:0", 2)
		return err
	}, unix.EADDRINUSE, "address already in use")
}

// Package net makes MPTCP sockets unless told not to.
func TestPlainTCP(t *testing.T) {
	group, err := Config{}.Listen(t.Context(), "tcp", "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(group)
	for i, l := range group {
		raw, err := l.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = control(raw, func(fd int) error {
			protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
			if protocol != unix.IPPROTO_TCP {
				t.Errorf("listener %d: protocol %d, want %d", i, protocol, unix.IPPROTO_TCP)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A server that restarts gets its port at once, although connections of its predecessor are in TIME_WAIT.
func TestRestart(t *testing.T) {
	group, err := Config{}.Listen(t.Context(), "tcp", "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	addr := group[0].Addr()
	attach(t, group[0], 1)
	client := dial(t, "tcp", addr)
	server, err := group[1].Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close() // first, so that TIME_WAIT is at the server's port
	client.Close()
	closeAll(group)

	group, err = Config{}.Listen(t.Context(), "tcp", addr.String(), 2)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(group)
}

func TestRefuses(t *testing.T) {
	bad := errors.New("no such luck")
	calls := 0
	third := Config{Control: func(network, address string, c syscall.RawConn) error {
		if calls++; calls%3 == 0 {
			return bad
		}
		return nil
	}}
	packet := func(c Config, network, address string, n int) func() error {
		return func() error { _, err := c.ListenPacket(t.Context(), network, address, n); return err }
	}
	stream := func(c Config, network, address string, n int) func() error {
		return func() error { _, err := c.Listen(t.Context(), network, address, n); return err }
	}
	tests := []struct {
		name string
		call func() error
		is   error // or nil
		want string
	}{
		{"network tcp", packet(Config{}, "tcp", "127.0.0.1:0", 2), net.UnknownNetworkError("tcp"), "unknown network tcp"},
		{"network udp", stream(Config{}, "udp", "127.0.0.1:0", 2), net.UnknownNetworkError("udp"), "unknown network udp"},
		{"network unixgram", packet(Config{}, "unixgram", "x", 2), net.UnknownNetworkError("unixgram"), "unknown network unixgram"},
		{"no sockets", packet(Config{}, "udp", "127.0.0.1:0", 0), nil, "reuseport group of 0 sockets, want 1 to 32768"},
		{"too many sockets", stream(Config{}, "tcp", "127.0.0.1:0", 1<<15+1), nil, "reuseport group of 32769 sockets, want 1 to 32768"},
		{"no port", packet(Config{}, "udp", "127.0.0.1", 2), nil, "listen udp: address 127.0.0.1: missing port in address"},
		{"other family", stream(Config{}, "tcp6", "127.0.0.1:0", 2), nil, "no suitable address found"},
		{"third udp socket", packet(third, "udp4", "127.0.0.1:0", 4), bad, "socket 2 of a reuseport group of 4: listen udp4 127.0.0.1:"},
		{"third tcp socket", stream(third, "tcp4", "127.0.0.1:0", 4), bad, "socket 2 of a reuseport group of 4: listen tcp4 127.0.0.1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.call, tt.is, tt.want) })
	}
}

func wantError(t *testing.T, call func() error, is error, want string) {
	t.Helper()
	err := call()
	switch {
	case err == nil:
		t.Error("no error")
	case is != nil && !errors.Is(err, is):
		t.Errorf("%v: is not %v", err, is)
	case !strings.Contains(err.Error(), want):
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// attach makes the group select socket i for everything.
func attach(t *testing.T, c syscall.Conn, i uint32) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = control(raw, func(fd int) error {
		return sys.AttachReuseportFilter(fd, []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: i}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dial connects to the port of addr, on the loopback address of its family when it has none.
func dial(t *testing.T, network string, addr net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(network, strings.Replace(addr.String(), "[::]", "[::1]", 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func closeAll[S socket](group []S) {
	for _, s := range group {
		s.Close()
	}
}

// control calls f with the descriptor and returns its error or that of c.
func control(c syscall.RawConn, f func(fd int) error) (err error) {
	controlErr := c.Control(func(fd uintptr) { err = f(int(fd)) })
	return errors.Join(controlErr, err)
}
