package sockredir

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// real is a world on the kernel.
type real struct {
	opts  *Options
	r     *Redirect        // nil until the test has joined the cgroup
	other []func(f func()) // threads in other namespaces, by number less one
}

func TestScenarios(t *testing.T) {
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			need(t)
			w := &real{opts: sc.opts}
			sc.play(t, w)
			if diff := cmp.Diff(sc.want, stats(t, w.redirect(t))); diff != "" {
				t.Errorf("statistics (-want +got):\n%s", diff)
			}
		})
	}
}

// redirect moves the test into the cgroup, where it stays.
func (w *real) redirect(t *testing.T) *Redirect {
	t.Helper()
	if w.r == nil {
		w.r = attached(t, w.opts)
	}
	return w.r
}

// in calls f in a namespace.
func (w *real) in(t *testing.T, namespace int, f func()) {
	t.Helper()
	if namespace == 0 {
		f()
		return
	}
	if len(w.other) < namespace {
		w.other = append(w.other, thread(t))
	}
	w.other[namespace-1](f)
}

// thread returns what calls functions on a thread in a network namespace of its own, until the end of the test.
func thread(t *testing.T) func(f func()) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	calls, done, ended := make(chan func()), make(chan struct{}), make(chan struct{})
	call := func(f func()) {
		defer func() { done <- struct{}{} }() // also when f ends the goroutine
		f()
	}
	go func() {
		defer close(ended)
		inNewNamespace(t, func() {
			for f := range calls {
				call(f)
			}
		})
	}()
	t.Cleanup(func() {
		close(calls)
		<-ended
	})
	return func(f func()) {
		calls <- f
		<-done
	}
}

func (w *real) listen(t *testing.T, namespace int, address string, opts serverOptions) listener {
	t.Helper()
	if !opts.outside { // such a server is opened before
		w.redirect(t)
	}
	if _, err := netip.ParseAddrPort(address); err != nil {
		address = net.JoinHostPort(address, "0")
	}
	network := "tcp"
	if addr := netip.MustParseAddrPort(address).Addr(); addr.Is4() {
		network = "tcp4"
	}
	l := &realListener{w: w, namespace: namespace}
	w.in(t, namespace, func() {
		l.l = listen(t, network, address, func(fd int) error {
			if opts.deferAccept {
				return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 5)
			}
			return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5)
		})
	})
	return l
}

func (w *real) record(t *testing.T, c conn) {
	t.Helper()
	server := c.(realConn).TCPConn
	if err := w.redirect(t).sockets.Update(keyOf(t, server), server, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
}

func (w *real) await(t *testing.T, recorded, late, refused int) {
	t.Helper()
	want := [3]uint64{uint64(recorded), uint64(late), uint64(refused)}
	await(t, w.redirect(t), "sockets are recorded, late, refused", func(s Stats) bool { return [3]uint64{s.Recorded, s.Late, s.Refused} == want })
}

type realListener struct {
	w         *real
	namespace int
	l         *net.TCPListener
}

func (l *realListener) dial(t *testing.T, address string, opts clientOptions) (c conn) {
	t.Helper()
	l.w.redirect(t)
	l.w.in(t, l.namespace, func() {
		switch to := netip.AddrPortFrom(netip.MustParseAddr(address), uint16(port(l.l))); {
		case opts.inSYN != "":
			kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", "519") // client and server, both without a cookie
			c = l.fastOpen(t, to, opts.inSYN, true)
		case opts.withACK != "":
			kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", "1") // the client only, and it has no cookie
			c = l.fastOpen(t, to, opts.withACK, false)
		case to.Addr().Is4In6():
			c = realConn{dialMapped(t, port(l.l))}
		default:
			var local *net.TCPAddr
			if opts.port != 0 {
				local = &net.TCPAddr{IP: to.Addr().AsSlice(), Port: opts.port}
			}
			c = realConn{dial(t, "tcp", local, to.String())}
		}
	})
	return c
}

// fastOpen connects with data.
func (l *realListener) fastOpen(t *testing.T, to netip.AddrPort, data string, inSYN bool) conn {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(fd, []byte(data), unix.MSG_FASTOPEN, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	c := connOf(t, fd)
	if got := synData(t, c); got != inSYN {
		t.Fatalf("the SYN carried data: %v, want %v", got, inSYN)
	}
	return realConn{c}
}

func (l *realListener) accept(t *testing.T) conn {
	t.Helper()
	return realConn{accept(t, l.l)}
}

type realConn struct{ *net.TCPConn }

func (c realConn) send(t *testing.T, text string) { t.Helper(); send(t, c.TCPConn, text) }

func (c realConn) expect(t *testing.T, text string) { t.Helper(); expect(t, c.TCPConn, text) }

func (c realConn) abort(t *testing.T) {
	t.Helper()
	c.SetLinger(0) // close sends a RST
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
