package corpus

import (
	"encoding/binary"
	"net"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	bpfmaps "github.com/purebpf/purebpf/maps"
)

// TestSelectDCID sends the same datagrams through both versions of the selector, since the kernel runs none of its type
// on test data: each datagram comes out of the same socket.
func TestSelectDCID(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the recorded programs are for little-endian machines")
	}
	const datagrams = 10000
	workers, arrivals := openWorkers(t, 4)
	client, err := net.Dial("udp4", workers[0].LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ours := build(t, SelectDCID)
	var want []int
	for _, p := range []*asm.Program{ours, clangProgram(t, ours)} {
		w := workload{fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
			table, err := bpfmaps.ViewSockets[uint64](m("workers"))
			if err != nil {
				t.Fatal(err)
			}
			for i, conn := range workers {
				if err := table.Update(workerKey(i), conn.(syscall.Conn), asm.UpdateAny); err != nil {
					t.Fatal(err)
				}
			}
		}}
		if err := loader.AttachReuseport(workers[0].(syscall.Conn), w.load(t, p).program); err != nil {
			t.Fatal(err)
		}
		r := newPackets(p.Name())
		got := make([]int, datagrams)
		selected := 0
		for i := range got {
			payload, worker := r.quic(len(workers))
			if _, err := client.Write(payload); err != nil {
				t.Fatal(err)
			}
			got[i] = <-arrivals
			if worker >= 0 {
				selected++
				if got[i] != worker {
					t.Fatalf("datagram %d, %x, came out of socket %d, want %d", i, payload, got[i], worker)
				}
			}
		}
		t.Logf("%d of %d datagrams had the connection ID of a worker", selected, datagrams)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("clang's program selects otherwise (-ours +its):\n%s", diff)
		}
	}
}

// workerKey is the first 8 bytes of the connection IDs of a worker, as a number.
func workerKey(i int) uint64 { return 0x0102030405060700 + uint64(i) }

// openWorkers opens UDP sockets in one SO_REUSEPORT group, and tells which one every datagram came out of.
func openWorkers(t *testing.T, n int) ([]net.PacketConn, <-chan int) {
	t.Helper()
	config := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); e != nil {
			return e
		}
		return err
	}}
	address := "127.0.0.1:0"
	arrivals := make(chan int)
	var workers []net.PacketConn
	for i := range n {
		conn, err := config.ListenPacket(t.Context(), "udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		address = conn.LocalAddr().String()
		workers = append(workers, conn)
		go func() {
			b := make([]byte, 2048)
			for {
				if _, _, err := conn.ReadFrom(b); err != nil {
					return
				}
				arrivals <- i
			}
		}()
	}
	return workers, arrivals
}

// quic is a datagram and the worker whose connection ID it has, -1 when the program must leave it to the kernel.
func (r packets) quic(workers int) ([]byte, int) {
	worker := r.IntN(workers + 2)
	cid := append(binary.BigEndian.AppendUint64(nil, workerKey(worker)), r.bytes(12)...)
	b := append([]byte{byte(r.IntN(128))}, cid...)
	if r.one(2) {
		length := of[byte](r, 20, 20, 20, 8, byte(r.Uint32()))
		if length != 20 {
			worker = -1
		}
		b = append([]byte{0x80 | b[0]}, r.bytes(4)...)
		b = append(append(b, length), cid...)
	}
	if r.one(8) {
		return b[:1+r.IntN(len(b)-1)], -1
	}
	if worker >= workers {
		worker = -1
	}
	return append(b, r.bytes(r.IntN(40))...), worker
}
