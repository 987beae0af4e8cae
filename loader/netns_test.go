//go:build linux

package loader_test

import (
	"errors"
	"net"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

const ownNetNS = "/proc/self/ns/net"

// steering is the sk_lookup program that gives every UDP packet to the port that is not open to the socket in the map.
func steering(t testing.TB, m *maps.Sockets[uint32], port int) *loader.Program {
	t.Helper()
	p, err := reloc.Link(build(t, "steer", asm.SkLookup, func(b *asm.Builder) {
		b.AttachType(asm.AttachSkLookup)
		b.Mov(asm.R6, asm.R1)
		b.Ldx(asm.R2, asm.R6.Field(asm.SkLookupLocalPort))
		b.JumpIf(asm.R2.NotEq(port), "out")
		b.St(asm.R10.U32(-4), 0)
		b.LdMap(asm.R1, "peers")
		b.Mov(asm.R2, asm.R10)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
		b.JumpIf(asm.R0.Eq(0), "out")
		b.Mov(asm.R7, asm.R0)
		b.Mov(asm.R1, asm.R6)
		b.Mov(asm.R2, asm.R0)
		b.Mov(asm.R3, 0)
		b.CallHelper(asm.FnSkAssign)
		b.Mov(asm.R1, asm.R7)
		b.CallHelper(asm.FnSkRelease)
		b.Label("out")
		b.Mov(asm.R0, 1) // SK_PASS
		b.Exit()
	}), reloc.Symbols{"peers": reloc.Map(m.FD(), m.Spec())})
	if err != nil {
		t.Fatal(err)
	}
	return load(t, p)
}

func TestNetNSSteers(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, way := range []struct {
		name   string
		attach func(p *loader.Program) (*loader.Link, error)
	}{
		{"path", func(p *loader.Program) (*loader.Link, error) { return loader.AttachNetNS(ownNetNS, p) }},
		{"file", func(p *loader.Program) (*loader.Link, error) {
			ns, err := os.Open(ownNetNS)
			if err != nil {
				return nil, err
			}
			defer ns.Close()
			return loader.AttachNetNSFile(ns, p)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			conn, m := udp(t), socketMap(t)
			if err := m.Update(0, conn, asm.UpdateAny); err != nil {
				t.Fatal(err)
			}
			const closedPort = 4433 // nothing listens on it; the network namespace is the test's own
			closed := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: closedPort}
			p := steering(t, m, closedPort)
			link, err := way.attach(p)
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			send(t, closed, "steered")
			if diff := cmp.Diff("steered", receive(t, conn)); diff != "" {
				t.Errorf("attached: received (-want +got):\n%s", diff)
			}
			info, err := link.Info()
			if err != nil {
				t.Fatal(err)
			}
			var stat unix.Stat_t
			if err := unix.Stat(ownNetNS, &stat); err != nil {
				t.Fatal(err)
			}
			program, err := p.Info()
			if err != nil {
				t.Fatal(err)
			}
			want := loader.LinkInfo{ID: info.ID, Type: loader.LinkNetNS, ProgramID: program.ID, AttachType: asm.AttachSkLookup, NetNSInode: uint32(stat.Ino)}
			if diff := cmp.Diff(want, info); diff != "" || info.ID == 0 {
				t.Errorf("info (-want +got):\n%s", diff)
			}
			programs, err := loader.NetNSPrograms(ownNetNS, asm.AttachSkLookup)
			if diff := cmp.Diff([]uint32{program.ID}, programs); diff != "" || err != nil {
				t.Errorf("programs of the namespace: %v (-want +got):\n%s", err, diff)
			}
			if err := link.Update(steering(t, m, closedPort+1)); err != nil {
				t.Fatal(err)
			}
			send(t, closed, "lost")
			send(t, &net.UDPAddr{IP: closed.IP, Port: closedPort + 1}, "updated")
			if diff := cmp.Diff("updated", receive(t, conn)); diff != "" {
				t.Errorf("updated: received (-want +got):\n%s", diff)
			}
			if err := link.Close(); err != nil {
				t.Fatal(err)
			}
			send(t, &net.UDPAddr{IP: closed.IP, Port: closedPort + 1}, "lost")
			if diff := cmp.Diff("", receive(t, conn)); diff != "" {
				t.Errorf("detached: received (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNetNSRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	p := steering(t, socketMap(t), 1)
	attach := func(path string, p *loader.Program) error {
		link, err := loader.AttachNetNS(path, p)
		if err == nil {
			link.Close()
		}
		return err
	}
	dissect := func() *loader.Program { return load(t, returning(t, "dissect", asm.FlowDissector, 0)) }
	first, err := loader.AttachNetNS(ownNetNS, dissect())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, fileErr := loader.AttachNetNSFile(nil, p)
	_, listErr := loader.NetNSPrograms("/proc/self/ns/none", asm.AttachSkLookup)
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"no such path", attach("/proc/self/ns/none", p), unix.ENOENT, "attach to network namespace /proc/self/ns/none: no such file or directory"},
		{"another namespace", attach("/proc/self/ns/mnt", p), unix.EINVAL,
			"attach sk_lookup program steer to network namespace /proc/self/ns/mnt: invalid argument (is it the file of a network namespace? sk_lookup needs Linux 5.9)"},
		{"another type", attach(ownNetNS, load(t, returning(t, "xdp", asm.XDP, 1))), loader.ErrWrongType,
			"attach to network namespace " + ownNetNS + ": wrong type: it is a xdp program, and must be sk_lookup or flow_dissector"},
		{"no program", attach(ownNetNS, nil), nil, "no program"},
		{"no file", fileErr, os.ErrInvalid, "attach to network namespace: invalid argument"},
		{"second flow dissector", attach(ownNetNS, dissect()), unix.E2BIG, "attach flow_dissector program dissect to network namespace " + ownNetNS + ": "},
		{"list", listErr, unix.ENOENT, "list sk_lookup programs of network namespace /proc/self/ns/none: no such file or directory"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
}
