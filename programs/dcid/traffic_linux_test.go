package dcid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// send sends datagrams of size bytes with one call in a mode.
func (m sendMode) send(c *client, payload []byte, size int) error {
	switch m {
	case plain:
		return c.sendPlain(payload)
	case zerocopy:
		return c.sendZerocopy(payload)
	}
	return c.sendSegments(payload, size)
}

// client is a connected socket that sends in every mode.
type client struct {
	fd      int
	port    uint16
	segment int    // UDP_SEGMENT
	notice  []byte // room for a message of the error queue
}

// dial opens n clients, each with a port and so a hash of its own.
func dial(t testing.TB, n int, to netip.AddrPort) []*client {
	t.Helper()
	clients := make([]*client, n)
	for i := range clients {
		family := unix.AF_INET6
		var addr unix.Sockaddr = &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
		if to.Addr().Is4() {
			family, addr = unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
		}
		fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := unix.Connect(fd, addr); err != nil {
			t.Fatal(err)
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1); err != nil {
			t.Fatalf("SO_ZEROCOPY: %v", err)
		}
		local, err := unix.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = &client{fd: fd, notice: make([]byte, 256)}
		switch local := local.(type) {
		case *unix.SockaddrInet4:
			clients[i].port = uint16(local.Port)
		case *unix.SockaddrInet6:
			clients[i].port = uint16(local.Port)
		}
	}
	return clients
}

func (c *client) sendPlain(payload []byte) error {
	if err := c.setSegment(0); err != nil {
		return err
	}
	return unix.Sendto(c.fd, payload, 0, nil)
}

// sendSegments sends datagrams of size bytes with one call. The kernel carries them to the receiving socket in one piece.
func (c *client) sendSegments(payload []byte, size int) error {
	if err := c.setSegment(size); err != nil {
		return err
	}
	return unix.Sendto(c.fd, payload, 0, nil)
}

func (c *client) setSegment(size int) error {
	if c.segment == size {
		return nil
	}
	c.segment = size
	return unix.SetsockoptInt(c.fd, unix.SOL_UDP, unix.UDP_SEGMENT, size)
}

// sendZerocopy lends the pages of payload to the kernel until the datagram has arrived.
func (c *client) sendZerocopy(payload []byte) error {
	if err := c.setSegment(0); err != nil {
		return err
	}
	for {
		err := unix.Sendto(c.fd, payload, unix.MSG_ZEROCOPY, nil)
		// Notices of completion count against the socket's memory (net.core.optmem_max) until they are read.
		if noticed := c.readNotices(); err != unix.ENOBUFS || !noticed {
			return err
		}
	}
}

// readNotices empties the error queue and reports whether anything was there.
func (c *client) readNotices() (any bool) {
	for {
		_, _, _, _, err := unix.Recvmsg(c.fd, nil, c.notice, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return any
		}
		any = true
	}
}

// arrival is a datagram that came out of a worker's socket.
type arrival struct {
	worker  int
	port    uint16 // of the sender
	payload []byte
}

// receive reads the sockets of all workers until they are closed.
func receive(t testing.TB, workers []*Worker) <-chan arrival {
	t.Helper()
	arrivals := make(chan arrival, batchSize)
	for i, w := range workers {
		conn := w.Conn()
		if err := setReceiveBuffer(conn); err != nil {
			t.Fatal(err)
		}
		go func() {
			buf := make([]byte, 2048)
			for {
				n, from, err := conn.ReadFromUDPAddrPort(buf)
				if err != nil {
					if !errors.Is(err, net.ErrClosed) {
						t.Errorf("worker %d: %v", i, err)
					}
					return
				}
				arrivals <- arrival{i, from.Port(), append([]byte(nil), buf[:n]...)}
			}
		}()
	}
	return arrivals
}

// setReceiveBuffer gives a socket room for a whole batch, of which every datagram may count with a page and more.
func setReceiveBuffer(conn *net.UDPConn) (err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, batchSize*64<<10)
	})
	return errors.Join(controlErr, err)
}

// batchSize is how many datagrams are on the way together.
const batchSize = 48

// patience is how long a datagram may take over loopback on a machine that is busy with something else.
const patience = 10 * time.Second

// collect waits for n datagrams.
func collect(t testing.TB, arrivals <-chan arrival, n int) []arrival {
	t.Helper()
	got := make([]arrival, 0, n)
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for len(got) < n {
		select {
		case a := <-arrivals:
			got = append(got, a)
		case <-timeout.C:
			t.Fatalf("%d of %d datagrams arrived within %v", len(got), n, patience)
		}
	}
	return got
}

// score is what became of the datagrams of one run.
type score struct{ sent, right int }

func (s score) String() string { return fmt.Sprintf("%d of %d at the right socket", s.right, s.sent) }

// exchange sends at least n datagrams in the given mode and counts those that arrive at the worker that their connection
// ID is of: from every client, to every worker, with long and short headers, large and small, in all combinations. It
// fails the test when one is lost, doubled or changed.
func exchange(t testing.TB, mode sendMode, clients []*client, cids []func() []byte, arrivals <-chan arrival, n int) (s score) {
	t.Helper()
	packets := []func(cid, payload []byte) []byte{longPacket, shortPacket}
	sizes := []int{1200, 60, 300}
	var turn int
	next := func(of int) int { // the digits of a number that counts up
		digit := turn % of
		turn /= of
		return digit
	}
	for calls := 0; s.sent < n; {
		// What is sent by MSG_ZEROCOPY must stay as it is until it has arrived, so every call has memory of its own.
		want := make(map[string]int, batchSize)
		for ; len(want)+mode.segments <= batchSize && s.sent+len(want) < n; calls++ {
			turn = calls
			worker := next(len(cids))
			packet := packets[next(len(packets))]
			size := sizes[next(len(sizes))]
			client := clients[next(len(clients))]
			id := cids[worker]()
			var payload []byte
			for range mode.segments {
				p := packet(id, nil)
				p = append(p, make([]byte, size-len(p))...)
				binary.BigEndian.PutUint32(p[size-4:], uint32(s.sent+len(want)))
				want[string(p)] = worker
				payload = append(payload, p...)
			}
			if err := mode.send(client, payload, size); err != nil {
				t.Fatalf("send %d bytes: %v", len(payload), err)
			}
		}
		s.sent += len(want)
		for _, a := range collect(t, arrivals, len(want)) {
			worker, ok := want[string(a.payload)]
			if !ok {
				t.Fatalf("worker %d got what was not sent, or twice: % x", a.worker, a.payload)
			}
			delete(want, string(a.payload))
			if worker == a.worker {
				s.right++
			}
		}
	}
	return s
}
