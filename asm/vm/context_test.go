package vm_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// tcp6 and tcp4 are sockets with a number of its own in every field.
func tcp6() *vm.Socket {
	return &vm.Socket{
		Cookie: 0x1122334455667788, NetnsCookie: 4242,
		Family: asm.AFInet6, Type: asm.SockStream, Protocol: asm.IPProtoTCP, State: asm.TCPEstablished,
		Local: netip.MustParseAddrPort("[2001:db8::1:2]:443"), Remote: netip.MustParseAddrPort("[fe80:102:304:506::7]:50000"),
		BoundDevIf: 3, Mark: 4, Priority: 5, RxQueue: 6,
		TCP: vm.TCPInfo{SndCwnd: 10, SrttUs: 11, DataSegsIn: 12, DataSegsOut: 13, BytesReceived: 1 << 40, SkTxhash: 14, Delivered: 15},
	}
}

func tcp4() *vm.Socket {
	s := tcp6()
	s.Family, s.Local, s.Remote = asm.AFInet, netip.MustParseAddrPort("10.1.2.3:443"), netip.MustParseAddrPort("192.0.2.9:50000")
	return s
}

// Every field of every context: numbers in the host's sense, which the program sees in the order of the field.
func TestContextFields(t *testing.T) {
	reuseport := &vm.ReuseportContext{Data: make([]byte, 1208), EthProtocol: asm.EthPIPv6, IPProtocol: asm.IPProtoUDP, BindInany: true, Hash: 0xabcdef12}
	msg6, msg4 := &vm.MsgContext{Data: make([]byte, 99), Socket: tcp6()}, &vm.MsgContext{Data: make([]byte, 99), Socket: tcp4()}
	ops6, ops4 := &vm.SockOpsContext{Op: asm.SockOpsStateCB, Args: [4]uint32{7, 8, 9, 10}, Socket: tcp6(), CBFlags: 4, Data: make([]byte, 20), TCPFlags: 0x12},
		&vm.SockOpsContext{Op: asm.SockOpsTCPConnectCB, Socket: tcp4()}
	lookup := &vm.LookupContext{Family: asm.AFInet, Protocol: asm.IPProtoUDP, Remote: netip.MustParseAddrPort("192.0.2.9:50000"),
		Local: netip.MustParseAddrPort("10.1.2.3:443"), IngressIfindex: 2}
	skb := &vm.SKBContext{Data: make([]byte, 60), PktType: 1, Mark: 2, QueueMapping: 3, Protocol: asm.EthPIP, VLANPresent: true, VLANTCI: 0x64,
		VLANProto: asm.EthP8021Q, Priority: 5, IngressIfindex: 6, Ifindex: 7, TCIndex: 8, Hash: 9, TCClassID: 10, NAPIID: 11,
		CB: [5]uint32{12, 13, 14, 15, 16}, Tstamp: 1 << 41, Hwtstamp: 1 << 42, WireLen: 17, GSOSegs: 18, GSOSize: 19, TstampType: 1, Socket: tcp6()}
	xdp := &vm.XDPContext{Data: make([]byte, 60), IngressIfindex: 20, RxQueueIndex: 21}
	for _, c := range []struct {
		typ   asm.ProgramType
		ctx   vm.Context
		field string
		want  []uint64
	}{
		{asm.SkReuseport, reuseport, "sk_reuseport_md.len", []uint64{1208}},
		{asm.SkReuseport, reuseport, "sk_reuseport_md.eth_protocol", []uint64{0x86dd}},
		{asm.SkReuseport, reuseport, "sk_reuseport_md.ip_protocol", []uint64{17}},
		{asm.SkReuseport, reuseport, "sk_reuseport_md.bind_inany", []uint64{1}},
		{asm.SkReuseport, reuseport, "sk_reuseport_md.hash", []uint64{0xabcdef12}},
		{asm.SkMsg, msg6, "sk_msg_md.family", []uint64{10}},
		{asm.SkMsg, msg6, "sk_msg_md.remote_ip4", []uint64{0}},
		{asm.SkMsg, msg6, "sk_msg_md.remote_ip6", []uint64{0xfe800102, 0x03040506, 0, 7}},
		{asm.SkMsg, msg6, "sk_msg_md.local_ip6", []uint64{0x20010db8, 0, 0, 0x00010002}},
		{asm.SkMsg, msg6, "sk_msg_md.remote_port", []uint64{50000}},
		{asm.SkMsg, msg6, "sk_msg_md.local_port", []uint64{443}},
		{asm.SkMsg, msg6, "sk_msg_md.size", []uint64{99}},
		{asm.SkMsg, msg4, "sk_msg_md.family", []uint64{2}},
		{asm.SkMsg, msg4, "sk_msg_md.remote_ip4", []uint64{0xc0000209}},
		{asm.SkMsg, msg4, "sk_msg_md.local_ip4", []uint64{0x0a010203}},
		{asm.SockOps, ops6, "bpf_sock_ops.op", []uint64{10}},
		{asm.SockOps, ops6, "bpf_sock_ops.args", []uint64{7, 8, 9, 10}},
		{asm.SockOps, ops6, "bpf_sock_ops.reply", []uint64{7}},
		{asm.SockOps, ops6, "bpf_sock_ops.family", []uint64{10}},
		{asm.SockOps, ops6, "bpf_sock_ops.remote_ip6", []uint64{0xfe800102, 0x03040506, 0, 7}},
		{asm.SockOps, ops6, "bpf_sock_ops.local_ip6", []uint64{0x20010db8, 0, 0, 0x00010002}},
		{asm.SockOps, ops6, "bpf_sock_ops.remote_port", []uint64{50000}},
		{asm.SockOps, ops6, "bpf_sock_ops.local_port", []uint64{443}},
		{asm.SockOps, ops6, "bpf_sock_ops.is_fullsock", []uint64{1}},
		{asm.SockOps, ops6, "bpf_sock_ops.snd_cwnd", []uint64{10}},
		{asm.SockOps, ops6, "bpf_sock_ops.srtt_us", []uint64{11}},
		{asm.SockOps, ops6, "bpf_sock_ops.bpf_sock_ops_cb_flags", []uint64{4}},
		{asm.SockOps, ops6, "bpf_sock_ops.state", []uint64{1}},
		{asm.SockOps, ops6, "bpf_sock_ops.data_segs_in", []uint64{12}},
		{asm.SockOps, ops6, "bpf_sock_ops.data_segs_out", []uint64{13}},
		{asm.SockOps, ops6, "bpf_sock_ops.sk_txhash", []uint64{14}},
		{asm.SockOps, ops6, "bpf_sock_ops.bytes_received", []uint64{1 << 40}},
		{asm.SockOps, ops6, "bpf_sock_ops.skb_len", []uint64{20}},
		{asm.SockOps, ops6, "bpf_sock_ops.skb_tcp_flags", []uint64{0x12}},
		{asm.SockOps, ops4, "bpf_sock_ops.remote_ip4", []uint64{0xc0000209}},
		{asm.SockOps, ops4, "bpf_sock_ops.local_ip4", []uint64{0x0a010203}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.family", []uint64{2}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.protocol", []uint64{17}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.remote_ip4", []uint64{0xc0000209}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.remote_ip6", []uint64{0, 0, 0, 0}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.remote_port", []uint64{50000}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.local_ip4", []uint64{0x0a010203}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.local_port", []uint64{443}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.ingress_ifindex", []uint64{2}},
		{asm.SkLookup, lookup, "bpf_sk_lookup.sk", []uint64{0}},
		{asm.SchedCLS, skb, "__sk_buff.len", []uint64{60}},
		{asm.SchedCLS, skb, "__sk_buff.pkt_type", []uint64{1}},
		{asm.SchedCLS, skb, "__sk_buff.mark", []uint64{2}},
		{asm.SchedCLS, skb, "__sk_buff.queue_mapping", []uint64{3}},
		{asm.SchedCLS, skb, "__sk_buff.protocol", []uint64{0x0800}},
		{asm.SchedCLS, skb, "__sk_buff.vlan_present", []uint64{1}},
		{asm.SchedCLS, skb, "__sk_buff.vlan_tci", []uint64{0x64}},
		{asm.SchedCLS, skb, "__sk_buff.vlan_proto", []uint64{0x8100}},
		{asm.SchedCLS, skb, "__sk_buff.priority", []uint64{5}},
		{asm.SchedCLS, skb, "__sk_buff.ingress_ifindex", []uint64{6}},
		{asm.SchedCLS, skb, "__sk_buff.ifindex", []uint64{7}},
		{asm.SchedCLS, skb, "__sk_buff.tc_index", []uint64{8}},
		{asm.SchedCLS, skb, "__sk_buff.cb", []uint64{12, 13, 14, 15, 16}},
		{asm.SchedCLS, skb, "__sk_buff.hash", []uint64{9}},
		{asm.SchedCLS, skb, "__sk_buff.tc_classid", []uint64{10}},
		{asm.SchedCLS, skb, "__sk_buff.napi_id", []uint64{11}},
		{asm.SchedCLS, skb, "__sk_buff.tstamp", []uint64{1 << 41}},
		{asm.SchedCLS, skb, "__sk_buff.hwtstamp", []uint64{1 << 42}},
		{asm.SchedCLS, skb, "__sk_buff.wire_len", []uint64{17}},
		{asm.SchedCLS, skb, "__sk_buff.gso_segs", []uint64{18}},
		{asm.SchedCLS, skb, "__sk_buff.gso_size", []uint64{19}},
		{asm.SchedCLS, skb, "__sk_buff.tstamp_type", []uint64{1}},
		{asm.CgroupSKB, skb, "__sk_buff.family", []uint64{10}},
		{asm.CgroupSKB, skb, "__sk_buff.remote_ip6", []uint64{0xfe800102, 0x03040506, 0, 7}},
		{asm.CgroupSKB, skb, "__sk_buff.local_ip6", []uint64{0x20010db8, 0, 0, 0x00010002}},
		{asm.CgroupSKB, skb, "__sk_buff.remote_port", []uint64{50000}},
		{asm.CgroupSKB, skb, "__sk_buff.local_port", []uint64{443}},
		{asm.XDP, xdp, "xdp_md.ingress_ifindex", []uint64{20}},
		{asm.XDP, xdp, "xdp_md.rx_queue_index", []uint64{21}},
	} {
		f, ok := asm.FieldByName(c.field)
		if !ok || f.Count() != len(c.want) {
			t.Fatalf("%s: %d elements", c.field, f.Count())
		}
		for i, number := range c.want {
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				m := machine(t, &vm.Options{Order: order}, c.typ, func(b *asm.Builder) {
					b.Ldx(asm.R0, asm.R1.Elem(f, i))
					b.Exit()
				})
				if r0, err := m.Run(c.ctx); err != nil || r0 != inOrder(f, number, order) {
					t.Errorf("%s[%d], %v: %#x (error %v), want %#x", c.field, i, order, r0, err, inOrder(f, number, order))
				}
			}
		}
	}
}

// inOrder returns the number that a program on a machine of an order sees.
func inOrder(f asm.Field, v uint64, order binary.ByteOrder) uint64 {
	b := make([]byte, 8)
	switch f.Order() {
	case asm.OrderNetwork:
		if f.Size() == 2 {
			binary.BigEndian.PutUint16(b, uint16(v))
			return uint64(order.Uint16(b))
		}
		binary.BigEndian.PutUint32(b, uint32(v))
		return uint64(order.Uint32(b))
	case asm.OrderNetwork16:
		binary.BigEndian.PutUint16(b, uint16(v))
		return uint64(order.Uint16(b))
	}
	return v
}

// Parts of fields, on machines of both orders, by hand.
func TestContextParts(t *testing.T) {
	lookup := &vm.LookupContext{Family: asm.AFInet, Remote: netip.MustParseAddrPort("192.0.2.9:4660")} // 0x1234
	skb := &vm.SKBContext{Mark: 0x11223344}
	for _, c := range []struct {
		name        string
		typ         asm.ProgramType
		ctx         vm.Context
		load        func(b *asm.Builder)
		little, big uint64
	}{
		{"first byte of a number", asm.SchedCLS, skb, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U8(8)) }, 0x44, 0x11},
		{"last half of a number", asm.SchedCLS, skb, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(10)) }, 0x1122, 0x3344},
		{"first byte of an address", asm.SkLookup, lookup, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U8(16)) }, 192, 192},
		{"last half of an address", asm.SkLookup, lookup, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(18)) }, 0x0902, 0x0209},
		{"port", asm.SkLookup, lookup, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(36)) }, 0x3412, 0x1234},
		{"port with the padding behind it", asm.SkLookup, lookup, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U32(36)) }, 0x3412, 0x12340000},
		{"last byte of the port", asm.SkLookup, lookup, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U8(37)) }, 0x34, 0x34},
	} {
		for order, want := range map[binary.ByteOrder]uint64{binary.LittleEndian: c.little, binary.BigEndian: c.big} {
			m := machine(t, &vm.Options{Order: order}, c.typ, func(b *asm.Builder) { c.load(b); b.Exit() })
			if r0, err := m.Run(c.ctx); err != nil || r0 != want {
				t.Errorf("%s, %v: %#x (error %v), want %#x", c.name, order, r0, err, want)
			}
		}
	}
}

// The rule of facts for sockets' ports: remote_port as loaded equals be32 of the other side's local_port, on every CPU.
func TestPortOrder(t *testing.T) {
	client, server := tcp4(), tcp4()
	client.Local, client.Remote = server.Remote, server.Local
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		remote := machine(t, &vm.Options{Order: order}, asm.SkMsg, func(b *asm.Builder) {
			b.Ldx(asm.R0, asm.R1.Field(asm.SkMsgMdRemotePort))
			b.Exit()
		})
		local := machine(t, &vm.Options{Order: order}, asm.SkMsg, func(b *asm.Builder) {
			b.Ldx(asm.R0, asm.R1.Field(asm.SkMsgMdLocalPort))
			b.BE(asm.R0, 32)
			b.Exit()
		})
		r, err1 := remote.Run(&vm.MsgContext{Socket: client})
		l, err2 := local.Run(&vm.MsgContext{Socket: server})
		if r != l || r == 0 || err1 != nil || err2 != nil {
			t.Errorf("%v: remote port %#x, be32(local port) %#x, errors %v, %v", order, r, l, err1, err2)
		}
	}
}

// What the kernel's verifier refuses is refused, with the field and the reason.
func TestContextRefuses(t *testing.T) {
	skb, xdp, msg := &vm.SKBContext{Data: make([]byte, 60), Socket: tcp4()}, &vm.XDPContext{Data: make([]byte, 60)}, &vm.MsgContext{Socket: tcp4()}
	for _, c := range []struct {
		name    string
		typ     asm.ProgramType
		ctx     vm.Context
		program func(b *asm.Builder)
		want    string
	}{
		{"type may not read", asm.SocketFilter, skb, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U32(76)) },
			"read of 4 bytes at offset 76 of the context: bad context access: __sk_buff.data cannot be read by socket_filter programs"},
		{"attach type may not read", asm.XDP, xdp, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U32(20)) },
			"bad context access: xdp_md.egress_ifindex cannot be read by xdp programs"},
		{"read only", asm.XDP, xdp, func(b *asm.Builder) { b.St(asm.R1.U32(12), 1) },
			"write of 4 bytes at offset 12 of the context: bad context access: xdp_md.ingress_ifindex cannot be written by xdp programs"},
		{"width", asm.SkMsg, msg, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(60)) },
			"bad context access: sk_msg_md.remote_port cannot be read with 2 bytes at byte 0, but with 4 at byte 0"},
		{"alignment", asm.SchedCLS, skb, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(9)) },
			"bad context access: __sk_buff.mark cannot be read with 2 bytes at byte 1, but with 4 at byte 0"},
		{"write of a part", asm.SchedCLS, skb, func(b *asm.Builder) { b.St(asm.R1.U16(8), 1) },
			"bad context access: __sk_buff.mark cannot be written with 2 bytes at byte 0, but with 4 at byte 0"},
		{"no field", asm.XDP, xdp, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U32(24)) }, "bad context access: xdp_md has no field there"},
		{"before the struct", asm.XDP, xdp, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U32(-4)) },
			"read of 4 bytes at offset -4 of the context: bad context access: xdp_md has no field there"},
		{"field of a socket that may not be full", asm.SchedCLS, skb, func(b *asm.Builder) {
			b.Ldx(asm.R2, asm.R1.Field(asm.SkBuffSk))
			b.Ldx(asm.R0, asm.R2.Field(asm.SockType))
		}, "read of 4 bytes at offset 8 of a socket: bad context access: bpf_sock.type cannot be read through a pointer to a socket that may not be a full one: ask bpf_sk_fullsock"},
		{"write to a socket", asm.SkMsg, msg, func(b *asm.Builder) {
			b.Ldx(asm.R2, asm.R1.Field(asm.SkMsgMdSk))
			b.St(asm.R2.Field(asm.SockMark), 1)
		}, "bad context access: bpf_sock.mark cannot be written through a pointer to a socket"},
		{"atomic operation on a context", asm.SchedCLS, skb, func(b *asm.Builder) { b.AtomicAdd(asm.R1.U32(8), asm.R1) },
			"read of 4 bytes at offset 8 of the context: not a pointer to memory"},
	} {
		m := machine(t, nil, c.typ, func(b *asm.Builder) { c.program(b); b.Exit() })
		if _, err := m.Run(c.ctx); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) { b.Exit() })
	if _, err := m.Run(msg); err == nil || !strings.Contains(err.Error(), "programs of type xdp run on a xdp_md, not on a sk_msg_md") {
		t.Errorf("context of another type: %v", err)
	}
	if _, err := m.Run(&vm.MemoryContext{}); err == nil || !strings.Contains(err.Error(), "programs of type xdp run on a xdp_md, not on plain memory") {
		t.Errorf("plain memory: %v", err)
	}
}

// What programs write is in the context afterwards.
func TestContextWrites(t *testing.T) {
	skb := &vm.SKBContext{Data: make([]byte, 14), CB: [5]uint32{1, 2, 3, 4, 5}}
	m := machine(t, nil, asm.SchedCLS, func(b *asm.Builder) {
		b.St(asm.R1.Field(asm.SkBuffMark), 77)
		b.St(asm.R1.Elem(asm.SkBuffCB, 3), 99)
		b.St(asm.R1.U8(48), 0x55) // a byte of cb[0], which may be written in parts
		b.Ldx(asm.R2, asm.R1.Field(asm.SkBuffData))
		b.St(asm.R2.U8(5), 0xee)
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	want(t, m, skb, 0)
	if skb.Mark != 77 || skb.CB != [5]uint32{0x55, 2, 3, 99, 5} || skb.Data[5] != 0xee {
		t.Errorf("%+v", skb)
	}
	ops := &vm.SockOpsContext{Socket: tcp4(), Op: asm.SockOpsRwndInit}
	m = machine(t, nil, asm.SockOps, func(b *asm.Builder) {
		b.St(asm.R1.Field(asm.SockOpsReply), 40)
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	want(t, m, ops, 1)
	if ops.Reply[0] != 40 {
		t.Errorf("reply %d", ops.Reply[0])
	}
	addr := &vm.FieldContext{Struct: asm.ContextSockAddr, Fields: map[asm.Field][]uint64{asm.SockAddrUserPort: {8080}, asm.SockAddrUserIP4: {0x7f000001}}}
	b := asm.NewBuilder("rewrite", asm.CgroupSockAddr)
	b.AttachType(asm.AttachCgroupInet4Connect)
	b.Ldx(asm.R0, asm.R1.Field(asm.SockAddrUserPort))
	b.St(asm.R1.Field(asm.SockAddrUserPort), 0x901f) // 8080 in network order on a little-endian machine
	b.Exit()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if m, err = vm.New(p, nil); err != nil {
		t.Fatal(err)
	}
	want(t, m, addr, 0x901f)
	if addr.Fields[asm.SockAddrUserPort][0] != 8080 {
		t.Errorf("port %d", addr.Fields[asm.SockAddrUserPort][0])
	}
	memory := &vm.MemoryContext{Data: []byte{1, 2, 3, 4}}
	m = machine(t, nil, asm.Syscall, func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.U16(2)); b.St(asm.R1.U8(0), 9); b.Exit() })
	want(t, m, memory, 0x0403)
	if memory.Data[0] != 9 {
		t.Errorf("% x", memory.Data)
	}
	if _, err := m.Run(&vm.MemoryContext{}); !errors.Is(err, vm.ErrAccess) {
		t.Errorf("%v", err)
	}
}

// Pointers in contexts lead to sockets, and their fields read as those of struct bpf_sock and struct bpf_tcp_sock.
func TestSocketFields(t *testing.T) {
	through := func(load func(b *asm.Builder)) uint64 {
		t.Helper()
		m := machine(t, nil, asm.SchedCLS, func(b *asm.Builder) {
			b.Ldx(asm.R1, asm.R1.Field(asm.SkBuffSk))
			load(b)
			b.Exit()
		})
		r0, err := m.Run(&vm.SKBContext{Socket: tcp6()})
		if err != nil {
			t.Error(err)
		}
		return r0
	}
	full := func(b *asm.Builder) { b.CallHelper(asm.FnSkFullsock); b.Mov(asm.R1, asm.R0) }
	for _, c := range []struct {
		name string
		load func(b *asm.Builder)
		want uint64
	}{
		{"family", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(asm.SockFamily)) }, 10},
		{"src_port", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(asm.SockSrcPort)) }, 443},
		{"dst_port", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(asm.SockDstPort)) }, 0x50c3},
		{"state", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(asm.SockState)) }, 1},
		{"src_ip6", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Elem(asm.SockSrcIP6, 3)) }, 0x02000100},
		{"protocol", func(b *asm.Builder) { full(b); b.Ldx(asm.R0, asm.R1.Field(asm.SockProtocol)) }, 6},
		{"mark", func(b *asm.Builder) { full(b); b.Ldx(asm.R0, asm.R1.Field(asm.SockMark)) }, 4},
		{"bound_dev_if", func(b *asm.Builder) { b.Ldx(asm.R0, asm.R1.Field(asm.SockBoundDevIf)) }, 3},
		{"snd_cwnd", func(b *asm.Builder) {
			b.CallHelper(asm.FnTCPSock)
			b.Ldx(asm.R0, asm.R0.Field(asm.TCPSockSndCwnd))
		}, 10},
		{"delivered", func(b *asm.Builder) {
			b.CallHelper(asm.FnTCPSock)
			b.Ldx(asm.R0, asm.R0.Field(asm.TCPSockDelivered))
		}, 15},
	} {
		if got := through(c.load); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
}
