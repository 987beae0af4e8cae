package bytemod_test

import (
	"bytes"
	"net"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// All byte values with 1 to 16 workers, all at the right socket. The address families, the offset, and the length of
// what follows the byte vary.
func TestUDP(t *testing.T) {
	const maxWorkers = 16
	for _, tt := range []struct {
		name, network, address, dial string
		offset                       int
	}{
		{"IPv4", "udp4", "127.0.0.1:0", "127.0.0.1", 0},
		{"IPv6", "udp6", "[::1]:0", "::1", 3},
		{"IPv4 to dual stack", "udp", ":0", "127.0.0.1", 7},
		{"IPv6 to dual stack", "udp", ":0", "::1", 1199},
	} {
		t.Run(tt.name, func(t *testing.T) {
			right := 0
			for workers := 1; workers <= maxWorkers; workers++ {
				group := listenPacket(t, tt.network, tt.address, &bytemod.Options{Workers: workers, Offset: tt.offset})
				client := dialUDP(t, tt.dial, group)
				arrived := receive(t, group)
				for value := range 256 {
					sent := payload(tt.offset, byte(value), value%3)
					write(t, client, sent)
					got := next(t, arrived)
					if got.socket != value%workers || !bytes.Equal(got.payload, sent) {
						t.Errorf("%d workers, value %d: %d bytes at socket %d", workers, value, len(got.payload), got.socket)
						continue
					}
					right++
				}
				group.Close()
			}
			t.Logf("%d of %d datagrams at the right socket", right, 256*maxWorkers)
		})
	}
}

// Datagrams without the byte, of every length down to 0, are at the sockets where they are without a filter.
func TestUDPShort(t *testing.T) {
	const (
		clients = 64
		offset  = 5
		workers = 4
	)
	for _, dial := range []string{"127.0.0.1", "::1"} {
		group := listenPacket(t, "udp", ":0", &bytemod.Options{Workers: workers, Offset: offset})
		arrived := receive(t, group)
		conns := make([]*net.UDPConn, clients)
		for i := range conns {
			conns[i] = dialUDP(t, dial, group)
		}
		// where sends a datagram from every client and returns the sockets that they are at.
		where := func(length int) []int {
			sockets := make([]int, clients)
			for i, c := range conns {
				write(t, c, bytes.Repeat([]byte{1}, length))
				got := next(t, arrived)
				if len(got.payload) != length {
					t.Fatalf("%d bytes came, %d were sent", len(got.payload), length)
				}
				sockets[i] = got.socket
			}
			return sockets
		}
		var filtered [offset + 1][]int
		for length := range filtered {
			filtered[length] = where(length)
		}
		first := group.Sockets()[0]
		detach(t, first)
		byHash := where(0)
		for length, sockets := range filtered {
			if !slices.Equal(sockets, byHash) {
				t.Errorf("%s, %d bytes: sockets\n%v, by the hash\n%v", dial, length, sockets, byHash)
			}
		}
		if n := used(byHash); n < 2 {
			t.Errorf("%s: %d clients at %d socket of %d: no hash", dial, clients, n, workers)
		}

		// Without the guard the load ends the filter with 0, which is the first socket.
		attach(t, first, func(b *classic.Builder) {
			b.LoadByte(offset)
			b.Mod(workers)
			b.ReturnA()
		})
		for length := range offset + 1 {
			if got := where(length); used(got) != 1 || got[0] != 0 {
				t.Errorf("%s, %d bytes, no guard: sockets %v, want 0: does the guard matter no more?", dial, length, got)
			}
		}
		if got := where(offset + 1); used(got) != 1 || got[0] != 1 {
			t.Errorf("%s, no guard: sockets %v for the byte 1", dial, got)
		}
	}
}

// A socket that joins the group later does not become the one for short datagrams, as it would if the filter returned the
// number of workers.
func TestUDPShortAfterJoin(t *testing.T) {
	const workers = 2
	group := listenPacket(t, "udp4", "127.0.0.1:0", &bytemod.Options{Workers: workers})
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return setOption(c, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}}
	joined, err := config.ListenPacket(t.Context(), "udp4", group.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Close()
	const joinedIndex = workers
	arrived := receiveFrom(t, append(group.Sockets(), joined.(*net.UDPConn)))
	clients := make([]*net.UDPConn, 64)
	for i := range clients {
		clients[i] = dialUDP(t, "127.0.0.1", group)
	}
	where := func() (sockets []int) {
		for _, c := range clients {
			write(t, c, nil)
			sockets = append(sockets, next(t, arrived).socket)
		}
		return sockets
	}
	if got := where(); used(got) < 2 {
		t.Errorf("sockets %v", got)
	}
	attach(t, joined.(*net.UDPConn), func(b *classic.Builder) { b.Return(workers) })
	if got := where(); used(got) != 1 || got[0] != joinedIndex {
		t.Errorf("with the number of workers for no socket: sockets %v, want %d for all", got, joinedIndex)
	}
}

// Datagrams sent with UDP_SEGMENT are one packet that is not linear: all are at the socket of the first one's byte.
func TestUDPSegment(t *testing.T) {
	const (
		workers = 8
		size    = 1200
		offset  = 1000
	)
	for _, dial := range []string{"127.0.0.1", "::1"} {
		group := listenPacket(t, "udp", ":0", &bytemod.Options{Workers: workers, Offset: offset})
		client := dialUDP(t, dial, group)
		raw, err := client.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := setOption(raw, unix.IPPROTO_UDP, unix.UDP_SEGMENT, size); err != nil {
			t.Fatal(err)
		}
		arrived := receive(t, group)
		for value := range 256 {
			first := payload(offset, byte(value), size-offset-1)
			write(t, client, slices.Concat(first, payload(offset, byte(value+1), size-offset-1), []byte("last")))
			for i := range 3 {
				if got := next(t, arrived); got.socket != value%workers {
					t.Errorf("%s, value %d, datagram %d: at socket %d", dial, value, i, got.socket)
				}
			}
		}
	}
}

// What the package comment says of closing a socket.
func TestUDPCloseOne(t *testing.T) {
	const workers = 4
	group := listenPacket(t, "udp4", "127.0.0.1:0", &bytemod.Options{Workers: workers})
	client := dialUDP(t, "127.0.0.1", group)
	arrived := receive(t, group)
	group.Sockets()[1].Close()
	for value, want := range []int{0, workers - 1, 2} {
		write(t, client, []byte{byte(value)})
		if got := next(t, arrived); got.socket != want {
			t.Errorf("value %d: at socket %d, want %d", value, got.socket, want)
		}
	}
	write(t, client, []byte{workers - 1})
	next(t, arrived) // anywhere, not lost
}

// While the group closes, the sockets that are left keep their indices: what is for the first socket never gets to the
// last, which would take the first one's place if that closed before it.
func TestUDPCloseKeepsIndices(t *testing.T) {
	group := listenPacket(t, "udp4", "127.0.0.1:0", &bytemod.Options{Workers: bytemod.MaxWorkers})
	client := dialUDP(t, "127.0.0.1", group)
	last, err := group.Sockets()[bytemod.MaxWorkers-1].SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	strayed := 0
	closed := make(chan error, 1)
	go func() { closed <- group.Close() }()
	for {
		if _, err := client.Write([]byte{0}); err != nil {
			break // refused: no socket is left
		}
		last.Read(func(fd uintptr) (done bool) {
			if _, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_DONTWAIT); err == nil {
				strayed++
			}
			return true
		})
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if strayed > 0 {
		t.Errorf("%d datagrams for the first socket were at the last", strayed)
	}
}

// Nobody needs a privilege.
func TestUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		const workers = 3
		group := listenPacket(t, "udp", ":0", &bytemod.Options{Workers: workers})
		client, arrived := dialUDP(t, "127.0.0.1", group), receive(t, group)
		for value := range 256 {
			write(t, client, []byte{byte(value)})
			if got := next(t, arrived); got.socket != value%workers {
				t.Errorf("value %d: at socket %d", value, got.socket)
			}
		}
		listeners := listen(t, "tcp", ":0", &bytemod.Options{Workers: workers})
		addr := reach("127.0.0.1", listeners.Addr())
		accepted := accept(t, listeners)
		for range 8 {
			connect(t, addr, nil, make([]byte, requestLen)).Close()
			next(t, accepted)
		}
	})
}
