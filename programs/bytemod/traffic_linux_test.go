package bytemod_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// patience bounds every wait for what should be there at once.
const patience = 10 * time.Second

// requestLen is how many bytes a client of these tests sends at the least.
const requestLen = 4

// listenPacket opens a group that the end of the test closes.
func listenPacket(t *testing.T, network, address string, opts *bytemod.Options) *bytemod.Group[*net.UDPConn] {
	t.Helper()
	group, err := bytemod.ListenPacket(t.Context(), network, address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { group.Close() })
	return group
}

// dialUDP returns a client of the group at the host.
func dialUDP(t *testing.T, host string, group *bytemod.Group[*net.UDPConn]) *net.UDPConn {
	t.Helper()
	c, err := net.Dial("udp", reach(host, group.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.UDPConn)
}

// reach returns the address of a host with the port of addr.
func reach(host string, addr net.Addr) string {
	_, port, _ := net.SplitHostPort(addr.String())
	return net.JoinHostPort(host, port)
}

func write(t *testing.T, c net.Conn, payload []byte) {
	t.Helper()
	if _, err := c.Write(payload); err != nil {
		t.Fatal(err)
	}
}

// arrival is a datagram, or a connection and the first it sent.
type arrival struct {
	socket  int // index
	payload []byte
	inSYN   bool // the payload was in the packet that opened the connection, and was accepted
	err     error
}

// receive reads all sockets of a group until they are closed.
func receive(t *testing.T, group *bytemod.Group[*net.UDPConn]) <-chan arrival {
	return receiveFrom(t, group.Sockets())
}

func receiveFrom(t *testing.T, conns []*net.UDPConn) <-chan arrival {
	arrived := make(chan arrival, 1024) // more than any test sends before it looks, so that no reader hangs
	for i, c := range conns {
		go func() {
			buf := make([]byte, 2048)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				arrived <- arrival{socket: i, payload: bytes.Clone(buf[:n])}
			}
		}()
	}
	return arrived
}

func next(t *testing.T, arrived <-chan arrival) arrival {
	t.Helper()
	select {
	case a := <-arrived:
		if a.err != nil {
			t.Fatal(a.err)
		}
		return a
	case <-time.After(patience):
		t.Fatal("nothing arrived")
		return arrival{}
	}
}

// used returns how many different sockets there are.
func used(sockets []int) int {
	return len(slices.Compact(slices.Sorted(slices.Values(sockets))))
}

func setOption(c syscall.RawConn, level, option, value int) (err error) {
	controlErr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, value) })
	return errors.Join(controlErr, err)
}

// detach leaves a group to the hash.
func detach(t *testing.T, c syscall.Conn) {
	t.Helper()
	if err := loader.DetachReuseport(c); err != nil {
		t.Fatal(err)
	}
}

// attach replaces the filter of a group.
func attach(t *testing.T, c syscall.Conn, build func(b *classic.Builder)) {
	t.Helper()
	b := classic.NewBuilder(strings.ReplaceAll(t.Name(), "/", "_"))
	build(b)
	program, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if err := loader.AttachReuseportClassic(c, program.Raw()); err != nil {
		t.Fatal(err)
	}
}

// listen opens a group that the end of the test closes.
func listen(t *testing.T, network, address string, opts *bytemod.Options) *bytemod.Group[*net.TCPListener] {
	t.Helper()
	group, err := bytemod.Listen(t.Context(), network, address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { group.Close() })
	return group
}

// getCookie makes the first connection, which has no payload in its SYN.
func getCookie(t *testing.T, addr string, arrived <-chan arrival) {
	t.Helper()
	client := connect(t, addr, fastOpen, make([]byte, requestLen))
	next(t, arrived)
	client.Close()
}

// fastOpen makes connect(2) wait for the first write, when the client has a cookie for the server, and send both together.
func fastOpen(_, _ string, c syscall.RawConn) error {
	return setOption(c, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1)
}

// connect returns a connection on which the request was sent.
func connect(t *testing.T, addr string, option func(_, _ string, c syscall.RawConn) error, request []byte) net.Conn {
	t.Helper()
	d := net.Dialer{Control: option, Timeout: patience}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	write(t, c, request)
	return c
}

// accept takes all connections of a group until it is closed, with the first bytes each sends.
func accept(t *testing.T, group *bytemod.Group[*net.TCPListener]) <-chan arrival {
	arrived := make(chan arrival, 64)
	for i, l := range group.Sockets() {
		go func() {
			for {
				c, err := l.AcceptTCP()
				if err != nil {
					return
				}
				a := request(c)
				a.socket = i
				c.Close()
				arrived <- a
			}
		}()
	}
	return arrived
}

// request reads what a client sends first.
func request(c *net.TCPConn) (a arrival) {
	raw, err := c.SyscallConn()
	if err != nil {
		a.err = err
		return a
	}
	controlErr := raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			const synData = 32 // TCPI_OPT_SYN_DATA of linux/tcp.h
			a.inSYN = info.Options&synData != 0
		}
	})
	if a.err = errors.Join(controlErr, err); a.err != nil {
		return a
	}
	a.payload = make([]byte, requestLen)
	c.SetReadDeadline(time.Now().Add(patience))
	_, a.err = io.ReadFull(c, a.payload)
	return a
}
