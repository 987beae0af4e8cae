package dcid

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/reloc"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

// listenTest opens a group of four workers and reads from it until the end of the test.
func listenTest(t testing.TB, network, address string, opts *Options) (*Group, <-chan arrival) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	if opts == nil {
		opts = &Options{Workers: 4}
	}
	g, err := Listen(network, address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g, receive(t, g.Workers())
}

// reach returns the group's port at an address.
func reach(g *Group, address string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), g.Addr().AddrPort().Port())
}

// cidsOf returns what makes the connection IDs of each worker.
func cidsOf(g *Group) (cids []func() []byte) {
	for _, w := range g.Workers() {
		cids = append(cids, w.NewConnectionID)
	}
	return cids
}

// ports is how many ports the datagrams of a test come from.
const ports = 16

// Every datagram with a connection ID of a worker comes out of this worker's socket, whatever its sender's port is and
// however it was handed to the kernel.
func TestSelect(t *testing.T) {
	const datagrams = 10_000
	for _, route := range routes {
		t.Run(route.name, func(t *testing.T) {
			g, arrivals := listenTest(t, route.network, route.listen, nil)
			for _, mode := range sendModes {
				t.Run(mode.name, func(t *testing.T) {
					clients := dial(t, ports, reach(g, route.dial))
					if got := exchange(t, mode, clients, cidsOf(g), arrivals, datagrams); got.right != got.sent || got.sent < datagrams {
						t.Errorf("%v, want all of at least %d", got, datagrams)
					}
				})
			}
		})
	}
}

// The shortest and the longest connection IDs work as those of the default length do.
func TestSelectCIDLength(t *testing.T) {
	for _, length := range []int{MinCIDLength, MinCIDLength + 1, MaxCIDLength - 1} {
		g, arrivals := listenTest(t, "udp4", "127.0.0.1:0", &Options{Workers: 3, CIDLength: length})
		clients := dial(t, ports, reach(g, "127.0.0.1"))
		for _, mode := range sendModes {
			if got := exchange(t, mode, clients, cidsOf(g), arrivals, 500); got.right != got.sent {
				t.Errorf("length %d: %s: %v, want all", length, mode.name, got)
			}
		}
	}
}

// TestDirectAccessMisses shows that the other tests can fail, and why the program copies: a selector with direct access
// finds the connection ID in none of the datagrams that are not linear. Every client's hash leads to one of four workers,
// which is the right one for a quarter of what it sends.
func TestDirectAccessMisses(t *testing.T) {
	const combinations = 4 * 2 * 3 * ports // of exchange
	for _, route := range routes {
		g, arrivals := listenTest(t, route.network, route.listen, nil)
		linked, err := reloc.Link(directAccess(t), reloc.Symbols{MapName: reloc.Map(g.sockets.FD(), g.sockets.Spec())})
		if err != nil {
			t.Fatal(err)
		}
		program, err := loader.Load(linked, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		if err := loader.AttachReuseport(g.workers[0].conn, program); err != nil {
			t.Fatal(err)
		}
		for _, mode := range sendModes {
			clients := dial(t, ports, reach(g, route.dial))
			sent := combinations * mode.segments
			want := score{sent, sent}
			if !mode.linear {
				want.right /= 4
			}
			if got := exchange(t, mode, clients, cidsOf(g), arrivals, sent); got != want {
				t.Errorf("%s, %s: %v, want %v", route.name, mode.name, got, want)
			}
		}
	}
}

// What has no connection ID of the group's length goes where it would go without the program, and is not lost.
func TestKernelsChoice(t *testing.T) {
	g, arrivals := listenTest(t, "udp4", "127.0.0.1:0", nil)
	cid := g.Workers()[0].NewConnectionID()
	tests := strangers(cid)
	clients := dial(t, 2*ports, reach(g, "127.0.0.1"))
	// choices returns the worker that each client's packets come to.
	choices := func(mode sendMode, packet []byte) map[uint16]int {
		for _, c := range clients {
			if err := mode.send(c, packet, len(packet)); err != nil {
				t.Fatal(err)
			}
		}
		got := make(map[uint16]int)
		for _, a := range collect(t, arrivals, len(clients)) {
			if string(a.payload) != string(packet) {
				t.Fatalf("sent % x, worker %d got % x", packet, a.worker, a.payload)
			}
			got[a.port] = a.worker
		}
		return got
	}

	all := make(map[uint16]int)
	for _, c := range clients {
		all[c.port] = 0
	}
	if d := cmp.Diff(all, choices(sendModes[0], longPacket(cid, nil))); d != "" {
		t.Errorf("a complete connection ID (-want +got):\n%s", d)
	}
	got := make(map[string]map[uint16]int)
	for _, tt := range tests {
		for _, mode := range sendModes {
			if mode.segments == 1 {
				got[fmt.Sprint(tt.name, ", ", mode.name)] = choices(mode, tt.packet)
			}
		}
	}
	if err := loader.DetachReuseport(g.workers[0].conn); err != nil {
		t.Fatal(err)
	}
	want := choices(sendModes[0], longPacket(cid, nil))
	if cmp.Equal(all, want) {
		t.Fatal("without the program the packets of all ports went to worker 0 too")
	}
	for name, got := range got {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-without the program +with it):\n%s", name, d)
		}
	}
}
