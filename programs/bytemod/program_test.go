package bytemod_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/programs/bytemod"
)

// The instructions by hand, after linux/bpf_common.h and linux/filter.h.
func TestProgram(t *testing.T) {
	tests := []struct {
		offset, workers int
		want            []bpf.RawInstruction
	}{
		{0, 1, []bpf.RawInstruction{
			{Op: 0x80},                             // LD | W | LEN:   A = length
			{Op: 0x25, Jt: 0, Jf: 3, K: 0},         // JMP | JGT | K:  A > 0, else skip 3
			{Op: 0x30, K: 0},                       // LD | B | ABS:   A = packet[0]
			{Op: 0x94, K: 1},                       // ALU | MOD | K:  A %= 1
			{Op: 0x16},                             // RET | A
			{Op: 0x06, Jt: 0, Jf: 0, K: 1<<32 - 1}, // RET | K
		}},
		{7, 16, []bpf.RawInstruction{
			{Op: 0x80}, {Op: 0x25, Jf: 3, K: 7}, {Op: 0x30, K: 7}, {Op: 0x94, K: 16}, {Op: 0x16}, {Op: 0x06, K: 1<<32 - 1},
		}},
		{65526, 256, []bpf.RawInstruction{
			{Op: 0x80}, {Op: 0x25, Jf: 3, K: 0xfff6}, {Op: 0x30, K: 0xfff6}, {Op: 0x94, K: 256}, {Op: 0x16}, {Op: 0x06, K: 1<<32 - 1},
		}},
	}
	for _, tt := range tests {
		p, err := bytemod.Program(tt.offset, tt.workers)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, p.Raw()); diff != "" {
			t.Errorf("offset %d, %d workers (-want +got):\n%s", tt.offset, tt.workers, diff)
		}
	}
}

func TestProgramGolden(t *testing.T) {
	for offset, path := range map[int]string{0: "testdata/byte_modulo.golden", 2: "testdata/third_byte_modulo.golden"} {
		p, err := bytemod.Program(offset, 4)
		if err != nil {
			t.Fatal(err)
		}
		golden.CheckClassic(t, p, path)
	}
}

// The virtual machine of golang.org/x/net/bpf runs the filter on every byte value and number of workers, and on payloads
// that end before, at and behind the byte.
func TestProgramRuns(t *testing.T) {
	for _, offset := range []int{0, 1, 6} {
		for workers := 1; workers <= bytemod.MaxWorkers; workers++ {
			p, err := bytemod.Program(offset, workers)
			if err != nil {
				t.Fatal(err)
			}
			vm, err := bpf.NewVM(p.Instructions())
			if err != nil {
				t.Fatal(err)
			}
			run := func(payload []byte) uint32 {
				index, err := vm.Run(payload)
				if err != nil {
					t.Fatal(err)
				}
				return uint32(index)
			}
			for value := range 256 {
				packet := payload(offset, byte(value), 2)
				for _, end := range []int{offset + 1, offset + 3} {
					if got, want := run(packet[:end]), uint32(value%workers); got != want {
						t.Fatalf("offset %d, %d workers, %d bytes with %d: %d, want %d", offset, workers, end, value, got, want)
					}
				}
			}
			for length := range offset + 1 {
				if got := run(make([]byte, length)); got != 1<<32-1 {
					t.Fatalf("offset %d, %d workers, %d bytes: %#x", offset, workers, length, got)
				}
			}
		}
	}
}

// payload has the value at offset, more bytes behind it, and elsewhere bytes with another remainder by most divisors.
func payload(offset int, value byte, more int) []byte {
	p := make([]byte, offset+1+more)
	for i := range p {
		p[i] = ^value
	}
	p[offset] = value
	return p
}

func TestProgramRefuses(t *testing.T) {
	tests := []struct {
		offset, workers int
		want            string
	}{
		{-1, 4, "bytemod: payload offset -1, want 0 to 65526"},
		{65527, 4, "bytemod: payload offset 65527, want 0 to 65526"},
		{0, 0, "bytemod: 0 workers, want 1 to 256"},
		{0, -3, "bytemod: -3 workers, want 1 to 256"},
		{0, 257, "bytemod: 257 workers, want 1 to 256"},
	}
	for _, tt := range tests {
		if p, err := bytemod.Program(tt.offset, tt.workers); err == nil {
			t.Errorf("offset %d, %d workers: no error but\n%v", tt.offset, tt.workers, p)
		} else if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
			t.Errorf("offset %d, %d workers (-want +got):\n%s", tt.offset, tt.workers, diff)
		}
	}
}
