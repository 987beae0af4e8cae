package sockredir

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// families are the ways in which two ends of a connection can speak of their addresses.
var families = []struct {
	name            string
	network, server string
	dial            func(t *testing.T, port int) *net.TCPConn
}{
	{"IPv4", "tcp4", "127.0.0.1:0", dialTo("tcp4", "127.0.0.1")},
	{"IPv6", "tcp6", "[::1]:0", dialTo("tcp6", "::1")},
	{"IPv4 to a dual-stack server", "tcp", "[::]:0", dialTo("tcp4", "127.0.0.1")},
	{"dual-stack to an IPv4 server", "tcp4", "127.0.0.1:0", dialMapped},
	{"IPv4 over dual-stack sockets", "tcp", "[::]:0", dialMapped},
}

func dialTo(network, host string) func(*testing.T, int) *net.TCPConn {
	return func(t *testing.T, port int) *net.TCPConn {
		t.Helper()
		return dial(t, network, nil, net.JoinHostPort(host, strconv.Itoa(port)))
	}
}

// TestTransfer sends 1 GiB through redirected connections, both ways at once, and an eighth of it by plain TCP, and
// compares how many packets lo has seen.
func TestTransfer(t *testing.T) {
	need(t)
	total := 1 << 30
	if testing.Short() {
		total = 64 << 20
	}
	each := total / len(families)
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			var plain, redirected uint64
			t.Run("plain TCP", func(t *testing.T) {
				l := listen(t, f.network, f.server, nil)
				client := f.dial(t, port(l))
				plain = exchange(t, client, accept(t, l), each/8)
			})
			t.Run("redirected", func(t *testing.T) {
				r := attached(t, nil)
				l := listen(t, f.network, f.server, nil)
				client := f.dial(t, port(l))
				server := accept(t, l)
				await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 2 })
				redirected = exchange(t, client, server, each)

				got := stats(t, r)
				got.Redirected.Messages = 0 // the kernel's choice
				want := Stats{Recorded: 2, Redirected: Traffic{Bytes: 2 * uint64(each/2)}}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("statistics (-want +got):\n%s", diff)
				}
			})
			t.Logf("packets on lo: %d for %d MiB by TCP, %d for %d MiB redirected", plain, each/8>>20, redirected, each>>20)
			// A packet on lo has 64 KiB at most; what is left of a redirected connection are its FINs and their ACKs.
			if least := uint64(each / 8 / (64 << 10)); plain < least {
				t.Errorf("%d packets on lo for %d bytes by TCP, want %d at least: does the counter count?", plain, each/8, least)
			}
			if redirected > 10 {
				t.Errorf("%d packets on lo for %d redirected bytes, want a handful", redirected, each)
			}
		})
	}
}

// exchange sends n/2 bytes each way at the same time, until both ends have read the end of the stream, and returns how
// many packets that took on lo.
func exchange(t *testing.T, client, server *net.TCPConn, n int) uint64 {
	t.Helper()
	before := loopbackPackets(t)
	errs := make(chan error, 2)
	go func() { errs <- stream(client, server, n/2, 1) }()
	go func() { errs <- stream(server, client, n/2, 2) }()
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	return loopbackPackets(t) - before
}

// stream sends n random bytes in random portions, shuts the direction down, and compares what came with what was sent.
func stream(from, to *net.TCPConn, n int, seed uint64) error {
	var w window
	written := make(chan error, 1)
	sent, received := sha256.New(), sha256.New()
	go func() {
		random := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 4<<20)
		rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
		for left := n; left > 0; {
			size := 1 + random.IntN(1<<random.IntN(19)) // from 1 byte to 256 KiB, small ones often
			size = min(size, left)
			at := random.IntN(len(data) - size)
			portion := data[at : at+size]
			sent.Write(portion)
			w.acquire(size)
			if _, err := from.Write(portion); err != nil {
				written <- err
				return
			}
			left -= size
		}
		written <- from.CloseWrite()
	}()

	buf := make([]byte, 128<<10)
	got := 0
	for {
		k, err := to.Read(buf)
		received.Write(buf[:k])
		got += k
		w.release(k)
		if err == io.EOF {
			break
		}
		if err != nil {
			w.release(n) // lets the writer end
			<-written
			return fmt.Errorf("read after %d of %d bytes: %w", got, n, err)
		}
	}
	if err := <-written; err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if got != n || !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
		return fmt.Errorf("%d bytes came of %d, or not those that were sent", got, n)
	}
	return nil
}

// window keeps a writer from running away from its reader: nothing else does, for redirected data is queued without
// regard to the receive buffer.
type window struct {
	mu   sync.Mutex
	room sync.Cond
	open int // bytes on their way
}

const windowSize = 4 << 20

func (w *window) acquire(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.room.L = &w.mu
	for w.open > windowSize {
		w.room.Wait()
	}
	w.open += n
}

func (w *window) release(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open -= n
	w.room.Broadcast()
}

// TestKeys reads the keys under which the two ends of a connection are recorded.
func TestKeys(t *testing.T) {
	need(t)
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			r := attached(t, nil)
			l := listen(t, f.network, f.server, nil)
			client := f.dial(t, port(l))
			server := accept(t, l)
			await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 2 })

			want := map[[48]byte]uint64{keyOf(t, client): socketCookie(t, client), keyOf(t, server): socketCookie(t, server)}
			got := map[[48]byte]uint64{}
			all := r.sockets.Iterate()
			for key, cookie := range all.All() {
				got[key] = cookie
			}
			if err := all.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("keys and cookies (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHalfClose answers after the other side has ended its direction.
func TestHalfClose(t *testing.T) {
	r := attached(t, nil)
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 2 })

	send(t, client, "question")
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(server); string(got) != "question" || err != nil {
		t.Fatalf("the server read %q, %v", got, err)
	}
	send(t, server, "answer")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(client); string(got) != "answer" || err != nil {
		t.Fatalf("the client read %q, %v", got, err)
	}
	want := Stats{Recorded: 2, Redirected: Traffic{Messages: 2, Bytes: 14}}
	if diff := cmp.Diff(want, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
}
