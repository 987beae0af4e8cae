package bytemod_test

import (
	"bytes"
	"net"
	"slices"
	"testing"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// All byte values with 1 to 16 workers over TCP Fast Open, all at the right listener once the client has the cookie.
func TestFastOpen(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN)
	kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", "3")
	const maxWorkers = 16
	for _, tt := range []struct {
		name, network, address, dial string
		offset                       int
	}{
		{"IPv4", "tcp4", "127.0.0.1:0", "127.0.0.1", 0},
		{"IPv6", "tcp", ":0", "::1", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			right := 0
			for workers := 1; workers <= maxWorkers; workers++ {
				group := listen(t, tt.network, tt.address, &bytemod.Options{Workers: workers, Offset: tt.offset})
				addr := reach(tt.dial, group.Addr())
				arrived := accept(t, group)
				getCookie(t, addr, arrived)
				for value := range 256 {
					sent := payload(tt.offset, byte(value), requestLen)
					client := connect(t, addr, fastOpen, sent)
					got := next(t, arrived)
					client.Close()
					if got.socket != value%workers || !got.inSYN || !bytes.HasPrefix(sent, got.payload) {
						t.Errorf("%d workers, value %d: at listener %d, payload in the SYN: %v", workers, value, got.socket, got.inSYN)
						continue
					}
					right++
				}
				group.Close()
			}
			t.Logf("%d of %d connections at the right listener", right, 256*maxWorkers)
		})
	}
}

// A payload in the SYN counts also when the listener does not take it, and the client has to send it again.
func TestFastOpenNotAccepted(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN)
	kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", "3")
	const workers = 5
	willing := listen(t, "tcp4", "127.0.0.1:0", &bytemod.Options{Workers: 1})
	getCookie(t, willing.Addr().String(), accept(t, willing)) // clients keep it for the host, whatever the port

	group := listen(t, "tcp4", "127.0.0.1:0", &bytemod.Options{Workers: workers, FastOpenQueue: -1})
	arrived := accept(t, group)
	for value := range 256 {
		client := connect(t, group.Addr().String(), fastOpen, payload(0, byte(value), requestLen))
		got := next(t, arrived)
		client.Close()
		if got.socket != value%workers || got.inSYN {
			t.Errorf("value %d: at listener %d, payload in the SYN: %v", value, got.socket, got.inSYN)
		}
	}
}

// Connections without Fast Open are at the listeners where they are without a filter, whatever they send later.
func TestTCPByHash(t *testing.T) {
	const (
		workers = 4
		clients = 64
	)
	for _, network := range []string{"tcp4", "tcp6"} {
		group := listen(t, network, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network],
			&bytemod.Options{Workers: workers})
		arrived := accept(t, group)
		// Ports of the clients, each used twice.
		from := make([]net.Addr, clients)
		where := func() []int {
			sockets := make([]int, clients)
			for i := range from {
				d := net.Dialer{LocalAddr: from[i], Timeout: patience}
				c, err := d.Dial(network, group.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				from[i] = c.LocalAddr()
				write(t, c, []byte{0, 0, 0, 0}) // not for listener 0
				sockets[i] = next(t, arrived).socket
				c.(*net.TCPConn).SetLinger(0) // reset: leaves no TIME_WAIT, the port is free
				c.Close()
			}
			return sockets
		}
		filtered := where()
		detach(t, group.Sockets()[0])
		byHash := where()
		if !slices.Equal(filtered, byHash) {
			t.Errorf("%s: listeners\n%v, by the hash\n%v", network, filtered, byHash)
		}
		if n := used(byHash); n < 2 {
			t.Errorf("%s: %d clients at %d listener of %d: no hash", network, clients, n, workers)
		}
	}
}
