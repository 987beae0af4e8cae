package sockredir

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// TestDeferAccept sends data that reaches the server before the server's socket exists.
func TestDeferAccept(t *testing.T) {
	r := attached(t, nil)
	l := listen(t, "tcp4", "127.0.0.1:0", func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 5)
	})
	client := dial(t, "tcp4", nil, l.Addr().String())
	send(t, client, "first ")
	await(t, r, "the server's socket was left to TCP", func(s Stats) bool { return s.Late == 1 })
	send(t, client, "second")
	server := accept(t, l)
	expect(t, server, "first second")
	send(t, server, "answer")
	expect(t, client, "answer")

	want := Stats{Recorded: 1, Late: 1, Passed: Traffic{Messages: 2, Bytes: 12}}
	if diff := cmp.Diff(want, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
}

// TestFastOpen sends data with the SYN, or as much before the connection is established as the kernel allows.
func TestFastOpen(t *testing.T) {
	for _, test := range []struct {
		name   string
		sysctl string // tcp_fastopen of Documentation/networking/ip-sysctl.rst
		inSYN  bool
	}{
		{"data in the SYN", "519", true}, // client, server, both without a cookie
		{"no cookie yet", "1", false},    // client: a SYN that asks for one, then the data
	} {
		t.Run(test.name, func(t *testing.T) {
			r := attached(t, nil)
			kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", test.sysctl)
			l := listen(t, "tcp4", "127.0.0.1:0", func(fd int) error {
				return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5)
			})
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			to := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port(l)}
			if err := unix.Sendto(fd, []byte("first "), unix.MSG_FASTOPEN, to); err != nil {
				unix.Close(fd)
				t.Fatal(err)
			}
			client := connOf(t, fd)
			if got := synData(t, client); got != test.inSYN {
				t.Fatalf("the SYN carried data: %v, want %v", got, test.inSYN)
			}
			await(t, r, "one end was left to TCP, the other recorded", func(s Stats) bool { return s.Late == 1 && s.Recorded == 1 })
			send(t, client, "second")
			server := accept(t, l)
			expect(t, server, "first second")
			send(t, server, "answer")
			expect(t, client, "answer")
			if got := stats(t, r).Redirected; got != (Traffic{}) {
				t.Errorf("redirected %+v, want nothing", got)
			}
		})
	}
}

// synData reports whether the peer acknowledged data that the SYN carried.
func synData(t *testing.T, c *net.TCPConn) bool {
	t.Helper()
	const tcpiOptSYNData = 32 // TCPI_OPT_SYN_DATA of include/uapi/linux/tcp.h
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info *unix.TCPInfo
	if cerr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return info.Options&tcpiOptSYNData != 0
}

// TestFirstMiss lets the server's socket appear in the map after the client has sent by TCP what the server has not
// read yet.
func TestFirstMiss(t *testing.T) {
	need(t)
	l := listen(t, "tcp4", "127.0.0.1:0", nil) // outside of the cgroup, and so are the sockets that it accepts
	r := attached(t, nil)
	record := func(server *net.TCPConn) {
		t.Helper()
		if err := r.sockets.Update(keyOf(t, server), server, asm.UpdateAny); err != nil {
			t.Fatal(err)
		}
	}

	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	send(t, client, "first ")
	record(server)
	send(t, client, "second")
	expect(t, server, "first second")
	want := Stats{Recorded: 1, Passed: Traffic{Messages: 2, Bytes: 12}}
	if diff := cmp.Diff(want, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}

	// The counterpart: when the server's socket is there before the first message, it is found.
	client = dial(t, "tcp4", nil, l.Addr().String())
	server = accept(t, l)
	record(server)
	send(t, client, "third")
	expect(t, server, "third")
	want.Recorded, want.Redirected = 2, Traffic{Messages: 1, Bytes: 5}
	if diff := cmp.Diff(want, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}

	// The server's socket has no storage, for the program did not record it: it never redirects.
	send(t, server, "fourth")
	expect(t, client, "fourth")
	want.Passed = Traffic{Messages: 3, Bytes: 18}
	if diff := cmp.Diff(want, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
}

// TestPortReuse resets a connection whose server does not notice, and connects again with the same addresses and ports.
func TestPortReuse(t *testing.T) {
	r := attached(t, nil)
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7001} // below the ports that the kernel chooses from
	client := dial(t, "tcp4", local, l.Addr().String())
	old := accept(t, l) // stays open, and in the map
	await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 2 })
	client.SetLinger(0) // close sends a RST
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}

	client = dial(t, "tcp4", local, l.Addr().String())
	server := accept(t, l)
	await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 4 })
	send(t, client, "for the new connection")
	expect(t, server, "for the new connection")
	if n, err := old.Read(make([]byte, 1)); n > 0 {
		t.Errorf("the old connection read %d bytes, %v", n, err)
	}
	if got, want := stats(t, r).Redirected, (Traffic{Messages: 1, Bytes: 22}); got != want {
		t.Errorf("redirected %+v, want %+v", got, want)
	}
}

// TestNamespaces has connections with the same addresses and ports in two network namespaces.
func TestNamespaces(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	r := attached(t, nil)
	const server, client = "127.0.0.1:7000", "127.0.0.1:7001"
	tenants := []string{"tenant A", "tenant B"}
	var clients, servers []*net.TCPConn
	for i := range tenants {
		inNewNamespace(t, func() {
			l := listen(t, "tcp4", server, nil)
			local, err := net.ResolveTCPAddr("tcp4", client)
			if err != nil {
				t.Error(err)
				return
			}
			clients = append(clients, dial(t, "tcp4", local, server))
			servers = append(servers, accept(t, l))
		})
		if len(servers) <= i {
			t.FailNow()
		}
		await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == uint64(2*i+2) })
	}
	for i, text := range tenants {
		send(t, clients[i], text)
		send(t, servers[i], text+" too")
	}
	for i, text := range tenants {
		expect(t, servers[i], text)
		expect(t, clients[i], text+" too")
	}
	if got := stats(t, r).Redirected.Messages; got != 4 {
		t.Errorf("%d messages were redirected, want 4", got)
	}
}

// inNewNamespace calls f on a thread of its own in a new network namespace with lo up. Sockets opened in f are in it.
func inNewNamespace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		if err == nil {
			defer close(done) // also when f ends the goroutine
			f()
			return
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the goroutine in the new namespace hangs")
	}
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
