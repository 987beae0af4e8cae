package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
)

// runDCID sends QUIC packets to a group of sockets, each packet with a connection ID that one of them made: with long
// and with short headers, to every socket from every one of 64 ports, as if their connections had migrated.
func runDCID() (traffic, error) {
	group, err := dcid.Listen("udp4", "127.0.0.1:0", &dcid.Options{Workers: workers})
	if err != nil {
		return traffic{}, err
	}
	defer group.Close()
	clients, err := dial(group.Addr(), dcidPorts)
	if err != nil {
		return traffic{}, fmt.Errorf("dcid: %w", err)
	}
	defer closeAll(clients)

	var sockets []*net.UDPConn
	var shots []shot
	for i, w := range group.Workers() {
		sockets = append(sockets, w.Conn())
		for n, client := range clients {
			// A program that reads datagrams in place sees no payload of those sent by UDP_SEGMENT.
			count := 1
			if n%2 == 1 {
				count = dcidSegments
				if err := setOption(client, unix.SOL_UDP, unix.UDP_SEGMENT, dcidSize); err != nil {
					return traffic{}, fmt.Errorf("dcid: set UDP_SEGMENT: %w", err)
				}
			}
			for range dcidRounds {
				for _, header := range []func(cid []byte) []byte{shortHeader, longHeader} {
					s := shot{client: client, socket: i, count: count}
					for range count {
						packet := header(w.NewConnectionID())
						s.payload = append(s.payload, packet...)
						s.payload = append(s.payload, make([]byte, dcidSize-len(packet))...)
					}
					shots = append(shots, s)
				}
			}
		}
	}
	return compare("dcid", sockets, shots)
}

// runBytemod sends a datagram for every value of the first byte from every one of 16 ports.
func runBytemod() (traffic, error) {
	group, err := bytemod.ListenPacket(context.Background(), "udp4", "127.0.0.1:0", &bytemod.Options{Workers: workers})
	if err != nil {
		return traffic{}, err
	}
	defer group.Close()
	clients, err := dial(group.Addr().(*net.UDPAddr), bytemodPorts)
	if err != nil {
		return traffic{}, fmt.Errorf("bytemod: %w", err)
	}
	defer closeAll(clients)

	var shots []shot
	for value := range 256 {
		for _, client := range clients {
			payload := make([]byte, bytemodSize)
			payload[0] = byte(value)
			shots = append(shots, shot{client: client, socket: value % workers, payload: payload, count: 1})
		}
	}
	return compare("bytemod", group.Sockets(), shots)
}

// compare sends everything twice: with the program that selects among the sockets, and without it. Without it a hash of
// the port decides, so what one port sends goes to one socket. Every port sends as much for each socket, so the share that
// is right is that of one socket exactly.
func compare(name string, sockets []*net.UDPConn, shots []shot) (traffic, error) {
	sent, right, err := send(sockets, shots)
	if err != nil {
		return traffic{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := loader.DetachReuseport(sockets[0]); err != nil {
		return traffic{}, err
	}
	_, without, err := send(sockets, shots)
	if err != nil {
		return traffic{}, fmt.Errorf("%s, after it was detached: %w", name, err)
	}
	return traffic{unit: "datagrams", sent: sent, right: right, without: without, chance: sent / len(sockets)}, nil
}

// shot is what a client sends with one system call.
type shot struct {
	client  *net.UDPConn
	payload []byte // of all datagrams; the last 4 bytes of each are free for its number
	count   int    // of datagrams, which are of one size
	socket  int    // where they should go
}

// arrival is a datagram that came out of a socket.
type arrival struct{ socket, number int }

// window is how many datagrams are on the way at a time. The sockets have room for all of them, so none is lost.
const (
	window        = 64
	receiveBuffer = 4 << 20
)

// send sends the shots and counts the datagrams and those that arrive at the right socket.
func send(sockets []*net.UDPConn, shots []shot) (sent, right int, err error) {
	var want []int // by number, the socket
	for _, s := range shots {
		size := len(s.payload) / s.count
		for i := range s.count {
			binary.BigEndian.PutUint32(s.payload[(i+1)*size-4:], uint32(len(want)))
			want = append(want, s.socket)
		}
	}
	arrivals := make(chan arrival, len(want)) // no reader waits
	stop, err := receive(sockets, arrivals)
	if err != nil {
		return 0, 0, err
	}
	defer stop()

	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	arrived := make([]bool, len(want))
	var seen int
	await := func(onTheWay int) error {
		for sent-seen > onTheWay {
			select {
			case a := <-arrivals:
				if a.number >= len(want) || arrived[a.number] {
					return fmt.Errorf("socket %d got a datagram twice, or one that was not sent", a.socket)
				}
				arrived[a.number] = true
				seen++
				if want[a.number] == a.socket {
					right++
				}
			case <-timeout.C:
				return fmt.Errorf("%d of %d datagrams arrived in %v", seen, sent, patience)
			}
		}
		return nil
	}
	for _, s := range shots {
		if err := await(window - s.count); err != nil {
			return 0, 0, err
		}
		if _, err := s.client.Write(s.payload); err != nil {
			return 0, 0, err
		}
		sent += s.count
	}
	return sent, right, await(0)
}

// receive reads the sockets until stop is called.
func receive(sockets []*net.UDPConn, arrivals chan<- arrival) (stop func(), err error) {
	var readers sync.WaitGroup
	stop = func() {
		for _, s := range sockets {
			s.SetReadDeadline(time.Unix(0, 1)) // long ago
		}
		readers.Wait()
	}
	for i, s := range sockets {
		if err := setOption(s, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer); err != nil {
			stop()
			return nil, fmt.Errorf("set SO_RCVBUFFORCE: %w", err)
		}
		if err := s.SetReadDeadline(time.Time{}); err != nil {
			stop()
			return nil, err
		}
		readers.Go(func() {
			buf := make([]byte, 2048)
			for {
				n, err := s.Read(buf)
				if err != nil {
					return // stopped; whatever else it is, send misses what does not arrive
				}
				if n >= 4 {
					arrivals <- arrival{socket: i, number: int(binary.BigEndian.Uint32(buf[n-4:]))}
				}
			}
		})
	}
	return stop, nil
}

// dial opens clients, each of which has a port of its own.
func dial(to *net.UDPAddr, n int) ([]*net.UDPConn, error) {
	var clients []*net.UDPConn
	for range n {
		c, err := net.DialUDP("udp4", nil, to)
		if err != nil {
			closeAll(clients)
			return nil, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

func closeAll(conns []*net.UDPConn) {
	for _, c := range conns {
		c.Close()
	}
}

func setOption(conn syscall.Conn, level, option, value int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, value) })
	return errors.Join(controlErr, os.NewSyscallError("setsockopt", err))
}
