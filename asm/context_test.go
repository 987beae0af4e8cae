package asm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// Rows from include/uapi/linux/bpf.h by hand: the structs of the programs one meets first.
func TestField(t *testing.T) {
	const (
		orNull  = asm.PointerOrNull
		host    = asm.OrderHost
		network = asm.OrderNetwork
		low16   = asm.OrderNetwork16
	)
	tests := []struct {
		field               asm.Field
		name                string
		offset, size, count int
		order               asm.ByteOrder
		pointer             asm.PointerKind
	}{
		{asm.SkReuseportMdData, "sk_reuseport_md.data", 0, 8, 1, host, asm.PointerPacket},
		{asm.SkReuseportMdDataEnd, "sk_reuseport_md.data_end", 8, 8, 1, host, asm.PointerPacketEnd},
		{asm.SkReuseportMdLen, "sk_reuseport_md.len", 16, 4, 1, host, 0},
		{asm.SkReuseportMdEthProtocol, "sk_reuseport_md.eth_protocol", 20, 4, 1, low16, 0},
		{asm.SkReuseportMdIPProtocol, "sk_reuseport_md.ip_protocol", 24, 4, 1, host, 0},
		{asm.SkReuseportMdBindInany, "sk_reuseport_md.bind_inany", 28, 4, 1, host, 0},
		{asm.SkReuseportMdHash, "sk_reuseport_md.hash", 32, 4, 1, host, 0},
		{asm.SkReuseportMdSk, "sk_reuseport_md.sk", 40, 8, 1, host, asm.PointerSocket},
		{asm.SkReuseportMdMigratingSk, "sk_reuseport_md.migrating_sk", 48, 8, 1, host, asm.PointerSockCommon | orNull},

		{asm.SkMsgMdFamily, "sk_msg_md.family", 16, 4, 1, host, 0},
		{asm.SkMsgMdRemoteIP4, "sk_msg_md.remote_ip4", 20, 4, 1, network, 0},
		{asm.SkMsgMdLocalIP4, "sk_msg_md.local_ip4", 24, 4, 1, network, 0},
		{asm.SkMsgMdRemoteIP6, "sk_msg_md.remote_ip6", 28, 4, 4, network, 0},
		{asm.SkMsgMdLocalIP6, "sk_msg_md.local_ip6", 44, 4, 4, network, 0},
		{asm.SkMsgMdRemotePort, "sk_msg_md.remote_port", 60, 4, 1, network, 0},
		{asm.SkMsgMdLocalPort, "sk_msg_md.local_port", 64, 4, 1, host, 0},
		{asm.SkMsgMdSize, "sk_msg_md.size", 68, 4, 1, host, 0},
		{asm.SkMsgMdSk, "sk_msg_md.sk", 72, 8, 1, host, asm.PointerSocket},

		{asm.SockOpsOp, "bpf_sock_ops.op", 0, 4, 1, host, 0},
		{asm.SockOpsArgs, "bpf_sock_ops.args", 4, 4, 4, host, 0},
		{asm.SockOpsReply, "bpf_sock_ops.reply", 4, 4, 1, host, 0},
		{asm.SockOpsFamily, "bpf_sock_ops.family", 20, 4, 1, host, 0},
		{asm.SockOpsRemoteIP4, "bpf_sock_ops.remote_ip4", 24, 4, 1, network, 0},
		{asm.SockOpsLocalIP6, "bpf_sock_ops.local_ip6", 48, 4, 4, network, 0},
		{asm.SockOpsRemotePort, "bpf_sock_ops.remote_port", 64, 4, 1, network, 0},
		{asm.SockOpsLocalPort, "bpf_sock_ops.local_port", 68, 4, 1, host, 0},
		{asm.SockOpsDataSegsIn, "bpf_sock_ops.data_segs_in", 144, 4, 1, host, 0},
		{asm.SockOpsDataSegsOut, "bpf_sock_ops.data_segs_out", 152, 4, 1, host, 0},
		{asm.SockOpsSk, "bpf_sock_ops.sk", 184, 8, 1, host, asm.PointerSocket | orNull},

		{asm.SkBuffProtocol, "__sk_buff.protocol", 16, 4, 1, low16, 0},
		{asm.SkBuffCB, "__sk_buff.cb", 48, 4, 5, host, 0},
		{asm.SkBuffData, "__sk_buff.data", 76, 4, 1, host, asm.PointerPacket},
		{asm.XDPMdDataMeta, "xdp_md.data_meta", 8, 4, 1, host, asm.PointerPacketMeta},
		{asm.SkLookupRemotePort, "bpf_sk_lookup.remote_port", 36, 2, 1, network, 0},
		{asm.SkLookupLocalPort, "bpf_sk_lookup.local_port", 60, 4, 1, host, 0},
		{asm.SockDstPort, "bpf_sock.dst_port", 48, 2, 1, network, 0},
		{asm.SockAddrUserPort, "bpf_sock_addr.user_port", 24, 4, 1, low16, 0},
	}
	for _, test := range tests {
		f := test.field
		if f.Name() != test.name || f.String() != test.name || f.Offset() != test.offset || f.Size() != test.size ||
			f.Count() != test.count || f.Order() != test.order || f.Pointer() != test.pointer || !f.Valid() {
			t.Errorf("want %+v\ngot %v at %d, %d x %d bytes, order %v, %v", test, f, f.Offset(), f.Count(), f.Size(), f.Order(), f.Pointer())
		}
	}
}

func TestFieldByName(t *testing.T) {
	for c := asm.Context(1); c.Valid(); c++ {
		for f := range c.Fields() {
			if got, ok := asm.FieldByName(f.Name()); !ok || got != f {
				t.Errorf("%v is found as %v", f, got)
			}
		}
	}
	for _, name := range []string{"", ".", "sk_msg_md", "sk_msg_md.", "sk_msg_md.data.x", "data", ".data", "sk_msg.data"} {
		if f, ok := asm.FieldByName(name); ok {
			t.Errorf("%q is found as %v", name, f)
		}
	}
}

func TestFieldAt(t *testing.T) {
	tests := []struct {
		context asm.Context
		offset  int
		field   asm.Field
		element int
	}{
		{asm.ContextSkMsgMd, 0, asm.SkMsgMdData, 0},
		{asm.ContextSkMsgMd, 7, asm.SkMsgMdData, 0},
		{asm.ContextSkMsgMd, 8, asm.SkMsgMdDataEnd, 0},
		{asm.ContextSkMsgMd, 28, asm.SkMsgMdRemoteIP6, 0},
		{asm.ContextSkMsgMd, 43, asm.SkMsgMdRemoteIP6, 3},
		{asm.ContextSkMsgMd, 79, asm.SkMsgMdSk, 0},
		{asm.ContextSockOps, 8, asm.SockOpsArgs, 1},
	}
	for _, test := range tests {
		f, i, ok := asm.FieldAt(test.context, test.offset)
		if !ok || f != test.field || i != test.element {
			t.Errorf("%v at %d: %v[%d] %v, want %v[%d]", test.context, test.offset, f, i, ok, test.field, test.element)
		}
	}
	holes := []struct {
		context asm.Context
		offset  int
	}{{asm.ContextSkMsgMd, -1}, {asm.ContextSkMsgMd, 80}, {asm.ContextSkLookup, 38}, {0, 0}, {200, 0}}
	for _, hole := range holes {
		if f, _, ok := asm.FieldAt(hole.context, hole.offset); ok {
			t.Errorf("%v at %d: %v", hole.context, hole.offset, f)
		}
	}
}

func TestFieldAccess(t *testing.T) {
	tests := []struct {
		name string
		got  bool
		want bool
	}{
		{"sk_reuseport reads its context", asm.SkReuseportMdHash.ReadableBy(asm.SkReuseport), true},
		{"and does not write it", asm.SkReuseportMdHash.WritableBy(asm.SkReuseport), false},
		{"others have another context", asm.SkReuseportMdHash.ReadableBy(asm.SocketFilter), false},
		{"socket filters see no packet pointer", asm.SkBuffData.ReadableBy(asm.SocketFilter), false},
		{"classifiers do", asm.SkBuffData.ReadableBy(asm.SchedCLS), true},
		{"sock_ops replies", asm.SockOpsReply.WritableBy(asm.SockOps), true},
		{"in the first word only", asm.SockOpsReplylong.WritableBy(asm.SockOps), false},
		{"some attach type reads the IPv4 address", asm.SockAddrUserIP4.ReadableBy(asm.CgroupSockAddr), true},
		{"that of IPv4 does", asm.SockAddrUserIP4.ReadableBy(asm.CgroupSockAddr, asm.AttachCgroupInet4Connect), true},
		{"that of IPv6 does not", asm.SockAddrUserIP4.ReadableBy(asm.CgroupSockAddr, asm.AttachCgroupInet6Connect), false},
		{"not both do", asm.SockAddrUserIP4.ReadableBy(asm.CgroupSockAddr, asm.AttachCgroupInet4Connect, asm.AttachCgroupInet6Connect), false},
		{"unknown attach type", asm.SockAddrUserIP4.ReadableBy(asm.CgroupSockAddr, 9999), false},
		{"unknown program type", asm.SockAddrUserIP4.ReadableBy(9999), false},
		{"no field", asm.Field(0).ReadableBy(asm.SkMsg), false},

		{"a full socket has a mark", asm.SockMark.ReadableThrough(asm.PointerSocket), true},
		{"a request has none", asm.SockMark.ReadableThrough(asm.PointerSockCommon), false},
		{"and must be tested first", asm.SockFamily.ReadableThrough(asm.PointerSockCommon | asm.PointerOrNull), false},
		{"flow keys are written", asm.FlowKeysSport.WritableThrough(asm.PointerFlowKeys), true},
		{"sockets are not", asm.SockMark.WritableThrough(asm.PointerSocket), false},

		{"whole", asm.SkMsgMdFamily.CanLoad(0, 4), true},
		{"sk_msg allows no part", asm.SkMsgMdFamily.CanLoad(0, 2), false},
		{"nor two fields at once", asm.SkMsgMdRemoteIP4.CanLoad(0, 8), false},
		{"elements", asm.SkMsgMdRemoteIP6.CanLoad(12, 4), true},
		{"between elements", asm.SkMsgMdRemoteIP6.CanLoad(2, 4), false},
		{"beyond the last", asm.SkMsgMdRemoteIP6.CanLoad(16, 4), false},
		{"before the first", asm.SkMsgMdRemoteIP6.CanLoad(-4, 4), false},
		{"odd sizes", asm.SkBuffLen.CanLoad(0, 3), false},
		{"no size", asm.SkBuffLen.CanLoad(0, 0), false},
		{"__sk_buff allows parts", asm.SkBuffLen.CanLoad(3, 1), true},
		{"at multiples of their size", asm.SkBuffLen.CanLoad(1, 2), false},
		{"of loads only", asm.SkBuffMark.CanStore(0, 1), false},
		{"scratch space in any size", asm.SkBuffCB.CanStore(8, 8), true},
		{"within the array", asm.SkBuffCB.CanStore(16, 8), false},
		{"a port with its padding", asm.SkLookupRemotePort.CanLoad(0, 4), true},
		{"no field, no size", asm.Field(9999).CanLoad(0, 4), false},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: %v", test.name, test.got)
		}
	}
}

func TestContext(t *testing.T) {
	names := map[asm.Context]string{}
	for c := asm.Context(1); c.Valid(); c++ {
		names[c] = c.Name()
		last := -1
		for f := range c.Fields() {
			if f.Context() != c || !strings.HasPrefix(f.Name(), c.Name()+".") {
				t.Errorf("%v is listed for %v", f, c)
			}
			if f.Offset() < last || f.Offset()+f.Size()*f.Count() > c.Size() {
				t.Errorf("%v at %d, after %d, in %d bytes", f, f.Offset(), last, c.Size())
			}
			if last = f.Offset(); f == asm.FlowKeysIPv4Dst {
				last = asm.FlowKeysIPv4Src.Offset() // the IPv6 addresses are in the same place
			}
		}
	}
	want := map[asm.Context]string{
		asm.ContextSkReuseportMd: "sk_reuseport_md", asm.ContextSkMsgMd: "sk_msg_md", asm.ContextSockOps: "bpf_sock_ops",
		asm.ContextSkBuff: "__sk_buff", asm.ContextXDPMd: "xdp_md", asm.ContextSkLookup: "bpf_sk_lookup",
		asm.ContextSock: "bpf_sock", asm.ContextSockAddr: "bpf_sock_addr", asm.ContextSockopt: "bpf_sockopt",
		asm.ContextSysctl: "bpf_sysctl", asm.ContextCgroupDevCtx: "bpf_cgroup_dev_ctx",
		asm.ContextFlowKeys: "bpf_flow_keys", asm.ContextTCPSock: "bpf_tcp_sock",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestProgramTypeContext(t *testing.T) {
	tests := map[asm.ProgramType]asm.Context{
		asm.SkReuseport: asm.ContextSkReuseportMd, asm.SkMsg: asm.ContextSkMsgMd, asm.SockOps: asm.ContextSockOps,
		asm.SchedCLS: asm.ContextSkBuff, asm.FlowDissector: asm.ContextSkBuff, asm.XDP: asm.ContextXDPMd,
		asm.SkLookup: asm.ContextSkLookup, asm.CgroupSock: asm.ContextSock, asm.CgroupSockAddr: asm.ContextSockAddr,
		asm.CgroupSockopt: asm.ContextSockopt, asm.CgroupSysctl: asm.ContextSysctl, asm.CgroupDevice: asm.ContextCgroupDevCtx,
		asm.Kprobe: 0, asm.Tracing: 0, asm.UnspecProgram: 0, 9999: 0,
	}
	for typ, want := range tests {
		if got := typ.Context(); got != want {
			t.Errorf("%v: %v, want %v", typ, got, want)
		}
	}
}

func TestNoFieldAndNoContext(t *testing.T) {
	for _, f := range []asm.Field{0, 9999, 1<<16 - 1} {
		if f.Valid() || f.Name() != "" || f.Size() != 0 || f.Count() != 0 || f.Context().Valid() {
			t.Errorf("%d is a field", uint16(f))
		}
	}
	if got, want := asm.Field(9999).String(), "field 9999"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, c := range []asm.Context{0, 99, 255} {
		for f := range c.Fields() {
			t.Errorf("context %d has %v", c, f)
		}
		if c.Valid() || c.Name() != "" || c.Size() != 0 {
			t.Errorf("%d is a context", c)
		}
	}
	if got, want := asm.Context(99).String(), "context 99"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := (asm.PointerSocket|asm.PointerOrNull).String()+" "+asm.OrderNetwork16.String(), "sock_or_null network16"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
