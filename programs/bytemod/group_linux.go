package bytemod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/loader"
)

// Options for Listen and ListenPacket. The zero value, and nil, are the defaults.
type Options struct {
	// Workers is the number of sockets, up to MaxWorkers; 0 stands for runtime.GOMAXPROCS.
	Workers int
	// Offset is where the byte is, 0 to MaxOffset bytes from the start of the payload.
	Offset int
	// FastOpenQueue is how many connections may wait at a listener with a payload received and the handshake not
	// complete (TCP_FASTOPEN), a bound on what clients with forged addresses can take; the kernel lowers it to
	// net.core.somaxconn. 0 stands for DefaultFastOpenQueue, a negative number leaves Fast Open off. For Listen only.
	FastOpenQueue int
}

// DefaultFastOpenQueue is the default of Options.FastOpenQueue.
const DefaultFastOpenQueue = 256

// resolve returns the options with their defaults filled in, and the filter for them.
func (o *Options) resolve() (Options, *classic.Program, error) {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Workers == 0 {
		r.Workers = min(runtime.GOMAXPROCS(0), MaxWorkers)
	}
	p, err := Program(r.Offset, r.Workers)
	return r, p, err
}

// Socket is a UDP socket or a TCP listener.
type Socket interface {
	*net.UDPConn | *net.TCPListener
	io.Closer
	syscall.Conn
}

// Group is the sockets of a server, one for each worker, with the filter attached. Its methods may be called from several
// goroutines.
type Group[S Socket] struct {
	sockets []S
	addr    net.Addr
}

// ListenPacket opens a UDP socket for every worker on a local address, as net.ListenPacket does, and attaches the filter.
// The network is "udp", "udp4" or "udp6". For port 0 the kernel picks a port, the same for all workers.
//
// The address must be free, else the error is EADDRINUSE: also of sockets with SO_REUSEPORT set, whose group the filter
// would take over. Nothing stays open after an error. Datagrams that arrive before ListenPacket returns may be at any
// socket, or lost. Linux 4.5 and later.
func ListenPacket(ctx context.Context, network, address string, opts *Options) (*Group[*net.UDPConn], error) {
	o, program, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	if o.FastOpenQueue != 0 {
		return nil, fmt.Errorf("bytemod: Fast Open queue of %d for %s: it is for TCP", o.FastOpenQueue, network)
	}
	conns, err := reuseport.Config{}.ListenPacket(ctx, network, address, o.Workers)
	if err != nil {
		return nil, fmt.Errorf("bytemod: %w", err)
	}
	return newGroup(conns, conns[0].LocalAddr(), program)
}

// Listen opens a TCP listener for every worker on a local address, as net.Listen does, with TCP Fast Open, and attaches
// the filter. The network is "tcp", "tcp4" or "tcp6". Everything else is as with ListenPacket. Linux 4.6 and later.
func Listen(ctx context.Context, network, address string, opts *Options) (*Group[*net.TCPListener], error) {
	o, program, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	config := reuseport.Config{Control: func(_, _ string, c syscall.RawConn) error { return setFastOpen(c, o.FastOpenQueue) }}
	listeners, err := config.Listen(ctx, network, address, o.Workers)
	if err != nil {
		return nil, fmt.Errorf("bytemod: %w", err)
	}
	return newGroup(listeners, listeners[0].Addr(), program)
}

// setFastOpen sets the length of a listener's Fast Open queue.
func setFastOpen(c syscall.RawConn, queue int) error {
	if queue < 0 {
		return nil
	}
	if queue == 0 {
		queue = DefaultFastOpenQueue
	}
	queue = min(queue, math.MaxInt32) // the kernel lowers it much further
	var err error
	controlErr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_FASTOPEN, queue) })
	return errors.Join(controlErr, os.NewSyscallError("setsockopt TCP_FASTOPEN", err))
}

// newGroup attaches the filter to sockets that are bound, for one that is not bound yet would get a group of its own.
func newGroup[S Socket](sockets []S, addr net.Addr, program *classic.Program) (*Group[S], error) {
	g := &Group[S]{sockets: sockets, addr: addr}
	if err := loader.AttachReuseportClassic(sockets[0], program.Raw()); err != nil {
		g.Close()
		return nil, fmt.Errorf("bytemod: %v: %w", addr, err)
	}
	return g, nil
}

// Sockets returns the sockets: the one at index i gets what has i, modulo their number, in its byte.
func (g *Group[S]) Sockets() []S { return slices.Clone(g.sockets) }

// Addr returns the address that all sockets are bound to.
func (g *Group[S]) Addr() net.Addr { return g.addr }

// Close closes all sockets, the last one first so that no other changes its index meanwhile; those that are closed already
// do not matter. Connections that nobody has accepted yet are reset. Closing again does nothing.
func (g *Group[S]) Close() error {
	var errs []error
	for _, s := range slices.Backward(g.sockets) {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
