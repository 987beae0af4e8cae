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

// contextValues are the fields of a context that the command line gives, or its bytes.
type contextValues struct {
	fields map[asm.Field][]uint64
	order  []asm.Field // as they were given
	bytes  []byte
}

// parseContext reads the value of -context for programs of a type.
func parseContext(s string, t asm.ProgramType) (*contextValues, error) {
	v := &contextValues{fields: make(map[asm.Field][]uint64)}
	layout := t.Context()
	if layout == 0 {
		var err error
		if v.bytes, err = parseHex(s); err != nil {
			return nil, misuse("-context: programs of type %v have no fields, so it is bytes: %v", t, err)
		}
		return v, nil
	}
	for _, given := range strings.Split(s, ",") {
		if s == "" {
			break
		}
		name, value, ok := strings.Cut(given, "=")
		if !ok {
			return nil, misuse("-context %s: want FIELD=VALUE, a field of struct %v", given, layout)
		}
		if err := v.parse(layout, strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return nil, misuse("-context %s: %v", given, err)
		}
	}
	return v, nil
}

func (v *contextValues) parse(layout asm.Context, name, value string) error {
	name, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	f, err := fieldOf(layout, name)
	if err != nil {
		return err
	}
	if f.Pointer() != asm.PointerNone {
		return fmt.Errorf("%v is a pointer", f)
	}
	values := v.fields[f]
	if values == nil {
		values = make([]uint64, f.Count())
		v.order = append(v.order, f)
	}
	v.fields[f] = values
	if address, err := netip.ParseAddr(value); err == nil && strings.ContainsAny(value, ".:") && !indexed {
		return putAddress(f, values, address)
	}
	i := 0
	if indexed {
		if i, err = strconv.Atoi(index); err != nil || i < 0 || i >= len(values) {
			return fmt.Errorf("%v has %d elements", f, len(values))
		}
	} else if len(values) > 1 {
		return fmt.Errorf("%v has %d elements: give %s[0] and so on", f, len(values), shortName(f))
	}
	n, err := parseNumber(value, f.Size())
	if err != nil {
		return err
	}
	values[i] = n
	return nil
}

// fieldOf returns the field of a name with or without its struct.
func fieldOf(layout asm.Context, name string) (asm.Field, error) {
	var names []string
	for f := range layout.Fields() {
		if name == shortName(f) || name == f.Name() {
			return f, nil
		}
		names = append(names, shortName(f))
	}
	return 0, fmt.Errorf("struct %v has no field %s%s", layout, name, didYouMean(name, names))
}

func shortName(f asm.Field) string {
	_, name, _ := strings.Cut(f.Name(), ".")
	return name
}

// parseNumber reads a number of a field or of a piece of an element, signed or not.
func parseNumber(s string, size int) (uint64, error) {
	if n, err := strconv.ParseUint(s, 0, 8*size); err == nil {
		return n, nil
	}
	n, err := strconv.ParseInt(s, 0, 8*size)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of %d bits", s, 8*size)
	}
	return uint64(n) & (1<<(8*size-1)<<1 - 1), nil
}

// putAddress stores an IP address in the elements of a field.
func putAddress(f asm.Field, values []uint64, a netip.Addr) error {
	b := a.AsSlice()
	if f.Order() != asm.OrderNetwork || f.Size() != 4 || len(b) != 4*len(values) {
		return fmt.Errorf("%v is no place for the address %v", f, a)
	}
	for i := range values {
		values[i] = uint64(b[4*i])<<24 | uint64(b[4*i+1])<<16 | uint64(b[4*i+2])<<8 | uint64(b[4*i+3])
	}
	return nil
}

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
