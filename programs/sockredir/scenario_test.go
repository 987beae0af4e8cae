package sockredir

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/asm/vm/vmtest"
	"github.com/purebpf/purebpf/reloc"
)

// The scenarios are played twice: in the simulator, by everybody, and on the kernel. Both have to come to the same.

// scenario is what processes of a cgroup do, and what the programs have counted when all has been said.
type scenario struct {
	name string
	opts *Options
	play func(t *testing.T, w world)
	want Stats
}

// world is a cgroup with the redirection at work.
type world interface {
	// listen opens a server in a network namespace, 0 or 1. Port 0 is one that is free.
	listen(t *testing.T, namespace int, address string, opts serverOptions) listener
	// record puts a socket into the socket map by hand.
	record(t *testing.T, c conn)
	// await waits until so many sockets have been recorded or left to TCP.
	await(t *testing.T, recorded, late, refused int)
}

type serverOptions struct {
	deferAccept bool
	outside     bool // of the cgroup
}

type listener interface {
	// dial connects a process of the cgroup with the server at an address.
	dial(t *testing.T, address string, opts clientOptions) conn
	accept(t *testing.T) conn
}

type clientOptions struct {
	port    int    // the client's, 0 for one that is free
	inSYN   string // TCP Fast Open: data that the SYN carries
	withACK string // data that is sent before the connection is established, but not in the SYN
}

type conn interface {
	send(t *testing.T, text string)
	expect(t *testing.T, text string)
	abort(t *testing.T) // sends a RST
}

// scenarioFamilies are the ways in which two ends of a connection can speak of their addresses.
var scenarioFamilies = []struct{ name, listen, dial string }{
	{"IPv4", "127.0.0.1", "127.0.0.1"},
	{"IPv6", "::1", "::1"},
	{"IPv4 to a dual-stack server", "::", "127.0.0.1"},
	{"dual-stack to an IPv4 server", "127.0.0.1", "::ffff:127.0.0.1"},
	{"IPv4 over dual-stack sockets", "::", "::ffff:127.0.0.1"},
}

func scenarios() []scenario {
	var all []scenario
	for _, f := range scenarioFamilies {
		all = append(all, scenario{
			name: "a conversation, " + f.name,
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, f.listen, serverOptions{})
				client := l.dial(t, f.dial, clientOptions{})
				server := l.accept(t)
				w.await(t, 2, 0, 0)
				client.send(t, "hello")
				server.expect(t, "hello")
				server.send(t, "hello yourself")
				client.expect(t, "hello yourself")
			},
			want: Stats{Recorded: 2, Redirected: Traffic{Messages: 2, Bytes: 19}},
		})
	}
	const ip = "127.0.0.1"
	return append(all, []scenario{
		{
			name: "data reaches the server before it accepts",
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{deferAccept: true})
				client := l.dial(t, ip, clientOptions{})
				client.send(t, "first ")
				w.await(t, 1, 1, 0)
				client.send(t, "second")
				server := l.accept(t)
				server.expect(t, "first second")
				server.send(t, "answer")
				client.expect(t, "answer")
			},
			want: Stats{Recorded: 1, Late: 1, Passed: Traffic{Messages: 2, Bytes: 12}},
		},
		{
			name: "data in the SYN",
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{})
				client := l.dial(t, ip, clientOptions{inSYN: "first "})
				w.await(t, 1, 1, 0)
				client.send(t, "second")
				server := l.accept(t)
				server.expect(t, "first second")
				server.send(t, "answer") // whose peer is not recorded
				client.expect(t, "answer")
			},
			want: Stats{Recorded: 1, Late: 1, Passed: Traffic{Messages: 1, Bytes: 6}},
		},
		{
			name: "data with the handshake's last packet",
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{})
				client := l.dial(t, ip, clientOptions{withACK: "first "})
				w.await(t, 1, 1, 0)
				client.send(t, "second")
				server := l.accept(t)
				server.expect(t, "first second")
				server.send(t, "answer")
				client.expect(t, "answer")
			},
			want: Stats{Recorded: 1, Late: 1, Passed: Traffic{Messages: 1, Bytes: 6}},
		},
		{
			name: "the first miss decides",
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{outside: true})
				client := l.dial(t, ip, clientOptions{})
				server := l.accept(t)
				w.await(t, 1, 0, 0)
				client.send(t, "first ")
				w.record(t, server)
				client.send(t, "second") // would overtake the first if it were redirected
				server.expect(t, "first second")

				client = l.dial(t, ip, clientOptions{})
				server = l.accept(t)
				w.await(t, 2, 0, 0)
				w.record(t, server)
				client.send(t, "third")
				server.expect(t, "third")
				server.send(t, "fourth") // the server has no storage, for the program did not record it
				client.expect(t, "fourth")
			},
			want: Stats{Recorded: 2, Redirected: Traffic{Messages: 1, Bytes: 5}, Passed: Traffic{Messages: 3, Bytes: 18}},
		},
		{
			name: "a port is used again after a reset",
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{})
				client := l.dial(t, ip, clientOptions{port: 7001})
				l.accept(t) // stays open, and in the map
				w.await(t, 2, 0, 0)
				client.abort(t)
				client = l.dial(t, ip, clientOptions{port: 7001})
				server := l.accept(t)
				w.await(t, 4, 0, 0)
				client.send(t, "for the new connection")
				server.expect(t, "for the new connection")
			},
			want: Stats{Recorded: 4, Redirected: Traffic{Messages: 1, Bytes: 22}},
		},
		{
			name: "the same addresses in two namespaces",
			play: func(t *testing.T, w world) {
				var clients, servers []conn
				for namespace := range 2 {
					l := w.listen(t, namespace, ip+":7000", serverOptions{})
					clients = append(clients, l.dial(t, ip, clientOptions{port: 7001}))
					servers = append(servers, l.accept(t))
					w.await(t, 2*namespace+2, 0, 0)
				}
				for i, text := range []string{"tenant A", "tenant B"} {
					clients[i].send(t, text)
					servers[i].send(t, text)
				}
				for i, text := range []string{"tenant A", "tenant B"} {
					servers[i].expect(t, text)
					clients[i].expect(t, text)
				}
			},
			want: Stats{Recorded: 4, Redirected: Traffic{Messages: 4, Bytes: 32}},
		},
		{
			name: "the map is full",
			opts: &Options{MaxEntries: 1},
			play: func(t *testing.T, w world) {
				l := w.listen(t, 0, ip, serverOptions{})
				client := l.dial(t, ip, clientOptions{})
				server := l.accept(t)
				w.await(t, 1, 0, 1)
				for range 2 {
					client.send(t, "ping")
					server.expect(t, "ping")
					server.send(t, "pong")
					client.expect(t, "pong")
				}
			},
			want: Stats{Recorded: 1, Refused: 1, Passed: Traffic{Messages: 2, Bytes: 8}},
		},
	}...)
}

// simulated is a world in the simulator.
type simulated struct {
	order    binary.ByteOrder
	cgroup   *vm.Cgroup
	networks [2]*vm.Network
	maps     map[string]*vm.Map
}

// simulate attaches both programs.
func simulate(t *testing.T, object *reloc.Object, order binary.ByteOrder, coverage map[string]*vmtest.Coverage) *simulated {
	t.Helper()
	w := &simulated{order: order, cgroup: new(vm.Cgroup), maps: make(map[string]*vm.Map)}
	w.networks[0] = vm.NewNetwork()
	w.networks[1] = w.networks[0].Unshare()
	for _, spec := range object.Maps() {
		m, err := vm.NewMap(spec, &vm.MapOptions{Order: order})
		if err != nil {
			t.Fatal(err)
		}
		w.maps[spec.Name] = m
	}
	for name, attach := range map[string]func(*vm.Machine) error{
		RecordProgram: w.cgroup.Attach, RedirectProgram: w.maps[socketsMap].AttachMsg,
	} {
		m := coverage[name].New(t, &vm.Options{Maps: w.maps, Order: order, Strict: true})
		if err := attach(m.Machine); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// stats adds up what the programs have counted.
func (w *simulated) stats(t *testing.T) Stats {
	t.Helper()
	traffic := func(i int) (sum Traffic) {
		key := make([]byte, 4)
		w.order.PutUint32(key, uint32(i))
		values, err := w.maps[countersMap].Lookup(key)
		if err != nil {
			t.Fatal(err)
		}
		for ; len(values) > 0; values = values[counterSize:] {
			sum.Messages += w.order.Uint64(values[counterEvents:])
			sum.Bytes += w.order.Uint64(values[counterBytes:])
		}
		return sum
	}
	return Stats{
		Recorded: traffic(counterRecorded).Messages, Late: traffic(counterLate).Messages, Refused: traffic(counterRefused).Messages,
		Redirected: traffic(counterRedirected), Passed: traffic(counterPassed),
	}
}

func (w *simulated) listen(t *testing.T, namespace int, address string, opts serverOptions) listener {
	t.Helper()
	local, err := netip.ParseAddrPort(address)
	if err != nil {
		local = netip.AddrPortFrom(netip.MustParseAddr(address), 0)
	}
	o := vm.SocketOptions{Cgroup: w.cgroup, DeferAccept: opts.deferAccept}
	if opts.outside {
		o.Cgroup = nil
	}
	l, err := w.networks[namespace].ListenTCP(local, &o)
	if err != nil {
		t.Fatal(err)
	}
	return simulatedListener{w, w.networks[namespace], l}
}

func (w *simulated) record(t *testing.T, c conn) {
	t.Helper()
	s := c.(simulatedConn).Socket
	if err := w.maps[socketsMap].UpdateSocket(expectedKey(w.order, s.NetnsCookie, s.Local, s.Remote), s, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
}

// await has nothing to wait for.
func (w *simulated) await(t *testing.T, recorded, late, refused int) {
	t.Helper()
	got := w.stats(t)
	if want := [3]uint64{uint64(recorded), uint64(late), uint64(refused)}; [3]uint64{got.Recorded, got.Late, got.Refused} != want {
		t.Errorf("recorded, late, refused: %+v, want %v", got, want)
	}
}

type simulatedListener struct {
	world   *simulated
	network *vm.Network
	socket  *vm.Socket
}

func (l simulatedListener) dial(t *testing.T, address string, opts clientOptions) conn {
	t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddr(address), l.socket.Local.Port())
	o := &vm.DialOptions{Cgroup: l.world.cgroup, FastOpen: []byte(opts.inSYN), Early: []byte(opts.withACK)}
	if opts.port != 0 {
		o.Local = netip.AddrPortFrom(to.Addr(), uint16(opts.port))
	}
	c, err := l.network.Dial(to, o)
	if err != nil {
		t.Fatal(err)
	}
	return simulatedConn{c}
}

func (l simulatedListener) accept(t *testing.T) conn {
	t.Helper()
	c := l.socket.Accept()
	if c == nil {
		t.Fatal("nothing to accept")
	}
	return simulatedConn{c}
}

type simulatedConn struct{ *vm.Socket }

func (c simulatedConn) send(t *testing.T, text string) {
	t.Helper()
	if _, err := c.Send([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func (c simulatedConn) expect(t *testing.T, text string) {
	t.Helper()
	var got []byte
	for len(got) < len(text) {
		data, ok := c.Receive()
		if !ok {
			break
		}
		got = append(got, data...)
	}
	if string(got) != text {
		t.Fatalf("read %q, want %q", got, text)
	}
}

func (c simulatedConn) abort(t *testing.T) {
	t.Helper()
	if err := c.Abort(); err != nil {
		t.Fatal(err)
	}
}

// The scenarios reach every branch but those that only the verifier asks for: that an established socket might be none, that
// there might be no memory for its storage, and that an index of the counters might be outside of the array.
func TestScenariosSimulated(t *testing.T) {
	coverage := make(map[string]*vmtest.Coverage)
	for _, sc := range scenarios() {
		object, err := Object(sc.opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range object.Programs() {
			if coverage[p.Name()] == nil {
				coverage[p.Name()] = vmtest.NewCoverage(p)
			}
		}
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(fmt.Sprint(sc.name, ", ", order), func(t *testing.T) {
				w := simulate(t, object, order, coverage)
				sc.play(t, w)
				if diff := cmp.Diff(sc.want, w.stats(t)); diff != "" {
					t.Errorf("statistics (-want +got):\n%s", diff)
				}
			})
		}
	}
	for name, want := range map[string]int{RecordProgram: 3, RedirectProgram: 1} {
		if missed := coverage[name].Missed(); len(missed) != want {
			t.Errorf("%s: missed, want %d:\n%s", name, want, strings.Join(missed, "\n"))
		}
	}
}
