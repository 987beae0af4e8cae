package sockredir

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// patience bounds every wait, also on a machine that is busy with something else.
const patience = 60 * time.Second

func need(t *testing.T) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
}

// attached moves the test into a cgroup whose connections are redirected.
func attached(t *testing.T, opts *Options) *Redirect {
	t.Helper()
	need(t)
	r, err := Attach(kerneltest.CgroupJoin(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func stats(t *testing.T, r *Redirect) Stats {
	t.Helper()
	s, err := r.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits until done says so of the statistics.
func await(t *testing.T, r *Redirect, what string, done func(Stats) bool) {
	t.Helper()
	eventually(t, what, func() bool { return done(stats(t, r)) })
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// listen opens a server; control, which may be nil, sets options before it is bound.
func listen(t *testing.T, network, address string, control func(fd int) error) *net.TCPListener {
	t.Helper()
	config := net.ListenConfig{Control: onSocket(control)}
	l, err := config.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	return l.(*net.TCPListener)
}

func onSocket(control func(fd int) error) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		if control == nil {
			return nil
		}
		if cerr := c.Control(func(fd uintptr) { err = control(int(fd)) }); cerr != nil {
			return cerr
		}
		return err
	}
}

func accept(t *testing.T, l *net.TCPListener) *net.TCPConn {
	t.Helper()
	c, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	return bounded(t, c)
}

// dial connects from local, which may be nil, to address.
func dial(t *testing.T, network string, local *net.TCPAddr, address string) *net.TCPConn {
	t.Helper()
	d := net.Dialer{Timeout: patience, Control: onSocket(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})}
	if local != nil {
		d.LocalAddr = local
	}
	c, err := d.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return bounded(t, c.(*net.TCPConn))
}

// dialMapped connects an AF_INET6 socket to ::ffff:127.0.0.1, which package net never does.
func dialMapped(t *testing.T, port int) *net.TCPConn {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := &unix.SockaddrInet6{Port: port, Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}
	if err := unix.Connect(fd, to); err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	return connOf(t, fd)
}

// connOf takes the descriptor over.
func connOf(t *testing.T, fd int) *net.TCPConn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	return bounded(t, c.(*net.TCPConn))
}

func bounded(t *testing.T, c *net.TCPConn) *net.TCPConn {
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c
}

func port(l *net.TCPListener) int { return l.Addr().(*net.TCPAddr).Port }

func send(t *testing.T, c *net.TCPConn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// expect reads exactly want.
func expect(t *testing.T, c *net.TCPConn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v, want %q", got[:n], err, want)
	}
}

// keyOf returns the key of a socket of this namespace.
func keyOf(t *testing.T, c *net.TCPConn) (key [48]byte) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var cookie uint64
	if cerr := raw.Control(func(fd uintptr) {
		cookie, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	}); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	copy(key[:], expectedKey(binary.NativeEndian, cookie, addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())))
	return key
}

func addrPort(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }

func socketCookie(t *testing.T, c *net.TCPConn) (cookie uint64) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if cerr := raw.Control(func(fd uintptr) {
		cookie, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_COOKIE)
	}); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return cookie
}

// loopbackPackets returns how many packets lo has received in the network namespace of this thread.
func loopbackPackets(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, counters, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != "lo" {
			continue
		}
		n, err := strconv.ParseUint(strings.Fields(counters)[1], 10, 64) // bytes, packets, ...
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Fatalf("no lo in\n%s", text)
	return 0
}
