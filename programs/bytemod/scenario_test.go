package bytemod_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/asm/vm/vmtest"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// The scenarios are played twice: in the simulator, by everybody, and on the kernel. Both have to come to the same.

// scenario is a group of workers and what happens to it.
type scenario struct {
	name            string
	workers, offset int
	steps           []step
}

// step sends datagrams with one call, from every client, after something has happened to a socket.
type step struct {
	leave    string // "": nothing. Or what is called on socket, close or connect
	socket   int
	payload  []byte
	segment  int // UDP_SEGMENT
	zerocopy bool
	want     int // the socket, by the order in which they were opened, or byHash
}

// byHash stands for the socket that the kernel selects without a program.
const byHash = -1

const scenarioClients = 8

var routes = []struct{ name, network, address, dial string }{
	{"IPv4", "udp4", "127.0.0.1:0", "127.0.0.1"},
	{"IPv6", "udp6", "[::1]:0", "::1"},
	{"IPv4 to dual stack", "udp", "[::]:0", "127.0.0.1"},
}

func scenarios() []scenario {
	all := scenario{name: "all values", workers: 5, offset: 2}
	for value := range 256 {
		all.steps = append(all.steps, step{payload: payload(2, byte(value), value%3), want: value % 5})
	}
	short := scenario{name: "too short", workers: 4, offset: 5}
	for length := range 5 + 1 {
		short.steps = append(short.steps, step{payload: slices.Repeat([]byte{1}, length), want: byHash})
	}
	return []scenario{all, short,
		{name: "not linear", workers: 4, offset: 3, steps: []step{
			{payload: payload(3, 6, 1196), zerocopy: true, want: 2},
			{payload: payload(3, 7, 1196), segment: 1200, want: 3},
			{payload: []byte{0, 0, 0}, zerocopy: true, want: byHash},
		}},
		{name: "several datagrams in one packet", workers: 4, offset: 3, steps: []step{
			{payload: slices.Concat(payload(3, 5, 4), payload(3, 6, 4), []byte{7}), segment: 8, want: 1},
			{payload: []byte{0, 0, 1, 2, 3, 3}, segment: 2, want: 2}, // the byte of the second one
		}},
		{name: "sockets leave", workers: 4, steps: []step{
			{payload: []byte{1}, want: 1},
			{leave: "close", socket: 1, payload: []byte{0}, want: 0},
			{payload: []byte{1}, want: 3}, // the last one takes the index of the one that is gone
			{payload: []byte{2}, want: 2},
			{payload: []byte{3}, want: byHash},
			{leave: "connect", socket: 0, payload: []byte{0}, want: 2},
			{payload: []byte{1}, want: 3},
			{payload: []byte{2}, want: byHash},
		}},
	}
}

// server is a group of sockets, simulated or real, and clients of it.
type server interface {
	// send returns the socket that all datagrams of a step are at.
	send(t *testing.T, client int, s step) int
	leave(t *testing.T, how string, socket int)
	attach(t *testing.T, p *classic.Program)
	detach(t *testing.T)
}

// play runs a scenario.
func play(t *testing.T, sc scenario, s server) {
	t.Helper()
	program, err := bytemod.Program(sc.offset, sc.workers)
	if err != nil {
		t.Fatal(err)
	}
	s.attach(t, program)
	for i, st := range sc.steps {
		if st.leave != "" {
			s.leave(t, st.leave, st.socket)
		}
		got, want := make([]int, scenarioClients), make([]int, scenarioClients)
		for client := range got {
			got[client], want[client] = s.send(t, client, st), st.want
		}
		if st.want == byHash {
			s.detach(t)
			for client := range want {
				want[client] = s.send(t, client, st)
			}
			s.attach(t, program)
		}
		if !slices.Equal(got, want) {
			t.Errorf("step %d, payload % x: at sockets %v, want %v", i, st.payload, got, want)
		}
	}
}

// simulated is a server in the simulator.
type simulated struct {
	net     *vm.Network
	sockets []*vm.Socket
	group   *vm.Group
	dial    netip.Addr
}

func (s *simulated) send(t *testing.T, client int, st step) int {
	t.Helper()
	got, err := s.net.Send(vm.Datagram{
		From:    netip.AddrPortFrom(s.dial, uint16(20000+client)),
		To:      netip.AddrPortFrom(s.dial, s.sockets[0].Local.Port()),
		Payload: st.payload, Segment: st.segment, Zerocopy: st.zerocopy,
	})
	if err != nil {
		t.Fatal(err)
	}
	var arrived []byte
	for {
		data, ok := got.Socket.Receive()
		if !ok {
			break
		}
		arrived = append(arrived, data...)
	}
	if string(arrived) != string(st.payload) {
		t.Errorf("sent % x, received % x", st.payload, arrived)
	}
	return slices.Index(s.sockets, got.Socket)
}

func (s *simulated) leave(t *testing.T, how string, socket int) {
	t.Helper()
	leave := s.sockets[socket].Close
	if how == "connect" {
		leave = func() error { return s.sockets[socket].Connect(netip.AddrPortFrom(s.dial, 9)) }
	}
	if err := leave(); err != nil {
		t.Fatal(err)
	}
}

func (s *simulated) attach(_ *testing.T, p *classic.Program) {
	s.group.AttachClassic(vm.NewClassic(p, nil))
}

func (s *simulated) detach(*testing.T) { s.group.Detach() }

func TestScenariosSimulated(t *testing.T) {
	for _, route := range routes {
		for _, sc := range scenarios() {
			t.Run(route.name+", "+sc.name, func(t *testing.T) {
				s := &simulated{net: vm.NewNetwork(), dial: netip.MustParseAddr(route.dial)}
				local := netip.MustParseAddrPort(route.address)
				for range sc.workers {
					w, err := s.net.ListenUDP(local, nil)
					if err != nil {
						t.Fatal(err)
					}
					local = w.Local
					s.sockets = append(s.sockets, w)
				}
				s.group = s.sockets[sc.workers-1].Group
				play(t, sc, s)
			})
		}
	}
}

// Every branch of the program, by hand.
func TestCoverage(t *testing.T) {
	p, err := bytemod.Program(2, 5)
	if err != nil {
		t.Fatal(err)
	}
	r := vmtest.NewClassic(t, p, nil)
	r.Want(&vm.SKBContext{Data: []byte{0, 0, 14}}, 14%5)
	r.Want(&vm.SKBContext{Data: []byte{0, 0}}, 0xffffffff)
	r.Coverage.Require(t)
}

// All byte values with 1 to 16 listeners, over TCP Fast Open: what TestFastOpen does on the kernel.
func TestFastOpenSimulated(t *testing.T) {
	const maxWorkers, offset = 16, 3
	for workers := 1; workers <= maxWorkers; workers++ {
		net := vm.NewNetwork()
		var listeners []*vm.Socket
		for range workers {
			l, err := net.ListenTCP(netip.MustParseAddrPort("[::]:80"), nil)
			if err != nil {
				t.Fatal(err)
			}
			listeners = append(listeners, l)
		}
		p, err := bytemod.Program(offset, workers)
		if err != nil {
			t.Fatal(err)
		}
		listeners[0].Group.AttachClassic(vm.NewClassic(p, nil))
		for value := range 256 {
			sent := payload(offset, byte(value), 4)
			client, err := net.Dial(netip.MustParseAddrPort("127.0.0.1:80"), &vm.DialOptions{FastOpen: sent})
			if err != nil {
				t.Fatal(err)
			}
			accepted := listeners[value%workers].Accept()
			if accepted == nil || accepted.Peer() != client {
				t.Fatalf("%d workers, value %d: not at listener %d", workers, value, value%workers)
			}
			if got, ok := accepted.Receive(); !ok || string(got) != string(sent) {
				t.Errorf("received % x, %v", got, ok)
			}
		}
		// Without data in the SYN the hash decides.
		used := make(map[int]int)
		for range 100 {
			if _, err := net.Dial(netip.MustParseAddrPort("127.0.0.1:80"), nil); err != nil {
				t.Fatal(err)
			}
			used[slices.IndexFunc(listeners, func(l *vm.Socket) bool { return l.Accept() != nil })]++
		}
		if want := min(workers, 2); len(used) < want || used[-1] > 0 {
			t.Errorf("%d workers, without Fast Open: %v", workers, used)
		}
	}
}
