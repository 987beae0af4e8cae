package sockredir

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// expectedKey is the key of the socket at local that is connected to remote, written out by hand in network order, with
// the cookie in the byte order of the machine.
func expectedKey(order binary.ByteOrder, cookie uint64, local, remote netip.AddrPort) []byte {
	k := make([]byte, 48)
	order.PutUint64(k, cookie)
	l, r := local.Addr().As16(), remote.Addr().As16()
	copy(k[8:], l[:])
	copy(k[24:], r[:])
	binary.BigEndian.PutUint16(k[42:], local.Port())
	binary.BigEndian.PutUint16(k[46:], remote.Port())
	return k
}

func TestExpectedKey(t *testing.T) {
	got := hex.EncodeToString(expectedKey(binary.LittleEndian, 0x0102030405060708,
		netip.MustParseAddrPort("127.0.0.1:258"), netip.MustParseAddrPort("[2001:db8::7]:65535")))
	want := "0807060504030201" + "00000000000000000000ffff7f000001" + "20010db8000000000000000000000007" + "00000102" + "0000ffff"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKey runs the programs' key code on machines of both byte orders, on contexts as the kernel shows them there. The
// sk_msg program looks up the key under which the sock_ops program recorded the peer.
func TestKey(t *testing.T) {
	const cookie = 0x0102030405060708
	for _, test := range []struct {
		name          string
		family        uint32
		local, remote string
	}{
		{"IPv4", asm.AFInet, "127.0.0.1:40000", "127.0.0.2:80"},
		{"IPv4, the ports have a zero byte", asm.AFInet, "10.1.2.3:256", "10.3.2.1:255"},
		{"IPv6", asm.AFInet6, "[2001:db8:1:2:3:4:5:6]:40000", "[::1]:80"},
		{"IPv4 over an IPv6 socket", asm.AFInet6, "[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.2]:80"},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			local, remote := netip.MustParseAddrPort(test.local), netip.MustParseAddrPort(test.remote)
			for program, want := range map[string][]byte{
				RecordProgram:   expectedKey(order, cookie, local, remote),
				RedirectProgram: expectedKey(order, cookie, remote, local),
			} {
				t.Run(test.name+" "+program+" "+order.String(), func(t *testing.T) {
					m := &machine{order: order, cookie: cookie}
					var b *asm.Builder
					if program == RecordProgram {
						m.ctx = sockOpsContext(order, test.family, local, remote)
						b = asm.NewBuilder("key", asm.SockOps)
						storeKey(b, b.Stack("key", keySize), b.Context(), sockOpsConnection())
					} else {
						m.ctx = skMsgContext(order, test.family, local, remote)
						b = asm.NewBuilder("key", asm.SkMsg)
						storeKey(b, b.Stack("key", keySize), b.Context(), skMsgConnection().mirrored())
					}
					b.Return(0)
					p, err := b.Program()
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(hex.EncodeToString(want), hex.EncodeToString(m.run(t, p))); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// put stores what a program that loads 32 bits at offset sees as v.
func put(ctx []byte, order binary.ByteOrder, offset int, v uint32) { order.PutUint32(ctx[offset:], v) }

// putAddrs stores the address fields: bytes in network order, those of the other family full of garbage.
func putAddrs(ctx []byte, family uint32, local, remote netip.Addr, remote4, local4, remote6, local6 int) {
	for i := range ctx {
		ctx[i] = 0xee
	}
	if family == asm.AFInet {
		l, r := local.As4(), remote.As4()
		copy(ctx[local4:], l[:])
		copy(ctx[remote4:], r[:])
		return
	}
	l, r := local.As16(), remote.As16()
	copy(ctx[local6:], l[:])
	copy(ctx[remote6:], r[:])
}

// remotePort is the field's value as the kernel's context conversion makes it of sk_dport: shifted on little endian
// only.
func remotePort(order binary.ByteOrder, port uint16) uint32 {
	var dport [2]byte
	binary.BigEndian.PutUint16(dport[:], port)
	v := uint32(order.Uint16(dport[:]))
	if order == binary.LittleEndian {
		v <<= 16
	}
	return v
}

// sockOpsContext has the offsets of struct bpf_sock_ops.
func sockOpsContext(order binary.ByteOrder, family uint32, local, remote netip.AddrPort) []byte {
	ctx := make([]byte, 224)
	putAddrs(ctx, family, local.Addr(), remote.Addr(), 24, 28, 32, 48)
	put(ctx, order, 20, family)
	put(ctx, order, 64, remotePort(order, remote.Port()))
	put(ctx, order, 68, uint32(local.Port()))
	return ctx
}

// skMsgContext has the offsets of struct sk_msg_md.
func skMsgContext(order binary.ByteOrder, family uint32, local, remote netip.AddrPort) []byte {
	ctx := make([]byte, 80)
	putAddrs(ctx, family, local.Addr(), remote.Addr(), 20, 24, 28, 44)
	put(ctx, order, 16, family)
	put(ctx, order, 60, remotePort(order, remote.Port()))
	put(ctx, order, 64, uint32(local.Port()))
	return ctx
}

// contextAt is the address of the context on machine.
const contextAt = 1 << 40

// machine runs the few kinds of instructions that storeKey becomes, with the context in r1 and bpf_get_netns_cookie.
type machine struct {
	order  binary.ByteOrder
	cookie uint64
	ctx    []byte
	stack  [512]byte
	regs   [11]uint64
}

// run returns the key, the last 48 bytes of the stack.
func (m *machine) run(t *testing.T, p *asm.Program) []byte {
	for i := range m.stack {
		m.stack[i] = 0xdd // what is never written
	}
	m.regs[asm.R1] = contextAt
	for slot := 0; ; slot++ {
		i, ok := p.Index(slot)
		if !ok {
			t.Fatalf("no instruction at slot %d", slot)
		}
		ins := p.At(i)
		text := ins.String()
		dst, src := &m.regs[ins.Dst], m.regs[ins.Src]
		switch class := ins.Op.Class(); {
		case text == "exit":
			return m.stack[512-48:]
		case text == "call 122" && m.regs[asm.R1] == contextAt:
			m.regs = [11]uint64{0: m.cookie, 6: m.regs[6], 7: m.regs[7], 8: m.regs[8], 9: m.regs[9]}
		case class == asm.ClassLDX && src == contextAt:
			*dst = m.load(m.ctx[ins.Off:], ins.Op.Size())
		case class == asm.ClassSTX && ins.Dst == asm.FP:
			m.store(m.stack[512+int(ins.Off):], ins.Op.Size(), src)
		case class == asm.ClassST && ins.Dst == asm.FP:
			m.store(m.stack[512+int(ins.Off):], ins.Op.Size(), uint64(ins.Imm))
		case strings.HasPrefix(text, "goto "):
			slot += int(ins.Off)
		case class == asm.ClassJMP && strings.Contains(text, " == "):
			if *dst == uint64(ins.Imm) {
				slot += int(ins.Off)
			}
		case class == asm.ClassJMP && strings.Contains(text, " != "):
			if *dst != uint64(ins.Imm) {
				slot += int(ins.Off)
			}
		case ins.Op == asm.ALUOpcode(asm.ClassALU64, asm.OpMov, asm.X):
			*dst = src
		case ins.Op == asm.ALUOpcode(asm.ClassALU64, asm.OpMov, asm.K):
			*dst = uint64(ins.Imm)
		case ins.Op == asm.ALUOpcode(asm.ClassALU, asm.OpEnd, asm.X) && ins.Imm == 32:
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(*dst))
			*dst = uint64(m.order.Uint32(b[:]))
		default:
			t.Fatalf("slot %d: no rule for %s", slot, text)
		}
	}
}

func (m *machine) load(from []byte, s asm.Size) uint64 {
	if s != asm.W {
		panic("context fields are loaded by 32 bits")
	}
	return uint64(m.order.Uint32(from))
}

func (m *machine) store(to []byte, s asm.Size, v uint64) {
	switch s {
	case asm.DW:
		m.order.PutUint64(to, v)
	case asm.W:
		m.order.PutUint32(to, uint32(v))
	case asm.H:
		m.order.PutUint16(to, uint16(v))
	case asm.B:
		to[0] = byte(v)
	}
}
