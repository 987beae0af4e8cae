package vm_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// TestMapCreateAsKernel holds what specifications are accepted, and with which errno the others are refused, against the
// kernel.
func TestMapCreateAsKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	types := []asm.MapType{asm.MapHash, asm.MapArray, asm.MapProgArray, asm.MapPerCPUHash, asm.MapPerCPUArray, asm.MapLRUHash,
		asm.MapLRUPerCPUHash, asm.MapLPMTrie, asm.MapSockMap, asm.MapSockHash, asm.MapReuseportSockArray, asm.MapQueue, asm.MapStack, asm.MapRingBuf}
	for _, typ := range types {
		specs := []asm.MapSpec{
			{}, {MaxEntries: 4}, {MaxEntries: 4096}, {MaxEntries: 5000}, {MaxEntries: 4096, KeySize: 4}, {MaxEntries: 4, ValueSize: 8},
			{MaxEntries: 4, KeySize: 4}, {MaxEntries: 4, KeySize: 4, ValueSize: 4}, {MaxEntries: 4, KeySize: 4, ValueSize: 8},
			{MaxEntries: 4, KeySize: 8, ValueSize: 8}, {MaxEntries: 4, KeySize: 8, ValueSize: 8, Flags: asm.MapNoPrealloc},
			{MaxEntries: 4, KeySize: 4, ValueSize: 16}, {KeySize: 4, ValueSize: 8}, {MaxEntries: 4, KeySize: 300, ValueSize: 8, Flags: asm.MapNoPrealloc},
			{MaxEntries: 4, KeySize: 260, ValueSize: 8, Flags: asm.MapNoPrealloc},
			{MaxEntries: 4, KeySize: 4, ValueSize: 8, Flags: asm.MapReadOnlyProg | asm.MapWriteOnlyProg},
		}
		for flag := asm.MapFlags(1); flag <= asm.MapInner; flag <<= 1 {
			specs = append(specs, asm.MapSpec{MaxEntries: 4, KeySize: 4, ValueSize: 8, Flags: flag},
				asm.MapSpec{MaxEntries: 4, KeySize: 4, ValueSize: 4, Flags: flag},
				asm.MapSpec{MaxEntries: 4, ValueSize: 4, Flags: flag},
				asm.MapSpec{MaxEntries: 4, KeySize: 8, ValueSize: 4, Flags: flag | asm.MapNoPrealloc},
				asm.MapSpec{MaxEntries: 4096, Flags: flag})
		}
		for _, s := range specs {
			s.Type, s.Name = typ, "m"
			fd, err := sys.MapCreate(&sys.MapCreateAttr{
				MapType: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, MapFlags: uint32(s.Flags),
			})
			if err == nil {
				fd.Close()
			}
			_, simulated := vm.NewMap(s, nil)
			if errno(err) != errno(simulated) {
				t.Errorf("%v, key %d, value %d, entries %d, flags %#x: %v, the kernel %v", typ, s.KeySize, s.ValueSize, s.MaxEntries, s.Flags, simulated, err)
			}
		}
	}
}

// step is an operation on a map and what came of it.
type step struct {
	Op       string
	Key, New []byte
	Flags    uint64
	Errno    vm.Errno
	Value    []byte
}

// TestMapsAsKernel does the same random operations to maps of the kernel and of the simulator.
func TestMapsAsKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, s := range []asm.MapSpec{
		{Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 5},
		{Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 5, Flags: asm.MapNoPrealloc},
		{Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 5},
		{Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 5},
		{Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 5},
		{Type: asm.MapLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 1000}, // never full
		{Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 9, Flags: asm.MapNoPrealloc},
		{Type: asm.MapQueue, ValueSize: 8, MaxEntries: 3},
		{Type: asm.MapStack, ValueSize: 8, MaxEntries: 3},
	} {
		s.Name = "m"
		t.Run(fmt.Sprint(s.Type), func(t *testing.T) {
			k, m := kernelMap(t, s), newMap(t, s)
			r := rand.New(rand.NewPCG(5, uint64(s.Type)))
			for n := range 4000 {
				st := randomStep(r, s)
				want, got := st, st
				kernelStep(t, k, s, &want)
				simulatedStep(m, &got)
				if s.Type.PerCPU() { // this machine may have another number of CPUs
					size := min(len(want.Value), len(got.Value))
					want.Value, got.Value = want.Value[:size], got.Value[:size]
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("step %d (-kernel +simulator):\n%s", n, diff)
				}
			}
			if s.KeySize > 0 && !s.Type.PerCPU() {
				got := make(map[string]string)
				for k, v := range m.All() {
					got[string(k)] = string(v)
				}
				if diff := cmp.Diff(kernelContents(t, k, int(s.KeySize), 8), got); diff != "" {
					t.Errorf("contents (-kernel +simulator):\n%s", diff)
				}
			}
		})
	}
}

func randomStep(r *rand.Rand, s asm.MapSpec) step {
	st := step{Op: []string{"lookup", "update", "update", "update", "delete", "lookup and delete"}[r.IntN(6)], Flags: uint64(r.IntN(5))}
	if r.IntN(2) == 0 {
		st.Flags = 0
	}
	if s.KeySize > 0 {
		st.Key = make([]byte, s.KeySize)
		binary.NativeEndian.PutUint32(st.Key, r.Uint32N(8))
	}
	if s.Type == asm.MapLPMTrie {
		binary.NativeEndian.PutUint32(st.Key, r.Uint32N(36))
		binary.BigEndian.PutUint32(st.Key[4:], 0x0a000000|r.Uint32N(4)<<22|r.Uint32N(2)<<8|r.Uint32N(2))
	}
	st.New = binary.NativeEndian.AppendUint64(nil, r.Uint64())
	if st.Op != "update" {
		st.Flags = 0
	}
	return st
}

func kernelStep(t *testing.T, m *sys.FD, s asm.MapSpec, st *step) {
	t.Helper()
	size := 8
	if s.Type.PerCPU() {
		size = 8 * 1024 // more CPUs than there are
	}
	value, key := make([]byte, size), sys.BytesPointer(st.Key)
	var err error
	switch st.Op {
	case "lookup":
		err = sys.MapLookup(m.Int(), key, sys.BytesPointer(value), 0)
	case "update":
		for i := 0; i < len(value); i += 8 {
			copy(value[i:], st.New)
			value[i] += byte(i)
		}
		err = sys.MapUpdate(m.Int(), key, sys.BytesPointer(value), st.Flags)
	case "delete":
		err = sys.MapDelete(m.Int(), key)
	case "lookup and delete":
		err = sys.MapLookupAndDelete(m.Int(), key, sys.BytesPointer(value), 0)
	}
	if st.Errno = errno(err); st.Errno == 0 && (st.Op == "lookup" || st.Op == "lookup and delete") {
		if st.Value = value; s.Type.PerCPU() {
			st.Value = value[:8] // there is one CPU at least
		}
	}
}

func simulatedStep(m *vm.Map, st *step) {
	var err error
	switch st.Op {
	case "lookup":
		st.Value, err = m.Lookup(st.Key)
	case "update":
		value := st.New
		if m.Spec().Type.PerCPU() {
			value = nil
			for i := range vm.CPUs {
				value = append(value, st.New...)
				value[8*i] += byte(8 * i)
			}
		}
		err = m.Update(st.Key, value, asm.UpdateFlags(st.Flags))
	case "delete":
		err = m.Delete(st.Key)
	case "lookup and delete":
		st.Value, err = m.LookupAndDelete(st.Key)
	}
	st.Errno = errno(err)
}
