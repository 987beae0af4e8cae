//go:build linux

package maps

import (
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// fill stores i*i under i for i below n.
func fill(t testing.TB, m *Map[uint32, uint64], n uint32) map[uint32]uint64 {
	t.Helper()
	want := map[uint32]uint64{}
	for i := range n {
		check(t, m.Update(i, uint64(i)*uint64(i), 0))
		want[i] = uint64(i) * uint64(i)
	}
	return want
}

func collect[K comparable, V any](t testing.TB, it *Iterator[K, V]) map[K]V {
	t.Helper()
	got := map[K]V{}
	for k, v := range it.All() {
		if _, again := got[k]; again {
			t.Errorf("%v comes twice", k)
		}
		got[k] = v
	}
	check(t, it.Err())
	return got
}

// newOf makes a map that is iterated by batches or, if the kernel has none, by keys.
func newOf(t testing.TB, typ asm.MapType, entries uint32, flags asm.MapFlags) *Map[uint32, uint64] {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF)
	m, err := New[uint32, uint64](asm.MapSpec{Name: "many", Type: typ, MaxEntries: entries, Flags: flags}, nil)
	return must(t, m, err)
}

// byKeys is an iterator that does without batches, as on a kernel that has none.
func byKeys(m *Map[uint32, uint64]) *Iterator[uint32, uint64] {
	it := m.Iterate()
	w := &walk{raw: m.Raw, ahead: make([]byte, 4), seen: map[string]struct{}{}, limit: stepLimit(m.spec.MaxEntries)}
	it.cursor.step = func(key []byte) (bool, error) {
		var err error
		w.more, err = m.NextKey(nil, w.ahead)
		it.cursor.step = w.next
		if err != nil {
			return false, err
		}
		return w.next(key)
	}
	return it
}

type ways map[string]func(*Map[uint32, uint64]) *Iterator[uint32, uint64]

var bothWays = ways{"batches": (*Map[uint32, uint64]).Iterate, "keys": byKeys}

func TestIterate(t *testing.T) {
	for name, iterate := range bothWays {
		for _, entries := range []uint32{0, 1, 2, 1000} {
			m := newOf(t, asm.MapHash, max(entries, 1), 0)
			want := fill(t, m, entries)
			if diff := cmp.Diff(want, collect(t, iterate(m))); diff != "" {
				t.Errorf("%s, %d entries (-want +got):\n%s", name, entries, diff)
			}
		}
	}
	array := newOf(t, asm.MapArray, 300, 0)
	if diff := cmp.Diff(fill(t, array, 300), collect(t, array.Iterate())); diff != "" {
		t.Errorf("array (-want +got):\n%s", diff)
	}
	raw := map[string]int{}
	for k, v := range array.Raw.Iterate().All() {
		raw[string(k)] = len(v)
	}
	if len(raw) != 300 {
		t.Errorf("the raw iteration has %d keys", len(raw))
	}
}

// Elements of 16 KiB, many of which share a bucket, make the first chunk too small.
func TestIterateLargeValues(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	m, err := New[uint32, [16 << 10]byte](asm.MapSpec{Name: "large", Type: asm.MapHash, MaxEntries: 64}, nil)
	must(t, m, err)
	for i := range uint32(64) {
		check(t, m.Update(i, [16 << 10]byte{byte(i)}, 0))
	}
	got := collect(t, m.Iterate())
	for i := range uint32(64) {
		if v, ok := got[i]; !ok || v[0] != byte(i) {
			t.Errorf("key %d: %v", i, ok)
		}
	}
}

func TestIterateAndStop(t *testing.T) {
	for name, iterate := range bothWays {
		m := newOf(t, asm.MapHash, 100, 0)
		fill(t, m, 100)
		it := iterate(m)
		var keys []uint32
		for range 4 {
			for k := range it.Keys() {
				keys = append(keys, k)
				if len(keys)%30 == 0 {
					break
				}
			}
		}
		check(t, it.Err())
		slices.Sort(keys)
		if want := slices.Sorted(maps.Keys(fill(t, m, 100))); !slices.Equal(want, keys) {
			t.Errorf("%s: continued iteration gives %v", name, keys)
		}
		for k := range it.Keys() {
			t.Errorf("%s: %d after the end", name, k)
		}
	}
}

func TestIterateAndDeleteCurrent(t *testing.T) {
	for name, iterate := range bothWays {
		m := newOf(t, asm.MapHash, 500, 0)
		fill(t, m, 500)
		n := 0
		it := iterate(m)
		for k := range it.All() {
			check(t, m.Delete(k))
			n++
		}
		if n != 500 || it.Err() != nil {
			t.Errorf("%s: %d keys, %v", name, n, it.Err())
		}
		if rest := collect(t, m.Iterate()); len(rest) != 0 {
			t.Errorf("%s: left over: %v", name, rest)
		}
	}
}

// The body deletes every key but the current one: what is fetched ahead vanishes each time.
func TestIterateAndDeleteOthers(t *testing.T) {
	for name, iterate := range bothWays {
		m := newOf(t, asm.MapHash, 100, 0)
		fill(t, m, 100)
		n := 0
		it := iterate(m)
		for k := range it.All() {
			n++
			for i := range uint32(100) {
				if i != k {
					m.Delete(i)
				}
			}
		}
		if n != 1 || it.Err() != nil {
			t.Errorf("%s: %d keys, %v, want the first only", name, n, it.Err())
		}
	}
}

// Others delete and add all the time. What is there from beginning to end comes exactly once.
func TestIterateUnderChange(t *testing.T) {
	const constant, changing = 200, 200
	for name, iterate := range bothWays {
		for _, flags := range []asm.MapFlags{0, asm.MapNoPrealloc} {
			m := newOf(t, asm.MapHash, constant+changing, flags)
			fill(t, m, constant)
			var stop atomic.Bool
			var wg sync.WaitGroup
			for i := range uint32(2) {
				wg.Go(func() {
					for !stop.Load() {
						for k := uint32(constant) + i; k < constant+changing; k += 2 {
							m.Update(k, 1, 0)
						}
						for k := uint32(constant) + i; k < constant+changing; k += 2 {
							m.Delete(k)
						}
					}
				})
			}
			aborted := 0
			for range 30 {
				it := iterate(m)
				got := map[uint32]int{}
				for k := range it.All() {
					got[k]++
				}
				if errors.Is(it.Err(), ErrIterationAborted) && name == "keys" {
					aborted++
					continue
				}
				check(t, it.Err())
				for k := range uint32(constant + changing) {
					if got[k] > 1 || k < constant && got[k] != 1 {
						t.Errorf("%s: key %d comes %d times", name, k, got[k])
					}
				}
			}
			if aborted == 30 {
				t.Errorf("%s: every iteration was given up", name)
			}
			stop.Store(true)
			wg.Wait()
		}
	}
}

func TestIterationAborts(t *testing.T) {
	m := newOf(t, asm.MapHash, 4, 0)
	fill(t, m, 4)
	it := m.Iterate()
	w := &walk{raw: m.Raw, ahead: make([]byte, 4), more: true, seen: map[string]struct{}{}, limit: 3}
	_, err := m.NextKey(nil, w.ahead)
	check(t, err)
	it.cursor.step = w.next
	n := 0
	for range it.Keys() {
		n++
	}
	if err := it.Err(); n != 3 || !errors.Is(err, ErrIterationAborted) ||
		err.Error() != `get next key in map "many" (hash): too many elements deleted meanwhile` {
		t.Errorf("%d keys, %v, want 3 and ErrIterationAborted", n, err)
	}
	for k := range it.Keys() {
		t.Errorf("%d after the error", k)
	}
	if got := stepLimit(4); got < 4 {
		t.Errorf("%d steps are too few for 4 elements", got)
	}
}

func TestIterateSockHash(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	m, err := NewSockets[uint32](asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, MaxEntries: 64}, nil)
	must(t, m, err)
	want := map[uint32]uint64{}
	var conns []*net.UDPConn
	for i := range uint32(40) {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		check(t, err)
		defer conn.Close()
		conns = append(conns, conn.(*net.UDPConn))
		check(t, m.Update(i, conns[i], 0))
		want[i] = cookie(t, conns[i])
	}
	if diff := cmp.Diff(want, collect(t, m.Iterate())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	seen := map[uint32]int{}
	it := m.Iterate()
	for k := range it.All() {
		seen[k]++
		for _, other := range []uint32{(k + 1) % 40, (k + 2) % 40} {
			conns[other].Close()
		}
	}
	check(t, it.Err())
	for k, n := range seen {
		if n != 1 {
			t.Errorf("%d comes %d times", k, n)
		}
	}
}
