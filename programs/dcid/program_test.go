package dcid

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/golden"
)

const goldenFile = "testdata/dcid.golden"

// TestProgramGolden holds the default program against the bytes in testdata, which are reviewed by eye and which
// TestGoldenLLVM holds against LLVM's assembler.
func TestProgramGolden(t *testing.T) {
	p, err := Program(nil)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, goldenFile, listing(p))
}

// listing prints a program with its bytes: slot, little endian, big endian, LLVM's text.
func listing(p *asm.Program) string {
	little, big := p.AppendTo(nil, binary.LittleEndian), p.AppendTo(nil, binary.BigEndian)
	var b strings.Builder
	fmt.Fprintf(&b, "%-4s %-24s %-24s %s\n", "slot", "little endian", "big endian", "text")
	i := 0
	for line := range strings.Lines(p.String()) {
		text, instruction := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !instruction {
			fmt.Fprintf(&b, "%s\n", text)
			continue
		}
		for half := range p.At(i).Slots() {
			slot := p.Slot(i) + half
			if half > 0 {
				text = ""
			}
			row := fmt.Sprintf("%-4d % x  % x  %s", slot, little[8*slot:8*slot+8], big[8*slot:8*slot+8], text)
			fmt.Fprintf(&b, "%s\n", strings.TrimRight(row, " "))
		}
		i++
	}
	return b.String()
}

// TestGoldenLLVM lets LLVM's assembler make bytes of the text in the golden file and holds them against those beside it.
func TestGoldenLLVM(t *testing.T) {
	llvm := assembler(t)
	file, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	var little, big []byte
	for i, line := range strings.Split(strings.TrimSuffix(string(file), "\n"), "\n") {
		switch {
		case i == 0: // the heading
		case strings.HasSuffix(line, ":"):
			fmt.Fprintln(&source, line)
		default:
			var bytes [16]byte
			columns := bytes[:0]
			for _, hex := range strings.Fields(line)[1:17] {
				var c byte
				if _, err := fmt.Sscanf(hex, "%02x", &c); err != nil {
					t.Fatalf("line %d: %q: %v", i+1, line, err)
				}
				columns = append(columns, c)
			}
			little, big = append(little, bytes[:8]...), append(big, bytes[8:]...)
			if len(line) > textColumn {
				fmt.Fprintln(&source, line[textColumn:])
			}
		}
	}
	for _, target := range []struct {
		triple string
		order  binary.ByteOrder
		want   []byte
	}{{"bpfel", binary.LittleEndian, little}, {"bpfeb", binary.BigEndian, big}} {
		got := assemble(t, llvm, target.triple, source.String())
		// LLVM leaves a relocation where the map's address goes; whoever links sets the source register, to 1 for a map.
		if got[8*mapSlot] != byte(asm.OpLdImm64) {
			t.Fatalf("slot %d has opcode %#x, want the load of the map", mapSlot, got[8*mapSlot])
		}
		if target.order == binary.LittleEndian {
			got[8*mapSlot+1] |= 1 << 4
		} else {
			got[8*mapSlot+1] |= 1
		}
		if d := cmp.Diff(dump(target.want), dump(got)); d != "" {
			t.Errorf("%s (-golden +LLVM):\n%s", target.triple, d)
		}
	}
}

// Where the golden file has the text of a line, and in which slot the program loads the map.
const (
	textColumn = 5 + 2*25
	mapSlot    = 19
)

func dump(b []byte) (lines []string) {
	for ; len(b) >= 8; b = b[8:] {
		lines = append(lines, fmt.Sprintf("% x", b[:8]))
	}
	return lines
}

// assembler finds llvm-mc, the newest first.
func assembler(t *testing.T) string {
	for _, name := range []string{"llvm-mc", "llvm-mc-22", "llvm-mc-19", "llvm-mc-14"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("llvm-mc is not installed")
	return ""
}

func assemble(t *testing.T, llvm, triple, source string) []byte {
	t.Helper()
	object := filepath.Join(t.TempDir(), triple+".o")
	cmd := exec.Command(llvm, "-triple", triple, "-filetype=obj", "-o", object)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s\n%s", cmd, err, out, source)
	}
	file, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(text)
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
