package bytemod_test

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// real is a server on the kernel.
type real struct {
	group   *bytemod.Group[*net.UDPConn]
	clients []*net.UDPConn
	arrived <-chan arrival
}

func (s *real) send(t *testing.T, client int, st step) int {
	t.Helper()
	conn := s.clients[client]
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := setOption(raw, unix.IPPROTO_UDP, unix.UDP_SEGMENT, st.segment); err != nil {
		t.Fatal(err)
	}
	flags, datagrams := 0, 1
	if st.zerocopy {
		flags = unix.MSG_ZEROCOPY
	}
	if st.segment > 0 {
		datagrams = (len(st.payload) + st.segment - 1) / st.segment
	}
	var sendErr error
	if err := raw.Control(func(fd uintptr) { sendErr = unix.Sendto(int(fd), st.payload, flags, nil) }); err != nil || sendErr != nil {
		t.Fatal(err, sendErr)
	}
	var at int
	var payload []byte
	for i := range datagrams {
		got := next(t, s.arrived)
		if i > 0 && got.socket != at {
			t.Errorf("datagrams of one packet are at sockets %d and %d", at, got.socket)
		}
		at, payload = got.socket, append(payload, got.payload...)
	}
	if string(payload) != string(st.payload) {
		t.Errorf("sent % x, received % x", st.payload, payload)
	}
	return at
}

func (s *real) leave(t *testing.T, how string, socket int) {
	t.Helper()
	conn := s.group.Sockets()[socket]
	if how == "close" {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	host := s.clients[0].RemoteAddr().(*net.UDPAddr).AddrPort().Addr()
	var connectErr error
	if err := raw.Control(func(fd uintptr) { connectErr = unix.Connect(int(fd), sockaddr(conn, host)) }); err != nil || connectErr != nil {
		t.Fatal(err, connectErr)
	}
}

// sockaddr is port 9 at the host, in the family of a socket.
func sockaddr(conn *net.UDPConn, host netip.Addr) unix.Sockaddr {
	if local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); local.Is4() {
		return &unix.SockaddrInet4{Port: 9, Addr: host.As4()}
	}
	return &unix.SockaddrInet6{Port: 9, Addr: host.As16()}
}

func (s *real) attach(t *testing.T, p *classic.Program) {
	t.Helper()
	if err := loader.AttachReuseportClassic(s.group.Sockets()[s.last()], p.Raw()); err != nil {
		t.Fatal(err)
	}
}

func (s *real) detach(t *testing.T) { detach(t, s.group.Sockets()[s.last()]) }

// last is a socket that stays in the group in all scenarios.
func (s *real) last() int { return len(s.group.Sockets()) - 1 }

func TestScenarios(t *testing.T) {
	for _, route := range routes {
		for _, sc := range scenarios() {
			t.Run(route.name+", "+sc.name, func(t *testing.T) {
				group := listenPacket(t, route.network, route.address, &bytemod.Options{Workers: sc.workers, Offset: sc.offset})
				s := &real{group: group, arrived: receive(t, group)}
				for range scenarioClients {
					c := dialUDP(t, route.dial, group)
					raw, err := c.SyscallConn()
					if err != nil {
						t.Fatal(err)
					}
					if err := setOption(raw, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1); err != nil {
						t.Fatal(err)
					}
					s.clients = append(s.clients, c)
				}
				play(t, sc, s)
			})
		}
	}
}
