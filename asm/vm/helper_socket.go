package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// socketMap returns the socket map that argument 2 is, and the key that argument 3 points to.
func (c *Call) socketMap(types ...asm.MapType) (*Map, []byte, error) {
	m, err := c.Map(2)
	if err != nil {
		return nil, nil, err
	}
	ok := false
	for _, t := range types {
		ok = ok || m.spec.Type == t
	}
	if !ok {
		return nil, nil, fmt.Errorf("%w 2: map %s is of type %v", ErrArgument, m.spec.Name, m.spec.Type)
	}
	key, err := c.Read(3, int(m.spec.KeySize))
	return m, key, err
}

// redirectKey is socketMap for redirections: those to a SOCKHASH have a pointer to the key, those to a SOCKMAP the index.
func (c *Call) redirectKey(of asm.MapType) (*Map, []byte, error) {
	if of == asm.MapSockHash {
		return c.socketMap(of)
	}
	m, err := c.Map(2)
	if err == nil && m.spec.Type != of {
		err = fmt.Errorf("%w 2: map %s is of type %v", ErrArgument, m.spec.Name, m.spec.Type)
	}
	if err != nil {
		return nil, nil, err
	}
	return m, m.order().AppendUint32(nil, uint32(c.Arg(3))), nil
}

// skSelectReuseport is bpf_sk_select_reuseport(context, map, key, flags): sk_select_reuseport of net/core/filter.c.
func skSelectReuseport(c *Call) (uint64, error) {
	ctx, err := contextOf[*ReuseportContext](c)
	if err != nil {
		return 0, err
	}
	m, key, err := c.socketMap(asm.MapReuseportSockArray, asm.MapSockMap, asm.MapSockHash)
	if err != nil {
		return 0, err
	}
	selected := m.store.(*socketStore).at(key)
	switch {
	case selected == nil:
		return ENOENT.Result(), nil
	case selected.Group == nil && m.spec.Type == asm.MapReuseportSockArray:
		return ENOENT.Result(), nil
	case selected.Group == nil:
		return EINVAL.Result(), nil
	}
	if own := ctx.Socket; own != nil && selected.Group != own.Group {
		switch {
		case own.Protocol != selected.Protocol:
			return EPROTOTYPE.Result(), nil
		case own.Family != selected.Family:
			return EAFNOSUPPORT.Result(), nil
		}
		return EBADFD.Result(), nil
	}
	ctx.Selected = selected
	return 0, nil
}

// redirectTarget returns the socket that a message can be redirected to, nil if there is none: what bpf_msg_redirect_hash
// and its like of net/core/sock_map.c have in common.
func redirectTarget(m *Map, key []byte, flags uint64) *Socket {
	if flags&^asm.FIngress != 0 {
		return nil
	}
	s := m.store.(*socketStore).at(key)
	switch {
	case s == nil:
		return nil
	case s.Protocol == asm.IPProtoTCP && s.State == asm.TCPListen:
		return nil
	case s.Protocol != asm.IPProtoTCP && (s.State != asm.TCPEstablished || flags&asm.FIngress == 0):
		return nil
	}
	return s
}

// msgRedirectHash is bpf_msg_redirect_hash(context, map, key, flags).
func msgRedirectHash(c *Call) (uint64, error) { return msgRedirect(c, asm.MapSockHash) }

// msgRedirectMap is bpf_msg_redirect_map(context, map, index, flags).
func msgRedirectMap(c *Call) (uint64, error) { return msgRedirect(c, asm.MapSockMap) }

func msgRedirect(c *Call, of asm.MapType) (uint64, error) {
	ctx, err := contextOf[*MsgContext](c)
	if err != nil {
		return 0, err
	}
	return redirectTo(c, of, &ctx.Redirect, &ctx.RedirectFlags)
}

// skRedirectHash is bpf_sk_redirect_hash(context, map, key, flags), of sk_skb programs.
func skRedirectHash(c *Call) (uint64, error) { return skRedirect(c, asm.MapSockHash) }

// skRedirectMap is bpf_sk_redirect_map(context, map, index, flags).
func skRedirectMap(c *Call) (uint64, error) { return skRedirect(c, asm.MapSockMap) }

func skRedirect(c *Call, of asm.MapType) (uint64, error) {
	ctx, err := contextOf[*SKBContext](c)
	if err != nil {
		return 0, err
	}
	return redirectTo(c, of, &ctx.Redirect, &ctx.RedirectFlags)
}

// redirectTo marks the socket that the map has for the key, for what is done once the program has ended.
func redirectTo(c *Call, of asm.MapType, to **Socket, with *uint64) (uint64, error) {
	m, key, err := c.redirectKey(of)
	if err != nil {
		return 0, err
	}
	s := redirectTarget(m, key, c.Arg(4))
	if s == nil {
		return asm.SkDrop, nil
	}
	*to, *with = s, c.Arg(4)
	return asm.SkPass, nil
}

// msgApplyBytes is bpf_msg_apply_bytes(context, bytes).
func msgApplyBytes(c *Call) (uint64, error) {
	ctx, err := contextOf[*MsgContext](c)
	if err == nil {
		ctx.ApplyBytes = uint32(c.Arg(2))
	}
	return 0, err
}

// msgCorkBytes is bpf_msg_cork_bytes(context, bytes).
func msgCorkBytes(c *Call) (uint64, error) {
	ctx, err := contextOf[*MsgContext](c)
	if err == nil {
		ctx.CorkBytes = uint32(c.Arg(2))
	}
	return 0, err
}

// msgPullData is bpf_msg_pull_data(context, start, end, flags): data and data_end become these two places.
func msgPullData(c *Call) (uint64, error) {
	if _, err := contextOf[*MsgContext](c); err != nil {
		return 0, err
	}
	p := &c.m.packet
	start, end := uint32(c.Arg(2)), uint32(c.Arg(3))
	if c.Arg(4) != 0 || end <= start || uint64(end) > uint64(len(p.data)) {
		return EINVAL.Result(), nil
	}
	c.m.movePacket()
	p.first, p.linear = int(start), int(end)
	return 0, nil
}

// sockUpdate is bpf_sock_hash_update(context, map, key, flags) and bpf_sock_map_update.
func sockUpdate(c *Call) (uint64, error) {
	ctx, err := contextOf[*SockOpsContext](c)
	if err != nil {
		return 0, err
	}
	m, key, err := c.socketMap(asm.MapSockMap, asm.MapSockHash)
	if err != nil {
		return 0, err
	}
	switch ctx.Op { // sock_map_op_okay
	case asm.SockOpsPassiveEstablishedCB, asm.SockOpsActiveEstablishedCB, asm.SockOpsTCPListenCB:
	default:
		return EOPNOTSUPP.Result(), nil
	}
	if ctx.Socket == nil {
		return EOPNOTSUPP.Result(), nil
	}
	return m.store.(*socketStore).put(key, ctx.Socket, asm.UpdateFlags(c.Arg(4))).Result(), nil
}

// sockOpsCBFlagsSet is bpf_sock_ops_cb_flags_set(context, flags).
func sockOpsCBFlagsSet(c *Call) (uint64, error) {
	ctx, err := contextOf[*SockOpsContext](c)
	if err != nil {
		return 0, err
	}
	if ctx.Request {
		return EINVAL.Result(), nil
	}
	const all = 1<<7 - 1 // BPF_SOCK_OPS_ALL_CB_FLAGS
	flags := uint32(c.Arg(2))
	ctx.CBFlags = flags & all
	return uint64(flags &^ all), nil
}

// storage returns the SK_STORAGE that argument 1 is and the socket that argument 2 is, nil if there is none.
func (c *Call) storage() (*Map, *storageStore, *Socket, error) {
	m, err := c.Map(1)
	if err != nil {
		return nil, nil, nil, err
	}
	s, ok := m.store.(*storageStore)
	if !ok {
		return nil, nil, nil, fmt.Errorf("%w 1: map %s is of type %v", ErrArgument, m.spec.Name, m.spec.Type)
	}
	socket, err := c.Socket(2)
	return m, s, socket, err
}

// skStorageGet is bpf_sk_storage_get(map, socket, value, flags): the address of what is stored, or null.
func skStorageGet(c *Call) (uint64, error) {
	m, s, socket, err := c.storage()
	if err != nil {
		return 0, err
	}
	var value []byte
	if c.Arg(3) != 0 {
		if value, err = c.Read(3, int(m.spec.ValueSize)); err != nil {
			return 0, err
		}
	}
	if socket == nil || socket.RequestOnly || c.Arg(4) > asm.SkStorageGetFCreate {
		return 0, nil
	}
	elem, made := s.of(socket, c.Arg(4) == asm.SkStorageGetFCreate)
	if elem < 0 {
		return 0, nil
	}
	if made {
		copy(s.values[elem], value)
	}
	return c.m.valueAddress(m, elem), nil
}

// skStorageDelete is bpf_sk_storage_delete(map, socket).
func skStorageDelete(c *Call) (uint64, error) {
	m, s, socket, err := c.storage()
	if err != nil {
		return 0, err
	}
	if socket == nil || socket.RequestOnly {
		return EINVAL.Result(), nil
	}
	elem, _ := s.of(socket, false)
	if elem < 0 {
		return ENOENT.Result(), nil
	}
	s.drop(elem, socket)
	socket.leave(m, elem)
	return 0, nil
}

// skAssign is bpf_sk_assign(context, socket, flags): bpf_sk_lookup_assign and bpf_sk_assign of net/core/filter.c.
func skAssign(c *Call) (uint64, error) {
	socket, err := c.Socket(2)
	if err != nil {
		return 0, err
	}
	flags := c.Arg(3)
	if ctx, ok := c.Context().(*SKBContext); ok {
		switch {
		case socket == nil || flags != 0:
			return EINVAL.Result(), nil
		case !socket.hashed():
			return EOPNOTSUPP.Result(), nil
		}
		ctx.Assigned = socket
		return 0, nil
	}
	ctx, err := contextOf[*LookupContext](c)
	if err != nil {
		return 0, err
	}
	const known = asm.SkLookupFReplace | asm.SkLookupFNoReuseport
	if flags&^known != 0 {
		return EINVAL.Result(), nil
	}
	if socket != nil {
		switch {
		case socket.Protocol == asm.IPProtoTCP && socket.State != asm.TCPListen,
			socket.Protocol == asm.IPProtoUDP && socket.State == asm.TCPEstablished:
			return ESOCKTNOSUPPORT.Result(), nil
		case socket.Protocol != ctx.Protocol:
			return EPROTOTYPE.Result(), nil
		case socket.Family != ctx.Family && socket.Family == asm.AFInet:
			return EAFNOSUPPORT.Result(), nil
		}
	}
	if ctx.Selected != nil && flags&asm.SkLookupFReplace == 0 {
		return EEXIST.Result(), nil
	}
	ctx.Selected, ctx.NoReuseport = socket, flags&asm.SkLookupFNoReuseport != 0
	return 0, nil
}

// skRelease is bpf_sk_release(socket).
func skRelease(c *Call) (uint64, error) {
	socket, err := c.Socket(1)
	if err == nil && socket == nil {
		err = c.argumentError(1, "is not a socket")
	}
	return 0, err
}

// skFullsock is bpf_sk_fullsock(socket).
func skFullsock(c *Call) (uint64, error) {
	socket, err := c.Socket(1)
	if err != nil || socket == nil || socket.RequestOnly {
		return 0, err
	}
	return c.m.socketAddress(socket, regionSocket), nil
}

// tcpSock is bpf_tcp_sock(socket).
func tcpSock(c *Call) (uint64, error) {
	socket, err := c.Socket(1)
	if err != nil || socket == nil || socket.RequestOnly || socket.Protocol != asm.IPProtoTCP {
		return 0, err
	}
	return c.m.socketAddress(socket, regionTCPSock), nil
}

// subject returns the socket that argument 1, the context or a socket, is about, nil if there is none.
func (c *Call) subject() (*Socket, error) {
	if c.Arg(1) != address(idContext, 0) {
		return c.Socket(1)
	}
	switch ctx := c.Context().(type) {
	case *SKBContext:
		return ctx.Socket, nil
	case *SockOpsContext:
		return ctx.Socket, nil
	case *MsgContext:
		return ctx.Socket, nil
	}
	return nil, fmt.Errorf("%w for %v programs", ErrHelper, c.m.main.source.Type())
}

// netnsCookie is bpf_get_netns_cookie(context or null).
func netnsCookie(c *Call) (uint64, error) {
	s, err := c.subject()
	if err != nil {
		return 0, err
	}
	if s == nil {
		return c.Env().NetnsCookie, nil
	}
	return s.NetnsCookie, nil
}

// socketCookie is bpf_get_socket_cookie(context or socket).
func socketCookie(c *Call) (uint64, error) {
	s, err := c.subject()
	if err != nil || s == nil {
		return 0, err
	}
	return s.Cookie, nil
}

// socketUID is bpf_get_socket_uid(context).
func socketUID(c *Call) (uint64, error) {
	s, err := c.subject()
	if err != nil {
		return 0, err
	}
	if s == nil {
		return 65534, nil // overflowuid
	}
	return uint64(s.UID), nil
}
