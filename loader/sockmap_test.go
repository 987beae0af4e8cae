//go:build linux

package loader_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

const ingress = 1 // BPF_F_INGRESS

func socketMap(t testing.TB) *maps.Sockets[uint32] {
	t.Helper()
	m, err := maps.NewSockets[uint32](asm.MapSpec{Name: "peers", Type: asm.MapSockMap, MaxEntries: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func put(t testing.TB, m *maps.Sockets[uint32], key uint32, conn *net.TCPConn) {
	t.Helper()
	if err := m.Update(key, conn, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
}

// putAgain gives a socket the program that the map has now.
func putAgain(t testing.TB, m *maps.Sockets[uint32], key uint32, conn *net.TCPConn) {
	t.Helper()
	if err := m.Delete(key); err != nil {
		t.Fatal(err)
	}
	put(t, m, key, conn)
}

// redirect is the sk_msg program that sends everything to the socket at index key of the map.
func redirect(t testing.TB, name string, m *maps.Sockets[uint32], key int) *loader.Program {
	t.Helper()
	p, err := reloc.Link(build(t, name, asm.SkMsg, func(b *asm.Builder) {
		b.LdMap(asm.R2, "peers")
		b.Mov(asm.R3, key)
		b.Mov(asm.R4, ingress)
		b.CallHelper(asm.FnMsgRedirectMap)
		b.Exit()
	}), reloc.Symbols{"peers": reloc.Map(m.FD(), m.Spec())})
	if err != nil {
		t.Fatal(err)
	}
	return load(t, p)
}

// arrived returns what a connection received, "" when nothing did.
func arrived(t testing.TB, conn *net.TCPConn) string {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var buf [64]byte
	n, err := conn.Read(buf[:])
	if err != nil && !os.IsTimeout(err) {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestSocketMapRedirect(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, way := range []struct {
		name   string
		attach func(*maps.Raw, *loader.Program) (*loader.Link, error)
	}{
		{"link", loader.AttachSocketMap},
		{"plain", loader.AttachSocketMapPlain},
	} {
		t.Run(way.name, func(t *testing.T) {
			m := socketMap(t)
			client, server := tcp(t, "tcp4", "127.0.0.1:0")
			_, second := tcp(t, "tcp4", "127.0.0.1:0")
			_, third := tcp(t, "tcp4", "127.0.0.1:0")
			where := func() string {
				t.Helper()
				if _, err := client.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("server %q, second %q, third %q", arrived(t, server), arrived(t, second), arrived(t, third))
			}
			link, err := way.attach(m.Raw, redirect(t, "to_second", m, 1))
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			put(t, m, 0, client)
			put(t, m, 1, second)
			put(t, m, 2, third)
			if diff := cmp.Diff(`server "", second "hello", third ""`, where()); diff != "" {
				t.Errorf("attached (-want +got):\n%s", diff)
			}
			if err := link.Update(redirect(t, "to_third", m, 2)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`server "", second "hello", third ""`, where()); diff != "" {
				t.Errorf("updated, client still in the map (-want +got):\n%s", diff)
			}
			putAgain(t, m, 0, client)
			if diff := cmp.Diff(`server "", second "", third "hello"`, where()); diff != "" {
				t.Errorf("updated (-want +got):\n%s", diff)
			}
			if err := link.Close(); err != nil {
				t.Fatal(err)
			}
			putAgain(t, m, 0, client)
			if diff := cmp.Diff(`server "hello", second "", third ""`, where()); diff != "" {
				t.Errorf("detached (-want +got):\n%s", diff)
			}
			ids, err := loader.SocketMapPrograms(m.Raw, asm.AttachSkMsgVerdict)
			if err != nil || len(ids) != 0 && ids[0] != 0 {
				t.Errorf("programs after Close: %v, %v", ids, err)
			}
			if err := link.Close(); err != nil {
				t.Errorf("close again: %v", err)
			}
			wantError(t, "update after Close", link.Update(redirect(t, "late", m, 2)), "update sk_msg program to_second to map peers: ", "file already closed")
		})
	}
}

// TestSocketMapVerdict lets a sk_skb program drop what UDP sockets receive.
func TestSocketMapVerdict(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	m := socketMap(t)
	drop := load(t, build(t, "drop_all", asm.SkSKB, func(b *asm.Builder) {
		b.AttachType(asm.AttachSkSKBVerdict)
		b.Mov(asm.R0, 0) // SK_DROP
		b.Exit()
	}))
	link, err := loader.AttachSocketMap(m.Raw, drop)
	if err != nil {
		t.Fatal(err)
	}
	conn := udp(t)
	if err := m.Update(0, conn, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	send(t, conn.LocalAddr(), "dropped")
	if got := receive(t, conn); got != "" {
		t.Errorf("received %q in spite of the verdict", got)
	}
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Delete(0); err != nil {
		t.Fatal(err)
	}
	send(t, conn.LocalAddr(), "passed")
	if got := receive(t, conn); got != "passed" {
		t.Errorf("received %q after detaching", got)
	}
}

func TestSocketMapRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	m := socketMap(t)
	pass := load(t, returning(t, "pass", asm.SkMsg, 1))
	array, err := maps.Create(asm.MapSpec{Name: "numbers", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer array.Close()
	attach := func(m *maps.Raw, p *loader.Program) error {
		link, err := loader.AttachSocketMap(m, p)
		if err == nil {
			link.Close()
		}
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"array", attach(array, pass), loader.ErrWrongType, "attach to a socket map: wrong type: map numbers is a array, not a sockmap or sockhash"},
		{"no map", attach(nil, pass), nil, "attach to a socket map: no map"},
		{"no program", attach(m.Raw, nil), nil, "attach to a socket map: no program"},
		{"xdp", attach(m.Raw, load(t, returning(t, "xdp", asm.XDP, 1))), loader.ErrWrongType, "it is a xdp program, and must be sk_msg or sk_skb"},
		{"sk_skb without attach type", attach(m.Raw, load(t, returning(t, "vague", asm.SkSKB, 1))), loader.ErrWrongType,
			"the attach type of sk_skb program vague is not one of sk_skb_stream_parser, sk_skb_stream_verdict or sk_skb_verdict"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}

	const busy = "attach sk_msg program pass to map peers: device or resource busy (a socket map has one sk_msg_verdict program)"
	for _, way := range []struct {
		name   string
		attach func(*maps.Raw, *loader.Program) (*loader.Link, error)
	}{
		{"beside a link", loader.AttachSocketMap},
		{"beside a plain attachment", loader.AttachSocketMapPlain},
	} {
		first, err := way.attach(m.Raw, load(t, returning(t, "first", asm.SkMsg, 1)))
		if err != nil {
			t.Fatal(err)
		}
		err = attach(m.Raw, pass)
		wantError(t, way.name, err, busy)
		if !errors.Is(err, unix.EBUSY) {
			t.Errorf("%s: %v is not EBUSY", way.name, err)
		}
		first.Close()
	}
	if err := attach(m.Raw, pass); err != nil {
		t.Errorf("after the first is gone: %v", err)
	}
	_, err = loader.SocketMapPrograms(nil, asm.AttachSkMsgVerdict)
	wantError(t, "list of no map", err, "list sk_msg_verdict programs of a map: no map")
	_, err = loader.SocketMapPrograms(array, asm.AttachSkMsgVerdict)
	wantError(t, "list of an array", err, "list sk_msg_verdict programs of map numbers: ")
	m.Close()
	wantError(t, "closed map", attach(m.Raw, pass), "attach sk_msg program pass to map peers: ", "closed")
}
