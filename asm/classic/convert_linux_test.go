package classic_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/filtergen"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

var conversions = flag.Int("conversions", 200, "random filters to run on the kernel as they are and converted")

// The kernel keeps as many bytes of a packet for a filter as for what Convert makes of it.
func TestConvertedKeepsTheSame(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	buffer := make([]byte, 4096)
	kept := func(packet []byte) int {
		if _, err := unix.Write(fds[1], packet); err != nil {
			t.Fatal(err)
		}
		n, err := unix.Read(fds[0], buffer)
		if err == unix.EAGAIN {
			return dropped
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		t.Fatal(err)
	}
	extensions := []classic.Extension{classic.ExtProtocol, classic.ExtPktType, classic.ExtIfindex, classic.ExtMark,
		classic.ExtQueue, classic.ExtRxhash, classic.ExtALUXorX, classic.ExtVLANTag, classic.ExtVLANTagPresent,
		classic.ExtVLANTPID}
	r := rand.New(rand.NewPCG(4, 2026))
	total, drops := 0, 0
	for range *conversions {
		p := filtergen.Program(r, extensions)
		converted, err := classic.Convert(p)
		if err != nil {
			t.Fatal(err)
		}
		program, err := loader.Load(converted, nil)
		if err != nil {
			t.Fatalf("%v\nof %v", err, p)
		}
		packets := [][]byte{filtergen.Packet(r), filtergen.Packet(r), filtergen.Packet(r), filtergen.Packet(r)}
		if err := tryAttach(fds[0], p.Raw()); err != nil {
			t.Fatalf("%v: %v", err, p)
		}
		var want []int
		for _, packet := range packets {
			want = append(want, kept(packet))
		}
		if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_ATTACH_BPF, program.FD()); err != nil {
			t.Fatal(err)
		}
		for i, packet := range packets {
			total++
			if want[i] == dropped {
				drops++
			}
			if got := kept(packet); got != want[i] {
				t.Errorf("%d bytes kept, %d by the classic program, of % x by\n%v\n%v", got, want[i], packet, p, converted)
			}
		}
		if err := program.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d filters, %d packets, %d of them dropped", *conversions, total, drops)
	if drops > total*3/4 {
		t.Errorf("%d of %d packets dropped: the filters prove little", drops, total)
	}
}

// What the verifier would refuse if it were converted as it is, and the values of processor and random numbers.
func TestConvertedLoads(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, tt := range accepted {
		p, err := classic.Decode(tt.program)
		if err != nil {
			t.Fatal(err)
		}
		if tt.name == "longest" {
			continue // 4095 times the same constant, which takes the verifier long
		}
		converted, err := classic.Convert(p)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		program, err := loader.Load(converted, nil)
		if err != nil {
			t.Errorf("%s: %v\nof %v", tt.name, err, converted)
			continue
		}
		program.Close()
	}
	b := classic.NewBuilder("helpers")
	b.LoadExtension(classic.ExtCPU)
	b.StoreScratch(3)
	b.LoadExtension(classic.ExtRandom)
	b.LoadScratchX(3)
	b.SubX()
	b.ReturnA()
	converted, err := classic.Convert(build(t, b))
	if err != nil {
		t.Fatal(err)
	}
	program, err := loader.Load(converted, nil)
	if err != nil {
		t.Fatal(err)
	}
	program.Close()
}
