package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	bpfmaps "github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// workload is what a program and its twin run on.
type workload struct {
	program func() (*asm.Program, error)
	fill    func(t *testing.T, m func(name string) *bpfmaps.Raw) // what user space puts into the maps
	packet  func(r packets) []byte
	context func(r packets) []byte
	// again changes the maps after a half of the packets.
	again func(t *testing.T, m func(name string) *bpfmaps.Raw)
	// hidden are words of values that cannot be equal: they hold the time.
	hidden map[string]int
}

var workloads = []workload{
	{program: CountProtocols, packet: packets.ip},
	{program: AllowList, packet: packets.ip, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		put(t, m("allowed4"), key32(16, 10, 1, 0, 0), value64(0))
		put(t, m("allowed4"), key32(24, 10, 0, 1, 0), value64(0))
		put(t, m("allowed6"), key32(48, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), value64(0))
	}},
	{program: SYNGuard, packet: func(r packets) []byte {
		if r.one(8) {
			return r.ip()
		}
		return r.ip4(asm.IPProtoTCP, r.tcp())
	}},
	{program: Translate, packet: packets.ip, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for _, protocol := range []byte{asm.IPProtoTCP, asm.IPProtoUDP} {
			for i := range byte(6 * 8) {
				put(t, m("services"), service4(i, 443, protocol), append([]byte{192, 0, 2, 0xf0 | i}, 0x20, 0xfb, 0, 0))
				put(t, m("services"), service4(i, 80, protocol), append([]byte{0xff, 0xff, i, 0}, 0xff, i, 0, 0))
			}
		}
	}},
	{program: SkipExtensions, packet: packets.extensions},
	{program: DNSFilter, packet: packets.query, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for _, name := range names[:2] {
			h := fnv.New32a()
			h.Write([]byte(name[:len(name)-1]))
			put(t, m("blocked"), binary.NativeEndian.AppendUint32(nil, h.Sum32()), value64(0))
		}
	}},
	{program: Decapsulate, packet: packets.tunnel, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for vni := range uint32(6) {
			put(t, m("tunnels"), binary.NativeEndian.AppendUint32(nil, vni), value64(0))
		}
	}},
	{program: LearnMAC, packet: packets.whole, context: skBuff, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for i := range byte(4) { // seen at interface 7 before
			put(t, m("stations"), []byte{2 * i, 0, 0, 0, 0, i, 0, 0}, append([]byte{7, 0, 0, 0}, make([]byte, 12)...))
		}
	}},
	{program: MarkDSCP, packet: packets.whole, context: skBuff, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for class := range uint32(48) {
			value := binary.NativeEndian.AppendUint32(nil, class*3)
			value = binary.NativeEndian.AppendUint32(value, class*5)
			put(t, m("classes"), binary.NativeEndian.AppendUint32(nil, class), binary.NativeEndian.AppendUint32(value, class%3/2))
		}
	}},
	{program: HashFlow, packet: packets.whole, context: skBuff},
	{program: FilterPorts, packet: packets.whole, fill: func(t *testing.T, m func(string) *bpfmaps.Raw) {
		for _, port := range []byte{22, 53} {
			put(t, m("open_ports"), append([]byte{0, port}, binary.NativeEndian.AppendUint16(nil, asm.IPProtoTCP)...), value64(0))
		}
		put(t, m("open_ports"), append([]byte{0, 53}, binary.NativeEndian.AppendUint16(nil, asm.IPProtoUDP)...), value64(0))
	}},
	{
		program: TokenBucket, packet: packets.ip, hidden: map[string]int{"buckets": 1},
		// First no token is ever added, then there is always time enough for some.
		fill:  limits(20, 1<<62),
		again: limits(30, 1),
	},
	{program: Steer, context: skLookup, fill: steerTo},
}

func limits(burst, interval uint64) func(t *testing.T, m func(string) *bpfmaps.Raw) {
	return func(t *testing.T, m func(string) *bpfmaps.Raw) {
		put(t, m("limits"), make([]byte, 4), append(value64(burst), value64(interval)...))
	}
}

func put(t *testing.T, m *bpfmaps.Raw, key, value []byte) {
	t.Helper()
	if err := m.Update(key, value, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
}

func value64(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

func key32(n uint32, rest ...byte) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, n), rest...)
}

// service4 is a key of translate for one of the addresses that packets.address4 makes.
func service4(n byte, port uint16, protocol byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{10, n / 16, n / 8 % 2, n % 8}, port)
	return binary.NativeEndian.AppendUint16(b, uint16(protocol))
}

// skBuff is a __sk_buff of which the kernel takes the mark and priority.
func skBuff(r packets) []byte {
	b := make([]byte, 192)
	binary.NativeEndian.PutUint32(b[asm.SkBuffMark.Offset():], r.Uint32())
	binary.NativeEndian.PutUint32(b[asm.SkBuffPriority.Offset():], r.Uint32())
	return b
}

// skLookup is a lookup for TCP or UDP over IPv4 or IPv6.
func skLookup(r packets) []byte {
	b := make([]byte, 72)
	put32 := func(f asm.Field, v uint32) { binary.NativeEndian.PutUint32(b[f.Offset():], v) }
	put32(asm.SkLookupFamily, of[uint32](r, asm.AFInet, asm.AFInet, asm.AFInet6))
	put32(asm.SkLookupProtocol, of[uint32](r, asm.IPProtoTCP, asm.IPProtoTCP, asm.IPProtoUDP))
	put32(asm.SkLookupLocalPort, uint32(r.IntN(12)))
	copy(b[asm.SkLookupLocalIP4.Offset():], []byte{10, 1, 0, byte(r.IntN(3))})
	copy(b[asm.SkLookupLocalIP6.Offset():], r.address6())
	return b
}

// steerTo has a listener at index 0, one for UDP at index 1, none at index 2.
func steerTo(t *testing.T, m func(string) *bpfmaps.Raw) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	tcp, err := plain.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	listeners, err := bpfmaps.ViewSockets[uint32](m("listeners"))
	if err != nil {
		t.Fatal(err)
	}
	for i, conn := range []any{tcp, udp} {
		if err := listeners.Update(uint32(i), conn.(syscall.Conn), asm.UpdateAny); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range [][]byte{{10, 1, 0, 0}, {10, 1, 0, 1}, {0, 0, 0, 0}} {
		for port := range uint16(9) {
			for _, protocol := range []uint16{asm.IPProtoTCP, asm.IPProtoUDP} {
				key := binary.NativeEndian.AppendUint16(bytes.Clone(address), port)
				key = binary.NativeEndian.AppendUint16(key, protocol)
				put(t, m("services"), key, binary.NativeEndian.AppendUint32(nil, uint32(port%3)))
			}
		}
	}
}

// TestBehaviour runs our programs and clang's on the same packets: each returns the same, leaves the same packet and the
// same maps.
func TestBehaviour(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the recorded programs are for little-endian machines")
	}
	for _, w := range workloads {
		ours := build(t, w.program)
		t.Run(ours.Name(), func(t *testing.T) { w.compare(t, ours, clangProgram(t, ours)) })
	}
}

func (w workload) compare(t *testing.T, programs ...*asm.Program) {
	const rounds = 10000
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := newPackets(programs[0].Name())
	measured, blocks := instrument(t, programs[0])
	programs = append(programs, measured)
	var twins []*twin
	for _, p := range programs {
		twins = append(twins, w.load(t, p))
	}
	returned := make(map[uint32]int)
	for i := range rounds {
		if i == rounds/2 && w.again != nil {
			for _, twin := range twins {
				w.again(t, twin.m)
			}
		}
		var run loader.RunOptions
		if w.packet != nil {
			run.Data = w.packet(r)
		}
		if w.context != nil {
			run.Context = w.context(r)
		}
		var want *loader.RunResult
		for k, twin := range twins {
			got, err := twin.program.Run(&run)
			if err != nil {
				t.Fatal(err)
			}
			got.Duration = 0
			if k == 0 {
				want = got
				returned[got.Return]++
				continue
			}
			if w.packet == nil {
				hideCookie(want.Context, got.Context)
			}
			if got.Return != want.Return || !bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.Context, want.Context) {
				t.Fatalf("packet %d, %x: program %d differs (-ours +its):\n%s", i, run.Data, k, cmp.Diff(want, got))
			}
		}
	}
	want := w.contents(t, twins[0])
	for k, twin := range twins[1:] {
		if diff := cmp.Diff(want, w.contents(t, twin)); diff != "" {
			t.Errorf("the maps of program %d differ (-ours +its):\n%s", k+1, diff)
		}
	}
	var results []string
	for _, code := range slices.Sorted(maps.Keys(returned)) {
		results = append(results, fmt.Sprintf("%d x %d", returned[code], int32(code)))
	}
	counts := make([]byte, 8*len(blocks))
	if err := twins[2].m(coverageMap).Lookup(make([]byte, 4), counts, 0); err != nil {
		t.Fatal(err)
	}
	hit := 0
	for block, slot := range blocks {
		if binary.NativeEndian.Uint64(counts[8*block:]) == 0 {
			t.Errorf("no packet got to slot %d:\n%v", slot, programs[0])
			continue
		}
		hit++
	}
	t.Logf("%d packets returned %v; %d of %d blocks ran", rounds, results, hit, len(blocks))
}

// hideCookie makes the cookies of the sockets that were selected equal: each twin has its own.
func hideCookie(contexts ...[]byte) {
	for _, c := range contexts {
		cookie := c[asm.SkLookupCookie.Offset():][:asm.SkLookupCookie.Size()]
		if !bytes.Equal(cookie, make([]byte, len(cookie))) {
			copy(cookie, "selected")
		}
	}
}

// twin is a program with its maps in the kernel.
type twin struct {
	collection *loader.Collection
	program    *loader.Program
	m          func(name string) *bpfmaps.Raw
}

func (w workload) load(t *testing.T, p *asm.Program) *twin {
	t.Helper()
	object, err := reloc.NewObject(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := loader.LoadObject(object, nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { c.Close() })
	program, _ := c.Program(p.Name())
	m := func(name string) *bpfmaps.Raw {
		raw, ok := c.Map(name)
		if !ok {
			t.Fatalf("no map %s", name)
		}
		return raw
	}
	if w.fill != nil {
		w.fill(t, m)
	}
	return &twin{collection: c, program: program, m: m}
}

// contents returns every map's values as words by their keys in hex, those of a per-CPU map added up.
func (w workload) contents(t *testing.T, x *twin) map[string]map[string][]uint64 {
	t.Helper()
	all := make(map[string]map[string][]uint64)
	for _, spec := range build(t, w.program).Maps() {
		if spec.Type == asm.MapSockMap {
			continue
		}
		raw := x.m(spec.Name)
		content := make(map[string][]uint64)
		it := raw.Iterate()
		for key, value := range it.All() {
			words := make([]uint64, (len(value)+7)/8)
			for i := range words {
				var word [8]byte
				copy(word[:], value[8*i:])
				words[i] = binary.NativeEndian.Uint64(word[:])
			}
			if spec.Type.PerCPU() {
				per := int(spec.ValueSize) / 8
				for i := per; i < len(words); i++ {
					words[i%per] += words[i]
				}
				words = words[:per]
			}
			if i, ok := w.hidden[spec.Name]; ok {
				words[i] = 0
			}
			content[fmt.Sprintf("%x", key)] = words
		}
		if err := it.Err(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		all[spec.Name] = content
	}
	return all
}
