package main

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// newContext makes what a program runs on, with the fields given. A message is of socket 0, and it is socket 0 that
// something happens to.
func newContext(t asm.ProgramType, f frame, given *contextValues, sockets *socketPool) (vm.Context, error) {
	var ctx vm.Context
	switch layout := t.Context(); layout {
	case 0:
		return &vm.MemoryContext{Data: slices.Clone(given.bytes)}, nil
	case asm.ContextSkBuff:
		const loopback = 1 // its index, which BPF_PROG_TEST_RUN has too
		ctx = &vm.SKBContext{
			Data: f.data, Start: f.start, Network: f.network, NoLink: f.noLink, Protocol: f.protocol,
			Ifindex: loopback, WireLen: uint32(len(f.data) - f.start),
		}
	case asm.ContextXDPMd:
		const loopback = 1
		ctx = &vm.XDPContext{Data: f.data, IngressIfindex: loopback}
	case asm.ContextSkMsgMd, asm.ContextSockOps:
		own, err := sockets.get(0)
		if err != nil {
			return nil, err
		}
		ctx = &vm.MsgContext{Data: f.data, Socket: own}
		if layout == asm.ContextSockOps {
			ctx = &vm.SockOpsContext{Socket: own}
		}
	case asm.ContextSkLookup:
		ctx = &vm.LookupContext{Family: asm.AFInet, Protocol: asm.IPProtoUDP}
	default:
		ctx = &vm.FieldContext{Struct: layout, Fields: make(map[asm.Field][]uint64)}
	}
	for _, field := range given.order {
		if !setField(ctx, field, given.fields[field]) {
			return nil, misuse("-context: %v follows from other things and cannot be given", field)
		}
	}
	return ctx, nil
}

// connected is the TCP socket of a packet, of which nothing is known but what the command line gives.
func connected() *vm.Socket {
	return &vm.Socket{Cookie: 1, NetnsCookie: 1, Family: asm.AFInet, Type: asm.SockStream, Protocol: asm.IPProtoTCP, State: asm.TCPEstablished}
}

// setField stores a field in a context, and reports whether it can be.
func setField(ctx vm.Context, f asm.Field, values []uint64) bool {
	if c, ok := ctx.(*vm.FieldContext); ok {
		c.Fields[f] = slices.Clone(values)
		return true
	}
	if setEndpoint(ctx, f, values) {
		return true
	}
	member, ok := memberOf(ctx, f)
	if !ok {
		return false
	}
	switch member.Kind() {
	case reflect.Array:
		for i, v := range values {
			member.Index(i).SetUint(v)
		}
	case reflect.Bool:
		member.SetBool(values[0] != 0)
	case reflect.Int:
		member.SetInt(int64(values[0]))
	default:
		member.SetUint(values[0])
	}
	return true
}

// getField returns a field of a context that setField can set.
func getField(ctx vm.Context, f asm.Field) []uint64 {
	if c, ok := ctx.(*vm.FieldContext); ok {
		values := slices.Clone(c.Fields[f])
		for len(values) < f.Count() {
			values = append(values, 0)
		}
		return values
	}
	member, ok := memberOf(ctx, f)
	if !ok {
		return nil
	}
	switch member.Kind() {
	case reflect.Array:
		var values []uint64
		for i := range min(member.Len(), f.Count()) {
			values = append(values, member.Index(i).Uint())
		}
		return values
	case reflect.Bool:
		if member.Bool() {
			return []uint64{1}
		}
		return []uint64{0}
	case reflect.Int:
		return []uint64{uint64(member.Int())}
	}
	return []uint64{member.Uint()}
}

// memberOf returns the member of a context, or of its socket, that a field of the kernel's struct is. They are called
// alike, as QueueMapping and queue_mapping.
func memberOf(ctx vm.Context, f asm.Field) (reflect.Value, bool) {
	name := strings.ReplaceAll(shortName(f), "_", "")
	places := []any{ctx}
	if c, ok := ctx.(*vm.SockOpsContext); ok {
		places = append(places, c.Socket, &c.Socket.TCP)
		switch f {
		case asm.SockOpsReply, asm.SockOpsReplylong: // a union
			name = "reply"
		case asm.SockOpsBPFSockOpsCBFlags:
			name = "cbflags"
		case asm.SockOpsSKBTCPFlags:
			name = "tcpflags"
		}
	}
	for _, place := range places {
		m := reflect.ValueOf(place).Elem().FieldByNameFunc(func(member string) bool { return strings.EqualFold(member, name) })
		if !m.IsValid() {
			continue
		}
		switch kind := m.Kind(); {
		case kind == reflect.Array && m.Type().Elem().Kind() == reflect.Uint32, kind == reflect.Bool, kind == reflect.Int, m.CanUint():
			return m, true
		}
	}
	return reflect.Value{}, false
}

// setEndpoint stores an address, a port or the family of the socket, or of the packet that a socket is looked up for.
func setEndpoint(ctx vm.Context, f asm.Field, values []uint64) bool {
	var local, remote *netip.AddrPort
	var family *int
	switch c := ctx.(type) {
	case *vm.SKBContext:
		if !strings.HasPrefix(shortName(f), "remote_") && !strings.HasPrefix(shortName(f), "local_") && f != asm.SkBuffFamily {
			return false
		}
		if c.Socket == nil {
			c.Socket = connected()
		}
		local, remote, family = &c.Socket.Local, &c.Socket.Remote, &c.Socket.Family
	case *vm.MsgContext:
		local, remote, family = &c.Socket.Local, &c.Socket.Remote, &c.Socket.Family
	case *vm.SockOpsContext:
		local, remote, family = &c.Socket.Local, &c.Socket.Remote, &c.Socket.Family
	case *vm.LookupContext:
		local, remote, family = &c.Local, &c.Remote, &c.Family
	default:
		return false
	}
	end := local
	name, isRemote := strings.CutPrefix(shortName(f), "remote_")
	if isRemote {
		end = remote
	} else {
		name = strings.TrimPrefix(name, "local_")
	}
	switch name {
	case "family":
		*family = int(values[0])
	case "port":
		address := end.Addr()
		if !address.IsValid() {
			address = netip.IPv4Unspecified()
		}
		*end = netip.AddrPortFrom(address, uint16(values[0]))
	case "ip4", "ip6":
		var b []byte
		for _, v := range values {
			b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		}
		address, _ := netip.AddrFromSlice(b)
		*end = netip.AddrPortFrom(address, end.Port())
		if name == "ip6" {
			*family = asm.AFInet6
		}
	default:
		return false
	}
	return true
}

// fieldChange is a field that a program has changed.
type fieldChange struct {
	Field string   `json:"field"`
	Was   []uint64 `json:"was"`
	Is    []uint64 `json:"is"`

	field asm.Field
}

// fieldsOf returns the fields of a context as they are now.
func fieldsOf(ctx vm.Context, layout asm.Context) map[asm.Field][]uint64 {
	fields := make(map[asm.Field][]uint64)
	for f := range layout.Fields() {
		if v := getField(ctx, f); v != nil && f.Pointer() == asm.PointerNone {
			fields[f] = v
		}
	}
	return fields
}

// changedFields compares a context with what it was.
func changedFields(ctx vm.Context, layout asm.Context, was map[asm.Field][]uint64) []fieldChange {
	var changes []fieldChange
	is := fieldsOf(ctx, layout)
	for f := range layout.Fields() {
		// reply is the first element of replylong, and of args.
		if f == asm.SockOpsReply || slices.Equal(was[f], is[f]) {
			continue
		}
		changes = append(changes, fieldChange{shortName(f), was[f], is[f], f})
	}
	return changes
}

// text returns a value as people read it.
func (c fieldChange) text(values []uint64) string {
	if c.field.Order() == asm.OrderNetwork && c.field.Size() == 4 && strings.Contains(c.Field, "ip") {
		var b []byte
		for _, v := range values {
			b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		}
		if a, ok := netip.AddrFromSlice(b); ok {
			return a.String()
		}
	}
	if len(values) == 1 {
		return strconv.FormatUint(values[0], 10)
	}
	return fmt.Sprint(values)
}
