package dcid

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/oracle"
)

// TestProgramGolden holds the default program against the bytes in testdata, which are reviewed by eye and which
// TestProgramLLVM holds against LLVM's assembler.
func TestProgramGolden(t *testing.T) {
	golden.Check(t, defaultProgram(t), "testdata/dcid.golden")
}

func TestProgramLLVM(t *testing.T) { oracle.CheckLLVM(t, defaultProgram(t)) }

func defaultProgram(t *testing.T) *asm.Program {
	t.Helper()
	p, err := Program(nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProgramCIDLength: the length is in the program where a short header needs it, where a long header is held against
// it, and where a long header is copied. Everything else is the same for every length.
func TestProgramCIDLength(t *testing.T) {
	base, err := Program(nil)
	if err != nil {
		t.Fatal(err)
	}
	for length := MinCIDLength; length <= MaxCIDLength; length++ {
		p, err := Program(&Options{CIDLength: length})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for i, ins := range p.All() {
			if of := base.At(i); length != DefaultCIDLength && ins != of {
				got = append(got, ins.Imm-of.Imm+DefaultCIDLength)
				ins.Imm = of.Imm
				if ins != of {
					t.Errorf("length %d: instruction %d: %v, for the default length %v", length, i, ins, of)
				}
			}
		}
		want := []int64{int64(length), int64(length), int64(length)}
		if length == DefaultCIDLength {
			want = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("length %d: immediates (-want +got):\n%s", length, d)
		}
	}
}

func TestProgramMap(t *testing.T) {
	tests := []struct {
		name string
		opts *Options
		want uint32
	}{
		{"three generations of the default", nil, uint32(3 * runtime.GOMAXPROCS(0))},
		{"three generations", &Options{Workers: 4}, 12},
		{"as told", &Options{Workers: 4, MaxSockets: 4}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Program(tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			want := []asm.MapSpec{{Name: "workers", Type: asm.MapSockHash, KeySize: 8, ValueSize: 8, MaxEntries: tt.want}}
			if d := cmp.Diff(want, p.Maps()); d != "" {
				t.Errorf("maps (-want +got):\n%s", d)
			}
		})
	}
}

func TestOptionErrors(t *testing.T) {
	tests := []struct {
		opts Options
		want string
	}{
		{Options{CIDLength: 7}, "dcid: connection IDs of 7 bytes, want 8 to 20"},
		{Options{CIDLength: 21}, "dcid: connection IDs of 21 bytes, want 8 to 20"},
		{Options{CIDLength: -1}, "dcid: connection IDs of -1 bytes, want 8 to 20"},
		{Options{Workers: -1}, "dcid: -1 workers, want 1 to 32768"},
		{Options{Workers: 32769}, "dcid: 32769 workers, want 1 to 32768"},
		{Options{Workers: 4, MaxSockets: 3}, "dcid: a map for 3 sockets, want 4, the workers, to 16777216"},
		{Options{Workers: 4, MaxSockets: -1}, "dcid: a map for -1 sockets, want 4, the workers, to 16777216"},
		{Options{Workers: 4, MaxSockets: 1<<24 + 1}, "dcid: a map for 16777217 sockets, want 4, the workers, to 16777216"},
	}
	for _, tt := range tests {
		p, err := Program(&tt.opts)
		if err == nil || err.Error() != tt.want || p != nil {
			t.Errorf("Program(%+v) = %v, %v; want error %q", tt.opts, p, err, tt.want)
		}
	}
}
