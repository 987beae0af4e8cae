//go:build linux

package loader_test

import (
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// classic assembles a classic filter that returns n.
func classic(t testing.TB, n uint32) []bpf.RawInstruction {
	t.Helper()
	raw, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: n}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestReuseport(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	group := reuseport(t, 3)
	// A socket_filter program on a reuseport group returns the index of the socket.
	for _, test := range []struct {
		name   string
		attach func() error
		want   []int
	}{
		{"program", func() error {
			return loader.AttachReuseport(group[0], load(t, returning(t, "second", asm.SocketFilter, 1)))
		}, []int{0, 4, 0}},
		{"another, by another member", func() error {
			return loader.AttachReuseport(group[2], load(t, returning(t, "third", asm.SocketFilter, 2)))
		}, []int{0, 0, 4}},
		{"sk_reuseport program that drops", func() error {
			return loader.AttachReuseport(group[0], load(t, returning(t, "drop", asm.SkReuseport, 0)))
		}, []int{0, 0, 0}},
		{"classic", func() error { return loader.AttachReuseportClassic(group[1], classic(t, 0)) }, []int{4, 0, 0}},
	} {
		if err := test.attach(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, receivers(t, group, 4)); diff != "" {
			t.Errorf("%s: datagrams for each socket (-want +got):\n%s", test.name, diff)
		}
	}
	if err := loader.DetachReuseport(group[2]); err != nil {
		t.Fatal(err)
	}
	got := receivers(t, group, 64)
	if got[0] == 64 {
		t.Errorf("after detaching the first socket still gets everything: %v", got)
	}
	err := loader.DetachReuseport(group[0])
	wantError(t, "detach again", err, "detach the program of a reuseport group: no such file or directory (the group has none)")
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v is not ENOENT", err)
	}
}

func TestReuseportStaysAttached(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	group := reuseport(t, 2)
	p := load(t, returning(t, "second", asm.SocketFilter, 1))
	if err := loader.AttachReuseport(group[0], p); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if diff := cmp.Diff([]int{0, 8}, receivers(t, group, 8)); diff != "" {
		t.Errorf("datagrams for each socket (-want +got):\n%s", diff)
	}
}

func TestReuseportRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	group, alone := reuseport(t, 1), udp(t)
	selector := load(t, returning(t, "selector", asm.SkReuseport, 1))
	closed := load(t, returning(t, "closed", asm.SkReuseport, 1))
	closed.Close()
	unix4, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.TempDir() + "/s", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer unix4.Close()
	gone := udp(t)
	gone.Close()
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"without SO_REUSEPORT", loader.AttachReuseport(alone, selector), unix.EINVAL,
			"attach program selector to a reuseport group: invalid argument (was the socket bound with SO_REUSEPORT, and is the program valid?)"},
		{"program of another type", loader.AttachReuseport(group[0], load(t, returning(t, "xdp", asm.XDP, 1))), loader.ErrWrongType,
			"attach to a reuseport group: wrong type: it is a xdp program, and must be sk_reuseport or socket_filter"},
		{"no program", loader.AttachReuseport(group[0], nil), nil, "attach to a reuseport group: no program"},
		{"no socket", loader.AttachReuseport(nil, selector), nil, "attach program selector to a reuseport group: no socket"},
		{"closed program", loader.AttachReuseport(group[0], closed), nil, "use of a closed descriptor: file already closed"},
		{"closed socket", loader.AttachReuseport(gone, selector), net.ErrClosed, "use of closed network connection"},
		{"unix socket", loader.AttachReuseport(unix4, selector), errors.ErrUnsupported,
			"sockets other than UDP and TCP have no reuseport groups (errno 524, ENOTSUPP)"},
		{"no instructions", loader.AttachReuseportClassic(group[0], nil), unix.EINVAL,
			"attach a classic filter to a reuseport group: the filter has no instructions: invalid argument"},
		{"4097 instructions", loader.AttachReuseportClassic(group[0], make([]bpf.RawInstruction, 4097)), unix.EINVAL,
			"the filter has 4097 instructions, the kernel takes 4096"},
		{"invalid classic filter", loader.AttachReuseportClassic(group[0], make([]bpf.RawInstruction, 1)), unix.EINVAL, "is the program valid?"},
		{"detach without group", loader.DetachReuseport(alone), unix.EINVAL, "the socket is in no reuseport group"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
}

// TestReuseportAttachBeforeBind holds the trap that the documentation of AttachReuseport warns of.
func TestReuseportAttachBeforeBind(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	group := reuseport(t, 1)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		t.Fatal(err)
	}
	if err := loader.AttachReuseport(descriptor(fd), load(t, returning(t, "early", asm.SkReuseport, 1))); err != nil {
		t.Fatal(err)
	}
	port := group[0].LocalAddr().(*net.UDPAddr).Port
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != unix.EADDRINUSE {
		t.Errorf("bind after attaching: %v, want %v", err, unix.EADDRINUSE)
	}
}
