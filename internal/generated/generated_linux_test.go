package generated_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/generated"
	"github.com/purebpf/purebpf/internal/generated/firstworker"
	"github.com/purebpf/purebpf/internal/generated/short"
	"github.com/purebpf/purebpf/internal/generated/whole"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }

func group(t *testing.T, n int) []*net.UDPConn {
	t.Helper()
	conns, err := reuseport.Config{}.ListenPacket(context.Background(), "udp", "127.0.0.1:0", n)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		t.Cleanup(func() { c.Close() })
	}
	return conns
}

// The generated program sends all datagrams to the socket that is the first of the map.
func TestFirstWorker(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	objects, err := firstworker.Load(firstworker.Maps{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer objects.Close()
	conns := group(t, 3)
	sockets, err := maps.ViewSockets[uint32](objects.Workers)
	if err != nil {
		t.Fatal(err)
	}
	worker := conns[1]
	if err := sockets.Update(0, worker, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	if err := loader.AttachReuseport(worker, objects.FirstWorker); err != nil {
		t.Fatal(err)
	}
	const datagrams = 16
	for i := range datagrams {
		client, err := net.Dial("udp", worker.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(client, i)
		client.Close()
	}
	buf := make([]byte, 16)
	for i := range datagrams {
		worker.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := worker.Read(buf); err != nil || string(buf[:n]) != fmt.Sprint(i) {
			t.Fatalf("datagram %d: %q, %v", i, buf[:n], err)
		}
	}
}

// A program with functions, global data and a map of maps runs as it was written.
func TestWhole(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	other, err := maps.New[uint32, uint32](asm.MapSpec{Name: "other", Type: asm.MapHash, MaxEntries: 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	objects, err := whole.Load(whole.Maps{OtherMap: other.Raw}, nil)
	if err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 64)
	for _, run := range []struct {
		program *loader.Program
		want    uint32
	}{{objects.CountLength, asm.XDPDrop}, {objects.Pass, asm.XDPPass}} {
		result, err := run.program.Run(&loader.RunOptions{Data: packet})
		if err != nil || result.Return != run.want {
			t.Errorf("%s: %v, %v; want %d", run.program.Name(), result, err, run.want)
		}
	}
	got := make(map[string]uint64)
	for name, m := range map[string]*maps.Raw{"total": objects.Data, "calls": objects.Bss} {
		value := make([]byte, 8)
		if err := m.Lookup(binary.NativeEndian.AppendUint32(nil, 0), value, 0); err != nil {
			t.Fatal(err)
		}
		got[name] = binary.NativeEndian.Uint64(value)
	}
	total := binary.NativeEndian.Uint64([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	if diff := cmp.Diff(map[string]uint64{"total": total + generated.Scale*uint64(len(packet)), "calls": 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := objects.Close(); err != nil {
		t.Error(err)
	}
	if err := objects.Close(); err != nil {
		t.Error("again:", err)
	}
	if other.FD() < 0 {
		t.Error("Close closed a map that was given")
	}
}

// The author's lines come with the program.
func TestLines(t *testing.T) {
	p, err := firstworker.FirstWorkerProgram()
	if err != nil {
		t.Fatal(err)
	}
	comments := 0
	for i := range p.Len() {
		if at := p.Position(i); at.File != "programs.go" || at.Line == 0 {
			t.Errorf("instruction %d: %v", i, at)
		}
		if p.Comment(i) == "the first socket of the map" {
			comments++
		}
	}
	if comments == 0 {
		t.Error("the comment is lost")
	}
}

func TestLoadRefuses(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	small, err := maps.New[uint32, uint32](asm.MapSpec{Name: "small", Type: asm.MapHash, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	closed, err := maps.New[uint32, uint32](asm.MapSpec{Name: "closed", Type: asm.MapHash, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, tt := range []struct {
		name  string
		given whole.Maps
		is    error
		want  string
	}{
		{"map that is not described", whole.Maps{}, nil, "load program pass: map other.map is nil"},
		{"map of another type", whole.Maps{OtherMap: small.Raw, Bss: small.Raw}, maps.ErrMismatch, "load program count.length: map \"small\""},
		{"closed map", whole.Maps{OtherMap: closed.Raw}, nil, "load program pass: map other.map is closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			objects, err := whole.Load(tt.given, nil)
			if err == nil || objects != nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

// The classic program keeps two bytes of what is long enough, behind the UDP header, and drops the rest.
func TestShort(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := short.AttachKeepShort(conn); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	fmt.Fprint(client, "seven!!")
	fmt.Fprint(client, "8 bytes!")
	buf := make([]byte, 16)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "8 " {
		t.Errorf("%q, %v", buf[:n], err)
	}
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a second datagram %q, %v", buf[:n], err)
	}
	if err := short.AttachKeepShortReuseport(group(t, 2)[0]); err != nil {
		t.Error(err)
	}
}
