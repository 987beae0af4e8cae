//go:build linux

package maps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestCountCPUs(t *testing.T) {
	for _, test := range []struct {
		list string
		want int
		err  string
	}{
		{"0", 1, ""},
		{"0-3", 4, ""},
		{"0-1,4-5,9", 5, ""},
		{"0-127", 128, ""},
		{"3-1", 0, "runs backwards"},
		{"", 0, "invalid syntax"},
		{"0-", 0, "invalid syntax"},
		{"0-99999999", 0, "out of range"},
	} {
		got, err := countCPUs(test.list)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%q: %d, %v, want %d, %q", test.list, got, err, test.want, test.err)
		}
	}
}

// TestPerCPULayout writes with the typed view and reads the bytes that the kernel keeps.
func TestPerCPULayout(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	cpus, err := PossibleCPUs()
	check(t, err)
	for _, test := range []struct {
		name string
		make func() (*Raw, func() ([]uint64, error))
		size int
	}{
		{"2 bytes", func() (*Raw, func() ([]uint64, error)) { return fillPerCPU[uint16](t, cpus) }, 2},
		{"4 bytes", func() (*Raw, func() ([]uint64, error)) { return fillPerCPU[uint32](t, cpus) }, 4},
		{"8 bytes", func() (*Raw, func() ([]uint64, error)) { return fillPerCPU[uint64](t, cpus) }, 8},
	} {
		raw, typed := test.make()
		if raw.ValueLen() != cpus*8 {
			t.Errorf("%s: a value has %d bytes for %d CPUs", test.name, raw.ValueLen(), cpus)
		}
		value := make([]byte, raw.ValueLen())
		check(t, raw.Lookup(make([]byte, 4), value, 0))
		var want []byte
		var wantTyped []uint64
		for cpu := range cpus {
			one := make([]byte, 8)
			switch test.size {
			case 2:
				binary.NativeEndian.PutUint16(one, uint16(cpu)+100)
			case 4:
				binary.NativeEndian.PutUint32(one, uint32(cpu)+100)
			default:
				binary.NativeEndian.PutUint64(one, uint64(cpu)+100)
			}
			want = append(want, one...)
			wantTyped = append(wantTyped, uint64(cpu)+100)
		}
		if !bytes.Equal(want, value) {
			t.Errorf("%s: the kernel has % x, want % x", test.name, value, want)
		}
		got, err := typed()
		check(t, err)
		if diff := cmp.Diff(wantTyped, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func fillPerCPU[V uint16 | uint32 | uint64](t *testing.T, cpus int) (*Raw, func() ([]uint64, error)) {
	m, err := NewPerCPU[uint32, V](asm.MapSpec{Name: "percpu", Type: asm.MapPerCPUArray, MaxEntries: 1}, nil)
	must(t, m, err)
	values := make([]V, cpus)
	for cpu := range values {
		values[cpu] = V(cpu) + 100
	}
	check(t, m.Update(0, values, 0))
	return m.Raw, func() (wide []uint64, err error) {
		got, err := m.Lookup(0)
		for _, v := range got {
			wide = append(wide, uint64(v))
		}
		return wide, err
	}
}

func TestPerCPUHash(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	cpus, err := PossibleCPUs()
	check(t, err)
	m, err := NewPerCPU[uint32, [3]byte](asm.MapSpec{Name: "percpu", Type: asm.MapPerCPUHash, MaxEntries: 4}, nil)
	must(t, m, err)
	values := func(b byte) [][3]byte {
		v := make([][3]byte, cpus)
		for i := range v {
			v[i] = [3]byte{b, byte(i), b + 1}
		}
		return v
	}
	batch := append(values(1), values(2)...)
	if n, err := m.UpdateBatch([]uint32{1, 2}, batch); n != 2 || err != nil {
		t.Fatalf("update batch: %d, %v", n, err)
	}
	all := m.Iterate()
	got := map[uint32][][3]byte{}
	for k, v := range all.All() {
		got[k] = append([][3]byte(nil), v...)
	}
	if diff := cmp.Diff(map[uint32][][3]byte{1: values(1), 2: values(2)}, got); diff != "" || all.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", all.Err(), diff)
	}
	var at BatchCursor
	keys, read := make([]uint32, 8), make([][3]byte, 8*cpus)
	n, err := m.LookupBatch(&at, keys, read)
	if n != 2 || !errors.Is(err, ErrBatchEnd) {
		t.Fatalf("lookup batch: %d, %v", n, err)
	}
	for i, k := range keys[:n] {
		if diff := cmp.Diff(values(byte(k)), read[i*cpus:(i+1)*cpus]); diff != "" {
			t.Errorf("key %d (-want +got):\n%s", k, diff)
		}
	}
	taken := make([][3]byte, cpus)
	if err := m.LookupAndDelete(1, taken); errors.Is(err, errors.ErrUnsupported) {
		t.Log("hashes have no lookup and delete before Linux 5.14")
		check(t, m.Delete(1))
	} else if diff := cmp.Diff(values(1), taken); diff != "" || err != nil {
		t.Errorf("lookup and delete: %v (-want +got):\n%s", err, diff)
	}
	if n, err := m.DeleteBatch([]uint32{2}); n != 1 || err != nil {
		t.Errorf("delete batch: %d, %v", n, err)
	}
	if _, err := m.Lookup(2); !errors.Is(err, ErrKeyNotExist) {
		t.Errorf("after all was deleted: %v", err)
	}
	err = m.Update(1, make([][3]byte, cpus+1), 0)
	if err == nil || !strings.Contains(err.Error(), "values given for 1 keys and") || !errors.Is(err, unix.EINVAL) {
		t.Errorf("too many values: %v", err)
	}
}
