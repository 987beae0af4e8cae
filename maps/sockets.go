//go:build linux

package maps

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Sockets is a map that holds sockets: sockmap, sockhash, reuseport_sockarray or xskmap. ValueSize is 8 or 4: with 8,
// the right choice except for an xskmap, which has 4, the cookies of the sockets can be read back. Make one with
// NewSockets or ViewSockets.
//
// The map does not keep a socket open. A socket that is closed leaves its map.
type Sockets[K any] struct {
	*Raw
}

// NewSockets creates a map of sockets. KeySize of the spec may be 0, which takes it from K; ValueSize may be 0, which
// stands for 8, and for 4 in an xskmap. opts may be nil.
func NewSockets[K any](spec asm.MapSpec, opts *Options) (*Sockets[K], error) {
	return createView(spec, opts, fitSockets[K], ViewSockets[K])
}

// ViewSockets gives typed access to a map of sockets; see View.
func ViewSockets[K any](raw *Raw) (*Sockets[K], error) {
	if err := view(raw, "Sockets", fitSockets[K]); err != nil {
		return nil, err
	}
	return &Sockets[K]{raw}, nil
}

func fitSockets[K any](spec *asm.MapSpec) error {
	if spec.ValueSize == 0 {
		spec.ValueSize = 8
		if spec.Type == asm.MapXSKMap {
			spec.ValueSize = 4
		}
	}
	if spec.ValueSize == 4 {
		return fitTypes[K, uint32](spec)
	}
	return fitTypes[K, uint64](spec)
}

// Update stores a socket under key: a *net.TCPConn, *net.TCPListener, *net.UDPConn, *os.File or whatever else has
// SyscallConn. The caller keeps the socket.
//
// What the kernel takes, and what it answers otherwise: a sockmap or sockhash takes bound UDP sockets and TCP sockets
// that listen or are connected (EOPNOTSUPP); a reuseport_sockarray takes sockets that were bound with SO_REUSEPORT
// (EINVAL) and are in no other place of such an array (EBUSY). A listener of net.Listen is a Multipath TCP socket, which
// no map takes: open it with a net.ListenConfig after SetMultipathTCP(false).
func (s *Sockets[K]) Update(key K, conn syscall.Conn, flags asm.UpdateFlags) error {
	control, err := conn.SyscallConn()
	if err != nil {
		return s.wrap(opUpdate, err)
	}
	var updateErr error
	err = control.Control(func(fd uintptr) { updateErr = s.UpdateFD(key, int(fd), flags) })
	if err != nil {
		return s.wrap(opUpdate, err)
	}
	return updateErr
}

// UpdateFD is Update for the plain descriptor of a socket.
func (s *Sockets[K]) UpdateFD(key K, fd int, flags asm.UpdateFlags) error {
	var value [8]byte
	if s.spec.ValueSize == 4 {
		binary.NativeEndian.PutUint32(value[:], uint32(fd))
	} else {
		binary.NativeEndian.PutUint64(value[:], uint64(fd))
	}
	err := s.Raw.Update(sys.Bytes(&key), value[:s.spec.ValueSize], flags)
	if e, ok := err.(*Error); ok {
		if text := whyNotTaken(s.spec.Type, e.Err); text != "" {
			return s.wrap(opUpdate, &reason{e.Err.(unix.Errno), text})
		}
	}
	return err
}

// whyNotTaken explains what the kernel says to a socket that it does not put into a map: sock_map_update_common() and
// reuseport_array_update_check() of the kernel.
func whyNotTaken(t asm.MapType, err error) string {
	isArray := t == asm.MapReuseportSockArray
	switch {
	case err == unix.EOPNOTSUPP && !isArray:
		return "the socket is neither a bound UDP one nor a TCP one that listens or is connected; net.Listen makes " +
			"Multipath TCP ones: net.ListenConfig.SetMultipathTCP(false)"
	case err == unix.EINVAL && isArray:
		return "the socket is not bound with SO_REUSEPORT"
	case err == unix.EBUSY && isArray:
		return "the socket is in such an array or in a socket map already"
	case err == unix.EBUSY:
		return "the socket is in a reuseport_sockarray, or has another user of the same hooks"
	}
	return ""
}

// Cookie returns the cookie (SO_COOKIE) of the socket under key. Errors: ErrKeyNotExist; errors.ErrUnsupported for a map
// whose values have 4 bytes.
func (s *Sockets[K]) Cookie(key K) (uint64, error) {
	if s.spec.ValueSize != 8 {
		return 0, s.wrap(opLookup, fmt.Errorf("cookies can be read from maps with values of 8 bytes only: %w", unix.EOPNOTSUPP))
	}
	var cookie uint64
	err := s.Raw.Lookup(sys.Bytes(&key), sys.Bytes(&cookie), 0)
	return cookie, err
}

// Delete takes the socket under key out of the map. Errors: ErrKeyNotExist.
func (s *Sockets[K]) Delete(key K) error { return s.Raw.Delete(sys.Bytes(&key)) }

// Iterate goes through all keys and the cookies of their sockets. An index without a socket is left out.
func (s *Sockets[K]) Iterate() *Iterator[K, uint64] {
	return newIterator(s.Raw, keyOf[K], s.Cookie)
}
