//go:build linux

package loader_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// loopback returns the index of the loopback interface.
func loopback(t testing.TB) int {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	return lo.Index
}

// passes reports whether a datagram over loopback arrives.
func passes(t testing.TB) bool {
	t.Helper()
	conn := udp(t)
	defer conn.Close()
	if _, err := conn.WriteTo([]byte("x"), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, _, err := conn.ReadFrom(make([]byte, 1))
	return err == nil
}

const (
	xdpDrop, xdpPass = 1, 2
	tcxNext, tcxDrop = -1, 2
)

// TestAttachDevice drops all packets of the loopback interface, until the link is closed.
func TestAttachDevice(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	lo := loopback(t)
	for _, test := range []struct {
		name       string
		kind       loader.LinkType
		drop, pass *asm.Program
		attach     func(p *loader.Program) (*loader.Link, error)
		want       loader.LinkInfo
	}{
		{"xdp", loader.LinkXDP, returning(t, "drop", asm.XDP, xdpDrop), returning(t, "pass", asm.XDP, xdpPass),
			func(p *loader.Program) (*loader.Link, error) { return loader.AttachXDP(lo, p, loader.XDPGeneric) },
			loader.LinkInfo{Type: loader.LinkXDP, AttachType: asm.AttachXDP, Interface: lo}},
		{"ingress", loader.LinkTCX, returning(t, "drop", asm.SchedCLS, tcxDrop), returning(t, "pass", asm.SchedCLS, tcxNext),
			func(p *loader.Program) (*loader.Link, error) {
				return loader.AttachTCX(lo, p, asm.AttachTCXIngress)
			},
			loader.LinkInfo{Type: loader.LinkTCX, AttachType: asm.AttachTCXIngress, Interface: lo}},
		{"egress", loader.LinkTCX, returning(t, "drop", asm.SchedCLS, tcxDrop), returning(t, "pass", asm.SchedCLS, tcxNext),
			func(p *loader.Program) (*loader.Link, error) { return loader.AttachTCX(lo, p, asm.AttachTCXEgress) },
			loader.LinkInfo{Type: loader.LinkTCX, AttachType: asm.AttachTCXEgress, Interface: lo}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := loader.HaveLink(test.kind); err != nil {
				t.Skip(err)
			}
			p := load(t, test.drop)
			link, err := test.attach(p)
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			if passes(t) {
				t.Error("a datagram arrived although the program drops everything")
			}
			info, err := link.Info()
			if err != nil {
				t.Fatal(err)
			}
			test.want.ProgramID = infoOf(t, p).ID
			if diff := cmp.Diff(test.want, info, cmpopts.IgnoreFields(loader.LinkInfo{}, "ID")); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
			if err := link.Update(load(t, test.pass)); err != nil {
				t.Fatal(err)
			}
			if !passes(t) {
				t.Error("no datagram arrived after the program was replaced by one that passes everything")
			}
			if err := link.Update(p); err != nil {
				t.Fatal(err)
			}
			if err := link.Close(); err != nil {
				t.Fatal(err)
			}
			if !passes(t) {
				t.Error("no datagram arrived after the link was closed")
			}
		})
	}
}

func TestAttachDeviceRefuses(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	lo := loopback(t)
	xdp, cls := load(t, returning(t, "pass_all", asm.XDP, xdpPass)), load(t, returning(t, "pass_cls", asm.SchedCLS, tcxNext))
	attached, err := loader.AttachXDP(lo, xdp, loader.XDPGeneric)
	if err != nil {
		t.Fatal(err)
	}
	defer attached.Close()
	for _, test := range []struct {
		name   string
		attach func() (*loader.Link, error)
		want   string
	}{
		{"xdp: another one is there", func() (*loader.Link, error) { return loader.AttachXDP(lo, xdp, loader.XDPGeneric) },
			"attach xdp program pass_all to interface 1: device or resource busy (the interface has an XDP program)"},
		{"xdp: the driver cannot", func() (*loader.Link, error) { return loader.AttachXDP(lo, xdp, loader.XDPDriver) },
			"attach xdp program pass_all to interface 1: "},
		{"xdp: no interface", func() (*loader.Link, error) { return loader.AttachXDP(4711, xdp, 0) },
			"attach xdp program pass_all to interface 4711: invalid argument (is there an interface of this index?"},
		{"xdp: no index", func() (*loader.Link, error) { return loader.AttachXDP(0, xdp, 0) },
			"attach xdp program pass_all to interface 0: interface 0: no such device"},
		{"xdp: type", func() (*loader.Link, error) { return loader.AttachXDP(lo, cls, 0) },
			"attach to interface 1: wrong type: it is a sched_cls program, and must be xdp"},
		{"tcx: no interface", func() (*loader.Link, error) { return loader.AttachTCX(4711, cls, asm.AttachTCXIngress) },
			"attach sched_cls program pass_cls to interface 4711 at tcx_ingress: no such device"},
		{"tcx: negative index", func() (*loader.Link, error) { return loader.AttachTCX(-1, cls, asm.AttachTCXIngress) },
			"interface -1: no such device"},
		{"tcx: place", func() (*loader.Link, error) { return loader.AttachTCX(lo, cls, asm.AttachXDP) },
			"attach to interface 1: wrong type: xdp is not tcx_ingress or tcx_egress"},
		{"tcx: type", func() (*loader.Link, error) { return loader.AttachTCX(lo, xdp, asm.AttachTCXIngress) },
			"attach to interface 1: wrong type: it is a xdp program, and must be sched_cls"},
	} {
		if strings.Contains(test.want, "no such device") && loader.HaveLink(loader.LinkTCX) != nil {
			continue
		}
		link, err := test.attach()
		wantError(t, test.name, err, test.want)
		if link != nil {
			t.Errorf("%s: there is a link", test.name)
			link.Close()
		}
	}
}

func TestXDPModeString(t *testing.T) {
	for mode, want := range map[loader.XDPMode]string{
		loader.XDPAny: "any", loader.XDPGeneric: "generic", loader.XDPDriver: "driver", loader.XDPDevice: "device", 64: "XDP mode 64",
	} {
		if got := mode.String(); got != want {
			t.Errorf("%d is %q, want %q", uint32(mode), got, want)
		}
	}
}
