//go:build linux

package maps_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/maps"
)

// Two maps of one name are both found.
func TestFind(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	var want []uint32
	name := fmt.Sprintf("f%d_twins_of_one", os.Getpid()) // other processes may run this test, too
	readOnly := fmt.Sprintf("r%d", os.Getpid())
	for range 2 {
		m := create(t, asm.MapSpec{Name: name, Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		info, err := m.Info()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, info.ID)
	}
	// One that user space may only read is found, too.
	create(t, asm.MapSpec{Name: readOnly, Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: asm.MapReadOnly})
	for _, test := range []struct {
		name  string
		match func(maps.Info) bool
		want  int
	}{
		{"name", maps.Named(name), 2},
		{"name as the kernel cuts it", maps.Named(name[:15]), 2},
		{"part of the name", maps.Named(name[:10]), 0},
		{"no name", maps.Named(""), 0},
		{"read only", maps.Named(readOnly), 1},
	} {
		found, err := maps.Find(test.match)
		if err != nil {
			t.Fatal(err)
		}
		var ids []uint32
		for _, m := range found {
			info, err := m.Info()
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, info.ID)
			m.Close()
		}
		if len(ids) != test.want {
			t.Errorf("%s: found %v, want %d", test.name, ids, test.want)
		}
		if test.want == 2 {
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
	ids, err := maps.IDs()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(ids) || !slices.Contains(ids, want[0]) || !slices.Contains(ids, want[1]) {
		t.Errorf("maps %v, want %v among them, sorted", ids, want)
	}
}

func TestListUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, ids := maps.IDs()
		_, found := maps.Find(maps.Named("x"))
		for _, err := range []error{ids, found} {
			if want := "list all maps: operation not permitted (missing CAP_SYS_ADMIN)"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
	}, kerneltest.CAP_BPF)
}
