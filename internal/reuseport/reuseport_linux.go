// Package reuseport opens groups of sockets that share one address, SO_REUSEPORT, ready for a program that selects
// among them:
//
//	conns, err := reuseport.Config{}.ListenPacket(ctx, "udp", "127.0.0.1:4433", 4)
//
// The kernel numbers the sockets of a group in the order in which they came into it, and so does the slice: conns[i] has
// index i, which is what a classic filter returns. Closing one gives its index to the last of the group
// (reuseport_detach_sock in net/core/sock_reuseport.c).
//
// A group is new: the address must be free, also of sockets with SO_REUSEPORT of the same user. The plain way, every
// socket bound with SO_REUSEPORT set, would join theirs, count indices from where they stop and replace their
// program; and for port 0 the kernel itself picks ports of such UDP sockets (udp_lib_lport_inuse in net/ipv4/udp.c).
// Datagrams and connections that come while the group opens may be lost, as those that came before it were.
package reuseport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxSockets is how many sockets a group takes: it doubles from 128 for as long as 16 bits can count them
// (reuseport_grow in net/core/sock_reuseport.c).
const MaxSockets = 1 << 15

// Config says how to open a group. The zero value is the default.
type Config struct {
	// Control, if not nil, is called for each socket of the group before it is bound, as by net.ListenConfig.
	Control func(network, address string, c syscall.RawConn) error
}

// ListenPacket opens n UDP sockets for an address. The network is "udp", "udp4" or "udp6"; address is as for
// net.ListenPacket, where port 0 stands for one that the kernel picks. An address in use is EADDRINUSE. Linux 3.9 and
// later.
func (c Config) ListenPacket(ctx context.Context, network, address string, n int) ([]*net.UDPConn, error) {
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	return open(c, address, n, func(lc *net.ListenConfig, address string) (*net.UDPConn, net.Addr, error) {
		conn, err := lc.ListenPacket(ctx, network, address)
		if err != nil {
			return nil, nil, err
		}
		return conn.(*net.UDPConn), conn.LocalAddr(), nil
	})
}

// Listen opens n TCP listeners for an address, with "tcp", "tcp4" or "tcp6" as network. They are never MPTCP ones, which
// package net makes by default: those refuse to have a program attached with EOPNOTSUPP.
func (c Config) Listen(ctx context.Context, network, address string, n int) ([]*net.TCPListener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	return open(c, address, n, func(lc *net.ListenConfig, address string) (*net.TCPListener, net.Addr, error) {
		lc.SetMultipathTCP(false)
		l, err := lc.Listen(ctx, network, address)
		if err != nil {
			return nil, nil, err
		}
		return l.(*net.TCPListener), l.Addr(), nil
	})
}

// socket is what both kinds have in common.
type socket interface {
	io.Closer
	syscall.Conn
}

// open opens the sockets one after the other with listen, which returns the address that it got.
func open[S socket](c Config, address string, n int,
	listen func(lc *net.ListenConfig, address string) (S, net.Addr, error)) (group []S, err error) {
	if n < 1 || n > MaxSockets {
		return nil, fmt.Errorf("reuseport group of %d sockets, want 1 to %d", n, MaxSockets)
	}
	// The claim is a socket without SO_REUSEPORT, which gets the address only if nobody has it. Once it has, it lets
	// the group in. A listener has to listen for it: bind alone succeeds for several that have SO_REUSEADDR.
	claim, addr, err := listen(&net.ListenConfig{}, address)
	if err != nil {
		return nil, err
	}
	defer claim.Close()
	raw, err := claim.SyscallConn()
	if err != nil {
		return nil, err
	}
	if err := setReuseport("", "", raw); err != nil {
		return nil, err
	}

	lc := &net.ListenConfig{Control: func(network, address string, raw syscall.RawConn) error {
		if err := setReuseport(network, address, raw); err != nil || c.Control == nil {
			return err
		}
		return c.Control(network, address, raw)
	}}
	for i := range n {
		s, _, err := listen(lc, addr.String())
		if err != nil {
			for _, s := range group {
				s.Close()
			}
			return nil, fmt.Errorf("socket %d of a reuseport group of %d: %w", i, n, err)
		}
		group = append(group, s)
		if i == 0 {
			// The claim has index 0 and this one 1. When it closes, this one moves to 0, and the others follow.
			if err := claim.Close(); err != nil {
				s.Close()
				return nil, err
			}
		}
	}
	return group, nil
}

func setReuseport(_, _ string, c syscall.RawConn) error {
	var err error
	controlErr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(controlErr, os.NewSyscallError("setsockopt SO_REUSEPORT", err))
}
