package elf_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
)

// patience bounds every wait, also on a machine that is busy with something else.
const patience = 60 * time.Second

// The turn-key programs do their work whoever loads them: traffic has to pass the same checks.
func TestTraffic(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	traffic := map[string]func(*testing.T, pins){"dcid": selectByDCID, "bytemod": selectByByte, "sockredir": redirectMessages}
	for _, way := range ways {
		for _, o := range turnKey(t) {
			t.Run(way.name+" "+o.name, func(t *testing.T) {
				dir := filepath.Join(kerneltest.BPFFS(t), o.name)
				way.pin(t, o.object, dir)
				traffic[o.name](t, pins{dir, o.object})
			})
		}
	}
}

// pins is a directory with what was loaded of an object.
type pins struct {
	dir    string
	object *reloc.Object
}

func (p pins) program(t *testing.T, name string) *loader.Program {
	t.Helper()
	spec, ok := p.object.Program(name)
	if !ok {
		t.Fatalf("the object has no program %s", name)
	}
	program, err := loader.OpenPinned(filepath.Join(p.dir, name), &loader.OpenOptions{Type: spec.Type(), AttachType: spec.AttachType()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return program
}

func (p pins) openMap(t *testing.T, name string) *maps.Raw {
	t.Helper()
	m, err := maps.OpenPinned(filepath.Join(p.dir, name), maps.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// selectByDCID sends short and long headers with connection IDs of every worker, one datagram at a time and three in one
// piece (UDP_SEGMENT), of which a program sees the UDP header only.
func selectByDCID(t *testing.T, p pins) {
	sockets, err := maps.ViewSockets[[8]byte](p.openMap(t, dcid.MapName))
	if err != nil {
		t.Fatal(err)
	}
	conns := udpGroup(t)
	var keys [][8]byte
	for _, conn := range conns {
		var key [8]byte
		binary.BigEndian.PutUint64(key[:], cookie(t, conn))
		if err := sockets.Update(key, conn, asm.UpdateNoExist); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	attachReuseport(t, conns, p.program(t, "select_by_dcid"))
	arrived := receive(conns)
	for client := range 8 { // each has a port, and so a hash of its own
		conn := dialUDP(t, conns[0])
		for worker, key := range keys {
			cid := append(key[:], bytes.Repeat([]byte{byte(client)}, dcid.DefaultCIDLength-len(key))...)
			short := append([]byte{0x40}, cid...)
			long := append([]byte{0xc0, 0, 0, 0, 1, byte(len(cid))}, cid...)
			for _, header := range [][]byte{short, long} {
				datagram := append(header, make([]byte, 1200-len(header))...)
				for _, n := range []int{1, 3} {
					setInt(t, conn, unix.SOL_UDP, unix.UDP_SEGMENT, len(datagram))
					send(t, conn, bytes.Repeat(datagram, n))
					for range n {
						if got := next(t, arrived); got.socket != worker || !bytes.Equal(got.payload, datagram) {
							t.Errorf("header %#x of worker %d, %d in one piece: %d bytes at worker %d", header[0], worker, n, len(got.payload), got.socket)
						}
					}
				}
			}
		}
	}
}

// selectByByte sends datagrams with every value of their first byte.
func selectByByte(t *testing.T, p pins) {
	conns := udpGroup(t)
	attachReuseport(t, conns, p.program(t, p.object.Programs()[0].Name()))
	arrived := receive(conns)
	conn := dialUDP(t, conns[0])
	for value := range 256 {
		sent := append([]byte{byte(value)}, "and more"...)
		send(t, conn, sent)
		if got := next(t, arrived); got.socket != value%len(conns) || !bytes.Equal(got.payload, sent) {
			t.Errorf("value %d: %d bytes at socket %d", value, len(got.payload), got.socket)
		}
	}
}

// redirectMessages exchanges data over a TCP connection inside a cgroup. They are all redirected, and lo sees no packets.
func redirectMessages(t *testing.T, p pins) {
	const size = 1 << 20
	cgroup := kerneltest.CgroupJoin(t)
	redirect, err := loader.AttachSocketMap(p.openMap(t, "sockets"), p.program(t, sockredir.RedirectProgram))
	if err != nil {
		t.Fatal(err)
	}
	defer redirect.Close()
	record, err := loader.AttachCgroup(cgroup, p.program(t, sockredir.RecordProgram))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	counters, err := maps.ViewPerCPU[uint32, [2]uint64](p.openMap(t, "counters"))
	if err != nil {
		t.Fatal(err)
	}
	// count adds up a counter's events and bytes, see package sockredir.
	count := func(i uint32) (sum [2]uint64) {
		values, err := counters.Lookup(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			sum[0] += v[0]
			sum[1] += v[1]
		}
		return sum
	}
	const recorded, late, refused, redirected, passed = 0, 1, 2, 3, 4

	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for deadline := time.Now().Add(patience); count(recorded)[0] < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the ends of the connection are not recorded")
		}
	}
	packets := loopbackPackets(t)
	if err := errors.Join(transfer(client, server, size), transfer(server, client, size)); err != nil {
		t.Error(err)
	}
	if n := loopbackPackets(t) - packets; n > 10 {
		t.Errorf("%d packets on lo for redirected data, want a handful", n)
	}
	if got := count(redirected)[1]; got != 2*size {
		t.Errorf("%d bytes were redirected, want %d", got, 2*size)
	}
	for _, i := range []uint32{late, refused, passed} {
		if got := count(i); got != [2]uint64{} {
			t.Errorf("counter %d has %d, want none", i, got)
		}
	}
}

// transfer sends n bytes and compares what comes.
func transfer(from, to net.Conn, n int) error {
	sent := make([]byte, n)
	for i := range sent {
		sent[i] = byte(i * i >> 5)
	}
	written := make(chan error, 1)
	go func() {
		_, err := from.Write(sent)
		written <- err
	}()
	got := make([]byte, n)
	to.SetReadDeadline(time.Now().Add(patience))
	_, err := io.ReadFull(to, got)
	if err == nil && !bytes.Equal(got, sent) {
		err = errors.New("other bytes came than were sent")
	}
	if err != nil {
		from.Close()
	}
	return errors.Join(err, <-written)
}

// udpGroup opens four sockets on one port.
func udpGroup(t *testing.T) []*net.UDPConn {
	t.Helper()
	conns, err := reuseport.Config{}.ListenPacket(context.Background(), "udp4", "127.0.0.1:0", 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		t.Cleanup(func() { c.Close() })
	}
	return conns
}

func attachReuseport(t *testing.T, conns []*net.UDPConn, p *loader.Program) {
	t.Helper()
	if err := loader.AttachReuseport(conns[0], p); err != nil {
		t.Fatal(err)
	}
}

func dialUDP(t *testing.T, to *net.UDPConn) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, to.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, payload []byte) {
	t.Helper()
	if _, err := c.Write(payload); err != nil {
		t.Fatal(err)
	}
}

// arrival is a datagram at a socket of a group.
type arrival struct {
	socket  int
	payload []byte
}

// receive reads all sockets until they are closed.
func receive(conns []*net.UDPConn) <-chan arrival {
	arrived := make(chan arrival, 64)
	for i, c := range conns {
		go func() {
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				arrived <- arrival{i, bytes.Clone(buf[:n])}
			}
		}()
	}
	return arrived
}

func next(t *testing.T, arrived <-chan arrival) arrival {
	t.Helper()
	select {
	case a := <-arrived:
		return a
	case <-time.After(patience):
		t.Fatal("nothing arrived")
		return arrival{}
	}
}

func setInt(t *testing.T, c syscall.Conn, level, option, value int) {
	t.Helper()
	control(t, c, func(fd int) error { return unix.SetsockoptInt(fd, level, option, value) })
}

func cookie(t *testing.T, c syscall.Conn) (cookie uint64) {
	t.Helper()
	control(t, c, func(fd int) (err error) {
		cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		return err
	})
	return cookie
}

func control(t *testing.T, c syscall.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var inner error
	if err := errors.Join(raw.Control(func(fd uintptr) { inner = f(int(fd)) }), inner); err != nil {
		t.Fatal(err)
	}
}

// loopbackPackets returns how many packets lo has received.
func loopbackPackets(t *testing.T) (n uint64) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, counters, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != "lo" {
			continue
		}
		var bytes uint64
		if _, err := fmt.Sscan(counters, &bytes, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Fatalf("no lo in\n%s", text)
	return 0
}
