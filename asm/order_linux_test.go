package asm_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// number turns what a program loaded from a field into the number it stands for, as the field's byte order says.
func number(f asm.Field, loaded uint64) uint64 {
	var b [8]byte
	switch f.Order() {
	case asm.OrderNetwork16:
		binary.NativeEndian.PutUint16(b[:], uint16(loaded))
		return uint64(binary.BigEndian.Uint16(b[:]))
	case asm.OrderNetwork:
		if f.Size() == 2 {
			binary.NativeEndian.PutUint16(b[:], uint16(loaded))
			return uint64(binary.BigEndian.Uint16(b[:]))
		}
		binary.NativeEndian.PutUint32(b[:], uint32(loaded))
		return uint64(binary.BigEndian.Uint32(b[:]))
	}
	return loaded
}

// A recorder is a program that copies fields of its context into a map.
type recorder struct {
	fields []asm.Field
	values *sys.FD
	prog   *sys.FD
}

// record loads a recorder that takes the fields from the struct in r1, after prefix.
func record(t *testing.T, s setting, fields []asm.Field, prefix ...asm.Instruction) *recorder {
	t.Helper()
	size := 8 * len(fields)
	values, err := sys.MapCreate(&sys.MapCreateAttr{
		MapType: uint32(asm.MapArray), KeySize: 4, ValueSize: uint32(size), MaxEntries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { values.Close() })
	insns := append(prefix, asm.Instruction{Op: 0x18, Dst: asm.R7, Src: 2, Imm: int64(values.Int())})
	for i, f := range fields {
		insns = append(insns, load(asm.R2, asm.R1, f.Offset(), f.Size()), store(asm.R7, 8*i, asm.R2, 8))
	}
	insns = append(insns, mov(asm.R0, 1), exit())
	code, err := asm.AppendInstructions(nil, insns, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := sys.ProgLoad(&sys.ProgLoadAttr{
		ProgType:           uint32(s.typ),
		ExpectedAttachType: uint32(s.at),
		InsnCnt:            uint32(len(code) / 8),
		Insns:              sys.BytesPointer(code),
		License:            sys.StringPointer("GPL"),
	})
	if err != nil {
		log, _ := s.verify(t, "GPL", 1, insns...)
		t.Fatalf("%v: %v\n%s", s, err, log)
	}
	t.Cleanup(func() { prog.Close() })
	return &recorder{fields, values, prog}
}

// link attaches the program to a cgroup or a network namespace, given by path, for the rest of the test.
func (r *recorder) link(t *testing.T, path string, at asm.AttachType) {
	t.Helper()
	target, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	link, err := sys.LinkCreate(&sys.LinkCreateAttr{
		ProgFD: uint32(r.prog.Int()), TargetFD: uint32(target.Fd()), AttachType: uint32(at),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { link.Close() })
}

// compare holds what was recorded last against the numbers that the fields must stand for.
func (r *recorder) compare(t *testing.T, want map[asm.Field]uint64) {
	t.Helper()
	var key uint32
	values := make([]uint64, len(r.fields))
	if err := sys.MapLookup(r.values.Int(), sys.PointerTo(&key), sys.SlicePointer(values), 0); err != nil {
		t.Fatal(err)
	}
	for i, f := range r.fields {
		if got := number(f, values[i]); got != want[f] {
			t.Errorf("%v (%v): loaded %#x, which is %#x; want %#x", f, f.Order(), values[i], got, want[f])
		}
	}
}

func keys(m map[asm.Field]uint64) (fields []asm.Field) {
	for f := range m {
		fields = append(fields, f)
	}
	return fields
}

// exitUnless ends the program unless the first word of the context is value.
func exitUnless(value int32) []asm.Instruction {
	return []asm.Instruction{
		load(asm.R2, asm.R1, 0, 4),
		{Op: 0x15, Dst: asm.R2, Off: 2, Imm: int64(value)},
		mov(asm.R0, 1),
		exit(),
	}
}

const loopback = 0x7f000001 // 127.0.0.1

// connection is a TCP connection over loopback.
type connection struct {
	client, server         net.Conn
	clientPort, serverPort uint64
}

// connect connects to a new listener; listening is called between listen and connect.
func connect(t *testing.T, listening func(port uint64)) connection {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var c connection
	c.serverPort = port(l.Addr())
	if listening != nil {
		listening(c.serverPort)
	}
	if c.client, err = net.Dial("tcp4", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.client.Close() })
	if c.server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.server.Close() })
	c.clientPort = port(c.client.LocalAddr())
	return c
}

func port(a net.Addr) uint64 { return uint64(netip.MustParseAddrPort(a.String()).Port()) }

// The byte orders of the table are those of real traffic: with them, addresses and ports come out as the sockets have
// them.
func TestByteOrder(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	t.Run("sock_ops", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SockOpsFamily: unix.AF_INET, asm.SockOpsRemoteIP4: loopback, asm.SockOpsLocalIP4: loopback,
			asm.SockOpsRemotePort: 0, asm.SockOpsLocalPort: 0,
		}
		s := setting{typ: asm.SockOps, at: asm.AttachCgroupSockOps}
		r := record(t, s, keys(want), exitUnless(asm.SockOpsActiveEstablishedCB)...)
		r.link(t, kerneltest.CgroupJoin(t), s.at)
		c := connect(t, nil)
		want[asm.SockOpsRemotePort], want[asm.SockOpsLocalPort] = c.serverPort, c.clientPort
		r.compare(t, want)
	})
	t.Run("bpf_sock", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SockFamily: unix.AF_INET, asm.SockType: unix.SOCK_STREAM, asm.SockProtocol: unix.IPPROTO_TCP,
			asm.SockSrcIP4: loopback, asm.SockDstIP4: loopback, asm.SockSrcPort: 0, asm.SockDstPort: 0,
		}
		s := setting{typ: asm.SockOps, at: asm.AttachCgroupSockOps}
		prefix := append(exitUnless(asm.SockOpsActiveEstablishedCB), load(asm.R1, asm.R1, asm.SockOpsSk.Offset(), 8))
		r := record(t, s, keys(want), append(prefix, exitIfZero(asm.R1)...)...)
		r.link(t, kerneltest.CgroupJoin(t), s.at)
		c := connect(t, nil)
		want[asm.SockDstPort], want[asm.SockSrcPort] = c.serverPort, c.clientPort
		r.compare(t, want)
	})
	t.Run("bpf_sock_addr", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SockAddrUserFamily: unix.AF_INET, asm.SockAddrUserIP4: loopback, asm.SockAddrUserPort: 0,
			asm.SockAddrFamily: unix.AF_INET, asm.SockAddrType: unix.SOCK_STREAM, asm.SockAddrProtocol: unix.IPPROTO_TCP,
		}
		s := setting{typ: asm.CgroupSockAddr, at: asm.AttachCgroupInet4Connect}
		r := record(t, s, keys(want))
		r.link(t, kerneltest.CgroupJoin(t), s.at)
		want[asm.SockAddrUserPort] = connect(t, nil).serverPort
		r.compare(t, want)
	})
	t.Run("bpf_sk_lookup", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SkLookupFamily: unix.AF_INET, asm.SkLookupProtocol: unix.IPPROTO_TCP,
			asm.SkLookupRemoteIP4: loopback, asm.SkLookupLocalIP4: loopback,
			asm.SkLookupRemotePort: 0, asm.SkLookupLocalPort: 0,
		}
		s := setting{typ: asm.SkLookup, at: asm.AttachSkLookup}
		r := record(t, s, keys(want))
		r.link(t, "/proc/self/ns/net", s.at)
		c := connect(t, nil)
		want[asm.SkLookupLocalPort], want[asm.SkLookupRemotePort] = c.serverPort, c.clientPort
		r.compare(t, want)
	})
	t.Run("sk_msg_md", func(t *testing.T) {
		c := connect(t, nil)
		want := map[asm.Field]uint64{
			asm.SkMsgMdFamily: unix.AF_INET, asm.SkMsgMdRemoteIP4: loopback, asm.SkMsgMdLocalIP4: loopback,
			asm.SkMsgMdRemotePort: c.serverPort, asm.SkMsgMdLocalPort: c.clientPort, asm.SkMsgMdSize: 5,
		}
		s := setting{typ: asm.SkMsg, at: asm.AttachSkMsgVerdict}
		r := record(t, s, keys(want))
		r.attachToSocket(t, c.client.(*net.TCPConn), s.at)
		exchange(t, c)
		r.compare(t, want)
	})
	t.Run("__sk_buff", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SkBuffProtocol: asm.EthPIP, asm.SkBuffFamily: unix.AF_INET,
			asm.SkBuffRemoteIP4: loopback, asm.SkBuffLocalIP4: loopback, asm.SkBuffRemotePort: 0, asm.SkBuffLocalPort: 0,
		}
		// Of the packets that go out, those of the client.
		s := setting{typ: asm.CgroupSKB, at: asm.AttachCgroupInetEgress}
		cgroup := kerneltest.CgroupJoin(t)
		var r *recorder
		c := connect(t, func(port uint64) {
			r = record(t, s, keys(want),
				load(asm.R2, asm.R1, asm.SkBuffLocalPort.Offset(), 4),
				asm.Instruction{Op: 0x55, Dst: asm.R2, Off: 2, Imm: int64(port)},
				mov(asm.R0, 1), exit())
			r.link(t, cgroup, s.at)
		})
		exchange(t, c)
		want[asm.SkBuffRemotePort], want[asm.SkBuffLocalPort] = c.serverPort, c.clientPort
		r.compare(t, want)
	})
	t.Run("sk_reuseport_md", func(t *testing.T) {
		want := map[asm.Field]uint64{
			asm.SkReuseportMdEthProtocol: asm.EthPIP, asm.SkReuseportMdIPProtocol: unix.IPPROTO_UDP,
			asm.SkReuseportMdLen: 8 + 5, asm.SkReuseportMdBindInany: 0,
		}
		r := record(t, setting{typ: asm.SkReuseport}, keys(want))
		config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
			if control := c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}); control != nil {
				return control
			}
			return err
		}}
		server, err := config.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		withFD(t, server.(*net.UDPConn), func(fd int) error { return sys.AttachReuseportProg(fd, r.prog.Int()) })
		client, err := net.Dial("udp4", server.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := server.ReadFrom(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		r.compare(t, want)
	})
}

// attachToSocket puts a socket into a new socket map and lets the program see what is sent through it.
func (r *recorder) attachToSocket(t *testing.T, conn *net.TCPConn, at asm.AttachType) {
	t.Helper()
	sockets, err := sys.MapCreate(&sys.MapCreateAttr{
		MapType: uint32(asm.MapSockMap), KeySize: 4, ValueSize: 4, MaxEntries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sockets.Close() })
	err = sys.ProgAttach(&sys.ProgAttachAttr{
		TargetFD: uint32(sockets.Int()), AttachBPFFD: uint32(r.prog.Int()), AttachType: uint32(at),
	})
	if err != nil {
		t.Fatal(err)
	}
	withFD(t, conn, func(fd int) error {
		key, value := uint32(0), uint32(fd)
		return sys.MapUpdate(sockets.Int(), sys.PointerTo(&key), sys.PointerTo(&value), 0)
	})
}

func withFD(t *testing.T, conn syscall.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if control := raw.Control(func(fd uintptr) { err = f(int(fd)) }); control != nil {
		t.Fatal(control)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// exchange sends five bytes from the client to the server.
func exchange(t *testing.T, c connection) {
	t.Helper()
	if _, err := c.client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.server.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
}
