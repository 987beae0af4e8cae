package dcid

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// Group is the sockets of a server: one for each worker, all bound to the same address, with the selector attached.
type Group struct {
	workers []*Worker
	byKey   map[key]*Worker
	sockets *maps.Sockets[key]
}

// Worker is one socket of a group and the connection IDs that lead to it. Its methods may be called from several
// goroutines.
type Worker struct {
	conn      *net.UDPConn
	key       key
	cidLength int
}

// Listen opens a socket for every worker on a local UDP address, as net.ListenPacket does, and attaches the selector.
// The network is "udp", "udp4" or "udp6". For port 0 the kernel picks a port, the same for all workers.
//
// Errors keep the errno: EADDRINUSE when any other socket has the address; EPERM when the
// process lacks CAP_BPF or CAP_NET_ADMIN, of which the error says so. Nothing stays open after an error.
func Listen(network, address string, opts *Options) (*Group, error) {
	g, err := listen(network, address, opts)
	if err != nil {
		return nil, fmt.Errorf("dcid: listen on %s %s: %w", network, address, err)
	}
	return g, nil
}

func listen(network, address string, opts *Options) (_ *Group, err error) {
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	o, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	g := &Group{byKey: make(map[key]*Worker, o.Workers)}
	defer func() {
		if err != nil {
			g.Close()
		}
	}()
	// The map and the program come first: a process that may not have them opens no socket.
	program, err := g.load(o)
	if err != nil {
		return nil, err
	}
	defer program.Close() // the group of sockets keeps it
	conns, err := reuseport.Config{}.ListenPacket(context.Background(), network, address, o.Workers)
	if err != nil {
		return nil, err
	}
	for _, conn := range conns {
		g.workers = append(g.workers, &Worker{conn: conn, cidLength: o.CIDLength})
	}
	for i, w := range g.workers {
		cookie, err := socketCookie(w.conn)
		if err != nil {
			return nil, fmt.Errorf("worker %d: %w", i, err)
		}
		w.key = makeKey(cookie)
		g.byKey[w.key] = w
		if err := g.sockets.Update(w.key, w.conn, asm.UpdateNoExist); err != nil {
			return nil, fmt.Errorf("worker %d: %w", i, err)
		}
	}
	// Once all are bound: with a program, a socket that is not bound yet has a reuseport group of its own, and bind does
	// not merge groups (EADDRINUSE).
	if err := loader.AttachReuseport(g.workers[0].conn, program); err != nil {
		return nil, err
	}
	return g, nil
}

// load creates the map and loads the program that refers to it.
func (g *Group) load(o Options) (*loader.Program, error) {
	p, err := program(o)
	if err != nil {
		return nil, err
	}
	if g.sockets, err = maps.NewSockets[key](mapSpec(o), nil); err != nil {
		return nil, err
	}
	linked, err := reloc.Link(p, reloc.Symbols{MapName: reloc.Map(g.sockets.FD(), g.sockets.Spec())})
	if err != nil {
		return nil, err
	}
	return loader.Load(linked, &loader.Options{Lines: loader.SendLines})
}

func socketCookie(conn *net.UDPConn) (cookie uint64, err error) {
	control, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := control.Control(func(fd uintptr) { cookie, err = sys.SocketCookie(int(fd)) })
	return cookie, errors.Join(controlErr, os.NewSyscallError("getsockopt SO_COOKIE", err))
}

// Workers returns the workers, in the order in which their sockets were opened.
func (g *Group) Workers() []*Worker { return slices.Clone(g.workers) }

// Addr returns the address that all sockets are bound to.
func (g *Group) Addr() *net.UDPAddr { return g.workers[0].conn.LocalAddr().(*net.UDPAddr) }

// WorkerOf returns the worker that a connection ID leads to: the one that made it. It is false for those that clients
// chose, and for those of another length than the group's.
func (g *Group) WorkerOf(cid []byte) (*Worker, bool) {
	if len(cid) != g.workers[0].cidLength {
		return nil, false
	}
	w, ok := g.byKey[key(cid[:cookieLen])]
	return w, ok
}

// Close closes the sockets of all workers; those that are closed already do not matter. With the last socket the kernel
// drops the program, and with the program the map. Closing again does nothing.
func (g *Group) Close() error {
	var errs []error
	for _, w := range g.workers {
		if err := w.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if g.sockets != nil {
		errs = append(errs, g.sockets.Close())
	}
	return errors.Join(errs...)
}

// Conn returns the worker's socket. Whoever serves it may close it: the kernel takes it out of the map, and what its
// connection IDs lead to is the kernel's choice from then on.
func (w *Worker) Conn() *net.UDPConn { return w.conn }

// NewConnectionID returns a connection ID that leads to the worker: 8 bytes that are the same for all of them, then random
// bytes up to Options.CIDLength.
func (w *Worker) NewConnectionID() []byte { return w.AppendConnectionID(nil) }

// AppendConnectionID appends what NewConnectionID returns to b and returns the extended slice. It does not allocate when
// b has room.
func (w *Worker) AppendConnectionID(b []byte) []byte { return appendCID(b, w.key, w.cidLength) }
