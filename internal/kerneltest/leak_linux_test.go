package kerneltest_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

func TestLeakedMapIsNamed(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	before := kerneltest.OpenDescriptors()
	array, err := sys.MapCreate(&sys.MapCreateAttr{MapType: 2, KeySize: 4, ValueSize: 8, MaxEntries: 3})
	if err != nil {
		t.Fatal(err)
	}
	leaks := kerneltest.LeftNow(before)
	if err := array.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range leaks {
		leaks[i] = regexp.MustCompile(`(descriptor|map_id) \d+`).ReplaceAllString(leaks[i], "$1 N")
	}
	want := []string{"descriptor N: anon_inode:bpf-map (map_type 2, key_size 4, value_size 8, max_entries 3, map_id N)"}
	if diff := cmp.Diff(want, leaks); diff != "" {
		t.Errorf("leaks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string(nil), kerneltest.LeftNow(before)); diff != "" {
		t.Errorf("leaks after Close (-want +got):\n%s", diff)
	}
}
