//go:build linux

package maps

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func cookie(t *testing.T, conn syscall.Conn) (cookie uint64) {
	t.Helper()
	control, err := conn.SyscallConn()
	check(t, err)
	check(t, control.Control(func(fd uintptr) {
		cookie, err = sys.SocketCookie(int(fd))
	}))
	check(t, err)
	return cookie
}

// listenReuseport opens a UDP socket in a reuseport group.
func listenReuseport(t *testing.T, addr string) *net.UDPConn {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlErr := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return errors.Join(err, controlErr)
	}}
	conn, err := config.ListenPacket(context.Background(), "udp", addr)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.UDPConn)
}

func TestSocketsOfAllKinds(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, typ := range []asm.MapType{asm.MapSockMap, asm.MapSockHash, asm.MapReuseportSockArray} {
		t.Run(typ.String(), func(t *testing.T) {
			m, err := NewSockets[uint32](asm.MapSpec{Name: "sockets", Type: typ, MaxEntries: 4}, nil)
			must(t, m, err)
			first := listenReuseport(t, "127.0.0.1:0")
			second := listenReuseport(t, first.LocalAddr().String())
			check(t, m.Update(1, first, asm.UpdateNoExist))
			check(t, m.Update(3, second, asm.UpdateAny))
			if got, err := m.Cookie(1); got != cookie(t, first) || err != nil {
				t.Errorf("cookie %d, %v, want %d", got, err, cookie(t, first))
			}
			if err := m.Update(1, second, asm.UpdateNoExist); err == nil {
				t.Error("a second socket under the same key")
			}
			all := m.Iterate()
			got := map[uint32]uint64{}
			for k, c := range all.All() {
				got[k] = c
			}
			want := map[uint32]uint64{1: cookie(t, first), 3: cookie(t, second)}
			if diff := cmp.Diff(want, got); diff != "" || all.Err() != nil {
				t.Errorf("%v (-want +got):\n%s", all.Err(), diff)
			}
			check(t, m.Delete(1))
			if err := m.Delete(1); !errors.Is(err, ErrKeyNotExist) {
				t.Errorf("delete of nothing: %v", err)
			}
			second.Close()
			if _, err := m.Cookie(3); !errors.Is(err, ErrKeyNotExist) {
				t.Errorf("cookie of a closed socket: %v", err)
			}
		})
	}
}

func TestSocketsTCP(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	m, err := NewSockets[uint64](asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, MaxEntries: 4}, nil)
	must(t, m, err)
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(t, err)
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	check(t, err)
	defer conn.Close()
	check(t, m.Update(1, listener.(*net.TCPListener), 0))
	check(t, m.Update(2, conn.(*net.TCPConn), 0))
	if got, err := m.Cookie(2); got != cookie(t, conn.(*net.TCPConn)) || err != nil {
		t.Errorf("cookie: %d, %v", got, err)
	}
}

func TestSocketErrors(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	array, err := NewSockets[uint32](asm.MapSpec{Name: "array", Type: asm.MapReuseportSockArray, MaxEntries: 2}, nil)
	must(t, array, err)
	hash, err := NewSockets[uint32](asm.MapSpec{Name: "hash", Type: asm.MapSockHash, MaxEntries: 1}, nil)
	must(t, hash, err)
	narrow, err := NewSockets[uint32](asm.MapSpec{Name: "narrow", Type: asm.MapSockMap, ValueSize: 4, MaxEntries: 2}, nil)
	must(t, narrow, err)
	grouped := listenReuseport(t, "127.0.0.1:0")
	check(t, array.Update(0, grouped, 0))
	plain, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	defer plain.Close()
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	closed.Close()
	check(t, hash.Update(1, plain.(*net.UDPConn), 0))
	check(t, narrow.Update(1, plain.(*net.UDPConn), 0))
	unbound, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(unbound)
	other := listenReuseport(t, "127.0.0.1:0")
	_, errNarrow := narrow.Cookie(1)
	for _, test := range []struct {
		name string
		err  error
		is   error
		want string
	}{
		{"taken", array.Update(1, grouped, 0), unix.EBUSY, `update key in map "array" (reuseport_sockarray): device or resource busy (the socket is in such an array`},
		{"no reuseport", array.Update(1, plain.(*net.UDPConn), 0), unix.EINVAL, "invalid argument (the socket is not bound with SO_REUSEPORT)"},
		{"array member into hash", hash.Update(1, grouped, 0), unix.EBUSY, "busy (the socket is in a reuseport_sockarray"},
		{"unbound", hash.UpdateFD(1, unbound, 0), unix.EOPNOTSUPP, "operation not supported (the socket is neither a bound UDP one"},
		{"full", hash.Update(2, other, 0), ErrFull, "map is full"},
		{"index", array.Update(2, other, 0), ErrKeyNotExist, "key does not exist"},
		{"closed", hash.Update(1, closed.(*net.UDPConn), 0), net.ErrClosed, `update key in map "hash" (sockhash): `},
		{"no descriptor", hash.UpdateFD(1, -1, 0), unix.EINVAL, `update key in map "hash" (sockhash): `},
		{"narrow", errNarrow, errors.ErrUnsupported, "cookies can be read from maps with values of 8 bytes only"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) || !errors.Is(test.err, test.is) {
			t.Errorf("%s: got %v, want %q and %v", test.name, test.err, test.want, test.is)
		}
	}
}
