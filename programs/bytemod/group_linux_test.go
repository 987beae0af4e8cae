package bytemod_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/programs/bytemod"
)

func TestDefaults(t *testing.T) {
	for _, opts := range []*bytemod.Options{nil, {}} {
		group := listenPacket(t, "udp", "127.0.0.1:0", opts)
		if got, want := len(group.Sockets()), min(runtime.GOMAXPROCS(0), bytemod.MaxWorkers); got != want {
			t.Errorf("%d sockets, want %d", got, want)
		}
		for i, c := range group.Sockets() {
			if got, want := c.LocalAddr().String(), group.Addr().String(); got != want {
				t.Errorf("socket %d: bound to %s, want %s", i, got, want)
			}
		}
	}
	group := listen(t, "tcp", "127.0.0.1:0", nil)
	for i, l := range group.Sockets() {
		if got := fastOpenQueue(t, l); got != bytemod.DefaultFastOpenQueue {
			t.Errorf("listener %d: Fast Open queue of %d", i, got)
		}
	}
}

// fastOpenQueue returns the length of a listener's queue.
func fastOpenQueue(t *testing.T, l *net.TCPListener) (n int) {
	t.Helper()
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	controlErr := raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_FASTOPEN) })
	if err := errors.Join(controlErr, err); err != nil {
		t.Fatal(err)
	}
	return n
}

// Sockets closed by others and Close called again are no errors, and the address is free at once.
func TestClose(t *testing.T) {
	udp, tcp := "127.0.0.1:0", "127.0.0.1:0"
	for range 3 {
		packets := listenPacket(t, "udp", udp, &bytemod.Options{Workers: 3})
		listeners := listen(t, "tcp", tcp, &bytemod.Options{Workers: 3})
		udp, tcp = packets.Addr().String(), listeners.Addr().String()
		packets.Sockets()[1].Close()
		listeners.Sockets()[2].Close()
		for range 2 {
			if err := packets.Close(); err != nil {
				t.Error(err)
			}
			if err := listeners.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Whoever changes what Sockets returned does not change the group.
func TestSocketsIsACopy(t *testing.T) {
	group := listenPacket(t, "udp", "127.0.0.1:0", &bytemod.Options{Workers: 2})
	clear(group.Sockets())
	if group.Sockets()[0] == nil {
		t.Error("the group's own slice was handed out")
	}
}

func TestListenRefuses(t *testing.T) {
	taken := listenPacket(t, "udp", "127.0.0.1:0", &bytemod.Options{Workers: 2}).Addr().String()
	takenTCP := listen(t, "tcp", "127.0.0.1:0", &bytemod.Options{Workers: 2}).Addr().String()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()

	packet := func(ctx context.Context, network, address string, opts *bytemod.Options) error {
		_, err := bytemod.ListenPacket(ctx, network, address, opts)
		return err
	}
	stream := func(ctx context.Context, network, address string, opts *bytemod.Options) error {
		_, err := bytemod.Listen(ctx, network, address, opts)
		return err
	}
	for _, tt := range []struct {
		name             string
		listen           func(ctx context.Context, network, address string, opts *bytemod.Options) error
		network, address string
		opts             bytemod.Options
		is               error // or nil
		want             string
	}{
		{"workers", packet, "udp", "127.0.0.1:0", bytemod.Options{Workers: 257}, nil, "bytemod: 257 workers, want 1 to 256"},
		{"negative workers", stream, "tcp", "127.0.0.1:0", bytemod.Options{Workers: -1}, nil, "bytemod: -1 workers, want 1 to 256"},
		{"offset", packet, "udp", "127.0.0.1:0", bytemod.Options{Offset: 65527}, nil,
			"bytemod: payload offset 65527, want 0 to 65526"},
		{"Fast Open of UDP", packet, "udp", "127.0.0.1:0", bytemod.Options{FastOpenQueue: 5}, nil,
			"bytemod: Fast Open queue of 5 for udp: it is for TCP"},
		{"network of the other", packet, "tcp", "127.0.0.1:0", bytemod.Options{}, net.UnknownNetworkError("tcp"),
			"bytemod: unknown network tcp"},
		{"network of the other", stream, "udp", "127.0.0.1:0", bytemod.Options{}, net.UnknownNetworkError("udp"),
			"bytemod: unknown network udp"},
		{"address", packet, "udp", "127.0.0.1", bytemod.Options{}, nil,
			"bytemod: listen udp: address 127.0.0.1: missing port in address"},
		{"address of a group", packet, "udp", taken, bytemod.Options{}, unix.EADDRINUSE,
			"bytemod: listen udp " + taken + ": bind: address already in use"},
		{"address of a group", stream, "tcp", takenTCP, bytemod.Options{}, unix.EADDRINUSE,
			"bytemod: listen tcp " + takenTCP + ": bind: address already in use"},
		{"canceled", func(_ context.Context, network, address string, opts *bytemod.Options) error {
			return packet(canceled, network, address, opts)
		}, "udp", "localhost:0", bytemod.Options{}, nil, "operation was canceled"},
	} {
		t.Run(tt.name+" "+tt.network, func(t *testing.T) {
			err := tt.listen(t.Context(), tt.network, tt.address, &tt.opts)
			switch {
			case err == nil:
				t.Error("no error")
			case tt.is != nil && !errors.Is(err, tt.is):
				t.Errorf("%v: is not %v", err, tt.is)
			case !strings.Contains(err.Error(), tt.want):
				t.Errorf("\ngot  %v\nwant %s", err, tt.want)
			}
		})
	}
}
