package elf_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// describe is an object as text: programs with what their sections say, instructions, lines, and maps.
func describe(o *reloc.Object) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, p := range o.Programs() {
		add("%s: %v, %v, %q, flags %d, %s", p.Name(), p.Type(), p.AttachType(), p.AttachTo(), p.Flags(), p.License())
		for i, ins := range p.All() {
			add("%v // %v %s", ins, p.Position(i), p.Comment(i))
		}
		for _, r := range p.References() {
			add("%d is %v %s", r.Index, r.Kind, r.Symbol)
		}
	}
	for _, m := range o.Maps() {
		all = append(all, describeMap(&m)...)
	}
	return all
}

func describeMap(m *asm.MapSpec) []string {
	all := []string{fmt.Sprintf("map %s: %v, %d, %d, %d, flags %#x, extra %d, pinned %v", m.Name, m.Type, m.KeySize, m.ValueSize,
		m.MaxEntries, uint32(m.Flags), m.Extra, m.PinByName)}
	if m.Key != nil {
		all = append(all, fmt.Sprintf("key %s: %v", m.Key.Name(), m.Key))
	}
	if m.Value != nil {
		all = append(all, fmt.Sprintf("value %s: %v", m.Value.Name(), m.Value))
	}
	if m.Contents != "" {
		all = append(all, fmt.Sprintf("contents %q", m.Contents))
	}
	if m.Inner != nil {
		for _, line := range describeMap(m.Inner) {
			all = append(all, "  "+line)
		}
	}
	return all
}

// byteOrder lists what differs for the sources whose instructions depend on the byte order, by what their C says.
var byteOrder = map[string][]string{
	"atomic": {"+ r0 = le32 r0", "- r0 = be32 r0"},                                    // __builtin_bswap32
	"cgroup": {"+ if w2 != 80 goto +4", "- if w2 != 20480 goto +5", "- r2 = be16 r2"}, // bpf_htons(80), bpf_htons(to_port)
	"sockmap": {"+ 10 is map sockets", "+ 12 is subprogram swap", "+ 13 is map sockets", // bpf_ntohl, three times
		"- 11 is map sockets", "- 13 is subprogram swap", "- 15 is map sockets", "- r1 = be32 r1", "- r2 = be32 r2", "- r2 = be32 r2"},
	"typed": {"+ r1 = -281466386513924 ll", "- r1 = -1125887021744129 ll"}, // two struct point at once
	"xdp": {"+ if r5 > r2 goto +12", "+ if w5 != 2048 goto +7", "+ r2 = *(u8 *)(r1 + 13)", "+ r5 = *(u8 *)(r1 + 12)",
		"- if r5 > r2 goto +13", "- if w5 != 8 goto +8", "- r2 = *(u8 *)(r1 + 12)", "- r2 = be16 r2", "- r5 = *(u8 *)(r1 + 13)"},
}

// TestReadBothByteOrders: the same source for a big-endian machine is the same program, where it is not the source
// itself that says something else.
func TestReadBothByteOrders(t *testing.T) {
	eachObject(t, "eb", func(t *testing.T, source string) {
		counts := make(map[string]int)
		for _, line := range describe(open(t, source+".el.o")) {
			counts[line]++
		}
		for _, line := range describe(open(t, source+".eb.o")) {
			counts[line]--
		}
		var got []string
		for line, n := range counts {
			text, _, _ := strings.Cut(line, " // ")
			switch {
			case strings.HasPrefix(line, "contents "): // numbers, most significant byte first
			case n > 0:
				got = append(got, "- "+text)
			case n < 0:
				got = append(got, "+ "+text)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(byteOrder[source], got); diff != "" {
			t.Errorf("what differs (-want +got):\n%s", diff)
		}
	})
}

// TestReadDataInBothByteOrders: a variable's bytes are those that the machine has.
func TestReadDataInBothByteOrders(t *testing.T) {
	for variant, want := range map[string]string{
		"el": "\x09\x08\x07\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x34\x12",
		"eb": "\x09\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x12\x34",
	} {
		for _, m := range open(t, "data."+variant+".o").Maps() {
			if m.Name == ".data" && m.Contents != want {
				t.Errorf("%s: %x, want %x", variant, m.Contents, want)
			}
		}
	}
}

// TestReadMaps: what testdata/clang/maps.c and its like say of maps, by hand.
func TestReadMaps(t *testing.T) {
	key := []asm.Member{
		{Name: "kind", Size: asm.B}, {Name: "more", Size: asm.W}, {Name: "address", Size: asm.W, Count: 4},
		{Name: "member3", Size: asm.B, Count: 8}, {Size: asm.B, Count: 8}, // an anonymous union, two bit fields
	}
	value := []asm.Member{
		{Name: "key", Struct: asm.NewStruct("key", key...)}, {Name: "ports", Size: asm.H, Count: 4}, {Name: "pointer", Size: asm.DW}, {Name: "on", Size: asm.B},
	}
	prefix := []asm.Member{{Name: "length", Size: asm.W}, {Name: "address", Size: asm.B, Count: 4}}
	counters := []asm.Member{{Name: "packets", Size: asm.DW}, {Name: "bytes", Size: asm.DW}, {Name: "last_port", Size: asm.H}, {Name: "reason", Size: asm.B}}
	u32, u64 := asm.NewStruct("", asm.Member{Size: asm.W}), asm.NewStruct("", asm.Member{Size: asm.DW})
	s32 := asm.NewStruct("", asm.Member{Size: asm.W, Signed: true})
	tests := []struct {
		object string
		want   []asm.MapSpec // in the order of first mention
	}{
		{"maps.el.o", []asm.MapSpec{
			{Name: "words", Type: asm.MapHash, KeySize: 40, ValueSize: 64, MaxEntries: 10, Flags: asm.MapNoPrealloc | asm.MapNUMANode,
				Key: asm.NewStruct("key", key...), Value: asm.NewStruct("value", value...)},
			{Name: "outer", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4, Key: u32,
				Inner: &asm.MapSpec{Name: "outer.inner", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 6, Key: u32, Value: u64}},
			{Name: "outer_hash", Type: asm.MapHashOfMaps, KeySize: 8, ValueSize: 4, MaxEntries: 4,
				Inner: &asm.MapSpec{Name: "outer_hash.inner", Type: asm.MapHash, KeySize: 8, ValueSize: 40, MaxEntries: 7, Value: asm.NewStruct("key", key...)}},
			{Name: "plain", Type: asm.MapArray, KeySize: 4, ValueSize: 40, MaxEntries: 3, Value: asm.NewStruct("key", key...)},
			{Name: "bloom", Type: asm.MapBloomFilter, ValueSize: 4, MaxEntries: 100, Extra: 3, Value: u32},
			{Name: "storage", Type: asm.MapSkStorage, KeySize: 4, ValueSize: 40, Flags: asm.MapNoPrealloc, Key: s32, Value: asm.NewStruct("key", key...)},
			{Name: "jumps", Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2},
			{Name: "not_referred_to", Type: asm.MapQueue, ValueSize: 8, MaxEntries: 5, Value: u64},
		}},
		{"pinned.eb.o", []asm.MapSpec{{Name: "purebpf_pinned", Type: asm.MapHash, KeySize: 4, ValueSize: 4, MaxEntries: 10, PinByName: true, Key: u32, Value: u32}}},
		{"xdp.v4.o", []asm.MapSpec{
			{Name: "blocked", Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 24, MaxEntries: 128, Flags: asm.MapNoPrealloc,
				Key: asm.NewStruct("prefix", prefix...), Value: asm.NewStruct("counters", counters...)},
			{Name: "passed", Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 24, MaxEntries: 1024, Value: asm.NewStruct("counters", counters...)},
		}},
		{"xdp.plain.o", []asm.MapSpec{
			{Name: "blocked", Type: asm.MapLPMTrie, KeySize: 8, ValueSize: 24, MaxEntries: 128, Flags: asm.MapNoPrealloc},
			{Name: "passed", Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 24, MaxEntries: 1024},
		}},
		{"trace.eb.o", []asm.MapSpec{
			{Name: "events", Type: asm.MapRingBuf, MaxEntries: 64 << 10},
			{Name: "calls", Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 4, Key: u32, Value: u64},
			{Name: "samples", Type: asm.MapPerfEventArray, KeySize: 4, ValueSize: 4},
		}},
		{"atomic.el.o", []asm.MapSpec{
			{Name: ".data", Type: asm.MapArray, KeySize: 4, ValueSize: 12, MaxEntries: 1, Contents: "\x05\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00",
				Value: asm.NewStruct(".data", asm.Member{Name: "wide", Size: asm.B, Count: 8}, asm.Member{Name: "narrow", Size: asm.W})}, // u64 would pad it
			{Name: ".rodata", Type: asm.MapArray, KeySize: 4, ValueSize: 40, MaxEntries: 1, Flags: asm.MapReadOnlyProg,
				Contents: "\xff\xff\xff\xff\xff\xff\xff\xff" + "\xec\xff\xff\xff\xff\xff\xff\xff" + "\x2c\x01\x00\x00\x00\x00\x00\x00" +
					"\xa0\x0f\x00\x00\x00\x00\x00\x00" + "\x05\x00\x00\x00\x00\x00\x00\x00",
				Value: asm.NewStruct(".rodata", asm.Member{Name: "table", Size: asm.DW, Count: 5, Signed: true})},
		}},
		{"cgroup.el.o", []asm.MapSpec{
			{Name: "options", Type: asm.MapLRUHash, KeySize: 8, ValueSize: 4, MaxEntries: 256, Key: u64, Value: u32},
			{Name: ".bss", Type: asm.MapArray, KeySize: 4, ValueSize: 16, MaxEntries: 1, Value: asm.NewStruct(".bss", asm.Member{Name: "sent", Size: asm.DW, Count: 2})},
			{Name: ".data", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Contents: "\x90\x1f\x00\x00",
				Value: asm.NewStruct(".data", asm.Member{Name: "to_port", Size: asm.W})},
			{Name: ".rodata", Type: asm.MapArray, KeySize: 4, ValueSize: 20, MaxEntries: 1, Flags: asm.MapReadOnlyProg, Contents: "net/ipv4/ip_forward\x00",
				Value: asm.NewStruct(".rodata", asm.Member{Name: "name", Size: asm.B, Count: 20, Signed: true})},
		}},
		{"reuseport.el.o", nil},
	}
	for _, tt := range tests {
		t.Run(tt.object, func(t *testing.T) {
			got := open(t, tt.object).Maps()
			sorted := func(all []asm.MapSpec) (lines []string) {
				all = slices.Clone(all)
				slices.SortFunc(all, func(a, b asm.MapSpec) int { return strings.Compare(a.Name, b.Name) })
				for i := range all {
					lines = append(lines, describeMap(&all[i])...)
				}
				return lines
			}
			if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadPrograms: what sections say of programs, which functions there are, and licences.
func TestReadPrograms(t *testing.T) {
	tests := []struct {
		object string
		want   []string
	}{
		{"xdp.el.o", []string{
			`parse_ip: unspec, "", 0, GPL`, `is_blocked: unspec, "", 0, GPL`, `add: unspec, "", 0, GPL`,
			`firewall: xdp, xdp, "", 0, GPL`, `drop_blocked: xdp, xdp, "", 0, GPL`, `pass_all: xdp, xdp, "", 32, GPL`,
		}},
		{"trace.v1.o", []string{
			`count: unspec, "", 0, GPL`, `send: unspec, "", 0, GPL`,
			`on_exit: tracepoint, "sched/sched_process_exit", 0, GPL`, `on_connect: kprobe, "tcp_v4_connect", 0, GPL`,
			`on_connected: kprobe, "kretprobe/tcp_v4_connect", 0, GPL`, `on_switch: raw_tracepoint, "sched_switch", 0, GPL`,
			`on_sample: perf_event, "", 0, GPL`,
		}},
		{"tc.plain.o", []string{
			`mark_of: unspec, "", 0, Dual BSD/GPL`, `too_long: unspec, "", 0, Dual BSD/GPL`,
			`set_mark: sched_cls, "", 0, Dual BSD/GPL`, `only_long: sched_cls, "", 0, Dual BSD/GPL`,
		}},
		{"sockmap.eb.o", []string{
			`swap: unspec, "", 0, GPL`, `record: sock_ops, cgroup_sock_ops, "", 0, GPL`, `redirect: sk_msg, sk_msg_verdict, "", 0, GPL`,
			`whole: sk_skb, sk_skb_stream_parser, "", 0, GPL`, `echo: sk_skb, sk_skb_stream_verdict, "", 0, GPL`,
		}},
		{"reuseport.v4.o", []string{`select_by_dcid: unspec, "", 0, BSD`}},
		{"nolicense.el.o", []string{`keep: socket_filter, "", 0, unspecified`}},
	}
	for _, tt := range tests {
		t.Run(tt.object, func(t *testing.T) {
			var got []string
			for _, p := range open(t, tt.object).Programs() {
				kind := p.Type().String()
				if p.AttachType() != 0 {
					kind += ", " + p.AttachType().String()
				}
				got = append(got, fmt.Sprintf("%s: %s, %q, %d, %s", p.Name(), kind, p.AttachTo(), p.Flags(), p.License()))
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadLines: instructions name the lines of testdata/clang/socket.c, with their text.
func TestReadLines(t *testing.T) {
	p := open(t, "socket.el.o").Programs()[0]
	want := []string{
		`r1 = *(u32 *)(r1 + 0): socket.c:9 __u32 key = skb->len;`,
		`*(u32 *)(r10 - 4) = r1: socket.c:9 __u32 key = skb->len;`,
		`exit: socket.c:14 return 0xffff;`,
	}
	source, err := os.ReadFile("testdata/clang/socket.c")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Split(string(source), "\n")
	var got []string
	for i, ins := range p.All() {
		line := fmt.Sprintf("%v: %v %s", ins, p.Position(i), p.Comment(i))
		if slices.Contains(want, line) {
			got = append(got, line)
		}
		if n := p.Position(i).Line; n > 0 && strings.TrimSpace(text[n-1]) != p.Comment(i) {
			t.Errorf("instruction %d is of line %d, %q, and says %q", i, n, text[n-1], p.Comment(i))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, p := range open(t, "socket.plain.o").Programs() {
		if p.Position(0) != (asm.Position{}) || p.Comment(0) != "" {
			t.Errorf("without -g: %v %q", p.Position(0), p.Comment(0))
		}
	}
}
