//go:build linux

package loader_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

func TestSocketFilter(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	conn := udp(t)
	const header = 8 // of UDP: what the filter of a UDP socket counts from
	for _, test := range []struct {
		name   string
		attach func() error
		want   string
	}{
		{"program drops", func() error {
			return loader.AttachSocketFilter(conn, load(t, returning(t, "drop", asm.SocketFilter, 0)))
		}, ""},
		{"program cuts", func() error {
			return loader.AttachSocketFilter(conn, load(t, returning(t, "cut", asm.SocketFilter, header+3)))
		}, "hel"},
		{"classic drops", func() error { return loader.AttachClassicFilter(conn, classic(t, 0)) }, ""},
		{"classic cuts", func() error { return loader.AttachClassicFilter(conn, classic(t, header+1)) }, "h"},
		{"detached", func() error { return loader.DetachFilter(conn) }, "hello"},
	} {
		if err := test.attach(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		send(t, conn.LocalAddr(), "hello")
		if diff := cmp.Diff(test.want, receive(t, conn)); diff != "" {
			t.Errorf("%s: received (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestClassicFilter(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	conn := udp(t)
	if filter, err := loader.ClassicFilter(conn); err != nil || len(filter) != 0 {
		t.Errorf("of a socket without filter: %v, %v", filter, err)
	}
	want, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: 1023, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 0x40000},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := loader.AttachClassicFilter(conn, want); err != nil {
		t.Fatal(err)
	}
	got, err := loader.ClassicFilter(conn)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if err := loader.AttachSocketFilter(conn, load(t, returning(t, "keep", asm.SocketFilter, 100))); err != nil {
		t.Fatal(err)
	}
	_, err = loader.ClassicFilter(conn)
	wantError(t, "of a socket with a program", err, "read the classic filter of a socket: permission denied (the filter is not a classic one)")
}

func TestFilterRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	bare, locked := udp(t), udp(t)
	keep := load(t, returning(t, "keep", asm.SocketFilter, 100))
	if err := loader.AttachSocketFilter(locked, keep); err != nil {
		t.Fatal(err)
	}
	if err := loader.LockFilter(locked); err != nil {
		t.Fatal(err)
	}
	const isLocked = "operation not permitted (the filter of the socket is locked)"
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"another type", loader.AttachSocketFilter(bare, load(t, returning(t, "select", asm.SkReuseport, 1))), loader.ErrWrongType,
			"attach a socket filter: wrong type: it is a sk_reuseport program, and must be socket_filter"},
		{"no program", loader.AttachSocketFilter(bare, nil), nil, "attach a socket filter: no program"},
		{"no socket", loader.AttachClassicFilter(nil, classic(t, 0)), nil, "attach a classic filter to a socket: no socket"},
		{"no instructions", loader.AttachClassicFilter(bare, nil), unix.EINVAL, "attach a classic filter to a socket: the filter has no instructions"},
		{"invalid", loader.AttachClassicFilter(bare, []bpf.RawInstruction{{Op: 0xffff}}), unix.EINVAL,
			"attach a classic filter to a socket: invalid argument (the kernel does not accept the filter)"},
		{"detach nothing", loader.DetachFilter(bare), unix.ENOENT,
			"detach the filter of a socket: no such file or directory (the socket has no filter)"},
		{"attach to locked", loader.AttachSocketFilter(locked, keep), unix.EPERM, "attach program keep to a socket: " + isLocked},
		{"attach classic to locked", loader.AttachClassicFilter(locked, classic(t, 1)), unix.EPERM, "attach a classic filter to a socket: " + isLocked},
		{"detach locked", loader.DetachFilter(locked), unix.EPERM, "detach the filter of a socket: " + isLocked},
		{"lock no socket", loader.LockFilter(descriptor(-1)), unix.EBADF, "lock the filter of a socket: bad file descriptor"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
}
