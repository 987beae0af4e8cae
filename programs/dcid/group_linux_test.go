package dcid

import (
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/maps"
)

func TestListenAddresses(t *testing.T) {
	tests := []struct{ network, address, want string }{
		{"udp4", "127.0.0.1:0", "127.0.0.1"},
		{"udp", "127.0.0.1:0", "127.0.0.1"},
		{"udp4", ":0", "0.0.0.0"},
		{"udp6", "[::1]:0", "::1"},
		{"udp6", ":0", "::"},
		{"udp", "[::]:0", "::"},
		{"udp", ":0", "::"},
	}
	for _, tt := range tests {
		g, _ := listenTest(t, tt.network, tt.address, nil)
		if got := g.Addr(); got.IP.String() != tt.want || got.Port == 0 {
			t.Errorf("Listen(%q, %q) is at %v, want %s and a port", tt.network, tt.address, got, tt.want)
		}
		for i, w := range g.Workers() {
			if got := w.Conn().LocalAddr().String(); got != g.Addr().String() {
				t.Errorf("Listen(%q, %q): worker %d is at %s, the group at %v", tt.network, tt.address, i, got, g.Addr())
			}
		}
	}
}

func TestListenWorkers(t *testing.T) {
	for opts, want := range map[*Options]int{
		nil:                           runtime.GOMAXPROCS(0),
		{}:                            runtime.GOMAXPROCS(0),
		{Workers: 1}:                  1,
		{Workers: 5, MaxSockets: 5}:   5,
		{Workers: 2, MaxSockets: 100}: 2,
	} {
		kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
		g, err := Listen("udp4", "127.0.0.1:0", opts)
		if err != nil {
			t.Errorf("Listen(%+v): %v", opts, err)
			continue
		}
		defer g.Close()
		if got := len(g.Workers()); got != want {
			t.Errorf("Listen(%+v) has %d workers, want %d", opts, got, want)
		}
	}
}

// The key of a worker is the cookie of its socket, in the map and in the connection IDs.
func TestWorkerOf(t *testing.T) {
	g, _ := listenTest(t, "udp4", "127.0.0.1:0", nil)
	for i, w := range g.Workers() {
		cid := w.NewConnectionID()
		if len(cid) != DefaultCIDLength {
			t.Errorf("worker %d: connection ID of %d bytes", i, len(cid))
		}
		if got, ok := g.WorkerOf(cid); !ok || got != w {
			t.Errorf("worker %d: its connection ID leads to %p, %v", i, got, ok)
		}
		if got := w.AppendConnectionID([]byte{1, 2}); len(got) != 2+DefaultCIDLength || !slices.Equal(got[:2+cookieLen], append([]byte{1, 2}, cid[:cookieLen]...)) {
			t.Errorf("worker %d: appended to 01 02: % x, cookie of another one: % x", i, got, cid[:cookieLen])
		}
		cookie, err := g.sockets.Cookie(key(cid[:cookieLen]))
		if err != nil || makeKey(cookie) != key(cid[:cookieLen]) {
			t.Errorf("worker %d: the map has the socket with cookie %#x, %v under % x", i, cookie, err, cid[:cookieLen])
		}
	}
	cid := g.Workers()[0].NewConnectionID()
	for name, cid := range map[string][]byte{
		"none":                nil,
		"one byte less":       cid[:19],
		"one byte more":       append(cid[:20:20], 0),
		"of no cookie":        make([]byte, 20),
		"of another's cookie": append([]byte{0xff}, cid[1:]...),
	} {
		if w, ok := g.WorkerOf(cid); ok || w != nil {
			t.Errorf("connection ID %s leads to a worker", name)
		}
	}
}

// What was for a worker whose socket is closed goes to the others.
func TestWorkerClosed(t *testing.T) {
	g, arrivals := listenTest(t, "udp4", "127.0.0.1:0", nil)
	closed := g.Workers()[2]
	if err := closed.Conn().Close(); err != nil {
		t.Fatal(err)
	}
	clients := dial(t, ports, reach(g, "127.0.0.1"))
	for _, c := range clients {
		for _, w := range g.Workers() {
			if err := c.sendPlain(shortPacket(w.NewConnectionID(), nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, a := range collect(t, arrivals, len(clients)*4) {
		of, ok := g.WorkerOf(a.payload[1:])
		if at := g.Workers()[a.worker]; !ok || at == closed || of != closed && of != at {
			t.Errorf("a packet for %p came to %p; closed is %p", of, at, closed)
		}
	}
}

// A group is new: joining the sockets of another one would take that one's packets away.
func TestListenAgain(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	first, err := Listen("udp4", "127.0.0.1:0", &Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := Listen("udp4", first.Addr().String(), &Options{Workers: 2}); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a second group at the address: %v, want EADDRINUSE", err)
	}
	arrivals := receive(t, first.Workers())
	clients := dial(t, ports, reach(first, "127.0.0.1"))
	if got := exchange(t, sendModes[0], clients, cidsOf(first), arrivals, 1000); got.right != got.sent {
		t.Errorf("the first group afterwards: %v, want all", got)
	}
}

// Close leaves neither sockets nor descriptors, which the test's main function looks for, nor the map and the program.
func TestClose(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	g, err := Listen("udp4", "127.0.0.1:0", &Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	info, err := g.sockets.Info()
	if err != nil {
		t.Fatal(err)
	}
	addr := g.Addr().String()
	g.Workers()[1].Conn().Close()
	for range 2 {
		if err := g.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	// The program keeps the map, so the map's end shows that of both. The kernel frees them after a grace period.
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		m, err := maps.OpenID(info.ID, maps.ReadOnly)
		if errors.Is(err, unix.ENOENT) {
			break
		}
		if err == nil {
			m.Close()
		}
		if time.Now().After(deadline) {
			t.Fatalf("map %d is still there %v after Close: %v", info.ID, patience, err)
		}
	}
	conn, err := net.ListenPacket("udp4", addr) // without SO_REUSEPORT
	if err != nil {
		t.Fatalf("the address is not free after Close: %v", err)
	}
	conn.Close()
}

func TestListenErrors(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SETUID)
	alone, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	others := openAs(t, 65534, "127.0.0.1:0")
	tests := []struct {
		name             string
		network, address string
		opts             *Options
		want             string
		is               error
	}{
		{"no network", "", "127.0.0.1:0", nil, "dcid: listen on  127.0.0.1:0: unknown network ", net.UnknownNetworkError("")},
		{"TCP", "tcp", "127.0.0.1:0", nil, "dcid: listen on tcp 127.0.0.1:0: unknown network tcp", net.UnknownNetworkError("tcp")},
		{"no port", "udp", "127.0.0.1", nil, "dcid: listen on udp 127.0.0.1: listen udp: address 127.0.0.1: missing port in address", nil},
		{"IPv6 address on udp4", "udp4", "[::1]:0", nil, "dcid: listen on udp4 [::1]:0: listen udp4: address ::1: no suitable address found", nil},
		{"address of another host", "udp", "192.0.2.1:0", nil, "bind: cannot assign requested address", unix.EADDRNOTAVAIL},
		{"connection ID length", "udp", "127.0.0.1:0", &Options{CIDLength: 7}, "dcid: listen on udp 127.0.0.1:0: connection IDs of 7 bytes, want 8 to 20", nil},
		{"workers", "udp", "127.0.0.1:0", &Options{Workers: -1}, "dcid: listen on udp 127.0.0.1:0: -1 workers, want 1 to 32768", nil},
		{"socket without SO_REUSEPORT there", "udp4", alone.LocalAddr().String(), nil, "listen udp4 " + alone.LocalAddr().String() + ": bind: address already in use", unix.EADDRINUSE},
		{"socket of another user there", "udp4", others.LocalAddr().String(), nil, "listen udp4 " + others.LocalAddr().String() + ": bind: address already in use", unix.EADDRINUSE},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := Listen(tt.network, tt.address, tt.opts)
			if err == nil {
				g.Close()
				t.Fatalf("at %v, want an error", g.Addr())
			}
			if g != nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %s, an error that is %v", err, tt.want, tt.is)
			}
		})
	}
}

// A later worker that cannot be opened takes those before it along.
func TestListenErrorAtLaterWorker(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const room = 8 // descriptors: the map, the program, a few workers
	low := limit
	low.Cur = uint64(lowestFreeDescriptor(t)) + room
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, (*syscall.Rlimit)(&low)); err != nil {
		t.Fatal(err)
	}
	g, err := Listen("udp4", "127.0.0.1:0", &Options{Workers: 64})
	if restoreErr := syscall.Setrlimit(syscall.RLIMIT_NOFILE, (*syscall.Rlimit)(&limit)); restoreErr != nil {
		t.Fatal(restoreErr)
	}
	if err == nil {
		g.Close()
		t.Fatalf("64 workers with room for %d descriptors", room)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v, want EMFILE", err)
	}
}

func lowestFreeDescriptor(t *testing.T) int {
	fd, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return fd
}

// openAs opens a socket with SO_REUSEPORT as another user.
func openAs(t *testing.T, uid int, address string) *net.UDPConn {
	t.Helper()
	type result struct {
		conns []*net.UDPConn
		err   error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // sockets belong to the file system user of the thread
		defer runtime.UnlockOSThread()
		if err := unix.Setfsuid(uid); err != nil {
			done <- result{nil, err}
			return
		}
		conns, err := reuseport.Config{}.ListenPacket(t.Context(), "udp4", address, 1)
		if restoreErr := unix.Setfsuid(os.Getuid()); restoreErr != nil {
			runtime.LockOSThread() // a second time: the thread ends with the goroutine
		}
		done <- result{conns, err}
	}()
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { r.conns[0].Close() })
	return r.conns[0]
}

func TestListenUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, err := Listen("udp", "127.0.0.1:0", nil)
		for _, want := range []string{"dcid: listen on udp 127.0.0.1:0: ", `map "workers"`, "missing CAP_BPF, CAP_NET_ADMIN"} {
			if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want EPERM and %s", err, want)
			}
		}
	})
}

func TestListenWithoutNetAdmin(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, err := Listen("udp", "127.0.0.1:0", nil)
		if want := "missing CAP_NET_ADMIN"; !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want EPERM and %s", err, want)
		}
	}, kerneltest.CAP_BPF)
}

func TestListenAsOrdinaryUser(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		g, err := Listen("udp", "127.0.0.1:0", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
}
