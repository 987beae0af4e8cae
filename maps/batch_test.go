//go:build linux

package maps

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestBatches(t *testing.T) {
	for _, typ := range []asm.MapType{asm.MapHash, asm.MapLRUHash, asm.MapArray} {
		t.Run(typ.String(), func(t *testing.T) {
			const n = 100
			m := newOf(t, typ, n, 0)
			keys, values, want := make([]uint32, n), make([]uint64, n), map[uint32]uint64{}
			for i := range keys {
				keys[i], values[i] = uint32(i), uint64(i)+1000
				want[uint32(i)] = uint64(i) + 1000
			}
			if done, err := m.UpdateBatch(keys, values, 0); done != n || err != nil {
				t.Fatalf("update: %d, %v", done, err)
			}
			read := func(size int, f func(*BatchCursor, []uint32, []uint64, asm.UpdateFlags) (int, error)) map[uint32]uint64 {
				got := map[uint32]uint64{}
				var at BatchCursor
				for {
					k, v := make([]uint32, size), make([]uint64, size)
					done, err := f(&at, k, v, 0)
					for i := range done {
						got[k[i]] = v[i]
					}
					if errors.Is(err, ErrBatchEnd) {
						if !errors.Is(err, unix.ENOENT) {
							t.Errorf("%v is not ENOENT", err)
						}
						if done, err := f(&at, k, v, 0); done != 0 || !errors.Is(err, ErrBatchEnd) {
							t.Errorf("after the end: %d, %v", done, err)
						}
						return got
					}
					check(t, err)
				}
			}
			for _, size := range []int{30, n, 3 * n} {
				if diff := cmp.Diff(want, read(size, m.LookupBatch)); diff != "" {
					t.Errorf("lookup, %d at a time (-want +got):\n%s", size, diff)
				}
			}
			if typ == asm.MapArray {
				return
			}
			if diff := cmp.Diff(want, read(40, m.LookupAndDeleteBatch)); diff != "" {
				t.Errorf("lookup and delete (-want +got):\n%s", diff)
			}
			if rest := collect(t, m.Iterate()); len(rest) != 0 {
				t.Errorf("left over: %v", rest)
			}
			m.UpdateBatch(keys, values, 0)
			if done, err := m.DeleteBatch(keys); done != n || err != nil {
				t.Errorf("delete: %d, %v", done, err)
			}
		})
	}
}

func TestBatchErrors(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	m := newHash(t, 4)
	queue, err := NewQueue[uint64](asm.MapSpec{Name: "queue", Type: asm.MapQueue, MaxEntries: 1}, nil)
	must(t, queue, err)
	sockets, err := NewSockets[uint32](asm.MapSpec{Name: "sockets", Type: asm.MapSockHash, MaxEntries: 4}, nil)
	must(t, sockets, err)
	array, err := New[uint32, uint64](asm.MapSpec{Name: "array", Type: asm.MapArray, MaxEntries: 4}, nil)
	must(t, array, err)
	type result struct {
		n   int
		err error
	}
	do := func(n int, err error) result { return result{n, err} }
	fill(t, m, 2)
	for _, test := range []struct {
		name string
		got  result
		n    int
		is   error
		want string
	}{
		{"empty", do(m.UpdateBatch(nil, nil, 0)), 0, nil, ""},
		{"lengths differ", do(m.UpdateBatch([]uint32{1, 2}, []uint64{1}, 0)), 0, unix.EINVAL,
			`update batch in map "hash" (hash): 8 bytes of values given for 2 keys, the map's have 8 each`},
		{"half a key", do(m.Raw.DeleteBatch(make([]byte, 6))), 0, unix.EINVAL, "6 bytes of keys given, the map's have 4 each"},
		{"no keys", do(queue.DeleteBatch(make([]byte, 4))), 0, unix.EINVAL, "the map has no keys"},
		{"unsupported", do(sockets.DeleteBatch(make([]byte, 4))), 0, errors.ErrUnsupported, `delete batch in map "sockets" (sockhash): unsupported operation`},
		{"array has no delete", do(array.DeleteBatch([]uint32{1})), 0, errors.ErrUnsupported, "unsupported operation"},
		{"missing key", do(m.DeleteBatch([]uint32{1, 77, 0})), 1, unix.ENOENT, `delete batch in map "hash" (hash): key does not exist`},
		{"condition", do(m.UpdateBatch([]uint32{5, 6}, []uint64{1, 1}, asm.UpdateNoExist)), 0, unix.EINVAL, "invalid argument"},
		{"full", do(m.UpdateBatch([]uint32{10, 11, 12, 13}, make([]uint64, 4), 0)), 3, ErrFull, "map is full"},
		{"index", do(array.UpdateBatch([]uint32{2, 3, 4}, make([]uint64, 3), 0)), 2, ErrKeyNotExist, "key does not exist"},
		{"bad flags", do(m.UpdateBatch([]uint32{10, 11}, make([]uint64, 2), 1<<20)), 0, unix.EINVAL, "invalid argument"},
	} {
		if test.got.n != test.n || (test.got.err == nil) != (test.is == nil) || !errors.Is(test.got.err, test.is) ||
			test.got.err != nil && !strings.Contains(test.got.err.Error(), test.want) {
			t.Errorf("%s: %d, %v, want %d, %q and %v", test.name, test.got.n, test.got.err, test.n, test.want, test.is)
		}
	}
}

// A single element at a time is too little for a bucket with two.
func TestBatchTooSmall(t *testing.T) {
	m := newOf(t, asm.MapHash, 64, asm.MapNoPrealloc)
	fill(t, m, 64)
	var at BatchCursor
	for {
		_, err := m.LookupBatch(&at, make([]uint32, 1), make([]uint64, 1), 0)
		if errors.Is(err, unix.ENOSPC) {
			if !strings.Contains(err.Error(), "the elements of one bucket need longer slices") {
				t.Error(err)
			}
			if n, err := m.LookupBatch(&at, make([]uint32, 64), make([]uint64, 64), 0); n == 0 {
				t.Errorf("with longer slices: %d, %v", n, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("got %v, want ENOSPC before the end", err)
		}
	}
}
