package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// socketStore is a map whose values are sockets: SOCKMAP, SOCKHASH (net/core/sock_map.c) and REUSEPORT_SOCKARRAY
// (kernel/bpf/reuseport_array.c).
type socketStore struct {
	m       *Map
	index   *arrayStore // of SOCKMAP and REUSEPORT_SOCKARRAY
	hash    *hashStore  // of SOCKHASH
	sockets []*Socket   // by element
}

func newSocketArray(m *Map) *socketStore {
	s := &socketStore{m: m, index: newArray(m, 1), sockets: make([]*Socket, m.spec.MaxEntries)}
	s.index.memory = nil // there are no bytes
	return s
}

func newSocketHash(m *Map) *socketStore {
	return &socketStore{m: m, hash: newHash(m, 1, false)}
}

// find returns the element of a key that has a socket.
func (s *socketStore) find(key []byte) int {
	if s.hash != nil {
		return s.hash.find(key)
	}
	if elem := s.index.find(key); elem >= 0 && s.sockets[elem] != nil {
		return elem
	}
	return -1
}

// at returns the socket of a key, nil if there is none.
func (s *socketStore) at(key []byte) *Socket {
	if elem := s.find(key); elem >= 0 {
		return s.sockets[elem]
	}
	return nil
}

func (s *socketStore) value(int, int) []byte { return nil }

func (s *socketStore) key(elem int) []byte {
	if s.hash != nil {
		return s.hash.key(elem)
	}
	return s.index.key(elem)
}

func (s *socketStore) next(elem int) int {
	if s.hash != nil {
		return s.hash.next(elem)
	}
	for elem++; elem < len(s.sockets); elem++ {
		if s.sockets[elem] != nil {
			return elem
		}
	}
	return -1
}

// update is what bytes for a value come to: no socket has them as its descriptor.
func (s *socketStore) update(_, _ []byte, _ asm.UpdateFlags, _ int) Errno { return EINVAL }

// read returns the cookie of a socket.
func (s *socketStore) read(key []byte) ([]byte, Errno) {
	if s.m.spec.ValueSize != 8 {
		return nil, ENOSPC
	}
	socket := s.at(key)
	if socket == nil {
		return nil, ENOENT
	}
	return s.m.order().AppendUint64(nil, socket.Cookie), 0
}

// putChecked stores a socket for user space or bpf_map_update_elem, which may not be in a state in between.
func (s *socketStore) putChecked(key []byte, socket *Socket, flags asm.UpdateFlags) Errno {
	if s.m.spec.Type != asm.MapReuseportSockArray && !socket.mappable() {
		return EOPNOTSUPP
	}
	return s.put(key, socket, flags)
}

// put stores a socket.
func (s *socketStore) put(key []byte, socket *Socket, flags asm.UpdateFlags) Errno {
	switch array := s.m.spec.Type == asm.MapReuseportSockArray; {
	case array && s.index.find(key) < 0:
		return E2BIG
	case flags > asm.UpdateExist:
		return EINVAL
	case array:
		return s.putReuseport(s.index.find(key), socket, flags)
	}
	switch {
	case s.index != nil && s.index.find(key) < 0:
		return E2BIG
	case socket.array != nil, s.m.msg != nil && socket.msg != nil: // its sk_user_data or its program is taken
		return EBUSY
	}
	elem := s.find(key)
	switch {
	case elem >= 0 && flags == asm.UpdateNoExist:
		return EEXIST
	case elem < 0 && flags == asm.UpdateExist:
		return ENOENT
	case elem >= 0:
		s.sockets[elem].leave(s.m, elem)
	case s.hash != nil:
		if len(s.hash.elems) >= int(s.m.spec.MaxEntries) {
			return E2BIG
		}
		if elem = s.hash.insert(key); elem == len(s.sockets) {
			s.sockets = append(s.sockets, nil)
		}
	default:
		elem = s.index.find(key)
	}
	s.sockets[elem] = socket
	socket.members = append(socket.members, member{s.m, elem})
	if s.m.msg != nil {
		socket.msg = s.m.msg
	}
	return 0
}

// mappable is sock_map_sk_is_suitable and sock_map_sk_state_allowed of net/core/sock_map.c.
func (s *Socket) mappable() bool {
	switch s.Protocol {
	case asm.IPProtoTCP:
		return s.State == asm.TCPEstablished || s.State == asm.TCPListen
	case asm.IPProtoUDP:
		return s.hashed()
	}
	return false
}

// putReuseport is reuseport_array_update_check of kernel/bpf/reuseport_array.c and what follows it.
func (s *socketStore) putReuseport(elem int, socket *Socket, flags asm.UpdateFlags) Errno {
	old := s.sockets[elem]
	switch {
	case old != nil && flags == asm.UpdateNoExist:
		return EEXIST
	case old == nil && flags == asm.UpdateExist:
		return ENOENT
	case socket.Protocol != asm.IPProtoUDP && socket.Protocol != asm.IPProtoTCP,
		socket.Family != asm.AFInet && socket.Family != asm.AFInet6,
		socket.Type != asm.SockStream && socket.Type != asm.SockDgram:
		return ENOTSUPP
	case !socket.hashed() || socket.Group == nil:
		return EINVAL
	case len(socket.members) > 0:
		for _, m := range socket.members {
			if m.in.spec.Type != asm.MapSkStorage {
				return EBUSY
			}
		}
	}
	if old != nil {
		old.array = nil
		old.leave(s.m, elem)
	}
	s.sockets[elem] = socket
	socket.array = s.m
	socket.members = append(socket.members, member{s.m, elem})
	return 0
}

func (s *socketStore) remove(key []byte) Errno {
	elem := s.find(key)
	switch {
	case elem >= 0:
		socket := s.sockets[elem]
		s.drop(elem, socket)
		socket.leave(s.m, elem)
		return 0
	case s.m.spec.Type == asm.MapSockMap:
		return EINVAL
	case s.m.spec.Type == asm.MapReuseportSockArray && s.index.find(key) < 0:
		return E2BIG
	}
	return ENOENT
}

// drop empties element elem, which holds socket.
func (s *socketStore) drop(elem int, socket *Socket) {
	s.sockets[elem] = nil
	if s.hash != nil {
		s.hash.removeSlot(elem)
	}
	if s.m.spec.Type == asm.MapReuseportSockArray {
		socket.array = nil
	}
}

// UpdateSocket stores a socket in a SOCKMAP, SOCKHASH or REUSEPORT_SOCKARRAY, as user space does with its descriptor.
func (m *Map) UpdateSocket(key []byte, s *Socket, flags asm.UpdateFlags) error {
	if err := m.checkKey("update", key); err != nil {
		return err
	}
	sockets, ok := m.store.(*socketStore)
	if !ok {
		return fmt.Errorf("map %s of type %v holds no sockets: %w", m.spec.Name, m.spec.Type, EINVAL)
	}
	return m.error("update", sockets.putChecked(key, s, flags))
}

// LookupSocket returns the socket of a key, nil if there is none.
func (m *Map) LookupSocket(key []byte) *Socket {
	if sockets, ok := m.store.(*socketStore); ok && len(key) == int(m.spec.KeySize) {
		return sockets.at(key)
	}
	return nil
}
