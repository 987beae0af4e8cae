package elf_test

import (
	"fmt"
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
	"xdp": {"+ if r5 > r2 goto +12", "+ if w5 != 2048 goto +7", "+ r2 = *(u8 *)(r1 + 13)", "+ r5 = *(u8 *)(r1 + 12)",
		"- if r5 > r2 goto +13", "- if w5 != 8 goto +8", "- r2 = *(u8 *)(r1 + 12)", "- r2 = be16 r2", "- r5 = *(u8 *)(r1 + 13)"},
}

// TestReadBothByteOrders: the same source for a big-endian machine is the same program, where it is not the source itself
// that says something else.
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
