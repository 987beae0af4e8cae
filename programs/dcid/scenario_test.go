package dcid

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/asm/vm/vmtest"
)

// The scenarios are played twice: in the simulator, by everybody, and on the kernel. Both have to come to the same.

const (
	scenarioWorkers = 3
	scenarioClients = 16
)

// server is a group of workers, simulated or real, and clients of it.
type server interface {
	// newCID returns a connection ID of a worker.
	newCID(worker int) []byte
	// send sends a packet from a client, as often as the mode has segments, and returns the worker who got it.
	send(t *testing.T, client int, mode sendMode, packet []byte) int
	closeWorker(t *testing.T, worker int)
	detach(t *testing.T)
}

// sendMode is a way to hand a datagram to the kernel.
type sendMode struct {
	name string
	// segments is how many datagrams one system call sends.
	segments int
	// linear tells whether a program can read the payload between data and data_end.
	linear bool
}

var sendModes = []sendMode{plain, {"UDP_SEGMENT one", 1, false}, {"UDP_SEGMENT three", 3, false}, zerocopy}

var (
	plain    = sendMode{"plain", 1, true}
	zerocopy = sendMode{"MSG_ZEROCOPY", 1, false}
)

var routes = []struct {
	name, network, listen, dial string
}{
	{"IPv4", "udp4", "127.0.0.1:0", "127.0.0.1"},
	{"IPv6", "udp6", "[::1]:0", "::1"},
	{"IPv4 over [::]", "udp", "[::]:0", "127.0.0.1"},
}

// byHash stands for the workers that the clients' packets come to without the program.
const byHash = -1

// step is a packet and the worker who must get it, from every client in every mode.
type step struct {
	packet
	want int
}

// steps are what happens first, and what after worker 1 was closed.
func steps(s server) (before, after []step) {
	for w := range scenarioWorkers {
		before = append(before,
			step{packet{fmt.Sprint("short header, worker ", w), shortPacket(s.newCID(w), nil)}, w},
			step{packet{fmt.Sprint("short header and 1200 bytes, worker ", w), shortPacket(s.newCID(w), make([]byte, 1200))}, w},
			step{packet{fmt.Sprint("long header, worker ", w), longPacket(s.newCID(w), nil)}, w},
			step{packet{fmt.Sprint("long header and 1200 bytes, worker ", w), longPacket(s.newCID(w), make([]byte, 1200))}, w})
	}
	for _, p := range strangers(s.newCID(0)) {
		before = append(before, step{p, byHash})
	}
	after = []step{
		{packet{"worker 0, when worker 1 is closed", shortPacket(s.newCID(0), nil)}, 0},
		{packet{"worker 2, when worker 1 is closed", longPacket(s.newCID(2), nil)}, 2},
		{packet{"worker 1, who is closed", shortPacket(s.newCID(1), nil)}, byHash},
	}
	return before, after
}

// play runs the scenario. What goes by hash is compared with where packets go when the program is taken away: once the
// group has changed, only those of clients can be.
func play(t *testing.T, s server) {
	modes := func(st step) []sendMode {
		var modes []sendMode
		for _, m := range sendModes {
			// Several datagrams are one packet: what is missing in the first is found in the next. And what has no bytes
			// has no segments.
			if st.want != byHash || m.segments == 1 && (len(st.packet.packet) > 0 || m == plain || m == zerocopy) {
				modes = append(modes, m)
			}
		}
		return modes
	}
	got := make(map[string][]int)
	pass := func(steps []step) {
		for _, st := range steps {
			for _, mode := range modes(st) {
				name := st.name + ", " + mode.name
				for client := range scenarioClients {
					got[name] = append(got[name], s.send(t, client, mode, st.packet.packet))
				}
			}
		}
	}
	compare := func(steps []step, hash []int) {
		for _, st := range steps {
			want := hash
			if st.want != byHash {
				want = make([]int, scenarioClients)
				for i := range want {
					want[i] = st.want
				}
			}
			for _, mode := range modes(st) {
				name := st.name + ", " + mode.name
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s: workers (-want +got):\n%s", name, diff)
				}
			}
		}
	}
	before, after := steps(s)
	pass(before)
	known := s.newCID(0)
	s.closeWorker(t, 1)
	pass(after)
	s.detach(t)
	var hash []int
	for client := range scenarioClients {
		hash = append(hash, s.send(t, client, plain, longPacket(known, nil)))
	}
	compare(after, hash)
	hash = got["nothing, plain"] // with one member more: the same for all that is no worker's
	compare(before, hash)
	if sorted := slices.Compact(slices.Sorted(slices.Values(hash))); len(sorted) < 2 {
		t.Errorf("by hash all clients are at worker %v", sorted)
	}
}

// simulated is a server in the simulator.
type simulated struct {
	net     *vm.Network
	workers []*vm.Socket
	group   *vm.Group
	dial    netip.Addr
}

// simulate opens a group of workers with the given program.
func simulate(t *testing.T, listen, dial string, m *vm.Machine) *simulated {
	t.Helper()
	s := &simulated{net: vm.NewNetwork(), dial: netip.MustParseAddr(dial)}
	local := netip.MustParseAddrPort(listen)
	for range scenarioWorkers {
		w, err := s.net.ListenUDP(local, nil)
		if err != nil {
			t.Fatal(err)
		}
		local = w.Local
		s.workers = append(s.workers, w)
		k := makeKey(w.Cookie)
		if err := m.Map(MapName).UpdateSocket(k[:], w, asm.UpdateNoExist); err != nil {
			t.Fatal(err)
		}
	}
	s.group = s.workers[0].Group
	if err := s.group.Attach(m); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *simulated) newCID(worker int) []byte {
	return appendCID(nil, makeKey(s.workers[worker].Cookie), DefaultCIDLength)
}

func (s *simulated) send(t *testing.T, client int, mode sendMode, packet []byte) int {
	t.Helper()
	d := vm.Datagram{
		From: netip.AddrPortFrom(s.dial, uint16(20000+client)), To: netip.AddrPortFrom(s.dial, s.workers[0].Local.Port()),
		Zerocopy: mode == zerocopy,
	}
	for range mode.segments {
		d.Payload = append(d.Payload, packet...)
	}
	if mode != plain && mode != zerocopy {
		d.Segment = len(packet)
	}
	got, err := s.net.Send(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range s.workers {
		if w == got.Socket {
			for range mode.segments {
				if data, ok := w.Receive(); !ok || string(data) != string(packet) {
					t.Fatalf("sent % x, worker %d got % x, %v", packet, i, data, ok)
				}
			}
			return i
		}
	}
	t.Fatalf("nobody got % x", packet)
	return 0
}

func (s *simulated) closeWorker(t *testing.T, worker int) {
	if err := s.workers[worker].Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *simulated) detach(*testing.T) { s.group.Detach() }

// The scenario reaches every branch of the program, on machines of both byte orders.
func TestScenarioSimulated(t *testing.T) {
	p, err := Program(&Options{Workers: scenarioWorkers})
	if err != nil {
		t.Fatal(err)
	}
	coverage := vmtest.NewCoverage(p)
	for _, route := range routes {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(route.name+", "+order.String(), func(t *testing.T) {
				// Strict: the program must not read what it has not written.
				m := coverage.New(t, &vm.Options{Order: order, Strict: true})
				play(t, simulate(t, route.listen, route.dial, m.Machine))
			})
		}
	}
	coverage.Require(t)
}

// A program that reads datagrams in place finds the connection ID in those that are linear, and in no others. That the
// simulator shows it is what its scenarios are worth.
func TestDirectAccessMissesSimulated(t *testing.T) {
	workers, err := vm.NewMap(mapSpec(Options{MaxSockets: scenarioWorkers}), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := vm.New(directAccess(t), &vm.Options{Maps: map[string]*vm.Map{MapName: workers}})
	if err != nil {
		t.Fatal(err)
	}
	s := simulate(t, "127.0.0.1:0", "127.0.0.1", m)
	for _, mode := range sendModes {
		right := 0
		for client := range scenarioClients {
			for w := range scenarioWorkers {
				if s.send(t, client, mode, shortPacket(s.newCID(w), make([]byte, 30))) == w {
					right++
				}
			}
		}
		want := scenarioClients // one worker's share: the hash leads each client to one of them
		if mode.linear {
			want *= scenarioWorkers
		}
		if right != want {
			t.Errorf("%s: %d at the right worker, want %d", mode.name, right, want)
		}
	}
}
