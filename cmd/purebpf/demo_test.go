package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm/classic"
)

// simulated is the whole output of a demo that is no privileged one's: the figures are those of wantDemo.
var simulated = regexp.MustCompile(`^In the simulator: (.*)\.

PROGRAM +TYPE +INSNS +BYTES +LOAD +TRAFFIC +RIGHT +WITHOUT IT
dcid +sk_reuseport +\d+ +\d+ +- +4096 datagrams +4096 +1024
bytemod +classic +6 +48 +- +4096 datagrams +4096 +1024
sockredir-record +sock_ops +\d+ +\d+ +- +32 sockets +32 +0
sockredir-redirect +sk_msg +\d+ +\d+ +- +2048 messages +2048 +0

Nothing was loaded into a kernel: .*
(?:.*\n)+
All traffic went where it should\.
$`)

func wantSimulated(t *testing.T, got result, reason string) {
	t.Helper()
	m := simulated.FindStringSubmatch(got.stdout)
	if got.status != 0 || got.stderr != "" || m == nil || m[1] != reason {
		t.Errorf("status %d, stderr %q, stdout\n%s\nwant 0, nothing, the reason %q and\n%v", got.status, got.stderr, got.stdout, reason, simulated)
	}
}

func TestSimulate(t *testing.T) {
	all, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := simulate(&out, all, "a reason"); err != nil {
		t.Error(err)
	}
	wantSimulated(t, result{stdout: out.String()}, "a reason")

	// Programs that do something else than they should are found out.
	b := classic.NewBuilder("first")
	b.Return(0)
	first, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	all[1].classic = first
	out.Reset()
	err = simulate(&out, all, "a reason")
	if want := "bytemod: 1024 of 4096 datagrams went where they should"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if strings.Contains(out.String(), "All traffic") {
		t.Errorf("says that all went well:\n%s", &out)
	}
}

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
