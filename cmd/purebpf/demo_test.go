package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	all, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	rows := notLoaded(all[1:3]) // bytemod and one whose size does not matter
	rows[0].load, rows[0].traffic = 12_700*time.Nanosecond, traffic{unit: "datagrams", sent: 4096, right: 4095, without: 17}
	var b strings.Builder
	if err := table(&b, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	want := "bytemod             classic           6     48     12 µs  4096 datagrams   4095          17"
	if diff := cmp.Diff(want, lines[1]); diff != "" {
		t.Errorf("measured (-want +got):\n%s", diff)
	}
	if want := "         -  -                   -           -"; !strings.HasSuffix(lines[2], want) {
		t.Errorf("not measured: %q, want %q at the end", lines[2], want)
	}
	for i, line := range lines[:3] {
		if got, want := len([]rune(line)), len([]rune(lines[1])); got != want {
			t.Errorf("line %d is %d wide, want %d: %q", i, got, want, line)
		}
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		name    string
		traffic traffic
		want    []string
	}{
		{"not measured", traffic{}, nil},
		{"as it must be", traffic{"datagrams", 100, 100, 25, 25}, nil},
		{"nothing by chance", traffic{"messages", 100, 100, 0, 0}, nil},
		{"one astray", traffic{"datagrams", 100, 99, 25, 25}, []string{"dcid: 99 of 100 datagrams went where they should"}},
		{"all right without it", traffic{"datagrams", 100, 100, 100, 25},
			[]string{"dcid: without it 100 of 100 datagrams went where they should, want 25 by chance"}},
		{"both", traffic{"messages", 100, 0, 1, 0}, []string{
			"dcid: 0 of 100 messages went where they should",
			"dcid: without it 1 of 100 messages went where they should, want 0 by chance"}},
	}
	for _, tt := range tests {
		got := row{program: program{name: "dcid"}, traffic: tt.traffic}.mistakes()
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
