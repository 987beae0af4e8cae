package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/sandbox"
	"github.com/purebpf/purebpf/programs/sockredir"
)

// redirected is what sockredir did.
type redirected struct {
	sockets, messages traffic
	// packets crossed the loopback device with the redirection at work.
	packets, packetsWithout int
}

// runSockredir redirects the connections of this process, then lets it make as many without.
func runSockredir(s *sandbox.Sandbox) (redirected, error) {
	var none redirected
	cgroup, err := s.Cgroup()
	if err != nil {
		return none, fmt.Errorf("sockredir: %w", err)
	}
	if err := s.Join(cgroup); err != nil {
		return none, fmt.Errorf("sockredir: %w", err)
	}
	r, err := sockredir.Attach(cgroup, nil)
	if err != nil {
		return none, err
	}
	defer r.Close()
	with, err := converse()
	if err != nil {
		return none, fmt.Errorf("sockredir: %w", err)
	}
	stats, err := r.Stats()
	if err != nil {
		return none, err
	}
	if err := r.Close(); err != nil {
		return none, err
	}
	without, err := converse()
	if err != nil {
		return none, fmt.Errorf("sockredir, after it was detached: %w", err)
	}

	// The programs' own counters, TCP's and those of the device must tell the same story.
	switch {
	case stats.Recorded != socketCount || stats.Redirected.Messages != messageCount:
		err = fmt.Errorf("sockredir: recorded %d of %d sockets and redirected %d of %d messages",
			stats.Recorded, socketCount, stats.Redirected.Messages, messageCount)
	case with.packets >= messageCount || without.packets < messageCount:
		err = fmt.Errorf("sockredir: %d packets on loopback for %d messages, %d without it",
			with.packets, messageCount, without.packets)
	}
	return redirected{
		sockets:        traffic{unit: "sockets", sent: socketCount, right: with.sockets, without: without.sockets},
		messages:       traffic{unit: "messages", sent: messageCount, right: with.messages, without: without.messages},
		packets:        with.packets,
		packetsWithout: without.packets,
	}, err
}

// bypass is how much of a conversation TCP did not see.
type bypass struct {
	sockets  int // through which TCP carried nothing
	messages int // that TCP did not carry
	packets  int // that crossed the loopback device all the same
}

// converse makes the connections, one after the other.
func converse() (sum bypass, err error) {
	before, err := loopbackPackets()
	if err != nil {
		return bypass{}, err
	}
	// Sockets of MPTCP, which package net prefers for listeners, are none that can be redirected.
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return bypass{}, err
	}
	listener := l.(*net.TCPListener)
	defer listener.Close()
	for range connections {
		if err := connection(listener, &sum); err != nil {
			return bypass{}, err
		}
	}
	after, err := loopbackPackets()
	if err != nil {
		return bypass{}, err
	}
	sum.packets = after - before
	return sum, nil
}

// connection makes one connection and adds what TCP did not see of it.
func connection(l *net.TCPListener, sum *bypass) error {
	dialed, err := net.DialTimeout("tcp4", l.Addr().String(), patience)
	if err != nil {
		return err
	}
	defer dialed.Close()
	// Once accept returns, both ends are recorded: nothing is sent before, for a message whose receiver is not there
	// yet goes by TCP, and so do all that follow it.
	deadline := time.Now().Add(patience)
	if err := l.SetDeadline(deadline); err != nil {
		return err
	}
	server, err := l.AcceptTCP()
	if err != nil {
		return err
	}
	defer server.Close()
	client := dialed.(*net.TCPConn)
	for _, c := range []*net.TCPConn{client, server} {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	for turn := range turns {
		if err := pass(client, server, byte(turn)); err != nil {
			return err
		}
		if err := pass(server, client, ^byte(turn)); err != nil {
			return err
		}
	}
	for _, c := range []*net.TCPConn{client, server} {
		segments, err := dataSegments(c)
		if err != nil {
			return err
		}
		if segments == 0 {
			sum.sockets++
		}
		sum.messages += max(0, turns-segments)
	}
	return nil
}

// pass sends a message of equal bytes and looks at what arrives.
func pass(from, to *net.TCPConn, value byte) error {
	sent := bytes.Repeat([]byte{value}, messageSize)
	if _, err := from.Write(sent); err != nil {
		return err
	}
	got := make([]byte, messageSize)
	if _, err := io.ReadFull(to, got); err != nil {
		return err
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("%v got other bytes than %v sent", to.LocalAddr(), from.LocalAddr())
	}
	return nil
}

// dataSegments returns how many segments with data TCP has sent for a socket.
func dataSegments(c *net.TCPConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info *unix.TCPInfo
	var infoErr error
	if err := raw.Control(func(fd uintptr) { info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); err != nil {
		return 0, err
	}
	if infoErr != nil {
		return 0, os.NewSyscallError("getsockopt TCP_INFO", infoErr)
	}
	return int(info.Data_segs_out), nil
}

// loopbackPackets returns how many packets the loopback device has sent. It reads /proc, because what /sys shows is the
// network namespace in which it was mounted.
func loopbackPackets() (int, error) {
	devices, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return 0, fmt.Errorf("count packets on loopback: %w", err)
	}
	for line := range strings.Lines(string(devices)) {
		name, counters, _ := strings.Cut(line, ":")
		if fields := strings.Fields(counters); strings.TrimSpace(name) == "lo" && len(fields) > 9 {
			return strconv.Atoi(fields[9]) // after 8 counters of what was received, bytes and packets sent
		}
	}
	return 0, fmt.Errorf("count packets on loopback: no device lo in\n%s", devices)
}
